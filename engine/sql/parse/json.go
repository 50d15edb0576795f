package parse

import "github.com/weir-streams/weir/engine/sql/ast"

// jsonInput reads input [FORMAT JSON], path [PASSING value AS name, …].
func (p *parser) jsonInput() (input, path ast.Expr, passing []ast.JSONPassing) {
	input = p.expr()
	p.formatJSON()
	p.expectSym(",")
	path = p.expr()
	if p.accept("PASSING") {
		p.comma(func() {
			v := p.expr()
			p.formatJSON()
			p.expect("AS")
			passing = append(passing, ast.JSONPassing{Value: v, Name: p.ident()})
		})
	}
	return input, path, passing
}

// formatJSON reads FORMAT JSON [ENCODING UTF8], if it stands here.
func (p *parser) formatJSON() bool {
	if !p.accept("FORMAT", "JSON") {
		return false
	}
	if p.accept("ENCODING") {
		p.oneOf("UTF8")
	}
	return true
}

func (p *parser) returning() *ast.DataType {
	if !p.accept("RETURNING") {
		return nil
	}
	return p.dataType(false)
}

// behaviors reads the … ON EMPTY and … ON ERROR clauses.
func (p *parser) behaviors(arrays bool) (onEmpty, onError *ast.JSONBehavior) {
	for p.atAny("NULL", "ERROR", "DEFAULT", "EMPTY") {
		at := p.here()
		b := &ast.JSONBehavior{Kind: p.tok().upper}
		switch p.next().upper {
		case "DEFAULT":
			if arrays {
				p.bail(at, "JSON_QUERY knows NULL, ERROR, EMPTY ARRAY and EMPTY OBJECT here")
			}
			b.Default = p.expr()
		case "EMPTY":
			if !arrays {
				p.bail(at, "JSON_VALUE knows NULL, ERROR and DEFAULT here")
			}
			b.Kind += " " + p.oneOf("ARRAY", "OBJECT")
		}
		p.expect("ON")
		w := p.oneOf("EMPTY", "ERROR")
		switch {
		case arrays && w == "EMPTY": // of JSON_QUERY's the last ones count
			onEmpty = b
		case arrays:
			onError = b
		case w == "EMPTY" && onEmpty == nil && onError == nil:
			onEmpty = b
		case w == "ERROR" && onError == nil:
			onError = b
		default:
			p.bail(at, "ON %s stands twice or in the wrong order; ON EMPTY comes before ON ERROR", w)
		}
	}
	return onEmpty, onError
}

func (p *parser) jsonValue() ast.Expr {
	t := p.open()
	n := &ast.JSONValue{}
	n.Input, n.Path, n.Passing = p.jsonInput()
	n.Returning = p.returning()
	n.OnEmpty, n.OnError = p.behaviors(false)
	p.close()
	n.Span = p.from(t.pos)
	return n
}

func (p *parser) jsonQuery() ast.Expr {
	t := p.open()
	n := &ast.JSONQuery{}
	n.Input, n.Path, n.Passing = p.jsonInput()
	n.Returning = p.returning()
	switch {
	case p.accept("WITHOUT"):
		n.Wrapper = "WITHOUT"
	case p.accept("WITH"):
		n.Wrapper = "UNCONDITIONAL"
		if p.atAny("CONDITIONAL", "UNCONDITIONAL") {
			n.Wrapper = p.next().upper
		}
	}
	if n.Wrapper != "" {
		p.accept("ARRAY")
		p.expect("WRAPPER")
	}
	n.OnEmpty, n.OnError = p.behaviors(true)
	p.close()
	n.Span = p.from(t.pos)
	return n
}

func (p *parser) jsonExists() ast.Expr {
	t := p.open()
	n := &ast.JSONExists{}
	n.Input, n.Path, n.Passing = p.jsonInput()
	if p.atAny("TRUE", "FALSE", "UNKNOWN", "ERROR") {
		n.OnError = p.next().upper
		p.expect("ON")
		p.expect("ERROR")
	}
	p.close()
	n.Span = p.from(t.pos)
	return n
}

// jsonNulls reads NULL ON NULL or ABSENT ON NULL.
func (p *parser) jsonNulls() ast.JSONNulls {
	switch {
	case p.accept("NULL", "ON", "NULL"):
		return ast.NullOnNull
	case p.accept("ABSENT", "ON", "NULL"):
		return ast.AbsentOnNull
	}
	return ast.JSONNullsUnset
}

// jsonObject reads JSON_OBJECT(…) and JSON_OBJECTAGG(…).
func (p *parser) jsonObject() ast.Expr {
	t := p.open()
	n := &ast.JSONObject{Agg: t.upper == "JSON_OBJECTAGG"}
	if n.Agg || !(p.atSym(")") || p.at("NULL", "ON") || p.at("ABSENT", "ON")) {
		n.Members = append(n.Members, p.jsonMember())
		for !n.Agg && p.acceptSym(",") {
			n.Members = append(n.Members, p.jsonMember())
		}
	}
	n.Nulls = p.jsonNulls()
	p.close()
	if n.Agg && p.accept("FILTER") {
		n.Filter = p.filter()
	}
	n.Span = p.from(t.pos)
	return n
}

func (p *parser) jsonMember() ast.JSONMember {
	start := p.here()
	keyword := false
	if p.at("KEY") {
		switch a := p.ahead(1); {
		case a.word("VALUE"), a.is(":"), a.is("."), a.is("["), a.is("||"):
		default:
			keyword = true
			p.next()
		}
	}
	m := ast.JSONMember{Key: p.expr()}
	switch {
	case p.accept("VALUE"):
	case p.atSym(":") && !keyword:
		p.next()
	case keyword:
		p.unexpected("VALUE")
	default:
		p.bail(start, `a key needs a value: expected VALUE or ":" after it, found %s`, p.tok().describe())
	}
	m.Value = p.expr()
	m.FormatJSON = p.formatJSON()
	m.Span = p.from(start)
	return m
}

// jsonArray reads JSON_ARRAY(…) and JSON_ARRAYAGG(…).
func (p *parser) jsonArray() ast.Expr {
	t := p.open()
	n := &ast.JSONArray{Agg: t.upper == "JSON_ARRAYAGG"}
	if n.Agg || !(p.atSym(")") || p.at("NULL", "ON") || p.at("ABSENT", "ON")) {
		n.Items = append(n.Items, p.jsonItem())
		for !n.Agg && p.acceptSym(",") {
			n.Items = append(n.Items, p.jsonItem())
		}
	}
	if n.Agg && p.at("ORDER") {
		n.OrderBy = p.orderBy()
	}
	n.Nulls = p.jsonNulls()
	p.close()
	if n.Agg && p.accept("WITHIN") {
		p.expect("GROUP")
		p.expectSym("(")
		n.OrderBy = p.orderBy()
		p.expectSym(")")
	}
	if n.Agg && p.accept("FILTER") {
		n.Filter = p.filter()
	}
	n.Span = p.from(t.pos)
	return n
}

func (p *parser) jsonItem() ast.JSONItem {
	start := p.here()
	i := ast.JSONItem{Value: p.expr()}
	i.FormatJSON = p.formatJSON()
	i.Span = p.from(start)
	return i
}
