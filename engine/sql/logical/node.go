// Package logical is a query as a tree of relational nodes: what is to be
// computed, with all names and types resolved, before it is decided how.
//
// The rule: nodes are immutable values of meaning. A rule that changes a plan
// makes new nodes; two nodes with equal text compute the same rows.
package logical

import (
	"slices"

	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/expr"
	"github.com/weir-streams/weir/engine/graph"
	"github.com/weir-streams/weir/engine/sql/ast"
)

// Node is a relation: rows of a schema, computed from its inputs.
type Node interface {
	Schema() []data.Column
	Inputs() []Node
	// With is the same node over other inputs.
	With(inputs ...Node) Node
	// Line says in one line what the node does.
	Line() string
}

// Scan reads columns (and fields within them) of a table.
type Scan struct {
	Table   graph.Table
	Output  []graph.Path
	Columns []data.Column // of Output
	Filter  *expr.Expr    // a hint over Columns: rows for which it is not TRUE are not needed
	Modes   graph.Modes   // of the changelog the table gives
	Pos     ast.Pos
}

// Watermark makes a column event time: Expr gives the watermark of each row.
type Watermark struct {
	Input      Node
	TimeColumn int
	Expr       expr.Expr
	IdleMillis int64
}

// Values is literal rows.
type Values struct {
	Columns []data.Column
	Rows    [][]data.Value
}

// Filter keeps the rows for which Cond is TRUE.
type Filter struct {
	Input Node
	Cond  expr.Expr
}

// Project computes columns.
type Project struct {
	Input   Node
	Exprs   []expr.Expr
	Columns []data.Column // names, and types with their time attributes
}

// WindowAssign adds window_start, window_end and window_time to each row, once
// for each window the row is in.
type WindowAssign struct {
	Input  Node
	Window graph.Window
	// Grouped tells that the window is one of GROUP BY, not a table function.
	Grouped bool
	Pos     ast.Pos
}

// Aggregate groups rows by columns. It gives the keys, then the aggregates.
type Aggregate struct {
	Input Node
	Keys  []int
	Aggs  []graph.AggCall
	Names []string // of the aggregates
	TTL   *int64   // milliseconds for which a group is kept after its last row, if a hint says so; 0: for ever
	Pos   ast.Pos
}

// WindowAggregate groups rows by columns and by window, and gives each group
// once, when its window closes: keys, aggregates, then Properties.
type WindowAggregate struct {
	Input      Node
	Window     graph.Window
	Keys       []int
	Aggs       []graph.AggCall
	Names      []string
	Properties []graph.WindowProperty
	Grouped    bool // as of the WindowAssign
	Pos        ast.Pos
}

// Union gives the rows of all inputs, which have the same types.
type Union struct {
	Children []Node
	Columns  []data.Column
}

// Sink writes the rows to a table, or gives them to the client.
type Sink struct {
	Input    Node
	Sink     graph.Sink
	Conflict string // ON CONFLICT DO, as in ast.Insert
	Pos      ast.Pos
}

// Schema of a Scan.
func (n *Scan) Schema() []data.Column { return n.Columns }

// Schema of a Watermark: the input's, with the time column as event time.
func (n *Watermark) Schema() []data.Column {
	in := n.Input.Schema()
	out := make([]data.Column, len(in))
	copy(out, in)
	out[n.TimeColumn].Type.TimeAttr = data.EventTime
	return out
}

// Schema of Values.
func (n *Values) Schema() []data.Column { return n.Columns }

// Schema of a Filter: the input's.
func (n *Filter) Schema() []data.Column { return n.Input.Schema() }

// Schema of a Project.
func (n *Project) Schema() []data.Column { return n.Columns }

// Schema of a Union.
func (n *Union) Schema() []data.Column { return n.Columns }

// Schema of a Sink: the input's.
func (n *Sink) Schema() []data.Column { return n.Input.Schema() }

// Schema of a WindowAssign: the input's columns and the window's.
func (n *WindowAssign) Schema() []data.Column {
	in := n.Input.Schema()
	out := make([]data.Column, len(in), len(in)+3)
	copy(out, in)
	for _, p := range []graph.WindowProperty{graph.WindowStart, graph.WindowEnd, graph.WindowTime} {
		out = append(out, PropertyColumn(n.Window, in, p))
	}
	return out
}

// PropertyColumn is a column that describes a row's window.
func PropertyColumn(w graph.Window, in []data.Column, p graph.WindowProperty) data.Column {
	t := data.Type{Kind: data.Timestamp, Precision: 3}
	if p == graph.WindowTime {
		if w.LTZ || w.TimeAttr == data.ProcTime {
			t.Kind = data.TimestampLTZ
		}
		t.TimeAttr = w.TimeAttr
	}
	return data.Column{Name: string(p), Type: t}
}

// KeepsTime tells whether a grouping key stays a time attribute: window_time
// does, where rows are grouped by the window itself.
func KeepsTime(key string, keys []string) bool {
	return key == string(graph.WindowTime) && slices.Contains(keys, string(graph.WindowStart)) && slices.Contains(keys, string(graph.WindowEnd))
}

// Schema of an Aggregate: keys, then aggregates. Keys are time attributes no
// more, but for window_time.
func (n *Aggregate) Schema() []data.Column { return aggregated(n.Input, n.Keys, n.Aggs, n.Names) }

func aggregated(input Node, keys []int, aggs []graph.AggCall, names []string) []data.Column {
	in := input.Schema()
	out := make([]data.Column, 0, len(keys)+len(aggs)+3)
	keyNames := make([]string, len(keys))
	for i, k := range keys {
		keyNames[i] = in[k].Name
	}
	for _, k := range keys {
		c := in[k]
		if !KeepsTime(c.Name, keyNames) {
			c.Type.TimeAttr = data.NoTimeAttr
		}
		out = append(out, c)
	}
	for i, a := range aggs {
		out = append(out, data.Column{Name: names[i], Type: a.Type})
	}
	return out
}

// Schema of a WindowAggregate: keys, aggregates, properties.
func (n *WindowAggregate) Schema() []data.Column {
	out := aggregated(n.Input, n.Keys, n.Aggs, n.Names)
	for _, p := range n.Properties {
		out = append(out, PropertyColumn(n.Window, n.Input.Schema(), p))
	}
	return out
}

// Inputs of the leaves: none.
func (n *Scan) Inputs() []Node { return nil }

// Inputs of Values: none.
func (n *Values) Inputs() []Node { return nil }

// Inputs gives the one input.
func (n *Watermark) Inputs() []Node { return []Node{n.Input} }

// Inputs gives the one input.
func (n *Filter) Inputs() []Node { return []Node{n.Input} }

// Inputs gives the one input.
func (n *Project) Inputs() []Node { return []Node{n.Input} }

// Inputs gives the one input.
func (n *WindowAssign) Inputs() []Node { return []Node{n.Input} }

// Inputs gives the one input.
func (n *Aggregate) Inputs() []Node { return []Node{n.Input} }

// Inputs gives the one input.
func (n *WindowAggregate) Inputs() []Node { return []Node{n.Input} }

// Inputs gives the one input.
func (n *Sink) Inputs() []Node { return []Node{n.Input} }

// Inputs gives all that is united.
func (n *Union) Inputs() []Node { return n.Children }

// With gives the node itself: it has no inputs.
func (n *Scan) With(...Node) Node { return n }

// With gives the node itself: it has no inputs.
func (n *Values) With(...Node) Node { return n }

// With replaces the input.
func (n *Watermark) With(in ...Node) Node { c := *n; c.Input = in[0]; return &c }

// With replaces the input.
func (n *Filter) With(in ...Node) Node { c := *n; c.Input = in[0]; return &c }

// With replaces the input.
func (n *Project) With(in ...Node) Node { c := *n; c.Input = in[0]; return &c }

// With replaces the input.
func (n *WindowAssign) With(in ...Node) Node { c := *n; c.Input = in[0]; return &c }

// With replaces the input.
func (n *Aggregate) With(in ...Node) Node { c := *n; c.Input = in[0]; return &c }

// With replaces the input.
func (n *WindowAggregate) With(in ...Node) Node { c := *n; c.Input = in[0]; return &c }

// With replaces the input.
func (n *Sink) With(in ...Node) Node { c := *n; c.Input = in[0]; return &c }

// With replaces the inputs.
func (n *Union) With(in ...Node) Node { c := *n; c.Children = in; return &c }
