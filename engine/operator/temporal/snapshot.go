package temporal

import (
	"unsafe"

	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/operator"
	"github.com/weir-streams/weir/engine/state"
)

// The canonical form: the rows of each side, numbered, with their times and changes.

// Snapshot writes all there is.
func (j *join) Snapshot(w *state.Writer) error { return operator.SnapshotWhole(j, w) }

// Restore reads what was written.
func (j *join) Restore(r *state.Reader) error {
	for s, rows := range j.Rows {
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
