package topn

import (
	"fmt"
	"math"
	"slices"

	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/graph"
	"github.com/weir-streams/weir/engine/operator"
	"github.com/weir-streams/weir/engine/ordered"
	"github.com/weir-streams/weir/engine/state"
)

// windowed is a top-n of windows: it gives the first rows of each partition
// once, when their window is over.
type windowed struct {
	spec      graph.TopN
	layout    *operator.Layout
	types     []data.Type
	ctx       *operator.Context
	parts     *operator.Partitions[windowPart]
	held      operator.Held
	watermark int64
	open      map[int64][]*operator.Partition[windowPart] // by window end
	next      int64                                       // the earliest of them

	rows []int32
	key  []byte
	row  []byte
	out  changes
}

type windowPart struct {
	list list
	end  int64
}

func newWindowed(op graph.Op, input []data.Column) (operator.Operator, error) {
	if t := input[op.TopN.WindowEnd].Type; t.Phys() != data.PhysI64 {
		return nil, fmt.Errorf("%s ends windows by %s, of type %s", op.Name, input[op.TopN.WindowEnd].Name, t)
	}
	w := &windowed{
		spec: *op.TopN, layout: operator.NewLayout(input, op.TopN.Keys), watermark: data.MinWatermark,
		open: map[int64][]*operator.Partition[windowPart]{}, next: math.MaxInt64,
	}
	for _, c := range op.Schema {
		w.types = append(w.types, c.Type)
	}
	w.out = changes{types: w.types, cols: w.layout.Cols}
	return w, nil
}

func (w *windowed) Open(c *operator.Context) error {
	w.ctx = c
	w.held.Budget = c.Memory
	w.parts = operator.NewPartitions[windowPart](c.Input[0], w.spec.Keys, 0x71, c.Memory)
	return nil
}

func (w *windowed) Close() error {
	if w.parts != nil {
		w.parts.Free()
		w.held.Free()
	}
	return nil
}

func (w *windowed) Process(_ int, b *data.Batch, _ operator.Output) error {
	defer b.Release()
	w.rows = operator.Rows(b, w.rows)
	ends := b.Cols[w.spec.WindowEnd]
	late, n := int64(0), 0
	for _, r := range w.rows {
		wm := w.watermark
		if b.RowWatermarks != nil {
			wm = max(wm, b.RowWatermarks[r])
		}
		if ends.I64[r]-1 <= wm {
			late++
			continue
		}
		w.rows[n] = r
		n++
	}
	w.rows = w.rows[:n]
	found, err := w.parts.Resolve(b, w.rows)
	if err != nil {
		return err
	}
	for i, r := range w.rows {
		w.key = ordered.AppendKey(w.key[:0], b.Cols, w.spec.Order, int(r))
		w.row = w.layout.Encode(w.row[:0], b.Cols, int(r))
		if err := w.put(found[i], ends.I64[r], string(w.key), string(w.row)); err != nil {
			return err
		}
	}
	w.ctx.Metrics.LateDropped.Add(late)
	w.ctx.Metrics.StateKeys.Store(int64(w.parts.Len()))
	w.ctx.Metrics.StateBytes.Store(w.held.Bytes() + w.parts.Bytes())
	return nil
}

func (w *windowed) put(p *operator.Partition[windowPart], end int64, key, row string) error {
	v := &p.Value
	if v.list.n == 0 {
		v.end = end
		w.open[end] = append(w.open[end], p)
		w.next = min(w.next, end)
	}
	if last, full := v.list.at(int(w.spec.To - 1)); full && key >= last.key {
		return nil
	}
	if err := w.held.Take(len(key) + len(row)); err != nil {
		return err
	}
	v.list.insert(textRow{key: key, row: row})
	if int64(v.list.n) > w.spec.To {
		e := v.list.dropLast()
		w.held.Give(len(e.key) + len(e.row))
	}
	return nil
}

func (w *windowed) Watermark(wm int64, out operator.Output) error {
	w.watermark = max(w.watermark, wm)
	if w.next-1 <= wm {
		if err := w.fire(wm, out); err != nil {
			return err
		}
	}
	return out.Watermark(wm)
}

// fire gives the windows that are over, in the order of their ends.
func (w *windowed) fire(wm int64, out operator.Output) error {
	var over []int64
	w.next = math.MaxInt64
	for end := range w.open {
		if end-1 <= wm {
			over = append(over, end)
		} else {
			w.next = min(w.next, end)
		}
	}
	slices.Sort(over)
	w.out.at, w.out.out = 0, out
	var rows []textRow
	for _, end := range over {
		for _, p := range w.open[end] {
			l := &p.Value.list
			rows = l.get(rows[:0], int(w.spec.From-1), int(w.spec.To))
			for i, e := range rows {
				if err := w.out.add(e, w.spec.From+int64(i), data.Insert); err != nil {
					return err
				}
			}
			for _, c := range l.chunks {
				for _, e := range c {
					w.held.Give(len(e.key) + len(e.row))
				}
			}
			w.parts.Drop(p)
		}
		delete(w.open, end)
	}
	if err := w.out.flush(); err != nil {
		return err
	}
	return w.parts.Tidy()
}

// Snapshot writes the rows kept, those of a partition in order.
func (w *windowed) Snapshot(sw *state.Writer) error {
	to := sw.Keyed(rowsState, len(w.spec.Keys), 0, w.layout.Schema)
	w.parts.Each(w.ctx.MaxParallelism, func(group int, p *operator.Partition[windowPart]) {
		for _, c := range p.Value.list.chunks {
			for _, e := range c {
				to.Append(group, []byte(e.row))
			}
		}
	})
	sw.List("watermark", state.Union, [][]byte{operator.Int64Item(w.watermark)})
	return nil
}

// Restore reads what Snapshot wrote.
func (w *windowed) Restore(r *state.Reader) error {
	least := int64(math.MaxInt64)
	for _, item := range r.Items("watermark") {
		wm, err := operator.Int64Of(item)
		if err != nil {
			return err
		}
		least = min(least, wm)
	}
	if least != math.MaxInt64 {
		w.watermark = least
	}
	order := slices.Clone(w.spec.Order) // over the columns as they lie in state
	for i := range order {
		order[i].Column = slices.Index(w.layout.Cols, order[i].Column)
	}
	end := slices.Index(w.layout.Cols, w.spec.WindowEnd)
	return operator.EachKept(r, rowsState, w.layout.Schema, len(w.spec.Keys), w.parts, func(b *data.Batch, row []byte, p *operator.Partition[windowPart]) error {
		w.key = ordered.AppendKey(w.key[:0], b.Cols, order, 0)
		return w.put(p, b.Cols[end].I64[0], string(w.key), string(row))
	})
}
