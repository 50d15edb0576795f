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
	o, err := newKept(of, input, nil)
	if err != nil {
		return nil, err
	}
	o.whole = true
	return o, nil
}

// giveRows gives the rows of sessions that have ended.
func (s *session) giveRows(ended []*span, out operator.Output) error {
	width := len(s.input)
	return s.eachRows(ended, func(b *data.Batch, of []int32) error {
		o := data.NewBatch(len(s.types))
		o.N, o.Ops = b.N, b.Ops
		for i, c := range b.Cols {
			c.Type = s.types[i]
			o.Cols = append(o.Cols, c.Retain())
		}
		for p, name := range s.spec.Properties {
			v := data.NewVector(s.types[width+p], b.N)
			for i, n := range of {
				v.I64[i] = property(v.Type, name, ended[n].start, ended[n].end, s.clock)
			}
			o.Cols = append(o.Cols, v)
		}
		return out.Emit(o)
	})
}
