package optimize

import (
	"github.com/weir-streams/weir/engine/expr"
	"github.com/weir-streams/weir/engine/graph"
	"github.com/weir-streams/weir/engine/sql/logical"
)

// pushFilterIntoJoin makes a condition on the rows of a join one on its pairs,
// or on one input, where that leaves the same rows.
func pushFilterIntoJoin(n logical.Node, c *Context) logical.Node {
	f, ok := n.(*logical.Filter)
	if !ok {
		return nil
	}
	j, ok := f.Input.(*logical.Join)
	if !ok {
		return nil
	}
	left := j.Width()
	var above, on, lefts, rights []expr.Expr
	for _, x := range conjuncts(f.Cond) {
		l, r := sidesOf(x, left)
		switch {
		case c.volatile(x):
			above = append(above, x)
		case j.Kind == graph.InnerJoin:
			on = append(on, x)
		case l && !r && !j.Kind.KeepsRight():
			lefts = append(lefts, x)
		case r && !l && !j.Kind.KeepsLeft():
			rights = append(rights, moveColumns(x, -left))
		default:
			above = append(above, x)
		}
	}
	if len(on)+len(lefts)+len(rights) == 0 {
		return nil
	}
	out := *j
	out.Left, out.Right = filtered(j.Left, lefts), filtered(j.Right, rights)
	if len(on) > 0 {
		if !isTrue(j.Cond) {
			on = append(conjuncts(j.Cond), on...)
		}
		out.Cond = conjunction(on)
	}
	return filtered(&out, above)
}
