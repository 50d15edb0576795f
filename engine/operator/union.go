package operator

import "github.com/weir-streams/weir/engine/data"

// union passes on what any input gives; the task merges their watermarks.
type union struct{}

// NewUnion makes the operator of a Union.
func NewUnion() Operator { return union{} }

func (union) Open(*Context) error { return nil }
func (union) Process(_ int, b *data.Batch, out Output) error {
	b.RowWatermarks = nil // they were those of one input
	return out.Emit(b)
}
func (union) Watermark(wm int64, out Output) error { return out.Watermark(wm) }
func (union) Close() error                         { return nil }
