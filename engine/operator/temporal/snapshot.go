package temporal

import (
	"unsafe"

	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/operator"
	"github.com/weir-streams/weir/engine/state"
)

// The canonical form: the rows of each side, numbered, with their times and changes.

var names = [2]string{"left", "right"}

// Snapshot writes all there is.
func (j *join) Snapshot(w *state.Writer) error { return operator.SnapshotWhole(j, w) }

// Begin fixes the rows of this moment.
func (j *join) Begin(w *state.Writer) error {
	for _, r := range j.rows {
		r.Begin(w)
	}
	return nil
}

// Continue writes some rows.
func (j *join) Continue() (bool, error) {
	for _, r := range j.rows {
		if done, err := r.Continue(); !done || err != nil {
			return false, err
		}
	}
	return true, nil
}

// End says what became of the snapshot.
func (j *join) End(_ int64, completed bool) {
	for _, r := range j.rows {
		r.End(completed)
	}
}

// Resumed says that what was restored is durable.
func (j *join) Resumed(int64) {
	for _, r := range j.rows {
		r.Restored()
	}
}

// Restore reads what was written.
func (j *join) Restore(r *state.Reader) error {
	for s, rows := range j.rows {
		err := rows.Restore(r, func(b *data.Batch, addrs []uint64, recs []unsafe.Pointer, extra []*data.Vector) error {
			for i, rec := range recs {
				*opOf(rec) = data.Op(extra[1].I64[i])
			}
			return j.enter(s, b, operator.Rows(b, nil), addrs, recs)
		})
		if err != nil {
			return err
		}
	}
	return nil
}
