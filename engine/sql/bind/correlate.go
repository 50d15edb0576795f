package bind

import (
	"slices"
	"strings"

	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/expr"
	"github.com/weir-streams/weir/engine/graph"
	"github.com/weir-streams/weir/engine/sql/ast"
	"github.com/weir-streams/weir/engine/sql/logical"
)

// A query that names columns of the query around it is computed for all values
// of those columns at once: its FROM is joined with their distinct values, which
// from then on are columns of their own, grouped and ranked by; the result meets
// the rows around it by them.

// correlation is what a query may use of the query around it.
type correlation struct {
	values logical.Node // of the columns used, distinct
	scope  *scope       // over values
}

// correlated is a query with the columns of the query around it that it uses.
type correlated struct {
	node logical.Node
	used []int // columns outside; node has them first
}

// own gives the query's own columns.
func (c *correlated) own() []data.Column { return c.node.Schema()[len(c.used):] }

// correlated binds a query that may use columns of a scope over outer.
func (b *Binder) correlated(q *ast.Query, outer logical.Node, sc *scope) (*correlated, error) {
	saved := b.correlation
	defer func() { b.correlation = saved }()
	b.correlation = nil
	n, first := b.query(q)
	if first == nil {
		return &correlated{node: n}, nil
	}
	if outer == nil || len(sc.columns) == 0 {
		return nil, first
	}
	touched := map[int]bool{}
	probe := &scope{columns: sc.columns, tables: sc.tables, shared: sc.shared, touched: touched}
	b.correlation = &correlation{values: &logical.Values{Columns: sc.columns}, scope: probe}
	if _, err := b.query(q); err != nil {
		if len(touched) == 0 && !strings.Contains(err.Error(), "' not found in table '") { // a table around it, another column
			return nil, first
		}
		return nil, err
	}
	if len(touched) == 0 {
		return nil, first
	}
	c := &correlated{}
	values := &logical.Project{Input: outer}
	for i := range touched {
		c.used = append(c.used, i)
	}
	slices.Sort(c.used)
	inner := &scope{}
	for _, i := range c.used {
		col := sc.columns[i]
		if i < sc.outer && sc.touched != nil {
			sc.touched[i] = true
		}
		values.Exprs, values.Columns = append(values.Exprs, expr.Column(i, col.Type)), append(values.Columns, col)
		col.Type.TimeAttr = data.NoTimeAttr
		inner.columns = append(inner.columns, col)
	}
	for _, t := range sc.tables {
		from, _ := slices.BinarySearch(c.used, t.from)
		to, _ := slices.BinarySearch(c.used, t.to)
		inner.tables = append(inner.tables, scopeTable{name: t.name, path: t.path, from: from, to: to})
	}
	for _, s := range sc.shared {
		if moved, ok := s.moved(func(i int) (int, bool) { return slices.BinarySearch(c.used, i) }); ok {
			inner.shared = append(inner.shared, moved)
		}
	}
	b.correlation = &correlation{values: distinct(values, q.Pos()), scope: inner}
	var err error
	if c.node, err = b.query(q); err != nil {
		return nil, err
	}
	return c, nil
}

// within puts a SELECT's FROM beside the values of the correlation.
func (c *correlation) within(input logical.Node, own *scope) (logical.Node, *scope) {
	n := len(c.scope.columns)
	sc := (&scope{columns: c.scope.columns, tables: c.scope.tables, shared: c.scope.shared}).beside(&scope{columns: own.columns, tables: own.tables, shared: own.shared})
	sc.outer, sc.touched, sc.carried = n, c.scope.touched, true
	for _, m := range own.merged {
		m.value = shifted(m.value, n)
		sc.merged = append(sc.merged, m)
	}
	j := &logical.Join{Left: c.values, Right: input, Kind: graph.InnerJoin, Cond: trueLiteral()}
	for i, col := range j.Schema() {
		col.Name = sc.columns[i].Name
		sc.columns[i] = col
	}
	for i := range sc.merged {
		sc.merged[i].value = retyped(sc.merged[i].value, sc.columns)
	}
	for i := range sc.shared {
		sc.shared[i].value = retyped(sc.shared[i].value, sc.columns)
	}
	return j, sc
}

// meets is the condition under which a row of width columns meets the rows of
// the query for its values.
func (c *correlated) meets(sc *scope, width int) []expr.Expr {
	var conds []expr.Expr
	for i, k := range c.used {
		l, r := withoutTime(sc.columns[k].Type), withoutTime(c.node.Schema()[i].Type)
		conds = append(conds, call("IS NOT DISTINCT FROM", boolean(false), expr.Column(k, l), expr.Column(width+i, r)))
	}
	return conds
}

func allOf(conds []expr.Expr) expr.Expr {
	switch len(conds) {
	case 0:
		return trueLiteral()
	case 1:
		return conds[0]
	}
	nullable := false
	for _, c := range conds {
		nullable = nullable || c.Type.Nullable
	}
	return call("AND", boolean(nullable), conds...)
}

// lateral binds a query in FROM that may use the tables left of it.
func (b *Binder) lateral(left logical.Node, ls *scope, r *ast.Derived, j *ast.Join) (logical.Node, *scope, error) {
	c, err := b.correlated(r.Query, left, ls)
	if err != nil {
		return nil, nil, err
	}
	kind := joinKinds[j.Kind]
	if len(c.used) > 0 && kind.KeepsRight() {
		return nil, nil, ast.Errorf(j.Pos(), "a LATERAL query can only be joined with CROSS JOIN, INNER JOIN or LEFT JOIN: it depends on the rows left of it")
	}
	cols := c.own()
	named, rs, err := b.aliased(&logical.Values{Columns: cols}, r.Alias, "")
	if err != nil {
		return nil, nil, err
	}
	n := &logical.Join{Left: left, Right: c.node, Kind: kind, Pos: j.Pos()}
	width, nd := len(left.Schema()), len(c.used)
	conds := c.meets(ls, width)
	rs.columns = named.Schema()
	sc := ls.beside(rs)
	switch {
	case j.Natural || j.Using != nil:
		return nil, nil, unsupported(j.Pos(), "NATURAL JOIN or USING with LATERAL is")
	case j.On != nil:
		on, err := b.condition(&exprBinder{b: b, scope: sc}, j.On, "ON")
		if err != nil {
			return nil, nil, err
		}
		conds = append(conds, movedFrom(on, width, nd))
	}
	n.Cond = allOf(conds)
	p := &logical.Project{Input: n}
	for i, col := range n.Schema() {
		if i >= width && i < width+nd {
			continue
		}
		at := len(p.Exprs)
		col.Name = sc.columns[at].Name
		p.Exprs, p.Columns = append(p.Exprs, expr.Column(i, col.Type)), append(p.Columns, col)
		sc.columns[at] = col
	}
	return p, sc, nil
}
