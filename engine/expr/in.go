package expr

import (
	"fmt"

	"github.com/weir-streams/weir/engine/data"
)

// in is value IN (list): a set of literals where the layout allows it, else a
// disjunction of comparisons.
func (c *compiler) in(e Expr, args []*node) (*node, error) {
	x := args[0]
	items := args[1:]
	if k, err := c.inSet(e, x, items); k != nil || err != nil {
		return k, err
	}
	var tests []*node
	for _, item := range items {
		t, err := c.compare(Call("=", e.Type, x.expr, item.expr), x, item)
		if err != nil {
			return nil, err
		}
		tests = append(tests, t)
	}
	return c.junction(Call("OR", e.Type), tests)
}

func (c *compiler) inSet(e Expr, x *node, items []*node) (*node, error) {
	if x.konst != nil {
		return nil, nil
	}
	null := false
	texts := map[string]bool{}
	ints := map[int64]bool{}
	for _, item := range items {
		if item.konst == nil {
			return nil, nil
		}
		if item.konst.Null {
			null = true
			continue
		}
		switch p := x.typ.Phys(); {
		case p == data.PhysString && item.typ.Phys() == p:
			texts[item.konst.S] = true
		case (p == data.PhysI64 || p == data.PhysI32) && item.typ.Kind == x.typ.Kind && item.typ.Scale == x.typ.Scale && item.typ.Phys() == p,
			isInteger(x.typ.Kind) && isInteger(item.typ.Kind):
			ints[item.konst.I] = true
		default:
			return nil, nil
		}
	}
	if len(texts)+len(ints) == 0 {
		return nil, nil // nothing but NULLs
	}
	return c.make(e, append([]*node{x}, items...), false, func() (kernel, bool, error) {
		var test func(m *machine, v, out *data.Vector, s *selection)
		switch x.typ.Phys() {
		case data.PhysString:
			test = textSet(texts)
		case data.PhysI32:
			test = intSet(ints, i32s)
		case data.PhysI64:
			test = intSet(ints, i64s)
		default:
			return nil, false, fmt.Errorf("no set of %s", x.typ)
		}
		return func(m *machine, n *node, s *selection) (*data.Vector, error) {
			v, err := m.vec(n.args[0], s)
			if err != nil {
				return nil, err
			}
			out := m.out(n)
			setNulls(out, v, nil)
			s = m.notNull(s, out.Nulls)
			test(m, v, out, s)
			if null {
				for _, i := range m.rows(s) {
					if out.Bool[i] == 0 {
						out.SetNull(int(i))
					}
				}
			}
			return out, nil
		}, len(ints) > 0, nil
	})
}

// fewItems is up to how many items a list is searched from end to end.
const fewItems = 6

func intSet[T signed](set map[int64]bool, of func(*data.Vector) []T) func(m *machine, v, out *data.Vector, s *selection) {
	var few []T
	for x := range set {
		if int64(T(x)) == x {
			few = append(few, T(x))
		}
	}
	return func(m *machine, v, out *data.Vector, s *selection) {
		o, a := out.Bool, of(v)
		if len(few) > fewItems {
			for _, i := range m.rows(s) {
				o[i] = b2i(set[int64(a[i])])
			}
			return
		}
		for _, i := range m.rows(s) {
			var hit uint8
			x := a[i]
			for _, k := range few {
				hit |= b2i(x == k)
			}
			o[i] = hit
		}
	}
}

func textSet(set map[string]bool) func(m *machine, v, out *data.Vector, s *selection) {
	var short []data.View
	small := true
	for x := range set {
		if len(x) > data.InlineLen {
			small = false
			break
		}
		short = append(short, data.InlineView([]byte(x)))
	}
	return func(m *machine, v, out *data.Vector, s *selection) {
		o := out.Bool
		if small && len(short) <= fewItems {
			for _, i := range m.rows(s) {
				var hit uint8
				x := v.Views[i]
				for _, k := range short {
					hit |= b2i(x == k)
				}
				o[i] = hit
			}
			return
		}
		for _, i := range m.rows(s) {
			o[i] = b2i(set[v.Str(int(i))])
		}
	}
}
