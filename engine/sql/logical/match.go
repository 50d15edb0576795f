package logical

import (
	"fmt"
	"strings"

	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/graph"
	"github.com/weir-streams/weir/engine/sql/ast"
)

// Match finds patterns in the rows of each partition: MATCH_RECOGNIZE. It gives
// the keys, then Columns.
type Match struct {
	Input   Node
	Spec    graph.Match
	Columns []data.Column // of the measures
	Pos     ast.Pos
}

// Schema of a Match: the keys and the measures.
func (n *Match) Schema() []data.Column {
	in := n.Input.Schema()
	out := make([]data.Column, 0, len(n.Spec.Keys)+len(n.Columns))
	for _, k := range n.Spec.Keys {
		c := in[k]
		c.Type.TimeAttr = data.NoTimeAttr
		out = append(out, c)
	}
	return append(out, n.Columns...)
}

// Inputs gives the one input.
func (n *Match) Inputs() []Node { return []Node{n.Input} }

// With replaces the input.
func (n *Match) With(in ...Node) Node { c := *n; c.Input = in[0]; return &c }

// Line of a Match.
func (n *Match) Line() string {
	return "match " + MatchText(n.Spec, graph.ColumnNames(n.Input.Schema()))
}

// MatchText is a pattern with its definitions and measures.
func MatchText(m graph.Match, names []string) string {
	keys := make([]string, len(m.Keys))
	for i, k := range m.Keys {
		keys[i] = names[k]
	}
	refs := make([]string, len(m.Refs))
	for i, r := range m.Refs {
		of := make([]string, len(r.Vars))
		for k, v := range r.Vars {
			of[k] = m.Vars[v]
		}
		rows := strings.Join(of, "|")
		if rows == "" {
			rows = "*"
		}
		switch {
		case r.Agg != nil:
			refs[i] = rows + ":" + AggText(*r.Agg, names)
		case r.First:
			refs[i] = fmt.Sprintf("FIRST(%s.%s, %d)", rows, names[r.Column], r.Offset)
		default:
			refs[i] = fmt.Sprintf("LAST(%s.%s, %d)", rows, names[r.Column], r.Offset)
		}
	}
	pattern := make([]string, len(m.Pattern))
	for i, p := range m.Pattern {
		pattern[i] = m.Vars[p.Var]
		if p.Min != 1 || p.Max != 1 {
			pattern[i] += fmt.Sprintf("{%d,%d}", p.Min, p.Max)
			if !p.Greedy {
				pattern[i] += "?"
			}
		}
	}
	s := fmt.Sprintf("by [%s] order [%s] pattern (%s)", strings.Join(keys, ", "), OrderText(m.Order, names), strings.Join(pattern, " "))
	if m.WithinMillis > 0 {
		s += " within " + graph.Interval(m.WithinMillis)
	}
	s += " skip " + string(m.Skip)
	if m.Skip == graph.SkipToFirst || m.Skip == graph.SkipToLast {
		s += " " + m.Vars[m.SkipVar]
	}
	for i, d := range m.Define {
		if d != nil {
			s += ", " + m.Vars[i] + " as " + graph.Expression(*d, refs)
		}
	}
	for _, e := range m.Measures {
		s += ", " + graph.Expression(e, refs)
	}
	return s
}
