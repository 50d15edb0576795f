// Package normalize makes clean changes of a change log in which changes come
// twice: it keeps the last row of each key.
//
// The rule: what it gives is consistent whatever it is given. It takes back
// only what it has given, exactly as it gave it.
package normalize

import (
	"bytes"
	"fmt"
	"unsafe"

	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/graph"
	"github.com/weir-streams/weir/engine/operator"
	"github.com/weir-streams/weir/engine/state"
)

type normalize struct {
	keys    []int
	columns []data.Column
	order   []int // columns as they are kept: those of the key first
	types   []data.Type
	ctx     *operator.Context
	table   *state.Table // by key: the handle of its row in rows, 0 for none
	rows    *state.Blobs

	// scratch
	at   []int32
	recs []unsafe.Pointer
	row  []byte
	out  *data.Batch
	into []*data.Vector // columns of out, in order
}

// New makes the operator of a Normalize.
func New(op graph.Op) (operator.Operator, error) {
	if op.Normalize.TTLMillis > 0 {
		return nil, fmt.Errorf("table.exec.state.ttl on %s is not supported by this engine yet; remove it or run on a Flink target", op.Name)
	}
	n := &normalize{keys: op.Normalize.Keys, columns: op.Schema, order: append([]int(nil), op.Normalize.Keys...)}
	key := map[int]bool{}
	for _, k := range n.keys {
		key[k] = true
	}
	for i, c := range op.Schema {
		n.types = append(n.types, c.Type)
		if !key[i] {
			n.order = append(n.order, i)
		}
	}
	return n, nil
}

func (n *normalize) Open(c *operator.Context) error {
	n.ctx = c
	types := make([]data.Type, len(n.keys))
	for i, k := range n.keys {
		types[i] = n.types[k]
	}
	n.table, n.rows = state.NewTable(types, 8, 0, c.Memory), state.NewBlobs(c.Memory)
	return nil
}

func (n *normalize) Close() error {
	if n.table != nil {
		n.table.Free()
		n.rows.Free()
	}
	if n.out != nil {
		n.out.Release()
		n.out = nil
	}
	return nil
}

func (n *normalize) Watermark(wm int64, out operator.Output) error { return out.Watermark(wm) }

// handle is where a record keeps the handle of its row.
func handle(rec unsafe.Pointer) *uint64 { return (*uint64)(state.Value(rec)) }

func (n *normalize) Process(_ int, b *data.Batch, out operator.Output) error {
	defer b.Release()
	if b.Hashes == nil {
		data.HashKeys(b, n.keys)
	}
	n.at = operator.Rows(b, n.at)
	if cap(n.recs) < len(n.at) {
		n.recs = make([]unsafe.Pointer, max(len(n.at), data.BatchSize))
	}
	recs := n.recs[:len(n.at)]
	if _, err := n.table.Resolve(b, n.keys, n.at, recs); err != nil {
		return err
	}
	for i, r := range n.at {
		if err := n.change(b, int(r), handle(recs[i]), out); err != nil {
			return err
		}
	}
	for _, rec := range recs { // keys that are there no more, or never were
		if state.Alive(rec) && *handle(rec) == 0 {
			n.table.Delete(rec)
		}
	}
	if n.table.NeedsCompaction() {
		if err := n.table.Compact(func(_, _ unsafe.Pointer) {}); err != nil {
			return err
		}
	}
	n.ctx.Metrics.StateKeys.Store(int64(n.table.Len()))
	n.ctx.Metrics.StateBytes.Store(n.table.Bytes() + n.rows.Bytes())
	return n.flush(out)
}

// change handles row r of b; h is the handle of the row its key has.
func (n *normalize) change(b *data.Batch, r int, h *uint64, out operator.Output) error {
	op := b.Op(r)
	if op == data.UpdateBefore {
		return nil
	}
	if !op.Adds() {
		if *h == 0 {
			return nil
		}
		err := n.give(b, n.rows.Get(*h), data.Delete, out)
		n.rows.Drop(*h)
		*h = 0
		return err
	}
	n.row = data.EncodeRow(n.row[:0], b.Cols, n.order, r)
	op = data.Insert
	if *h != 0 {
		old := n.rows.Get(*h)
		if bytes.Equal(old, n.row) {
			return nil
		}
		if err := n.give(b, old, data.UpdateBefore, out); err != nil {
			return err
		}
		op = data.UpdateAfter
	}
	if err := n.give(b, n.row, op, out); err != nil {
		return err
	}
	now, err := n.rows.Put(*h, n.row)
	if err == nil {
		*h = now
	}
	return err
}

// give adds a change to the batch on its way out.
func (n *normalize) give(b *data.Batch, row []byte, op data.Op, out operator.Output) error {
	if n.out == nil {
		n.out = data.MakeBatch(n.types, data.BatchSize)
		n.out.N, n.out.IngestedAt = 0, b.IngestedAt
		n.into = n.into[:0]
		for _, k := range n.order {
			n.into = append(n.into, n.out.Cols[k])
		}
	}
	if _, err := data.DecodeRow(row, n.into, n.out.N); err != nil {
		return fmt.Errorf("row of a key: %w", err)
	}
	n.out.Ops = append(n.out.Ops, op)
	if n.out.N++; n.out.N == data.BatchSize {
		return n.flush(out)
	}
	return nil
}

func (n *normalize) flush(out operator.Output) error {
	o := n.out
	if o == nil {
		return nil
	}
	n.out = nil
	for _, v := range o.Cols {
		v.Resize(o.N)
	}
	return out.Emit(o)
}

// The canonical form: the row of each key, columns of the key first.

const rowsState = "rows"

func (n *normalize) schema() []data.Column {
	out := make([]data.Column, len(n.order))
	for i, k := range n.order {
		out[i] = n.columns[k]
	}
	return out
}

func (n *normalize) Snapshot(w *state.Writer) error {
	to := w.Keyed(rowsState, len(n.keys), 0, n.schema())
	n.table.Each(func(_ uint64, rec unsafe.Pointer) bool {
		to.Append(data.KeyGroup(state.Hash(rec), n.ctx.MaxParallelism), n.rows.Get(*handle(rec)))
		return true
	})
	return nil
}

func (n *normalize) Restore(r *state.Reader) error {
	schema := n.schema()
	types := make([]data.Type, len(schema))
	for i, c := range schema {
		types[i] = c.Type
	}
	keys := make([]int, len(n.keys))
	for i := range keys {
		keys[i] = i
	}
	var recs [1]unsafe.Pointer
	return r.EachRow(rowsState, func(from []data.Column, _ int, row []byte) error {
		if len(from) != len(schema) {
			return fmt.Errorf("the state has %d columns, the table now %d", len(from), len(schema))
		}
		for i, c := range schema {
			if !c.Type.SameAs(from[i].Type) {
				return fmt.Errorf("column %s was %s and is now %s", c.Name, from[i].Type, c.Type)
			}
		}
		b := data.MakeBatch(types, 1)
		defer b.Release()
		if _, err := data.DecodeRow(row, b.Cols, 0); err != nil {
			return err
		}
		data.HashKeys(b, keys)
		if _, err := n.table.Resolve(b, keys, []int32{0}, recs[:]); err != nil {
			return err
		}
		var err error
		*handle(recs[0]), err = n.rows.Put(*handle(recs[0]), row)
		return err
	})
}
