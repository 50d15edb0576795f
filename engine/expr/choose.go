package expr

import (
	"fmt"

	"github.com/weir-streams/weir/engine/data"
)

// choose is CASE and IF: conditions and values in turn, at last the else. Each
// condition is asked only of the rows no earlier one took, each value computed
// only for the rows that take it.
func (c *compiler) choose(e Expr, args []*node) (*node, error) {
	if len(args)%2 == 0 {
		args = append(args[:len(args):len(args)], c.null(e.Type))
	}
	var kept []*node
	for i, a := range args {
		if i%2 == 0 && i < len(args)-1 {
			if a.typ.Kind != data.Boolean && a.typ.Kind != data.Null {
				return nil, fmt.Errorf("condition %s is %s, not BOOLEAN", a.expr, a.typ)
			}
			continue
		}
		v, err := c.convert(a, e.Type)
		if err != nil {
			return nil, err
		}
		if i == len(args)-1 {
			kept = append(kept, v)
			break
		}
		cond := args[i-1]
		if cond.konst != nil {
			if cond.konst.Null || cond.konst.I == 0 {
				continue
			}
			kept = append(kept, v)
			break
		}
		kept = append(kept, cond, v)
	}
	if len(kept) == 1 {
		return kept[0], nil
	}
	key := e
	key.Func = "CASE"
	return c.make(key, kept, false, func() (kernel, bool, error) {
		if blends(e.Type, kept) {
			return (*machine).blend, false, nil
		}
		w := switchOf(e.Type, kept)
		return func(m *machine, n *node, s *selection) (*data.Vector, error) { return m.choose(n, w, s) }, false, nil
	})
}

// coalesce is CASE WHEN a IS NOT NULL THEN a … END.
func (c *compiler) coalesce(e Expr, args []*node) (*node, error) {
	var list []*node
	for i, a := range args {
		if i == len(args)-1 {
			list = append(list, a)
			break
		}
		cond, err := c.isNull(Call("IS NOT NULL", data.Of(data.Boolean).NotNull(), a.expr), a)
		if err != nil {
			return nil, err
		}
		list = append(list, cond, a)
	}
	return c.choose(e, list)
}

func (c *compiler) nullIf(e Expr, x, y *node) (*node, error) {
	same, err := c.compare(Call("=", data.Of(data.Boolean), x.expr, y.expr), x, y)
	if err != nil {
		return nil, err
	}
	return c.choose(e, []*node{same, c.null(e.Type), x})
}

func (m *machine) choose(n *node, w *textSwitch, s *selection) (*data.Vector, error) {
	out := m.out(n)
	nested := hasList(n.typ)
	var picked []pick
	fail := func(err error) (*data.Vector, error) {
		for _, p := range picked {
			p.v.Release()
		}
		out.Release()
		return nil, err
	}
	rest, first := s, 0
	if w != nil {
		var err error
		if rest, err = w.run(m, out, s); err != nil {
			return fail(err)
		}
		first = 2 * w.arms
	}
	for i := first; i < len(n.args) && rest.count() > 0; i += 2 {
		taken := rest
		value := n.args[len(n.args)-1]
		if i+1 < len(n.args) {
			mask, err := m.vec(n.args[i], rest)
			if err != nil {
				return fail(err)
			}
			taken, rest = m.split(mask, rest)
			value = n.args[i+1]
			if taken.count() == 0 {
				continue
			}
		}
		v, err := m.vec(value, taken)
		if err != nil {
			return fail(err)
		}
		if nested {
			picked = append(picked, pick{v.Retain(), m.rows(taken)})
			continue
		}
		copyRows(out, v, m.rows(taken))
	}
	if nested {
		assemble(out, picked)
	}
	return out, nil
}

// split parts the rows where the mask is TRUE from the others.
func (m *machine) split(mask *data.Vector, s *selection) (yes, no *selection) {
	a, b := m.takeRows(s.count()), m.takeRows(s.count())
	j, k := 0, 0
	for _, i := range m.rows(s) {
		t := int(mask.Bool[i] & 1)
		if mask.Nulls != nil {
			t &= int(^mask.Nulls[i>>6] >> (i & 63) & 1)
		}
		a[j], b[k] = i, i
		j += t
		k += 1 - t
	}
	switch {
	case k == 0:
		return s, m.narrow(s, b[:0])
	case j == 0:
		return m.narrow(s, a[:0]), s
	}
	return m.narrow(s, a[:j]), m.narrow(s, b[:k])
}

// copyRows copies rows of v to the same rows of out; strings share their bytes.
func copyRows(out, v *data.Vector, rows []int32) {
	switch out.Type.Phys() {
	case data.PhysBool:
		copyAt(out.Bool, v.Bool, rows)
	case data.PhysI32:
		copyAt(out.I32, v.I32, rows)
	case data.PhysI64:
		copyAt(out.I64, v.I64, rows)
	case data.PhysF32:
		copyAt(out.F32, v.F32, rows)
	case data.PhysF64:
		copyAt(out.F64, v.F64, rows)
	case data.PhysI128:
		copyAt(out.I128, v.I128, rows)
	case data.PhysTime:
		copyAt(out.I64, v.I64, rows)
		copyAt(out.Nano, v.Nano, rows)
	case data.PhysString:
		if base := out.ShareBuffers(v); base != 0 {
			for _, i := range rows {
				out.Views[i] = v.Views[i].Rebase(base)
			}
		} else {
			copyAt(out.Views, v.Views, rows)
		}
	case data.PhysRow:
		for k := range out.Children {
			copyRows(out.Children[k], v.Children[k], rows)
		}
	}
	if v.Nulls != nil {
		for _, i := range rows {
			if v.IsNull(int(i)) {
				out.SetNull(int(i))
			}
		}
	}
}

func copyAt[T any](o, a []T, rows []int32) {
	for _, i := range rows {
		o[i] = a[i]
	}
}

// hasList tells whether values of t hold lists, which have to be written in order.
func hasList(t data.Type) bool {
	if t.Phys() == data.PhysList {
		return true
	}
	if t.Kind == data.Row {
		for _, a := range t.Args {
			if hasList(a) {
				return true
			}
		}
	}
	return false
}

// pick is where rows of a result come from.
type pick struct {
	v    *data.Vector
	rows []int32
}

// assemble writes rows of lists in ascending order and releases the sources.
func assemble(out *data.Vector, picked []pick) {
	from := make([]int32, out.N)
	for k, p := range picked {
		for _, i := range p.rows {
			from[i] = int32(k + 1)
		}
	}
	for i := range out.N {
		if from[i] == 0 {
			out.SetValueAt(i, data.NullValue())
			continue
		}
		out.SetValueAt(i, picked[from[i]-1].v.ValueAt(i))
	}
	for _, p := range picked {
		p.v.Release()
	}
}
