package temporal

import (
	"fmt"
	"strings"

	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/function"
)

var shiftFunctions = []*function.Scalar{
	{
		Name: "TIMESTAMPADD", Category: "temporal", Syntax: "TIMESTAMPADD(unit, number, time)", Strict: true,
		Doc:      "The time moved by a number of units: MILLISECOND (of timestamps), SECOND, MINUTE, HOUR, DAY, WEEK, MONTH, QUARTER, YEAR. A date moved by less than days becomes a timestamp.",
		Examples: []function.Example{{SQL: "TIMESTAMPADD(MONTH, 1, DATE '2024-01-31')", Want: "2024-02-29"}},
		Infer: func(args []function.Arg) (function.Signature, error) {
			s, err := function.Args(function.Like(2), function.Unit, function.BigInt, function.DateTime)(args)
			if err != nil {
				return s, err
			}
			u := units[strings.ToUpper(args[0].Literal.S)]
			if u == unitMilli && (s.Result.Kind == data.Timestamp || s.Result.Kind == data.TimestampLTZ) {
				s.Result.Precision = max(s.Result.Precision, 3)
				return s, nil
			}
			if unitMillis[u] == 0 && unitMonths[u] == 0 {
				return s, fmt.Errorf("cannot add %s", args[0].Literal.S)
			}
			if s.Result.Kind == data.Date && u < unitDay {
				s.Result = stamp(6).WithNull(s.Result.Nullable)
			}
			return s, nil
		},
		Eval: func(c *function.Call) error {
			if c.Const[0] == nil {
				return fmt.Errorf("the unit must be a literal")
			}
			u := units[strings.ToUpper(c.Const[0].S)]
			n, v, out := c.Args[1], c.Args[2], c.Out
			for _, i := range c.Rows() {
				var ms int64
				var nano int32
				switch v.Type.Phys() {
				case data.PhysTime:
					ms, nano = v.I64[i], v.Nano[i]
				case data.PhysI64:
					ms = v.I64[i]
				default:
					if ms = int64(v.I32[i]); v.Type.Kind == data.Date {
						ms *= data.DayMillis
					}
				}
				if m := unitMonths[u]; m > 0 {
					ms = data.AddMonthsMillis(ms, m*n.I64[i])
				} else if u == unitMilli {
					ms += n.I64[i]
				} else {
					ms += unitMillis[u] * n.I64[i]
				}
				switch out.Type.Kind {
				case data.Date:
					out.I32[i] = int32(data.FloorDiv(ms, data.DayMillis))
				case data.Time:
					out.I32[i] = int32(data.FloorMod(ms, data.DayMillis))
				default:
					setTime(out, i, ms, nano)
				}
			}
			return nil
		},
	},
	{
		Name: "TIMESTAMPDIFF", Category: "temporal", Syntax: "TIMESTAMPDIFF(unit, from, to)", Strict: true,
		Doc:      "How many whole units lie between two times: SECOND, MINUTE, HOUR, DAY, WEEK, MONTH, QUARTER, YEAR. Smaller units than a second count whole seconds too, so that MILLISECOND gives 1000 for each.",
		Examples: []function.Example{{SQL: "TIMESTAMPDIFF(DAY, DATE '2024-01-01', DATE '2024-03-01')", Want: "60"}},
		Infer: func(args []function.Arg) (function.Signature, error) {
			s, err := function.Args(function.IfNull(data.Of(data.Int)), function.Unit, function.DateTime, function.DateTime)(args)
			if err != nil {
				return s, err
			}
			u := counted(args[0].Literal.S)
			if unitMillis[u] == 0 && unitMonths[u] == 0 && perSecond[u] == 0 {
				return s, fmt.Errorf("cannot count in %s", args[0].Literal.S)
			}
			if u == unitNano {
				s.Result = bigint().WithNull(s.Result.Nullable)
			}
			a, b := s.Args[1].Kind, s.Args[2].Kind
			if a != b && (a == data.TimestampLTZ || b == data.TimestampLTZ || a == data.Time || b == data.Time) {
				return s, fmt.Errorf("%s and %s cannot be compared; cast one to the other", s.Args[1], s.Args[2])
			}
			return s, nil
		},
		Eval: func(c *function.Call) error {
			if c.Const[0] == nil {
				return fmt.Errorf("the unit must be a literal")
			}
			u := counted(c.Const[0].S)
			a, b := physical(c.Args[1]), physical(c.Args[2])
			for _, i := range c.Rows() {
				from, to := a(i), b(i)
				switch m, each := unitMonths[u], perSecond[u]; {
				case m > 0:
					c.Out.I32[i] = int32(monthsBetween(to, from) / m)
				case u == unitNano:
					c.Out.I64[i] = (to - from) / 1000 * each
				case each > 0:
					c.Out.I32[i] = int32((to - from) / 1000 * each)
				default:
					c.Out.I32[i] = int32((to - from) / unitMillis[u])
				}
			}
			return nil
		},
	},
}

// perSecond are the units in which TIMESTAMPDIFF gives whole seconds, as Flink does.
var perSecond = map[unit]int64{unitMilli: 1000, unitMicro: 1_000_000, unitNano: 1_000_000_000}

// counted is the unit in which TIMESTAMPDIFF counts where one is named: for a
// DECADE Flink counts years, for DOW days, for EPOCH seconds.
func counted(name string) unit {
	switch u := units[strings.ToUpper(name)]; {
	case u == unitDecade:
		return unitYear
	case u == unitDow:
		return unitDay
	case u == unitEpoch:
		return unitSecond
	case strings.EqualFold(name, "FRAC_SECOND"):
		return unitMicro
	default:
		return u
	}
}

// physical reads a time as milliseconds, instants as they are.
func physical(v *data.Vector) func(i int32) int64 {
	switch v.Type.Kind {
	case data.Date:
		return func(i int32) int64 { return int64(v.I32[i]) * data.DayMillis }
	case data.Time:
		return func(i int32) int64 { return int64(v.I32[i]) }
	}
	return func(i int32) int64 { return v.I64[i] }
}
