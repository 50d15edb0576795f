package parse

import (
	"strings"

	"github.com/weir-streams/weir/engine/sql/ast"
)

// Precedences, as in Calcite; the higher binds tighter.
const (
	precLowest   = 0
	precMultiset = 14
	precInter    = 18
	precOr       = 22
	precAnd      = 24
	precNot      = 26
	precIs       = 28
	precCompare  = 30
	precLike     = 32
	precAdd      = 40
	precMultiply = 60
	precUnary    = 80
)

func (p *parser) expr() ast.Expr { return p.binary(precLowest) }

// exprs reads expr, expr, ….
func (p *parser) exprs() []ast.Expr {
	var out []ast.Expr
	p.comma(func() { out = append(out, p.expr()) })
	return out
}

// binary reads an expression of operators that bind at least as tightly as prec.
func (p *parser) binary(prec int) ast.Expr {
	p.enter()
	defer p.leave()
	left := p.unary()
	for chain := 0; ; chain++ {
		if chain > maxChain {
			p.bail(p.here(), "more than %d operators in a row; use IN or smaller expressions", maxChain)
		}
		next, ok := p.operator(left, prec)
		if !ok {
			return left
		}
		left = next
	}
}

// operator applies one operator to left, if one that binds tightly enough stands here.
func (p *parser) operator(left ast.Expr, prec int) (ast.Expr, bool) {
	t := p.tok()
	start := left.Pos()
	not := p.at("NOT") && p.ahead(1).kind == tokWord
	word := t.upper
	if not {
		word = p.ahead(1).upper
	}
	if t.kind == tokWord && prec <= precLike {
		switch word {
		case "BETWEEN":
			return p.between(left, not), true
		case "IN":
			return p.in(left, not), true
		case "LIKE", "SIMILAR":
			return p.like(left, not), true
		case "ILIKE", "RLIKE":
			p.bail(start, "No match found for function signature %s: it is not supported; use LIKE, SIMILAR TO or REGEXP", word)
		}
	}
	if t.kind == tokWord && !not && word == "IS" {
		return p.is(left, prec)
	}
	op, words, opPrec := binaryOp(p)
	if op == "" || opPrec < prec {
		return nil, false
	}
	at := p.i
	for range words {
		p.next()
	}
	if op == ast.OpNe && t.text == "!=" {
		p.bail(t.pos, `"!=" is not allowed; write <>`)
	}
	if opPrec == precCompare && p.atAny("ALL", "ANY", "SOME") && p.ahead(1).is("(") {
		return p.quantified(left, op), true
	}
	p.mustStartExpr(at)
	right := p.binary(opPrec + 1)
	return &ast.Binary{Span: p.from(start), Op: op, OpPos: t.pos, L: left, R: right}, true
}

// mustStartExpr fails at the operator (as Flink does) if no operand can follow it.
func (p *parser) mustStartExpr(op int) {
	if p.startsExpr() {
		return
	}
	t := p.tok()
	if t.kind == tokBad {
		p.bail(t.pos, "%s", t.text)
	}
	p.bail(p.toks[op].pos, "%s needs a value on its right, found %s", p.toks[op].describe(), t.describe())
}

func (p *parser) startsExpr() bool {
	t := p.tok()
	switch t.kind {
	case tokEnd, tokBad:
		return false
	case tokSymbol:
		return t.text == "(" || t.text == "+" || t.text == "-" || t.text == "?" || t.text == "." || t.text == "*"
	case tokWord:
		return !ast.IsReserved(t.upper) || ast.IsReservedFunction(t.upper) || exprWords[t.upper]
	}
	return true
}

// exprWords are the reserved words an expression may start with.
var exprWords = func() map[string]bool {
	set := map[string]bool{}
	for _, w := range strings.Fields(`NOT NULL TRUE FALSE UNKNOWN CASE CAST TRY_CAST SAFE_CAST EXTRACT EXISTS UNIQUE ROW ARRAY MULTISET INTERVAL TRIM CEIL
		JSON_VALUE JSON_QUERY JSON_EXISTS JSON_OBJECT JSON_ARRAY JSON_OBJECTAGG JSON_ARRAYAGG RUNNING PERIOD CONVERT CURSOR NEXT DEFAULT
		CURRENT_PATH CURRENT_ROLE CURRENT_DEFAULT_TRANSFORM_GROUP CURRENT TIMESTAMP_LTZ DECIMAL TABLE SELECT VALUES WITH SPECIFIC NEW`) {
		set[w] = true
	}
	return set
}()

// binaryOp names the plain infix operator at the cursor, the number of its words and its precedence.
func binaryOp(p *parser) (op ast.Op, words, prec int) {
	t := p.tok()
	if t.kind == tokSymbol {
		switch t.text {
		case "=":
			return ast.OpEq, 1, precCompare
		case "<>", "!=":
			return ast.OpNe, 1, precCompare
		case "<":
			return ast.OpLt, 1, precCompare
		case "<=":
			return ast.OpLe, 1, precCompare
		case ">":
			return ast.OpGt, 1, precCompare
		case ">=":
			return ast.OpGe, 1, precCompare
		case "+":
			return ast.OpPlus, 1, precAdd
		case "-":
			return ast.OpMinus, 1, precAdd
		case "*":
			return ast.OpTimes, 1, precMultiply
		case "/":
			return ast.OpDivide, 1, precMultiply
		case "%":
			return ast.OpModulo, 1, precMultiply
		case "||":
			return ast.OpConcat, 1, precMultiply
		}
		return "", 0, 0
	}
	if t.kind != tokWord {
		return "", 0, 0
	}
	switch t.upper {
	case "OR":
		return ast.OpOr, 1, precOr
	case "AND":
		return ast.OpAnd, 1, precAnd
	case "OVERLAPS", "CONTAINS", "EQUALS", "PRECEDES", "SUCCEEDS":
		return ast.Op(t.upper), 1, precCompare
	case "IMMEDIATELY":
		if p.ahead(1).word("PRECEDES") || p.ahead(1).word("SUCCEEDS") {
			return ast.Op("IMMEDIATELY " + p.ahead(1).upper), 2, precCompare
		}
	case "MEMBER":
		if p.ahead(1).word("OF") {
			return ast.OpMemberOf, 2, precCompare
		}
	case "SUBMULTISET":
		if p.ahead(1).word("OF") {
			return ast.OpSubmultiset, 2, precCompare
		}
	case "MULTISET":
		kind := p.ahead(1).upper
		prec := precMultiset
		if kind == "INTERSECT" {
			prec = precInter
		}
		if kind == "UNION" || kind == "EXCEPT" || kind == "INTERSECT" {
			switch p.ahead(2).upper {
			case "ALL":
				return ast.Op("MULTISET " + kind + " ALL"), 3, prec
			case "DISTINCT":
				return ast.Op("MULTISET " + kind + " DISTINCT"), 3, prec
			}
			return ast.Op("MULTISET " + kind + " DISTINCT"), 2, prec
		}
	}
	return "", 0, 0
}

// unary reads prefix operators and what they stand before.
func (p *parser) unary() ast.Expr {
	p.enter()
	defer p.leave()
	t := p.tok()
	switch {
	case t.is("-"), t.is("+"):
		p.next()
		p.mustStartExpr(p.i - 1)
		x := p.binary(precUnary)
		return &ast.Unary{Span: p.from(t.pos), Op: ast.Op(t.text), X: x}
	case t.word("NOT"):
		p.next()
		x := p.binary(precNot)
		return &ast.Unary{Span: p.from(t.pos), Op: ast.OpNot, X: x}
	case (t.word("FINAL") || t.word("RUNNING")) && p.ahead(1).kind == tokWord && p.ahead(2).is("("):
		p.next()
		x := p.binary(precUnary)
		return &ast.Unary{Span: p.from(t.pos), Op: ast.Op(t.upper), X: x}
	}
	x := p.primary()
	if _, star := x.(*ast.Star); star {
		return x
	}
	return p.postfix(x)
}

// postfix reads [index] and .field after a value.
func (p *parser) postfix(x ast.Expr) ast.Expr {
	start := x.Pos()
	if _, star := x.(*ast.Star); star {
		return x
	}
	for chain := 0; ; chain++ {
		if chain > maxChain {
			p.bail(p.here(), "more than %d accesses in a row", maxChain)
		}
		switch {
		case p.atSym("["):
			p.next()
			i := p.expr()
			p.expectSym("]")
			x = &ast.Index{Span: p.from(start), X: x, Index: i}
		case p.atSym("."):
			p.next()
			name := p.identAs("a field name")
			x = &ast.Field{Span: p.from(start), X: x, Name: name}
		default:
			return x
		}
	}
}

func (p *parser) between(x ast.Expr, not bool) ast.Expr {
	if not {
		p.next()
	}
	p.next()
	symmetric := p.accept("SYMMETRIC")
	if !symmetric {
		p.accept("ASYMMETRIC")
	}
	lo := p.binary(precNot)
	if !p.at("AND") {
		if p.tok().kind == tokEnd {
			p.bail(ast.Pos{}, "BETWEEN has no AND for its upper end")
		}
		p.unexpected("AND")
	}
	p.next()
	hi := p.binary(precLike + 1)
	return &ast.Between{Span: p.from(x.Pos()), X: x, Not: not, Symmetric: symmetric, Lo: lo, Hi: hi}
}

func (p *parser) in(x ast.Expr, not bool) ast.Expr {
	if not {
		p.next()
	}
	word := p.next()
	if !p.atSym("(") {
		p.bail(word.pos, `unexpected "IN": expected "(" after it, found %s`, p.tok().describe())
	}
	q, items := p.parens()
	return &ast.In{Span: p.from(x.Pos()), X: x, Not: not, List: items, Query: q}
}

func (p *parser) quantified(x ast.Expr, op ast.Op) ast.Expr {
	all := p.next().upper == "ALL"
	q, items := p.parens()
	return &ast.Quantified{Span: p.from(x.Pos()), X: x, Op: op, All: all, List: items, Query: q}
}

func (p *parser) like(x ast.Expr, not bool) ast.Expr {
	if not {
		p.next()
	}
	kind := ast.KindLike
	if p.next().upper == "SIMILAR" {
		p.expect("TO")
		kind = ast.KindSimilar
	}
	n := &ast.Like{X: x, Not: not, Kind: kind, Pattern: p.binary(precLike + 1)}
	if p.accept("ESCAPE") {
		n.Escape = p.binary(precUnary)
	}
	n.Span = p.from(x.Pos())
	return n
}

// is reads IS [NOT] what, of which IS [NOT] DISTINCT FROM is a comparison.
func (p *parser) is(x ast.Expr, prec int) (ast.Expr, bool) {
	at := p.tok()
	n := 1
	not := p.ahead(n).word("NOT")
	if not {
		n++
	}
	if p.ahead(n).word("DISTINCT") && p.ahead(n+1).word("FROM") {
		if precCompare < prec {
			return nil, false
		}
		op := ast.OpDistinct
		if not {
			op = ast.OpNotDistinct
		}
		p.i += n + 2
		p.mustStartExpr(p.i - 1)
		right := p.binary(precCompare + 1)
		return &ast.Binary{Span: p.from(x.Pos()), Op: op, OpPos: at.pos, L: x, R: right}, true
	}
	if precIs < prec {
		return nil, false
	}
	var kind ast.IsKind
	words := 1
	switch w := p.ahead(n); {
	case w.word("NULL"), w.word("TRUE"), w.word("FALSE"), w.word("UNKNOWN"), w.word("EMPTY"):
		kind = ast.IsKind(w.upper)
	case w.word("JSON"):
		kind = ast.IsJSONValue
		switch v := p.ahead(n + 1); v.upper {
		case "VALUE", "OBJECT", "ARRAY", "SCALAR":
			if v.kind == tokWord {
				kind, words = ast.IsKind("JSON "+v.upper), 2
			}
		}
	case w.word("A") && p.ahead(n+1).word("SET"):
		kind, words = ast.IsSet, 2
	default:
		if not {
			p.unexpectedAt(min(p.i+n, len(p.toks)-1), "NULL", "TRUE", "FALSE", "UNKNOWN", "DISTINCT FROM", "JSON")
		}
		p.bail(at.pos, "IS must be followed by [NOT] NULL, TRUE, FALSE, UNKNOWN, DISTINCT FROM or JSON, found %s", w.describe())
	}
	p.i += n + words
	return &ast.Is{Span: p.from(x.Pos()), X: x, Not: not, What: kind}, true
}

// parens reads (query) or (a, b, …). An expression in parentheses of its own
// that turns out to be a query counts as the query.
func (p *parser) parens() (*ast.Query, []ast.Expr) {
	p.enter()
	defer p.leave()
	if !p.atSym("(") {
		p.unexpected(`"("`)
	}
	p.next()
	q, items := p.parensBody()
	p.expectSym(")")
	return q, items
}

// parensBody reads what stands between parentheses.
func (p *parser) parensBody() (*ast.Query, []ast.Expr) {
	if p.startsQuery() {
		return p.query(), nil
	}
	nested := p.atSym("(")
	first := p.rowItem()
	if sub, ok := first.(*ast.Subquery); ok && nested {
		if p.atQueryTail() {
			return p.queryTail(sub.Pos(), nil, unwrap(sub.Query)), nil
		}
		if p.atSym(")") {
			return sub.Query, nil
		}
	}
	items := []ast.Expr{first}
	for p.acceptSym(",") {
		items = append(items, p.rowItem())
	}
	return nil, items
}

// rowItem is a value of a row constructor, where DEFAULT may stand.
func (p *parser) rowItem() ast.Expr {
	if t := p.tok(); t.word("DEFAULT") {
		p.next()
		return &ast.Default{Span: p.from(t.pos)}
	}
	return p.expr()
}

// startsQuery tells whether a query (not in parentheses) stands here.
func (p *parser) startsQuery() bool {
	return p.atAny("SELECT", "WITH", "VALUES") || (p.at("TABLE") && p.ahead(1).isName() && !p.ahead(1).is("("))
}

// atQueryTail tells whether what stands here can only follow a query.
func (p *parser) atQueryTail() bool {
	return p.atAny("UNION", "INTERSECT", "EXCEPT", "MINUS", "ORDER", "LIMIT", "OFFSET", "FETCH")
}
