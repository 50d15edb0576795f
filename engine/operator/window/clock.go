package window

import "time"

// clock converts instants to wall-clock milliseconds of a zone and back. Windows
// over TIMESTAMP_LTZ lie on the wall clock, so a day window on the day of a clock
// change holds 23 or 25 hours. For wall-clock columns it is nil.
type clock struct {
	zone *time.Location
	// The offset is the same within a known span.
	from, to int64
	offset   int64
}

// local returns the wall clock at an instant.
func (c *clock) local(t int64) int64 {
	if c == nil {
		return t
	}
	if t < c.from || t >= c.to {
		at := time.UnixMilli(t).In(c.zone)
		_, seconds := at.Zone()
		c.offset = int64(seconds) * 1000
		// Zones change on the quarter hour at the finest.
		c.from = t - ((t%900_000)+900_000)%900_000
		c.to = c.from + 900_000
	}
	return t + c.offset
}

// instant returns the instant of a wall-clock time: the earlier one where the
// clock was set back, moved forward by the gap where it was set forward.
func (c *clock) instant(local int64) int64 {
	if c == nil {
		return local
	}
	before := offsetAt(c.zone, local-86_400_000)
	t := local - before
	if offsetAt(c.zone, t) == before {
		return t
	}
	after := offsetAt(c.zone, t)
	if u := local - after; offsetAt(c.zone, u) == after {
		return u
	}
	return t
}

func offsetAt(zone *time.Location, t int64) int64 {
	_, seconds := time.UnixMilli(t).In(zone).Zone()
	return int64(seconds) * 1000
}
