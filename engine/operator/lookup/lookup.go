// Package lookup completes rows with those of a table outside the job: one that
// is asked by key, with the answers kept for a while, or one that is read whole.
//
// The rule: it keeps nothing that a checkpoint would have to hold. What it knows
// of the table can be asked or read again.
package lookup

import (
	"context"
	"fmt"
	"unsafe"

	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/function"
	"github.com/weir-streams/weir/engine/graph"
	"github.com/weir-streams/weir/engine/operator"
)

// answers finds the rows of a table by key.
type answers interface {
	// find gives, for rows of b that have a key, the first row of their key; nil:
	// there is none. They are valid until the next call.
	find(ctx context.Context, b *data.Batch, rows []int32, first []unsafe.Pointer, now int64) error
	store() *store
	bytes() int64
	keys() int
	close() error
}

// lookup is the operator.
type lookup struct {
	spec    graph.LookupJoin
	open    func(c *operator.Context) (answers, error)
	left    int // columns of the input
	types   []data.Type
	right   []int // columns of the table
	cond    *operator.Condition
	ctx     *operator.Context
	answers answers

	rows   []int32
	keyed  []int32
	first  []unsafe.Pointer
	hashes []uint64
	pairs  pairs
}

// pairs are rows of the batch with rows of the table; nil: NULLs.
type pairs struct {
	row []int32
	rec []unsafe.Pointer
}

func newLookup(op graph.Op, input []data.Column, functions *function.Set, open func(c *operator.Context) (answers, error)) (*lookup, error) {
	l := &lookup{spec: *op.LookupJoin, open: open, left: len(input)}
	if l.spec.Kind != graph.InnerJoin && l.spec.Kind != graph.LeftJoin {
		return nil, fmt.Errorf("%s: a lookup join is INNER or LEFT, not %s", op.Name, l.spec.Kind)
	}
	if len(l.spec.LeftKeys) == 0 || len(l.spec.LeftKeys) != len(l.spec.RightKeys) || len(op.Schema) != len(input)+len(l.spec.Output) {
		return nil, fmt.Errorf("%s: a lookup join needs a key, and columns of both sides", op.Name)
	}
	right := op.Schema[len(input):]
	for i, k := range l.spec.LeftKeys {
		a, b := input[k].Type, right[l.spec.RightKeys[i]].Type
		if a.Phys() != b.Phys() || a.Scale != b.Scale {
			return nil, fmt.Errorf("%s compares %s with %s", op.Name, a, b)
		}
	}
	for i, c := range op.Schema {
		if l.types = append(l.types, c.Type); i >= len(input) {
			l.right = append(l.right, i-len(input))
		}
	}
	if l.spec.Condition != nil {
		var err error
		if l.cond, err = operator.NewCondition(*l.spec.Condition, [][]data.Column{input, right}, functions); err != nil {
			return nil, err
		}
	}
	return l, nil
}

func (l *lookup) Open(c *operator.Context) error {
	l.ctx = c
	var err error
	if l.answers, err = l.open(c); err != nil {
		return fmt.Errorf("table %s: %w", l.spec.Table.Name, err)
	}
	l.account()
	return nil
}

func (l *lookup) account() {
	l.ctx.Metrics.StateKeys.Store(int64(l.answers.keys()))
	l.ctx.Metrics.StateBytes.Store(l.answers.bytes())
}

func (l *lookup) Close() error {
	if l.answers == nil {
		return nil
	}
	return l.answers.close()
}

func (l *lookup) Watermark(wm int64, out operator.Output) error { return out.Watermark(wm) }

// Tick reads the table again when it is time to.
func (l *lookup) Tick(now int64, _ operator.Output) error {
	f, ok := l.answers.(*whole)
	if !ok {
		return nil
	}
	if err := f.tick(l.ctx, now); err != nil {
		return fmt.Errorf("table %s: %w", l.spec.Table.Name, err)
	}
	l.account()
	return nil
}

func (l *lookup) Process(_ int, b *data.Batch, out operator.Output) error {
	defer b.Release()
	l.rows = operator.Rows(b, l.rows)
	if cap(l.first) < len(l.rows) {
		l.first = make([]unsafe.Pointer, max(len(l.rows), data.BatchSize))
	}
	keyed := l.withKey(b)
	first := l.first[:len(keyed)]
	whole := *b // the same columns under the hashes of the key
	whole.Hashes = l.hashes
	data.HashKeys(&whole, l.spec.LeftKeys)
	l.hashes = whole.Hashes
	if err := l.answers.find(running(l.ctx), &whole, keyed, first, l.ctx.Env.Now); err != nil {
		return fmt.Errorf("table %s: %w", l.spec.Table.Name, err)
	}
	s := l.answers.store()
	k := 0
	for _, r := range l.rows {
		var rec unsafe.Pointer
		if k < len(keyed) && keyed[k] == r {
			rec = first[k]
			k++
		}
		if rec == nil && l.spec.Kind == graph.LeftJoin {
			l.add(r, nil)
		}
		for ; rec != nil; rec = s.next(rec) {
			l.add(r, rec)
		}
		if len(l.pairs.row) >= data.BatchSize {
			if err := l.give(b, s, out); err != nil {
				return err
			}
		}
	}
	if err := l.give(b, s, out); err != nil {
		return err
	}
	l.account()
	return nil
}

func (l *lookup) add(row int32, rec unsafe.Pointer) {
	l.pairs.row, l.pairs.rec = append(l.pairs.row, row), append(l.pairs.rec, rec)
}

func running(c *operator.Context) context.Context {
	if c.Running == nil {
		return context.Background()
	}
	return c.Running
}

// withKey lists the rows without NULL in their key.
func (l *lookup) withKey(b *data.Batch) []int32 {
	nulls := false
	for _, k := range l.spec.LeftKeys {
		nulls = nulls || b.Cols[k].Nulls != nil
	}
	if !nulls {
		return l.rows
	}
	l.keyed = l.keyed[:0]
rows:
	for _, r := range l.rows {
		for _, k := range l.spec.LeftKeys {
			if b.Cols[k].IsNull(int(r)) {
				continue rows
			}
		}
		l.keyed = append(l.keyed, r)
	}
	return l.keyed
}

// give judges the pairs and sends them.
func (l *lookup) give(b *data.Batch, s *store, out operator.Output) error {
	p := &l.pairs
	if l.cond != nil {
		if err := l.judge(b, s); err != nil {
			return err
		}
	}
	for from := 0; from < len(p.row); from += data.BatchSize {
		to := min(from+data.BatchSize, len(p.row))
		o, err := l.batch(b, s, p.row[from:to], p.rec[from:to])
		if err != nil {
			return err
		}
		if err := out.Emit(o); err != nil {
			return err
		}
	}
	p.row, p.rec = p.row[:0], p.rec[:0]
	return nil
}

// judge leaves the pairs for which the condition is TRUE and, in a LEFT join, one
// pair without a row of the table for rows that have none left.
func (l *lookup) judge(b *data.Batch, s *store) error {
	in := l.pairs
	var out pairs
	for from := 0; from < len(in.row); from += data.BatchSize {
		to := min(from+data.BatchSize, len(in.row))
		sel, err := l.cond.Judge(to-from, l.ctx.Env, func(o *data.Batch, side int, cols []int, types []data.Type) error {
			if side == 1 {
				return s.gather(o, in.rec[from:to], cols, types)
			}
			for _, k := range cols {
				o.Cols = append(o.Cols, data.Gather(b.Cols[k], in.row[from:to]))
			}
			return nil
		})
		if err != nil {
			return err
		}
		k := 0
		for i := range to - from {
			passes := sel == nil || k < len(sel) && int(sel[k]) == i
			if passes {
				k++
			}
			if passes || l.spec.Kind == graph.LeftJoin { // refused ones are looked at below
				out.row = append(out.row, in.row[from+i])
				if passes && in.rec[from+i] != nil {
					out.rec = append(out.rec, in.rec[from+i])
				} else {
					out.rec = append(out.rec, nil)
				}
			}
		}
	}
	l.pairs = out
	if l.spec.Kind != graph.LeftJoin {
		return nil
	}
	// Of the pairs of a row without a row of the table, none stays where there is
	// another pair, and one where there is not.
	n := 0
	for i := 0; i < len(out.row); {
		start, any := i, false
		for ; i < len(out.row) && out.row[i] == out.row[start]; i++ {
			any = any || out.rec[i] != nil
		}
		if !any {
			out.row[n], out.rec[n] = out.row[start], nil
			n++
			continue
		}
		for k := start; k < i; k++ {
			if out.rec[k] != nil {
				out.row[n], out.rec[n] = out.row[k], out.rec[k]
				n++
			}
		}
	}
	l.pairs.row, l.pairs.rec = out.row[:n], out.rec[:n]
	return nil
}

// batch makes a batch of pairs.
func (l *lookup) batch(b *data.Batch, s *store, rows []int32, recs []unsafe.Pointer) (*data.Batch, error) {
	o := data.NewBatch(len(l.types))
	o.N, o.IngestedAt = len(rows), b.IngestedAt
	for k, c := range b.Cols {
		v := data.Gather(c, rows)
		v.Type = l.types[k]
		o.Cols = append(o.Cols, v)
	}
	if err := s.gather(o, recs, l.right, l.types[l.left:]); err != nil {
		o.Release()
		return nil, err
	}
	if b.Ops != nil {
		o.Ops = make([]data.Op, len(rows))
		for i, r := range rows {
			o.Ops[i] = b.Ops[r]
		}
	}
	if b.RowWatermarks != nil {
		o.RowWatermarks = make([]int64, len(rows))
		for i, r := range rows {
			o.RowWatermarks[i] = b.RowWatermarks[r]
		}
	}
	return o, nil
}
