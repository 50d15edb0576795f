package data

import (
	"math"
	"time"
)

// Milliseconds of a day.
const DayMillis = 86400000

// Civil is a day of the proleptic Gregorian calendar.
type Civil struct{ Year, Month, Day int }

// CivilOf converts days since 1970-01-01.
func CivilOf(days int64) Civil {
	z := days + 719468
	era := floorDiv(z, 146097)
	doe := z - era*146097
	yoe := (doe - doe/1460 + doe/36524 - doe/146096) / 365
	doy := doe - (365*yoe + yoe/4 - yoe/100)
	mp := (5*doy + 2) / 153
	m := mp + 3
	if m > 12 {
		m -= 12
	}
	y := yoe + era*400
	if m <= 2 {
		y++
	}
	return Civil{int(y), int(m), int(doy - (153*mp+2)/5 + 1)}
}

// Days converts to days since 1970-01-01.
func (c Civil) Days() int64 {
	y, m := int64(c.Year), int64(c.Month)
	if m <= 2 {
		y--
	}
	era := floorDiv(y, 400)
	yoe := y - era*400
	mp := m - 3
	if m <= 2 {
		mp = m + 9
	}
	doy := (153*mp+2)/5 + int64(c.Day) - 1
	doe := yoe*365 + yoe/4 - yoe/100 + doy
	return era*146097 + doe - 719468
}

// DayOfYear counts from 1.
func (c Civil) DayOfYear() int { return int(c.Days()-Civil{c.Year, 1, 1}.Days()) + 1 }

// IsLeap tells whether a year has 366 days.
func IsLeap(year int) bool { return year%4 == 0 && (year%100 != 0 || year%400 == 0) }

// DaysIn returns the length of a month.
func DaysIn(year, month int) int {
	switch month {
	case 4, 6, 9, 11:
		return 30
	case 2:
		if IsLeap(year) {
			return 29
		}
		return 28
	}
	return 31
}

// AddMonths moves a day by months, to the last day of the month where it has no such day.
func AddMonths(days, months int64) int64 {
	c := CivilOf(days)
	m := int64(c.Year)*12 + int64(c.Month) - 1 + months
	c.Year, c.Month = int(floorDiv(m, 12)), int(floorMod(m, 12))+1
	c.Day = min(c.Day, DaysIn(c.Year, c.Month))
	return c.Days()
}

// AddMonthsMillis is AddMonths for milliseconds.
func AddMonthsMillis(millis, months int64) int64 {
	day := FloorDiv(millis, DayMillis)
	return AddMonths(day, months)*DayMillis + millis - day*DayMillis
}

// MonthsBetween returns the whole months from b to a (milliseconds), truncated
// toward zero.
func MonthsBetween(a, b int64) int64 {
	if a < b {
		return -MonthsBetween(b, a)
	}
	da, db := FloorDiv(a, DayMillis), FloorDiv(b, DayMillis)
	ca, cb := CivilOf(da), CivilOf(db)
	m := int64(ca.Year-cb.Year)*12 + int64(ca.Month-cb.Month)
	// Not a whole month yet: adding it to b goes past a.
	for m > 0 && AddMonthsMillis(b, m) > a {
		m--
	}
	return m
}

// FloorDiv divides rounding down, y > 0.
func FloorDiv(x, y int64) int64 { return floorDiv(x, y) }

// FloorMod is the remainder of FloorDiv.
func FloorMod(x, y int64) int64 { return floorMod(x, y) }

func floorDiv(x, y int64) int64 {
	q := x / y
	if x%y < 0 {
		q--
	}
	return q
}

func floorMod(x, y int64) int64 {
	r := x % y
	if r < 0 {
		r += y
	}
	return r
}

// Clock converts between instants and wall-clock time of one zone. It keeps the
// stretch it used last, so it is cheap for rows near each other; it belongs to
// one goroutine.
type Clock struct {
	loc        *time.Location
	start, end int64 // seconds, instants of equal offset
	off        int64
}

// NewClock makes a clock; nil is UTC.
func NewClock(loc *time.Location) *Clock {
	if loc == nil {
		loc = time.UTC
	}
	c := &Clock{loc: loc}
	if loc == time.UTC {
		c.start, c.end = math.MinInt64, math.MaxInt64
	}
	return c
}

// Offset returns the zone's offset from UTC in seconds at an instant in seconds.
func (c *Clock) Offset(sec int64) int64 {
	if sec >= c.start && sec < c.end {
		return c.off
	}
	t := time.Unix(sec, 0).In(c.loc)
	_, off := t.Zone()
	from, to := t.ZoneBounds()
	c.off, c.start, c.end = int64(off), math.MinInt64, math.MaxInt64
	if !from.IsZero() {
		c.start = from.Unix()
	}
	if !to.IsZero() {
		c.end = to.Unix()
	}
	return c.off
}

// Local converts an instant to wall-clock milliseconds.
func (c *Clock) Local(millis int64) int64 {
	if c.loc == time.UTC {
		return millis
	}
	return millis + 1000*c.Offset(floorDiv(millis, 1000))
}

// Instant converts wall-clock milliseconds to an instant. A time that a clock
// change skips moves forward by the gap; of two instants the earlier is taken.
func (c *Clock) Instant(local int64) int64 {
	if c.loc == time.UTC {
		return local
	}
	sec := floorDiv(local, 1000)
	const day = 86400
	if sec-c.off-day >= c.start && sec-c.off+day < c.end && c.start < c.end {
		return local - 1000*c.off
	}
	before, after := c.Offset(sec-day), c.Offset(sec+day)
	if before == after || c.Offset(sec-before) == before {
		return local - 1000*before
	}
	if c.Offset(sec-after) == after {
		return local - 1000*after
	}
	return local - 1000*before
}
