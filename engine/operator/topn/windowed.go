package topn

import (
	"fmt"
	"math"
	"slices"
	"unsafe"

	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/graph"
	"github.com/weir-streams/weir/engine/operator"
	"github.com/weir-streams/weir/engine/state"
)

// windowed is a top-n of windows: it gives the first rows of each partition
// once, when their window is over.
type windowed struct {
	*topN
	watermark int64
	open      map[int64][]uintptr // partitions by window end
	next      int64               // the earliest of them
	over      []unsafe.Pointer
	seenRows  []entry
	given     []unsafe.Pointer
	ranks     []int64
}

func newWindowed(op graph.Op, input []data.Column, t *topN) (operator.Operator, error) {
	if x := input[op.TopN.WindowEnd].Type; x.Phys() != data.PhysI64 {
		return nil, fmt.Errorf("%s ends windows by %s, of type %s", op.Name, input[op.TopN.WindowEnd].Name, x)
	}
	t.spec.Retracts, t.single, t.folds, t.quiet, t.ttl = false, t.spec.To == 1, false, true, 0
	return &windowed{topN: t, watermark: data.MinWatermark, open: map[int64][]uintptr{}, next: math.MaxInt64}, nil
}

func (w *windowed) Process(_ int, b *data.Batch, _ operator.Output) error {
	defer b.Release()
	t := w.topN
	t.rows = operator.Rows(b, t.rows)
	ends := b.Cols[t.spec.WindowEnd].I64
	n := 0
	for _, r := range t.rows {
		wm := w.watermark
		if b.RowWatermarks != nil {
			wm = max(wm, b.RowWatermarks[r])
		}
		if ends[r]-1 <= wm {
			continue
		}
		t.rows[n] = r
		n++
	}
	t.ctx.Metrics.LateDropped.Add(int64(len(t.rows) - n))
	t.rows = t.rows[:n]
	if b.Hashes == nil {
		data.HashKeys(b, t.spec.Keys)
	}
	t.batch = b
	err := t.resolve(b)
	if err == nil {
		t.setPrefixes(b)
		t.changed = 0
		if err = w.add(ends); err == nil {
			err = t.keep(b)
		}
	}
	t.leave()
	t.eager = 2*t.changed > len(t.rows)
	w.measure()
	return err
}

func (w *windowed) add(ends []int64) error {
	t := w.topN
	for i, r := range t.rows {
		rec := t.recs[i]
		if partitionOf(rec).n == 0 {
			w.opened(rec, ends[r])
		}
		var err error
		if t.single {
			err = t.best(rec, i)
		} else {
			err = t.add(rec, i, false)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// opened enters a partition that gets its first row.
func (w *windowed) opened(rec unsafe.Pointer, end int64) {
	w.open[end] = append(w.open[end], uintptr(rec))
	w.next = min(w.next, end)
}

func (w *windowed) measure() {
	w.ctx.Metrics.StateKeys.Store(int64(w.keys.Len()))
	w.ctx.Metrics.StateBytes.Store(w.heap.Bytes() + w.keys.Bytes())
}

func (w *windowed) Watermark(wm int64, out operator.Output) error {
	w.watermark = max(w.watermark, wm)
	if w.next-1 <= wm {
		if err := w.fire(wm, out); err != nil {
			return err
		}
		w.measure()
	}
	return out.Watermark(wm)
}

// fire gives the windows that are over, in the order of their ends, and forgets them.
func (w *windowed) fire(wm int64, out operator.Output) error {
	var ends []int64
	w.next = math.MaxInt64
	for end := range w.open {
		if end-1 <= wm {
			ends = append(ends, end)
		} else {
			w.next = min(w.next, end)
		}
	}
	slices.Sort(ends)
	t := w.topN
	w.over = w.over[:0]
	for _, end := range ends {
		list := w.open[end]
		for i := range list {
			rec := *(*unsafe.Pointer)(unsafe.Pointer(&list[i]))
			w.over = append(w.over, rec)
			w.seenRows = t.seen(w.seenRows[:0], partitionOf(rec))
			for i, e := range w.seenRows {
				w.given, w.ranks = append(w.given, t.row(e.ref)), append(w.ranks, t.spec.From+int64(i))
				if len(w.given) == data.BatchSize {
					if err := w.flush(out); err != nil {
						return err
					}
				}
			}
		}
		delete(w.open, end)
	}
	if err := w.flush(out); err != nil {
		return err
	}
	for _, rec := range w.over {
		if err := w.forget(rec); err != nil {
			return err
		}
	}
	if !t.keys.NeedsCompaction() {
		return nil
	}
	if err := t.keys.Compact(func(_, _ unsafe.Pointer) {}); err != nil {
		return err
	}
	return w.reopen()
}

// flush gives rows.
func (w *windowed) flush(out operator.Output) error {
	t, n := w.topN, len(w.given)
	if n == 0 {
		return nil
	}
	o := data.NewBatch(len(t.outTypes))
	o.N = n
	t.picks.Pick(w.given)
	for k := range t.columns {
		v, err := t.layout.Gather(&t.picks, k, t.outTypes[k])
		if err != nil {
			o.Release()
			return err
		}
		o.Cols = append(o.Cols, v)
	}
	if len(t.outTypes) > len(t.columns) {
		v := data.NewVector(t.outTypes[len(t.outTypes)-1], n)
		copy(v.I64, w.ranks)
		o.Cols = append(o.Cols, v)
	}
	w.given, w.ranks = w.given[:0], w.ranks[:0]
	return out.Emit(o)
}

// forget drops a partition.
func (w *windowed) forget(rec unsafe.Pointer) error {
	t, p := w.topN, partitionOf(rec)
	if err := t.keys.Touch(rec); err != nil {
		return err
	}
	if t.single {
		t.heap.Drop(p.block)
		p.n, p.block = 0, 0
	}
	for p.n > 0 {
		t.heap.Drop(t.remove(p, int(p.n-1)).ref)
	}
	return t.keys.Delete(rec)
}

// reopen finds the windows of all partitions.
func (w *windowed) reopen() error {
	t := w.topN
	clear(w.open)
	w.next = math.MaxInt64
	return t.keys.Each(func(_ uint64, rec unsafe.Pointer) bool {
		if p := partitionOf(rec); p.n > 0 {
			ref := p.block
			if !t.single {
				ref = t.at(p, 0).ref
			}
			w.opened(rec, t.layout.I64(t.row(ref), t.spec.WindowEnd))
		}
		return true
	})
}

// Snapshot writes all there is.
func (w *windowed) Snapshot(to *state.Writer) error { return operator.SnapshotWhole(w, to) }

// Begin fixes what is there.
func (w *windowed) Begin(to *state.Writer) error {
	to.List("watermark", state.Union, [][]byte{operator.Int64Item(w.watermark)})
	return w.topN.Begin(to)
}

// Restore reads what was written.
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
	if err := w.topN.Restore(r); err != nil {
		return err
	}
	return w.reopen()
}
