package temporal

import (
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/function"
)

const secondsPattern = "yyyy-MM-dd HH:mm:ss"

var textFunctions = []*function.Scalar{
	{
		Name: "DATE_FORMAT", Category: "temporal", Syntax: "DATE_FORMAT(timestamp, pattern)", Strict: true,
		Doc:      "The timestamp as text, by a pattern with the letters of Java's DateTimeFormatter. A string is read as yyyy-MM-dd HH:mm:ss first, NULL if it is none, and written by the letters of SimpleDateFormat.",
		Examples: []function.Example{{SQL: "DATE_FORMAT(TIMESTAMP '2024-02-09 05:06:07', 'yyyy/MM/dd HH:mm')", Want: "2024/02/09 05:06"}},
		Infer: function.Overload(
			function.Args(function.Always(data.String()), function.Timestamps, function.Text),
			function.Args(function.Always(data.String()), function.Text, function.Text)),
		Eval: dateFormat,
	},
	{
		Name: "TO_DATE", Category: "temporal", Syntax: "TO_DATE(string[, pattern])", Strict: true,
		Doc:      "The date of a text, by default yyyy-MM-dd; NULL if it is none. The pattern has the letters of Java's SimpleDateFormat and reads leniently; what it cannot read becomes a date far off, as in Flink.",
		Examples: []function.Example{{SQL: "TO_DATE('29/02/2024', 'dd/MM/yyyy')", Want: "2024-02-29"}, {SQL: "TO_DATE('2023-02-29')", Want: "NULL"}},
		Infer:    function.Between(1, function.Always(data.Of(data.Date)), function.Text, function.Text),
		Eval: func(c *function.Call) error {
			if len(c.Args) == 1 {
				for _, i := range c.Rows() {
					d, err := data.ParseDate(c.Args[0].Str(int(i)))
					if c.Out.I32[i] = d; err != nil {
						c.SetNull(i)
					}
				}
				return nil
			}
			return eachSimple(c, 1, func(i int32, p *simple) {
				t, ok := p.parse(c.Args[0].Str(int(i)), c.Env.Now)
				if c.Out.I32[i] = noDate; ok {
					c.Out.I32[i] = int32(data.FloorDiv(t.ms-t.offset*1000, data.DayMillis))
				}
			})
		},
	},
	{
		Name: "TO_TIMESTAMP", Category: "temporal", Syntax: "TO_TIMESTAMP(string[, pattern])", Strict: true,
		Doc:      "The timestamp of a text, by default yyyy-MM-dd HH:mm:ss with or without fraction; NULL if it is none.",
		Examples: []function.Example{{SQL: "TO_TIMESTAMP('20240229123456', 'yyyyMMddHHmmss')", Want: "2024-02-29 12:34:56.000"}, {SQL: "TO_TIMESTAMP('x')", Want: "NULL"}},
		Infer:    function.Between(1, function.Always(stamp(3)), function.Text, function.Text),
		Eval: func(c *function.Call) error {
			return parseRows(c, func(i int32, s string, p *pattern) bool {
				if p == nil {
					ms, nano, err := data.ParseTimestamp(s)
					setTime(c.Out, i, ms, nano)
					return err == nil
				}
				t, ok := p.parseOr(s)
				setTime(c.Out, i, t.ms, t.nano)
				return ok
			})
		},
	},
	{
		Name: "TO_TIMESTAMP_LTZ", Category: "temporal", Syntax: "TO_TIMESTAMP_LTZ(number[, precision]) or TO_TIMESTAMP_LTZ(string[, pattern[, zone]])", Strict: true,
		Doc:      "The instant of an epoch time, with 0 (seconds), 3 (milliseconds, the default) or up to 9 fraction digits; or of a text, read in UTC or the zone given. Fails for a text that is none.",
		Examples: []function.Example{{SQL: "TO_TIMESTAMP_LTZ(1700000000, 0)", Want: "2023-11-14 22:13:20.000"}},
		Infer: function.Overload(inferEpoch,
			function.Between(1, function.Always(ltz(3)), function.Text, function.Text, function.Text)),
		Eval: toTimestampLTZ,
	},
	{
		Name: "FROM_UNIXTIME", Category: "temporal", Syntax: "FROM_UNIXTIME(seconds[, pattern])", Strict: true,
		Doc:      "The instant of epoch seconds as text in the session zone.",
		Examples: []function.Example{{SQL: "FROM_UNIXTIME(44)", Want: "1970-01-01 00:00:44"}},
		Infer:    function.Between(1, function.Always(data.String()), function.BigInt, function.Text),
		Eval: func(c *function.Call) error {
			clock := newOldClock(c.Location())
			return eachSimple(c, 1, func(i int32, p *simple) {
				ms := c.Args[0].I64[i] * 1000 // it wraps, as in Java
				local := clock.Local(ms)
				name := ""
				if p.named {
					name, _ = time.UnixMilli(ms).In(c.Location()).Zone()
				}
				buf := p.append(c.Scratch(), moment{ms: local, offset: (local - ms) / 1000, zone: name})
				c.Out.SetBytes(int(i), buf)
				c.Keep(buf)
			})
		},
	},
	{
		Name: "UNIX_TIMESTAMP", Category: "temporal", Syntax: "UNIX_TIMESTAMP([string[, pattern]])", Volatile: true, Strict: true,
		Doc:      "The current time in epoch seconds, or that of a text read in the session zone; the smallest BIGINT for a text that is none.",
		Examples: []function.Example{{SQL: "UNIX_TIMESTAMP('1969-12-31 23:59:59')", Want: "-1"}},
		Infer:    function.Between(0, function.IfNull(bigint()), function.Text, function.Text),
		Eval: func(c *function.Call) error {
			if len(c.Args) == 0 {
				for _, i := range c.Rows() {
					c.Out.I64[i] = c.Env.Now / 1000
				}
				return nil
			}
			clock := newOldClock(c.Location())
			return eachSimple(c, 1, func(i int32, p *simple) {
				t, ok := p.parse(c.Args[0].Str(int(i)), c.Env.Now)
				switch {
				case !ok:
					c.Out.I64[i] = math.MinInt64
				case t.zoned:
					c.Out.I64[i] = data.FloorDiv(t.ms, 1000) - t.offset
				default:
					c.Out.I64[i] = data.FloorDiv(clock.Instant(t.ms), 1000)
				}
			})
		},
	},
	{
		Name: "CONVERT_TZ", Category: "temporal", Syntax: "CONVERT_TZ(string, from zone, to zone)", Strict: true,
		Doc:      "A time yyyy-MM-dd HH:mm:ss of one zone as that of another; NULL for a text that is none. A zone that does not exist is UTC.",
		Examples: []function.Example{{SQL: "CONVERT_TZ('1970-01-01 00:00:00', 'UTC', 'America/Los_Angeles')", Want: "1969-12-31 16:00:00"}},
		Infer:    function.Args(function.Always(data.String()), function.Text, function.Text, function.Text),
		Eval: func(c *function.Call) error {
			p, err := compileSimple(secondsPattern)
			if err != nil {
				return err
			}
			clocks := map[string]*oldClock{}
			clock := func(name string) *oldClock {
				k := clocks[name]
				if k == nil {
					k = newOldClock(oldZone(name))
					if len(clocks) < 1000 {
						clocks[strings.Clone(name)] = k
					}
				}
				return k
			}
			for _, i := range c.Rows() {
				from, to := clock(c.Args[1].Str(int(i))), clock(c.Args[2].Str(int(i)))
				t, ok := p.parse(c.Args[0].Str(int(i)), c.Env.Now)
				if !ok {
					c.SetNull(i)
					continue
				}
				buf := p.append(c.Scratch(), moment{ms: to.Local(from.Instant(t.ms))})
				c.Out.SetBytes(int(i), buf)
				c.Keep(buf)
			}
			return nil
		},
	},
}

// noDate is what TO_DATE makes of a text that its pattern cannot read: the days
// of the smallest BIGINT of milliseconds, cut to 32 bits.
const noDate = int32(math.MinInt64 / data.DayMillis & math.MaxUint32)

// eachSimple calls row with the pattern of argument arg, secondsPattern if there is none.
func eachSimple(c *function.Call, arg int, row func(i int32, p *simple)) error {
	var p *simple
	last, known := secondsPattern, false
	for _, i := range c.Rows() {
		text := last
		if len(c.Args) > arg && (!known || c.Const[arg] == nil) {
			text = c.Args[arg].Str(int(i))
		}
		if !known || text != last {
			var err error
			if p, err = compileSimple(text); err != nil {
				return err
			}
			last, known = text, true
		}
		row(i, p)
	}
	return nil
}

// eachPattern calls row with the pattern of argument arg, secondsPattern if
// there is none; equal patterns are prepared once.
func eachPattern(c *function.Call, arg int, row func(i int32, p *pattern, err error) error) error {
	var p *pattern
	var err error
	last, known := secondsPattern, false
	for _, i := range c.Rows() {
		if len(c.Args) > arg && (!known || c.Const[arg] == nil) {
			if s := c.Args[arg].Str(int(i)); !known || s != last {
				last, known = s, true
				p, err = compile(s)
			}
		} else if !known {
			known = true
			p, err = compile(last)
		}
		if err := row(i, p, err); err != nil {
			return err
		}
	}
	return nil
}

// parseRows parses the first argument, by the pattern of the second if there
// is one; what cannot be parsed, and a pattern that is none, gives NULL.
func parseRows(c *function.Call, row func(i int32, s string, p *pattern) bool) error {
	if len(c.Args) == 1 {
		for _, i := range c.Rows() {
			if !row(i, c.Args[0].Str(int(i)), nil) {
				c.SetNull(i)
			}
		}
		return nil
	}
	return eachPattern(c, 1, func(i int32, p *pattern, err error) error {
		if err != nil || !row(i, c.Args[0].Str(int(i)), p) {
			c.SetNull(i)
		}
		return nil
	})
}

// formatRows writes moments by the pattern of argument arg. Rows of which the
// pattern sees the same as of the row before share its text.
func formatRows(c *function.Call, arg int, at func(i int32) (moment, bool)) error {
	var lastKey int64
	var lastPattern *pattern
	lastRow := int32(-1)
	return eachPattern(c, arg, func(i int32, p *pattern, err error) error {
		if err != nil {
			return err
		}
		t, ok := at(i)
		if !ok {
			c.SetNull(i)
			return nil
		}
		if p.finest > 0 {
			key := data.FloorDiv(t.ms, p.finest)
			if lastRow >= 0 && p == lastPattern && key == lastKey {
				c.Out.Views[i] = c.Out.Views[lastRow]
				return nil
			}
			lastKey, lastPattern, lastRow = key, p, i
		}
		buf, err := p.append(c.Scratch(), t)
		if err != nil {
			return err
		}
		c.Out.SetBytes(int(i), buf)
		c.Keep(buf)
		return nil
	})
}

// formatSpans formats timestamps by one pattern that tells no two of the same
// span of time apart: mostly the row before has the same text.
func formatSpans(c *function.Call, p *pattern, clock *data.Clock) error {
	v, out := c.Args[0], c.Out
	span := p.finest
	if clock != nil {
		span = 1000 // a zone's offset may change at any second
	}
	var text data.View
	var from int64
	known := false
	for _, i := range c.Rows() {
		x := v.I64[i]
		if known && uint64(x-from) < uint64(span) {
			out.Views[i] = text
			continue
		}
		from, known = x-data.FloorMod(x, span), true
		t := moment{ms: x}
		if clock != nil {
			off := clock.Offset(data.FloorDiv(x, 1000))
			t = moment{ms: x + off*1000}
		}
		buf, err := p.append(c.Scratch(), t)
		if err != nil {
			return err
		}
		out.SetBytes(int(i), buf)
		text = out.Views[i]
		c.Keep(buf)
	}
	return nil
}

func dateFormat(c *function.Call) error {
	v := c.Args[0]
	if c.Const[1] != nil && v.Type.Phys() != data.PhysString {
		if p, err := compile(c.Const[1].S); err == nil && p.finest > 0 {
			if v.Type.Kind == data.TimestampLTZ {
				return formatSpans(c, p, data.NewClock(c.Location()))
			}
			return formatSpans(c, p, nil)
		}
	}
	switch v.Type.Kind {
	case data.Timestamp:
		nanos := v.Type.Phys() == data.PhysTime
		return formatRows(c, 1, func(i int32) (moment, bool) {
			t := moment{ms: v.I64[i]}
			if nanos {
				t.nano = v.Nano[i]
			}
			return t, true
		})
	case data.TimestampLTZ:
		clock := data.NewClock(c.Location())
		nanos := v.Type.Phys() == data.PhysTime
		return formatRows(c, 1, func(i int32) (moment, bool) {
			off := clock.Offset(data.FloorDiv(v.I64[i], 1000))
			t := moment{ms: v.I64[i] + off*1000}
			if nanos {
				t.nano = v.Nano[i]
			}
			return t, true
		})
	}
	from, err := compileSimple(secondsPattern)
	if err != nil {
		return err
	}
	return eachSimple(c, 1, func(i int32, p *simple) {
		t, ok := from.parse(v.Str(int(i)), c.Env.Now)
		if !ok {
			c.SetNull(i)
			return
		}
		buf := p.append(c.Scratch(), moment{ms: t.ms, zone: "UTC"})
		c.Out.SetBytes(int(i), buf)
		c.Keep(buf)
	})
}

// inferEpoch types TO_TIMESTAMP_LTZ of a number.
func inferEpoch(args []function.Arg) (function.Signature, error) {
	num := function.Param{Want: "a number or a string", Match: func(a function.Arg) (data.Type, bool) {
		k := a.Type.Kind
		if k == data.Float || k == data.Double {
			return data.Of(data.Double).WithNull(a.Type.Nullable), true
		}
		return data.Of(data.BigInt).WithNull(a.Type.Nullable), k >= data.TinyInt && k <= data.Decimal
	}}
	s, err := function.Between(1, function.Always(ltz(3)), num, function.Int)(args)
	if err == nil && len(args) > 1 && args[1].Literal != nil && !args[1].Literal.Null {
		p := args[1].Literal.I
		if p < 0 || p > 9 {
			return s, fmt.Errorf("precision must be between 0 and 9 but was %d", p)
		}
		s.Result.Precision = max(3, int(p))
	}
	return s, err
}

// TO_TIMESTAMP_LTZ knows the years 0001 to 9999.
const (
	leastMillis = -62135596800000
	mostMillis  = 253402300799999
)

func toTimestampLTZ(c *function.Call) error {
	v := c.Args[0]
	if v.Type.Phys() == data.PhysString {
		return textToInstant(c)
	}
	for _, i := range c.Rows() {
		p := int32(3)
		if len(c.Args) > 1 {
			p = c.Args[1].I32[i]
		}
		if p < 0 || p > 9 {
			return fmt.Errorf("precision must be between 0 and 9 but was %d", p)
		}
		unit := int64(1)
		for k := p; k < 3; k++ {
			unit *= 10
		}
		var ms int64
		var nano int32
		if v.Type.Kind == data.Double {
			f := v.F64[i] * float64(unit)
			for k := p; k > 3; k-- {
				f /= 10
			}
			if f != f || math.Abs(f) > 1e17 {
				c.SetNull(i)
				continue
			}
			ms = int64(f)
		} else {
			x := v.I64[i]
			div := int64(1)
			for k := p; k > 3; k-- {
				div *= 10
			}
			if q := data.FloorDiv(x, div); q < leastMillis/unit || q > mostMillis/unit {
				c.SetNull(i)
				continue
			}
			ms = data.FloorDiv(x, div) * unit
			nano = int32(data.FloorMod(x, div) * (1000000 / div))
		}
		setTime(c.Out, i, ms, nano)
	}
	return nil
}

func textToInstant(c *function.Call) error {
	utc := data.NewClock(nil)
	return eachPattern(c, 1, func(i int32, p *pattern, err error) error {
		s := c.Args[0].Str(int(i))
		clock := utc
		if len(c.Args) > 2 {
			z, err := function.LoadZoneID(c.Args[2].Str(int(i)))
			if err != nil && c.Const[2] != nil {
				return err
			}
			if err != nil {
				c.SetNull(i)
				return nil
			}
			clock = data.NewClock(z.Location)
		}
		if len(c.Args) == 1 {
			ms, nano, err := data.ParseTimestamp(s)
			if err != nil {
				return err
			}
			setTime(c.Out, i, ms, nano)
			return nil
		}
		if err != nil {
			c.SetNull(i)
			return nil
		}
		t, ok := p.parseOr(s)
		if !ok {
			c.SetNull(i)
			return nil
		}
		setTime(c.Out, i, clock.Instant(t.ms), t.nano)
		return nil
	})
}
