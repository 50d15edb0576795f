package optimize

import (
	"github.com/weir-streams/weir/engine/expr"
	"github.com/weir-streams/weir/engine/sql/logical"
)

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
