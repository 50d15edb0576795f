package expr

import (
	"bytes"
	"fmt"
	"math/bits"

	"github.com/weir-streams/weir/engine/data"
)

// comparison is one of the six operators.
type comparison uint8

const (
	eq comparison = iota
	ne
	lt
	le
	gt
	ge
)

var comparisons = map[string]comparison{"=": eq, "<>": ne, "<": lt, "<=": le, ">": gt, ">=": ge}

// mirrored is the operator with its sides exchanged.
var mirrored = [...]comparison{eq, ne, gt, ge, lt, le}

// holds tells whether the order (-1, 0, 1) satisfies the operator.
func (op comparison) holds(order int) bool {
	switch op {
	case eq:
		return order == 0
	case ne:
		return order != 0
	case lt:
		return order < 0
	case le:
		return order <= 0
	case gt:
		return order > 0
	}
	return order >= 0
}

func (c *compiler) compare(e Expr, l, r *node) (*node, error) {
	op, plain := comparisons[e.Func]
	if plain && (l.konst != nil && l.konst.Null || r.konst != nil && r.konst.Null) {
		return c.null(e.Type), nil
	}
	l, r, err := c.alike(l, r)
	if err != nil {
		return nil, err
	}
	if !plain {
		return c.distinct(e, l, r)
	}
	if l.konst != nil && r.konst == nil {
		l, r, op = r, l, mirrored[op]
	}
	if n, err := c.divisible(e, op, l, r); n != nil || err != nil {
		return n, err
	}
	if n, err := c.scaled(e, op, l, r); n != nil || err != nil {
		return n, err
	}
	return c.compareNode(e, op, l, r)
}

func (c *compiler) compareNode(e Expr, op comparison, l, r *node) (*node, error) {
	// The name of the kernel's meaning, not of what was written, keys the node.
	key := e
	for name, o := range comparisons {
		if o == op {
			key.Func = name
		}
	}
	key.Args = []Expr{l.expr, r.expr}
	return c.make(key, []*node{l, r}, false, func() (kernel, bool, error) {
		return compareKernel(op, l, r)
	})
}

// alike brings two operands to one layout.
func (c *compiler) alike(l, r *node) (*node, *node, error) {
	lt, rt := l.typ, r.typ
	if lt.Kind == data.Null || l.konst != nil && l.konst.Null {
		return c.null(rt), r, nil
	}
	if rt.Kind == data.Null || r.konst != nil && r.konst.Null {
		return l, c.null(lt), nil
	}
	var common data.Type
	switch {
	case isNumeric(lt.Kind) && isNumeric(rt.Kind):
		switch {
		case lt.Kind == data.Decimal && approximate(rt.Kind) || rt.Kind == data.Decimal && approximate(lt.Kind):
			common = data.Of(data.Double)
		case lt.Kind == data.Float || rt.Kind == data.Float: // FLOAT with DOUBLE compares as FLOAT
			common = data.Of(data.Float)
		case lt.Kind == data.Double || rt.Kind == data.Double:
			common = data.Of(data.Double)
		case lt.Kind == data.Decimal || rt.Kind == data.Decimal:
			return c.alikeDecimal(exact(l), exact(r))
		case lt.Kind == data.BigInt || rt.Kind == data.BigInt:
			common = data.Of(data.BigInt)
		default:
			return l, r, nil
		}
	case lt.Phys() == data.PhysString && rt.Phys() == data.PhysString:
		return l, r, nil
	case lt.Kind == rt.Kind && (lt.Kind == data.Timestamp || lt.Kind == data.TimestampLTZ):
		if lt.Phys() == rt.Phys() {
			return l, r, nil
		}
		common = lt
		if rt.Precision > lt.Precision {
			common = rt
		}
	case sameLayout(lt, rt) && lt.Kind == rt.Kind:
		return l, r, nil
	default:
		return nil, nil, fmt.Errorf("%s and %s cannot be compared", lt, rt)
	}
	l, err := c.convert(l, common.WithNull(lt.Nullable))
	if err != nil {
		return nil, nil, err
	}
	r, err = c.convert(r, common.WithNull(rt.Nullable))
	return l, r, err
}

func approximate(k data.Kind) bool { return k == data.Float || k == data.Double }

// alikeDecimal gives a literal the scale of the other side where that is
// exact, so that the plain kernels can be used.
func (c *compiler) alikeDecimal(l, r *node) (*node, *node, error) {
	if l.konst != nil && r.konst == nil {
		r2, l2, err := c.alikeDecimal(r, l)
		return l2, r2, err
	}
	if r.konst != nil && l.konst == nil {
		x := data.I128(r.konst.I)
		if r.typ.Phys() == data.PhysI128 {
			x = r.konst.D
		}
		s := scaleOf(l.typ)
		y, ok := data.RescaleDecimal(x, scaleOf(r.typ), s, data.MaxDecimal)
		if ok && data.CmpDecimal(x, scaleOf(r.typ), y, s) == 0 {
			t := data.Type{Kind: data.Decimal, Precision: data.MaxDecimal, Scale: s}
			if l.typ.Phys() != data.PhysI128 && data.FitsDecimal(y, data.CompactDecimal) {
				if isInteger(l.typ.Kind) {
					lw, err := c.convert(l, data.Of(data.BigInt).WithNull(l.typ.Nullable))
					return lw, c.literal(data.Value{I: y.Int64()}, data.Of(data.BigInt)), err
				}
				t.Precision = data.CompactDecimal
				return l, c.literal(data.Value{I: y.Int64()}, t), nil
			}
			if l.typ.Phys() == data.PhysI128 {
				return l, c.literal(data.Value{D: y}, t), nil
			}
		}
	}
	if isInteger(l.typ.Kind) && isInteger(r.typ.Kind) { // seen through the casts
		return c.alike(l, r)
	}
	return l, r, nil
}

// divisible recognises MOD(x, constant) = 0 (or <> 0), which needs no division.
func (c *compiler) divisible(e Expr, op comparison, l, r *node) (*node, error) {
	if op != eq && op != ne || r.konst == nil || r.konst.Null || r.konst.I != 0 || !isInteger(r.typ.Kind) {
		return nil, nil
	}
	for l.expr.Kind == KindCall && l.expr.Func == "CAST" && l.konst == nil && isInteger(l.typ.Kind) && isInteger(l.args[0].typ.Kind) &&
		precisionOf(l.typ) >= precisionOf(l.args[0].typ) {
		l = l.args[0]
	}
	name := l.expr.Func
	if l.konst != nil || l.column >= 0 || name != "%" && name != "MOD" || len(l.args) != 2 || l.typ.Kind != data.Int && l.typ.Kind != data.BigInt {
		return nil, nil
	}
	x, k := l.args[0], l.args[1].konst
	if k == nil || k.Null || k.I == 0 || !isInteger(l.args[1].typ.Kind) || !isInteger(x.typ.Kind) {
		return nil, nil
	}
	d := newDivisor(k.I)
	return c.make(e, []*node{l}, false, func() (kernel, bool, error) {
		flip := uint8(0)
		if op == ne {
			flip = 1
		}
		return func(m *machine, n *node, s *selection) (*data.Vector, error) {
			v, err := m.vec(x, s)
			if err != nil {
				return nil, err
			}
			out := m.out(n)
			setNulls(out, v, nil)
			if v.Type.Phys() == data.PhysI32 {
				dividesAll(out.Bool, v.I32, &d, flip, s.sparse())
			} else {
				dividesAll(out.Bool, v.I64, &d, flip, s.sparse())
			}
			return out, nil
		}, true, nil
	})
}

func dividesAll[T signed](o []uint8, a []T, d *divisor, flip uint8, rows []int32) {
	if rows != nil {
		for _, i := range rows {
			o[i] = b2i(d.divides(int64(a[i]))) ^ flip
		}
		return
	}
	a = a[:len(o)]
	if d.pow2 {
		mask := uint64(1)<<d.odd - 1
		for i := range o {
			o[i] = b2i(uint64(a[i])&mask == 0) ^ flip
		}
		return
	}
	inverse, bias, limit, turn := d.inverse, d.bias, d.limit, -d.odd
	for i := range o {
		o[i] = b2i(bits.RotateLeft64(uint64(a[i])*inverse+bias, turn) <= limit) ^ flip
	}
}

func compareKernel(op comparison, l, r *node) (kernel, bool, error) {
	lp, rp := l.typ.Phys(), r.typ.Phys()
	decimals := l.typ.Kind == data.Decimal || r.typ.Kind == data.Decimal
	sa, sb := scaleOf(l.typ), scaleOf(r.typ)
	if decimals && (lp != rp || sa != sb) {
		return rowKernel(func(a, b *data.Vector) func(i int32) bool {
			x, y := number128(a), number128(b)
			return func(i int32) bool { return op.holds(data.CmpDecimal(x(i), sa, y(i), sb)) }
		}), true, nil
	}
	switch lp {
	case data.PhysBool:
		return typedCompare(op, r.konst, bools, func(x *data.Value) uint8 { return uint8(x.I) }), true, nil
	case data.PhysI32:
		return typedCompare(op, r.konst, i32s, func(x *data.Value) int32 { return int32(x.I) }), true, nil
	case data.PhysI64:
		return typedCompare(op, r.konst, i64s, func(x *data.Value) int64 { return x.I }), true, nil
	case data.PhysF32:
		return typedCompare(op, r.konst, f32s, func(x *data.Value) float32 { return float32(x.F) }), true, nil
	case data.PhysF64:
		return typedCompare(op, r.konst, f64s, func(x *data.Value) float64 { return x.F }), true, nil
	case data.PhysI128:
		return compare128(op, r.konst), true, nil
	case data.PhysString:
		if r.konst != nil && (op == eq || op == ne) {
			return equalsText(op, r.konst.S), false, nil
		}
		return rowKernel(func(a, b *data.Vector) func(i int32) bool {
			if op == eq || op == ne {
				return func(i int32) bool { return sameBytes(a, i, b, i) == (op == eq) }
			}
			return func(i int32) bool { return op.holds(bytes.Compare(a.Bytes(int(i)), b.Bytes(int(i)))) }
		}), false, nil
	case data.PhysTime, data.PhysList, data.PhysRow:
		if l.typ.Kind == data.Map && op != eq && op != ne {
			return nil, false, fmt.Errorf("maps have no order")
		}
		return rowKernel(func(a, b *data.Vector) func(i int32) bool {
			if op == eq || op == ne {
				return func(i int32) bool { return data.EqualAt(a, int(i), b, int(i)) == (op == eq) }
			}
			return func(i int32) bool { return op.holds(data.OrderAt(a, int(i), b, int(i))) }
		}), false, nil
	}
	return nil, false, fmt.Errorf("%s cannot be compared", l.typ)
}

// typedCompare compares a column with a column or a literal.
func typedCompare[T uint8 | int32 | int64 | float32 | float64](op comparison, lit *data.Value, of func(*data.Vector) []T, value func(*data.Value) T) kernel {
	if lit != nil {
		k := value(lit)
		return func(m *machine, n *node, s *selection) (*data.Vector, error) {
			v, err := m.vec(n.args[0], s)
			if err != nil {
				return nil, err
			}
			out := m.out(n)
			setNulls(out, v, nil)
			compareC(op, out.Bool, of(v), k, s.sparse())
			return out, nil
		}
	}
	return func(m *machine, n *node, s *selection) (*data.Vector, error) {
		l, r, err := m.operands(n, s)
		if err != nil {
			return nil, err
		}
		out := m.out(n)
		setNulls(out, l, r)
		compareV(op, out.Bool, of(l), of(r), s.sparse())
		return out, nil
	}
}

func compare128(op comparison, lit *data.Value) kernel {
	if lit == nil {
		return rowKernel(func(a, b *data.Vector) func(i int32) bool {
			return func(i int32) bool { return op.holds(a.I128[i].Cmp(b.I128[i])) }
		})
	}
	k := lit.D
	return func(m *machine, n *node, s *selection) (*data.Vector, error) {
		v, err := m.vec(n.args[0], s)
		if err != nil {
			return nil, err
		}
		out := m.out(n)
		setNulls(out, v, nil)
		compare128C(op, out.Bool, v.I128, k, s.sparse())
		return out, nil
	}
}

func b2i(b bool) uint8 {
	var x uint8
	if b {
		x = 1
	}
	return x
}

// rowKernel compares row by row what the typed loops do not know.
func rowKernel(test func(a, b *data.Vector) func(i int32) bool) kernel {
	return func(m *machine, n *node, s *selection) (*data.Vector, error) {
		l, r, err := m.operands(n, s)
		if err != nil {
			return nil, err
		}
		out := m.out(n)
		setNulls(out, l, r)
		s = m.notNull(s, out.Nulls)
		holds := test(l, r)
		for _, i := range m.rows(s) {
			out.Bool[i] = b2i(holds(i))
		}
		return out, nil
	}
}

// equalsText compares strings with a literal: views first, bytes if those agree.
func equalsText(op comparison, text string) kernel {
	flip := uint8(0)
	if op == ne {
		flip = 1
	}
	want := []byte(text)
	return func(m *machine, n *node, s *selection) (*data.Vector, error) {
		v, err := m.vec(n.args[0], s)
		if err != nil {
			return nil, err
		}
		out := m.out(n)
		setNulls(out, v, nil)
		s = m.notNull(s, out.Nulls)
		o := out.Bool
		if len(want) <= data.InlineLen {
			w := data.InlineView(want)
			for _, i := range m.rows(s) {
				o[i] = b2i(v.Views[i] == w) ^ flip
			}
			return out, nil
		}
		head := uint64(len(want)) | uint64(want[0])<<32 | uint64(want[1])<<40 | uint64(want[2])<<48 | uint64(want[3])<<56
		for _, i := range m.rows(s) {
			o[i] = b2i(v.Views[i].A == head && bytes.Equal(v.Bytes(int(i)), want)) ^ flip
		}
		return out, nil
	}
}

// sameBytes compares two strings, mostly by their views.
func sameBytes(a *data.Vector, i int32, b *data.Vector, j int32) bool {
	x, y := a.Views[i], b.Views[j]
	if x.A != y.A {
		return false
	}
	if x.Len() <= data.InlineLen {
		return x.B == y.B
	}
	return bytes.Equal(a.Bytes(int(i)), b.Bytes(int(j)))
}

// distinct is IS [NOT] DISTINCT FROM: NULL equals NULL, and the answer is never NULL.
func (c *compiler) distinct(e Expr, l, r *node) (*node, error) {
	same, err := c.make(Call("=", data.Of(data.Boolean), l.expr, r.expr), []*node{l, r}, false, func() (kernel, bool, error) {
		return compareKernel(eq, l, r)
	})
	if err != nil {
		return nil, err
	}
	negate := uint8(0)
	if e.Func == "IS DISTINCT FROM" {
		negate = 1
	}
	return c.make(e, []*node{l, r, same}, false, func() (kernel, bool, error) {
		return func(m *machine, n *node, s *selection) (*data.Vector, error) {
			a, b, err := m.operands(n, s)
			if err != nil {
				return nil, err
			}
			v, err := m.vec(n.args[2], s)
			if err != nil {
				return nil, err
			}
			out := m.out(n)
			for _, i := range m.rows(s) {
				an, bn := a.IsNull(int(i)), b.IsNull(int(i))
				if an || bn {
					out.Bool[i] = b2i(an && bn) ^ negate
				} else {
					out.Bool[i] = v.Bool[i] ^ negate
				}
			}
			return out, nil
		}, true, nil
	})
}
