package optimize

import (
	"strconv"

	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/expr"
	"github.com/weir-streams/weir/engine/sql/logical"
)

// sidesOf tells which inputs of a join an expression reads.
func sidesOf(e expr.Expr, left int) (l, r bool) {
	used := map[int]int{}
	uses(e, used)
	for i := range used {
		if i < left {
			l = true
		} else {
			r = true
		}
	}
	return l, r
}

// moveColumns shifts columns to another position.
func moveColumns(e expr.Expr, by int) expr.Expr {
	return transform(e, func(x expr.Expr) expr.Expr {
		if x.Kind == expr.KindColumn {
			x.Index += by
		}
		return x
	})
}

func conjunctionOrTrue(list []expr.Expr) expr.Expr {
	if len(list) == 0 {
		return expr.Literal(data.Value{I: 1}, data.Type{Kind: data.Boolean})
	}
	return conjunction(list)
}

func filtered(n logical.Node, conds []expr.Expr) logical.Node {
	if len(conds) == 0 {
		return n
	}
	return &logical.Filter{Input: n, Cond: conjunction(conds)}
}

func withColumns(n logical.Node, exprs []expr.Expr) logical.Node {
	if len(exprs) == 0 {
		return n
	}
	p := &logical.Project{Input: n}
	for i, c := range n.Schema() {
		p.Exprs, p.Columns = append(p.Exprs, expr.Column(i, c.Type)), append(p.Columns, c)
	}
	for i, e := range exprs {
		t := e.Type
		t.TimeAttr = data.NoTimeAttr
		p.Exprs, p.Columns = append(p.Exprs, e), append(p.Columns, data.Column{Name: "$k" + strconv.Itoa(i), Type: t})
	}
	return p
}
