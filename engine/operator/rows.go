package operator

import "github.com/weir-streams/weir/engine/data"

// Rows lists the rows of b that count, in scratch if there is room: for loops
// that want a selection even where a batch has none.
func Rows(b *data.Batch, scratch []int32) []int32 {
	if b.Sel != nil {
		return append(scratch[:0], b.Sel...)
	}
	scratch = scratch[:0]
	for i := range int32(b.N) {
		scratch = append(scratch, i)
	}
	return scratch
}

// EmitChunks gives a batch that may be too large for one.
func EmitChunks(o *data.Batch, out Output) error {
	if o.Len() == 0 {
		o.Release()
		return nil
	}
	if o.N <= data.BatchSize {
		return out.Emit(o)
	}
	defer o.Release()
	rows := Rows(o, nil)
	for len(rows) > 0 {
		k := min(len(rows), data.BatchSize)
		if err := out.Emit(data.Compact(o.Share(rows[:k:k]))); err != nil {
			return err
		}
		rows = rows[k:]
	}
	return nil
}
