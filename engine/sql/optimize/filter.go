package optimize

import (
	"github.com/weir-streams/weir/engine/expr"
	"github.com/weir-streams/weir/engine/sql/logical"
)

func dropFilter(n logical.Node, _ *Context) logical.Node {
	f, ok := n.(*logical.Filter)
	if !ok {
		return nil
	}
	switch {
	case isTrue(f.Cond):
		return f.Input
	case isNotTrue(f.Cond):
		if v, ok := f.Input.(*logical.Values); ok && len(v.Rows) == 0 {
			return v
		}
		return &logical.Values{Columns: f.Schema()}
	}
	return nil
}

func mergeFilters(n logical.Node, _ *Context) logical.Node {
	f, ok := n.(*logical.Filter)
	if !ok {
		return nil
	}
	below, ok := f.Input.(*logical.Filter)
	if !ok {
		return nil
	}
	// The lower condition comes first: it may guard the upper one.
	return &logical.Filter{Input: below.Input, Cond: conjunction(append(conjuncts(below.Cond), conjuncts(f.Cond)...))}
}

func pushFilterBelowProject(n logical.Node, c *Context) logical.Node {
	f, ok := n.(*logical.Filter)
	if !ok {
		return nil
	}
	p, ok := f.Input.(*logical.Project)
	if !ok || c.volatile(f.Cond) {
		return nil
	}
	used := map[int]int{}
	uses(f.Cond, used)
	for i := range used {
		if c.volatile(p.Exprs[i]) {
			return nil
		}
	}
	cond := substitute(f.Cond, p.Exprs)
	if size(cond) > maxSize {
		return nil
	}
	return p.With(&logical.Filter{Input: p.Input, Cond: cond})
}

func pushFilterBelowUnion(n logical.Node, _ *Context) logical.Node {
	f, ok := n.(*logical.Filter)
	if !ok {
		return nil
	}
	u, ok := f.Input.(*logical.Union)
	if !ok {
		return nil
	}
	in := make([]logical.Node, len(u.Children))
	for i, x := range u.Children {
		in[i] = &logical.Filter{Input: x, Cond: f.Cond}
	}
	return u.With(in...)
}

// pushFilterBelowWindow moves the parts of a condition that say nothing of the
// window itself.
func pushFilterBelowWindow(n logical.Node, c *Context) logical.Node {
	f, ok := n.(*logical.Filter)
	if !ok {
		return nil
	}
	w, ok := f.Input.(*logical.WindowAssign)
	if !ok || w.Window.Kind == "SESSION" { // what rows there are decides the sessions
		return nil
	}
	columns := len(w.Input.Schema())
	var below, above []expr.Expr
	for _, x := range conjuncts(f.Cond) {
		used := map[int]int{}
		uses(x, used)
		inside := !c.volatile(x)
		for i := range used {
			inside = inside && i < columns
		}
		if inside && len(above) == 0 { // an earlier part may guard a later one
			below = append(below, x)
		} else {
			above = append(above, x)
		}
	}
	if len(below) == 0 {
		return nil
	}
	out := w.With(&logical.Filter{Input: w.Input, Cond: conjunction(below)})
	if len(above) > 0 {
		out = &logical.Filter{Input: out, Cond: conjunction(above)}
	}
	return out
}
