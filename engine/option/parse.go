package option

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

var durationUnits = map[string]time.Duration{
	"d": 24 * time.Hour, "day": 24 * time.Hour, "days": 24 * time.Hour,
	"h": time.Hour, "hour": time.Hour, "hours": time.Hour,
	"m": time.Minute, "min": time.Minute, "minute": time.Minute, "minutes": time.Minute,
	"s": time.Second, "sec": time.Second, "second": time.Second, "seconds": time.Second,
	"": time.Millisecond, "ms": time.Millisecond, "milli": time.Millisecond, "millis": time.Millisecond,
	"millisecond": time.Millisecond, "milliseconds": time.Millisecond,
	"µs": time.Microsecond, "micro": time.Microsecond, "micros": time.Microsecond,
	"microsecond": time.Microsecond, "microseconds": time.Microsecond,
	"ns": time.Nanosecond, "nano": time.Nanosecond, "nanos": time.Nanosecond,
	"nanosecond": time.Nanosecond, "nanoseconds": time.Nanosecond,
}

// ParseDuration reads a duration as Flink's configuration does: a whole number
// and a unit ("10 s", "1min", "500 ms", "2 d"; milliseconds without a unit), or
// ISO-8601 ("PT5S", "P1DT2H").
func ParseDuration(s string) (time.Duration, error) {
	t := strings.TrimSpace(s)
	if t == "" {
		return 0, fmt.Errorf("a duration such as '10 s' expected, got %q", s)
	}
	if t[0] == 'P' || t[0] == 'p' {
		return parseISO(t)
	}
	digits, unit := splitNumber(t)
	u, ok := durationUnits[unit]
	if digits == "" || !ok {
		return 0, fmt.Errorf("a duration such as '10 s', '1 min' or '500 ms' expected, got %q", s)
	}
	n, err := strconv.ParseInt(digits, 10, 64)
	if err != nil || n > math.MaxInt64/int64(u) {
		return 0, fmt.Errorf("duration %q is out of range", s)
	}
	return time.Duration(n) * u, nil
}

func parseISO(s string) (time.Duration, error) {
	bad := fmt.Errorf("a duration such as 'PT10S' expected, got %q", s)
	rest, inTime, any := strings.ToUpper(s[1:]), false, false
	var total time.Duration
	for rest != "" {
		if rest[0] == 'T' {
			if inTime {
				return 0, bad
			}
			inTime, rest = true, rest[1:]
			continue
		}
		i := strings.IndexFunc(rest, func(r rune) bool { return (r < '0' || r > '9') && r != '.' })
		if i <= 0 {
			return 0, bad
		}
		f, err := strconv.ParseFloat(rest[:i], 64)
		if err != nil {
			return 0, bad
		}
		unit, ok := map[string]time.Duration{"falseD": 24 * time.Hour, "trueH": time.Hour, "trueM": time.Minute, "trueS": time.Second}[strconv.FormatBool(inTime)+rest[i:i+1]]
		if !ok {
			return 0, bad
		}
		part := f * float64(unit)
		if part+float64(total) >= math.MaxInt64 {
			return 0, fmt.Errorf("duration %q is out of range", s)
		}
		total += time.Duration(math.Round(part))
		rest, any = rest[i+1:], true
	}
	if !any {
		return 0, bad
	}
	return total, nil
}

var byteUnits = map[string]int64{
	"": 1, "b": 1, "bytes": 1,
	"k": 1 << 10, "kb": 1 << 10, "kibibytes": 1 << 10,
	"m": 1 << 20, "mb": 1 << 20, "mebibytes": 1 << 20,
	"g": 1 << 30, "gb": 1 << 30, "gibibytes": 1 << 30,
	"t": 1 << 40, "tb": 1 << 40, "tebibytes": 1 << 40,
}

// ParseBytes reads a size as Flink's MemorySize: a whole number and a unit
// ("128mb", "1 kb"; bytes without a unit), units being powers of 1024.
func ParseBytes(s string) (int64, error) {
	digits, unit := splitNumber(strings.TrimSpace(s))
	u, ok := byteUnits[unit]
	if digits == "" || !ok {
		return 0, fmt.Errorf("a size such as '128 mb' or '4 kb' expected, got %q", s)
	}
	n, err := strconv.ParseInt(digits, 10, 64)
	if err != nil || n > math.MaxInt64/u {
		return 0, fmt.Errorf("size %q is out of range", s)
	}
	return n * u, nil
}

func splitNumber(s string) (digits, unit string) {
	i := 0
	for i < len(s) && s[i] >= '0' && s[i] <= '9' {
		i++
	}
	return s[:i], strings.ToLower(strings.TrimSpace(s[i:]))
}
