package optimize

import (
	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/expr"
	"github.com/weir-streams/weir/engine/sql/logical"
)

// contradiction finds conditions that no row can meet: a = 1 AND a = 2,
// a > 5 AND a < 3, a IS NULL AND a = 1, a = NULL. As in Flink, the bounds are
// those that are written: that no INT is between 5 and 6 is not seen.
func contradiction(n logical.Node, c *Context) logical.Node {
	f, ok := n.(*logical.Filter)
	if !ok || c.Fold == nil {
		return nil
	}
	var said []comparison
	for _, x := range conjuncts(f.Cond) {
		y, ok := compared(x)
		if !ok {
			continue
		}
		if y.never() {
			return never(f)
		}
		for _, z := range said {
			if z.column == y.column && c.exclude(z, y) {
				return never(f)
			}
		}
		if len(said) < mostParts {
			said = append(said, y)
		}
	}
	return nil
}

func never(f *logical.Filter) logical.Node {
	return &logical.Filter{Input: f.Input, Cond: expr.Literal(data.Value{}, data.Of(data.Boolean).NotNull())}
}

// comparison is a column beside a literal, or IS NULL.
type comparison struct {
	column int
	op     string
	with   expr.Expr // a literal
}

// never tells whether the comparison is with NULL.
func (x comparison) never() bool { return x.op != "IS NULL" && x.with.Value.Null }

var turned = map[string]string{"=": "=", "<>": "<>", "<": ">", ">": "<", "<=": ">=", ">=": "<="}

// compared reads a comparison. NaN is neither above nor below a number: floating
// point is left alone.
func compared(e expr.Expr) (comparison, bool) {
	if e.Kind != expr.KindCall {
		return comparison{}, false
	}
	if e.Func == "IS NULL" && e.Args[0].Kind == expr.KindColumn {
		return comparison{column: e.Args[0].Index, op: e.Func}, true
	}
	op, ok := turned[e.Func]
	if !ok || len(e.Args) != 2 {
		return comparison{}, false
	}
	col, lit := e.Args[0], e.Args[1]
	if col.Kind == expr.KindColumn {
		op = e.Func
	} else {
		col, lit = lit, col
	}
	if col.Kind != expr.KindColumn || lit.Kind != expr.KindLiteral || col.Type.Kind == data.Double || col.Type.Kind == data.Float {
		return comparison{}, false
	}
	return comparison{column: col.Index, op: op, with: lit}, true
}

// exclude tells whether no value meets both comparisons.
func (c *Context) exclude(a, b comparison) bool {
	if a.op == "IS NULL" || b.op == "IS NULL" {
		return a.op != b.op
	}
	if b.op == "=" {
		a, b = b, a
	}
	switch {
	case a.op == "=":
		return c.isFalse(b.op, a.with, b.with)
	case a.op == "<" || a.op == "<=":
		a, b = b, a
	}
	if a.op != ">" && a.op != ">=" || b.op != "<" && b.op != "<=" {
		return false
	}
	if a.op == ">=" && b.op == "<=" {
		return c.isFalse("<=", a.with, b.with)
	}
	return c.isFalse("<", a.with, b.with)
}

// isFalse tells whether a comparison of two literals is known to be FALSE.
func (c *Context) isFalse(op string, a, b expr.Expr) bool {
	v, err := c.Fold(expr.Call(op, data.Of(data.Boolean), a, b))
	return err == nil && !v.Null && v.I == 0
}
