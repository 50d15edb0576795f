package topn

import (
	"fmt"
	"math"

	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/graph"
	"github.com/weir-streams/weir/engine/operator"
	"github.com/weir-streams/weir/engine/ordered"
	"github.com/weir-streams/weir/engine/state"
)

// sorter gives rows in the order of event time: those up to the watermark when
// it comes. A row that is not later than one already given is dropped.
type sorter struct {
	order   []graph.SortKey
	columns []data.Column
	ctx     *operator.Context
	rows    list
	held    int64
	passed  int64  // time of the last row given
	given   int64  // watermark up to which rows were given
	prefix  []byte // sort key of a time
	key     []byte
	row     []byte
	scratch []int32
	due     []textRow
	out     changes
}

const passedState = "passed"

// NewSort makes the operator of a Sort.
func NewSort(op graph.Op, input []data.Column) (operator.Operator, error) {
	s := &sorter{order: op.Sort.Order, columns: input, passed: math.MinInt64, given: data.MinWatermark}
	for _, k := range s.order {
		if t := input[k.Column].Type; !ordered.Orderable(t) {
			return nil, fmt.Errorf("%s cannot order by %s, of type %s", op.Name, input[k.Column].Name, t)
		}
	}
	if t := input[s.order[0].Column].Type; t.Phys() != data.PhysI64 {
		return nil, fmt.Errorf("%s orders by a time of type %s", op.Name, t)
	}
	for i, c := range op.Schema {
		s.out.types, s.out.cols = append(s.out.types, c.Type), append(s.out.cols, i)
	}
	return s, nil
}

func (s *sorter) Open(c *operator.Context) error { s.ctx = c; return nil }

func (s *sorter) Close() error {
	if s.ctx != nil {
		s.ctx.Memory.Give(s.held)
		s.held = 0
	}
	return nil
}

func (s *sorter) Process(_ int, b *data.Batch, out operator.Output) error {
	defer b.Release()
	s.scratch = operator.Rows(b, s.scratch)
	times := b.Cols[s.order[0].Column]
	late := int64(0)
	s.out.begin(b, out)
	for _, r := range s.scratch {
		if b.RowWatermarks != nil {
			if err := s.give(b.RowWatermarks[r]); err != nil {
				return err
			}
		}
		if times.IsNull(int(r)) || times.I64[r] <= s.passed {
			late++
			continue
		}
		s.key = ordered.AppendKey(s.key[:0], b.Cols, s.order, int(r))
		s.row = data.EncodeRow(s.row[:0], b.Cols, s.out.cols, int(r))
		if err := s.put(textRow{key: string(s.key), row: string(s.row)}); err != nil {
			return err
		}
	}
	s.ctx.Metrics.LateDropped.Add(late)
	s.ctx.Metrics.StateKeys.Store(int64(s.rows.n))
	s.ctx.Metrics.StateBytes.Store(s.held)
	return s.out.flush()
}

func (s *sorter) put(e textRow) error {
	if err := s.ctx.Memory.Take(cost(e)); err != nil {
		return err
	}
	s.held += cost(e)
	s.rows.insert(e)
	return nil
}

// give gives the rows up to a watermark.
func (s *sorter) give(wm int64) error {
	if wm <= s.given {
		return nil
	}
	s.given = wm
	s.prefix = ordered.AppendTime(s.prefix[:0], wm)
	for s.rows.n > 0 {
		e := s.rows.chunks[0][0]
		if e.key[:len(s.prefix)] > string(s.prefix) {
			break
		}
		n := firstNot(len(s.rows.chunks[0]), func(i int) bool { return s.rows.chunks[0][i].key[:len(s.prefix)] <= string(s.prefix) })
		s.due = append(s.due[:0], s.rows.chunks[0][:n]...)
		s.rows.dropFirst(n)
		for _, e := range s.due {
			s.held -= cost(e)
			s.ctx.Memory.Give(cost(e))
			s.passed = ordered.TimeOf(e.key)
			if err := s.out.add(e, 0, data.Insert); err != nil {
				return err
			}
		}
	}
	return nil
}

func (s *sorter) Watermark(wm int64, out operator.Output) error {
	s.out.at, s.out.out = 0, out
	if err := s.give(wm); err != nil {
		return err
	}
	if err := s.out.flush(); err != nil {
		return err
	}
	return out.Watermark(wm)
}

func (s *sorter) Snapshot(w *state.Writer) error {
	to := w.Keyed(rowsState, 0, 0, s.columns)
	for _, chunk := range s.rows.chunks {
		for _, e := range chunk {
			to.Append(0, []byte(e.row))
		}
	}
	w.List(passedState, state.Split, [][]byte{operator.Int64Item(s.passed)})
	return nil
}

func (s *sorter) Restore(r *state.Reader) error {
	for _, item := range r.Items(passedState) {
		t, err := operator.Int64Of(item)
		if err != nil {
			return err
		}
		s.passed = max(s.passed, t)
	}
	types := make([]data.Type, len(s.columns))
	for i, c := range s.columns {
		types[i] = c.Type
	}
	return r.EachRow(rowsState, func(from []data.Column, _ int, row []byte) error {
		if len(from) != len(types) {
			return fmt.Errorf("the state has %d columns, the query now %d", len(from), len(types))
		}
		for i, t := range types {
			if !t.SameAs(from[i].Type) {
				return fmt.Errorf("column %s was %s and is now %s", s.columns[i].Name, from[i].Type, t)
			}
		}
		b := data.MakeBatch(types, 1)
		defer b.Release()
		if _, err := data.DecodeRow(row, b.Cols, 0); err != nil {
			return err
		}
		s.key = ordered.AppendKey(s.key[:0], b.Cols, s.order, 0)
		return s.put(textRow{key: string(s.key), row: string(row)})
	})
}
