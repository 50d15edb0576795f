package expr

import (
	"fmt"

	"github.com/weir-streams/weir/engine/data"
)

// field is ROW.field: the field's own column wherever it has the row's NULLs.
func (c *compiler) field(e Expr, row *node) (*node, error) {
	if row.typ.Kind == data.Null || row.konst != nil && row.konst.Null {
		return c.null(e.Type), nil
	}
	k := int(e.Args[1].Value.I)
	if row.typ.Kind != data.Row || e.Args[1].Kind != KindLiteral || k < 0 || k >= len(row.typ.Args) {
		return nil, fmt.Errorf("no field %s in %s", e.Args[1], row.typ)
	}
	if !sameLayout(row.typ.Args[k], e.Type) {
		return nil, fmt.Errorf("field %d is %s, not %s", k, row.typ.Args[k], e.Type)
	}
	key := e
	key.Func = fmt.Sprintf("FIELD %d", k)
	n, err := c.make(key, []*node{row}, false, func() (kernel, bool, error) {
		return func(m *machine, n *node, s *selection) (*data.Vector, error) {
			v, err := m.vec(n.args[0], s)
			if err != nil {
				return nil, err
			}
			f := v.Children[k]
			if covered(v.Nulls, f.Nulls, s) {
				return f.Retain(), nil
			}
			out := m.out(n)
			setNulls(out, v, nil)
			copyAll(out, f, m.rows(m.notNull(s, v.Nulls)))
			return out, nil
		}, true, nil
	})
	if n != nil {
		n.expr = e
	}
	return n, err
}

// covered tells whether every selected row that is NULL in the row is NULL in
// the field already.
func covered(row, field []uint64, s *selection) bool {
	if row == nil {
		return true
	}
	if s.rows == nil {
		for i, w := range row {
			if field != nil {
				w &^= field[i]
			}
			if w != 0 {
				return false
			}
		}
		return true
	}
	var open uint64
	for _, i := range s.rows {
		w := row[i>>6]
		if field != nil {
			w &^= field[i>>6]
		}
		open |= w >> (i & 63) & 1
	}
	return open == 0
}

// item is array[position] and map[key]; what is not there is NULL.
func (c *compiler) item(e Expr, coll, at *node) (*node, error) {
	if coll.typ.Kind == data.Null || at.typ.Kind == data.Null || coll.konst != nil && coll.konst.Null || at.konst != nil && at.konst.Null {
		return c.null(e.Type), nil
	}
	switch coll.typ.Kind {
	case data.Array:
		if !isInteger(at.typ.Kind) {
			return nil, fmt.Errorf("position %s of an array is %s, not an integer", at.expr, at.typ)
		}
	case data.Map:
		var err error
		if at, err = c.convert(at, coll.typ.Args[0].WithNull(at.typ.Nullable)); err != nil {
			return nil, err
		}
	default:
		return nil, fmt.Errorf("%s has no items", coll.typ)
	}
	return c.make(e, []*node{coll, at}, false, func() (kernel, bool, error) {
		return func(m *machine, n *node, s *selection) (*data.Vector, error) {
			a, b, err := m.operands(n, s)
			if err != nil {
				return nil, err
			}
			out := m.out(n)
			setNulls(out, a, b)
			rows := m.rows(m.notNull(s, out.Nulls))
			from := make([]int32, 0, len(rows))
			for _, i := range rows {
				from = append(from, findItem(a, b, int(i)))
			}
			takeItems(out, a.Children[len(a.Children)-1], rows, from)
			return out, nil
		}, false, nil
	})
}

// findItem returns the place of an item among the children, -1 for none.
func findItem(coll, at *data.Vector, i int) int32 {
	from, to := coll.Offsets[i], coll.Offsets[i+1]
	if coll.Type.Kind == data.Array {
		var k int64
		if at.Type.Phys() == data.PhysI32 {
			k = int64(at.I32[i])
		} else {
			k = at.I64[i]
		}
		if k < 1 || k > int64(to-from) {
			return -1
		}
		return from + int32(k-1)
	}
	for j := from; j < to; j++ {
		if data.EqualAt(coll.Children[0], int(j), at, i) {
			return j
		}
	}
	return -1
}

// takeItems makes rows[k] of out element from[k] of elems, NULL for -1.
func takeItems(out, elems *data.Vector, rows, from []int32) {
	if hasList(out.Type) {
		values := make(map[int32]data.Value, len(rows))
		for k, i := range rows {
			if from[k] >= 0 {
				values[i] = elems.ValueAt(int(from[k]))
			}
		}
		for i := range out.N {
			if x, ok := values[int32(i)]; ok {
				out.SetValueAt(i, x)
			} else {
				out.SetValueAt(i, data.NullValue())
			}
		}
		return
	}
	base := uint64(0)
	if out.Type.Phys() == data.PhysString {
		base = out.ShareBuffers(elems)
	}
	for k, i := range rows {
		j := int(from[k])
		if j < 0 || elems.IsNull(j) {
			out.SetValueAt(int(i), data.NullValue())
			continue
		}
		switch out.Type.Phys() {
		case data.PhysString:
			out.Views[i] = elems.Views[j].Rebase(base)
		case data.PhysI32:
			out.I32[i] = elems.I32[j]
		case data.PhysI64:
			out.I64[i] = elems.I64[j]
		default:
			out.SetValueAt(int(i), elems.ValueAt(j))
		}
	}
}

// construct is ROW(…), ARRAY[…] and MAP[…].
func (c *compiler) construct(e Expr, args []*node) (*node, error) {
	want := func(i int) data.Type {
		switch e.Func {
		case "ROW":
			return e.Type.Args[i]
		case "MAP":
			return e.Type.Args[i%2]
		}
		return e.Type.Args[0]
	}
	kinds := map[string]data.Kind{"ROW": data.Row, "ARRAY": data.Array, "MAP": data.Map}
	if e.Type.Kind != kinds[e.Func] || e.Func == "ROW" && len(e.Type.Args) != len(args) || e.Func == "MAP" && len(args)%2 != 0 {
		return nil, fmt.Errorf("%d values do not make %s", len(args), e.Type)
	}
	parts := make([]*node, len(args))
	for i, a := range args {
		n, err := c.convert(a, want(i))
		if err != nil {
			return nil, err
		}
		parts[i] = n
	}
	return c.make(e, parts, false, func() (kernel, bool, error) {
		if e.Func == "ROW" {
			return rowConstructor, false, nil
		}
		return listConstructor, false, nil
	})
}

func rowConstructor(m *machine, n *node, s *selection) (*data.Vector, error) {
	out := m.out(n)
	for k, a := range n.args {
		v, err := m.vec(a, s)
		if err != nil {
			out.Release()
			return nil, err
		}
		out.Children[k].Release()
		if a.konst != nil && v.N != m.n {
			out.Children[k] = broadcast(n.typ.Args[k], *a.konst, m.n)
		} else {
			out.Children[k] = v.Retain()
		}
	}
	return out, nil
}

// listConstructor gathers one element of each operand for every row. A key of
// a map that comes twice keeps its last value.
func listConstructor(m *machine, n *node, s *selection) (*data.Vector, error) {
	vs := make([]*data.Vector, len(n.args))
	for k, a := range n.args {
		v, err := m.vec(a, s)
		if err != nil {
			return nil, err
		}
		vs[k] = v
	}
	out := m.out(n)
	w := data.NewListWriter(out)
	per := len(out.Children)
	var keep []int
	for _, i := range m.rows(s) {
		keep = keep[:0]
		for k := 0; k < len(vs); k += per {
			if per == 2 {
				at := -1
				for p, q := range keep {
					if data.EqualAt(vs[q], int(i), vs[k], int(i)) {
						at = p
					}
				}
				if at >= 0 {
					keep[at] = k
					continue
				}
			}
			keep = append(keep, k)
		}
		at := w.Row(int(i), len(keep))
		for p, k := range keep {
			for c := range per {
				out.Children[c].SetValueAt(at+p, vs[k+c].ValueAt(int(i)))
			}
		}
	}
	w.Finish()
	return out, nil
}
