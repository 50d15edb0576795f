package optimize

import (
	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/sql/logical"
)

// aggregateNothing answers an aggregation of all rows where there are none by
// plan: COUNT is 0, sums and extremes are NULL. Others are left, as in Flink.
func aggregateNothing(n logical.Node, _ *Context) logical.Node {
	a, ok := n.(*logical.Aggregate)
	if !ok || len(a.Keys) > 0 || len(a.Aggs) == 0 {
		return nil
	}
	if v, ok := a.Input.(*logical.Values); !ok || len(v.Rows) > 0 {
		return nil
	}
	row := make([]data.Value, len(a.Aggs))
	for i, c := range a.Aggs {
		switch c.Func {
		case "COUNT":
		case "SUM", "MIN", "MAX", "AVG":
			row[i] = data.NullValue()
		default:
			return nil
		}
	}
	return &logical.Values{Columns: a.Schema(), Rows: [][]data.Value{row}}
}
