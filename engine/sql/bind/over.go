package bind

import (
	"strings"

	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/expr"
	"github.com/weir-streams/weir/engine/graph"
	"github.com/weir-streams/weir/engine/sql/ast"
	"github.com/weir-streams/weir/engine/sql/logical"
)

// overs is the ranking of a SELECT in the making: ROW_NUMBER() OVER (…), once
// or several times over one window.
type overs struct {
	input logical.Node
	top   *logical.TopN // nil: nothing is ranked
	keys  []expr.Expr
	order []expr.Expr
	sort  []graph.SortKey
}

// over binds a call with OVER: the column that has its result.
func (x *exprBinder) over(n *ast.Call) (expr.Expr, error) {
	name := strings.ToUpper(n.Name.Last().Name)
	w := n.Over
	switch name {
	case "ROW_NUMBER":
	case "RANK", "DENSE_RANK":
		return expr.Expr{}, ast.Errorf(n.Pos(), "%s() on streaming table is not supported currently", name)
	default:
		return expr.Expr{}, unsupported(n.Pos(), "OVER is")
	}
	switch {
	case x.agg != nil:
		return expr.Expr{}, unsupported(n.Pos(), "ROW_NUMBER in a query with GROUP BY is")
	case x.overs == nil:
		return expr.Expr{}, ast.Errorf(n.Pos(), "ROW_NUMBER can only stand in the list of a SELECT or in QUALIFY")
	case len(n.Args) > 0:
		return expr.Expr{}, ast.Errorf(n.Pos(), "No match found for function signature ROW_NUMBER: it takes no arguments")
	case w.Ref != nil || w.Frame != nil:
		return expr.Expr{}, unsupported(w.Pos(), "ROW_NUMBER over a named window or with a frame is")
	case len(w.OrderBy) == 0:
		return expr.Expr{}, ast.Errorf(n.Pos(), "Over Agg: The window rank function requires order by clause with non-constant fields. please re-check the over window statement.")
	}
	plain := &exprBinder{b: x.b, scope: x.scope, depth: x.depth}
	keys, err := plain.bindAll(w.PartitionBy...)
	if err != nil {
		return expr.Expr{}, err
	}
	order, sort, err := x.b.order(w.OrderBy, plain, false)
	if err != nil {
		return expr.Expr{}, err
	}
	return x.overs.rank(n, keys, order, sort)
}

func (o *overs) rank(n *ast.Call, keys, order []expr.Expr, sort []graph.SortKey) (expr.Expr, error) {
	if o.top == nil {
		below, at := extended(o.input, append(append([]expr.Expr{}, keys...), order...))
		o.keys, o.order, o.sort = keys, order, append([]graph.SortKey{}, sort...)
		for i := range sort {
			sort[i].Column = at[len(keys)+i]
		}
		o.top = &logical.TopN{Input: below, Keys: at[:len(keys):len(keys)], Order: sort, From: 1, Number: true, Name: "$rank", Pos: n.Pos()}
	} else if !sameExprs(o.keys, keys) || !sameExprs(o.order, order) || !sameSort(o.sort, sort) {
		return expr.Expr{}, unsupported(n.Pos(), "ROW_NUMBER over several windows in one SELECT is")
	}
	return expr.Column(len(o.top.Input.Schema()), data.Type{Kind: data.BigInt}), nil
}

func sameExprs(a, b []expr.Expr) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if !sameExpr(a[i], b[i]) {
			return false
		}
	}
	return true
}

func sameSort(a, b []graph.SortKey) bool {
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return len(a) == len(b)
}
