package temporal

import (
	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/function"
)

var nowFunctions = []*function.Scalar{
	now("CURRENT_TIMESTAMP", []string{"NOW"}, "The current instant.", "CURRENT_TIMESTAMP = CURRENT_TIMESTAMP", "TRUE", ltz(3)),
	now("CURRENT_ROW_TIMESTAMP", nil, "The current instant, for every row.", "CURRENT_ROW_TIMESTAMP() IS NULL", "FALSE", ltz(3)),
	now("PROCTIME", nil, "The processing time, as a time attribute.", "PROCTIME() IS NULL", "FALSE", ltz(3)),
	now("LOCALTIMESTAMP", nil, "The current wall-clock time of the session zone.", "LOCALTIMESTAMP > TIMESTAMP '2020-01-01 00:00:00'", "TRUE", stamp(3)),
	now("CURRENT_DATE", nil, "The current date in the session zone.", "EXTRACT(YEAR FROM CURRENT_DATE) > 2000", "TRUE", data.Of(data.Date)),
	now("LOCALTIME", []string{"CURRENT_TIME"}, "The current time of day in the session zone.", "LOCALTIME < TIME '00:00:00'", "FALSE", data.Of(data.Time)),
}

// now declares a function of the clock. It is the processing time of the batch.
func now(name string, aliases []string, doc, sql, want string, t data.Type) *function.Scalar {
	return &function.Scalar{
		Name: name, Aliases: aliases, Category: "temporal", Syntax: name, Doc: doc, Volatile: true,
		Examples: []function.Example{{SQL: sql, Want: want}},
		Infer:    function.Args(function.Always(t.NotNull())),
		Eval: func(c *function.Call) error {
			ms := c.Env.Now
			if t.Kind != data.TimestampLTZ {
				ms = data.NewClock(c.Location()).Local(ms)
			}
			for _, i := range c.Rows() {
				switch t.Kind {
				case data.Date:
					c.Out.I32[i] = int32(data.FloorDiv(ms, data.DayMillis))
				case data.Time:
					c.Out.I32[i] = int32(data.FloorMod(ms, data.DayMillis) / 1000 * 1000)
				default:
					c.Out.I64[i] = ms
				}
			}
			return nil
		},
	}
}
