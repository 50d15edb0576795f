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
// place of the changes it gives. What several read has a number, as in Flink, by
// which all but the first refer to it.
func DetailedText(g *Graph, more func(vertex, op int) string) string {
	var b strings.Builder
	users := make([]int, len(g.Vertices))
	for _, v := range g.Vertices {
		for _, e := range v.Inputs {
			users[e.From]++
		}
	}
	reuse, met := make([]int, len(g.Vertices)), make([]bool, len(g.Vertices))
	shared := 0
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
			if id := reuse[e.From]; id > 0 && met[e.From] {
				fmt.Fprintf(&b, " Reused(reference_id=[%d])", id)
			}
			met[e.From] = true
			b.WriteByte('\n')
		}
		if users[i] > 1 {
			shared++
			reuse[i] = shared
		}
		for k, op := range v.Ops {
			fmt.Fprintf(&b, "   %s: %s", op.Name, op.Detail)
			if more != nil {
				b.WriteString(more(i, k))
			} else if m := op.Modes.String(); m != "[I]" {
				b.WriteString(" " + m)
			}
			if k == len(v.Ops)-1 && reuse[i] > 0 {
				fmt.Fprintf(&b, "(reuse_id=[%d])", reuse[i])
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
