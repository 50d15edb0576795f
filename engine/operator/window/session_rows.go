package window

import (
	"fmt"

	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/graph"
	"github.com/weir-streams/weir/engine/operator"
)

// newSessionRows makes the operator of a SESSION table function that is not
// aggregated: each row is given with its session, once that has ended.
func newSessionRows(op graph.Op, input []data.Column) (operator.Operator, error) {
	w := op.WindowAssign.Window
	of := op
	of.WindowAggregate = &graph.WindowAggregate{
		Window: w, Keys: w.PartitionBy, Properties: []graph.WindowProperty{graph.WindowStart, graph.WindowEnd, graph.WindowTime},
	}
	if w.Gap <= 0 {
		return nil, fmt.Errorf("SESSION window with a gap of %d ms: it must be positive", w.Gap)
	}
	o, err := newKept(of, input)
	if err != nil {
		return nil, err
	}
	o.whole = true
	return o, nil
}

// giveRows gives the rows of sessions that have ended.
func (s *session) giveRows(ended []*span, out operator.Output) error {
	var o *data.Batch
	n := 0
	width := len(s.input)
	flush := func() error {
		if n == 0 {
			return nil
		}
		b := data.Compact(o.Share(operator.Rows(&data.Batch{N: n}, nil)))
		o.Release()
		o, n = nil, 0
		return out.Emit(b)
	}
	for _, w := range ended {
		for left := w.rows; len(left) > 0; {
			if o == nil {
				o = data.MakeBatch(s.types, data.BatchSize)
				o.Ops = make([]data.Op, data.BatchSize)
			}
			o.Ops[n] = data.Op(left[0])
			var err error
			if left, err = data.DecodeRow(left[1:], o.Cols[:width], n); err != nil {
				o.Release()
				return fmt.Errorf("row of a session: %w", err)
			}
			for p, name := range s.spec.Properties {
				v := o.Cols[width+p]
				v.I64[n] = property(v.Type, name, w.start, w.end, s.clock)
			}
			if n++; n == data.BatchSize {
				if err := flush(); err != nil {
					return err
				}
			}
		}
		s.forget(w)
	}
	return flush()
}
