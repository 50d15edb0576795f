package optimize

import (
	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/expr"
	"github.com/weir-streams/weir/engine/sql/logical"
)

func projectValues(n logical.Node, c *Context) logical.Node {
	p, ok := n.(*logical.Project)
	if !ok {
		return nil
	}
	v, ok := p.Input.(*logical.Values)
	if !ok {
		return nil
	}
	if len(v.Rows) > maxFolded {
		return nil
	}
	out := &logical.Values{Columns: p.Columns}
	for _, r := range v.Rows {
		literals := make([]expr.Expr, len(r))
		for i, x := range r {
			literals[i] = expr.Literal(x, v.Columns[i].Type)
		}
		row := make([]data.Value, len(p.Exprs))
		for i, e := range p.Exprs {
			e = transform(substitute(e, literals), func(x expr.Expr) expr.Expr { y, _ := c.fold(x); return y })
			if e.Kind != expr.KindLiteral {
				return nil
			}
			row[i] = e.Value
		}
		out.Rows = append(out.Rows, row)
	}
	return out
}

// maxFolded bounds the rows that are computed while planning.
const maxFolded = 10_000
