package optimize

import (
	"slices"

	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/graph"
	"github.com/weir-streams/weir/engine/sql/logical"
)

// pruneEmpty answers by plan what has no rows to read and so none to give. An
// aggregation of all rows does have one.
func pruneEmpty(n logical.Node, _ *Context) logical.Node {
	switch x := n.(type) {
	case *logical.Filter, *logical.Limit, *logical.Sort:
	case *logical.TopN:
		if x.Name != "" { // a ranking, which Flink runs
			return nil
		}
	case *logical.Project:
		for _, c := range x.Columns {
			if c.Type.TimeAttr != data.NoTimeAttr {
				return nil
			}
		}
	case *logical.Aggregate:
		if len(x.Keys) == 0 {
			return nil
		}
	case *logical.Join:
		return emptyJoin(x)
	default:
		return nil
	}
	if !empty(n.Inputs()[0]) {
		return nil
	}
	return &logical.Values{Columns: n.Schema()}
}

// emptyJoin is a join one of whose sides has no rows, or whose condition no pair
// meets.
func emptyJoin(j *logical.Join) logical.Node {
	l, r := empty(j.Left), empty(j.Right)
	never := slices.ContainsFunc(conjuncts(j.Cond), isNotTrue)
	switch {
	case !l && !r && !never:
		return nil
	case j.Kind == graph.AntiJoin && !l:
		for _, c := range j.Left.Schema() {
			if c.Type.TimeAttr != data.NoTimeAttr { // which a join does not give
				return nil
			}
		}
		return j.Left
	case never && (j.Kind == graph.InnerJoin || j.Kind == graph.SemiJoin), l && r, l && !j.Kind.KeepsRight(), r && !j.Kind.KeepsLeft():
		return &logical.Values{Columns: j.Schema()}
	}
	return nil
}

func empty(n logical.Node) bool {
	v, ok := n.(*logical.Values)
	return ok && len(v.Rows) == 0
}
