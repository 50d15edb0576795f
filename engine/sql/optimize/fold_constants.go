package optimize

import (
	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/expr"
	"github.com/weir-streams/weir/engine/sql/logical"
)

// foldConstants evaluates calls on constants, where they do not fail and the
// result is the same at any time. FLOAT is left alone: its folded text differs.
func foldConstants(n logical.Node, c *Context) logical.Node {
	changed := false
	fold := func(e expr.Expr) expr.Expr {
		return transform(e, func(x expr.Expr) expr.Expr {
			y, ok := c.fold(x)
			changed = changed || ok
			return y
		})
	}
	switch n := n.(type) {
	case *logical.Filter:
		if cond := fold(n.Cond); changed {
			return &logical.Filter{Input: n.Input, Cond: cond}
		}
	case *logical.Project:
		out := *n
		out.Exprs = make([]expr.Expr, len(n.Exprs))
		for i, e := range n.Exprs {
			out.Exprs[i] = fold(e)
		}
		if changed {
			return &out
		}
	}
	return nil
}

func (c *Context) fold(e expr.Expr) (expr.Expr, bool) {
	if e.Kind != expr.KindCall {
		return e, false
	}
	if out, ok := simplify(e); ok {
		return out, true
	}
	if c.Fold == nil || c.Volatile(e.Func) || e.Type.Kind == data.Float {
		return e, false
	}
	switch e.Type.Phys() {
	case data.PhysList, data.PhysRow, data.PhysNull:
		return e, false
	}
	for _, a := range e.Args {
		if a.Kind != expr.KindLiteral || a.Type.Kind == data.Float {
			return e, false
		}
	}
	v, err := c.Fold(e)
	if err != nil || v.Null && !e.Type.Nullable {
		return e, false // it fails, or not, when and if it is reached
	}
	return expr.Literal(v, e.Type), true
}

// simplify knows what AND, OR, NOT and CASE give when a condition is constant.
func simplify(e expr.Expr) (expr.Expr, bool) {
	truth := func(b bool) expr.Expr {
		v := data.Value{}
		if b {
			v.I = 1
		}
		return expr.Literal(v, e.Type)
	}
	switch e.Func {
	case "AND", "OR":
		and := e.Func == "AND"
		var kept []expr.Expr
		for _, a := range e.Args {
			if a.Kind == expr.KindLiteral && !a.Value.Null {
				if (a.Value.I != 0) != and {
					return truth(!and), true
				}
				continue
			}
			kept = append(kept, a)
		}
		switch {
		case len(kept) == len(e.Args):
			return e, false
		case len(kept) == 0:
			return truth(and), true
		case len(kept) == 1:
			kept[0].Type.Nullable = e.Type.Nullable
			return kept[0], true
		}
		e.Args = kept
		return e, true
	case "CASE":
		return simplifyCase(e)
	}
	return e, false
}

func simplifyCase(e expr.Expr) (expr.Expr, bool) {
	n := len(e.Args)
	var kept []expr.Expr
	for i := 0; i+1 < n; i += 2 {
		cond, value := e.Args[i], e.Args[i+1]
		if isNotTrue(cond) {
			continue
		}
		if isTrue(cond) {
			if len(kept) == 0 {
				return retype(value, e.Type), true
			}
			e.Args = append(kept, value)
			return e, true
		}
		kept = append(kept, cond, value)
	}
	switch {
	case len(kept) == n-1:
		return e, false
	case len(kept) == 0:
		return retype(e.Args[n-1], e.Type), true
	}
	e.Args = append(kept, e.Args[n-1])
	return e, true
}

// retype gives an expression the nullability others were promised.
func retype(e expr.Expr, t data.Type) expr.Expr {
	if e.Kind == expr.KindLiteral {
		return expr.Literal(e.Value, t)
	}
	if e.Kind == expr.KindColumn || e.Type.Equal(t) {
		return e // the column is not NULL where it says so; that is no less
	}
	e.Type = t
	return e
}
