package operator

import (
	"fmt"

	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/expr"
	"github.com/weir-streams/weir/engine/function"
	"github.com/weir-streams/weir/engine/graph"
	"github.com/weir-streams/weir/engine/state"
)

// watermark follows event time. As Flink's assigner does, it puts a watermark in
// force after a row when time has advanced by more than the interval since the
// last one, and otherwise after the interval has passed on the clock. Time
// before 1970 never advances it.
type watermark struct {
	spec    graph.Watermark
	program *expr.Program
	ctx     *Context

	current, emitted int64
	wakeAt           int64
	lastRow          int64 // processing time of the last row
	idle             bool
	splits           splitClocks
	toldAt           int64 // when the metrics were told of the splits
	restored         bool  // the watermark is known from before, and others do not know it yet
	out              []*data.Vector
}

// NewWatermark makes the operator of a Watermark.
func NewWatermark(op graph.Op, input []data.Column, functions *function.Set) (Operator, error) {
	p, err := expr.Compile([]expr.Expr{op.Watermark.Expr}, typesOf(input), functions)
	if err != nil {
		return nil, err
	}
	return &watermark{spec: *op.Watermark, program: p, out: make([]*data.Vector, 1)}, nil
}

func (w *watermark) Open(c *Context) error {
	w.ctx = c
	w.lastRow = c.Env.Now
	if w.splits.set = c.Splits; c.Splits != nil {
		w.wakeAt = c.Env.Now + w.spec.EmitMillis // restored splits may have no more rows
		c.WakeAt(w.wakeAt)
	}
	if w.spec.IdleMillis > 0 {
		c.WakeAt(c.Env.Now + w.spec.IdleMillis)
	}
	return nil
}

func (w *watermark) Close() error { return nil }

func (w *watermark) Process(_ int, b *data.Batch, out Output) error {
	if err := w.setIdle(false, out); err != nil {
		b.Release()
		return err
	}
	w.lastRow = w.ctx.Env.Now
	times := b.Cols[w.spec.TimeColumn]
	if times.Nulls != nil {
		for i := range b.Len() {
			if times.IsNull(b.Row(i)) {
				b.Release()
				return fmt.Errorf("RowTime field should not be null, please convert it to a non-null long value: the event time column is NULL in a row; give it a value or filter the row out before the watermark")
			}
		}
	}
	if err := w.program.Eval(b, w.ctx.Env, w.out); err != nil {
		b.Release()
		return err
	}
	v := w.out[0]
	defer v.Release()
	before := w.emitted
	rw := make([]int64, b.N)
	inForce := w.emitted
	if inForce == 0 {
		inForce = data.MinWatermark
	}
	// Where the source tells its splits apart, the slowest one counts.
	own, others := &w.current, int64(data.MaxWatermark)
	if b.Splits != nil {
		own, others = w.splits.row(b, w.lastRow, w.spec.IdleMillis)
	}
	step := func(r int) {
		rw[r] = inForce
		if v.Nulls == nil || !v.IsNull(r) {
			*own = max(*own, v.I64[r])
			w.current = max(w.current, min(*own, others))
		}
		if w.current-w.emitted > w.spec.EmitMillis {
			w.emitted = w.current
			inForce = w.current
		}
	}
	if b.Sel != nil {
		for _, r := range b.Sel {
			step(int(r))
		}
	} else {
		for r := range b.N {
			step(r)
		}
	}
	b.RowWatermarks = rw
	if err := out.Emit(b); err != nil {
		return err
	}
	if w.emitted != before {
		if err := out.Watermark(w.emitted); err != nil {
			return err
		}
	}
	w.tell(w.lastRow)
	if (w.current > w.emitted || w.splits.held(w.current)) && w.wakeAt == 0 {
		w.wakeAt = w.ctx.Env.Now + w.spec.EmitMillis
		w.ctx.WakeAt(w.wakeAt)
	}
	return nil
}

// Watermark ignores watermarks from before, except the last: this operator makes its own.
func (w *watermark) Watermark(wm int64, out Output) error {
	if wm == data.MaxWatermark {
		return out.Watermark(wm)
	}
	return nil
}

func (w *watermark) Tick(now int64, out Output) error {
	w.tell(now)
	if w.wakeAt != 0 && now >= w.wakeAt {
		w.wakeAt = 0
		w.current = max(w.current, w.splits.slowest(now, w.spec.IdleMillis))
		if w.splits.held(w.current) {
			w.wakeAt = now + max(w.spec.EmitMillis, 1) // a split may end or fall idle without a row
		}
		if w.current > w.emitted || w.restored {
			w.emitted, w.restored = w.current, false
			if err := out.Watermark(w.emitted); err != nil {
				return err
			}
		}
	}
	if w.wakeAt != 0 {
		w.ctx.WakeAt(w.wakeAt)
	}
	if w.spec.IdleMillis > 0 {
		if at := w.lastRow + w.spec.IdleMillis; now >= at {
			return w.setIdle(true, out)
		} else {
			w.ctx.WakeAt(at)
		}
	}
	return nil
}

// tellEvery is how often, in milliseconds, the metrics learn of the splits.
const tellEvery = 1000

func (w *watermark) tell(now int64) {
	if w.splits.set == nil || now-w.toldAt < tellEvery {
		return
	}
	w.toldAt = now
	times := w.splits.times(now, w.spec.IdleMillis)
	w.ctx.Metrics.Splits.Store(&times)
}

func (w *watermark) setIdle(idle bool, out Output) error {
	if w.idle == idle {
		return nil
	}
	w.idle = idle
	if !idle && w.spec.IdleMillis > 0 {
		w.ctx.WakeAt(w.ctx.Env.Now + w.spec.IdleMillis)
	}
	if i, ok := out.(Idler); ok {
		return i.Idle(idle)
	}
	return nil
}

// none stands in a snapshot for the watermark of a subtask that reads and has
// none yet.
const none = -1

// Snapshot keeps the watermark: a restored job must judge lateness as the one
// that never stopped does.
func (w *watermark) Snapshot(sw *state.Writer) error {
	emitted := w.emitted
	if emitted == 0 && w.ctx.Vacant != nil && !w.ctx.Vacant() {
		emitted = none
	}
	sw.List("watermark", state.Union, [][]byte{Int64Item(emitted), Int64Item(w.current)})
	if items := w.splits.items(w.ctx.Env.Now); len(items) > 0 {
		sw.List("splits", state.Union, items)
	}
	return nil
}

// Restore takes the smallest watermark of the former subtasks that had something
// to read: the rows that come now may have been behind any of them.
func (w *watermark) Restore(r *state.Reader) error {
	if err := w.splits.restore(r.Items("splits")); err != nil {
		return err
	}
	items := r.Items("watermark")
	for i := 0; i+1 < len(items); i += 2 {
		emitted, err := Int64Of(items[i])
		if err != nil {
			return err
		}
		current, err := Int64Of(items[i+1])
		if err != nil {
			return err
		}
		if emitted == none {
			w.emitted, w.current = 0, 0
			return nil
		}
		if emitted > 0 && (w.emitted == 0 || emitted < w.emitted) {
			w.emitted, w.current = emitted, current
		}
	}
	w.restored = w.emitted > 0
	return nil
}
