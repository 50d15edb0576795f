package topn

import (
	"fmt"
	"unsafe"

	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/operator"
	"github.com/weir-streams/weir/engine/ordered"
	"github.com/weir-streams/weir/engine/state"
)

// changes collects what a batch gives and sends it by columns.
type changes struct {
	types []data.Type
	cols  []int
	at    int64 // IngestedAt of the batch
	out   operator.Output

	rows  []string
	ranks []int64
	ops   []data.Op
}

func (c *changes) begin(b *data.Batch, out operator.Output) {
	c.at, c.out = b.IngestedAt, out
	c.rows, c.ranks, c.ops = c.rows[:0], c.ranks[:0], c.ops[:0]
}

func (c *changes) add(e entry, rank int64, op data.Op) error {
	c.rows, c.ranks, c.ops = append(c.rows, e.row), append(c.ranks, rank), append(c.ops, op)
	if len(c.rows) == data.BatchSize {
		return c.flush()
	}
	return nil
}

func (c *changes) flush() error {
	n := len(c.rows)
	if n == 0 {
		return nil
	}
	o := data.MakeBatch(c.types, n)
	o.IngestedAt = c.at
	into := make([]*data.Vector, len(c.cols))
	for i, k := range c.cols {
		into[i] = o.Cols[k]
	}
	for i, row := range c.rows {
		if _, err := data.DecodeRow(unsafe.Slice(unsafe.StringData(row), len(row)), into, i); err != nil {
			o.Release()
			return fmt.Errorf("row of a top-n: %w", err)
		}
	}
	if len(c.types) > len(c.cols) {
		copy(o.Cols[len(o.Cols)-1].I64, c.ranks)
	}
	o.Ops = append(make([]data.Op, 0, n), c.ops...)
	clear(c.rows)
	c.rows, c.ranks, c.ops = c.rows[:0], c.ranks[:0], c.ops[:0]
	return c.out.Emit(o)
}

// The canonical form: the rows kept, key columns first, those of a partition in
// order.

const rowsState = "rows"

func (t *topN) schema() []data.Column {
	out := make([]data.Column, len(t.cols))
	for i, k := range t.cols {
		out[i] = t.columns[k]
	}
	return out
}

func (t *topN) Snapshot(w *state.Writer) error {
	to := w.Keyed(rowsState, len(t.spec.Keys), 0, t.schema())
	t.keys.Each(func(_ uint64, rec unsafe.Pointer) bool {
		if *number(rec) == 0 {
			return true
		}
		group := data.KeyGroup(state.Hash(rec), t.ctx.MaxParallelism)
		for _, chunk := range t.lists[*number(rec)-1].chunks {
			for _, e := range chunk {
				to.Append(group, []byte(e.row))
			}
		}
		return true
	})
	return nil
}

func (t *topN) Restore(r *state.Reader) error {
	schema := t.schema()
	b := data.NewBatch(0)
	defer func() { b.Release() }()
	cols := make([]*data.Vector, len(t.cols)) // as the input has them
	keys := make([]int, len(t.spec.Keys))
	n := 0
	for i := range keys {
		keys[i] = i
	}
	var recs [1]unsafe.Pointer
	return r.EachRow(rowsState, func(from []data.Column, _ int, row []byte) error {
		if len(from) != len(schema) {
			return fmt.Errorf("the state has %d columns, the query now %d", len(from), len(schema))
		}
		for i, c := range schema {
			if !c.Type.SameAs(from[i].Type) {
				return fmt.Errorf("column %s was %s and is now %s", c.Name, from[i].Type, c.Type)
			}
		}
		if n++; n%data.BatchSize == 1 { // with its strings so far
			b.Release()
			b = data.MakeBatch(t.types, 1)
			for i, k := range t.cols {
				cols[k] = b.Cols[i]
			}
		}
		if _, err := data.DecodeRow(row, b.Cols, 0); err != nil {
			return err
		}
		data.HashKeys(b, keys)
		if _, err := t.keys.Resolve(b, keys, []int32{0}, recs[:]); err != nil {
			return err
		}
		t.key = ordered.AppendKey(t.key[:0], cols, t.spec.Order, 0)
		e := entry{key: string(t.key), row: string(row)}
		if err := t.hold(e); err != nil {
			return err
		}
		t.list(recs[0]).insert(e)
		return nil
	})
}
