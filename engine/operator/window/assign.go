package window

import (
	"fmt"

	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/graph"
	"github.com/weir-streams/weir/engine/operator"
)

// assign is a window table function without aggregation: each row once for each
// window it is in, with window_start, window_end and window_time after it.
type assign struct {
	spec  graph.Window
	types []data.Type
	ctx   *operator.Context
	clock *clock
}

// NewAssign makes the operator of a WindowAssign.
func NewAssign(op graph.Op, input []data.Column) (operator.Operator, error) {
	w := op.WindowAssign.Window
	if w.Kind == graph.Session {
		return newSessionRows(op, input)
	}
	if err := checkWindow(w); err != nil {
		return nil, err
	}
	a := &assign{spec: w}
	for _, c := range op.Schema {
		a.types = append(a.types, c.Type)
	}
	return a, nil
}

func (a *assign) Open(c *operator.Context) error {
	a.ctx = c
	if a.spec.LTZ {
		a.clock = &clock{zone: c.Env.TimeZone.Location}
	}
	return nil
}

func (a *assign) Close() error                                  { return nil }
func (a *assign) Watermark(wm int64, out operator.Output) error { return out.Watermark(wm) }

func (a *assign) Process(_ int, b *data.Batch, out operator.Output) error {
	defer b.Release()
	times := b.Cols[a.spec.TimeColumn]
	var rows []int32
	var starts, ends []int64
	flush := func() error {
		if len(rows) == 0 {
			return nil
		}
		o := data.NewBatch(len(a.types))
		for _, c := range b.Cols {
			o.Cols = append(o.Cols, data.Gather(c, rows))
		}
		n := len(rows)
		for _, t := range a.types[len(b.Cols):] {
			o.Cols = append(o.Cols, data.NewVector(t, n))
		}
		at := len(b.Cols)
		for i := range n {
			o.Cols[at].I64[i], o.Cols[at+1].I64[i] = starts[i], ends[i]
			time := a.clock.instant(ends[i] - 1)
			if a.clock != nil && a.types[at+2].Kind == data.Timestamp {
				time = ends[i] - 1
			}
			o.Cols[at+2].I64[i] = time
		}
		o.N, o.IngestedAt = n, b.IngestedAt
		if b.Ops != nil {
			o.Ops = make([]data.Op, n)
			for i, r := range rows {
				o.Ops[i] = b.Ops[r]
			}
		}
		if b.RowWatermarks != nil {
			o.RowWatermarks = make([]int64, n)
			for i, r := range rows {
				o.RowWatermarks[i] = b.RowWatermarks[r]
			}
		}
		rows, starts, ends = rows[:0], starts[:0], ends[:0]
		return out.Emit(o)
	}
	for i := range b.Len() {
		r := b.Row(i)
		var t int64
		switch {
		case a.spec.TimeAttr == data.ProcTime:
			t = a.ctx.Env.Now
		case times.IsNull(r):
			return fmt.Errorf("the time column of a window is NULL in a row; filter such rows out before the window")
		default:
			t = times.I64[r]
		}
		if a.clock != nil {
			t = a.clock.local(t)
		}
		eachWindow(a.spec, t, func(start, end int64) {
			rows, starts, ends = append(rows, int32(r)), append(starts, start), append(ends, end)
		})
		if len(rows) >= data.BatchSize {
			if err := a.limit(&rows, &starts, &ends, flush); err != nil {
				return err
			}
		}
	}
	return flush()
}

// limit flushes full batches.
func (a *assign) limit(rows *[]int32, starts, ends *[]int64, flush func() error) error {
	for len(*rows) >= data.BatchSize {
		moreRows, moreStarts, moreEnds := (*rows)[data.BatchSize:], (*starts)[data.BatchSize:], (*ends)[data.BatchSize:]
		*rows, *starts, *ends = (*rows)[:data.BatchSize], (*starts)[:data.BatchSize], (*ends)[:data.BatchSize]
		r, s, e := append([]int32(nil), moreRows...), append([]int64(nil), moreStarts...), append([]int64(nil), moreEnds...)
		if err := flush(); err != nil {
			return err
		}
		*rows, *starts, *ends = r, s, e
	}
	return nil
}
