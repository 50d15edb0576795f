package function

import (
	"fmt"
	"strconv"
	"strings"
	"time"
	_ "time/tzdata" // a machine need not have zone files
)

// Zone is a time zone with its name as the user wrote it.
type Zone struct {
	Name     string
	Location *time.Location
}

// LoadZone finds a session's zone: by its name in the zone database
// (Europe/Berlin, CET), UTC, or an offset such as GMT+05:30 or GMT-8.
// Abbreviations, which do not name one zone, are refused, as in Flink.
func LoadZone(name string) (*Zone, error) {
	if name == "UTC" || name == "GMT" {
		return &Zone{Name: name, Location: time.UTC}, nil
	}
	if rest, ok := strings.CutPrefix(name, "GMT"); ok {
		if seconds, ok := zoneOffset(rest); ok {
			return &Zone{Name: name, Location: time.FixedZone(name, seconds)}, nil
		}
	}
	switch name {
	case "", "Local", "EST", "MST", "HST":
	default:
		if loc, err := time.LoadLocation(name); err == nil {
			return &Zone{Name: name, Location: loc}, nil
		}
	}
	return nil, fmt.Errorf("unknown time zone %q; write a full name such as Europe/Berlin, or an offset such as GMT+05:30", name)
}

// LoadZoneID finds a zone that is the argument of a function: also Z, +05:30,
// and offsets from UTC.
func LoadZoneID(name string) (*Zone, error) {
	if name == "Z" || name == "UT" {
		return &Zone{Name: name, Location: time.UTC}, nil
	}
	rest, ok := strings.CutPrefix(name, "UTC")
	if !ok {
		rest = strings.TrimPrefix(name, "UT")
	}
	if seconds, ok := zoneOffset(rest); ok {
		return &Zone{Name: name, Location: time.FixedZone(name, seconds)}, nil
	}
	return LoadZone(name)
}

// zoneOffset reads +5, +05:30 and +0530 as seconds.
func zoneOffset(s string) (seconds int, ok bool) {
	if len(s) < 2 || s[0] != '+' && s[0] != '-' {
		return 0, false
	}
	h, m, colon := strings.Cut(s[1:], ":")
	switch {
	case colon && len(m) != 2:
		return 0, false
	case !colon && len(h) == 4:
		h, m = h[:2], h[2:]
	case !colon:
		m = "0"
	}
	hours, err1 := strconv.ParseUint(h, 10, 8)
	minutes, err2 := strconv.ParseUint(m, 10, 8)
	if err1 != nil || err2 != nil || len(h) > 2 || hours > 18 || minutes > 59 || hours == 18 && minutes > 0 {
		return 0, false
	}
	seconds = int(hours)*3600 + int(minutes)*60
	if s[0] == '-' {
		seconds = -seconds
	}
	return seconds, true
}
