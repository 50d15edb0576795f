package expr

import (
	"fmt"
	"math"

	"github.com/weir-streams/weir/engine/data"
)

func isInteger(k data.Kind) bool { return k >= data.TinyInt && k <= data.BigInt }

func isNumeric(k data.Kind) bool { return k >= data.TinyInt && k <= data.Decimal }

func isInterval(k data.Kind) bool { return k == data.IntervalDayTime || k == data.IntervalYearMonth }

func isDateTime(k data.Kind) bool { return k >= data.Date && k <= data.TimestampLTZ }

func (c *compiler) arith(e Expr, l, r *node) (*node, error) {
	if l.konst != nil && l.konst.Null || r.konst != nil && r.konst.Null {
		return c.null(e.Type), nil
	}
	lk, rk := l.typ.Kind, r.typ.Kind
	switch {
	case isDateTime(lk) || isDateTime(rk) || isInterval(lk) || isInterval(rk):
		return c.timeArith(e, l, r)
	case !isNumeric(lk) || !isNumeric(rk):
		return nil, fmt.Errorf("not defined for %s and %s", l.typ, r.typ)
	case e.Type.Kind == data.Decimal:
		return c.decimalArith(e, l, r)
	case e.Type.Kind == data.Float || e.Type.Kind == data.Double:
		return c.floatArith(e, l, r)
	case isInteger(e.Type.Kind) && isInteger(lk) && isInteger(rk):
		return c.intArith(e, l, r)
	case isInteger(e.Type.Kind) && e.Func == "%":
		// A remainder keeps the type of its right side.
		p, s := max(precisionOf(l.typ), precisionOf(r.typ)), max(l.typ.Scale, r.typ.Scale)
		wide := data.Type{Kind: data.Decimal, Nullable: e.Type.Nullable, Precision: min(p+s, data.MaxDecimal), Scale: s}
		n, err := c.decimalArith(Call(e.Func, wide, l.expr, r.expr), l, r)
		if err != nil {
			return nil, err
		}
		return c.convert(n, e.Type)
	}
	return nil, fmt.Errorf("%s and %s do not give %s", l.typ, r.typ, e.Type)
}

func (c *compiler) intArith(e Expr, l, r *node) (*node, error) {
	kind := data.Int
	if l.typ.Kind == data.BigInt || r.typ.Kind == data.BigInt || e.Type.Kind == data.BigInt {
		kind = data.BigInt
	}
	work := e
	if kind == data.BigInt {
		var err error
		if l, err = c.convert(l, data.Of(kind).WithNull(l.typ.Nullable)); err != nil {
			return nil, err
		}
		if r, err = c.convert(r, data.Of(kind).WithNull(r.typ.Nullable)); err != nil {
			return nil, err
		}
		work.Type = data.Of(kind).WithNull(e.Type.Nullable)
	}
	n, err := c.make(work, []*node{l, r}, false, func() (kernel, bool, error) {
		if kind == data.BigInt {
			return intKernel(e.Func, r.konst, i64s, 64)
		}
		bits := 32
		switch e.Type.Kind {
		case data.TinyInt:
			bits = 8
		case data.SmallInt:
			bits = 16
		}
		return intKernel(e.Func, r.konst, i32s, bits)
	})
	if err != nil {
		return nil, err
	}
	return c.convert(n, e.Type)
}

func (c *compiler) floatArith(e Expr, l, r *node) (*node, error) {
	l, err := c.convert(l, e.Type.WithNull(l.typ.Nullable))
	if err != nil {
		return nil, err
	}
	if r, err = c.convert(r, e.Type.WithNull(r.typ.Nullable)); err != nil {
		return nil, err
	}
	return c.make(e, []*node{l, r}, false, func() (kernel, bool, error) {
		if e.Type.Kind == data.Float {
			k, err := floatKernel(e.Func, f32s)
			return k, true, err
		}
		k, err := floatKernel(e.Func, f64s)
		return k, true, err
	})
}

func i32s(v *data.Vector) []int32   { return v.I32 }
func i64s(v *data.Vector) []int64   { return v.I64 }
func f32s(v *data.Vector) []float32 { return v.F32 }
func f64s(v *data.Vector) []float64 { return v.F64 }
func bools(v *data.Vector) []uint8  { return v.Bool }

type signed interface{ ~int32 | ~int64 }

type number interface {
	~int32 | ~int64 | ~float32 | ~float64
}

// operands computes both sides of a node.
func (m *machine) operands(n *node, s *selection) (l, r *data.Vector, err error) {
	if l, err = m.vec(n.args[0], s); err != nil {
		return nil, nil, err
	}
	if r, err = m.vec(n.args[1], s); err != nil {
		return nil, nil, err
	}
	return l, r, nil
}

// literalOf returns a literal operand in the type of the column it meets.
func literalOf[T number](x *data.Value, of func(*data.Vector) []T) T {
	var zero T
	switch any(zero).(type) {
	case float32, float64:
		return T(x.F)
	}
	return T(x.I)
}

func intKernel[T signed](op string, lit *data.Value, of func(*data.Vector) []T, bits int) (kernel, bool, error) {
	wrap := func(o []T, rows []int32) { wrapTo(o, rows, bits) }
	if bits == 64 || bits == 32 {
		wrap = nil
	}
	switch op {
	case "+", "-", "*":
		return plainKernel(op, of, wrap), true, nil
	}
	if lit != nil && lit.I != 0 {
		d := T(lit.I)
		if op == "%" {
			return constDivKernel(of, wrap, newDivisor(int64(d)), true), true, nil
		}
		return constDivKernel(of, wrap, newDivisor(int64(d)), false), true, nil
	}
	return func(m *machine, n *node, s *selection) (*data.Vector, error) {
		l, r, err := m.operands(n, s)
		if err != nil {
			return nil, err
		}
		out := m.out(n)
		setNulls(out, l, r)
		s = m.notNull(s, out.Nulls)
		o, a, b := of(out), of(l), of(r)
		for _, i := range m.rows(s) {
			d := b[i]
			if d == 0 {
				err := fmt.Errorf("division by zero in %s (%d %s 0)", n.expr, a[i], op)
				out.Release()
				return nil, err
			}
			switch {
			case d == -1: // the smallest number has no opposite: hardware would trap
				o[i] = 0
				if op == "/" {
					o[i] = -a[i]
				}
			case op == "/":
				o[i] = a[i] / d
			default:
				o[i] = a[i] % d
			}
		}
		if wrap != nil {
			wrap(o, m.rows(s))
		}
		return out, nil
	}, false, nil
}

// wrapTo cuts integers to 8 or 16 bits as Java's narrowing does.
func wrapTo[T signed](o []T, rows []int32, bits int) {
	if bits == 8 {
		if rows == nil {
			for i, x := range o {
				o[i] = T(int8(x))
			}
			return
		}
		for _, i := range rows {
			o[i] = T(int8(o[i]))
		}
		return
	}
	if rows == nil {
		for i, x := range o {
			o[i] = T(int16(x))
		}
		return
	}
	for _, i := range rows {
		o[i] = T(int16(o[i]))
	}
}

// plainKernel is + - * on columns and literals.
func plainKernel[T number](op string, of func(*data.Vector) []T, wrap func([]T, []int32)) kernel {
	return func(m *machine, n *node, s *selection) (*data.Vector, error) {
		x, y := n.args[0], n.args[1]
		var l, r *data.Vector
		var err error
		if x.konst == nil {
			if l, err = m.vec(x, s); err != nil {
				return nil, err
			}
		}
		if y.konst == nil || x.konst != nil {
			if r, err = m.vec(y, s); err != nil {
				return nil, err
			}
		}
		out := m.out(n)
		setNulls(out, l, r)
		o, rows := of(out), s.sparse()
		switch {
		case x.konst != nil:
			k, b := literalOf(x.konst, of), of(r)
			switch op {
			case "+":
				addC(o, b, k, rows)
			case "-":
				subCV(o, k, b, rows)
			default:
				mulC(o, b, k, rows)
			}
		case y.konst != nil:
			k, a := literalOf(y.konst, of), of(l)
			switch op {
			case "+":
				addC(o, a, k, rows)
			case "-":
				addC(o, a, -k, rows)
			default:
				mulC(o, a, k, rows)
			}
		default:
			a, b := of(l), of(r)
			switch op {
			case "+":
				addV(o, a, b, rows)
			case "-":
				subV(o, a, b, rows)
			default:
				mulV(o, a, b, rows)
			}
		}
		if wrap != nil {
			wrap(o, rows)
		}
		return out, nil
	}
}

func floatKernel[T ~float32 | ~float64](op string, of func(*data.Vector) []T) (kernel, error) {
	switch op {
	case "+", "-", "*":
		return plainKernel(op, of, nil), nil
	case "/", "%":
		return func(m *machine, n *node, s *selection) (*data.Vector, error) {
			l, r, err := m.operands(n, s)
			if err != nil {
				return nil, err
			}
			out := m.out(n)
			setNulls(out, l, r)
			o, a, b := of(out), of(l), of(r)
			if op == "/" {
				divV(o, a, b, s.sparse())
				return out, nil
			}
			for _, i := range m.rows(s) {
				o[i] = T(math.Mod(float64(a[i]), float64(b[i])))
			}
			return out, nil
		}, nil
	}
	return nil, fmt.Errorf("no such operator")
}

func (c *compiler) negate(e Expr, x *node) (*node, error) {
	if x.konst != nil && x.konst.Null {
		return c.null(e.Type), nil
	}
	return c.make(e, []*node{x}, false, func() (kernel, bool, error) {
		switch x.typ.Phys() {
		case data.PhysI32:
			bits := 32
			switch x.typ.Kind {
			case data.TinyInt:
				bits = 8
			case data.SmallInt:
				bits = 16
			}
			return negKernel(i32s, func(o []int32, rows []int32) {
				if bits < 32 {
					wrapTo(o, rows, bits)
				}
			}), true, nil
		case data.PhysI64:
			return negKernel(i64s, nil), true, nil
		case data.PhysF32:
			return negKernel(f32s, nil), true, nil
		case data.PhysF64:
			return negKernel(f64s, nil), true, nil
		case data.PhysI128:
			return func(m *machine, n *node, s *selection) (*data.Vector, error) {
				v, err := m.vec(n.args[0], s)
				if err != nil {
					return nil, err
				}
				out := m.out(n)
				setNulls(out, v, nil)
				for _, i := range m.rows(s) {
					out.I128[i] = v.I128[i].Neg()
				}
				return out, nil
			}, true, nil
		}
		return nil, false, fmt.Errorf("not defined for %s", x.typ)
	})
}

func negKernel[T number](of func(*data.Vector) []T, wrap func([]T, []int32)) kernel {
	return func(m *machine, n *node, s *selection) (*data.Vector, error) {
		v, err := m.vec(n.args[0], s)
		if err != nil {
			return nil, err
		}
		out := m.out(n)
		setNulls(out, v, nil)
		o, a, rows := of(out), of(v), s.sparse()
		if rows == nil {
			a = a[:len(o)]
			for i := range o {
				o[i] = -a[i]
			}
		}
		for _, i := range rows {
			o[i] = -a[i]
		}
		if wrap != nil {
			wrap(o, rows)
		}
		return out, nil
	}
}
