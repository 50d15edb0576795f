package optimize

import (
	"github.com/weir-streams/weir/engine/expr"
	"github.com/weir-streams/weir/engine/sql/logical"
)

// pushFilterBelowLookup judges rows before a table, or the versions of one, are
// joined to them, as far as the condition is on the rows alone.
func pushFilterBelowLookup(n logical.Node, c *Context) logical.Node {
	f, ok := n.(*logical.Filter)
	if !ok {
		return nil
	}
	switch f.Input.(type) {
	case *logical.Lookup, *logical.Temporal:
	default:
		return nil
	}
	inputs := f.Input.Inputs()
	left := len(inputs[0].Schema())
	var above, below []expr.Expr
	for _, x := range conjuncts(f.Cond) {
		if _, r := sidesOf(x, left); r || c.volatile(x) {
			above = append(above, x)
		} else {
			below = append(below, x)
		}
	}
	if len(below) == 0 {
		return nil
	}
	next := append([]logical.Node{filtered(inputs[0], below)}, inputs[1:]...)
	return filtered(f.Input.With(next...), above)
}
