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

// LoadZone finds a zone by its IANA name (Europe/Berlin), UTC, or an offset
// such as GMT+05:30. Abbreviations, which do not name one zone, are refused.
func LoadZone(name string) (*Zone, error) {
	if name == "UTC" || name == "Z" || name == "GMT" {
		return &Zone{Name: name, Location: time.UTC}, nil
	}
	if rest, ok := strings.CutPrefix(name, "GMT"); ok && rest != "" && (rest[0] == '+' || rest[0] == '-') {
		h, m, colon := strings.Cut(rest[1:], ":")
		if !colon {
			m = "0"
		}
		hours, err1 := strconv.ParseUint(h, 10, 8)
		minutes, err2 := strconv.ParseUint(m, 10, 8)
		if err1 == nil && err2 == nil && hours <= 18 && minutes < 60 {
			off := int(hours)*3600 + int(minutes)*60
			if rest[0] == '-' {
				off = -off
			}
			return &Zone{Name: name, Location: time.FixedZone(name, off)}, nil
		}
	}
	if strings.Contains(name, "/") {
		if loc, err := time.LoadLocation(name); err == nil {
			return &Zone{Name: name, Location: loc}, nil
		}
	}
	return nil, fmt.Errorf("unknown time zone %q; write a full name such as Europe/Berlin, or an offset such as GMT+05:30", name)
}
