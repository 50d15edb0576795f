package function

import (
	"testing"
	"time"
)

func TestLoadZone(t *testing.T) {
	at := time.Date(2024, 7, 1, 0, 0, 0, 0, time.UTC)
	for name, seconds := range map[string]int{
		"UTC": 0, "GMT": 0, "Europe/Berlin": 7200, "CET": 7200, "GMT+05:30": 19800, "GMT-8": -28800, "GMT+0130": 5400,
	} {
		z, err := LoadZone(name)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if _, off := at.In(z.Location).Zone(); off != seconds || z.Name != name {
			t.Errorf("%s is %d seconds off, want %d", name, off, seconds)
		}
	}
	for _, name := range []string{"", "PST", "EST", "Z", "+02:00", "UTC+8", "Mars", "GMT+19", "GMT+18:30", "GMT+1:5", "GMT+", "GMT+05:60", "Local", "Europe/Nowhere", "../etc/passwd"} {
		if z, err := LoadZone(name); err == nil {
			t.Errorf("%q is taken for %v", name, z.Location)
		}
	}
	for name, seconds := range map[string]int{"Z": 0, "UTC+8": 28800, "+02:00": 7200, "-11:00": -39600, "UT-1": -3600, "Europe/Berlin": 7200} {
		z, err := LoadZoneID(name)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if _, off := at.In(z.Location).Zone(); off != seconds {
			t.Errorf("%s is %d seconds off, want %d", name, off, seconds)
		}
	}
}
