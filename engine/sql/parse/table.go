package parse

import "github.com/weir-streams/weir/engine/sql/ast"

// fromItems reads the items of FROM; commas and joins group from the left.
func (p *parser) fromItems() ast.TableRef {
	left := p.table()
	for chain := 0; ; chain++ {
		if chain > maxChain {
			p.bail(p.here(), "more than %d joins in a row", maxChain)
		}
		if p.atSym(",") {
			p.next()
			right := p.table()
			left = &ast.Join{Span: p.from(left.Pos()), Kind: ast.CommaJoin, Left: left, Right: right}
			continue
		}
		next := p.join(left)
		if next == nil {
			return left
		}
		left = next
	}
}

// join reads one JOIN after left; nil if there is none.
func (p *parser) join(left ast.TableRef) ast.TableRef {
	natural := p.accept("NATURAL")
	kind, ok := p.joinKind()
	if !ok {
		if natural {
			p.unexpected("JOIN", "LEFT", "RIGHT", "FULL", "INNER")
		}
		return nil
	}
	j := &ast.Join{Kind: kind, Natural: natural, Left: left, Right: p.table()}
	switch {
	case p.accept("ON"):
		j.On = p.expr()
	case p.accept("USING"):
		j.Using = p.identList()
	}
	j.Span = p.from(left.Pos())
	return j
}

var joinKinds = map[string]ast.JoinKind{
	"INNER": ast.InnerJoin, "LEFT": ast.LeftJoin, "RIGHT": ast.RightJoin, "FULL": ast.FullJoin, "CROSS": ast.CrossJoin,
}

func (p *parser) joinKind() (ast.JoinKind, bool) {
	t := p.tok()
	if t.kind != tokWord {
		return "", false
	}
	if p.accept("JOIN") {
		return ast.InnerJoin, true
	}
	kind, ok := joinKinds[t.upper]
	if !ok {
		return "", false
	}
	p.next()
	if kind == ast.LeftJoin || kind == ast.RightJoin || kind == ast.FullJoin {
		p.accept("OUTER")
	}
	p.expect("JOIN")
	return kind, true
}

// table reads one item of FROM with its alias.
func (p *parser) table() ast.TableRef {
	p.enter()
	defer p.leave()
	return p.tableSuffix(p.tablePrimary())
}

func (p *parser) tablePrimary() ast.TableRef {
	t := p.tok()
	lateral := p.accept("LATERAL")
	at := p.tok()
	switch {
	case at.word("UNNEST"):
		return p.unnest(t.pos, lateral)
	case at.word("TABLE") && p.ahead(1).is("("):
		p.next()
		p.next()
		call := p.tableCall()
		p.expectSym(")")
		return &ast.TableFunction{Span: p.from(t.pos), Lateral: lateral, Call: call}
	case at.is("("):
		if lateral {
			q := p.queryInParens()
			return &ast.Derived{Span: p.from(t.pos), Lateral: true, Query: q}
		}
		q, ref := p.tableParens()
		if q != nil {
			return &ast.Derived{Span: p.from(t.pos), Query: q}
		}
		return ref
	case p.atFunction():
		call := p.tableCall()
		return &ast.TableFunction{Span: p.from(t.pos), Lateral: lateral, Call: call}
	case lateral:
		p.unexpected("TABLE", "UNNEST", `"("`, "a function name")
	case at.word("TABLE"):
		p.next()
		p.unexpected(`"("`)
	case !at.isName():
		p.unexpected("a table name", `"("`, "TABLE", "LATERAL", "UNNEST")
	}
	n := &ast.TableName{Name: p.nameAs("a table name")}
	n.Hints = p.hints()
	if p.accept("FOR") {
		p.expect("SYSTEM_TIME", "AS", "OF")
		n.SystemTime = p.binary(precNot)
	}
	n.Span = p.from(t.pos)
	return n
}

// atFunction tells whether a dotted name and a parenthesis stand here.
func (p *parser) atFunction() bool {
	n := 0
	for p.ahead(n).kind == tokWord || p.ahead(n).kind == tokQuoted {
		n++
		if p.ahead(n).is("(") {
			return true
		}
		if !p.ahead(n).is(".") {
			return false
		}
		n++
	}
	return false
}

// tableCall reads f(args) as a table function.
func (p *parser) tableCall() *ast.Call {
	if t := p.tok(); t.kind == tokWord && ast.IsReservedFunction(t.upper) {
		p.next()
		id := ast.Ident{Span: p.from(t.pos), Name: t.text}
		return p.callArgs(&ast.Name{Span: id.Span, Parts: []ast.Ident{id}}, true)
	}
	return p.callArgs(p.nameAs("a function name"), true)
}

func (p *parser) unnest(start ast.Pos, lateral bool) ast.TableRef {
	p.next()
	u := &ast.Unnest{Lateral: lateral}
	at := p.here()
	q, items := p.parens()
	if q != nil {
		items = []ast.Expr{&ast.Subquery{Span: p.from(at), Query: q}}
	}
	u.Exprs = items
	if p.accept("WITH") {
		p.expect("ORDINALITY")
		u.WithOrdinality = true
	}
	u.Span = p.from(start)
	return u
}

// tableParens reads (query) or (a JOIN b …) in FROM.
func (p *parser) tableParens() (*ast.Query, ast.TableRef) {
	p.enter()
	defer p.leave()
	p.expectSym("(")
	var left ast.TableRef
	switch {
	case p.startsQuery():
		q := p.query()
		p.expectSym(")")
		return q, nil
	case p.atSym("("):
		inner := p.here()
		q, ref := p.tableParens()
		switch {
		case q != nil && p.atQueryTail():
			q = p.queryTail(inner, nil, unwrap(q))
			p.expectSym(")")
			return q, nil
		case q != nil && p.atSym(")"):
			p.next()
			return q, nil
		case q != nil:
			left = p.tableSuffix(&ast.Derived{Span: p.from(inner), Query: q})
		default:
			left = p.tableSuffix(ref)
		}
	default:
		left = p.table()
	}
	for {
		next := p.join(left)
		if next == nil {
			break
		}
		left = next
	}
	if _, ok := left.(*ast.TableName); ok && p.atSym(")") {
		p.bail(left.Pos(), "Expected query or join: a table needs no parentheses")
	}
	p.expectSym(")")
	return nil, left
}

// tableSuffix reads MATCH_RECOGNIZE, PIVOT, UNPIVOT and the alias.
func (p *parser) tableSuffix(ref ast.TableRef) ast.TableRef {
	ref = p.matchOpt(ref)
	if p.at("PIVOT") {
		p.notJoin(ref)
		ref = p.pivot(ref)
	}
	if p.at("UNPIVOT") {
		p.notJoin(ref)
		ref = p.unpivot(ref)
	}
	if a := p.tableAlias(); a != nil {
		if _, ok := ref.(*ast.Join); ok {
			p.bail(a.Pos(), "a join in parentheses cannot have an alias")
		}
		ref = withAlias(ref, a)
		if p.at("MATCH_RECOGNIZE") {
			return p.tableSuffix(p.matchOpt(ref))
		}
	}
	if p.at("TABLESAMPLE") {
		p.bail(p.here(), "TABLESAMPLE is not supported")
	}
	return ref
}

func (p *parser) notJoin(ref ast.TableRef) {
	if _, ok := ref.(*ast.Join); ok {
		p.bail(p.here(), "%s cannot follow a join; put the join into a subquery", p.tok().upper)
	}
}

func (p *parser) tableAlias() *ast.TableAlias {
	start := p.here()
	a := &ast.TableAlias{}
	switch {
	case p.accept("AS"):
		a.Name = p.identAs("a table name after AS")
	case p.tok().isName():
		p.alias = p.i
		a.Name = p.ident()
	default:
		return nil
	}
	if p.atSym("(") {
		a.Columns = p.identList()
	}
	a.Span = p.from(start)
	return a
}

// withAlias gives a table its alias; one that already has one (a table in
// parentheses) is replaced by the outer name.
func withAlias(ref ast.TableRef, a *ast.TableAlias) ast.TableRef {
	switch r := ref.(type) {
	case *ast.TableName:
		r.Alias, r.End = a, a.End
	case *ast.Derived:
		r.Alias, r.End = a, a.End
	case *ast.TableFunction:
		r.Alias, r.End = a, a.End
	case *ast.Unnest:
		r.Alias, r.End = a, a.End
	case *ast.MatchRecognize:
		r.Alias, r.End = a, a.End
	case *ast.Pivot:
		r.Alias, r.End = a, a.End
	case *ast.Unpivot:
		r.Alias, r.End = a, a.End
	}
	return ref
}

func (p *parser) pivot(input ast.TableRef) ast.TableRef {
	p.next()
	n := &ast.Pivot{Input: input}
	p.expectSym("(")
	p.comma(func() {
		start := p.here()
		item := ast.SelectItem{Expr: p.nameOrCall()}
		if p.accept("AS") || p.tok().isName() {
			id := p.ident()
			item.Alias = &id
		}
		item.Span = p.from(start)
		n.Aggs = append(n.Aggs, item)
	})
	p.expect("FOR")
	n.Axis = p.identOrList()
	p.expect("IN")
	p.expectSym("(")
	p.comma(func() {
		start := p.here()
		v := ast.PivotValue{}
		e := p.expr()
		if row, ok := e.(*ast.Row); ok && !row.Explicit {
			v.Exprs = row.Items
		} else {
			v.Exprs = []ast.Expr{e}
		}
		if p.accept("AS") || p.tok().isName() {
			id := p.ident()
			v.Alias = &id
		}
		v.Span = p.from(start)
		n.Values = append(n.Values, v)
	})
	p.expectSym(")")
	p.expectSym(")")
	n.Span = p.from(input.Pos())
	return n
}

func (p *parser) identOrList() []ast.Ident {
	if p.atSym("(") {
		return p.identList()
	}
	return []ast.Ident{p.ident()}
}

func (p *parser) unpivot(input ast.TableRef) ast.TableRef {
	p.next()
	n := &ast.Unpivot{Input: input}
	if p.atAny("INCLUDE", "EXCLUDE") {
		n.IncludeNulls = p.next().upper == "INCLUDE"
		p.expect("NULLS")
	}
	p.expectSym("(")
	n.Measures = p.identOrList()
	p.expect("FOR")
	n.Axis = p.identOrList()
	p.expect("IN")
	p.expectSym("(")
	p.comma(func() {
		start := p.here()
		item := ast.UnpivotItem{Columns: p.identOrList()}
		if p.accept("AS") {
			e := p.expr()
			if row, ok := e.(*ast.Row); ok && !row.Explicit {
				item.Values = row.Items
			} else {
				item.Values = []ast.Expr{e}
			}
		}
		item.Span = p.from(start)
		n.In = append(n.In, item)
	})
	p.expectSym(")")
	p.expectSym(")")
	n.Span = p.from(input.Pos())
	return n
}
