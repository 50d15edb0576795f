package topn

import (
	"unsafe"

	"github.com/weir-streams/weir/engine/data"
)

// What a batch gives is collected as rows of the batch and rows of the state, and
// sent by columns.
type gives struct {
	rows  []int32          // of the batch
	recs  []unsafe.Pointer // packed rows; nil: the row of the batch
	ranks []int64
	ops   []data.Op
}

func (t *topN) give(e entry, rank int64, op data.Op) error {
	if op == data.UpdateBefore && t.spec.NoBefore {
		return nil
	}
	g := &t.gives
	if e.ref&ofBatch != 0 {
		g.rows, g.recs = append(g.rows, int32(e.ref&^ofBatch)), append(g.recs, nil)
	} else {
		g.rows, g.recs = append(g.rows, 0), append(g.recs, t.row(e.ref))
	}
	g.ranks, g.ops = append(g.ranks, rank), append(g.ops, op)
	if len(g.rows) == data.BatchSize {
		return t.flush()
	}
	return nil
}

func (t *topN) flush() error {
	g := &t.gives
	n := len(g.rows)
	if n == 0 {
		return nil
	}
	o := data.NewBatch(len(t.outTypes))
	o.N, o.IngestedAt = n, t.batch.IngestedAt
	fresh := true
	for _, rec := range g.recs {
		fresh = fresh && rec == nil
	}
	if !fresh {
		t.picks.Pick(g.recs)
	}
	for k, c := range t.batch.Cols {
		var v *data.Vector
		if fresh {
			v = data.Gather(c, g.rows)
			v.Type = t.outTypes[k]
		} else {
			var err error
			if v, err = t.layout.Mixed(&t.picks, g.rows, c, k, t.outTypes[k]); err != nil {
				o.Release()
				return err
			}
		}
		o.Cols = append(o.Cols, v)
	}
	if t.spec.Number {
		v := data.NewVector(t.outTypes[len(t.outTypes)-1], n)
		copy(v.I64, g.ranks)
		o.Cols = append(o.Cols, v)
	}
	o.Ops = append(make([]data.Op, 0, n), g.ops...)
	g.rows, g.recs, g.ranks, g.ops = g.rows[:0], g.recs[:0], g.ranks[:0], g.ops[:0]
	return t.out.Emit(o)
}

// entered gives what the entry put at a position changes. Where there were more
// than To entries, dropped is the one that now is behind them.
func (t *topN) entered(p *partition, pos int, e, dropped entry) error {
	from, to := int(t.spec.From-1), int(t.spec.To)
	n := int(p.n) // the dropped one is not there any more, or it is at To
	if pos >= to {
		return nil
	}
	if t.shifts {
		return t.shifted(p, max(pos, from), min(n, to), dropped)
	}
	full := dropped.ref != 0
	if !full {
		return t.give(e, 0, data.Insert)
	}
	if t.spec.Replaces && to == 1 {
		if err := t.give(dropped, 0, data.UpdateBefore); err != nil {
			return err
		}
		return t.give(e, 0, data.UpdateAfter)
	}
	if !t.spec.Retracts && e.prefix == dropped.prefix && t.sameRow(e, dropped) {
		return nil
	}
	if err := t.give(dropped, 0, data.Delete); err != nil {
		return err
	}
	return t.give(e, 0, data.Insert)
}

// shifted gives the ranks of the positions [from, to) after an entry was put at
// pos: each has the row that was one before.
func (t *topN) shifted(p *partition, from, to int, dropped entry) error {
	t.after = t.get(t.after[:0], p, from, to)
	for i, now := range t.after {
		at := from + i
		before := dropped
		if i+1 < len(t.after) {
			before = t.after[i+1]
		}
		rank := int64(at + 1)
		if before.ref == 0 { // there were not so many
			if err := t.give(now, rank, data.Insert); err != nil {
				return err
			}
			continue
		}
		if err := t.give(before, rank, data.UpdateBefore); err != nil {
			return err
		}
		if err := t.give(now, rank, data.UpdateAfter); err != nil {
			return err
		}
	}
	return nil
}

// left gives what the entry taken out of a position changes.
func (t *topN) left(p *partition, pos int, e entry) error {
	from, to := int(t.spec.From-1), int(t.spec.To)
	n := int(p.n)
	if pos >= to || n < from {
		return nil
	}
	if !t.shifts {
		var entering entry
		if n >= to {
			entering = *t.at(p, to-1)
		}
		out, in := data.Delete, data.Insert
		if entering.ref != 0 && t.spec.Replaces && to == 1 {
			out, in = data.UpdateBefore, data.UpdateAfter
		}
		if err := t.give(e, 0, out); err != nil || entering.ref == 0 {
			return err
		}
		return t.give(entering, 0, in)
	}
	at := max(pos, from)
	before := e
	if at > pos {
		before = *t.at(p, at-1)
	}
	t.after = t.get(t.after[:0], p, at, to)
	for i, now := range t.after {
		rank := int64(at + i + 1)
		if err := t.give(before, rank, data.UpdateBefore); err != nil {
			return err
		}
		if err := t.give(now, rank, data.UpdateAfter); err != nil {
			return err
		}
		before = now
	}
	if n < to {
		return t.give(before, int64(n+1), data.Delete)
	}
	return nil
}

// differ gives the changes of the ranks from before to after.
func (t *topN) differ() error {
	before, after := t.before, t.after
	for i := range max(len(before), len(after)) {
		rank := t.spec.From + int64(i)
		var err error
		switch {
		case i >= len(after):
			err = t.give(before[i], rank, data.Delete)
		case i >= len(before):
			err = t.give(after[i], rank, data.Insert)
		case before[i].ref == after[i].ref, before[i].prefix == after[i].prefix && t.sameRow(before[i], after[i]):
		default:
			if err = t.give(before[i], rank, data.UpdateBefore); err == nil {
				err = t.give(after[i], rank, data.UpdateAfter)
			}
		}
		if err != nil {
			return err
		}
	}
	return nil
}
