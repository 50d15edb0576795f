package temporal

import (
	"fmt"
	"strings"

	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/function"
)

var extractFunctions = append([]*function.Scalar{
	{
		Name: "EXTRACT", Category: "temporal", Syntax: "EXTRACT(unit FROM time)", Strict: true,
		Doc: "A part of a date, time, timestamp or interval: MILLENNIUM, CENTURY, DECADE, YEAR, QUARTER, MONTH, WEEK (ISO), DOY, DOW (1 is Sunday), ISODOW, DAY, HOUR, MINUTE, SECOND, MILLISECOND, MICROSECOND, NANOSECOND, EPOCH. " +
			"Before 1970 parts of the day are negative and the date is that of the midnight after, as in Flink.",
		Examples: []function.Example{{SQL: "EXTRACT(QUARTER FROM DATE '2024-05-01')", Want: "2"}, {SQL: "EXTRACT(SECOND FROM TIMESTAMP '2024-02-29 12:34:56.789')", Want: "56"}},
		Infer: func(args []function.Arg) (function.Signature, error) {
			s, err := function.Args(function.IfNull(bigint()), function.Unit, extractable)(args)
			if err != nil {
				return s, err
			}
			unit := strings.ToUpper(args[0].Literal.S)
			if units[unit] == 0 {
				return s, fmt.Errorf("unknown unit of time %s", unit)
			}
			return s, fits(s.Args[1], unit, units[unit])
		},
		Eval: func(c *function.Call) error {
			if c.Const[0] == nil {
				return fmt.Errorf("the unit must be a literal")
			}
			return extract(c, c.Args[1], units[strings.ToUpper(c.Const[0].S)])
		},
	},
},
	part("YEAR", nil, unitYear, "2024"), part("QUARTER", nil, unitQuarter, "1"), part("MONTH", nil, unitMonth, "2"),
	part("WEEK", nil, unitWeek, "9"), part("DAYOFYEAR", nil, unitDoy, "60"), part("DAYOFMONTH", nil, unitDay, "29"),
	part("DAYOFWEEK", nil, unitDow, "5"), part("HOUR", nil, unitHour, "12"), part("MINUTE", nil, unitMinute, "34"), part("SECOND", nil, unitSecond, "56"),
)

var extractable = function.Param{Want: "a date, time, timestamp or interval", Match: func(a function.Arg) (data.Type, bool) {
	switch a.Type.Kind {
	case data.Date, data.Time, data.Timestamp, data.TimestampLTZ, data.IntervalDayTime, data.IntervalYearMonth:
		return a.Type, true
	case data.Null:
		return stamp(3), true
	}
	return a.Type, false
}}

// unit is a unit of time; larger units have larger numbers.
type unit int

const (
	unitNano unit = iota + 1
	unitMicro
	unitMilli
	unitSecond
	unitMinute
	unitHour
	unitDay
	unitDow
	unitISODow
	unitDoy
	unitWeek
	unitMonth
	unitQuarter
	unitYear
	unitISOYear
	unitDecade
	unitCentury
	unitMillennium
	unitEpoch
)

var units = map[string]unit{
	"NANOSECOND": unitNano, "MICROSECOND": unitMicro, "MILLISECOND": unitMilli, "SECOND": unitSecond, "MINUTE": unitMinute,
	"HOUR": unitHour, "DAY": unitDay, "DOW": unitDow, "ISODOW": unitISODow, "DOY": unitDoy, "WEEK": unitWeek, "MONTH": unitMonth,
	"QUARTER": unitQuarter, "YEAR": unitYear, "ISOYEAR": unitISOYear, "DECADE": unitDecade, "CENTURY": unitCentury,
	"MILLENNIUM": unitMillennium, "EPOCH": unitEpoch,
}

// part declares YEAR(x) and the like.
func part(name string, aliases []string, u unit, want string) *function.Scalar {
	return &function.Scalar{
		Name: name, Aliases: aliases, Category: "temporal", Syntax: name + "(time)", Strict: true,
		Doc:      "The same as EXTRACT(" + name + " FROM time).",
		Examples: []function.Example{{SQL: name + "(TIMESTAMP '2024-02-29 12:34:56')", Want: want}},
		Infer: func(args []function.Arg) (function.Signature, error) {
			s, err := function.Args(function.IfNull(bigint()), extractable)(args)
			if err == nil {
				err = fits(s.Args[0], name, u)
			}
			return s, err
		},
		Eval: func(c *function.Call) error { return extract(c, c.Args[0], u) },
	}
}

// fits refuses units that values of a type do not have.
func fits(t data.Type, name string, u unit) error {
	switch {
	case t.Kind == data.Time && (u > unitHour || u < unitMilli), t.Kind == data.Date && u < unitMilli:
		return fmt.Errorf("unit %s can not be applied to %s variable", name, t)
	case t.Kind == data.IntervalDayTime && u > unitDay:
		//lint:ignore ST1005 the words of Flink
		return fmt.Errorf("Unit '%s' is not supported for intervals of days to seconds", name)
	case t.Kind == data.IntervalYearMonth:
		switch u {
		case unitYear, unitQuarter, unitMonth, unitCentury, unitMillennium:
		default:
			//lint:ignore ST1005 the words of Flink
			return fmt.Errorf("Unit '%s' is not supported for intervals of months", name)
		}
	}
	return nil
}

func extract(c *function.Call, v *data.Vector, u unit) error {
	out := c.Out.I64
	switch v.Type.Kind {
	case data.IntervalYearMonth:
		for _, i := range c.Rows() {
			m := int64(v.I32[i])
			switch u {
			case unitYear:
				out[i] = m / 12
			case unitQuarter:
				out[i] = m%12/3 + 1
			case unitMonth:
				out[i] = m % 12
			case unitCentury:
				out[i] = m / 1200
			case unitMillennium:
				out[i] = m / 12000
			}
		}
		return nil
	case data.IntervalDayTime:
		for _, i := range c.Rows() {
			x := v.I64[i]
			switch u {
			case unitDay:
				out[i] = x / data.DayMillis
			default:
				out[i] = ofDay(x, 0, u)
			}
		}
		return nil
	}
	if v.Type.Kind == data.Timestamp && u == unitHour {
		for _, i := range c.Rows() {
			out[i] = v.I64[i] % data.DayMillis / 3600000
		}
		return nil
	}
	if v.Type.Kind == data.Date && u <= unitHour { // Flink takes the days for milliseconds
		for _, i := range c.Rows() {
			out[i] = ofDay(int64(v.I32[i]), 0, u)
		}
		return nil
	}
	at := wall(c, v)
	// Rows near each other mostly have the day of the row before.
	lastDay, lastPart, known := int64(0), int64(0), false
	for _, i := range c.Rows() {
		ms, nano := at(i)
		switch {
		case u <= unitHour:
			out[i] = ofDay(ms, nano, u)
		case u == unitEpoch:
			out[i] = ms / 1000
		default:
			day := ms / data.DayMillis // truncated: before 1970 a time of day counts to the day after
			if !known || day != lastDay {
				lastDay, lastPart, known = day, ofDate(day, u), true
			}
			out[i] = lastPart
		}
	}
	return nil
}

// ofDay is a part of the time of day, with the sign of the time.
func ofDay(ms int64, nano int32, u unit) int64 {
	switch u {
	case unitHour:
		return ms % data.DayMillis / 3600000
	case unitMinute:
		return ms % 3600000 / 60000
	case unitSecond:
		return ms % 60000 / 1000
	case unitMilli:
		return ms % 1000
	case unitMicro:
		return ms%1000*1000 + int64(nano/1000)
	}
	return ms%1000*1000000 + int64(nano)
}

// ofDate is a part of the calendar date of a day.
func ofDate(day int64, u unit) int64 {
	d := data.CivilOf(day)
	y := int64(d.Year)
	switch u {
	case unitDay:
		return int64(d.Day)
	case unitDow:
		return data.FloorMod(day+4, 7) + 1
	case unitISODow:
		return data.FloorMod(day+3, 7) + 1
	case unitDoy:
		return int64(d.DayOfYear())
	case unitWeek:
		_, w := isoWeek(day)
		return w
	case unitISOYear:
		y, _ = isoWeek(day)
		return y
	case unitMonth:
		return int64(d.Month)
	case unitQuarter:
		return int64(d.Month-1)/3 + 1
	case unitDecade:
		return data.FloorDiv(y, 10)
	case unitCentury:
		return data.FloorDiv(y+99, 100)
	case unitMillennium:
		return data.FloorDiv(y+999, 1000)
	}
	return y
}

// isoWeek returns the ISO year and week of a day.
func isoWeek(day int64) (year, week int64) {
	thursday := day - data.FloorMod(day+3, 7) + 3
	year = int64(data.CivilOf(thursday).Year)
	first := data.Civil{Year: int(year), Month: 1, Day: 1}.Days()
	return year, (thursday-first)/7 + 1
}
