package optimize

import (
	"slices"

	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/expr"
	"github.com/weir-streams/weir/engine/graph"
	"github.com/weir-streams/weir/engine/sql/logical"
)

var properties = []graph.WindowProperty{graph.WindowStart, graph.WindowEnd, graph.WindowTime}

// windowAggregate makes one operator of an aggregation by window_start and
// window_end of the window function below it.
func windowAggregate(n logical.Node, _ *Context) logical.Node {
	a, ok := n.(*logical.Aggregate)
	if !ok {
		return nil
	}
	var exprs []expr.Expr
	var columns []data.Column
	below := a.Input
	if p, ok := below.(*logical.Project); ok {
		exprs, columns, below = p.Exprs, p.Columns, p.Input
	}
	w, ok := below.(*logical.WindowAssign)
	if !ok {
		return nil
	}
	if exprs == nil {
		columns = w.Schema()
		for i, c := range columns {
			exprs = append(exprs, expr.Column(i, c.Type))
		}
	}
	b := windowBuilder{agg: a, window: w, exprs: exprs, columns: columns, at: map[int]int{}, width: len(w.Input.Schema())}
	return b.build()
}

// windowBuilder sorts an aggregation's columns into those of the window and
// those computed below it.
type windowBuilder struct {
	agg     *logical.Aggregate
	window  *logical.WindowAssign
	exprs   []expr.Expr
	columns []data.Column
	width   int // columns below the window function

	below *logical.Project
	at    map[int]int // column of the aggregation's input → of below
}

// property tells which window column an expression is.
func (b *windowBuilder) property(e expr.Expr) (graph.WindowProperty, bool) {
	if e.Kind == expr.KindColumn && e.Index >= b.width {
		return properties[e.Index-b.width], true
	}
	return "", false
}

// column takes a column below the window; false if it depends on the window.
func (b *windowBuilder) column(i int) (int, bool) {
	if k, ok := b.at[i]; ok {
		return k, true
	}
	used := map[int]int{}
	uses(b.exprs[i], used)
	for c := range used {
		if c >= b.width {
			return 0, false
		}
	}
	b.at[i] = b.add(b.exprs[i], b.columns[i])
	return b.at[i], true
}

func (b *windowBuilder) add(e expr.Expr, c data.Column) int {
	b.below.Exprs, b.below.Columns = append(b.below.Exprs, e), append(b.below.Columns, c)
	return len(b.below.Exprs) - 1
}

func (b *windowBuilder) build() logical.Node {
	b.below = &logical.Project{Input: b.window.Input}
	out := &logical.WindowAggregate{Window: b.window.Window, Names: b.agg.Names, Grouped: b.window.Grouped, Pos: b.agg.Pos}
	place := make([]int, len(b.agg.Keys)) // of each key among the results: property p is -1-p
	for i, k := range b.agg.Keys {
		if p, ok := b.property(b.exprs[k]); ok {
			j := slices.Index(out.Properties, p)
			if j < 0 {
				j = len(out.Properties)
				out.Properties = append(out.Properties, p)
			}
			place[i] = -1 - j
			continue
		}
		c, ok := b.column(k)
		if !ok {
			return nil
		}
		place[i] = len(out.Keys)
		out.Keys = append(out.Keys, c)
	}
	if !slices.Contains(out.Properties, graph.WindowStart) || !slices.Contains(out.Properties, graph.WindowEnd) {
		return nil
	}
	for _, a := range b.agg.Aggs {
		args := make([]int, len(a.Args))
		for i, x := range a.Args {
			var ok bool
			if args[i], ok = b.column(x); !ok {
				return nil
			}
		}
		a.Args = args
		if a.Filter >= 0 {
			var ok bool
			if a.Filter, ok = b.column(a.Filter); !ok {
				return nil
			}
		}
		out.Aggs = append(out.Aggs, a)
	}
	if !b.partition(out) {
		return nil
	}
	time := b.window.Input.Schema()[b.window.Window.TimeColumn]
	out.Window.TimeColumn = -1
	for i, e := range b.below.Exprs {
		if e.Kind == expr.KindColumn && e.Index == b.window.Window.TimeColumn {
			out.Window.TimeColumn = i
		}
	}
	if out.Window.TimeColumn < 0 {
		out.Window.TimeColumn = b.add(expr.Column(b.window.Window.TimeColumn, time.Type), time)
	}
	out.Input = b.below
	return b.restore(out, place)
}

// partition makes sure that a SESSION is of the groups themselves.
func (b *windowBuilder) partition(out *logical.WindowAggregate) bool {
	w := b.window.Window
	if w.Kind != graph.Session {
		return true
	}
	if len(w.PartitionBy) != len(out.Keys) {
		return false
	}
	for _, k := range out.Keys {
		e := b.below.Exprs[k]
		if e.Kind != expr.KindColumn || !slices.Contains(w.PartitionBy, e.Index) {
			return false
		}
	}
	out.Window.PartitionBy = nil
	return true
}

// restore gives keys and aggregates in the order they had.
func (b *windowBuilder) restore(out *logical.WindowAggregate, place []int) logical.Node {
	schema := out.Schema()
	p := &logical.Project{Input: out, Columns: b.agg.Schema()}
	for i := range p.Columns {
		from := i - len(place) + len(out.Keys)
		if i < len(place) {
			if from = place[i]; from < 0 {
				from = len(out.Keys) + len(out.Aggs) - 1 - from
			}
		}
		p.Exprs = append(p.Exprs, expr.Column(from, schema[from].Type))
	}
	return p
}
