package physical

import (
	"slices"

	"github.com/weir-streams/weir/engine/expr"
	"github.com/weir-streams/weir/engine/graph"
	"github.com/weir-streams/weir/engine/sql/logical"
)

// Rows that lie by a key need not be dealt anew for the next operator with that
// key: the same values, in the same order, choose the same subtask.

// liesBy tells whether the rows with the same keys are in one subtask, which is
// the one that an exchange by them would choose.
func (s *stream) liesBy(keys []int) bool {
	return len(keys) > 0 && s.parallelism == 0 && slices.ContainsFunc(s.lies, func(by []int) bool { return slices.Equal(by, keys) })
}

// meet is how the rows of a stream come to one of several inputs by a key.
func meet(in *stream, keys []int) graph.Edge {
	if in.liesBy(keys) {
		return graph.Edge{From: in.vertex, Partitioning: graph.Forward}
	}
	return graph.Edge{From: in.vertex, Partitioning: graph.Hash, Keys: keys}
}

// lying is how the rows lie that a join by keys gives: by those of a side whose
// rows are never missing.
func lying(n *logical.Join, j *graph.Join) [][]int {
	right := make([]int, len(j.RightKeys))
	for i, k := range j.RightKeys {
		right[i] = len(n.Left.Schema()) + k
	}
	switch n.Kind {
	case graph.InnerJoin:
		return [][]int{j.LeftKeys, right}
	case graph.LeftJoin, graph.SemiJoin, graph.AntiJoin:
		return [][]int{j.LeftKeys}
	case graph.RightJoin:
		return [][]int{right}
	}
	return nil
}

// through follows columns by which rows lie through a projection.
func through(lies [][]int, exprs []expr.Expr) [][]int {
	var out [][]int
next:
	for _, by := range lies {
		to := make([]int, len(by))
		for i, k := range by {
			if to[i] = slices.IndexFunc(exprs, func(e expr.Expr) bool { return e.Kind == expr.KindColumn && e.Index == k }); to[i] < 0 {
				continue next
			}
		}
		out = append(out, to)
	}
	return out
}
