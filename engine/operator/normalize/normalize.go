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
	table   *state.Table // by key: its row
	rows    *state.Heap
	before  bool  // -U is given
	ttl     int64 // milliseconds for which a row lives that is not changed; 0: for ever
	swept   uint64
	snapshots

	// scratch
	at   []int32
	recs []unsafe.Pointer
	row  []byte
	out  *data.Batch
	into []*data.Vector // columns of out, in order
}

// New makes the operator of a Normalize.
func New(op graph.Op) (operator.Operator, error) {
	n := &normalize{keys: op.Normalize.Keys, columns: op.Schema, order: append([]int(nil), op.Normalize.Keys...), ttl: op.Normalize.TTLMillis, before: !op.Normalize.NoBefore}
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
	n.table, n.rows = state.NewTable(types, keyWidth, 0, c.Memory), state.NewHeap(c.Memory)
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

// A key's record: the address of its row in the row codec, 0 for none; when it
// was written, in milliseconds, if the state has a time to live.
const (
	keyRow   = 0
	keyWrote = 8
	keyWidth = 16
)

func handle(rec unsafe.Pointer) *uint64 { return (*uint64)(unsafe.Add(state.Value(rec), keyRow)) }
func wrote(rec unsafe.Pointer) *int64   { return (*int64)(unsafe.Add(state.Value(rec), keyWrote)) }

// kept is the row at an address, valid until it is put or dropped.
func (n *normalize) kept(at uint64) []byte {
	return unsafe.Slice((*byte)(n.rows.At(at)), n.rows.Size(at))
}

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
		if err := n.expire(recs[i]); err != nil {
			return err
		}
		if err := n.change(b, int(r), recs[i], out); err != nil {
			return err
		}
	}
	if err := n.sweep(recs); err != nil {
		return err
	}
	n.ctx.Metrics.StateKeys.Store(int64(n.table.Len()))
	n.ctx.Metrics.StateBytes.Store(n.table.Bytes() + n.rows.Bytes())
	return n.flush(out)
}

// expire forgets a row that was not changed for too long.
func (n *normalize) expire(rec unsafe.Pointer) error {
	h := handle(rec)
	if n.ttl == 0 || *h == 0 || n.ctx.Env.Now-*wrote(rec) < n.ttl {
		return nil
	}
	if err := n.table.Touch(rec); err != nil {
		return err
	}
	n.rows.Drop(*h)
	*h = 0
	return nil
}

// stamp notes when a row was written.
func (n *normalize) stamp(rec unsafe.Pointer) {
	if n.ttl > 0 {
		*wrote(rec) = n.ctx.Env.Now
	}
}

// sweepStep is how many keys are looked at after a batch for rows that have lived
// too long.
const sweepStep = 256

// sweep forgets keys that have no row any more, or never had.
func (n *normalize) sweep(recs []unsafe.Pointer) error {
	for _, rec := range recs {
		if state.Alive(rec) && *handle(rec) == 0 {
			if err := n.table.Delete(rec); err != nil {
				return err
			}
		}
	}
	if n.ttl > 0 {
		var err error
		if n.swept, err = n.table.Walk(n.swept, sweepStep, func(rec unsafe.Pointer) error {
			if err := n.expire(rec); err != nil || *handle(rec) != 0 {
				return err
			}
			return n.table.Delete(rec)
		}); err != nil {
			return err
		}
	}
	if n.table.NeedsCompaction() {
		n.swept = 0
		return n.table.Compact(func(_, _ unsafe.Pointer) {})
	}
	return nil
}

// change handles row r of b, of the key of a record.
func (n *normalize) change(b *data.Batch, r int, rec unsafe.Pointer, out operator.Output) error {
	op, h := b.Op(r), handle(rec)
	if op == data.UpdateBefore {
		return nil
	}
	if !op.Adds() {
		if *h == 0 {
			return nil
		}
		err := n.give(b, n.kept(*h), data.Delete, out)
		n.rows.Drop(*h)
		*h = 0
		return err
	}
	n.stamp(rec)
	n.row = data.EncodeRow(n.row[:0], b.Cols, n.order, r)
	op = data.Insert
	if *h != 0 {
		old := n.kept(*h)
		if bytes.Equal(old, n.row) {
			return nil
		}
		if n.before {
			if err := n.give(b, old, data.UpdateBefore, out); err != nil {
				return err
			}
		}
		op = data.UpdateAfter
	}
	if err := n.give(b, n.row, op, out); err != nil {
		return err
	}
	return n.put(h, n.row)
}

// put makes a row that of a key.
func (n *normalize) put(h *uint64, row []byte) error {
	if *h == 0 || n.rows.Size(*h) != len(row) {
		at, _, err := n.rows.Alloc(len(row))
		if err != nil {
			return err
		}
		if *h != 0 {
			n.rows.Drop(*h)
		}
		*h = at
	}
	copy(n.kept(*h), row)
	return nil
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
