package optimize

import (
	"github.com/weir-streams/weir/engine/sql/logical"
)

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
