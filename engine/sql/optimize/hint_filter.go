package optimize

import (
	"github.com/weir-streams/weir/engine/expr"
	"github.com/weir-streams/weir/engine/sql/logical"
)

// hintFilters tells sources the simple parts of the filter right above them. A
// source that is read by several branches is told only what all of them say.
func hintFilters(roots []logical.Node, c *Context) []logical.Node {
	out := make([]logical.Node, len(roots))
	for i, r := range roots {
		out[i] = hintFilter(r, c)
	}
	return out
}

func hintFilter(n logical.Node, c *Context) logical.Node {
	if f, ok := n.(*logical.Filter); ok {
		if s, ok := f.Input.(*logical.Scan); ok && s.Filter == nil {
			var simple []expr.Expr
			for _, x := range conjuncts(f.Cond) {
				if comparesConstant(x) {
					simple = append(simple, x)
				}
			}
			if len(simple) > 0 {
				c.fired["HintFilter"]++
				scan := *s
				hint := conjunction(simple)
				scan.Filter = &hint
				return f.With(&scan)
			}
		}
	}
	in := n.Inputs()
	if len(in) == 0 {
		return n
	}
	out := make([]logical.Node, len(in))
	for i, x := range in {
		out[i] = hintFilter(x, c)
	}
	return n.With(out...)
}

// comparesConstant tells whether a condition is a comparison of a column with
// constants: it cannot fail, and a source can make use of it.
func comparesConstant(e expr.Expr) bool {
	if e.Kind != expr.KindCall {
		return false
	}
	switch e.Func {
	case "=", "<>", "<", "<=", ">", ">=":
		a, b := e.Args[0].Kind, e.Args[1].Kind
		return a == expr.KindColumn && b == expr.KindLiteral || a == expr.KindLiteral && b == expr.KindColumn
	case "IN":
		for _, a := range e.Args[1:] {
			if a.Kind != expr.KindLiteral {
				return false
			}
		}
		return e.Args[0].Kind == expr.KindColumn
	case "IS NULL", "IS NOT NULL":
		return e.Args[0].Kind == expr.KindColumn
	}
	return false
}
