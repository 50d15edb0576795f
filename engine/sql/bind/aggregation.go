package bind

import (
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/expr"
	"github.com/weir-streams/weir/engine/function"
	"github.com/weir-streams/weir/engine/graph"
	"github.com/weir-streams/weir/engine/sql/ast"
	"github.com/weir-streams/weir/engine/sql/logical"
	"github.com/weir-streams/weir/engine/sql/typing"
)

// aggregation is a GROUP BY in the making. Expressions of the SELECT list and
// of HAVING are bound over its result: its keys, then its aggregates.
type aggregation struct {
	pos    ast.Pos
	scope  *scope
	window *groupWindow // in GROUP BY; nil: none
	keys   []expr.Expr  // over the input
	below  []expr.Expr  // what the input computes: keys, then arguments and conditions
	names  []string     // of below
	aggs   []graph.AggCall
	// calls are the names of aggs; wish is the alias of the item being bound.
	calls []string
	wish  string
	// sets are the keys of each grouping set, if there are several; setKey is the
	// key that says which, setNumber its column below.
	sets      [][]int
	setKey    int
	setNumber expr.Expr
	subs      *subs // in arguments and conditions of aggregates
}

func (a *aggregation) addKey(e expr.Expr, name string) int {
	for i, k := range a.keys {
		if sameExpr(k, e) {
			return i
		}
	}
	a.keys = append(a.keys, e)
	a.below, a.names = append(a.below, e), append(a.names, name)
	return len(a.keys) - 1
}

// bind takes what is a key or an aggregate; everything else is taken apart by x.
func (a *aggregation) bind(x *exprBinder, e ast.Expr) (expr.Expr, bool, error) {
	if n, ok := e.(*ast.Call); ok {
		if x.b.isAggregate(n) {
			out, err := a.aggregate(x, n)
			return out, true, err
		}
		if out, done, err := a.grouping(x, n); done {
			return out, done, err
		}
		if out, done, err := a.property(n); done {
			return out, done, err
		}
	}
	switch n := e.(type) {
	case *ast.JSONObject:
		if n.Agg {
			out, err := a.jsonObject(x, n)
			return out, true, err
		}
		return expr.Expr{}, false, nil
	case *ast.JSONArray:
		if n.Agg {
			out, err := a.jsonArray(x, n)
			return out, true, err
		}
		return expr.Expr{}, false, nil
	case *ast.Star:
		return expr.Expr{}, false, nil
	}
	if len(a.keys) == 0 || x.b.hasAggregate(e) {
		return expr.Expr{}, false, nil
	}
	plain := &exprBinder{b: x.b, scope: a.scope, depth: x.depth}
	v, err := plain.bind(e)
	if err != nil {
		return v, false, nil // it will be refused where it is taken apart
	}
	for i, k := range a.keys {
		if sameExpr(k, v) {
			return a.key(i), true, nil
		}
	}
	return v, false, nil
}

// key is a column of the result: a time attribute no more, but for window_time
// where the window is a key too.
func (a *aggregation) key(i int) expr.Expr {
	t := a.inSet(i).Type
	if !logical.KeepsTime(a.names[i], a.names[:len(a.keys)]) {
		t.TimeAttr = data.NoTimeAttr
	}
	return expr.Column(i, t)
}

// nameKeys calls computed keys as the query does, for people.
func (a *aggregation) nameKeys(items []item) {
	for _, it := range items {
		if v := it.value; it.alias != "" && v.Kind == expr.KindColumn && v.Index < len(a.keys) && strings.HasPrefix(a.names[v.Index], "$key") && !contains(a.names, it.alias) {
			a.names[v.Index] = it.alias
		}
	}
}

func sameExpr(a, b expr.Expr) bool { return reflect.DeepEqual(a, b) }

// notGrouped is the error for a column that is neither key nor aggregated.
func (a *aggregation) notGrouped(x *exprBinder, n *ast.Name) error {
	if _, err := a.scope.resolve(n); err != nil {
		return err
	}
	return ast.Errorf(n.Pos(), "Expression '%s' is not being grouped: put it into GROUP BY or into an aggregate function", n)
}

// isAggregate tells whether a call is one of an aggregate function.
func (b *Binder) isAggregate(n *ast.Call) bool {
	return n.Over == nil && b.aggregateOf(n) != nil
}

// aggregateOf is the aggregate function that a call means: a user's or one that
// is built in; nil: none. What is wrong with a user's is said where it is bound.
func (b *Binder) aggregateOf(n *ast.Call) *function.Aggregate {
	if _, u, err := b.user(n); err == nil && u != nil {
		return u.Aggregate
	}
	if len(n.Name.Parts) > 1 {
		return nil
	}
	return b.Functions.Aggregate(strings.ToUpper(n.Name.Parts[0].Name))
}

// hasAggregate tells whether there is an aggregate in e, not counting
// sub-queries and OVER.
func (b *Binder) hasAggregate(e ast.Node) bool {
	found := false
	ast.Walk(e, func(n ast.Node) bool {
		switch c := n.(type) {
		case *ast.Query:
			return false
		case *ast.Call:
			if c.Over != nil {
				return false
			}
			found = found || b.isAggregate(c)
		case *ast.JSONObject:
			found = found || c.Agg
		case *ast.JSONArray:
			found = found || c.Agg
		}
		return !found
	})
	return found
}

// aggregate binds a call and answers with the column of its result.
func (a *aggregation) aggregate(x *exprBinder, n *ast.Call) (expr.Expr, error) {
	name := strings.ToUpper(n.Name.Last().Name)
	f := x.b.aggregateOf(n)
	if err := ordering(n, name); err != nil {
		return expr.Expr{}, err
	}
	plain := &exprBinder{b: x.b, scope: a.scope, depth: x.depth, subs: a.subs}
	c, args, err := plain.aggregateCall(n, f)
	if err != nil {
		return expr.Expr{}, err
	}
	var share *expr.Expr
	gathered := x.b.Functions.Scalar("$" + f.Name)
	if gathered != nil && strings.HasPrefix(f.Name, "BITMAP_") {
		c.Func, c.Type = "COLLECT", data.Type{Kind: data.Multiset, Args: []data.Type{args[0].Type}}
	} else if gathered = nil; f.Name == "PERCENTILE" { // the values are collected, and looked at afterwards
		if hasColumns(args[1]) {
			return expr.Expr{}, ast.Errorf(n.Args[1].Pos(), "Invalid input arguments. The share of PERCENTILE must be a constant")
		}
		share, args = &args[1], gatheredForPercentile(args)
		c.Func, c.Type = "COLLECT", data.Type{Kind: data.Multiset, Args: []data.Type{args[0].Type}}
	}
	for _, e := range args {
		c.Args = append(c.Args, a.column(e))
	}
	if n.Filter != nil {
		cond, err := plain.bind(n.Filter)
		if err != nil {
			return cond, err
		}
		if isNull(cond) {
			return cond, illegalNull(n.Filter.Pos())
		}
		if cond.Type.Kind != data.Boolean {
			return cond, ast.Errorf(n.Filter.Pos(), "FILTER must be a condition")
		}
		c.Filter = a.column(cond)
	}
	if n.Nulls == "IGNORE" && args[0].Type.Nullable {
		there := call("IS NOT NULL", boolean(false), args[0])
		if c.Filter >= 0 {
			have := a.below[c.Filter]
			there = call("AND", boolean(have.Type.Nullable), have, there)
		}
		c.Filter = a.column(there)
	}
	switch c.Func {
	case "COUNT", "COLLECT":
	default:
		c.Type.Nullable = c.Type.Nullable || len(a.keys) == 0 || c.Filter >= 0
	}
	if len(a.calls) > maxGrouped {
		return expr.Expr{}, ast.Errorf(n.Pos(), "more than %d aggregates of one grouping", maxGrouped)
	}
	if gathered != nil {
		return x.callFunction(n, gathered.Name, []expr.Expr{a.column2(c)})
	}
	if share != nil {
		return x.callFunction(n, "$PERCENTILE", []expr.Expr{a.column2(c), *share})
	}
	return a.column2(c), nil
}

// gatheredForPercentile is what PERCENTILE collects: its values, each with how
// often it counts if that is said.
func gatheredForPercentile(args []expr.Expr) []expr.Expr {
	if len(args) < 3 {
		return args[:1]
	}
	t := data.Type{Kind: data.Row, Names: []string{"value", "frequency"}, Args: []data.Type{args[0].Type, args[2].Type}}
	return []expr.Expr{call("ROW", t, args[0], args[2])}
}

// ordering judges an order of the rows and what is said of NULLs. Flink takes an
// order inside ARRAY_AGG, and gives the rows as they come.
func ordering(n *ast.Call, name string) error {
	switch {
	case n.WithinGroup != nil:
		return ast.Errorf(n.Pos(), "Aggregate expression '%s' must not contain a WITHIN GROUP clause", name)
	case n.Nulls != "" && name != "ARRAY_AGG":
		return ast.Errorf(n.Pos(), "Cannot specify IGNORE NULLS or RESPECT NULLS following '%s'", name)
	case n.OrderBy != nil && name != "ARRAY_AGG":
		return unsupported(n.Pos(), name+" with an order is")
	}
	return nil
}

func hasColumns(e expr.Expr) bool {
	for _, arg := range e.Args {
		if hasColumns(arg) {
			return true
		}
	}
	return e.Kind == expr.KindColumn
}

// aggregateCall binds an aggregate function with its arguments, without FILTER.
func (x *exprBinder) aggregateCall(n *ast.Call, f *function.Aggregate) (graph.AggCall, []expr.Expr, error) {
	name := strings.ToUpper(n.Name.Last().Name)
	c := graph.AggCall{Func: f.Name, Distinct: n.Quantifier == ast.Distinct, Filter: -1}
	if len(n.Args) == 0 && f.Name == "COUNT" {
		return c, nil, misuse(n, name, name, nil, function.WrongCount(0, 1, 1))
	}
	var args []expr.Expr
	within := x.outer
	x.outer = n
	defer func() { x.outer = within }()
	for _, arg := range n.Args {
		if _, star := arg.(*ast.Star); star && f.Name == "COUNT" && len(n.Args) == 1 {
			continue
		}
		e, err := x.bind(arg)
		if err != nil {
			return c, nil, err
		}
		if isNull(e) {
			return c, nil, illegalNull(arg.Pos())
		}
		args = append(args, e)
	}
	if f.Name == "COUNT" && len(args) > 1 {
		return c, nil, ast.Planf(n.Pos(), "We now only support the count of one field.")
	}
	sig, err := f.Infer(describeArgs(args))
	if err != nil && f.Fold != nil {
		return c, nil, ast.Errorf(n.Pos(), "Invalid function call: %s(%s): %w", n.Name, argNames(n, args), err)
	}
	if err != nil {
		return c, nil, misuse(n, name, f.Name, args, err)
	}
	c.Type = sig.Result
	if f.Fold != nil {
		fold, err := f.Fold(sig.Args)
		if err != nil {
			return c, nil, ast.Errorf(n.Pos(), "%s: %w", n.Name, err)
		}
		c.State, c.AddsOnly = fold.Layout, !fold.Retracts
	}
	if f.Name == "COUNT" && !c.Distinct && len(args) == 1 && !args[0].Type.Nullable {
		args = nil // counting what is never NULL is counting rows
	}
	if f.Name == "LISTAGG" && len(args) > 1 && args[1].Value.Null {
		return c, nil, ast.Errorf(n.Args[1].Pos(), "Argument to function '%s' must not be NULL", name)
	}
	if c.Distinct && len(args) > 0 {
		switch k := args[0].Type.Kind; k {
		case data.Row, data.Map, data.Multiset:
			return c, nil, ast.Planf(n.Pos(), "Distinct aggregate function does not support type: %s. Please re-check the data type.", typing.Name(args[0].Type))
		}
	}
	if f.Batch && !x.b.Batch {
		return c, nil, ast.Planf(n.Pos(), "%s aggregate function does not support yet for streaming.", name)
	}
	if f.Name == "APPROX_COUNT_DISTINCT" {
		c.Func, c.Distinct = "COUNT", true
	}
	if c.Distinct && (f.Name == "MIN" || f.Name == "MAX" || f.Name == "SINGLE_VALUE") {
		c.Distinct = false
	}
	for i, e := range args {
		if i < len(sig.Args) {
			args[i] = convert(e, sig.Args[i])
		}
	}
	return c, args, nil
}

// column computes e below the aggregation and gives its column.
func (a *aggregation) column(e expr.Expr) int {
	for i, b := range a.below {
		if sameExpr(b, e) && (a.sets == nil || i >= len(a.keys)) { // a key is not itself in every set
			return i
		}
	}
	a.below, a.names = append(a.below, e), append(a.names, "$f"+strconv.Itoa(len(a.below)))
	return len(a.below) - 1
}

// column2 adds an aggregate, unless it is there, and gives its column.
func (a *aggregation) column2(c graph.AggCall) expr.Expr {
	for i, have := range a.aggs {
		if reflect.DeepEqual(have, c) {
			return expr.Column(len(a.keys)+i, c.Type)
		}
	}
	name := a.wish
	if name == "" || contains(a.calls, name) {
		name = "EXPR$" + strconv.Itoa(len(a.keys)+len(a.aggs))
	}
	a.aggs, a.calls = append(a.aggs, c), append(a.calls, name)
	return expr.Column(len(a.keys)+len(a.aggs)-1, c.Type)
}

func contains(list []string, s string) bool {
	for _, x := range list {
		if x == s {
			return true
		}
	}
	return false
}

// node is the aggregation over its input.
func (a *aggregation) node(input logical.Node) *logical.Aggregate {
	input, settle := a.subs.join(input)
	below, in := make([]expr.Expr, len(a.below)), input.Schema()
	for i, e := range a.below {
		below[i] = settle(e)
	}
	if len(below) == 0 { // COUNT(*) alone reads no column
		below, a.names = []expr.Expr{intLiteral(0)}, []string{"$f0"}
	}
	p := &logical.Project{Input: input, Exprs: slices.Clone(below)}
	for i := range a.keys {
		if a.sets != nil {
			p.Exprs[i] = a.inSet(i)
		}
	}
	for i, e := range p.Exprs {
		name := a.names[i]
		if e.Kind == expr.KindColumn {
			name = in[e.Index].Name
		}
		p.Columns = append(p.Columns, data.Column{Name: name, Type: e.Type})
	}
	out := &logical.Aggregate{Input: p, Aggs: a.aggs, Names: a.calls, Pos: a.pos}
	for i := range a.keys {
		out.Keys = append(out.Keys, i)
	}
	return out
}
