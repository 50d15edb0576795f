package optimize

import (
	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/expr"
	"github.com/weir-streams/weir/engine/sql/logical"
	"github.com/weir-streams/weir/engine/sql/typing"
)

// useFilterConstants puts constants for columns that the filter below compares
// for equality.
func useFilterConstants(n logical.Node, c *Context) logical.Node {
	p, ok := n.(*logical.Project)
	if !ok {
		return nil
	}
	f, ok := p.Input.(*logical.Filter)
	if !ok {
		return nil
	}
	known := map[int]expr.Expr{}
	for _, x := range conjuncts(f.Cond) {
		if x.Kind != expr.KindCall || x.Func != "=" {
			continue
		}
		col, lit := x.Args[0], x.Args[1]
		if col.Kind == expr.KindLiteral {
			col, lit = lit, col
		}
		if col.Kind != expr.KindColumn || lit.Kind != expr.KindLiteral || lit.Value.Null || col.Type.TimeAttr != data.NoTimeAttr {
			continue
		}
		if typing.Integer(col.Type) || col.Type.Kind == data.Boolean || col.Type.Kind == data.Date {
			known[col.Index] = expr.Literal(lit.Value, col.Type)
		}
	}
	if len(known) == 0 {
		return nil
	}
	changed := false
	out := *p
	out.Exprs = make([]expr.Expr, len(p.Exprs))
	for i, e := range p.Exprs {
		out.Exprs[i] = transform(e, func(x expr.Expr) expr.Expr {
			if lit, ok := known[x.Index]; ok && x.Kind == expr.KindColumn {
				changed = true
				return lit
			}
			return x
		})
	}
	if !changed {
		return nil
	}
	return &out
}
