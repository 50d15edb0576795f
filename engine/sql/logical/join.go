package logical

import (
	"slices"
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
	// LeftTTL and RightTTL are milliseconds for which the rows of an input are
	// kept, if a hint says so; 0: for ever.
	LeftTTL, RightTTL *int64
	Pos               ast.Pos

	known joinColumns
}

// joinColumns are what Schema and Both worked out once. They are of one node: a
// copy that is about to be changed does not take them for its own.
type joinColumns struct {
	of           *Join
	both, schema []data.Column
	width        int // columns of the left input
}

// columns works out the columns of the node. Without remembering them, a chain of
// joins would ask each input twice, and that one its own, and so on.
func (n *Join) columns() *joinColumns {
	if k := &n.known; k.of == n {
		return k
	}
	l, r := n.Left.Schema(), n.Right.Schema()
	k := joinColumns{of: n, both: beside(l, r), width: len(l)}
	k.schema = n.given(slices.Clone(k.both), len(l))
	n.known = k
	return &n.known
}

// Width is the number of columns of the left input.
func (n *Join) Width() int { return n.columns().width }

// Schema of a Join: the left columns and, but for SEMI and ANTI, the right
// ones. Nothing is a time attribute any more, as rows come long after their time,
// but for the times of an interval.
func (n *Join) Schema() []data.Column { return slices.Clone(n.columns().schema) }

func (n *Join) given(out []data.Column, left int) []data.Column {
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
func (n *Join) Both() []data.Column { return slices.Clone(n.columns().both) }

func beside(l, r []data.Column) []data.Column {
	out := make([]data.Column, 0, len(l)+len(r))
	taken := make(map[string]bool, len(l)+len(r))
	next := map[string]int{} // of each name, the number to try
	for _, side := range [][]data.Column{l, r} {
		for _, c := range side {
			name := c.Name
			for k := next[name]; taken[c.Name]; k++ {
				c.Name = name + strconv.Itoa(k)
				next[name] = k + 1
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
