package expr

import (
	"fmt"

	"github.com/weir-streams/weir/engine/data"
)

// precisionOf returns the digits of an exact number type.
func precisionOf(t data.Type) int {
	switch t.Kind {
	case data.TinyInt:
		return 3
	case data.SmallInt:
		return 5
	case data.Int:
		return 10
	case data.BigInt:
		return 19
	}
	return t.Precision
}

// exact sees through the cast of an integer to a DECIMAL wide enough for it:
// arithmetic reads the integer as it is.
func exact(n *node) *node {
	if n.expr.Kind == KindCall && n.expr.Func == "CAST" && n.typ.Kind == data.Decimal && n.konst == nil {
		from := n.args[0]
		if isInteger(from.typ.Kind) && n.typ.Scale == 0 && n.typ.Precision >= precisionOf(from.typ) {
			return from
		}
	}
	return n
}

// number128 reads exact numbers of any layout as Int128.
func number128(v *data.Vector) func(i int32) data.Int128 {
	switch v.Type.Phys() {
	case data.PhysI32:
		return func(i int32) data.Int128 { return data.I128(int64(v.I32[i])) }
	case data.PhysI64:
		return func(i int32) data.Int128 { return data.I128(v.I64[i]) }
	}
	return func(i int32) data.Int128 { return v.I128[i] }
}

func scaleOf(t data.Type) int {
	if t.Kind == data.Decimal {
		return t.Scale
	}
	return 0
}

// setDecimal stores x in either layout, or NULL.
func setDecimal(out *data.Vector, i int32, x data.Int128, ok bool) {
	switch {
	case !ok:
		out.SetNull(int(i))
	case out.Type.Phys() == data.PhysI64:
		out.I64[i] = x.Int64()
	default:
		out.I128[i] = x
	}
}

func (c *compiler) decimalArith(e Expr, l, r *node) (*node, error) {
	var err error
	// Floats meet decimals only where the rules made the result a float.
	for _, x := range []**node{&l, &r} {
		if (*x).typ.Kind != data.Decimal && !isInteger((*x).typ.Kind) {
			if *x, err = c.convert(*x, data.Type{Kind: data.Decimal, Nullable: true, Precision: data.MaxDecimal, Scale: e.Type.Scale}); err != nil {
				return nil, err
			}
		}
	}
	l, r = exact(l), exact(r)
	return c.make(e, []*node{l, r}, false, func() (kernel, bool, error) {
		if k := fastDecimal(e, l, r); k != nil {
			return k, true, nil
		}
		op, err := decimalOp(e.Func)
		if err != nil {
			return nil, false, err
		}
		return decimalKernel(e, l, r, op), false, nil
	})
}

// fastDecimal finds a kernel for the shapes whose results cannot overflow.
func fastDecimal(e Expr, l, r *node) kernel {
	sl, sr, s := scaleOf(l.typ), scaleOf(r.typ), e.Type.Scale
	pl, pr, p := precisionOf(l.typ), precisionOf(r.typ), e.Type.Precision
	narrow := l.typ.Phys() != data.PhysI128 && r.typ.Phys() != data.PhysI128
	switch {
	case e.Func == "*" && narrow && s == sl+sr && p >= pl+pr:
		if e.Type.Phys() == data.PhysI64 {
			return func(m *machine, n *node, sel *selection) (*data.Vector, error) {
				return int64Pair(m, n, sel, func(out *data.Vector, a, b []int64, rows []int32) {
					mulV(out.I64, a, b, rows)
				})
			}
		}
		return mulWide
	case (e.Func == "+" || e.Func == "-") && narrow && e.Type.Phys() == data.PhysI64 && s == max(sl, sr) && p >= max(pl-sl, pr-sr)+s+1:
		ka, kb := data.Pow10(s-sl).Int64(), data.Pow10(s-sr).Int64()
		if e.Func == "-" {
			kb = -kb
		}
		return func(m *machine, n *node, sel *selection) (*data.Vector, error) {
			return int64Pair(m, n, sel, func(out *data.Vector, a, b []int64, rows []int32) {
				o := out.I64
				if rows == nil {
					a, b = a[:len(o)], b[:len(o)]
					for i := range o {
						o[i] = a[i]*ka + b[i]*kb
					}
					return
				}
				for _, i := range rows {
					o[i] = a[i]*ka + b[i]*kb
				}
			})
		}
	}
	return nil
}

// int64Pair runs a loop over two exact numbers as int64.
func int64Pair(m *machine, n *node, s *selection, loop func(out *data.Vector, a, b []int64, rows []int32)) (*data.Vector, error) {
	l, r, err := m.operands(n, s)
	if err != nil {
		return nil, err
	}
	l, freeL := wide64(l)
	r, freeR := wide64(r)
	out := m.out(n)
	setNulls(out, l, r)
	loop(out, l.I64, r.I64, s.sparse())
	if freeL {
		l.Release()
	}
	if freeR {
		r.Release()
	}
	return out, nil
}

// wide64 returns v with I64 filled, and whether it is a copy.
func wide64(v *data.Vector) (*data.Vector, bool) {
	if v.Type.Phys() != data.PhysI32 {
		return v, false
	}
	w := data.NewVector(data.Of(data.BigInt), v.N)
	for i, x := range v.I32[:v.N] {
		w.I64[i] = int64(x)
	}
	if v.Nulls != nil {
		w.Nulls = append([]uint64(nil), v.Nulls...)
	}
	return w, true
}

// mulWide multiplies 64-bit numbers to a 128-bit product.
func mulWide(m *machine, n *node, s *selection) (*data.Vector, error) {
	if x, y := n.args[0], n.args[1]; x.konst != nil || y.konst != nil {
		if x.konst != nil {
			x, y = y, x
		}
		if x.konst == nil && x.typ.Phys() == data.PhysI64 {
			v, err := m.vec(x, s)
			if err != nil {
				return nil, err
			}
			out := m.out(n)
			setNulls(out, v, nil)
			o, a, k := out.I128, v.I64, y.konst.I
			if rows := s.sparse(); rows != nil {
				for _, i := range rows {
					o[i] = data.MulInt64(a[i], k)
				}
				return out, nil
			}
			a = a[:len(o)]
			for i := range o {
				o[i] = data.MulInt64(a[i], k)
			}
			return out, nil
		}
	}
	return int64Pair(m, n, s, func(out *data.Vector, a, b []int64, rows []int32) {
		o := out.I128
		if rows == nil {
			a, b = a[:len(o)], b[:len(o)]
			for i := range o {
				o[i] = data.MulInt64(a[i], b[i])
			}
			return
		}
		for _, i := range rows {
			o[i] = data.MulInt64(a[i], b[i])
		}
	})
}

type decimalFn func(a data.Int128, sa int, b data.Int128, sb, precision, scale int) (data.Int128, bool)

func decimalOp(op string) (decimalFn, error) {
	switch op {
	case "+":
		return data.AddDecimal, nil
	case "-":
		return data.SubDecimal, nil
	case "*":
		return data.MulDecimal, nil
	case "/":
		return data.DivDecimal, nil
	case "%":
		return data.ModDecimal, nil
	}
	return nil, fmt.Errorf("no such operator")
}

func decimalKernel(e Expr, l, r *node, op decimalFn) kernel {
	divides := e.Func == "/" || e.Func == "%"
	sl, sr := scaleOf(l.typ), scaleOf(r.typ)
	return func(m *machine, n *node, s *selection) (*data.Vector, error) {
		a, b, err := m.operands(n, s)
		if err != nil {
			return nil, err
		}
		out := m.out(n)
		setNulls(out, a, b)
		s = m.notNull(s, out.Nulls)
		left, right := number128(a), number128(b)
		for _, i := range m.rows(s) {
			x, y := left(i), right(i)
			if divides && y.Sign() == 0 {
				out.Release()
				return nil, fmt.Errorf("division by zero in %s (%s %s 0)", n.expr, data.AppendDecimal(nil, x, sl), e.Func)
			}
			z, ok := op(x, sl, y, sr, e.Type.Precision, e.Type.Scale)
			setDecimal(out, i, z, ok)
		}
		return out, nil
	}
}
