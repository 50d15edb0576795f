package bind

import (
	"slices"

	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/expr"
	"github.com/weir-streams/weir/engine/graph"
	"github.com/weir-streams/weir/engine/sql/ast"
	"github.com/weir-streams/weir/engine/sql/logical"
)

// where binds a WHERE: what asks whether rows of a sub-query exist becomes a
// semi or anti join, the rest a filter below them.
func (b *Binder) where(q *ast.Select, input logical.Node, sc *scope) (logical.Node, error) {
	if b.hasAggregate(q.Where) {
		return nil, ast.Errorf(q.Where.Pos(), "Aggregate expression is illegal in WHERE clause")
	}
	var plain ast.Expr
	var asks []membership
	for _, e := range andParts(q.Where) {
		if m, ok := membershipOf(e); ok {
			asks = append(asks, m)
		} else if plain == nil {
			plain = e
		} else {
			plain = &ast.Binary{Span: ast.Span{Start: plain.Pos(), End: q.Where.Pos()}, Op: ast.OpAnd, OpPos: e.Pos(), L: plain, R: e}
		}
	}
	if len(asks) == 0 {
		plain = q.Where // as it was written
	}
	if plain != nil {
		x := &exprBinder{b: b, scope: sc, subs: &subs{outer: input}}
		cond, err := b.condition(x, plain, "WHERE")
		if err != nil {
			return nil, err
		}
		width := len(input.Schema())
		joined, settle := x.subs.join(input)
		if j := withInterval(input, cond); j != nil && len(x.subs.list) == 0 {
			input = j
			sc.retype(input.Schema())
		} else if input = (&logical.Filter{Input: joined, Cond: settle(cond)}); len(x.subs.list) > 0 {
			input = firstColumns(input, width)
			sc.retype(input.Schema())
		}
	}
	for _, m := range asks {
		var err error
		if input, err = b.member(m, input, sc); err != nil {
			return nil, err
		}
	}
	return input, nil
}

// withInterval puts a condition into the join below it, where with it the join
// binds the event times of both inputs: those then stay event time.
func withInterval(input logical.Node, cond expr.Expr) logical.Node {
	j, ok := input.(*logical.Join)
	if !ok || j.Kind != graph.InnerJoin || j.Interval != nil {
		return nil
	}
	out := *j
	out.Cond = allOf(append(parts(j.Cond), parts(cond)...))
	if out.Interval = logical.IntervalOf(out.Cond, j.Left.Schema(), j.Right.Schema()); out.Interval == nil {
		return nil
	}
	return &out
}

func andParts(e ast.Expr) []ast.Expr {
	if n, ok := e.(*ast.Binary); ok && n.Op == ast.OpAnd {
		return append(andParts(n.L), andParts(n.R)...)
	}
	return []ast.Expr{e}
}

// membership is [NOT] EXISTS (query) or x [NOT] IN (query).
type membership struct {
	at    ast.Expr
	x     ast.Expr // nil: EXISTS
	not   bool
	query *ast.Query
}

func membershipOf(e ast.Expr) (membership, bool) {
	switch n := e.(type) {
	case *ast.Exists:
		return membership{at: n, query: n.Query}, true
	case *ast.In:
		if n.Query != nil {
			return membership{at: n, x: n.X, not: n.Not, query: n.Query}, true
		}
	case *ast.Quantified:
		if n.Query != nil && (n.Op == ast.OpEq && !n.All || n.Op == ast.OpNe && n.All) {
			return membership{at: n, x: n.X, not: n.All, query: n.Query}, true
		}
	case *ast.Unary:
		if n.Op == ast.OpNot {
			if m, ok := membershipOf(n.X); ok {
				m.not = !m.not
				return m, true
			}
		}
	}
	return membership{}, false
}

// member joins input with the rows a sub-query asks about.
func (b *Binder) member(m membership, input logical.Node, sc *scope) (logical.Node, error) {
	right, conds, item, err := b.inner(m, input, sc)
	if err != nil {
		return nil, err
	}
	if m.x == nil && b.oneRow(m.query) {
		if m.not {
			return &logical.Filter{Input: input, Cond: expr.Literal(data.Value{}, boolean(false))}, nil
		}
		return input, nil
	}
	if m.x != nil {
		values := []ast.Expr{m.x}
		if row, ok := m.x.(*ast.Row); ok {
			values = row.Items
		}
		if len(values) != len(item) {
			return nil, ast.Errorf(m.at.Pos(), "Values passed to IN operator must have compatible types")
		}
		for i, v := range values {
			x := &exprBinder{b: b, scope: sc}
			l, err := x.bind(v)
			if err != nil {
				return nil, err
			}
			eq, err := x.compare(m.at, "=", l, item[i])
			if err != nil {
				return nil, ast.Errorf(m.at.Pos(), "Values passed to IN operator must have compatible types")
			}
			if m.not && eq.Type.Nullable { // where NULL decides nothing, x is not known not to be in
				// Of several: a row is FALSE where one of its values is.
				eq = call("IS NOT FALSE", boolean(false), eq)
			}
			conds = append(conds, eq)
		}
	}
	j := &logical.Join{Left: input, Right: right, Kind: graph.SemiJoin, Cond: trueLiteral(), Pos: m.at.Pos()}
	if m.not {
		j.Kind = graph.AntiJoin
	}
	if len(conds) == 1 {
		j.Cond = conds[0]
	} else if len(conds) > 1 {
		j.Cond = call("AND", boolean(true), conds...)
	}
	sc.retype(j.Schema())
	return j, nil
}

// oneRow tells whether a query has one row whatever it finds: an aggregation of
// all rows.
func (b *Binder) oneRow(q *ast.Query) bool {
	s, ok := q.Body.(*ast.Select)
	return ok && q.Limit == nil && q.Offset == nil && s.GroupBy == nil && s.Having == nil && s.Qualify == nil && b.itemsAggregate(s)
}

// retype gives the columns the types they have now: they stay what they are, but
// for time.
func (s *scope) retype(now []data.Column) {
	s.columns = slices.Clone(s.columns)
	for i := range s.columns {
		s.columns[i].Type = now[i].Type
	}
	s.merged = slices.Clone(s.merged)
	for i := range s.merged {
		s.merged[i].value = retyped(s.merged[i].value, s.columns)
	}
}

// inner binds a sub-query: its rows, what it asks of them together with the row
// outside, and its columns, over the columns outside followed by its own.
func (b *Binder) inner(m membership, input logical.Node, sc *scope) (logical.Node, []expr.Expr, []expr.Expr, error) {
	leave, err := b.enter(m.query.Pos())
	if err != nil {
		return nil, nil, nil, err
	}
	defer leave()
	outside := len(sc.columns)
	s, simple := m.query.Body.(*ast.Select)
	simple = simple && m.query.With == nil && m.query.Limit == nil && m.query.Offset == nil && s.From != nil &&
		s.GroupBy == nil && s.Having == nil && s.Qualify == nil && len(s.Windows) == 0 && !b.itemsAggregate(s)
	if simple && s.Where != nil {
		for _, e := range andParts(s.Where) {
			simple = simple && !hasQuery(e)
		}
	}
	if !simple {
		c, err := b.correlated(m.query, input, sc)
		if err != nil {
			return nil, nil, nil, err
		}
		var items []expr.Expr
		for i, col := range c.own() {
			items = append(items, expr.Column(outside+len(c.used)+i, withoutTime(col.Type)))
		}
		return c.node, c.meets(sc, outside), items, nil
	}
	n, own, err := b.from(s.From)
	if err != nil {
		return nil, nil, nil, err
	}
	both := (&scope{columns: sc.columns, tables: sc.tables, shared: sc.shared}).beside(own)
	both.outer = outside
	if sc.touched != nil { // what is used here of further out is used there, too
		both.touched = map[int]bool{}
		defer func() {
			for i := range both.touched {
				if i < sc.outer {
					sc.touched[i] = true
				}
			}
		}()
	}
	var conds []expr.Expr
	if s.Where != nil {
		if b.hasAggregate(s.Where) {
			return nil, nil, nil, ast.Errorf(s.Where.Pos(), "Aggregate expression is illegal in WHERE clause")
		}
		cond, err := b.condition(&exprBinder{b: b, scope: both}, s.Where, "WHERE")
		if err != nil {
			return nil, nil, nil, err
		}
		conds = append(conds, cond)
	}
	list, err := b.items(s, own)
	if err != nil {
		return nil, nil, nil, err
	}
	var items []expr.Expr
	for _, it := range list {
		e := shifted(it.value, outside)
		if it.source != nil {
			if e, err = (&exprBinder{b: b, scope: both}).bind(it.source); err != nil {
				return nil, nil, nil, err
			}
		}
		items = append(items, e)
	}
	return n, conds, items, nil
}

// hasQuery tells whether there is a sub-query in e.
func hasQuery(e ast.Expr) bool {
	found := false
	ast.Walk(e, func(n ast.Node) bool {
		_, q := n.(*ast.Query)
		found = found || q
		return !found
	})
	return found
}

func (b *Binder) itemsAggregate(s *ast.Select) bool {
	for _, it := range s.Items {
		if b.hasAggregate(it.Expr) {
			return true
		}
	}
	return false
}

func withoutTime(t data.Type) data.Type { t.TimeAttr = data.NoTimeAttr; return t }
