package parse

import "github.com/weir-streams/weir/engine/sql/ast"

// specialForm finds the reader of a function with a syntax of its own, nil if
// the word has none. It starts with the cursor on the name, before the parenthesis.
func specialForm(word string) func(p *parser) ast.Expr {
	switch word {
	case "CAST", "TRY_CAST":
		return (*parser).cast
	case "EXTRACT":
		return (*parser).extract
	case "FLOOR", "CEIL", "CEILING":
		return (*parser).floor
	case "TRIM":
		return (*parser).trim
	case "POSITION":
		return (*parser).position
	case "OVERLAY":
		return (*parser).overlay
	case "SUBSTRING":
		return (*parser).substring
	case "TIMESTAMPADD", "TIMESTAMPDIFF":
		return (*parser).unitCall
	case "EXISTS", "UNIQUE":
		return (*parser).exists
	case "DESCRIPTOR":
		return (*parser).descriptor
	case "JSON_VALUE":
		return (*parser).jsonValue
	case "JSON_QUERY":
		return (*parser).jsonQuery
	case "JSON_EXISTS":
		return (*parser).jsonExists
	case "JSON_OBJECT", "JSON_OBJECTAGG":
		return (*parser).jsonObject
	case "JSON_ARRAY", "JSON_ARRAYAGG":
		return (*parser).jsonArray
	}
	return nil
}

// open steps over the name and the parenthesis of a special form.
func (p *parser) open() token {
	p.enter()
	t := p.next()
	p.expectSym("(")
	return t
}

// close steps over the closing parenthesis.
func (p *parser) close() {
	p.expectSym(")")
	p.leave()
}

// formCall makes the plain call node of a special form.
func (p *parser) formCall(t token, args ...ast.Expr) *ast.Call {
	id := ast.Ident{Span: ast.Span{Start: t.pos, End: t.end}, Name: t.text}
	return &ast.Call{Span: p.from(t.pos), Name: &ast.Name{Span: id.Span, Parts: []ast.Ident{id}}, Args: args}
}

func (p *parser) cast() ast.Expr {
	t := p.open()
	n := &ast.Cast{Try: t.upper == "TRY_CAST", X: p.expr()}
	p.expect("AS")
	n.Type = p.dataType(true)
	p.close()
	n.Span = p.from(t.pos)
	return n
}

func (p *parser) extract() ast.Expr {
	t := p.open()
	n := &ast.Extract{Unit: p.timeUnit()}
	p.expect("FROM")
	n.X = p.expr()
	p.close()
	n.Span = p.from(t.pos)
	return n
}

func (p *parser) floor() ast.Expr {
	t := p.open()
	x := p.expr()
	if !p.accept("TO") {
		args := []ast.Expr{x}
		for p.acceptSym(",") {
			args = append(args, p.expr())
		}
		p.close()
		return p.formCall(t, args...)
	}
	n := &ast.FloorTo{Ceil: t.upper != "FLOOR", X: x, Unit: p.timeUnit()}
	p.close()
	n.Span = p.from(t.pos)
	return n
}

func (p *parser) trim() ast.Expr {
	t := p.open()
	n := &ast.Trim{Side: "BOTH"}
	sided := p.atAny("BOTH", "LEADING", "TRAILING")
	if sided {
		n.Side = p.next().upper
	}
	if !p.accept("FROM") {
		n.X = p.expr()
		if !sided && p.at("FROM") {
			p.bail(p.tok().pos, "Encountered \"FROM\": TRIM(characters FROM string) needs BOTH, LEADING or TRAILING before the characters")
		}
		if p.accept("FROM") {
			n.Chars = n.X
			n.X = p.expr()
		}
	} else {
		n.X = p.expr()
	}
	p.close()
	n.Span = p.from(t.pos)
	return n
}

func (p *parser) position() ast.Expr {
	t := p.open()
	args := []ast.Expr{p.binary(precLike + 1)} // IN must stay
	p.expect("IN")
	args = append(args, p.expr())
	if p.accept("FROM") {
		args = append(args, p.expr())
	}
	p.close()
	return p.formCall(t, args...)
}

func (p *parser) overlay() ast.Expr {
	t := p.open()
	args := []ast.Expr{p.expr()}
	p.expect("PLACING")
	args = append(args, p.expr())
	p.expect("FROM")
	args = append(args, p.expr())
	if p.accept("FOR") {
		args = append(args, p.expr())
	}
	p.close()
	return p.formCall(t, args...)
}

func (p *parser) substring() ast.Expr {
	t := p.open()
	args := []ast.Expr{p.expr()}
	if !p.accept("FROM") && !p.acceptSym(",") {
		p.unexpected("FROM", `","`)
	}
	args = append(args, p.expr())
	if p.accept("FOR") || p.acceptSym(",") {
		args = append(args, p.expr())
	}
	p.close()
	return p.formCall(t, args...)
}

// unitCall reads TIMESTAMPADD(unit, n, t) and TIMESTAMPDIFF(unit, a, b).
func (p *parser) unitCall() ast.Expr {
	t := p.open()
	at := p.here()
	u := p.timeUnit()
	args := []ast.Expr{&ast.UnitArg{Span: p.from(at), Unit: u}}
	p.expectSym(",")
	args = append(args, p.expr())
	p.expectSym(",")
	args = append(args, p.expr())
	p.close()
	return p.formCall(t, args...)
}

func (p *parser) exists() ast.Expr {
	t := p.next()
	at := p.here()
	q, _ := p.parens()
	if q == nil {
		p.bail(at, "%s needs a query in parentheses", t.upper)
	}
	if t.upper == "UNIQUE" {
		return &ast.Unique{Span: p.from(t.pos), Query: q}
	}
	return &ast.Exists{Span: p.from(t.pos), Query: q}
}

func (p *parser) descriptor() ast.Expr {
	t := p.next()
	cols := p.identList()
	return &ast.Descriptor{Span: p.from(t.pos), Columns: cols}
}

// call reads the arguments of a function and what follows them; the cursor
// stands on the parenthesis.
func (p *parser) call(name *ast.Name) ast.Expr {
	c := p.callArgs(name, false)
	if p.atAny("IGNORE", "RESPECT") && p.ahead(1).word("NULLS") {
		c.Nulls = p.next().upper
		p.next()
	}
	if p.accept("WITHIN") {
		p.expect("GROUP")
		p.expectSym("(")
		if !p.at("ORDER") {
			p.unexpected("ORDER BY")
		}
		c.WithinGroup = p.orderBy()
		p.expectSym(")")
	}
	if p.accept("FILTER") {
		c.Filter = p.filter()
	}
	if p.accept("OVER") {
		c.Over = p.over()
	}
	c.Span = p.from(name.Pos())
	return c
}

// filter reads (WHERE cond).
func (p *parser) filter() ast.Expr {
	p.expectSym("(")
	p.expect("WHERE")
	e := p.expr()
	p.expectSym(")")
	return e
}

func (p *parser) callArgs(name *ast.Name, table bool) *ast.Call {
	p.enter()
	defer p.leave()
	p.expectSym("(")
	c := &ast.Call{Name: name}
	switch {
	case p.atSym("*"):
		t := p.next()
		c.Args = []ast.Expr{&ast.Star{Span: p.from(t.pos)}}
	case p.atSym(")"):
	default:
		if p.atAny("DISTINCT", "ALL") {
			c.Quantifier = ast.Quantifier(p.next().upper)
		}
		p.comma(func() { c.Args = append(c.Args, p.arg(table)) })
		if p.at("ORDER", "BY") {
			c.OrderBy = p.orderBy()
		}
		if p.atAny("IGNORE", "RESPECT") && p.ahead(1).word("NULLS") {
			c.Nulls = p.next().upper
			p.next()
		}
	}
	p.expectSym(")")
	c.Span = p.from(name.Pos())
	return c
}

// arg reads one argument; table is set for the arguments of a table function.
func (p *parser) arg(table bool) ast.Expr {
	t := p.tok()
	if (t.kind == tokWord || t.kind == tokQuoted) && p.ahead(1).is("=>") {
		name := p.identAs("an argument name")
		p.next()
		v := p.argValue(table)
		return &ast.NamedArg{Span: p.from(t.pos), Name: name, Value: v}
	}
	return p.argValue(table)
}

func (p *parser) argValue(table bool) ast.Expr {
	t := p.tok()
	switch {
	case t.word("DEFAULT"):
		p.next()
		return &ast.Default{Span: p.from(t.pos)}
	case t.word("TABLE"):
		p.next()
		if p.atSym("(") {
			p.bail(p.tok().pos, `Encountered "(": TABLE takes the name of a table; a query in parentheses stands without TABLE`)
		}
		return p.tableArg(t.pos, &ast.TableArg{Table: p.nameAs("a table name")})
	case t.word("MODEL") && p.ahead(1).isName():
		p.next()
		n := p.nameAs("a model name")
		return &ast.ModelArg{Span: p.from(t.pos), Model: n}
	case p.startsQuery() && table:
		return p.tableArg(t.pos, &ast.TableArg{Query: p.query()})
	case p.startsQuery():
		q := p.query()
		return &ast.Subquery{Span: p.from(t.pos), Query: q}
	}
	e := p.expr()
	if sub, ok := e.(*ast.Subquery); ok && table {
		return p.tableArg(t.pos, &ast.TableArg{Query: sub.Query})
	}
	return e
}

// tableArg reads the PARTITION BY and ORDER BY of a table argument.
func (p *parser) tableArg(start ast.Pos, arg *ast.TableArg) ast.Expr {
	if p.accept("PARTITION", "BY") {
		if p.atSym("(") {
			p.next()
			arg.PartitionBy = p.exprs()
			p.expectSym(")")
		} else {
			arg.PartitionBy = []ast.Expr{p.expr()}
		}
	}
	if p.at("ORDER", "BY") {
		p.next()
		p.next()
		if p.acceptSym("(") {
			arg.OrderBy = p.orderItems()
			p.expectSym(")")
		} else {
			arg.OrderBy = []ast.OrderItem{p.orderItem()}
		}
	}
	arg.Span = p.from(start)
	return arg
}

// over reads what follows OVER.
func (p *parser) over() *ast.Window {
	start := p.here()
	if !p.atSym("(") {
		id := p.identAs("a window name or (")
		return &ast.Window{Span: p.from(start), Ref: &id, Bare: true}
	}
	return p.window()
}

// window reads a window specification in parentheses.
func (p *parser) window() *ast.Window {
	p.enter()
	defer p.leave()
	start := p.here()
	p.expectSym("(")
	w := &ast.Window{}
	if p.tok().isName() {
		id := p.ident()
		w.Ref = &id
	}
	if p.accept("PARTITION") {
		p.expect("BY")
		w.PartitionBy = p.exprs()
	}
	if p.at("ORDER") {
		w.OrderBy = p.orderBy()
	}
	if p.atAny("ROWS", "RANGE") {
		w.Frame = p.frame()
	}
	if t := p.tok(); p.atAny("ALLOW", "DISALLOW", "EXCLUDE") {
		p.bail(t.pos, "%s is not supported in a window", t.upper)
	}
	if !p.atSym(")") {
		want := []string{`")"`, "ROWS", "RANGE"}
		if w.OrderBy == nil {
			want = append(want, "ORDER", "PARTITION")
		}
		p.unexpected(want...)
	}
	p.next()
	w.Span = p.from(start)
	return w
}

func (p *parser) frame() *ast.Frame {
	t := p.next()
	f := &ast.Frame{Rows: t.upper == "ROWS"}
	if p.accept("BETWEEN") {
		f.Lower = p.bound()
		p.expect("AND")
		end := p.bound()
		f.Upper = &end
	} else {
		f.Lower = p.bound()
	}
	f.Span = p.from(t.pos)
	return f
}

func (p *parser) bound() ast.Bound {
	start := p.here()
	b := ast.Bound{}
	switch {
	case p.accept("CURRENT"):
		p.expect("ROW")
		b.Kind = ast.CurrentRow
	case p.at("UNBOUNDED"):
		p.next()
		b.Kind = ast.UnboundedPreceding
		if p.oneOf("PRECEDING", "FOLLOWING") == "FOLLOWING" {
			b.Kind = ast.UnboundedFollowing
		}
	default:
		b.Offset = p.binary(precNot)
		b.Kind = ast.Preceding
		if p.oneOf("PRECEDING", "FOLLOWING") == "FOLLOWING" {
			b.Kind = ast.Following
		}
	}
	b.Span = p.from(start)
	return b
}
