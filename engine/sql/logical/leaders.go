package logical

import (
	"fmt"

	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/expr"
	"github.com/weir-streams/weir/engine/graph"
)

// Leaders leaves out rows that are not the greatest (or least) of any window that
// its user may match them with: see graph.Leaders.
type Leaders struct {
	Input Node
	Spec  graph.Leaders
}

// Schema of Leaders: the input's.
func (n *Leaders) Schema() []data.Column { return n.Input.Schema() }

// Inputs gives the one input.
func (n *Leaders) Inputs() []Node { return []Node{n.Input} }

// With replaces the input.
func (n *Leaders) With(in ...Node) Node { c := *n; c.Input = in[0]; return &c }

// Line of Leaders.
func (n *Leaders) Line() string {
	return "leaders " + LeadersText(n.Spec, graph.ColumnNames(n.Input.Schema()))
}

// LeadersText says which rows pass.
func LeadersText(s graph.Leaders, names []string) string {
	what := "greatest"
	if s.Least {
		what = "least"
	}
	return fmt.Sprintf("%s %s of windows of %d ms that end %d to %d ms after %s", what, names[s.Value], s.Size, s.Lower, s.Upper, names[s.Time])
}

// DistanceOf finds the bounds that a condition over two inputs puts on the
// difference of a left and a right column, both TIMESTAMP: left minus right is
// Lower to Upper milliseconds. nil: there are none, or not on both ends.
func DistanceOf(cond expr.Expr, left, right []data.Column, l, r int) *Interval {
	return boundsOf(cond, left, right, &Interval{LeftTime: l, RightTime: r}, data.NoTimeAttr)
}
