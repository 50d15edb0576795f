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
