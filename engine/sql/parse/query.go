package parse

import "github.com/weir-streams/weir/engine/sql/ast"

// query reads a whole query expression.
func (p *parser) query() *ast.Query {
	p.enter()
	defer p.leave()
	start := p.here()
	var with *ast.With
	if p.at("WITH") {
		with = p.with()
	}
	body := p.setOps(p.queryTerm(), 0)
	return p.orderLimit(start, with, body)
}

// queryTail goes on with a query whose first term is already read.
func (p *parser) queryTail(start ast.Pos, with *ast.With, first ast.QueryBody) *ast.Query {
	return p.orderLimit(start, with, p.setOps(first, 0))
}

func (p *parser) with() *ast.With {
	start := p.next().pos
	w := &ast.With{Recursive: p.accept("RECURSIVE")}
	p.comma(func() {
		at := p.here()
		c := ast.CTE{Name: p.ident()}
		if p.atSym("(") {
			c.Columns = p.identList()
		}
		p.expect("AS")
		c.Query = p.queryInParens()
		c.Span = p.from(at)
		w.Items = append(w.Items, c)
	})
	w.Span = p.from(start)
	return w
}

// queryInParens reads (query).
func (p *parser) queryInParens() *ast.Query {
	if !p.atSym("(") {
		p.unexpected(`"("`)
	}
	at := p.ahead(1)
	q, _ := p.parens()
	if q == nil {
		p.bail(at.pos, "expected a query in the parentheses, found %s", at.describe())
	}
	return q
}

// queryTerm reads one operand of a set operation.
func (p *parser) queryTerm() ast.QueryBody {
	t := p.tok()
	switch {
	case t.word("SELECT"):
		return p.selectBlock()
	case t.word("VALUES"):
		return p.values()
	case t.word("TABLE"):
		p.next()
		n := p.nameAs("a table name")
		return &ast.ExplicitTable{Span: p.from(t.pos), Name: n}
	case t.is("("):
		return unwrap(p.queryInParens())
	}
	p.unexpected("SELECT", "VALUES", "TABLE", "WITH", `"("`)
	return nil
}

// unwrap drops parentheses that mean nothing.
func unwrap(q *ast.Query) ast.QueryBody {
	if q.With == nil && q.OrderBy == nil && q.Limit == nil && q.Offset == nil {
		return q.Body
	}
	return q
}

// setOps applies UNION, EXCEPT (level 1) and INTERSECT (level 2), left to right.
func (p *parser) setOps(left ast.QueryBody, level int) ast.QueryBody {
	for chain := 0; ; chain++ {
		if chain > maxChain {
			p.bail(p.here(), "more than %d set operations in a row", maxChain)
		}
		kind, at := ast.Union, 1
		switch {
		case p.at("UNION"):
		case p.at("EXCEPT"):
			kind = ast.Except
		case p.at("MINUS"):
			p.bail(p.here(), "MINUS is not allowed under the current SQL conformance level: write EXCEPT")
		case p.at("INTERSECT"):
			kind, at = ast.Intersect, 2
		default:
			return left
		}
		if at <= level {
			return left
		}
		p.next()
		all := p.accept("ALL")
		if !all {
			p.accept("DISTINCT")
		}
		right := p.setOps(p.queryTerm(), at)
		left = &ast.SetOp{Span: p.from(left.Pos()), Kind: kind, All: all, Left: left, Right: right}
	}
}

// orderLimit reads ORDER BY, LIMIT, OFFSET and FETCH, and makes the query.
func (p *parser) orderLimit(start ast.Pos, with *ast.With, body ast.QueryBody) *ast.Query {
	q := &ast.Query{With: with, Body: body}
	if p.at("ORDER") {
		q.OrderBy = p.orderBy()
	}
	limited := false
	for {
		switch {
		case p.at("LIMIT") && !limited:
			p.next()
			limited = true
			if q.Offset != nil {
				p.bail(p.here(), "'OFFSET start LIMIT count' is not allowed under the current SQL conformance level: write LIMIT count OFFSET start")
			}
			if p.accept("ALL") {
				continue
			}
			q.Limit = p.count()
			if p.atSym(",") {
				p.bail(p.here(), "'LIMIT start, count' is not allowed under the current SQL conformance level: write LIMIT count OFFSET start")
			}
		case p.at("FETCH") && !limited:
			p.next()
			limited = true
			p.oneOf("FIRST", "NEXT")
			q.Limit = p.count()
			p.oneOf("ROW", "ROWS")
			p.expect("ONLY")
		case p.at("OFFSET") && q.Offset == nil:
			p.next()
			q.Offset = p.count()
			if !p.accept("ROWS") {
				p.accept("ROW")
			}
		default:
			q.Span = p.from(start)
			if inner, ok := body.(*ast.Query); ok && with == nil && q.OrderBy == nil && q.Limit == nil && q.Offset == nil {
				return inner
			}
			return q
		}
	}
}

// count is the number of LIMIT, OFFSET and FETCH.
func (p *parser) count() ast.Expr {
	t := p.tok()
	if t.kind != tokInt {
		p.unexpected("a number of rows")
	}
	p.next()
	return p.literal(t, ast.IntegerLiteral, t.text)
}

func (p *parser) orderBy() []ast.OrderItem {
	p.expect("ORDER")
	p.expect("BY")
	return p.orderItems()
}

func (p *parser) orderItems() []ast.OrderItem {
	var out []ast.OrderItem
	p.comma(func() { out = append(out, p.orderItem()) })
	return out
}

func (p *parser) orderItem() ast.OrderItem {
	start := p.here()
	o := ast.OrderItem{Expr: p.expr()}
	if !p.accept("ASC") {
		o.Desc = p.accept("DESC")
	}
	if p.accept("NULLS") {
		o.Nulls = p.oneOf("FIRST", "LAST")
	}
	o.Span = p.from(start)
	return o
}

func (p *parser) values() ast.QueryBody {
	t := p.next()
	n := &ast.Values{}
	p.comma(func() {
		start := p.here()
		p.accept("ROW")
		row := &ast.Row{}
		if p.atSym("(") {
			q, items := p.parens()
			if q != nil {
				items = []ast.Expr{&ast.Subquery{Span: q.Span, Query: q}}
			}
			row.Items = items
		} else {
			row.Items = []ast.Expr{p.rowItem()}
		}
		row.Span = p.from(start)
		n.Rows = append(n.Rows, row)
	})
	n.Span = p.from(t.pos)
	return n
}

func (p *parser) selectBlock() ast.QueryBody {
	t := p.next()
	s := &ast.Select{}
	s.Hints = p.hints()
	if p.at("STREAM") {
		p.bail(p.here(), "SELECT STREAM is not supported; every query is a stream")
	}
	if p.atAny("DISTINCT", "ALL") {
		s.Quantifier = ast.Quantifier(p.next().upper)
	}
	p.comma(func() { s.Items = append(s.Items, p.selectItem()) })
	if p.accept("FROM") {
		s.From = p.fromItems()
	} else if p.atAny("WHERE", "GROUP", "HAVING") {
		p.bail(p.here(), "Incorrect syntax near the keyword '%s': the query has no FROM", p.tok().upper)
	}
	if p.accept("WHERE") {
		s.Where = p.expr()
	}
	if p.at("GROUP") {
		s.GroupBy = p.groupBy()
	}
	if p.accept("HAVING") {
		s.Having = p.expr()
	}
	if p.accept("WINDOW") {
		p.comma(func() {
			start := p.here()
			w := ast.NamedWindow{Name: p.ident()}
			p.expect("AS")
			w.Window = p.window()
			w.Span = p.from(start)
			s.Windows = append(s.Windows, w)
		})
	}
	if p.accept("QUALIFY") {
		s.Qualify = p.expr()
	}
	s.Span = p.from(t.pos)
	return s
}

func (p *parser) selectItem() ast.SelectItem {
	start := p.here()
	p.star = p.i
	item := ast.SelectItem{Expr: p.expr()}
	p.star = -1
	if _, ok := item.Expr.(*ast.Star); ok {
		if t := p.tok(); t.word("AS") || t.isName() {
			p.next()
			if p.atSym("(") { // SELECT * EXCLUDE (…): Flink stops here, too
				p.unexpected(`","`, "FROM")
			}
			p.bail(t.pos, "* cannot have an alias")
		}
		item.Span = p.from(start)
		return item
	}
	if p.accept("AS") {
		id := p.identAs("a column name after AS")
		item.Alias = &id
	} else if p.tok().isName() {
		p.alias = p.i
		id := p.ident()
		item.Alias = &id
	}
	item.Span = p.from(start)
	return item
}

func (p *parser) groupBy() *ast.GroupBy {
	start := p.next().pos
	p.expect("BY")
	g := &ast.GroupBy{}
	if p.atAny("DISTINCT", "ALL") {
		g.Quantifier = ast.Quantifier(p.next().upper)
	}
	p.comma(func() { g.Items = append(g.Items, p.groupItem()) })
	g.Span = p.from(start)
	return g
}

func (p *parser) groupItem() ast.GroupItem {
	p.enter()
	defer p.leave()
	start := p.here()
	g := ast.GroupItem{Kind: ast.GroupExpr}
	switch {
	case p.at("GROUPING", "SETS"):
		p.next()
		p.next()
		g.Kind = ast.GroupSets
	case p.at("ROLLUP"):
		p.next()
		g.Kind = ast.GroupRollup
	case p.at("CUBE"):
		p.next()
		g.Kind = ast.GroupCube
	case p.atSym("(") && p.ahead(1).is(")"):
		p.next()
		p.next()
		g.Kind = ast.GroupSet
		g.Span = p.from(start)
		return g
	default:
		g.Expr = p.expr()
		if row, ok := g.Expr.(*ast.Row); ok && !row.Explicit {
			g.Kind, g.Expr = ast.GroupSet, nil
			for _, e := range row.Items {
				g.Items = append(g.Items, ast.GroupItem{Span: e.Extent(), Kind: ast.GroupExpr, Expr: e})
			}
		}
		g.Span = p.from(start)
		return g
	}
	p.expectSym("(")
	p.comma(func() { g.Items = append(g.Items, p.groupItem()) })
	p.expectSym(")")
	g.Span = p.from(start)
	return g
}

// hints reads /*+ … */, if it stands here.
func (p *parser) hints() []ast.Hint {
	if !p.atSym("/*+") {
		return nil
	}
	p.next()
	var out []ast.Hint
	p.comma(func() {
		start := p.here()
		h := ast.Hint{Name: p.identAs("a hint name")}
		if p.acceptSym("(") {
			if !p.atSym(")") {
				p.comma(func() { p.hintArg(&h) })
			}
			p.expectSym(")")
		}
		h.Span = p.from(start)
		out = append(out, h)
	})
	p.expectSym("*/")
	return out
}

func (p *parser) hintArg(h *ast.Hint) {
	t := p.tok()
	switch {
	case (t.kind == tokString || t.isName()) && p.ahead(1).is("="):
		p.next()
		p.next()
		v := p.str("a string")
		h.Options = append(h.Options, ast.Option{Span: p.from(t.pos), Key: t.text, Value: v})
	case t.kind == tokString:
		h.Args = append(h.Args, p.str("a string"))
	case t.kind == tokInt, t.kind == tokDecimal:
		h.Args = append(h.Args, p.next().text)
	case t.kind == tokWord || t.kind == tokQuoted:
		h.Args = append(h.Args, p.name().String())
	default:
		p.unexpected("a name", "a string", `")"`)
	}
}
