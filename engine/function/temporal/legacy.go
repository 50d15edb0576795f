package temporal

import (
	"time"

	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/function"
)

// oldClock is the clock and calendar of java.text.SimpleDateFormat, by which
// Flink computes UNIX_TIMESTAMP, FROM_UNIXTIME and CONVERT_TZ. Before 1900 it
// knows no local mean time, only the offset that the zone has today without
// summer time; before 1582-10-15 its dates are those of the Julian calendar; a
// time that a clock shows twice is the second.
type oldClock struct {
	clock *data.Clock
	raw   int64 // milliseconds
}

const year1900 = -2208988800000 // milliseconds

func newOldClock(loc *time.Location) *oldClock {
	k := &oldClock{clock: data.NewClock(loc)}
	for _, month := range []time.Month{time.January, time.July} {
		t := time.Date(2026, month, 1, 0, 0, 0, 0, loc)
		if _, off := t.Zone(); !t.IsDST() {
			k.raw = int64(off) * 1000
		}
	}
	return k
}

// Local converts an instant to the wall clock, both in milliseconds.
func (k *oldClock) Local(ms int64) int64 {
	if ms < year1900 {
		return historical(ms + k.raw)
	}
	return k.clock.Local(ms)
}

// Instant converts a time of the wall clock to an instant, both in milliseconds.
func (k *oldClock) Instant(local int64) int64 {
	if local-k.raw < year1900 {
		return fromHistorical(local) - k.raw
	}
	const day = 86400
	later := local - 1000*k.clock.Offset(data.FloorDiv(local, 1000)+day)
	if k.clock.Local(later) == local {
		return later
	}
	return k.clock.Instant(local)
}

// shortZones are the abbreviations that Java takes for zones.
var shortZones = map[string]string{
	"ACT": "Australia/Darwin", "AET": "Australia/Sydney", "AGT": "America/Argentina/Buenos_Aires", "ART": "Africa/Cairo",
	"AST": "America/Anchorage", "BET": "America/Sao_Paulo", "BST": "Asia/Dhaka", "CAT": "Africa/Harare", "CNT": "America/St_Johns",
	"CST": "America/Chicago", "CTT": "Asia/Shanghai", "EAT": "Africa/Addis_Ababa", "ECT": "Europe/Paris", "EST": "America/Panama",
	"HST": "Pacific/Honolulu", "IET": "America/Indiana/Indianapolis", "IST": "Asia/Kolkata", "JST": "Asia/Tokyo", "MIT": "Pacific/Apia",
	"MST": "America/Phoenix", "NET": "Asia/Yerevan", "NST": "Pacific/Auckland", "PLT": "Asia/Karachi", "PNT": "America/Phoenix",
	"PRT": "America/Puerto_Rico", "PST": "America/Los_Angeles", "SST": "Pacific/Guadalcanal", "VST": "Asia/Ho_Chi_Minh",
}

// oldZone finds a zone as CONVERT_TZ does: abbreviations have a meaning, and
// what is no zone is UTC.
func oldZone(name string) *time.Location {
	if long, ok := shortZones[name]; ok {
		name = long
	}
	if z, err := function.LoadZone(name); err == nil {
		return z.Location
	}
	if name != "" && name != "Local" {
		if loc, err := time.LoadLocation(name); err == nil {
			return loc
		}
	}
	return time.UTC
}
