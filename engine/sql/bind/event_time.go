package bind

import (
	"slices"

	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/expr"
	"github.com/weir-streams/weir/engine/sql/logical"
)

// wasEventTime tells whether a column is the event time of a table, also where it
// came through a join or an aggregation, behind which rows are not in its order any
// more. Group windows and temporal joins take such a time as Flink does: rows that
// the watermark has passed are late.
func wasEventTime(n logical.Node, column int) bool {
	if column >= len(n.Schema()) {
		return false
	}
	if n.Schema()[column].Type.TimeAttr == data.EventTime {
		return true
	}
	switch x := n.(type) {
	case *logical.Project:
		e := x.Exprs[column]
		return e.Kind == expr.KindColumn && wasEventTime(x.Input, e.Index)
	case *logical.Filter, *logical.Limit, *logical.Sort, *logical.Normalize:
		return wasEventTime(n.Inputs()[0], column)
	case *logical.TopN, *logical.Unnest, *logical.Over:
		in := n.Inputs()[0]
		return column < len(in.Schema()) && wasEventTime(in, column)
	case *logical.Join:
		if width := x.Width(); column >= width {
			return wasEventTime(x.Right, column-width)
		}
		return wasEventTime(x.Left, column)
	case *logical.Aggregate:
		if column < len(x.Keys) {
			return wasEventTime(x.Input, x.Keys[column])
		}
		a := x.Aggs[column-len(x.Keys)]
		return (a.Func == "MAX" || a.Func == "MIN") && len(a.Args) == 1 && wasEventTime(x.Input, a.Args[0])
	case *logical.Union:
		return !slices.ContainsFunc(x.Children, func(c logical.Node) bool { return !wasEventTime(c, column) })
	}
	return false
}
