package optimize

import (
	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/expr"
	"github.com/weir-streams/weir/engine/sql/logical"
)

// constantRank gives the number of the only rank that is asked for as a constant.
func constantRank(n logical.Node, _ *Context) logical.Node {
	t, ok := n.(*logical.TopN)
	if !ok || !t.Bounded || !t.Number || t.From != t.To || t.From < 1 {
		return nil
	}
	out := *t
	out.Number = false
	columns := out.Schema()
	p := &logical.Project{Input: &out, Columns: t.Schema()}
	for i, c := range columns {
		p.Exprs = append(p.Exprs, expr.Column(i, c.Type))
	}
	p.Exprs = append(p.Exprs, expr.Literal(data.Value{I: t.From}, data.Type{Kind: data.BigInt}))
	return p
}
