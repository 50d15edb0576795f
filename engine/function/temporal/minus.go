package temporal

import (
	"strings"

	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/function"
)

// minusDate is (a - b) unit; the binder calls it.
var minusDate = &function.Scalar{
	Name: "MINUS_DATE", Category: "temporal", Syntax: "(time - time) unit", Strict: true,
	Doc:      "The time between two dates, times or timestamps as an interval: whole months for YEAR, QUARTER and MONTH, else milliseconds.",
	Examples: []function.Example{{SQL: "(DATE '2024-03-10' - DATE '2020-01-31') YEAR", Want: "+4-01"}, {SQL: "(TIME '10:00:00' - TIME '09:59:30') SECOND", Want: "+0 00:00:30.000"}},
	Infer: func(args []function.Arg) (function.Signature, error) {
		s, err := function.Args(function.Like(1), function.Unit, function.DateTime, function.DateTime)(args)
		if err != nil {
			return s, err
		}
		t := data.Type{Kind: data.IntervalDayTime, Precision: 2, Scale: 3, Nullable: s.Result.Nullable}
		if unitMonths[units[strings.ToUpper(args[0].Literal.S)]] > 0 {
			t.Kind, t.Scale = data.IntervalYearMonth, 0
		}
		s.Result = t
		return s, nil
	},
	Eval: func(c *function.Call) error {
		a, b := physical(c.Args[1]), physical(c.Args[2])
		for _, i := range c.Rows() {
			x, y := a(i), b(i)
			if c.Out.Type.Kind == data.IntervalDayTime {
				c.Out.I64[i] = x - y
				continue
			}
			m := monthsBetween(x, y)
			if c.Out.Type.Phys() == data.PhysI32 {
				c.Out.I32[i] = int32(m)
			} else {
				c.Out.I64[i] = m
			}
		}
		return nil
	},
}

// monthsBetween is how many whole months lie between two times of the wall
// clock. The days decide first and the time of day only when they are the same,
// so from the 28th of February back to a 29th it is a whole year.
func monthsBetween(a, b int64) int64 {
	dayA, dayB := data.FloorDiv(a, data.DayMillis), data.FloorDiv(b, data.DayMillis)
	m := monthsOfDays(dayA, dayB)
	if m != 0 && data.AddMonths(dayB, m) == dayA {
		clockA, clockB := data.FloorMod(a, data.DayMillis), data.FloorMod(b, data.DayMillis)
		switch {
		case m > 0 && clockA < clockB:
			m--
		case m < 0 && clockA > clockB:
			m++
		}
	}
	return m
}

func monthsOfDays(a, b int64) int64 {
	if a < b {
		return -monthsOfDays(b, a)
	}
	x, y := data.CivilOf(a), data.CivilOf(b)
	m := int64(x.Year-y.Year)*12 + int64(x.Month-y.Month)
	for m > 0 && data.AddMonths(b, m) > a {
		m--
	}
	return m
}
