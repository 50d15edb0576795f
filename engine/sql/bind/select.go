package bind

import (
	"slices"
	"strconv"

	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/expr"
	"github.com/weir-streams/weir/engine/sql/ast"
	"github.com/weir-streams/weir/engine/sql/logical"
)

// item is one column of a SELECT list, stars expanded.
type item struct {
	source ast.Expr  // nil for a column of a star
	value  expr.Expr // of a column of a star
	name   string
	alias  string // as written; empty: none
	pos    ast.Pos
}

func (b *Binder) selectOf(q *ast.Select) (logical.Node, error) {
	correlation := b.correlation
	b.correlation = nil // the tables of FROM do not see it
	defer func() { b.correlation = correlation }()
	var input logical.Node = oneRow()
	sc := &scope{columns: nil}
	hints, err := hintsOf(q.Hints)
	if err != nil {
		return nil, err
	}
	if q.From != nil {
		around := b.hints
		b.hints = hints
		input, sc, err = b.from(q.From)
		b.hints = around
		if err != nil {
			return nil, err
		}
		hints.met(sc)
		b.tell(q, sc)
	}
	if err := hints.check(); err != nil {
		return nil, err
	}
	if correlation != nil {
		if q.From == nil {
			sc.columns = input.Schema()
			sc.columns[0].Name = "$ZERO"
		}
		input, sc = correlation.within(input, sc)
	}
	ttl := hints.of(sc)
	if q.Where != nil {
		shared := sc.shared
		sc.shared = nil // as in conditions of joins
		if input, err = b.where(q, input, sc); err != nil {
			return nil, err
		}
		sc.shared = shared
	}
	items, err := b.items(q, sc)
	if sc.carried {
		items = append(carriedItems(sc), items...)
	}
	if err != nil {
		return nil, err
	}
	for i, w := range q.Windows {
		if slices.ContainsFunc(q.Windows[:i], func(have ast.NamedWindow) bool { return have.Name.Name == w.Name.Name }) {
			return nil, ast.Errorf(w.Name.Pos(), "Duplicate window names not allowed")
		}
	}
	x := &exprBinder{b: b, scope: sc, overs: &overs{named: q.Windows}, subs: &subs{outer: input}}
	if b.aggregated(q, items) {
		if input, err = b.grouped(q, x, input, items, ttl); err != nil {
			return nil, err
		}
	}
	p := &logical.Project{Input: input}
	for i := range items {
		it := &items[i]
		e := it.value // of a star, or bound by grouped
		if x.agg == nil && it.source != nil {
			if e, err = x.bind(it.source); err != nil {
				return nil, err
			}
		}
		if isNull(e) {
			return nil, illegalNull(it.pos)
		}
		p.Exprs = append(p.Exprs, e)
		p.Columns = append(p.Columns, data.Column{Name: it.name, Type: e.Type})
	}
	x.items = items
	if err := b.qualified(q, x, p); err != nil {
		return nil, err
	}
	if q.Quantifier == ast.Distinct {
		d := distinct(p, q.Pos())
		d.TTL = ttl
		return d, nil
	}
	return p, nil
}

// qualified puts the calls with OVER, and QUALIFY, below p.
func (b *Binder) qualified(q *ast.Select, x *exprBinder, p *logical.Project) error {
	var cond *expr.Expr
	if q.Qualify != nil {
		c, err := b.condition(x, q.Qualify, "QUALIFY")
		if err != nil {
			return err
		}
		cond = &c
	}
	if len(x.overs.calls) == 0 {
		if cond != nil {
			return ast.Errorf(q.Qualify.Pos(), "QUALIFY expression '%s' must contain a window function", ast.Print(q.Qualify))
		}
		b.withSubs(x, p)
		return nil
	}
	over, err := x.overs.node(p.Input)
	if err != nil {
		return err
	}
	schema := over.Schema()
	results := len(schema) - len(x.overs.calls)
	if x.overs.numbers() {
		results = len(schema) - 1
	}
	settle := func(e expr.Expr) expr.Expr { return retyped(placed(e, overBase, results), schema) }
	for i, e := range p.Exprs {
		p.Exprs[i] = settle(e)
		p.Columns[i].Type = p.Exprs[i].Type
	}
	if p.Input = over; cond != nil {
		p.Input = &logical.Filter{Input: over, Cond: settle(*cond)}
	}
	b.withSubs(x, p)
	return nil
}

// withSubs joins the sub-queries of the list below p.
func (b *Binder) withSubs(x *exprBinder, p *logical.Project) {
	if len(x.subs.list) == 0 {
		return
	}
	input, settle := x.subs.join(p.Input)
	schema := input.Schema()
	p.Input = input
	for i, e := range p.Exprs {
		p.Exprs[i] = retyped(settle(e), schema)
		p.Columns[i].Type = p.Exprs[i].Type
	}
}

func (b *Binder) condition(x *exprBinder, e ast.Expr, clause string) (expr.Expr, error) {
	cond, err := x.bind(e)
	if err != nil {
		return cond, err
	}
	if isNull(cond) {
		return expr.Literal(data.NullValue(), boolean(true)), nil
	}
	if cond.Type.Kind != data.Boolean {
		return cond, ast.Errorf(e.Pos(), "%s clause must be a condition", clause)
	}
	return cond, nil
}

// carriedItems are the columns of the query around that go with each row.
func carriedItems(sc *scope) []item {
	var out []item
	for i, c := range sc.columns[:sc.outer] {
		out = append(out, item{value: expr.Column(i, c.Type), name: c.Name})
	}
	return out
}

// items expands stars and names the columns.
func (b *Binder) items(q *ast.Select, sc *scope) ([]item, error) {
	var out []item
	for _, s := range q.Items {
		star, ok := s.Expr.(*ast.Star)
		if !ok {
			it := item{source: s.Expr, pos: s.Expr.Pos(), name: columnName(s, len(out))}
			if s.Alias != nil {
				it.alias = s.Alias.Name
			}
			out = append(out, it)
			continue
		}
		expanded, err := b.star(star, sc)
		if err != nil {
			return nil, err
		}
		out = append(out, expanded...)
	}
	return out, nil
}

// columnName is the name of a SELECT item that is no star: its alias, its last
// word if it is a name (and CURRENT_DATE is one to SQL), or its place.
func columnName(s ast.SelectItem, at int) string {
	if s.Alias != nil {
		return s.Alias.Name
	}
	switch e := s.Expr.(type) {
	case *ast.Name:
		return e.Last().Name
	case *ast.Call:
		if e.NoParens {
			return e.Name.Last().Name
		}
	}
	return "EXPR$" + strconv.Itoa(at)
}

func (b *Binder) star(star *ast.Star, sc *scope) ([]item, error) {
	column := func(i int) item {
		c := sc.columns[i]
		return item{value: expr.Column(i, c.Type), name: c.Name, pos: star.Pos()}
	}
	var out []item
	if star.Qualifier == nil {
		if len(sc.tables) == 0 {
			return nil, ast.Errorf(star.Pos(), "SELECT * requires a FROM clause")
		}
		if sc.merged != nil {
			for _, m := range sc.merged {
				out = append(out, item{value: m.value, name: m.name, pos: star.Pos()})
			}
			return out, nil
		}
		first := 0
		if sc.carried {
			first = sc.outer
		}
		for _, t := range sc.tables {
			seen := map[string]bool{}
			for _, c := range sc.columns[t.from:t.to] {
				if seen[c.Name] {
					return nil, ast.Errorf(star.Pos(), "Column '%s' is ambiguous", c.Name)
				}
				seen[c.Name] = true
			}
		}
		for i := first; i < len(sc.columns); i++ {
			out = append(out, column(i))
		}
		return out, nil
	}
	if len(star.Qualifier.Parts) == 1 {
		for _, t := range sc.tables {
			if t.name == star.Qualifier.Parts[0].Name {
				for i := t.from; i < t.to; i++ {
					out = append(out, column(i))
				}
				return out, nil
			}
		}
	}
	row, err := sc.resolve(star.Qualifier)
	if err != nil || row.Type.Kind != data.Row {
		var tables []string
		for _, t := range sc.tables {
			tables = append(tables, t.name)
		}
		return nil, ast.Errorf(star.Qualifier.Pos(), "Unknown identifier '%s'%s", star.Qualifier, meant(star.Qualifier.String(), tables))
	}
	for i, name := range row.Type.Names {
		out = append(out, item{value: fieldAt(row, i), name: name, pos: star.Pos()})
	}
	return out, nil
}

func (b *Binder) aggregated(q *ast.Select, items []item) bool {
	if q.GroupBy != nil || q.Having != nil {
		return true
	}
	for _, it := range items {
		if it.source != nil && b.hasAggregate(it.source) {
			return true
		}
	}
	return false
}

// grouped binds GROUP BY, HAVING and the items over it; x then is over its result.
func (b *Binder) grouped(q *ast.Select, x *exprBinder, input logical.Node, items []item, ttl *int64) (logical.Node, error) {
	a := &aggregation{pos: q.Pos(), scope: x.scope}
	for i := range x.scope.columns[:carriedColumns(x.scope)] {
		a.addKey(expr.Column(i, x.scope.columns[i].Type), x.scope.columns[i].Name)
	}
	if q.GroupBy != nil {
		a.pos = q.GroupBy.Pos()
		if len(q.GroupBy.Items) > maxGrouped {
			return nil, ast.Errorf(q.GroupBy.Items[maxGrouped].Pos(), "GROUP BY has %d items; at most %d are possible", len(q.GroupBy.Items), maxGrouped)
		}
		var err error
		if input, err = b.windowed(q.GroupBy, x, a, input); err != nil {
			return nil, err
		}
	}
	x.agg, x.subs, a.subs = a, &subs{}, &subs{outer: input}
	for i := range items {
		it := &items[i]
		a.wish = it.alias
		if it.source == nil {
			if err := a.starColumn(it); err != nil {
				return nil, err
			}
			continue
		}
		var err error
		if it.value, err = x.bind(it.source); err != nil {
			return nil, err
		}
	}
	a.wish = ""
	a.nameKeys(items)
	var having *expr.Expr
	var asked *subs
	if q.Having != nil {
		above := *x
		above.subs = &subs{}
		cond, err := b.condition(&above, q.Having, "HAVING")
		if err != nil {
			return nil, err
		}
		having, asked = &cond, above.subs
	}
	grouping := a.node(input)
	grouping.TTL = ttl
	var out logical.Node = grouping
	if having == nil {
		return out, nil
	}
	width := len(out.Schema())
	joined, settle := asked.join(out)
	cond := settle(*having)
	return firstColumns(&logical.Filter{Input: joined, Cond: cond}, width), nil
}

func carriedColumns(s *scope) int {
	if s.carried {
		return s.outer
	}
	return 0
}

func (a *aggregation) starColumn(it *item) error {
	for i, k := range a.keys {
		if sameExpr(k, it.value) {
			it.value = a.key(i)
			return nil
		}
	}
	return ast.Errorf(it.pos, "Expression '%s' is not being grouped", it.name)
}
