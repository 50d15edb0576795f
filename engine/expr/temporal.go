package expr

import (
	"fmt"

	"github.com/weir-streams/weir/engine/data"
)

// timeArith is + - * / % with dates, times, timestamps and intervals. Time goes
// round the clock; instants move by physical time, months by the calendar of UTC.
func (c *compiler) timeArith(e Expr, l, r *node) (*node, error) {
	lk, rk := l.typ.Kind, r.typ.Kind
	switch {
	case e.Func == "+" && isInterval(lk) && isDateTime(rk):
		l, r, lk, rk = r, l, rk, lk
		fallthrough
	case (e.Func == "+" || e.Func == "-") && isDateTime(lk) && isInterval(rk):
		return c.make(e, []*node{l, r}, false, func() (kernel, bool, error) { return shiftKernel(e, lk, rk) })
	case e.Func == "-" && isDateTime(lk) && isDateTime(rk):
		return c.make(e, []*node{l, r}, false, func() (kernel, bool, error) { return sinceKernel(e, lk, rk) })
	case isInterval(e.Type.Kind) && (isNumeric(lk) || isNumeric(rk)) && (e.Func == "*" || e.Func == "/"):
		return c.scaleInterval(e, l, r)
	case isInterval(lk) && lk == rk && lk == e.Type.Kind && (e.Func == "+" || e.Func == "-"):
		return c.make(e, []*node{l, r}, false, func() (kernel, bool, error) {
			if lk == data.IntervalYearMonth {
				return plainKernel(e.Func, i32s, nil), true, nil
			}
			return plainKernel(e.Func, i64s, nil), true, nil
		})
	}
	return nil, fmt.Errorf("not defined for %s and %s", l.typ, r.typ)
}

// scaleInterval is interval * number, number * interval and interval / number.
func (c *compiler) scaleInterval(e Expr, l, r *node) (*node, error) {
	iv, k := l, r
	if !isInterval(l.typ.Kind) {
		if e.Func == "/" {
			return nil, fmt.Errorf("not defined for %s and %s", l.typ, r.typ)
		}
		iv, k = r, l
	}
	k, err := c.convert(k, data.Type{Kind: data.Decimal, Nullable: true, Precision: data.MaxDecimal, Scale: min(scaleOf(k.typ), 18)})
	if err != nil {
		return nil, err
	}
	sk := k.typ.Scale
	return c.make(e, []*node{iv, k}, false, func() (kernel, bool, error) {
		return func(m *machine, n *node, s *selection) (*data.Vector, error) {
			a, b, err := m.operands(n, s)
			if err != nil {
				return nil, err
			}
			out := m.out(n)
			setNulls(out, a, b)
			s = m.notNull(s, out.Nulls)
			left := number128(a)
			for _, i := range m.rows(s) {
				x, y := left(i), b.I128[i]
				var z data.Int128
				ok := true
				if e.Func == "/" {
					if y.Sign() == 0 {
						out.Release()
						return nil, fmt.Errorf("division by zero in %s", n.expr)
					}
					up, fits := x.Mul(data.Pow10(sk))
					z, _ = up.QuoRem(y)
					ok = fits
				} else {
					z, ok = x.Mul(y)
					z, _ = z.QuoRem(data.Pow10(sk))
				}
				switch {
				case !ok || !z.IsInt64():
					out.SetNull(int(i))
				case out.Type.Phys() == data.PhysI32:
					out.I32[i] = int32(z.Int64())
				default:
					out.I64[i] = z.Int64()
				}
			}
			return out, nil
		}, false, nil
	})
}

// interval reads months or milliseconds.
func interval(v *data.Vector) func(i int32) int64 {
	if v.Type.Phys() == data.PhysI32 {
		return func(i int32) int64 { return int64(v.I32[i]) }
	}
	return func(i int32) int64 { return v.I64[i] }
}

func shiftKernel(e Expr, at, by data.Kind) (kernel, bool, error) {
	months := by == data.IntervalYearMonth
	sign := int64(1)
	if e.Func == "-" {
		sign = -1
	}
	if at == data.Date && e.Type.Kind == data.Date && months {
		return shift(sign, func(out, v *data.Vector, i int32, d int64) {
			out.I32[i] = int32(data.AddMonths(int64(v.I32[i]), d))
		}), true, nil
	}
	switch {
	case at == data.Date && e.Type.Kind == data.Date:
		return shift(sign, func(out, v *data.Vector, i int32, d int64) {
			out.I32[i] = v.I32[i] + int32(d/data.DayMillis)
		}), true, nil
	case at == data.Date && (e.Type.Kind == data.Timestamp || e.Type.Kind == data.TimestampLTZ):
		wide := e.Type.Phys() == data.PhysTime
		return shift(sign, func(out, v *data.Vector, i int32, d int64) {
			day := int64(v.I32[i])
			if months {
				out.I64[i] = data.AddMonths(day, d) * data.DayMillis
			} else {
				out.I64[i] = day*data.DayMillis + d
			}
			if wide {
				out.Nano[i] = 0
			}
		}), true, nil
	case at == data.Time && e.Type.Kind == data.Time:
		return shift(sign, func(out, v *data.Vector, i int32, d int64) {
			if months {
				out.I32[i] = v.I32[i]
				return
			}
			out.I32[i] = int32(data.FloorMod(int64(v.I32[i])+d%data.DayMillis, data.DayMillis))
		}), true, nil
	case at == e.Type.Kind && (at == data.Timestamp || at == data.TimestampLTZ):
		if !months && e.Type.Phys() == data.PhysI64 && e.Type.Precision >= 3 {
			return plainShift(e.Func), true, nil
		}
		unit := int64(1)
		for p := e.Type.Precision; p < 3; p++ {
			unit *= 10
		}
		nanos := e.Type.Phys() == data.PhysTime
		return shift(sign, func(out, v *data.Vector, i int32, d int64) {
			x := v.I64[i]
			if months {
				x = data.AddMonthsMillis(x, d)
			} else {
				x += d
			}
			out.I64[i] = x - data.FloorMod(x, unit)
			if nanos {
				out.Nano[i] = 0
				if v.Nano != nil {
					out.Nano[i] = v.Nano[i]
				}
			}
		}), true, nil
	}
	return nil, false, fmt.Errorf("%s by %s does not give %s", at0(at), at0(by), e.Type)
}

func at0(k data.Kind) string { return data.Of(k).String() }

// plainShift adds milliseconds to milliseconds.
func plainShift(op string) kernel { return plainKernel(op, i64s, nil) }

func shift(sign int64, step func(out, v *data.Vector, i int32, d int64)) kernel {
	return func(m *machine, n *node, s *selection) (*data.Vector, error) {
		a, b, err := m.operands(n, s)
		if err != nil {
			return nil, err
		}
		out := m.out(n)
		setNulls(out, a, b)
		s = m.notNull(s, out.Nulls)
		by := interval(b)
		for _, i := range m.rows(s) {
			step(out, a, i, sign*by(i))
		}
		return out, nil
	}
}

// millisOf reads a date, time or timestamp as milliseconds.
func millisOf(v *data.Vector) func(i int32) int64 {
	switch v.Type.Kind {
	case data.Date:
		return func(i int32) int64 { return int64(v.I32[i]) * data.DayMillis }
	case data.Time:
		return func(i int32) int64 { return int64(v.I32[i]) }
	}
	return func(i int32) int64 { return v.I64[i] }
}

// sinceKernel is the difference of two points in time.
func sinceKernel(e Expr, l, r data.Kind) (kernel, bool, error) {
	if (l == data.Time) != (r == data.Time) {
		return nil, false, fmt.Errorf("not defined for %s and %s", at0(l), at0(r))
	}
	if !isInterval(e.Type.Kind) {
		return nil, false, fmt.Errorf("the difference of times is an interval, not %s", e.Type)
	}
	return func(m *machine, n *node, s *selection) (*data.Vector, error) {
		a, b, err := m.operands(n, s)
		if err != nil {
			return nil, err
		}
		out := m.out(n)
		setNulls(out, a, b)
		s = m.notNull(s, out.Nulls)
		x, y := millisOf(a), millisOf(b)
		for _, i := range m.rows(s) {
			if e.Type.Kind == data.IntervalYearMonth {
				out.I32[i] = int32(data.MonthsBetween(x(i), y(i)))
			} else {
				out.I64[i] = x(i) - y(i)
			}
		}
		return out, nil
	}, true, nil
}
