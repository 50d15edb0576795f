package logical

import (
	"fmt"

	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/expr"
	"github.com/weir-streams/weir/engine/graph"
	"github.com/weir-streams/weir/engine/sql/ast"
)

// Lookup completes each row with the rows of a table that have its key, as the
// table is when the row comes. The table is no input: it is asked.
type Lookup struct {
	Input               Node
	Table               *Scan          // what is read of the table
	Kind                graph.JoinKind // INNER or LEFT
	LeftKeys, RightKeys []int          // columns of Input; of Table
	Cond                *expr.Expr     // what else must be TRUE, over the columns of Input, then Table
	Pos                 ast.Pos
}

// Schema of a Lookup: the input's columns as they are, then the table's.
func (n *Lookup) Schema() []data.Column {
	out := append([]data.Column{}, n.Input.Schema()...)
	both := beside(out, n.Table.Schema())
	for _, c := range both[len(out):] {
		c.Type.Nullable = c.Type.Nullable || n.Kind.KeepsLeft()
		out = append(out, c)
	}
	return out
}

// Inputs gives the one input.
func (n *Lookup) Inputs() []Node { return []Node{n.Input} }

// With replaces the input.
func (n *Lookup) With(in ...Node) Node { c := *n; c.Input = in[0]; return &c }

// Line of a Lookup.
func (n *Lookup) Line() string {
	return fmt.Sprintf("lookup %s %s", n.Table.Line()[len("scan "):], n.Text(graph.ColumnNames(n.Schema())))
}

// Text says what is joined, under names of the columns of both.
func (n *Lookup) Text(names []string) string {
	left := len(n.Input.Schema())
	s := string(n.Kind)
	for i, k := range n.LeftKeys {
		s += fmt.Sprintf(" %s = %s", names[k], names[left+n.RightKeys[i]])
	}
	if n.Cond != nil {
		s += " and " + graph.Expression(*n.Cond, names)
	}
	return s
}
