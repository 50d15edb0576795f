// Package final ends queries of batch mode: it takes all changes of a bounded
// input together and gives the rows that remain, in an order.
package final

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/graph"
	"github.com/weir-streams/weir/engine/operator"
	"github.com/weir-streams/weir/engine/ordered"
	"github.com/weir-streams/weir/engine/state"
)

// final counts rows: each that came and was not taken away again remains.
type final struct {
	order   []graph.SortKey
	columns []data.Column
	types   []data.Type
	cols    []int

	ctx     *operator.Context
	held    operator.Held
	rows    map[string]*entry
	next    int64 // number of the next row that was not there before
	row     []byte
	scratch []int32
	ended   bool
}

// entry is a row that is there count times.
type entry struct {
	row   string
	key   string // sort key
	first int64  // as the how-manieth different row it came
	count int64
}

const rowsState = "rows"

// New makes the operator of a Final.
func New(op graph.Op, input []data.Column) (operator.Operator, error) {
	f := &final{order: op.Final.Order, columns: input, rows: map[string]*entry{}}
	for _, k := range f.order {
		if t := input[k.Column].Type; !ordered.Orderable(t) {
			return nil, fmt.Errorf("%s cannot order by %s, of type %s", op.Name, input[k.Column].Name, t)
		}
	}
	for i, c := range op.Schema {
		f.types, f.cols = append(f.types, c.Type), append(f.cols, i)
	}
	return f, nil
}

func (f *final) Open(c *operator.Context) error {
	f.ctx = c
	f.held.Budget = c.Memory
	return nil
}

func (f *final) Close() error {
	if f.ctx != nil {
		f.held.Free()
	}
	return nil
}

func (f *final) Process(_ int, b *data.Batch, _ operator.Output) error {
	defer b.Release()
	f.scratch = operator.Rows(b, f.scratch)
	for _, r := range f.scratch {
		by := int64(1)
		if op := b.Op(int(r)); op == data.UpdateBefore || op == data.Delete {
			by = -1
		}
		if err := f.count(b.Cols, int(r), by); err != nil {
			return err
		}
	}
	f.ctx.Metrics.StateKeys.Store(int64(len(f.rows)))
	f.ctx.Metrics.StateBytes.Store(f.held.Bytes())
	return nil
}

func (f *final) count(cols []*data.Vector, r int, by int64) error {
	f.row = data.EncodeRow(f.row[:0], cols, f.cols, r)
	e := f.rows[string(f.row)]
	if e == nil {
		e = &entry{row: string(f.row), first: f.next}
		f.next++
		if len(f.order) > 0 {
			e.key = string(ordered.AppendKey(nil, cols, f.order, r))
		}
		if err := f.held.Take(len(e.row) + len(e.key)); err != nil {
			return err
		}
		f.rows[e.row] = e
	}
	if e.count += by; e.count == 0 {
		f.held.Give(len(e.row) + len(e.key))
		delete(f.rows, e.row)
	}
	return nil
}

func (f *final) Watermark(wm int64, out operator.Output) error {
	if wm == data.MaxWatermark && !f.ended {
		f.ended = true
		if err := f.give(out); err != nil {
			return err
		}
	}
	return out.Watermark(wm)
}

func (f *final) give(out operator.Output) error {
	all := make([]*entry, 0, len(f.rows))
	for _, e := range f.rows {
		all = append(all, e)
	}
	slices.SortFunc(all, func(a, b *entry) int {
		return cmp.Or(cmp.Compare(a.key, b.key), cmp.Compare(a.first, b.first))
	})
	var chunk []string
	flush := func() error {
		if len(chunk) == 0 {
			return nil
		}
		b := data.MakeBatch(f.types, len(chunk))
		for i, row := range chunk {
			if _, err := data.DecodeRow([]byte(row), b.Cols, i); err != nil {
				b.Release()
				return err
			}
		}
		chunk = chunk[:0]
		return out.Emit(b)
	}
	for _, e := range all {
		for range e.count { // none of what was only taken away
			chunk = append(chunk, e.row)
			if len(chunk) == data.BatchSize {
				if err := flush(); err != nil {
					return err
				}
			}
		}
	}
	clear(f.rows) // given: a snapshot of the end has none of them
	return flush()
}

// Snapshot writes each row as often as it is there. A job of batch mode may be
// stopped with a savepoint before its input has ended.
func (f *final) Snapshot(w *state.Writer) error {
	all := make([]*entry, 0, len(f.rows))
	for _, e := range f.rows {
		all = append(all, e)
	}
	slices.SortFunc(all, func(a, b *entry) int { return cmp.Compare(a.first, b.first) })
	to := w.Keyed(rowsState, 0, 0, f.columns)
	for _, e := range all {
		for range e.count {
			to.Put(0, []byte(e.row))
		}
	}
	return nil
}

func (f *final) Restore(r *state.Reader) error {
	return r.EachRow(rowsState, func(from []data.Column, _ int, row []byte) error {
		if len(from) != len(f.columns) {
			return fmt.Errorf("the state has %d columns, the query now %d", len(from), len(f.columns))
		}
		for i, c := range f.columns {
			if !c.Type.SameAs(from[i].Type) {
				return fmt.Errorf("column %s was %s and is now %s", c.Name, from[i].Type, c.Type)
			}
		}
		b := data.MakeBatch(f.types, 1)
		defer b.Release()
		if _, err := data.DecodeRow(row, b.Cols, 0); err != nil {
			return err
		}
		return f.count(b.Cols, 0, 1)
	})
}
