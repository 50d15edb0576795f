package bind

import (
	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/expr"
	"github.com/weir-streams/weir/engine/graph"
	"github.com/weir-streams/weir/engine/sql/ast"
	"github.com/weir-streams/weir/engine/sql/logical"
	"github.com/weir-streams/weir/engine/sql/typing"
)

var joinKinds = map[ast.JoinKind]graph.JoinKind{
	ast.CommaJoin: graph.InnerJoin, ast.CrossJoin: graph.InnerJoin, ast.InnerJoin: graph.InnerJoin,
	ast.LeftJoin: graph.LeftJoin, ast.RightJoin: graph.RightJoin, ast.FullJoin: graph.FullJoin,
}

func (b *Binder) join(j *ast.Join) (logical.Node, *scope, error) {
	leave, err := b.enter(j.Pos())
	if err != nil {
		return nil, nil, err
	}
	defer leave()
	left, ls, err := b.from(j.Left)
	if err != nil {
		return nil, nil, err
	}
	switch r := j.Right.(type) {
	case *ast.TableName:
		if r.SystemTime != nil && !b.fixed(r.SystemTime) {
			return b.temporal(left, ls, r, j)
		}
	case *ast.Derived:
		if r.Lateral {
			return b.lateral(left, ls, r, j)
		}
	case *ast.Unnest:
		return b.unnest(left, ls, r, j)
	case *ast.TableFunction:
		if !windowing(r.Call) {
			return b.tableFunction(left, ls, r, j)
		}
	}
	right, rs, err := b.from(j.Right)
	if err != nil {
		return nil, nil, err
	}
	if err := different(ls, rs, j.Right.Pos()); err != nil {
		return nil, nil, err
	}
	n := &logical.Join{Left: left, Right: right, Kind: joinKinds[j.Kind], Cond: trueLiteral(), LeftTTL: b.hints.of(ls), RightTTL: b.hints.of(rs), Pos: j.Pos()}
	sc := ls.beside(rs)
	var asks ast.Expr
	switch {
	case j.Natural && (j.On != nil || j.Using != nil):
		return nil, nil, ast.Errorf(j.Pos(), "Cannot specify NATURAL keyword with ON or USING clause")
	case j.Natural:
		common := commonNames(ls, rs)
		if err := b.using(n, sc, ls, rs, common); err != nil {
			return nil, nil, err
		}
		sc.shared = nil // as in Flink, which takes the names for ambiguous
	case j.Using != nil:
		if err := b.using(n, sc, ls, rs, j.Using); err != nil {
			return nil, nil, err
		}
	case j.On != nil:
		if b.hasAggregate(j.On) {
			return nil, nil, ast.Errorf(j.On.Pos(), "Aggregate expression is illegal in ON clause")
		}
		on := j.On
		if n.Kind == graph.InnerJoin {
			on, asks = withoutQueries(on)
		}
		if on == nil {
			break
		}
		if n.Cond, err = b.condition(&exprBinder{b: b, scope: sc.apart()}, on, "ON"); err != nil {
			return nil, nil, err
		}
	case j.Kind != ast.CommaJoin && j.Kind != ast.CrossJoin:
		return nil, nil, ast.Errorf(j.Pos(), "INNER, LEFT, RIGHT or FULL join requires a condition (NATURAL keyword or ON or USING clause)")
	}
	n.Interval = logical.IntervalOf(n.Cond, left.Schema(), right.Schema())
	for i, c := range n.Schema() { // with NULLs, without time
		c.Name = sc.columns[i].Name
		sc.columns[i] = c
	}
	for i := range sc.merged {
		sc.merged[i].value = retyped(sc.merged[i].value, sc.columns)
	}
	for i := range sc.shared {
		sc.shared[i].value = retyped(sc.shared[i].value, sc.columns)
	}
	if asks != nil {
		f, err := b.where(&ast.Select{Where: asks}, n, sc)
		return f, sc, err
	}
	return n, sc, nil
}

// withoutQueries takes the parts of an inner join's condition with sub-queries
// out of it: they may as well filter what is joined.
func withoutQueries(on ast.Expr) (plain, asks ast.Expr) {
	add := func(to *ast.Expr, e ast.Expr) {
		if *to == nil {
			*to = e
			return
		}
		*to = &ast.Binary{Span: ast.Span{Start: (*to).Pos(), End: on.Pos()}, Op: ast.OpAnd, OpPos: e.Pos(), L: *to, R: e}
	}
	for _, e := range andParts(on) {
		if hasQuery(e) {
			add(&asks, e)
		} else {
			add(&plain, e)
		}
	}
	if asks == nil {
		plain = on
	}
	return plain, asks
}

// different refuses two tables of one name in a FROM.
func different(ls, rs *scope, pos ast.Pos) error {
	for _, r := range rs.tables {
		for _, l := range ls.tables {
			if r.name != "" && r.name == l.name {
				return ast.Errorf(pos, "Duplicate relation name '%s' in FROM clause", r.name)
			}
		}
	}
	return nil
}

func trueLiteral() expr.Expr { return expr.Literal(data.Value{I: 1}, boolean(false)) }

// beside is the scope of a join: the tables of both.
func (s *scope) beside(r *scope) *scope {
	out := &scope{}
	out.columns = append(append(out.columns, s.columns...), r.columns...)
	out.tables = append(out.tables, s.tables...)
	for _, t := range r.tables {
		t.from, t.to = t.from+len(s.columns), t.to+len(s.columns)
		out.tables = append(out.tables, t)
	}
	out.shared = append(out.shared, s.shared...)
	for _, c := range r.shared {
		c, _ = c.moved(func(i int) (int, bool) { return i + len(s.columns), true })
		out.shared = append(out.shared, c)
	}
	if s.merged == nil && r.merged == nil {
		return out
	}
	out.merged = append(out.merged, s.all()...)
	for _, m := range r.all() {
		m.value = shifted(m.value, len(s.columns))
		out.merged = append(out.merged, m)
	}
	return out
}

// all is what a star stands for.
func (s *scope) all() []mergedColumn {
	if s.merged != nil {
		return s.merged
	}
	var out []mergedColumn
	for i, c := range s.columns {
		out = append(out, mergedColumn{name: c.Name, value: expr.Column(i, c.Type)})
	}
	return out
}

func shifted(e expr.Expr, by int) expr.Expr {
	if e.Kind == expr.KindColumn {
		e.Index += by
	}
	if len(e.Args) > 0 {
		args := make([]expr.Expr, len(e.Args))
		for i, a := range e.Args {
			args[i] = shifted(a, by)
		}
		e.Args = args
	}
	return e
}

// retyped gives columns the types they now have.
func retyped(e expr.Expr, columns []data.Column) expr.Expr {
	if e.Kind == expr.KindColumn && e.Index < len(columns) {
		e.Type = columns[e.Index].Type
	}
	if len(e.Args) > 0 {
		args := make([]expr.Expr, len(e.Args))
		for i, a := range e.Args {
			args[i] = retyped(a, columns)
		}
		e.Args = args
	}
	return e
}

func commonNames(l, r *scope) []ast.Ident {
	var out []ast.Ident
	for _, m := range l.all() {
		for _, o := range r.all() {
			if m.name == o.name {
				out = append(out, ast.Ident{Name: m.name})
				break
			}
		}
	}
	return out
}

// using joins on columns that both sides have; a star then gives them once, first.
func (b *Binder) using(n *logical.Join, sc, ls, rs *scope, names []ast.Ident) error {
	var conds []expr.Expr
	var common, rest []mergedColumn
	taken := map[string]bool{}
	for i := range names {
		id := names[i]
		l, err := ls.mergedNamed(id)
		if err != nil {
			return err
		}
		r, err := rs.mergedNamed(id)
		if err != nil {
			return err
		}
		r = shifted(r, len(ls.columns))
		x := &exprBinder{b: b, scope: sc}
		eq, err := x.compare(id, "=", l, r)
		if err != nil {
			return err
		}
		conds = append(conds, eq)
		taken[id.Name] = true
		switch n.Kind {
		case graph.RightJoin:
			l = r
		case graph.FullJoin:
			t, ok := typing.Common(l.Type, r.Type)
			if !ok {
				return ast.Errorf(id.Pos(), "Column '%s' has types without a common one", id.Name)
			}
			t.Nullable = true
			l = call("COALESCE", t, convert(l, t), convert(r, t))
		}
		common = append(common, mergedColumn{name: id.Name, value: l})
		sc.share(id.Name, l)
	}
	for _, m := range ls.all() {
		if !taken[m.name] {
			rest = append(rest, m)
		}
	}
	for _, m := range rs.all() {
		if !taken[m.name] {
			m.value = shifted(m.value, len(ls.columns))
			rest = append(rest, m)
		}
	}
	sc.merged = append(common, rest...)
	if len(conds) == 1 {
		n.Cond = conds[0]
	} else if len(conds) > 1 {
		nullable := false
		for _, c := range conds {
			nullable = nullable || c.Type.Nullable
		}
		n.Cond = call("AND", boolean(nullable), conds...)
	}
	return nil
}

// share makes all columns of a name one.
func (s *scope) share(name string, value expr.Expr) {
	c := sharedColumn{name: name, value: value}
	for i, col := range s.columns {
		if col.Name == name {
			c.of = append(c.of, i)
		}
	}
	s.shared = append(s.shared, c)
}

func (s *scope) mergedNamed(id ast.Ident) (expr.Expr, error) {
	found := expr.Expr{}
	n := 0
	for _, m := range s.all() {
		if m.name == id.Name {
			found = m.value
			n++
		}
	}
	switch n {
	case 0:
		return found, ast.Errorf(id.Pos(), "Column '%s' not found in any table%s", id.Name, meant(id.Name, names(s.columns)))
	case 1:
		return found, nil
	}
	return found, ast.Errorf(id.Pos(), "Column name '%s' in NATURAL join or USING clause is not unique on one side of join", id.Name)
}
