package optimize

import (
	"strconv"

	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/expr"
	"github.com/weir-streams/weir/engine/graph"
	"github.com/weir-streams/weir/engine/sql/logical"
)

// sidesOf tells which inputs of a join an expression reads.
func sidesOf(e expr.Expr, left int) (l, r bool) {
	used := map[int]int{}
	uses(e, used)
	for i := range used {
		if i < left {
			l = true
		} else {
			r = true
		}
	}
	return l, r
}

// moveColumns shifts columns to another position.
func moveColumns(e expr.Expr, by int) expr.Expr {
	return transform(e, func(x expr.Expr) expr.Expr {
		if x.Kind == expr.KindColumn {
			x.Index += by
		}
		return x
	})
}

func conjunctionOrTrue(list []expr.Expr) expr.Expr {
	if len(list) == 0 {
		return expr.Literal(data.Value{I: 1}, data.Type{Kind: data.Boolean})
	}
	return conjunction(list)
}

func filtered(n logical.Node, conds []expr.Expr) logical.Node {
	if len(conds) == 0 {
		return n
	}
	return &logical.Filter{Input: n, Cond: conjunction(conds)}
}

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

func withColumns(n logical.Node, exprs []expr.Expr) logical.Node {
	if len(exprs) == 0 {
		return n
	}
	p := &logical.Project{Input: n}
	for i, c := range n.Schema() {
		p.Exprs, p.Columns = append(p.Exprs, expr.Column(i, c.Type)), append(p.Columns, c)
	}
	for i, e := range exprs {
		t := e.Type
		t.TimeAttr = data.NoTimeAttr
		p.Exprs, p.Columns = append(p.Exprs, e), append(p.Columns, data.Column{Name: "$k" + strconv.Itoa(i), Type: t})
	}
	return p
}
