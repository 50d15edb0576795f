package optimize

import (
	"github.com/weir-streams/weir/engine/sql/logical"
)

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
