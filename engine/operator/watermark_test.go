package operator

import (
	"testing"

	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/expr"
	"github.com/weir-streams/weir/engine/function"
	"github.com/weir-streams/weir/engine/graph"
	"github.com/weir-streams/weir/engine/state"
)

// heard is the watermarks an operator gave.
type heard struct {
	watermarks []int64
	rows       []int64 // in force at each row
}

func (h *heard) Emit(b *data.Batch) error {
	h.rows = append(h.rows, b.RowWatermarks...)
	b.Release()
	return nil
}

func (h *heard) Watermark(wm int64) error {
	h.watermarks = append(h.watermarks, wm)
	return nil
}

var stamp = data.Type{Kind: data.TimestampLTZ, Precision: 3}

func newSplitWatermark(t *testing.T, splits *data.Splits, vacant bool) (*watermark, *Context) {
	t.Helper()
	columns := []data.Column{{Name: "at", Type: stamp}}
	op, err := NewWatermark(graph.Op{Watermark: &graph.Watermark{Expr: expr.Column(0, stamp), EmitMillis: 200}}, columns, function.NewSet(nil, nil))
	if err != nil {
		t.Fatal(err)
	}
	c := &Context{Env: &function.Env{Now: 1000}, WakeAt: func(int64) {}, Splits: splits, Vacant: func() bool { return vacant }, Metrics: &Metrics{}}
	if err := op.Open(c); err != nil {
		t.Fatal(err)
	}
	return op.(*watermark), c
}

func give(t *testing.T, w *watermark, out *heard, splits *data.Splits, split int, times ...int64) {
	t.Helper()
	v := data.NewVector(stamp, len(times))
	copy(v.I64, times)
	b := data.NewBatch(1)
	b.Cols, b.N, b.Split, b.Splits = append(b.Cols, v), len(times), split, splits
	if err := w.Process(0, b, out); err != nil {
		t.Fatal(err)
	}
}

func last(out *heard) int64 {
	if len(out.watermarks) == 0 {
		return 0
	}
	return out.watermarks[len(out.watermarks)-1]
}

func expectLast(t *testing.T, out *heard, want int64) {
	t.Helper()
	if got := last(out); got != want {
		t.Fatalf("the watermark is %d, want %d", got, want)
	}
}

func tick(t *testing.T, w *watermark, c *Context, out *heard) {
	t.Helper()
	c.Env.Now += 200
	if err := w.Tick(c.Env.Now, out); err != nil {
		t.Fatal(err)
	}
}

func TestWatermarkFollowsTheSlowestSplit(t *testing.T) {
	splits := &data.Splits{IDs: []string{"a", "b"}, Ended: []bool{false, false}}
	w, c := newSplitWatermark(t, splits, false)
	out := &heard{}
	give(t, w, out, splits, 0, 5000, 9000)
	expectLast(t, out, 0) // b may begin anywhere
	give(t, w, out, splits, 1, 2000, 3000)
	expectLast(t, out, 3000)
	give(t, w, out, splits, 1, 20000)
	expectLast(t, out, 9000)
	splits.Ended[0] = true // a row of a would be the last to say so, but none comes
	tick(t, w, c, out)
	expectLast(t, out, 20000)
}

// Who asks why event time stands still is told which split holds it back.
func TestMetricsTellSplitsApart(t *testing.T) {
	splits := &data.Splits{IDs: []string{"a", "b"}, Ended: []bool{false, false}}
	w, c := newSplitWatermark(t, splits, false)
	out := &heard{}
	give(t, w, out, splits, 0, 5000)
	c.Env.Now += 1000
	give(t, w, out, splits, 0, 9000)
	told := c.Metrics.Splits.Load()
	if told == nil || len(*told) != 2 {
		t.Fatalf("told of %v, want two splits", told)
	}
	if a, b := (*told)[0], (*told)[1]; a.ID != "a" || a.Watermark != 9000 || b.ID != "b" || b.Watermark != data.MinWatermark || b.Idle || b.Ended {
		t.Errorf("told of %+v", *told)
	}
}

// A restored job goes on where the splits were, also where no row of them comes
// any more.
func TestRestoredSplitsNeedNoRows(t *testing.T) {
	splits := &data.Splits{IDs: []string{"a", "b", "c"}, Ended: make([]bool, 3)}
	w, _ := newSplitWatermark(t, splits, false)
	out := &heard{}
	for i, at := range []int64{5000, 8000, 7000} {
		give(t, w, out, splits, i, at)
	}
	expectLast(t, out, 5000)
	var sw state.Writer
	if err := w.Snapshot(&sw); err != nil {
		t.Fatal(err)
	}

	mine := &data.Splits{IDs: []string{"b", "c"}, Ended: make([]bool, 2)} // a is another subtask's now
	again, c := newSplitWatermark(t, mine, false)
	if err := again.Restore(&state.Reader{Parts: []state.Snapshot{sw.Snapshot}}); err != nil {
		t.Fatal(err)
	}
	out = &heard{}
	tick(t, again, c, out)
	expectLast(t, out, 7000)
}

// A subtask that reads and has no watermark yet keeps all of them from being
// restored: its rows may be behind those of the others.
func TestNoWatermarkIsRestoredWhileASubtaskHasNone(t *testing.T) {
	ahead, _ := newSplitWatermark(t, nil, false)
	give(t, ahead, &heard{}, nil, 0, 5000)
	for _, vacant := range []bool{false, true} {
		behind, _ := newSplitWatermark(t, nil, vacant)
		var one, two state.Writer
		if err := ahead.Snapshot(&one); err != nil {
			t.Fatal(err)
		}
		if err := behind.Snapshot(&two); err != nil {
			t.Fatal(err)
		}
		w, _ := newSplitWatermark(t, nil, false)
		if err := w.Restore(&state.Reader{Parts: []state.Snapshot{one.Snapshot, two.Snapshot}}); err != nil {
			t.Fatal(err)
		}
		if want := map[bool]int64{false: 0, true: 5000}[vacant]; w.emitted != want {
			t.Errorf("vacant %v: restored %d, want %d", vacant, w.emitted, want)
		}
	}
}
