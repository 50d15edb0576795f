package expr

import (
	"fmt"
	"unsafe"

	"github.com/weir-streams/weir/engine/data"
)

// junction is AND or OR. Operands are taken in order: cheap ones over all rows,
// their masks combined as words; others only over the rows not decided yet, so
// that what an earlier operand excludes can neither fail nor cost.
func (c *compiler) junction(e Expr, args []*node) (*node, error) {
	and := e.Func == "AND"
	var flat []*node
	for _, a := range args {
		if a.typ.Kind == data.Null {
			a = c.null(data.Of(data.Boolean))
		}
		if a.typ.Kind != data.Boolean {
			return nil, fmt.Errorf("%s is not BOOLEAN", a.typ)
		}
		// The neutral literal says nothing; the deciding one ends the list.
		if a.konst != nil && !a.konst.Null {
			if (a.konst.I != 0) == and {
				continue
			}
			flat = append(flat, a)
			break
		}
		if a.konst == nil && a.expr.Func == e.Func && a.column < 0 {
			flat = append(flat, a.args...)
			continue
		}
		flat = append(flat, a)
	}
	if and {
		var err error
		if flat, err = c.ranges(e, flat); err != nil {
			return nil, err
		}
	}
	switch len(flat) {
	case 0:
		return c.literal(data.Value{I: int64(b2i(and))}, e.Type), nil
	case 1:
		return flat[0], nil
	}
	later(flat)
	return c.make(e, flat, false, func() (kernel, bool, error) {
		return func(m *machine, n *node, s *selection) (*data.Vector, error) {
			return m.junction(n, s, and)
		}, true, nil
	})
}

// later moves costly operands behind others. Both must be safe: the order of
// what may fail is the user's.
func later(list []*node) {
	for i := len(list) - 2; i >= 0; i-- {
		for k := i; k+1 < len(list) && list[k].costly && list[k].safe && list[k+1].safe && !list[k+1].costly; k++ {
			list[k], list[k+1] = list[k+1], list[k]
		}
	}
}

func (m *machine) junction(n *node, s *selection, and bool) (*data.Vector, error) {
	out := m.out(n)
	open := s // rows that no operand has decided
	for k, a := range n.args {
		if k > 0 && !m.atHand(a, open) {
			if open = m.undecided(out, open, and); open.count() == 0 {
				break
			}
		}
		v, err := m.vec(a, open)
		if err != nil {
			out.Release()
			return nil, err
		}
		if k == 0 {
			copyMask(out, v, open)
			continue
		}
		combineMask(out, v, open, and)
	}
	return out, nil
}

// undecided lists the rows of s where the mask is not yet FALSE (AND) or TRUE (OR).
func (m *machine) undecided(out *data.Vector, s *selection, and bool) *selection {
	rows := m.takeRows(s.count())
	k := 0
	flip := uint8(0)
	if !and {
		flip = 1
	}
	if out.Nulls == nil {
		for _, i := range m.rows(s) {
			rows[k] = i
			k += int(out.Bool[i] ^ flip)
		}
	} else {
		for _, i := range m.rows(s) {
			rows[k] = i
			k += int(out.Bool[i] ^ flip | uint8(out.Nulls[i>>6]>>(i&63)&1))
		}
	}
	if k == s.count() {
		return s
	}
	return m.narrow(s, rows[:k])
}

func copyMask(out, v *data.Vector, s *selection) {
	if rows := s.sparse(); rows != nil {
		for _, i := range rows {
			out.Bool[i] = v.Bool[i] & 1
		}
	} else {
		copy(out.Bool, v.Bool)
		if s.rows != nil {
			maskGarbage(out.Bool) // rows outside s may hold anything
		}
	}
	setNulls(out, v, nil)
}

// maskGarbage makes every byte 0 or 1.
func maskGarbage(b []uint8) {
	for i := range b {
		b[i] &= 1
	}
}

func combineMask(out, v *data.Vector, s *selection, and bool) {
	rows := s.sparse()
	if out.Nulls == nil && v.Nulls == nil {
		if rows != nil {
			for _, i := range rows {
				if and {
					out.Bool[i] &= v.Bool[i]
				} else {
					out.Bool[i] |= v.Bool[i]
				}
			}
			return
		}
		combineWords(out.Bool, v.Bool, and)
		return
	}
	for _, i := range listed(s) {
		x, y := out.Bool[i], v.Bool[i]
		xn, yn := out.IsNull(int(i)), v.IsNull(int(i))
		deciding := uint8(1)
		if and {
			deciding = 0
		}
		switch {
		case !xn && x == deciding, !yn && y == deciding:
			out.Bool[i] = deciding
			out.ClearNull(int(i))
		case xn || yn:
			out.Bool[i] = 1 - deciding
			out.SetNull(int(i))
		default:
			out.Bool[i] = 1 - deciding
		}
	}
}

// listed returns the rows of s as a list, made if need be.
func listed(s *selection) []int32 {
	if s.rows != nil {
		return s.rows
	}
	if s.n <= len(firstRows) {
		return firstRows[:s.n]
	}
	rows := make([]int32, s.n)
	for i := range rows {
		rows[i] = int32(i)
	}
	return rows
}

var firstRows = func() []int32 {
	rows := make([]int32, data.BatchSize)
	for i := range rows {
		rows[i] = int32(i)
	}
	return rows
}()

// combineWords joins masks eight rows at a time.
func combineWords(o, v []uint8, and bool) {
	v = v[:len(o)]
	n := len(o) / 8
	if n > 0 {
		ow := unsafe.Slice((*uint64)(unsafe.Pointer(unsafe.SliceData(o))), n)
		vw := unsafe.Slice((*uint64)(unsafe.Pointer(unsafe.SliceData(v))), n)
		if and {
			for i := range ow {
				ow[i] &= vw[i]
			}
		} else {
			for i := range ow {
				ow[i] |= vw[i]
			}
		}
	}
	for i := n * 8; i < len(o); i++ {
		if and {
			o[i] &= v[i]
		} else {
			o[i] |= v[i]
		}
	}
}

func (c *compiler) not(e Expr, x *node) (*node, error) {
	if x.konst != nil {
		if x.konst.Null {
			return c.null(e.Type), nil
		}
		return c.literal(data.Value{I: 1 - x.konst.I}, e.Type), nil
	}
	if x.typ.Kind != data.Boolean {
		return nil, fmt.Errorf("%s is not BOOLEAN", x.typ)
	}
	return c.make(e, []*node{x}, false, func() (kernel, bool, error) {
		return func(m *machine, n *node, s *selection) (*data.Vector, error) {
			v, err := m.vec(n.args[0], s)
			if err != nil {
				return nil, err
			}
			out := m.out(n)
			setNulls(out, v, nil)
			if rows := s.sparse(); rows != nil {
				for _, i := range rows {
					out.Bool[i] = v.Bool[i] ^ 1
				}
				return out, nil
			}
			a := v.Bool[:len(out.Bool)]
			for i := range out.Bool {
				out.Bool[i] = a[i] ^ 1
			}
			return out, nil
		}, true, nil
	})
}

// isNull is IS [NOT] NULL and, for booleans, IS [NOT] UNKNOWN.
func (c *compiler) isNull(e Expr, x *node) (*node, error) {
	want := uint8(1)
	if e.Func == "IS NOT NULL" || e.Func == "IS NOT UNKNOWN" {
		want = 0
	}
	if x.konst != nil || x.typ.Kind == data.Null {
		null := x.typ.Kind == data.Null || x.konst.Null
		return c.literal(data.Value{I: int64(b2i(null) ^ 1 ^ want)}, e.Type), nil
	}
	return c.make(e, []*node{x}, false, func() (kernel, bool, error) {
		return func(m *machine, n *node, s *selection) (*data.Vector, error) {
			v, err := m.vec(n.args[0], s)
			if err != nil {
				return nil, err
			}
			out := m.out(n)
			if v.Nulls == nil {
				fill(out.Bool, 1-want)
				return out, nil
			}
			o := out.Bool
			for i := range o {
				o[i] = uint8(v.Nulls[i>>6]>>(i&63)&1) ^ 1 ^ want
			}
			return out, nil
		}, true, nil
	})
}

// isTrue is IS [NOT] TRUE and IS [NOT] FALSE.
func (c *compiler) isTrue(e Expr, x *node) (*node, error) {
	if x.typ.Kind == data.Null {
		x = c.null(data.Of(data.Boolean))
	}
	if x.typ.Kind != data.Boolean {
		return nil, fmt.Errorf("%s is not BOOLEAN", x.typ)
	}
	forFalse, negate := uint8(0), uint8(0)
	switch e.Func {
	case "IS NOT TRUE":
		negate = 1
	case "IS FALSE":
		forFalse = 1
	case "IS NOT FALSE":
		forFalse, negate = 1, 1
	}
	return c.make(e, []*node{x}, false, func() (kernel, bool, error) {
		return func(m *machine, n *node, s *selection) (*data.Vector, error) {
			v, err := m.vec(n.args[0], s)
			if err != nil {
				return nil, err
			}
			out := m.out(n)
			o, a := out.Bool, v.Bool[:len(out.Bool)]
			if v.Nulls == nil {
				for i := range o {
					o[i] = a[i]&1 ^ forFalse ^ negate
				}
				return out, nil
			}
			for i := range o {
				known := ^uint8(v.Nulls[i>>6]>>(i&63)) & 1
				o[i] = (a[i]&1^forFalse)&known ^ negate
			}
			return out, nil
		}, true, nil
	})
}
