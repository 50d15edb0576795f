package optimize

import (
	"github.com/weir-streams/weir/engine/expr"
	"github.com/weir-streams/weir/engine/graph"
	"github.com/weir-streams/weir/engine/sql/logical"
)

// pushJoinCondition makes what a join's condition says of one input a filter of
// that input, where rows without a match are not given.
func pushJoinCondition(n logical.Node, c *Context) logical.Node {
	j, ok := n.(*logical.Join)
	if !ok || isTrue(j.Cond) {
		return nil
	}
	left := j.Width()
	var stay, lefts, rights []expr.Expr
	constant := false
	for _, x := range conjuncts(j.Cond) {
		l, r := sidesOf(x, left)
		switch {
		case isTrue(x):
			constant = true
		case c.volatile(x):
			stay = append(stay, x)
		case l && !r && !j.Kind.KeepsLeft() && j.Kind != graph.AntiJoin:
			lefts = append(lefts, x)
		case r && !l && !j.Kind.KeepsRight():
			rights = append(rights, moveColumns(x, -left))
		default:
			stay = append(stay, x)
		}
	}
	if len(lefts)+len(rights) == 0 && !constant {
		return nil
	}
	out := *j
	out.Left, out.Right, out.Cond = filtered(j.Left, lefts), filtered(j.Right, rights), conjunctionOrTrue(stay)
	return &out
}
