package bind

import (
	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/expr"
	"github.com/weir-streams/weir/engine/graph"
	"github.com/weir-streams/weir/engine/sql/ast"
	"github.com/weir-streams/weir/engine/sql/logical"
	"github.com/weir-streams/weir/engine/sql/typing"
)

// subs is the sub-queries in the expressions of a clause. Each is joined to the
// rows; until then its value is a column from subBase on.
type subs struct {
	outer logical.Node // what they may be correlated with; nil: nothing
	list  []sub
}

// sub is a sub-query: a join, and its value over the rows joined.
type sub struct {
	query *correlated
	conds []expr.Expr // over the rows, then the query's columns from subRight on
	value expr.Expr   // likewise
	pos   ast.Pos
}

const (
	subBase  = 1 << 26
	subRight = 1 << 25
)

// subquery binds a sub-query in an expression.
func (x *exprBinder) subquery(e ast.Expr) (expr.Expr, error) {
	if x.subs == nil {
		return expr.Expr{}, unsupported(e.Pos(), "a sub-query here is")
	}
	var s *sub
	var err error
	switch n := e.(type) {
	case *ast.Subquery:
		s, err = x.scalarQuery(n)
	case *ast.Exists:
		s, err = x.existsQuery(n.Query)
	case *ast.In:
		s, err = x.inQuery(n, n.X, n.Query)
		if err == nil && n.Not {
			s.value = call("NOT", s.value.Type, s.value)
		}
	case *ast.Quantified:
		s, err = x.quantified(n)
	default:
		return expr.Expr{}, unsupported(e.Pos(), "this sub-query is")
	}
	if err != nil {
		return expr.Expr{}, err
	}
	s.pos = e.Pos()
	x.subs.list = append(x.subs.list, *s)
	return expr.Column(subBase+len(x.subs.list)-1, s.value.Type), nil
}

func (x *exprBinder) inside(q *ast.Query) (*correlated, error) {
	leave, err := x.b.enter(q.Pos())
	if err != nil {
		return nil, err
	}
	defer leave()
	return x.b.correlated(q, x.subs.outer, x.scope)
}

// on is the condition by which the query's rows meet the rows around it.
func (x *exprBinder) on(c *correlated) []expr.Expr { return c.meets(x.scope, subRight) }

// right is a column of the query, NULL where no row meets.
func (c *correlated) right(i int) expr.Expr {
	return expr.Column(subRight+i, withoutTime(c.node.Schema()[i].Type).WithNull(true))
}

// with adds columns to the query.
func (c *correlated) with(exprs ...expr.Expr) int {
	in := c.node.Schema()
	p := &logical.Project{Input: c.node}
	for i, col := range in {
		p.Exprs, p.Columns = append(p.Exprs, expr.Column(i, col.Type)), append(p.Columns, col)
	}
	for _, e := range exprs {
		p.Exprs, p.Columns = append(p.Exprs, e), append(p.Columns, data.Column{Name: "$flag", Type: e.Type})
	}
	c.node = p
	return len(in)
}

// grouped aggregates the query by the columns of the query around it.
func (c *correlated) grouped(pos ast.Pos, aggs []graph.AggCall) {
	a := &logical.Aggregate{Input: c.node, Aggs: aggs, Pos: pos}
	for i := range c.used {
		a.Keys = append(a.Keys, i)
	}
	for range aggs {
		a.Names = append(a.Names, "$a")
	}
	c.node = a
}

// scalarQuery is (SELECT …): the value of its one row, NULL if there is none.
func (x *exprBinder) scalarQuery(n *ast.Subquery) (*sub, error) {
	c, err := x.inside(n.Query)
	if err != nil {
		return nil, err
	}
	nd := len(c.used)
	if k := len(c.own()); k != 1 {
		return nil, ast.Errorf(n.Pos(), "Cannot apply '$SCALAR_QUERY' to arguments of type '$SCALAR_QUERY(<RECORDTYPE of %d columns>)'. Supported form(s): '$SCALAR_QUERY(<RECORDTYPE(SINGLE FIELD)>)'", k)
	}
	empty := emptyValue(c, x.scope)
	if !x.single(n.Query) {
		t := withoutTime(c.own()[0].Type).WithNull(true)
		c.grouped(n.Pos(), []graph.AggCall{{Func: "SINGLE_VALUE", Args: []int{nd}, Filter: -1, Type: t}})
	}
	s := &sub{query: c, conds: x.on(c), value: c.right(nd)}
	if empty != nil {
		flag := c.with(trueLiteral())
		s.value = call("CASE", s.value.Type, call("IS NULL", boolean(false), c.right(flag)), convert(*empty, s.value.Type), s.value)
	}
	return s, nil
}

// single tells whether a query has one row at most, for each value it is
// correlated with.
func (x *exprBinder) single(q *ast.Query) bool {
	if l, ok := q.Limit.(*ast.Literal); ok && l.Text == "1" {
		return true
	}
	s, ok := q.Body.(*ast.Select)
	if !ok || s.GroupBy != nil || q.Limit != nil {
		return false
	}
	for _, it := range s.Items {
		if !x.b.hasAggregate(it.Expr) {
			return false
		}
	}
	return true
}

// emptyValue is what an aggregation without GROUP BY says of no rows at all,
// where that is not NULL: a COUNT is 0. Grouped by the values it is correlated
// with, it has no row for those.
func emptyValue(c *correlated, sc *scope) *expr.Expr {
	p, ok := c.node.(*logical.Project)
	if !ok || len(c.used) == 0 {
		return nil
	}
	a, ok := p.Input.(*logical.Aggregate)
	if !ok || len(a.Keys) != len(c.used) {
		return nil
	}
	known, strict := false, true // known: something else than NULL can come of it
	var put func(e expr.Expr) expr.Expr
	put = func(e expr.Expr) expr.Expr {
		if e.Kind == expr.KindColumn {
			switch k := e.Index - len(a.Keys); {
			case k < 0:
				return expr.Column(c.used[e.Index], withoutTime(sc.columns[c.used[e.Index]].Type))
			case a.Aggs[k].Func == "COUNT":
				known = true
				return expr.Literal(data.Value{}, e.Type)
			default:
				return expr.Literal(data.NullValue(), e.Type.WithNull(true))
			}
		}
		if len(e.Args) > 0 {
			strict = strict && strictCalls[e.Func]
			args := make([]expr.Expr, len(e.Args))
			for i, arg := range e.Args {
				args[i] = put(arg)
			}
			e.Args = args
		}
		return e
	}
	e := put(p.Exprs[len(c.used)])
	if !known && strict {
		return nil
	}
	return &e
}

// strictCalls are functions that answer NULL where an argument is NULL: of those
// seen over aggregates all the time.
var strictCalls = map[string]bool{"+": true, "-": true, "*": true, "/": true, "%": true, "CAST": true, "ROUND": true}

// existsQuery is EXISTS (…).
func (x *exprBinder) existsQuery(q *ast.Query) (*sub, error) {
	c, err := x.inside(q)
	if err != nil {
		return nil, err
	}
	if x.b.oneRow(q) {
		return &sub{value: trueLiteral()}, nil
	}
	p := &logical.Project{Input: c.node}
	for i, col := range c.node.Schema()[:len(c.used)] {
		p.Exprs, p.Columns = append(p.Exprs, expr.Column(i, col.Type)), append(p.Columns, col)
	}
	p.Exprs, p.Columns = append(p.Exprs, trueLiteral()), append(p.Columns, data.Column{Name: "$flag", Type: boolean(false)})
	c.node = distinct(p, q.Pos())
	return &sub{query: c, conds: x.on(c), value: call("IS NOT NULL", boolean(false), c.right(len(c.used)))}, nil
}

// inQuery is x IN (…), with its third answer where NULLs leave it open.
func (x *exprBinder) inQuery(at, l ast.Expr, q *ast.Query) (*sub, error) {
	v, err := x.bind(l)
	if err != nil {
		return nil, err
	}
	c, err := x.inside(q)
	if err != nil {
		return nil, err
	}
	if len(c.own()) != 1 {
		return nil, ast.Errorf(at.Pos(), "Values passed to IN operator must have compatible types")
	}
	nd := len(c.used)
	item := withoutTime(c.own()[0].Type)
	open := v.Type.Nullable || item.Nullable
	counted := *c
	c.node = distinct(c.node, at.Pos())
	flag := c.with(trueLiteral())
	eq, err := x.compare(at, "=", v, expr.Column(subRight+nd, item))
	if err != nil {
		return nil, ast.Errorf(at.Pos(), "Values passed to IN operator must have compatible types")
	}
	s := &sub{query: c, conds: append(x.on(c), eq)}
	found := call("IS NOT NULL", boolean(false), c.right(flag))
	if s.value = found; !open {
		return s, nil
	}
	counted.grouped(at.Pos(), []graph.AggCall{
		{Func: "COUNT", Filter: -1, Type: data.Type{Kind: data.BigInt}},
		{Func: "COUNT", Args: []int{nd}, Filter: -1, Type: data.Type{Kind: data.BigInt}},
	})
	x.subs.list = append(x.subs.list, sub{query: &counted, conds: x.on(&counted), value: counted.right(nd), pos: at.Pos()},
		sub{value: counted.right(nd + 1)})
	rows := expr.Column(subBase+len(x.subs.list)-2, data.Of(data.BigInt))
	values := expr.Column(subBase+len(x.subs.list)-1, data.Of(data.BigInt))
	yes, no, unknown := truth(1), truth(0), expr.Literal(data.NullValue(), boolean(true))
	s.value = call("CASE", boolean(true),
		call("IS NULL", boolean(false), rows), no,
		found, yes,
		call("IS NULL", boolean(false), v), unknown,
		call("<", boolean(true), values, rows), unknown,
		no)
	return s, nil
}

func truth(v int64) expr.Expr { return expr.Literal(data.Value{I: v}, boolean(true)) }

// eachOf is x op ALL|ANY (a, b): x op a AND|OR x op b.
func eachOf(n *ast.Quantified) ast.Expr {
	both := ast.OpOr
	if n.All {
		both = ast.OpAnd
	}
	var out ast.Expr
	for _, item := range n.List {
		var one ast.Expr = &ast.Binary{Span: n.Span, Op: n.Op, OpPos: n.Pos(), L: n.X, R: item}
		if out != nil {
			one = &ast.Binary{Span: n.Span, Op: both, OpPos: n.Pos(), L: out, R: one}
		}
		out = one
	}
	return out
}

// quantified is x op ALL|ANY (query): x is compared with the least and the greatest.
func (x *exprBinder) quantified(n *ast.Quantified) (*sub, error) {
	op := string(n.Op)
	switch {
	case op == "=" && !n.All:
		return x.inQuery(n, n.X, n.Query)
	case op == "<>" && n.All:
		s, err := x.inQuery(n, n.X, n.Query)
		if err == nil {
			s.value = call("NOT", s.value.Type, s.value)
		}
		return s, err
	}
	v, err := x.bind(n.X)
	if err != nil {
		return nil, err
	}
	c, err := x.inside(n.Query)
	if err != nil {
		return nil, err
	}
	if len(c.own()) != 1 {
		return nil, ast.Errorf(n.Pos(), "Values passed to %s operator must have compatible types", op)
	}
	nd := len(c.used)
	t := withoutTime(c.own()[0].Type).WithNull(true)
	bigint := data.Type{Kind: data.BigInt}
	c.grouped(n.Pos(), []graph.AggCall{
		{Func: "COUNT", Filter: -1, Type: bigint},
		{Func: "COUNT", Args: []int{nd}, Filter: -1, Type: bigint},
		{Func: "MIN", Args: []int{nd}, Filter: -1, Type: t},
		{Func: "MAX", Args: []int{nd}, Filter: -1, Type: t},
	})
	rows, values, least, most := c.right(nd), c.right(nd+1), c.right(nd+2), c.right(nd+3)
	if !typing.Ordered(t) {
		return nil, ast.Planf(n.Pos(), "Comparable type expected, but was '%s'.", t)
	}
	both := func(fold string) (expr.Expr, error) {
		a, err := x.compare(n, op, v, least)
		if err != nil {
			return a, err
		}
		b, err := x.compare(n, op, v, most)
		return call(fold, boolean(true), a, b), err
	}
	var cmp expr.Expr
	switch {
	case op == "=":
		cmp, err = both("AND")
	case op == "<>":
		cmp, err = both("OR")
	case (op == ">" || op == ">=") == n.All:
		cmp, err = x.compare(n, op, v, most)
	default:
		cmp, err = x.compare(n, op, v, least)
	}
	if err != nil {
		return nil, err
	}
	decided, answer := "IS TRUE", int64(1)
	if n.All {
		decided, answer = "IS FALSE", 0
	}
	unknown := expr.Literal(data.NullValue(), boolean(true))
	value := call("CASE", boolean(true),
		call("IS NULL", boolean(false), rows), truth(1-answer),
		call(decided, boolean(false), cmp), truth(answer),
		call("IS NULL", boolean(false), cmp), unknown,
		call("<", boolean(true), values, rows), unknown,
		truth(1-answer))
	return &sub{query: c, conds: x.on(c), value: value}, nil
}

// join joins the sub-queries to the rows and gives what puts their values where
// they stand.
func (s *subs) join(input logical.Node) (logical.Node, func(e expr.Expr) expr.Expr) {
	if len(s.list) == 0 {
		return input, func(e expr.Expr) expr.Expr { return e }
	}
	values := make([]expr.Expr, len(s.list))
	var settle func(e expr.Expr) expr.Expr
	settle = func(e expr.Expr) expr.Expr {
		if e.Kind == expr.KindColumn && e.Index >= subBase {
			return values[e.Index-subBase]
		}
		if len(e.Args) > 0 {
			args := make([]expr.Expr, len(e.Args))
			for i, a := range e.Args {
				args[i] = settle(a)
			}
			e.Args = args
		}
		return e
	}
	width := 0
	for i, x := range s.list {
		if x.query == nil { // another column of the one before
			values[i] = movedFrom(x.value, subRight, width-subRight)
			continue
		}
		width = len(input.Schema())
		cond := settle(joinedAt(allOf(x.conds), width))
		input = &logical.Join{Left: input, Right: x.query.node, Kind: graph.LeftJoin, Cond: cond, Pos: x.pos}
		values[i] = settle(joinedAt(x.value, width))
	}
	return input, settle
}

// joinedAt moves a sub-query's columns to where it is joined.
func joinedAt(e expr.Expr, width int) expr.Expr {
	if e.Kind == expr.KindColumn && e.Index >= subRight && e.Index < subBase {
		e.Index += width - subRight
	}
	if len(e.Args) > 0 {
		args := make([]expr.Expr, len(e.Args))
		for i, a := range e.Args {
			args[i] = joinedAt(a, width)
		}
		e.Args = args
	}
	return e
}
