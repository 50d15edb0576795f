package logical

import (
	"fmt"

	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/expr"
	"github.com/weir-streams/weir/engine/graph"
	"github.com/weir-streams/weir/engine/sql/ast"
)

// Temporal joins each left row with the version of the right table that was in
// force at its time.
type Temporal struct {
	Left, Right         Node
	Kind                graph.JoinKind // INNER or LEFT
	LeftKeys, RightKeys []int
	LeftTime, RightTime int
	Cond                *expr.Expr // what else must be TRUE, over the left columns followed by the right ones
	Pos                 ast.Pos
}

// Schema of a Temporal: the left columns as they are, then the right ones, whose
// time is past.
func (n *Temporal) Schema() []data.Column {
	out := append([]data.Column{}, n.Left.Schema()...)
	both := beside(out, n.Right.Schema())
	for _, c := range both[len(out):] {
		c.Type.Nullable = c.Type.Nullable || n.Kind.KeepsLeft()
		out = append(out, c)
	}
	return out
}

// Inputs gives both inputs.
func (n *Temporal) Inputs() []Node { return []Node{n.Left, n.Right} }

// With replaces the inputs.
func (n *Temporal) With(in ...Node) Node { c := *n; c.Left, c.Right = in[0], in[1]; return &c }

// Line of a Temporal.
func (n *Temporal) Line() string {
	return "temporal join " + n.Text(graph.ColumnNames(n.Schema()))
}

// Text says what is joined, under names of the columns of both sides.
func (n *Temporal) Text(names []string) string {
	left := len(n.Left.Schema())
	s := string(n.Kind)
	for i, k := range n.LeftKeys {
		s += fmt.Sprintf(" %s = %s", names[k], names[left+n.RightKeys[i]])
	}
	s += fmt.Sprintf(" by %s, %s", names[n.LeftTime], names[left+n.RightTime])
	if n.Cond != nil {
		s += " and " + graph.Expression(*n.Cond, names)
	}
	return s
}
