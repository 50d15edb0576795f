package operator

import (
	"fmt"

	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/expr"
	"github.com/weir-streams/weir/engine/function"
	"github.com/weir-streams/weir/engine/graph"
)

// unnest gives rows once for each element.
type unnest struct {
	spec   graph.Unnest
	types  []data.Type // of the rows given
	inputs int
	filter *expr.Filter
	ctx    *Context

	rows    []int32
	at      []int32 // row of the input
	element []int32 // its element; -1: none
	ordinal []int32
}

// NewUnnest makes the operator of an Unnest.
func NewUnnest(op graph.Op, input []data.Column, functions *function.Set) (Operator, error) {
	u := &unnest{spec: *op.Unnest, types: typesOf(op.Schema), inputs: len(input)}
	if c := u.spec.Column; c >= 0 && input[c].Type.Phys() != data.PhysList {
		return nil, fmt.Errorf("%s takes %s apart, which is %s", op.Name, input[c].Name, input[c].Type)
	}
	if u.spec.Condition != nil {
		var err error
		if u.filter, err = expr.CompileFilter(*u.spec.Condition, u.types, functions); err != nil {
			return nil, err
		}
	}
	return u, nil
}

func (u *unnest) Open(c *Context) error { u.ctx = c; return nil }
func (u *unnest) Close() error          { return nil }

func (u *unnest) Watermark(wm int64, out Output) error { return out.Watermark(wm) }

func (u *unnest) Process(_ int, b *data.Batch, out Output) error {
	defer b.Release()
	u.rows = Rows(b, u.rows)
	for from := 0; from < len(u.rows); {
		to := u.list(b, from)
		if err := u.give(b, u.rows[from:to], out); err != nil {
			return err
		}
		from = to
	}
	return nil
}

// list lists the elements of the rows from one on, until there are enough for a
// batch, and gives the row to go on with.
func (u *unnest) list(b *data.Batch, from int) int {
	u.at, u.element, u.ordinal = u.at[:0], u.element[:0], u.ordinal[:0]
	i := from
	for ; i < len(u.rows) && len(u.at) < data.BatchSize; i++ {
		r := u.rows[i]
		if u.spec.Column < 0 {
			n := u.spec.Times
			if n == 0 && !b.Cols[u.spec.Count].IsNull(int(r)) {
				n = b.Cols[u.spec.Count].I64[r]
			}
			for k := range n {
				u.at, u.element, u.ordinal = append(u.at, r), append(u.element, 0), append(u.ordinal, int32(k+1))
			}
			continue
		}
		v := b.Cols[u.spec.Column]
		if v.IsNull(int(r)) {
			continue
		}
		rows := v.Type.Kind == data.Array && v.Children[0].Type.Kind == data.Row
		k := int32(0)
		for e := v.Offsets[r]; e < v.Offsets[r+1]; e++ {
			if rows && v.Children[0].IsNull(int(e)) { // a row that is not there has no fields
				k++
				continue
			}
			times := int32(1)
			if v.Type.Kind == data.Multiset {
				times = v.Children[1].I32[e]
			}
			for range times {
				k++
				u.at, u.element, u.ordinal = append(u.at, r), append(u.element, e), append(u.ordinal, k)
			}
		}
	}
	return i
}

// give makes rows of the elements listed, which are of rows.
func (u *unnest) give(b *data.Batch, rows []int32, out Output) error {
	if u.filter != nil {
		o := u.batch(b)
		sel, err := u.filter.Select(o, u.ctx.Env)
		if err != nil {
			o.Release()
			return err
		}
		if sel != nil { // else all pass
			for i, s := range sel {
				u.at[i], u.element[i], u.ordinal[i] = u.at[s], u.element[s], u.ordinal[s]
			}
			u.at, u.element, u.ordinal = u.at[:len(sel)], u.element[:len(sel)], u.ordinal[:len(sel)]
		}
		o.Release()
	}
	if u.spec.Left {
		u.lonely(rows)
	}
	return EmitChunks(u.batch(b), out)
}

// lonely adds the rows without an element.
func (u *unnest) lonely(rows []int32) {
	var at, element, ordinal []int32
	k := 0
	for _, r := range rows {
		if k == len(u.at) || u.at[k] != r {
			at, element, ordinal = append(at, r), append(element, -1), append(ordinal, -1)
		}
		for ; k < len(u.at) && u.at[k] == r; k++ {
			at, element, ordinal = append(at, r), append(element, u.element[k]), append(ordinal, u.ordinal[k])
		}
	}
	u.at, u.element, u.ordinal = at, element, ordinal
}

func (u *unnest) batch(b *data.Batch) *data.Batch {
	o := data.NewBatch(len(u.types))
	o.N, o.IngestedAt = len(u.at), b.IngestedAt
	for _, c := range b.Cols[:u.inputs] {
		o.Cols = append(o.Cols, data.Gather(c, u.at))
	}
	if b.Ops != nil {
		o.Ops = make([]data.Op, o.N)
		for i, r := range u.at {
			o.Ops[i] = b.Ops[r]
		}
	}
	if b.RowWatermarks != nil {
		o.RowWatermarks = make([]int64, o.N)
		for i, r := range u.at {
			o.RowWatermarks[i] = b.RowWatermarks[r]
		}
	}
	if u.spec.Column >= 0 {
		v := b.Cols[u.spec.Column]
		parts := v.Children
		if v.Type.Kind == data.Multiset {
			parts = parts[:1]
		}
		if v.Type.Kind != data.Map && parts[0].Type.Kind == data.Row {
			parts = parts[0].Children
		}
		for _, p := range parts {
			e := u.elements(p, u.types[len(o.Cols)])
			if len(v.Children) > 0 && v.Type.Kind != data.Map && v.Children[0].Type.Kind == data.Row {
				u.within(e, v.Children[0])
			}
			o.Cols = append(o.Cols, e)
		}
	}
	if u.spec.Ordinality {
		e := data.NewVector(u.types[len(o.Cols)], o.N)
		for i, k := range u.ordinal {
			if e.I32[i] = k; k < 0 {
				data.SetNullRow(e, i)
			}
		}
		o.Cols = append(o.Cols, e)
	}
	return o
}

// elements gathers a column of the elements, NULL where there is none.
func (u *unnest) elements(p *data.Vector, t data.Type) *data.Vector {
	if p.N == 0 {
		e := data.NewVector(t, len(u.element))
		for i := range u.element {
			data.SetNullRow(e, i)
		}
		return e
	}
	which := make([]int32, len(u.element))
	for i, k := range u.element {
		which[i] = max(k, 0)
	}
	e := data.Gather(p, which)
	e.Type = t
	for i, k := range u.element {
		if k < 0 {
			e.SetNull(i)
		}
	}
	return e
}

// within makes the fields of rows that are NULL themselves NULL.
func (u *unnest) within(e, row *data.Vector) {
	if row.Nulls == nil {
		return
	}
	for i, k := range u.element {
		if k >= 0 && row.IsNull(int(k)) {
			e.SetNull(i)
		}
	}
}
