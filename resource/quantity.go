package resource

import (
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
	"time"
)

var (
	memoryText   = regexp.MustCompile(`^([0-9]+(?:\.[0-9]*)?|\.[0-9]+)\s*([kmgt]?)(?:i?b|i|ytes)?$`)
	memoryUnits  = map[string]float64{"": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30, "t": 1 << 40}
	durationPart = regexp.MustCompile(`^\s*([0-9]+(?:\.[0-9]+)?)\s*([a-zµ]*)`)
)

// ParseMemory reads sizes such as 1.5g, 1024m, 1Gi or 1 GB and gives bytes.
// Units are powers of 1024, with or without the i; no unit means bytes.
func ParseMemory(text string) (int64, error) {
	m := memoryText.FindStringSubmatch(strings.ToLower(strings.TrimSpace(text)))
	if m == nil {
		return 0, fmt.Errorf("must be a size such as 1g, 1.5g or 512m, got %s", quote(text))
	}
	n, err := strconv.ParseFloat(m[1], 64)
	if err != nil || n*memoryUnits[m[2]] > 1<<60 {
		return 0, fmt.Errorf("must be a size that a machine can have, got %s", quote(text))
	}
	return int64(math.Round(n * memoryUnits[m[2]])), nil
}

var durationUnits = map[string]time.Duration{
	"": time.Millisecond, "ns": time.Nanosecond, "us": time.Microsecond, "µs": time.Microsecond, "ms": time.Millisecond,
	"s": time.Second, "sec": time.Second, "secs": time.Second, "second": time.Second, "seconds": time.Second,
	"m": time.Minute, "min": time.Minute, "mins": time.Minute, "minute": time.Minute, "minutes": time.Minute,
	"h": time.Hour, "hour": time.Hour, "hours": time.Hour, "d": 24 * time.Hour, "day": 24 * time.Hour, "days": 24 * time.Hour,
}

// ParseDuration reads the ways durations are written in deployments: 90s,
// 1h30m, 10 min (Flink) and PT1H30M (ISO 8601). A number alone means
// milliseconds, as in Flink.
func ParseDuration(text string) (time.Duration, error) {
	rest := strings.ToLower(strings.TrimSpace(text))
	if iso, ok := strings.CutPrefix(rest, "p"); ok {
		rest = strings.Replace(iso, "t", "", 1)
	}
	var total float64
	for first := true; first || rest != ""; first = false {
		m := durationPart.FindStringSubmatch(rest)
		if m == nil {
			return 0, badDuration(text)
		}
		n, err := strconv.ParseFloat(m[1], 64)
		unit, ok := durationUnits[m[2]]
		if err != nil || !ok {
			return 0, badDuration(text)
		}
		total += n * float64(unit)
		rest = rest[len(m[0]):]
	}
	if total > math.MaxInt64/2 {
		return 0, badDuration(text)
	}
	return time.Duration(total), nil
}

func badDuration(text string) error {
	return fmt.Errorf("must be a duration such as 90s, 1h30m, 10 min or PT1H, got %s", quote(text))
}

// quote shows a value of the caller's in a message, not at any length.
func quote(text string) string {
	const limit = 80
	if r := []rune(text); len(r) > limit {
		return strconv.Quote(string(r[:limit]) + "…")
	}
	return strconv.Quote(text)
}

func index(i int) string { return "[" + strconv.Itoa(i) + "]" }
