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
		cond, err := b.condition(&exprBinder{b: b, scope: sc}, plain, "WHERE")
		if err != nil {
			return nil, err
		}
		input = &logical.Filter{Input: input, Cond: cond}
	}
	for _, m := range asks {
		var err error
		if input, err = b.member(m, input, sc); err != nil {
			return nil, err
		}
	}
	return input, nil
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
	right, conds, item, err := b.inner(m, sc)
	if err != nil {
		return nil, err
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
				if len(values) > 1 {
					return nil, unsupported(m.at.Pos(), "NOT IN of several values that may be NULL is")
				}
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
	// The left columns stay what they are, but for time.
	sc.columns = slices.Clone(sc.columns)
	for i, c := range j.Schema() {
		sc.columns[i].Type = c.Type
	}
	return j, nil
}

// inner binds a sub-query: its rows, what it asks of them together with the row
// outside, and its columns, over the columns outside followed by its own.
func (b *Binder) inner(m membership, sc *scope) (logical.Node, []expr.Expr, []expr.Expr, error) {
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
			if _, nested := membershipOf(e); nested {
				simple = false
			}
		}
	}
	if !simple {
		n, err := b.Query(m.query)
		if err != nil {
			return nil, nil, nil, err
		}
		var items []expr.Expr
		for i, c := range n.Schema() {
			items = append(items, expr.Column(outside+i, withoutTime(c.Type)))
		}
		return n, nil, items, nil
	}
	n, own, err := b.from(s.From)
	if err != nil {
		return nil, nil, nil, err
	}
	both := (&scope{columns: sc.columns, tables: sc.tables}).beside(own)
	both.outer = outside
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

func (b *Binder) itemsAggregate(s *ast.Select) bool {
	for _, it := range s.Items {
		if b.hasAggregate(it.Expr) {
			return true
		}
	}
	return false
}

func withoutTime(t data.Type) data.Type { t.TimeAttr = data.NoTimeAttr; return t }
