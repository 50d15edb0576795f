package interval

import (
	"math"
	"unsafe"

	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/operator"
	"github.com/weir-streams/weir/engine/state"
)

// The canonical form: the rows of each side, numbered, with their times and
// whether they had a match.

// Snapshot writes all there is.
func (j *join) Snapshot(w *state.Writer) error { return operator.SnapshotWhole(j, w) }

// Begin fixes the rows of this moment.
func (j *join) Begin(w *state.Writer) error {
	return j.TimedRows.Begin(w)
}

// Restore reads what was written.
func (j *join) Restore(r *state.Reader) error {
	least := int64(math.MaxInt64)
	for _, item := range r.Items("watermark") {
		wm, err := operator.Int64Of(item)
		if err != nil {
			return err
		}
		least = min(least, wm)
	}
	if least != math.MaxInt64 {
		j.watermark = least
	}
	keys := make([]unsafe.Pointer, data.BatchSize)
	for s, rows := range j.Rows {
		err := rows.Restore(r, func(b *data.Batch, addrs []uint64, recs []unsafe.Pointer, extra []*data.Vector) error {
			if _, err := j.Keys.Resolve(b, j.KeyCols[s], operator.Rows(b, nil), keys[:b.N]); err != nil {
				return err
			}
			for i, rec := range recs {
				*matchedOf(rec) = extra[1].I64[i]
				if err := j.enter(s, keys[i], extra[0].I64[i], addrs[i], rec); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}
