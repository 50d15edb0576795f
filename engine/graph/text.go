package graph

import (
	"fmt"
	"strings"

	"github.com/weir-streams/weir/engine/expr"
)

// Text is a graph for people and for golden tests: a paragraph for each vertex,
// a line for each operator.
func Text(g *Graph) string { return DetailedText(g, nil) }

// DetailedText is Text with more at the end of the line of each operator, in
// place of the changes it gives.
func DetailedText(g *Graph, more func(vertex, op int) string) string {
	var b strings.Builder
	for i, v := range g.Vertices {
		fmt.Fprintf(&b, "%d: %s", i, v.Name)
		if v.Parallelism > 0 {
			fmt.Fprintf(&b, " (parallelism %d)", v.Parallelism)
		}
		b.WriteByte('\n')
		for _, e := range v.Inputs {
			fmt.Fprintf(&b, "   from %d %s", e.From, e.Partitioning)
			if len(e.Keys) > 0 {
				from := g.Vertices[e.From].Ops
				names := ColumnNames(from[len(from)-1].Schema)
				keys := make([]string, len(e.Keys))
				for j, k := range e.Keys {
					keys[j] = names[k]
				}
				fmt.Fprintf(&b, " [%s]", strings.Join(keys, ", "))
			}
			b.WriteByte('\n')
		}
		for k, op := range v.Ops {
			fmt.Fprintf(&b, "   %s: %s", op.Name, op.Detail)
			if more != nil {
				b.WriteString(more(i, k))
			} else if m := op.Modes.String(); m != "[I]" {
				b.WriteString(" " + m)
			}
			b.WriteByte('\n')
		}
	}
	return b.String()
}

// Calls tells whether an expression calls a function of a sort.
func Calls(e expr.Expr, is func(function string) bool) bool {
	if e.Kind == expr.KindCall && is(e.Func) {
		return true
	}
	for _, a := range e.Args {
		if Calls(a, is) {
			return true
		}
	}
	return false
}

// String is the changelog mode as Flink writes it: [I,UB,UA,D].
func (m Modes) String() string {
	s := "[I"
	if m.UpdateBefore {
		s += ",UB"
	}
	if m.Updates {
		s += ",UA"
	}
	if m.Deletes {
		s += ",D"
	}
	return s + "]"
}
