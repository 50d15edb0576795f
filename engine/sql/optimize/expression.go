package optimize

import (
	"reflect"

	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/expr"
)

// maxSize bounds how large merging may make an expression.
const maxSize = 2000

func size(e expr.Expr) int {
	n := 1
	for _, a := range e.Args {
		n += size(a)
	}
	return n
}

func (c *Context) volatile(e expr.Expr) bool {
	if e.Kind == expr.KindCall && c.Volatile(e.Func) {
		return true
	}
	for _, a := range e.Args {
		if c.volatile(a) {
			return true
		}
	}
	return false
}

// transform rewrites an expression from the leaves up.
func transform(e expr.Expr, f func(expr.Expr) expr.Expr) expr.Expr {
	if len(e.Args) > 0 {
		args := make([]expr.Expr, len(e.Args))
		for i, a := range e.Args {
			args[i] = transform(a, f)
		}
		e.Args = args
	}
	return f(e)
}

// sameExpr tells whether two expressions are written alike.
func sameExpr(a, b expr.Expr) bool {
	if a.Kind != b.Kind || a.Func != b.Func || a.Index != b.Index || len(a.Args) != len(b.Args) {
		return false
	}
	for i := range a.Args {
		if !sameExpr(a.Args[i], b.Args[i]) {
			return false
		}
	}
	return len(a.Args) > 0 || reflect.DeepEqual(a, b)
}

// substitute replaces columns by expressions.
func substitute(e expr.Expr, by []expr.Expr) expr.Expr {
	return transform(e, func(x expr.Expr) expr.Expr {
		if x.Kind == expr.KindColumn {
			return by[x.Index]
		}
		return x
	})
}

// uses counts the uses of each column.
func uses(e expr.Expr, count map[int]int) {
	if e.Kind == expr.KindColumn {
		count[e.Index]++
	}
	for _, a := range e.Args {
		uses(a, count)
	}
}

func conjuncts(e expr.Expr) []expr.Expr {
	if e.Kind == expr.KindCall && e.Func == "AND" {
		var out []expr.Expr
		for _, a := range e.Args {
			out = append(out, conjuncts(a)...)
		}
		return out
	}
	return []expr.Expr{e}
}

func conjunction(list []expr.Expr) expr.Expr {
	if len(list) == 1 {
		return list[0]
	}
	t := data.Type{Kind: data.Boolean}
	for _, e := range list {
		t.Nullable = t.Nullable || e.Type.Nullable
	}
	return expr.Call("AND", t, list...)
}

func isTrue(e expr.Expr) bool {
	return e.Kind == expr.KindLiteral && e.Type.Kind == data.Boolean && !e.Value.Null && e.Value.I != 0
}

// isNotTrue tells whether a condition is the constant FALSE or NULL.
func isNotTrue(e expr.Expr) bool {
	return e.Kind == expr.KindLiteral && (e.Value.Null || e.Type.Kind == data.Boolean && e.Value.I == 0)
}
