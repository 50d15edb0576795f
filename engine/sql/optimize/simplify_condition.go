package optimize

import (
	"slices"

	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/expr"
	"github.com/weir-streams/weir/engine/sql/logical"
)

// simplifyCondition writes conditions so that other rules see what they say: NOT
// stands before nothing that has an opposite, nothing is said twice, and what all
// sides of an OR say stands before it.
func simplifyCondition(n logical.Node, c *Context) logical.Node {
	changed := false
	simpler := func(e expr.Expr) expr.Expr {
		return transform(e, func(x expr.Expr) expr.Expr {
			y, ok := c.simpler(x)
			changed = changed || ok
			return y
		})
	}
	switch n := n.(type) {
	case *logical.Filter:
		if cond := simpler(n.Cond); changed {
			return &logical.Filter{Input: n.Input, Cond: cond}
		}
	case *logical.Join:
		out := *n
		if out.Cond = simpler(n.Cond); changed {
			return &out
		}
	}
	return nil
}

// mostParts bounds how many parts of a condition are compared with each other.
const mostParts = 32

var opposites = map[string]string{
	"=": "<>", "<>": "=", "<": ">=", ">=": "<", ">": "<=", "<=": ">",
	"IS NULL": "IS NOT NULL", "IS NOT NULL": "IS NULL", "IS TRUE": "IS NOT TRUE", "IS NOT TRUE": "IS TRUE", "IS FALSE": "IS NOT FALSE", "IS NOT FALSE": "IS FALSE",
}

func (c *Context) simpler(e expr.Expr) (expr.Expr, bool) {
	if e.Kind != expr.KindCall {
		return e, false
	}
	switch e.Func {
	case "NOT":
		return opposite(e)
	case "AND", "OR":
		if len(e.Args) > mostParts {
			return e, false
		}
		if out, ok := c.once(e); ok {
			return out, true
		}
		if e.Func == "OR" {
			return c.common(e)
		}
	}
	return e, false
}

// opposite takes the NOT away from before a condition. NaN is neither above nor
// below a number, nor equal to it: comparisons of floating point keep their NOT.
func opposite(e expr.Expr) (expr.Expr, bool) {
	x := e.Args[0]
	if x.Kind != expr.KindCall {
		return e, false
	}
	switch x.Func {
	case "NOT":
		return x.Args[0], true
	case "AND", "OR":
		args := make([]expr.Expr, len(x.Args))
		for i, a := range x.Args {
			args[i] = expr.Call("NOT", a.Type, a)
			if y, ok := opposite(args[i]); ok {
				args[i] = y
			}
		}
		return expr.Call(map[string]string{"AND": "OR", "OR": "AND"}[x.Func], e.Type, args...), true
	}
	to, ok := opposites[x.Func]
	if !ok || len(x.Args) == 2 && slices.ContainsFunc(x.Args, func(a expr.Expr) bool { return a.Type.Kind == data.Double || a.Type.Kind == data.Float }) {
		return e, false
	}
	return expr.Call(to, e.Type, x.Args...), true
}

// once leaves out parts of AND or OR that were said before.
func (c *Context) once(e expr.Expr) (expr.Expr, bool) {
	var kept []expr.Expr
	for _, a := range e.Args {
		if c.volatile(a) || !slices.ContainsFunc(kept, func(k expr.Expr) bool { return sameExpr(k, a) }) {
			kept = append(kept, a)
		}
	}
	switch len(kept) {
	case len(e.Args):
		return e, false
	case 1:
		return kept[0], true
	}
	return expr.Call(e.Func, e.Type, kept...), true
}

// common puts before an OR what all of its sides say: a AND b OR a AND c is
// a AND (b OR c).
func (c *Context) common(e expr.Expr) (expr.Expr, bool) {
	sides := make([][]expr.Expr, len(e.Args))
	for i, a := range e.Args {
		if sides[i] = conjuncts(a); len(sides[i]) > mostParts {
			return e, false
		}
	}
	var all []expr.Expr
	for _, x := range sides[0] {
		everywhere := !c.volatile(x)
		for _, s := range sides[1:] {
			everywhere = everywhere && slices.ContainsFunc(s, func(y expr.Expr) bool { return sameExpr(x, y) })
		}
		if everywhere {
			all = append(all, x)
		}
	}
	if len(all) == 0 {
		return e, false
	}
	var rest []expr.Expr
	for _, s := range sides {
		var own []expr.Expr
		for _, x := range s {
			if !slices.ContainsFunc(all, func(y expr.Expr) bool { return sameExpr(x, y) }) {
				own = append(own, x)
			}
		}
		if len(own) == 0 { // what this side says, all say
			return conjunction(all), true
		}
		rest = append(rest, conjunction(own))
	}
	return conjunction(append(all, expr.Call("OR", e.Type, rest...))), true
}
