package parse

import (
	"strings"

	"github.com/weir-streams/weir/engine/sql/ast"
)

// primary reads a value without operators.
func (p *parser) primary() ast.Expr {
	t := p.tok()
	switch t.kind {
	case tokString:
		s := p.str("a string")
		return p.literal(t, ast.StringLiteral, s)
	case tokBinary:
		p.next()
		return p.literal(t, ast.BinaryLiteral, t.text)
	case tokInt:
		p.next()
		return p.literal(t, ast.IntegerLiteral, t.text)
	case tokDecimal:
		p.next()
		if strings.HasSuffix(t.text, ".") {
			return p.literal(t, ast.IntegerLiteral, t.text)
		}
		return p.literal(t, ast.DecimalLiteral, t.text)
	case tokDouble:
		p.next()
		return p.literal(t, ast.DoubleLiteral, t.text)
	case tokQuoted:
		return p.nameOrCall()
	case tokSymbol:
		switch t.text {
		case "(":
			return p.parenExpr()
		case "?":
			p.bail(t.pos, "parameters (?) are not supported; write the value")
		case "*":
			if p.star == p.i {
				p.next()
				return &ast.Star{Span: p.from(t.pos)}
			}
		}
	case tokWord:
		return p.wordExpr()
	}
	p.unexpected("an expression")
	return nil
}

func (p *parser) literal(t token, kind ast.LiteralKind, text string) ast.Expr {
	return &ast.Literal{Span: p.from(t.pos), Kind: kind, Text: text}
}

// parenExpr reads (expr), (a, b) or (query) as a value.
func (p *parser) parenExpr() ast.Expr {
	start := p.here()
	q, items := p.parens()
	switch {
	case q != nil:
		return &ast.Subquery{Span: p.from(start), Query: q}
	case len(items) == 1:
		diff, ok := items[0].(*ast.Binary)
		if ok && diff.Op == ast.OpMinus && p.atAny("YEAR", "MONTH", "DAY", "HOUR", "MINUTE", "SECOND") {
			u := p.intervalUnit()
			return &ast.MinusDate{Span: p.from(start), L: diff.L, R: diff.R, Unit: u}
		}
		return items[0]
	default:
		return &ast.Row{Span: p.from(start), Items: items}
	}
}

// wordExpr reads what starts with an unquoted word.
func (p *parser) wordExpr() ast.Expr {
	t := p.tok()
	after := p.ahead(1)
	if f := specialForm(t.upper); f != nil && after.is("(") {
		return f(p)
	}
	switch t.upper {
	case "NULL":
		p.next()
		return p.literal(t, ast.NullLiteral, "")
	case "TRUE", "FALSE", "UNKNOWN":
		p.next()
		return p.literal(t, ast.BooleanLiteral, t.upper)
	case "CASE":
		return p.caseExpr()
	case "INTERVAL":
		return p.interval()
	case "DATE", "TIME":
		if after.kind == tokString {
			p.next()
			s := p.str("a string")
			kind := ast.DateLiteral
			if t.upper == "TIME" {
				kind = ast.TimeLiteral
			}
			return p.literal(t, kind, s)
		}
	case "TIMESTAMP":
		if after.kind == tokString {
			p.next()
			return p.literalOf(t, ast.TimestampLiteral)
		}
		if p.accept("TIMESTAMP", "WITH", "LOCAL", "TIME", "ZONE") {
			return p.literalOf(t, ast.LTZLiteral)
		}
	case "TIMESTAMP_LTZ":
		if after.kind == tokString {
			p.next()
			return p.literalOf(t, ast.LTZLiteral)
		}
	case "DECIMAL":
		if after.kind == tokString {
			p.next()
			s := strings.TrimSpace(p.str("a string"))
			if _, err := Expression(s); err != nil || strings.Trim(s, "0123456789.") != "" {
				p.bail(t.pos, "DECIMAL '%s' is not a decimal number", shorten(s))
			}
			return p.literal(t, ast.DecimalLiteral, s)
		}
	case "ROW", "ARRAY", "MULTISET", "MAP":
		if e := p.constructor(); e != nil {
			return e
		}
	case "CURRENT_DATE", "CURRENT_TIME", "CURRENT_TIMESTAMP", "LOCALTIME", "LOCALTIMESTAMP", "CURRENT_USER", "SESSION_USER",
		"SYSTEM_USER", "USER", "CURRENT_CATALOG", "CURRENT_SCHEMA", "CURRENT_PATH", "CURRENT_ROLE", "CURRENT_DEFAULT_TRANSFORM_GROUP":
		if !after.is("(") {
			p.next()
			id := ast.Ident{Span: p.from(t.pos), Name: t.text}
			return &ast.Call{Span: id.Span, Name: &ast.Name{Span: id.Span, Parts: []ast.Ident{id}}, NoParens: true}
		}
	}
	return p.nameOrCall()
}

func (p *parser) literalOf(t token, kind ast.LiteralKind) ast.Expr {
	s := p.str("a string")
	return p.literal(t, kind, s)
}

// nameOrCall reads a column path, t.*, or a function call.
func (p *parser) nameOrCall() ast.Expr {
	t := p.tok()
	begin := p.i
	if t.kind == tokWord && ast.IsReserved(t.upper) {
		if !ast.IsReservedFunction(t.upper) || !p.ahead(1).is("(") {
			p.unexpected("an expression")
		}
		p.next()
		id := ast.Ident{Span: p.from(t.pos), Name: t.text}
		return p.call(&ast.Name{Span: id.Span, Parts: []ast.Ident{id}})
	}
	n := &ast.Name{Parts: []ast.Ident{p.identAs("an expression")}}
	for p.atSym(".") {
		if p.ahead(1).is("*") && p.star == begin {
			n.Span = p.from(t.pos)
			p.next()
			p.next()
			return &ast.Star{Span: p.from(t.pos), Qualifier: n}
		}
		p.next()
		if p.tok().kind == tokWord && ast.IsReservedFunction(p.tok().upper) && p.ahead(1).is("(") {
			w := p.next()
			n.Parts = append(n.Parts, ast.Ident{Span: p.from(w.pos), Name: w.text})
			break
		}
		n.Parts = append(n.Parts, p.identAs("a name after the dot"))
	}
	n.Span = p.from(t.pos)
	if p.atSym("(") {
		return p.call(n)
	}
	return n
}

func (p *parser) caseExpr() ast.Expr {
	start := p.next().pos
	n := &ast.Case{}
	if !p.at("WHEN") {
		if !p.startsExpr() {
			p.unexpected("WHEN", "an expression")
		}
		n.Operand = p.expr()
	}
	if !p.at("WHEN") {
		p.unexpected("WHEN")
	}
	for p.at("WHEN") {
		w := ast.When{}
		at := p.next().pos
		w.Conds = append(w.Conds, p.expr())
		for n.Operand != nil && p.acceptSym(",") {
			w.Conds = append(w.Conds, p.expr())
		}
		p.expect("THEN")
		w.Then = p.expr()
		w.Span = p.from(at)
		n.Whens = append(n.Whens, w)
	}
	if p.accept("ELSE") {
		n.Else = p.expr()
	}
	if !p.at("END") {
		p.unexpected("WHEN", "ELSE", "END")
	}
	p.next()
	n.Span = p.from(start)
	return n
}

// constructor reads ROW(…), ARRAY[…], MAP[…], MULTISET[…] and their query
// forms; nil if MAP is but a name.
func (p *parser) constructor() ast.Expr {
	t := p.tok()
	after := p.ahead(1)
	kind := t.upper
	if kind == "ROW" {
		p.next()
		if !p.atSym("(") {
			p.unexpected(`"("`)
		}
		p.enter()
		defer p.leave()
		p.next()
		n := &ast.Row{Explicit: true}
		p.comma(func() { n.Items = append(n.Items, p.rowItem()) })
		p.expectSym(")")
		n.Span = p.from(t.pos)
		return n
	}
	switch {
	case after.is("["):
		p.enter()
		defer p.leave()
		p.next()
		p.next()
		n := &ast.Collection{Kind: kind}
		if !p.atSym("]") {
			n.Items = p.exprs()
		}
		p.expectSym("]")
		n.Span = p.from(t.pos)
		return n
	case after.is("(") && kind != "MAP", after.is("(") && (p.ahead(2).word("SELECT") || p.ahead(2).word("WITH") || p.ahead(2).word("VALUES") || p.ahead(2).is("(")):
		p.next()
		q, items := p.parens()
		if q == nil {
			// A call of a function that there is not: the binder says so.
			id := ast.Ident{Span: ast.Span{Start: t.pos, End: t.pos}, Name: kind, Quoted: true}
			return &ast.Call{Span: p.from(t.pos), Name: &ast.Name{Span: id.Span, Parts: []ast.Ident{id}}, Args: items}
		}
		return &ast.QueryCollection{Span: p.from(t.pos), Kind: kind, Query: q}
	case kind == "MAP":
		return nil
	}
	p.next()
	p.unexpected(`"["`)
	return nil
}

var unitNames = func() map[string]ast.TimeUnit {
	unitNames := map[string]ast.TimeUnit{}
	for _, u := range strings.Fields(`NANOSECOND MICROSECOND MILLISECOND SECOND MINUTE HOUR DAY WEEK MONTH QUARTER YEAR
		DECADE CENTURY MILLENNIUM EPOCH DOW DOY DAYOFWEEK DAYOFYEAR ISODOW ISOYEAR FRAC_SECOND`) {
		unitNames[u] = ast.TimeUnit(u)
	}
	for _, u := range strings.Fields("SECOND MINUTE HOUR DAY WEEK MONTH QUARTER YEAR") {
		unitNames[u+"S"] = ast.TimeUnit(u)
		unitNames["SQL_TSI_"+u] = ast.TimeUnit(u)
	}
	unitNames["SQL_TSI_FRAC_SECOND"] = "FRAC_SECOND"
	unitNames["SQL_TSI_MICROSECOND"] = "MICROSECOND"
	return unitNames
}()

// timeUnit reads a unit of time.
func (p *parser) timeUnit() ast.TimeUnit {
	t := p.tok()
	u, ok := unitNames[t.upper]
	if t.kind != tokWord || !ok {
		p.unexpected("a time unit", "SECOND", "MINUTE", "HOUR", "DAY", "WEEK", "MONTH", "QUARTER", "YEAR")
	}
	p.next()
	return u
}

// interval reads INTERVAL [-] '…' unit, or of a number, name or (expression).
func (p *parser) interval() ast.Expr {
	start := p.next().pos
	n := &ast.Interval{}
	if p.atSym("-") || p.atSym("+") {
		n.Negative = p.next().is("-")
	}
	switch t := p.tok(); {
	case t.kind == tokString:
		n.Text = p.str("a string")
	case t.is("("):
		p.next()
		n.X = p.expr()
		p.expectSym(")")
	case t.kind == tokInt || t.kind == tokDecimal || t.kind == tokDouble:
		n.X = p.primary()
	case t.isName():
		n.X = p.name()
	default:
		p.unexpected("the interval's value as a string", "a number")
	}
	n.Unit = p.intervalUnit()
	n.Span = p.from(start)
	return n
}

// intervalUnit reads DAY(3) TO SECOND(6) and the like.
func (p *parser) intervalUnit() ast.IntervalUnit {
	u := ast.IntervalUnit{FromPrecision: -1, ToPrecision: -1}
	at := p.here()
	u.From = p.timeUnit()
	switch u.From {
	case "YEAR", "QUARTER", "MONTH", "WEEK", "DAY", "HOUR", "MINUTE", "SECOND":
	default:
		p.bail(at, "%s is not a unit of an interval; use YEAR, MONTH, WEEK, DAY, HOUR, MINUTE or SECOND", u.From)
	}
	if p.atSym("(") {
		p.next()
		u.FromPrecision = p.number("a precision")
		if u.From == "SECOND" && p.acceptSym(",") {
			u.ToPrecision = p.number("a precision")
		}
		p.expectSym(")")
	}
	if !p.at("TO") {
		return u
	}
	at = p.here()
	p.next()
	u.To = p.timeUnit()
	if !intervalRanges[string(u.From)+" "+string(u.To)] {
		p.bail(at, "an interval cannot run from %s to %s", u.From, u.To)
	}
	if u.To == "SECOND" && p.acceptSym("(") {
		u.ToPrecision = p.number("a precision")
		p.expectSym(")")
	}
	return u
}

var intervalRanges = map[string]bool{
	"YEAR MONTH": true, "DAY HOUR": true, "DAY MINUTE": true, "DAY SECOND": true,
	"HOUR MINUTE": true, "HOUR SECOND": true, "MINUTE SECOND": true,
}
