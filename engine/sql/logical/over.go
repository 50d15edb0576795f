package logical

import (
	"fmt"
	"strings"

	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/graph"
	"github.com/weir-streams/weir/engine/sql/ast"
)

// Over computes functions over each row's frame. It gives the input's columns,
// then one for each call.
type Over struct {
	Input Node
	Spec  graph.Over
	Names []string // of the calls
	Pos   ast.Pos
}

// Schema of an Over: the input's columns, then the results.
func (n *Over) Schema() []data.Column {
	in := n.Input.Schema()
	out := make([]data.Column, len(in), len(in)+len(n.Spec.Calls))
	copy(out, in)
	if n.Spec.Time == data.NoTimeAttr { // results change long after a row's time
		for i := range out {
			out[i].Type.TimeAttr = data.NoTimeAttr
		}
	}
	for i, c := range n.Spec.Calls {
		out = append(out, data.Column{Name: n.Names[i], Type: c.Type})
	}
	return out
}

// Inputs gives the one input.
func (n *Over) Inputs() []Node { return []Node{n.Input} }

// With replaces the input.
func (n *Over) With(in ...Node) Node { c := *n; c.Input = in[0]; return &c }

// Line of an Over.
func (n *Over) Line() string {
	return "over " + OverText(n.Spec, graph.ColumnNames(n.Input.Schema()))
}

// OverText is a window and what is computed over it.
func OverText(o graph.Over, names []string) string {
	ks := make([]string, len(o.Keys))
	for i, k := range o.Keys {
		ks[i] = names[k]
	}
	unit, from := "RANGE", "UNBOUNDED"
	if o.Rows {
		unit = "ROWS"
	}
	if o.Preceding >= 0 {
		from = fmt.Sprint(o.Preceding)
	}
	calls := make([]string, len(o.Calls))
	for i, c := range o.Calls {
		switch {
		case c.Agg != nil:
			calls[i] = AggText(*c.Agg, names)
		case c.Func == "LAG", c.Func == "LEAD":
			calls[i] = fmt.Sprintf("%s(%s, %d", c.Func, names[c.Arg], c.Offset)
			if c.Default >= 0 {
				calls[i] += ", " + names[c.Default]
			}
			calls[i] += ")"
		case c.Func == "NTILE":
			calls[i] = fmt.Sprintf("NTILE(%d)", c.Offset)
		default:
			calls[i] = c.Func + "()"
		}
	}
	if f := o.Frame; f != nil {
		return fmt.Sprintf("by [%s] order [%s] %s from %s to %s of [%s]", strings.Join(ks, ", "), OrderText(o.Order, names), unit, boundText(f.From), boundText(f.To), strings.Join(calls, ", "))
	}
	return fmt.Sprintf("by [%s] order [%s] %s %s PRECEDING of [%s]", strings.Join(ks, ", "), OrderText(o.Order, names), unit, from, strings.Join(calls, ", "))
}

func boundText(b graph.Bound) string {
	switch {
	case b.Unbounded:
		return "UNBOUNDED"
	case b.By == 0:
		return "CURRENT ROW"
	case b.By < 0:
		return fmt.Sprintf("%v PRECEDING", -b.By)
	}
	return fmt.Sprintf("%v FOLLOWING", b.By)
}
