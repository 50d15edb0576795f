package temporal

import (
	"fmt"
	"math"
	"strings"

	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/function"
)

// FLOOR and CEIL are here with both their meanings, of numbers and of times,
// because a name is one function.
var roundFunctions = []*function.Scalar{
	floorOrCeil("FLOOR", nil, "The greatest whole number not above the number; of a date, time or timestamp, the begin of the unit of time it is in.", math.Floor, data.FloorDecimal, "FLOOR(1.5)", "1", false),
	floorOrCeil("CEIL", []string{"CEILING"}, "The least whole number not below the number; of a date, time or timestamp, the begin of the next unit of time.", math.Ceil, data.CeilDecimal, "CEIL(1.5)", "2", true),
}

func floorOrCeil(name string, aliases []string, doc string, f func(float64) float64, d func(data.Int128, int) data.Int128, sql, want string, up bool) *function.Scalar {
	return &function.Scalar{
		Name: name, Aliases: aliases, Category: "number", Syntax: name + "(number) or " + name + "(time TO unit)", Strict: true, Doc: doc,
		Examples: []function.Example{{SQL: sql, Want: want}},
		Infer: func(args []function.Arg) (function.Signature, error) {
			if len(args) != 2 {
				return function.Args(func(args []data.Type) data.Type {
					t := args[0]
					if t.Kind == data.Decimal {
						t.Scale = 0
					}
					return t
				}, function.Number)(args)
			}
			s, err := function.Args(function.Like(0), function.DateTime, function.Unit)(args)
			if err != nil {
				return s, err
			}
			u := strings.ToUpper(args[1].Literal.S)
			switch units[u] {
			case 0, unitDow, unitISODow, unitDoy, unitEpoch, unitISOYear:
				return s, fmt.Errorf("cannot round to %s", u)
			}
			return s, nil
		},
		Eval: func(c *function.Call) error {
			if len(c.Args) == 2 {
				return roundTime(c, up)
			}
			return roundNumber(c, f, d)
		},
	}
}

func roundNumber(c *function.Call, f func(float64) float64, d func(data.Int128, int) data.Int128) error {
	v, out := c.Args[0], c.Out
	for _, i := range c.Rows() {
		switch v.Type.Kind {
		case data.Float:
			out.F32[i] = float32(f(float64(v.F32[i])))
		case data.Double:
			out.F64[i] = f(v.F64[i])
		case data.Decimal:
			x := data.Int128{}
			if v.Type.Phys() == data.PhysI64 {
				x = data.I128(v.I64[i])
			} else {
				x = v.I128[i]
			}
			x = d(x, v.Type.Scale)
			switch {
			case !data.FitsDecimal(x, out.Type.Precision):
				c.SetNull(i)
			case out.Type.Phys() == data.PhysI64:
				out.I64[i] = x.Int64()
			default:
				out.I128[i] = x
			}
		case data.BigInt:
			out.I64[i] = v.I64[i]
		default:
			out.I32[i] = v.I32[i]
		}
	}
	return nil
}

// roundTime rounds on the wall clock. The instant of a TIMESTAMP_LTZ is found
// back with the offset of the original, as Flink does, so across a clock change
// it can be off by that change.
func roundTime(c *function.Call, up bool) error {
	if c.Const[1] == nil {
		return fmt.Errorf("the unit must be a literal")
	}
	u := units[strings.ToUpper(c.Const[1].S)]
	v, out := c.Args[0], c.Out
	at := wall(c, v)
	if v.Type.Kind == data.Time && u == unitDay { // Flink leaves a time of day as it is
		copy(out.I32, v.I32)
		return nil
	}
	for _, i := range c.Rows() {
		if v.Type.Kind == data.Time && u > unitDay { // as in Flink, which takes its milliseconds for days
			day := int64(v.I32[i]) * data.DayMillis
			r := begin(day, u)
			if u == unitWeek {
				r = day - data.FloorMod(int64(v.I32[i])+4, 7)*data.DayMillis
			}
			if up && later(r, day, u) {
				r = after(r, u)
			}
			out.I32[i] = int32(data.FloorMod(r/data.DayMillis, data.DayMillis))
			continue
		}
		wallMs, nano := at(i)
		ms := wallMs
		dow := int64(0)
		if u > unitDay {
			ms -= ms % data.DayMillis // the date decides, truncated as in EXTRACT
			nano = 0
			dow = data.FloorMod(data.FloorDiv(ms, data.DayMillis)+4, 7)
		}
		if u > unitDay || v.Type.Kind == data.Date {
			ms = historical(ms)
		}
		r := begin(ms, u)
		if u == unitWeek { // weeks begin on Sunday here
			r = ms - dow*data.DayMillis
		}
		if up && (later(r, ms, u) || u == unitDay && v.Type.Kind == data.Date) {
			r = after(r, u) // a DATE moves on to the next day always, as in Flink
		}
		switch v.Type.Kind {
		case data.Date:
			out.I32[i] = int32(data.FloorDiv(r, data.DayMillis))
		case data.Time:
			out.I32[i] = int32(r) // up to 24:00:00
			if r < 0 || r > data.DayMillis {
				out.I32[i] = int32(data.FloorMod(r, data.DayMillis))
			}
		case data.TimestampLTZ:
			r -= wallMs - v.I64[i]
			setTime(out, i, r, keepNano(nano, u))
		default:
			setTime(out, i, r, keepNano(nano, u))
		}
	}
	return nil
}

// later tells whether CEIL moves on from the begin r of a unit that ms is in: not
// from its own first moment, but, as in Flink, from that of decades, centuries,
// millennia and quarters that begin no year. What is less than a millisecond does
// not count.
func later(r, ms int64, u unit) bool {
	switch u {
	case unitDecade, unitCentury, unitMillennium:
		return true
	case unitQuarter:
		return r < ms || data.CivilOf(data.FloorDiv(ms, data.DayMillis)).Month > 1
	}
	return r < ms
}

func keepNano(nano int32, u unit) int32 {
	switch u {
	case unitNano:
		return nano
	case unitMicro:
		return nano - nano%1000
	}
	return 0
}

var unitMillis = map[unit]int64{unitSecond: 1000, unitMinute: 60000, unitHour: 3600000, unitDay: data.DayMillis, unitWeek: 7 * data.DayMillis}

// begin returns the start of the unit that holds a wall-clock time.
func begin(ms int64, u unit) int64 {
	switch u {
	case unitNano, unitMicro, unitMilli:
		return ms
	case unitSecond, unitMinute, unitHour, unitDay:
		return ms - data.FloorMod(ms, unitMillis[u])
	}
	d := data.CivilOf(data.FloorDiv(ms, data.DayMillis))
	d.Day = 1
	switch u {
	case unitQuarter:
		d.Month -= (d.Month - 1) % 3
	case unitYear:
		d.Month = 1
	case unitDecade:
		d.Month, d.Year = 1, int(data.FloorDiv(int64(d.Year), 10)*10)
	case unitCentury:
		d.Month, d.Year = 1, int(data.FloorDiv(int64(d.Year)-1, 100)*100)+1
	case unitMillennium:
		d.Month, d.Year = 1, int(data.FloorDiv(int64(d.Year)-1, 1000)*1000)+1
	}
	return d.Days() * data.DayMillis
}

var unitMonths = map[unit]int64{unitMonth: 1, unitQuarter: 3, unitYear: 12, unitDecade: 120, unitCentury: 1200, unitMillennium: 12000}

// after returns the start of the unit after the one that starts at ms.
func after(ms int64, u unit) int64 {
	if m := unitMonths[u]; m > 0 {
		return data.AddMonthsMillis(ms, m)
	}
	return ms + unitMillis[u]
}

// gregorian is the day of the Gregorian reform, 1582-10-15.
const gregorian = -141427

// historical moves a date before the reform to the one that has the year, month
// and day which the Julian calendar gives it: Flink rounds those.
func historical(ms int64) int64 {
	day := data.FloorDiv(ms, data.DayMillis)
	if day >= gregorian {
		return ms
	}
	c := day + 2440588 + 32082
	d := data.FloorDiv(4*c+3, 1461)
	e := c - data.FloorDiv(1461*d, 4)
	m := (5*e + 2) / 153
	civil := data.Civil{Year: int(d - 4800 + m/10), Month: int(m + 3 - 12*(m/10)), Day: int(e - (153*m+2)/5 + 1)}
	return civil.Days()*data.DayMillis + data.FloorMod(ms, data.DayMillis)
}

// fromHistorical reads the date of a time before the reform as one of the Julian calendar.
func fromHistorical(ms int64) int64 {
	day := data.FloorDiv(ms, data.DayMillis)
	if day >= gregorian {
		return ms
	}
	d := data.CivilOf(day)
	a := (14 - int64(d.Month)) / 12
	y, m := int64(d.Year)+4800-a, int64(d.Month)+12*a-3
	julian := int64(d.Day) + (153*m+2)/5 + 365*y + data.FloorDiv(y, 4) - 32083
	return (julian-2440588)*data.DayMillis + data.FloorMod(ms, data.DayMillis)
}
