package optimize

import (
	"slices"

	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/expr"
	"github.com/weir-streams/weir/engine/graph"
	"github.com/weir-streams/weir/engine/sql/logical"
)

// addLeaders finds joins of rows with the greatest (or least) of them in each
// tumbling window: an equality of the value, bounds of the row's time and the
// window's end. Rows that cannot be the greatest do not reach the join.
func addLeaders(roots []logical.Node, c *Context) []logical.Node {
	out := make([]logical.Node, len(roots))
	for i, r := range roots {
		out[i] = c.leaders(r)
	}
	return out
}

func (c *Context) leaders(n logical.Node) logical.Node {
	in := n.Inputs()
	if len(in) == 0 {
		return n
	}
	changed := false
	list := make([]logical.Node, len(in))
	for i, x := range in {
		list[i] = c.leaders(x)
		changed = changed || list[i] != x
	}
	if changed {
		n = n.With(list...)
	}
	j, ok := n.(*logical.Join)
	if !ok || j.Interval != nil || j.Kind != graph.InnerJoin && j.Kind != graph.SemiJoin {
		return n
	}
	for side, rows := range j.Inputs() {
		if side == 1 && j.Kind != graph.InnerJoin {
			break
		}
		if spec := c.leadersOf(j, side); spec != nil {
			c.fired["Leaders"]++
			both := j.Inputs()
			both[side] = &logical.Leaders{Input: rows, Spec: *spec}
			return j.With(both...)
		}
	}
	return n
}

// leadersOf says which rows of a side of a join may be matched, where the other
// side gives the greatest of the same rows; nil: it does not.
func (c *Context) leadersOf(j *logical.Join, side int) *graph.Leaders {
	in := j.Inputs()
	rows, windows := in[side], in[1-side]
	ls, rs := j.Left.Schema(), j.Right.Schema()
	for _, x := range conjuncts(j.Cond) {
		if x.Kind != expr.KindCall || x.Func != "=" || x.Args[0].Kind != expr.KindColumn || x.Args[1].Kind != expr.KindColumn {
			continue
		}
		a, b := x.Args[0].Index, x.Args[1].Index
		if a >= len(ls) {
			a, b = b, a
		}
		if a >= len(ls) || b < len(ls) {
			continue
		}
		value, greatest := a, b-len(ls)
		if side == 1 {
			value, greatest = greatest, value
		}
		spec, time, agg := c.race(rows, value, windows, greatest)
		if spec == nil {
			continue
		}
		// A time of the row, and one of the window, that the condition binds.
		for t := range rows.Schema() {
			if at := traced(rows, t); at.e.Kind != expr.KindColumn || at.e.Index != time || rows.Schema()[t].Type.Kind != data.Timestamp {
				continue
			}
			for w := range windows.Schema() {
				l, r := t, w
				if side == 1 {
					l, r = r, l
				}
				iv := logical.DistanceOf(j.Cond, ls, rs, l, r)
				if iv == nil {
					continue
				}
				lower, upper := -iv.Upper, -iv.Lower // of the window's time, seen from the row's
				if side == 1 {
					lower, upper = iv.Lower, iv.Upper
				}
				past := int64(0) // from the window's time to its end
				switch propertyOf(windows, w, agg) {
				case graph.WindowStart:
					past = spec.Size
				case graph.WindowTime:
					past = 1
				case graph.WindowEnd:
				default:
					continue
				}
				spec.Time, spec.Lower, spec.Upper = t, lower+past, upper+past
				if spec.Upper-spec.Lower > 4*spec.Size {
					continue
				}
				return spec
			}
		}
	}
	return nil
}

// race tells whether a column of windows is the greatest of a column of rows in
// each tumbling window: all rows are counted that are not late. It also gives the
// event time of the rows, as a column below both.
func (c *Context) race(rows logical.Node, value int, windows logical.Node, greatest int) (*graph.Leaders, int, *logical.WindowAggregate) {
	is := traced(windows, greatest)
	agg, ok := is.below.(*logical.WindowAggregate)
	if !ok || is.e.Kind != expr.KindColumn || len(agg.Keys) > 0 || is.e.Index >= len(agg.Aggs) {
		return nil, 0, nil
	}
	call, w := agg.Aggs[is.e.Index], agg.Window
	if call.Func != "MAX" && call.Func != "MIN" || len(call.Args) != 1 || call.Filter >= 0 ||
		w.Kind != graph.Tumble || w.TimeAttr != data.EventTime || w.LTZ || w.Attached {
		return nil, 0, nil
	}
	if p := rows.Schema()[value].Type.Phys(); p != data.PhysI64 && p != data.PhysI32 {
		return nil, 0, nil
	}
	row, counted, at := traced(rows, value), traced(agg.Input, call.Args[0]), traced(agg.Input, w.TimeColumn)
	mark, ok := row.below.(*logical.Watermark)
	if !ok || mark.IdleMillis > 0 || at.e.Kind != expr.KindColumn || at.e.Index != mark.TimeColumn || !c.settledRows(mark) {
		return nil, 0, nil
	}
	if t := mark.Schema()[mark.TimeColumn].Type; t.Kind != data.Timestamp || t.Phys() != data.PhysI64 {
		return nil, 0, nil
	}
	names := graph.ColumnNames(mark.Schema())
	text := func(e expr.Expr) string { return graph.Expression(e, names) }
	if logical.Text(counted.below) != logical.Text(mark) || text(row.e) != text(counted.e) || c.volatile(row.e) {
		return nil, 0, nil
	}
	var passed []string
	for _, x := range row.filters {
		if c.volatile(x) {
			return nil, 0, nil
		}
		passed = append(passed, text(x))
	}
	for _, x := range counted.filters {
		if !slices.Contains(passed, text(x)) {
			return nil, 0, nil
		}
	}
	return &graph.Leaders{Value: value, Least: call.Func == "MIN", Size: w.Size, Offset: w.Offset}, mark.TimeColumn, agg
}

// propertyOf is what a column tells of the window of agg.
func propertyOf(n logical.Node, column int, agg *logical.WindowAggregate) graph.WindowProperty {
	at := traced(n, column)
	first := len(agg.Keys) + len(agg.Aggs)
	if at.below != logical.Node(agg) || at.e.Kind != expr.KindColumn || at.e.Index < first {
		return ""
	}
	return agg.Properties[at.e.Index-first]
}

// trace is a column in terms of the node below all projections and filters, and
// the conditions that were passed.
type trace struct {
	e       expr.Expr
	below   logical.Node
	filters []expr.Expr
}

func traced(n logical.Node, column int) trace {
	t := trace{e: expr.Column(column, n.Schema()[column].Type)}
	for {
		switch x := n.(type) {
		case *logical.Filter:
			t.filters = append(t.filters, conjuncts(x.Cond)...)
			n = x.Input
		case *logical.Project:
			t.e = substitute(t.e, x.Exprs)
			for i, f := range t.filters {
				t.filters[i] = substitute(f, x.Exprs)
			}
			n = x.Input
		case *logical.Leaders:
			n = x.Input
		default:
			t.below = n
			return t
		}
	}
}

// settledRows tells whether every reader of a node sees the same rows, in the same
// order: a table of inserts is read, filtered and computed, and nothing else.
func (c *Context) settledRows(n logical.Node) bool {
	switch x := n.(type) {
	case *logical.Scan:
		return x.Modes.InsertOnly()
	case *logical.Watermark:
		return !c.volatile(x.Expr) && c.settledRows(x.Input)
	case *logical.Filter:
		return !c.volatile(x.Cond) && c.settledRows(x.Input)
	case *logical.Project:
		return !slices.ContainsFunc(x.Exprs, c.volatile) && c.settledRows(x.Input)
	}
	return false
}
