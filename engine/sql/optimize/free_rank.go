package optimize

import (
	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/graph"
	"github.com/weir-streams/weir/engine/sql/logical"
)

// freeRanks numbers all rows of each partition where nothing bounds the number.
func freeRanks(roots []logical.Node, c *Context) []logical.Node {
	out := make([]logical.Node, len(roots))
	for i, r := range roots {
		out[i] = freeRank(r, c)
	}
	return out
}

func freeRank(n logical.Node, c *Context) logical.Node {
	in := n.Inputs()
	list := make([]logical.Node, len(in))
	for i, x := range in {
		list[i] = freeRank(x, c)
	}
	if len(in) > 0 {
		n = n.With(list...)
	}
	t, ok := n.(*logical.TopN)
	if !ok || t.Bounded || t.Judged == logical.RankCompared || !t.Number {
		return n
	}
	if t.Judged == logical.RankShown && (len(t.Order) != 1 || t.Order[0].Desc) {
		return n // refused in words
	}
	c.fired["FreeRank"]++
	count := graph.AggCall{Func: "COUNT", Filter: -1, Type: data.Type{Kind: data.BigInt}}
	over := &logical.Over{Input: t.Input, Names: []string{t.Name}, Pos: t.Pos, Spec: graph.Over{
		Keys: t.Keys, Order: t.Order, Rows: true, Preceding: -1,
		Calls: []graph.OverCall{{Agg: &count, Type: count.Type}},
	}}
	if first := t.Order[0]; len(t.Order) == 1 && !first.Desc {
		over.Spec.Time = t.Input.Schema()[first.Column].Type.TimeAttr
	}
	return over
}
