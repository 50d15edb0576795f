package logical

import (
	"strconv"

	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/expr"
	"github.com/weir-streams/weir/engine/graph"
	"github.com/weir-streams/weir/engine/sql/ast"
)

// Join matches the rows of two inputs for which Cond, over the left columns
// followed by the right ones, is TRUE.
type Join struct {
	Left, Right Node
	Kind        graph.JoinKind
	Cond        expr.Expr
	Interval    *Interval // what Cond says of the event times of both; nil: nothing
	Pos         ast.Pos
}

// Schema of a Join: the left columns and, but for SEMI and ANTI, the right
// ones. Nothing is a time attribute any more, as rows come long after their time,
// but for the times of an interval.
func (n *Join) Schema() []data.Column {
	out := n.Both()
	left := len(n.Left.Schema())
	if n.Interval != nil && !n.Kind.LeftOnly() {
		out[n.Interval.LeftTime].Type.TimeAttr = data.EventTime
		out[left+n.Interval.RightTime].Type.TimeAttr = data.EventTime
	}
	if n.Kind.LeftOnly() {
		return out[:left:left]
	}
	for i := range out {
		if i < left && n.Kind.KeepsRight() || i >= left && n.Kind.KeepsLeft() {
			out[i].Type.Nullable = true
		}
	}
	return out
}

// Both is the columns Cond is over: those of both inputs, under different names.
func (n *Join) Both() []data.Column {
	l, r := n.Left.Schema(), n.Right.Schema()
	out := make([]data.Column, 0, len(l)+len(r))
	taken := map[string]bool{}
	for _, side := range [][]data.Column{l, r} {
		for _, c := range side {
			name := c.Name
			for k := 0; taken[c.Name]; k++ {
				c.Name = name + strconv.Itoa(k)
			}
			taken[c.Name] = true
			c.Type.TimeAttr = data.NoTimeAttr
			out = append(out, c)
		}
	}
	return out
}

// Inputs gives both inputs.
func (n *Join) Inputs() []Node { return []Node{n.Left, n.Right} }

// With replaces the inputs.
func (n *Join) With(in ...Node) Node { c := *n; c.Left, c.Right = in[0], in[1]; return &c }

// Line of a Join.
func (n *Join) Line() string {
	return string(n.Kind) + " join on " + graph.Expression(n.Cond, graph.ColumnNames(n.Both()))
}
