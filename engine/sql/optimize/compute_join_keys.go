package optimize

import (
	"github.com/weir-streams/weir/engine/expr"
	"github.com/weir-streams/weir/engine/sql/logical"
)

// computeJoinKeys makes what is compared for equality columns of the inputs, so
// that rows meet by key.
func computeJoinKeys(n logical.Node, c *Context) logical.Node {
	j, ok := n.(*logical.Join)
	if !ok {
		return nil
	}
	ls, rs := j.Left.Schema(), j.Right.Schema()
	sides := [2][]expr.Expr{}
	list := conjuncts(j.Cond)
	type place struct{ conjunct, arg, side, index int }
	var places []place
	for i, x := range list {
		if x.Kind != expr.KindCall || x.Func != "=" && x.Func != "IS NOT DISTINCT FROM" || c.volatile(x) {
			continue
		}
		l0, r0 := sidesOf(x.Args[0], len(ls))
		l1, r1 := sidesOf(x.Args[1], len(ls))
		if l0 == r0 || l1 == r1 || l0 == l1 || !logical.SameKey(x.Args[0].Type, x.Args[1].Type) {
			continue
		}
		for a, e := range x.Args {
			if e.Kind == expr.KindColumn {
				continue
			}
			side := 0
			if l, _ := sidesOf(e, len(ls)); !l {
				side, e = 1, moveColumns(e, -len(ls))
			}
			places = append(places, place{i, a, side, len(sides[side])})
			sides[side] = append(sides[side], e)
		}
	}
	if len(places) == 0 {
		return nil
	}
	extra := len(sides[0])
	for i, x := range list {
		list[i] = transform(x, func(x expr.Expr) expr.Expr {
			if x.Kind == expr.KindColumn && x.Index >= len(ls) {
				x.Index += extra
			}
			return x
		})
	}
	for _, p := range places {
		x := list[p.conjunct]
		at := len(ls) + p.index
		if p.side == 1 {
			at = len(ls) + extra + len(rs) + p.index
		}
		args := []expr.Expr{x.Args[0], x.Args[1]}
		args[p.arg] = expr.Column(at, x.Args[p.arg].Type)
		x.Args = args
		list[p.conjunct] = x
	}
	out := &logical.Join{Left: withColumns(j.Left, sides[0]), Right: withColumns(j.Right, sides[1]), Kind: j.Kind, Cond: conjunction(list), Interval: j.Interval, LeftTTL: j.LeftTTL, RightTTL: j.RightTTL, Pos: j.Pos}
	top := &logical.Project{Input: out, Columns: j.Schema()}
	for i, col := range j.Schema() {
		if i >= len(ls) {
			i += extra
		}
		top.Exprs = append(top.Exprs, expr.Column(i, col.Type))
	}
	return top
}
