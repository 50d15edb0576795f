package logical

import (
	"fmt"
	"strings"

	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/expr"
	"github.com/weir-streams/weir/engine/graph"
)

// Text is a plan for people: a line for each node, inputs below their user.
func Text(n Node) string {
	var b strings.Builder
	write(&b, n, "", "")
	return b.String()
}

func write(b *strings.Builder, n Node, first, rest string) {
	b.WriteString(first + n.Line() + "\n")
	in := n.Inputs()
	for i, c := range in {
		if i == len(in)-1 {
			write(b, c, rest+"└─ ", rest+"   ")
		} else {
			write(b, c, rest+"├─ ", rest+"│  ")
		}
	}
}

// Line of a Scan: the table and what is read of it.
func (n *Scan) Line() string {
	cols := make([]string, len(n.Output))
	for i, p := range n.Output {
		cols[i] = PathName(n.Table, p)
	}
	s := fmt.Sprintf("scan %s [%s]", n.Table.Name, strings.Join(cols, ", "))
	if n.Filter != nil {
		s += " hint " + graph.Expression(*n.Filter, cols)
	}
	return s
}

// PathName is a column of a table, or a field in it: bid.price.
func PathName(t graph.Table, p graph.Path) string {
	if p.Metadata >= 0 {
		return t.Metadata[p.Metadata].Name
	}
	c := t.Columns[p.Column]
	name, typ := c.Name, c.Type
	for _, f := range p.Fields {
		name += "." + typ.Names[f]
		typ = typ.Args[f]
	}
	return name
}

// Line of a Watermark.
func (n *Watermark) Line() string {
	names := graph.ColumnNames(n.Input.Schema())
	return fmt.Sprintf("watermark %s as %s", names[n.TimeColumn], graph.Expression(n.Expr, names))
}

// Line of Values.
func (n *Values) Line() string {
	rows := make([]string, 0, len(n.Rows))
	for i, r := range n.Rows {
		if i == 10 {
			rows = append(rows, fmt.Sprintf("… %d more", len(n.Rows)-i))
			break
		}
		vals := make([]string, len(r))
		for j, v := range r {
			vals[j] = graph.Literal(v, n.Columns[j].Type)
		}
		rows = append(rows, "("+strings.Join(vals, ", ")+")")
	}
	return "values " + strings.Join(rows, ", ")
}

// Line of a Filter.
func (n *Filter) Line() string {
	return "filter " + graph.Expression(n.Cond, graph.ColumnNames(n.Input.Schema()))
}

// Line of a Project.
func (n *Project) Line() string {
	return "project " + Projection(n.Exprs, n.Columns, graph.ColumnNames(n.Input.Schema()))
}

// Projection is a list of expressions with their names.
func Projection(exprs []expr.Expr, columns []data.Column, names []string) string {
	parts := make([]string, len(exprs))
	for i, e := range exprs {
		parts[i] = graph.Expression(e, names)
		if parts[i] != columns[i].Name {
			parts[i] += " AS " + columns[i].Name
		}
	}
	return strings.Join(parts, ", ")
}

// Line of a WindowAssign.
func (n *WindowAssign) Line() string {
	return "window " + WindowText(n.Window, graph.ColumnNames(n.Input.Schema()))
}

// WindowText is a window specification: TUMBLE(dateTime, INTERVAL '10' SECOND).
func WindowText(w graph.Window, names []string) string {
	parts := []string{names[w.TimeColumn]}
	switch w.Kind {
	case graph.Session:
		for _, k := range w.PartitionBy {
			parts = append(parts, "by "+names[k])
		}
		parts = append(parts, graph.Interval(w.Gap))
	case graph.Tumble:
		parts = append(parts, graph.Interval(w.Size))
	default:
		parts = append(parts, graph.Interval(w.Slide), graph.Interval(w.Size))
	}
	if w.Offset != 0 {
		parts = append(parts, "offset "+graph.Interval(w.Offset))
	}
	return string(w.Kind) + "(" + strings.Join(parts, ", ") + ")"
}

// Line of an Aggregate.
func (n *Aggregate) Line() string {
	return "aggregate " + AggregationText(n.Keys, n.Aggs, n.Names, graph.ColumnNames(n.Input.Schema()))
}

// AggregationText is keys and aggregates: by [a], COUNT(*) AS n.
func AggregationText(keys []int, aggs []graph.AggCall, out, names []string) string {
	ks := make([]string, len(keys))
	for i, k := range keys {
		ks[i] = names[k]
	}
	parts := []string{"by [" + strings.Join(ks, ", ") + "]"}
	for i, a := range aggs {
		parts = append(parts, AggText(a, names)+" AS "+out[i])
	}
	return strings.Join(parts, ", ")
}

// AggText is one aggregate: COUNT(DISTINCT x) FILTER (WHERE f).
func AggText(a graph.AggCall, names []string) string {
	args := make([]string, len(a.Args))
	for i, x := range a.Args {
		args[i] = names[x]
	}
	s := strings.Join(args, ", ")
	if len(args) == 0 {
		s = "*"
	}
	if a.Distinct {
		s = "DISTINCT " + s
	}
	s = a.Func + "(" + s + ")"
	if a.Filter >= 0 {
		s += " FILTER (WHERE " + names[a.Filter] + ")"
	}
	return s
}

// Line of a WindowAggregate.
func (n *WindowAggregate) Line() string {
	names := graph.ColumnNames(n.Input.Schema())
	s := "window aggregate " + WindowText(n.Window, names) + " " + AggregationText(n.Keys, n.Aggs, n.Names, names)
	for _, p := range n.Properties {
		s += ", " + string(p)
	}
	return s
}

// Line of a Union.
func (n *Union) Line() string { return "union all" }

// Line of a Sink.
func (n *Sink) Line() string {
	if n.Sink.Table.Connector == "collect" {
		return "collect"
	}
	return "sink " + n.Sink.Table.Name
}
