package expr

import (
	"math"
	"math/big"

	"github.com/weir-streams/weir/engine/data"
)

// scaled recognises a constant times a column compared with a constant, such as
// 0.908 * price > 1000000, and compares the column with the quotient instead:
// nothing is multiplied. It gives nil where the product is not exact.
func (c *compiler) scaled(e Expr, op comparison, l, r *node) (*node, error) {
	if l.expr.Kind != KindCall || l.expr.Func != "*" || len(l.args) != 2 || l.typ.Kind != data.Decimal || op == eq || op == ne ||
		r.konst == nil || r.konst.Null || scaleOf(l.typ) != scaleOf(r.typ) || l.typ.Phys() != r.typ.Phys() {
		return nil, nil
	}
	x, k := l.args[0], l.args[1]
	if x.konst != nil {
		x, k = k, x
	}
	if x.konst != nil || k.konst == nil || k.konst.Null || k.konst.I <= 0 || k.typ.Phys() == data.PhysI128 || x.typ.Phys() != data.PhysI64 ||
		fastDecimal(l.expr.typed(l.typ), x, k) == nil {
		return nil, nil
	}
	limit := big.NewInt(r.konst.I)
	if r.typ.Phys() == data.PhysI128 {
		limit.SetInt64(r.konst.D.Hi)
		limit.Lsh(limit, 64).Add(limit, new(big.Int).SetUint64(r.konst.D.Lo))
	}
	// DivMod rounds down for a positive divisor.
	quotient, rest := new(big.Int).DivMod(limit, big.NewInt(k.konst.I), new(big.Int))
	if (op == lt || op == ge) && rest.Sign() != 0 {
		quotient.Add(quotient, big.NewInt(1))
	}
	if !quotient.IsInt64() {
		return nil, nil
	}
	t := data.Of(data.BigInt).NotNull()
	if x.typ.Kind == data.Decimal {
		t = data.Type{Kind: data.Decimal, Precision: data.CompactDecimal, Scale: x.typ.Scale}
	}
	return c.compareNode(e, op, x, c.literal(data.Value{I: quotient.Int64()}, t))
}

func (e Expr) typed(t data.Type) Expr {
	e.Type = t
	return e
}

// ranges joins x >= a and x <= b among the operands of AND: one look at the
// column answers both.
func (c *compiler) ranges(e Expr, list []*node) ([]*node, error) {
	for i := 0; i < len(list); i++ {
		lo, hi, ok := bounds(list[i])
		if !ok {
			continue
		}
		x, joined := list[i].args[0], false
		for k := i + 1; k < len(list); {
			a, b, ok := bounds(list[k])
			if !ok || list[k].args[0] != x {
				k++
				continue
			}
			lo, hi, joined = max(lo, a), min(hi, b), true
			list = append(list[:k:k], list[k+1:]...)
		}
		if !joined {
			continue
		}
		t := x.typ.NotNull()
		n, err := c.make(Call("IN RANGE", e.Type), []*node{x, c.literal(data.Value{I: lo}, t), c.literal(data.Value{I: hi}, t)}, false, func() (kernel, bool, error) {
			return rangeKernel(lo, hi), true, nil
		})
		if err != nil {
			return nil, err
		}
		list[i] = n
	}
	return list, nil
}

// bounds gives the values, both ends included, for which a comparison of a
// column of 64-bit integers with a literal is TRUE.
func bounds(n *node) (lo, hi int64, ok bool) {
	if n.expr.Kind != KindCall || len(n.args) != 2 || n.konst != nil {
		return 0, 0, false
	}
	x, k := n.args[0], n.args[1]
	if k.konst == nil || k.konst.Null || x.konst != nil || x.typ.Phys() != data.PhysI64 || k.typ.Phys() != data.PhysI64 || scaleOf(x.typ) != scaleOf(k.typ) {
		return 0, 0, false
	}
	switch lo, hi = math.MinInt64, math.MaxInt64; n.expr.Func {
	case ">":
		return k.konst.I + 1, hi, k.konst.I < math.MaxInt64
	case ">=":
		return k.konst.I, hi, true
	case "<":
		return lo, k.konst.I - 1, k.konst.I > math.MinInt64
	case "<=":
		return lo, k.konst.I, true
	}
	return 0, 0, false
}

func rangeKernel(lo, hi int64) kernel {
	return func(m *machine, n *node, s *selection) (*data.Vector, error) {
		v, err := m.vec(n.args[0], s)
		if err != nil {
			return nil, err
		}
		out := m.out(n)
		setNulls(out, v, nil)
		o, a := out.Bool, v.I64
		first, span := uint64(lo), uint64(hi)-uint64(lo)
		switch rows := s.sparse(); {
		case lo > hi:
			clear(o)
		case rows != nil:
			for _, i := range rows {
				o[i] = b2i(uint64(a[i])-first <= span)
			}
		default:
			a = a[:len(o)]
			for i := range o {
				o[i] = b2i(uint64(a[i])-first <= span)
			}
		}
		return out, nil
	}
}
