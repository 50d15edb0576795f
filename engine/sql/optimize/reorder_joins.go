package optimize

import (
	"slices"

	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/expr"
	"github.com/weir-streams/weir/engine/graph"
	"github.com/weir-streams/weir/engine/sql/logical"
)

// chain is inner joins of inner joins, taken apart: what is joined, and on what.
// Expressions in it are over the columns of all leaves, one after another.
type chain struct {
	context *Context
	leaves  []logical.Node
	starts  []int // first column of each leaf
	types   []data.Type
	conds   []joinCond
	bare    int     // joins as written that nothing but a condition on pairs connects
	cost    float64 // rows that the joins as written give, all together
	guesses []relation
	refused bool
}

// joinCond is a part of the conditions of a chain.
type joinCond struct {
	expr expr.Expr
	of   []int    // leaves it reads
	args [2][]int // leaves that the sides of an equality read; nil: it is none
}

// reorderJoins joins what is connected by keys before what is not: as written,
// FROM a, b, c WHERE a.x = c.x AND b.y = c.y pairs every row of a with every row
// of b, in one task. Where it is asked for, the smallest results come first.
// Nothing is changed unless fewer joins are without keys, or much fewer rows made.
func reorderJoins(roots []logical.Node, c *Context) []logical.Node {
	seen := map[logical.Node]logical.Node{}
	var visit func(n logical.Node) logical.Node
	visit = func(n logical.Node) logical.Node {
		if out := seen[n]; out != nil {
			return out
		}
		out := reordered(n, c, visit)
		if out == nil {
			out = withVisited(n, visit)
		} else {
			c.fired["ReorderJoins"]++
		}
		seen[n] = out
		return out
	}
	out := make([]logical.Node, len(roots))
	for i, r := range roots {
		out[i] = visit(r)
	}
	return out
}

// withVisited goes on below a node; joins of the chain that ends in it are part of
// what was looked at already.
func withVisited(n logical.Node, visit func(logical.Node) logical.Node) logical.Node {
	in := n.Inputs()
	next := make([]logical.Node, len(in))
	changed := false
	_, inChain := n.(*logical.Join)
	for i, x := range in {
		if inChain && link(x) {
			next[i] = withVisited(x, visit)
		} else {
			next[i] = visit(x)
		}
		changed = changed || next[i] != x
	}
	if !changed {
		return n
	}
	return n.With(next...)
}

// link tells whether a node is a join that may be part of a chain.
func link(n logical.Node) bool {
	j, ok := n.(*logical.Join)
	return ok && j.Kind == graph.InnerJoin && j.Interval == nil && j.LeftTTL == nil && j.RightTTL == nil
}

// clearly is how many times fewer rows must be made for another order than that
// written.
const clearly = 2

// reordered gives the joins that end in a node in a better order, under the
// columns they had; nil: there is none.
func reordered(n logical.Node, c *Context, visit func(logical.Node) logical.Node) logical.Node {
	if !link(n) {
		return nil
	}
	ch := &chain{context: c}
	outputs, _ := ch.take(n)
	ch.sort()
	if ch.refused || len(ch.leaves) < 3 {
		return nil
	}
	order := ch.connected()
	_, bare, cost := ch.build(order)
	if c.ReorderJoins {
		least := ch.smallest()
		_, leastBare, leastCost := ch.build(least)
		if leastBare < bare || leastBare == bare && leastCost*clearly <= cost {
			order, bare, cost = least, leastBare, leastCost
		}
	}
	if bare >= ch.bare && (!c.ReorderJoins || bare > ch.bare || cost*clearly > ch.cost) {
		return nil
	}
	for i, leaf := range ch.leaves {
		ch.leaves[i] = visit(leaf)
	}
	joins, _, _ := ch.build(order)
	out := &logical.Project{Input: joins.node, Columns: n.Schema()}
	for _, e := range outputs {
		out.Exprs = append(out.Exprs, joins.place(e))
	}
	return out
}

// take adds a node to the chain, and gives its columns in terms of the leaves,
// and how many rows it is guessed to have.
func (ch *chain) take(n logical.Node) (columns []expr.Expr, rows relation) {
	if p, ok := n.(*logical.Project); ok && leadsToLink(p.Input) && !slices.ContainsFunc(p.Exprs, ch.context.volatile) {
		below, rows := ch.take(p.Input)
		for _, e := range p.Exprs {
			columns = append(columns, substitute(e, below))
		}
		return columns, rows
	}
	if link(n) {
		j := n.(*logical.Join)
		left, l := ch.take(j.Left)
		right, r := ch.take(j.Right)
		columns = append(left, right...)
		var mine []joinCond
		for _, x := range conjuncts(j.Cond) {
			if isTrue(x) {
				continue
			}
			ch.refused = ch.refused || ch.context.volatile(x)
			mine = append(mine, joinCond{expr: substitute(x, columns)})
		}
		ch.conds = append(ch.conds, mine...)
		keys, _, _, rest := j.Equalities()
		if len(keys) == 0 {
			ch.bare++
		}
		rows = joinedRows(l, r, ch.pairs(mine), len(rest))
		ch.cost += rows.rows
		return columns, rows
	}
	leaf := len(ch.leaves)
	ch.leaves, ch.starts = append(ch.leaves, n), append(ch.starts, len(ch.types))
	ch.refused = ch.refused || inWindows(n)
	for _, col := range n.Schema() {
		columns = append(columns, expr.Column(len(ch.types), col.Type))
		ch.types = append(ch.types, col.Type)
	}
	ch.guesses = append(ch.guesses, ch.guess(leaf))
	return columns, ch.guesses[leaf]
}

func leadsToLink(n logical.Node) bool {
	for {
		p, ok := n.(*logical.Project)
		if !ok {
			return link(n)
		}
		n = p.Input
	}
}

// inWindows tells whether rows have windows, by which a join may be one that
// closes with them.
func inWindows(n logical.Node) bool {
	switch n.(type) {
	case *logical.WindowAssign, *logical.WindowAggregate:
		return true
	}
	return slices.ContainsFunc(n.Inputs(), inWindows)
}

// leafOf is the leaf that has a column.
func (ch *chain) leafOf(column int) int {
	at, found := slices.BinarySearch(ch.starts, column)
	if !found {
		return at - 1
	}
	for at+1 < len(ch.starts) && ch.starts[at+1] == column { // a leaf without columns begins there too
		at++
	}
	return at
}

func (ch *chain) leavesOf(e expr.Expr) []int {
	used := map[int]int{}
	uses(e, used)
	var out []int
	for column := range used {
		if leaf := ch.leafOf(column); !slices.Contains(out, leaf) {
			out = append(out, leaf)
		}
	}
	return out
}

// sort finds out which leaves each condition connects. A condition on event times
// may make an interval join: such a chain is left as it is.
func (ch *chain) sort() {
	for i := range ch.conds {
		x := &ch.conds[i]
		x.of = ch.leavesOf(x.expr)
		if isEquality(x.expr) {
			x.args = [2][]int{ch.leavesOf(x.expr.Args[0]), ch.leavesOf(x.expr.Args[1])}
		}
		used := map[int]int{}
		uses(x.expr, used)
		for column := range used {
			ch.refused = ch.refused || ch.types[column].TimeAttr == data.EventTime
		}
	}
}

func isEquality(e expr.Expr) bool {
	return e.Kind == expr.KindCall && (e.Func == "=" || e.Func == "IS NOT DISTINCT FROM") && logical.SameKey(e.Args[0].Type, e.Args[1].Type)
}

// pairs are the columns that conditions say are equal; those of other expressions
// are -1.
func (ch *chain) pairs(conds []joinCond) [][2]int {
	var out [][2]int
	for _, x := range conds {
		if !isEquality(x.expr) {
			continue
		}
		p := [2]int{-1, -1}
		for i, a := range x.expr.Args {
			if a.Kind == expr.KindColumn {
				p[i] = a.Index
			}
		}
		out = append(out, p)
	}
	return out
}

// within tells whether all leaves of a list are joined.
func within(leaves []int, joined []bool) bool {
	return !slices.ContainsFunc(leaves, func(leaf int) bool { return !joined[leaf] })
}

// connects tells whether an equality is between leaves that are joined already and
// one more.
func (x *joinCond) connects(joined []bool, leaf int) bool {
	for i, side := range x.args {
		other := x.args[1-i]
		if len(side) == 1 && side[0] == leaf && len(other) > 0 && within(other, joined) {
			return true
		}
	}
	return false
}

// connected is the order as written, but that a leaf waits until it meets by key
// what is there, if it ever does.
func (ch *chain) connected() []int {
	joined := make([]bool, len(ch.leaves))
	order := []int{0}
	joined[0] = true
	for len(order) < len(ch.leaves) {
		next := -1
		for leaf := range ch.leaves {
			if joined[leaf] {
				continue
			}
			if slices.ContainsFunc(ch.conds, func(x joinCond) bool { return x.connects(joined, leaf) }) {
				next = leaf
				break
			}
			if next < 0 {
				next = -leaf - 2
			}
		}
		if next < 0 {
			next = -next - 2
		}
		joined[next] = true
		order = append(order, next)
	}
	return order
}

// joins are leaves joined so far.
type joins struct {
	node logical.Node
	at   map[int]int // where the columns of the chain are
	rows relation
	has  []bool
}

func (js *joins) place(e expr.Expr) expr.Expr {
	return transform(e, func(x expr.Expr) expr.Expr {
		if x.Kind == expr.KindColumn {
			x.Index = js.at[x.Index]
			x.Type.TimeAttr = data.NoTimeAttr
		}
		return x
	})
}

// build joins the leaves in an order; it gives how many joins have no keys, and how
// many rows all of them are guessed to give.
func (ch *chain) build(order []int) (out *joins, bare int, cost float64) {
	done := make([]bool, len(ch.conds))
	out = &joins{node: ch.leaves[order[0]], at: map[int]int{}, rows: ch.guesses[order[0]], has: make([]bool, len(ch.leaves))}
	width := 0
	add := func(leaf int) {
		for i := range ch.leaves[leaf].Schema() {
			out.at[ch.starts[leaf]+i] = width
			width++
		}
		out.has[leaf] = true
	}
	add(order[0])
	for _, leaf := range order[1:] {
		keyed := 0
		for i := range ch.conds {
			if !done[i] && ch.conds[i].connects(out.has, leaf) {
				keyed++
			}
		}
		if keyed == 0 {
			bare++
		}
		add(leaf)
		var on []expr.Expr
		var mine []joinCond
		for i, x := range ch.conds {
			if !done[i] && within(x.of, out.has) {
				done[i] = true
				on, mine = append(on, out.place(x.expr)), append(mine, x)
			}
		}
		out.node = &logical.Join{Left: out.node, Right: ch.leaves[leaf], Kind: graph.InnerJoin, Cond: conjunctionOrTrue(on)}
		out.rows = joinedRows(out.rows, ch.guesses[leaf], ch.pairs(mine), len(mine)-keyed)
		cost += out.rows.rows
	}
	return out, bare, cost
}

// smallest is the order in which each join gives as few rows as may be: from the
// pair that gives the fewest on, always what adds the fewest, by key first.
func (ch *chain) smallest() []int {
	var best []int
	least := 0.0
	for first := range ch.leaves {
		if len(ch.leaves) > mostStarts && ch.guesses[first].rows > ch.guesses[0].rows {
			continue
		}
		order, cost := ch.from(first)
		if best == nil || cost < least {
			best, least = order, cost
		}
	}
	return best
}

// mostStarts is up to how many leaves each is tried as the first; beyond, those
// that are smaller than the first as written.
const mostStarts = 12

func (ch *chain) from(first int) (order []int, cost float64) {
	joined := make([]bool, len(ch.leaves))
	joined[first] = true
	order = []int{first}
	rows := ch.guesses[first]
	for len(order) < len(ch.leaves) {
		next, nextKeyed := -1, false
		var nextRows relation
		for leaf := range ch.leaves {
			if joined[leaf] {
				continue
			}
			var mine []joinCond
			for _, x := range ch.conds {
				if x.connects(joined, leaf) {
					mine = append(mine, x)
				}
			}
			keyed := len(mine) > 0
			if nextKeyed && !keyed {
				continue
			}
			r := joinedRows(rows, ch.guesses[leaf], ch.pairs(mine), 0)
			if next < 0 || keyed && !nextKeyed || r.rows < nextRows.rows {
				next, nextKeyed, nextRows = leaf, keyed, r
			}
		}
		joined[next] = true
		order, rows = append(order, next), nextRows
		cost += rows.rows
		if !nextKeyed {
			cost *= 1e6 // pairs of everything come last
		}
	}
	return order, cost
}
