package logical

import (
	"fmt"

	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/graph"
)

// Unnest gives each row once for each element of a collection in it: the input's
// columns, then Columns.
type Unnest struct {
	Input   Node
	Spec    graph.Unnest
	Columns []data.Column // of the element and its number
}

// Schema of an Unnest: the input's columns, then those of the element.
func (n *Unnest) Schema() []data.Column {
	in := n.Input.Schema()
	return append(in[:len(in):len(in)], n.Columns...)
}

// Inputs gives the one input.
func (n *Unnest) Inputs() []Node { return []Node{n.Input} }

// With replaces the input.
func (n *Unnest) With(in ...Node) Node { c := *n; c.Input = in[0]; return &c }

// Line of an Unnest.
func (n *Unnest) Line() string { return UnnestText(n.Spec, graph.ColumnNames(n.Schema())) }

// UnnestText says what is taken apart: unnest tags, numbered.
func UnnestText(u graph.Unnest, names []string) string {
	s := "repeat"
	switch {
	case u.Column >= 0:
		s = "unnest " + names[u.Column]
	case u.Times > 0:
		s += fmt.Sprintf(" %d times", u.Times)
	default:
		s += " " + names[u.Count] + " times"
	}
	if u.Ordinality {
		s += ", numbered"
	}
	if u.Condition != nil {
		s += " where " + graph.Expression(*u.Condition, names)
	}
	if u.Left {
		s += ", or NULL"
	}
	return s
}
