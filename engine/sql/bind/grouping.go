package bind

import (
	"slices"
	"strconv"
	"strings"

	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/expr"
	"github.com/weir-streams/weir/engine/graph"
	"github.com/weir-streams/weir/engine/sql/ast"
	"github.com/weir-streams/weir/engine/sql/logical"
)

// GROUPING SETS, ROLLUP and CUBE repeat each row once for each set: with NULL for
// the keys the set does not have, and the number of the set as a further key.

// maxSets bounds what a CUBE comes to.
const maxSets = 1000

// groupingSets binds the items of a GROUP BY and gives their sets of keys; one
// set, of all keys, where nothing is grouped more than once.
func (b *Binder) groupingSets(list []ast.GroupItem, x *exprBinder, a *aggregation) ([][]int, error) {
	sets := [][]int{nil}
	for _, g := range list {
		own, err := b.setsOf(g, x, a)
		if err != nil {
			return nil, err
		}
		if len(sets)*len(own) > maxSets {
			return nil, ast.Errorf(g.Pos(), "GROUP BY comes to more than %d sets of keys", maxSets)
		}
		var all [][]int
		for _, s := range sets {
			for _, o := range own {
				all = append(all, union(s, o))
			}
		}
		sets = all
	}
	return sets, nil
}

// distinctSets are the sets of GROUP BY DISTINCT: of those with the same keys, the
// first (SQL:2016, 7.13).
func distinctSets(sets [][]int) [][]int {
	var out [][]int
	for _, s := range sets {
		same := func(o []int) bool { return len(o) == len(s) && len(union(o, s)) == len(o) }
		if !slices.ContainsFunc(out, same) {
			out = append(out, s)
		}
	}
	return out
}

func union(a, b []int) []int {
	out := slices.Clone(a)
	for _, k := range b {
		if !slices.Contains(out, k) {
			out = append(out, k)
		}
	}
	return out
}

func (b *Binder) setsOf(g ast.GroupItem, x *exprBinder, a *aggregation) ([][]int, error) {
	switch g.Kind {
	case ast.GroupExpr:
		k, err := b.groupKey(g, x, a)
		return [][]int{{k}}, err
	case ast.GroupSet:
		var set []int
		for _, i := range g.Items {
			own, err := b.setsOf(i, x, a)
			if err != nil {
				return nil, err
			}
			set = union(set, own[0])
		}
		return [][]int{set}, nil
	case ast.GroupSets:
		var sets [][]int
		for _, i := range g.Items {
			own, err := b.setsOf(i, x, a)
			if err != nil {
				return nil, err
			}
			if sets = append(sets, own...); len(sets) > maxSets {
				return nil, ast.Errorf(g.Pos(), "GROUP BY comes to more than %d sets of keys", maxSets)
			}
		}
		return sets, nil
	}
	var parts [][]int
	for _, i := range g.Items {
		own, err := b.setsOf(i, x, a)
		if err != nil {
			return nil, err
		}
		parts = append(parts, own[0])
	}
	var sets [][]int
	if g.Kind == ast.GroupRollup {
		for n := len(parts); n >= 0; n-- {
			var set []int
			for _, p := range parts[:n] {
				set = union(set, p)
			}
			sets = append(sets, set)
		}
		return sets, nil
	}
	if len(parts) > 9 {
		return nil, ast.Errorf(g.Pos(), "GROUP BY comes to more than %d sets of keys", maxSets)
	}
	for bits := 1<<len(parts) - 1; bits >= 0; bits-- {
		var set []int
		for i, p := range parts {
			if bits>>(len(parts)-1-i)&1 != 0 {
				set = union(set, p)
			}
		}
		sets = append(sets, set)
	}
	return sets, nil
}

func (b *Binder) groupKey(g ast.GroupItem, x *exprBinder, a *aggregation) (int, error) {
	if hasOver(g.Expr) {
		return 0, ast.Errorf(g.Pos(), "Windowed aggregate expression is illegal in GROUP BY clause")
	}
	e, err := x.bind(g.Expr)
	if err != nil {
		return 0, err
	}
	if isNull(e) {
		return 0, illegalNull(g.Pos())
	}
	name := "$key" + strconv.Itoa(len(a.keys))
	if n, ok := g.Expr.(*ast.Name); ok {
		name = n.Last().Name
	}
	return a.addKey(e, name), nil
}

// repeated makes the sets of an aggregation: the number of the set is its last
// key. Sets that come twice are told apart.
func (a *aggregation) repeated(sets [][]int, input logical.Node) logical.Node {
	always := carriedColumns(a.scope)
	for i := range sets {
		sets[i] = union(sets[i], firstIndexes(always))
		for k := range a.keys { // the keys of a window are in every set
			if a.window != nil && k >= a.window.start {
				sets[i] = union(sets[i], []int{k})
			}
		}
	}
	a.sets, a.setKey = sets, len(a.keys)
	number := data.Column{Name: "$set", Type: data.Type{Kind: data.Int}}
	a.setNumber = expr.Column(len(input.Schema()), number.Type)
	a.addKey(a.setNumber, number.Name)
	return &logical.Unnest{Input: input, Spec: graph.Unnest{Column: -1, Times: int64(len(sets)), Ordinality: true}, Columns: []data.Column{number}}
}

// inSet is the value of a key below the aggregation: NULL in the sets without it.
func (a *aggregation) inSet(k int) expr.Expr {
	e := a.below[k]
	if a.sets == nil || k == a.setKey {
		return e
	}
	var without []int64
	for i, s := range a.sets {
		if !slices.Contains(s, k) {
			without = append(without, int64(i+1))
		}
	}
	if len(without) == 0 {
		return e
	}
	t := withoutTime(e.Type).WithNull(true)
	return call("CASE", t, a.setIs(a.setNumber, without), expr.Literal(data.NullValue(), t), convert(e, t))
}

func (a *aggregation) setIs(number expr.Expr, among []int64) expr.Expr {
	args := []expr.Expr{number}
	for _, n := range among {
		args = append(args, intLiteral(n))
	}
	if len(args) == 2 {
		return call("=", boolean(false), args...)
	}
	return call("IN", boolean(false), args...)
}

// grouping binds GROUPING(a, b), GROUPING_ID and GROUP_ID over the result.
func (a *aggregation) grouping(x *exprBinder, n *ast.Call) (expr.Expr, bool, error) {
	name := ""
	if len(n.Name.Parts) == 1 {
		name = strings.ToUpper(n.Name.Parts[0].Name)
	}
	if name != "GROUPING" && name != "GROUPING_ID" && name != "GROUP_ID" {
		return expr.Expr{}, false, nil
	}
	t := data.Type{Kind: data.BigInt}
	if name != "GROUP_ID" && len(n.Args) == 0 {
		return expr.Expr{}, true, ast.Errorf(n.Pos(), "Invalid number of arguments to function '%s'. Was expecting at least 1 argument", name)
	}
	var keys []int
	plain := &exprBinder{b: x.b, scope: a.scope, depth: x.depth}
	for _, arg := range n.Args {
		e, err := plain.bind(arg)
		if err != nil {
			return e, true, err
		}
		k := slices.IndexFunc(a.keys, func(key expr.Expr) bool { return sameExpr(key, e) })
		if k < 0 {
			return e, true, ast.Errorf(arg.Pos(), "Argument to %s operator must be a grouped expression", name)
		}
		keys = append(keys, k)
	}
	value := func(i int) int64 {
		if name == "GROUP_ID" {
			n := int64(0)
			for _, s := range a.sets[:i] {
				if sameSet(s, a.sets[i]) {
					n++
				}
			}
			return n
		}
		bits := int64(0)
		for _, k := range keys {
			if bits <<= 1; !slices.Contains(a.sets[i], k) {
				bits |= 1
			}
		}
		return bits
	}
	if a.sets == nil {
		return expr.Literal(data.Value{}, t), true, nil
	}
	number := expr.Column(a.setKey, data.Type{Kind: data.Int})
	args := []expr.Expr{}
	for i := range a.sets {
		args = append(args, a.setIs(number, []int64{int64(i + 1)}), expr.Literal(data.Value{I: value(i)}, t))
	}
	args[len(args)-2] = args[len(args)-1] // the last one is ELSE
	args = args[:len(args)-1]
	if len(args) == 1 {
		return args[0], true, nil
	}
	return call("CASE", t, args...), true, nil
}

func sameSet(a, b []int) bool {
	return len(a) == len(b) && len(union(a, b)) == len(a)
}
