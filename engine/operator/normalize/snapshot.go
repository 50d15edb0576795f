package normalize

import (
	"unsafe"

	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/operator"
	"github.com/weir-streams/weir/engine/state"
)

// The canonical form: the row of each key, columns of the key first.

const rowsState = "rows"

// snapshots is what a snapshot under way needs.
type snapshots struct {
	to      *state.KeyedWriter
	deleted bool // keys that are gone are written
}

func (n *normalize) schema() []data.Column {
	out := make([]data.Column, len(n.order))
	for i, k := range n.order {
		out[i] = n.columns[k]
	}
	return out
}

// Snapshot writes all there is.
func (n *normalize) Snapshot(w *state.Writer) error { return operator.SnapshotWhole(n, w) }

// Begin fixes what is there.
func (n *normalize) Begin(w *state.Writer) error {
	n.to = w.Keyed(rowsState, len(n.keys), len(n.keys), n.schema())
	n.deleted = n.to.Whole()
	n.table.Begin(n.to.Whole(), func(rec unsafe.Pointer) error {
		if h := *handle(rec); h != 0 {
			n.to.Put(data.KeyGroup(state.Hash(rec), n.ctx.MaxParallelism), n.kept(h))
		}
		return nil
	})
	return nil
}

const slice = 1000 // rows

// Continue writes some rows.
func (n *normalize) Continue() (bool, error) {
	if !n.deleted {
		var err error
		n.deleted, err = n.table.Deleted(4*slice, func(hash uint64, key []byte) error {
			n.to.Delete(data.KeyGroup(hash, n.ctx.MaxParallelism), key)
			return nil
		})
		return false, err
	}
	return n.table.Continue(slice)
}

// End says what became of the snapshot.
func (n *normalize) End(_ int64, completed bool) { n.table.End(completed) }

// Resumed says that what was restored is durable.
func (n *normalize) Resumed(int64) { n.table.Restored() }

// Restore reads what Snapshot wrote. The time a row lives begins anew.
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
	if err := n.table.Reserve(int(r.About(rowsState))); err != nil {
		return err
	}
	var recs [1]unsafe.Pointer
	return r.EachRow(rowsState, func(from []data.Column, _ int, row []byte) error {
		if err := operator.SameSchema(from, schema); err != nil {
			return err
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
		n.stamp(recs[0])
		return n.put(handle(recs[0]), row)
	})
}
