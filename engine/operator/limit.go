package operator

import (
	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/graph"
	"github.com/weir-streams/weir/engine/state"
)

// limit passes on some rows by their number in the stream.
type limit struct {
	spec graph.Limit
	seen int64
	rows []int32
}

const limitState = "seen"

// NewLimit makes the operator of a Limit.
func NewLimit(op graph.Op) Operator { return &limit{spec: *op.Limit} }

func (l *limit) Open(*Context) error                  { return nil }
func (l *limit) Close() error                         { return nil }
func (l *limit) Watermark(wm int64, out Output) error { return out.Watermark(wm) }

func (l *limit) Process(_ int, b *data.Batch, out Output) error {
	n := int64(b.Len())
	from, to := max(l.spec.Offset-l.seen, 0), min(l.spec.Offset+l.spec.Count-l.seen, n)
	l.seen = min(l.seen+n, l.spec.Offset+l.spec.Count)
	if from >= to {
		b.Release()
		return nil
	}
	if from > 0 || to < n {
		l.rows = Rows(b, l.rows)
		b.Sel = append([]int32(nil), l.rows[from:to]...)
	}
	return out.Emit(b)
}

func (l *limit) Snapshot(w *state.Writer) error {
	w.List(limitState, state.Split, [][]byte{Int64Item(l.seen)})
	return nil
}

func (l *limit) Restore(r *state.Reader) error {
	for _, item := range r.Items(limitState) {
		n, err := Int64Of(item)
		if err != nil {
			return err
		}
		l.seen += n
	}
	return nil
}
