package parse

import "github.com/weir-streams/weir/engine/sql/ast"

// matchOpt reads MATCH_RECOGNIZE (…), if it stands here.
func (p *parser) matchOpt(input ast.TableRef) ast.TableRef {
	if !p.at("MATCH_RECOGNIZE") {
		return input
	}
	p.notJoin(input)
	p.next()
	p.expectSym("(")
	m := &ast.MatchRecognize{Input: input}
	if p.accept("PARTITION") {
		p.expect("BY")
		m.PartitionBy = p.exprs()
	}
	if p.at("ORDER") {
		m.OrderBy = p.orderBy()
	}
	if p.accept("MEASURES") {
		p.comma(func() {
			start := p.here()
			item := ast.SelectItem{Expr: p.expr()}
			p.expect("AS")
			id := p.ident()
			item.Alias = &id
			item.Span = p.from(start)
			m.Measures = append(m.Measures, item)
		})
	}
	m.RowsPerMatch = p.rowsPerMatch()
	if p.at("AFTER") {
		m.After = p.afterMatch()
	}
	p.expect("PATTERN")
	p.expectSym("(")
	m.StartAnchor = p.acceptSym("^")
	m.Pattern = p.patternAlt()
	m.EndAnchor = p.acceptSym("$")
	p.expectSym(")")
	if p.accept("WITHIN") {
		if !p.at("INTERVAL") {
			p.unexpected("INTERVAL")
		}
		m.Within = p.interval()
	}
	if p.accept("SUBSET") {
		p.comma(func() {
			start := p.here()
			s := ast.PatternSubset{Name: p.ident()}
			p.expectSym("=")
			s.Items = p.identList()
			s.Span = p.from(start)
			m.Subsets = append(m.Subsets, s)
		})
	}
	p.expect("DEFINE")
	p.comma(func() {
		start := p.here()
		d := ast.PatternDefine{Name: p.ident()}
		p.expect("AS")
		d.Cond = p.expr()
		d.Span = p.from(start)
		m.Define = append(m.Define, d)
	})
	p.expectSym(")")
	m.Span = p.from(input.Pos())
	return m
}

func (p *parser) rowsPerMatch() string {
	switch {
	case p.accept("ONE"):
		p.expect("ROW", "PER", "MATCH")
		return "ONE"
	case p.accept("ALL"):
		p.expect("ROWS", "PER", "MATCH")
		return "ALL"
	}
	return ""
}

func (p *parser) afterMatch() *ast.AfterMatch {
	start := p.next().pos
	p.expect("MATCH", "SKIP")
	a := &ast.AfterMatch{Kind: ast.SkipPastLastRow}
	if p.accept("PAST") {
		p.expect("LAST", "ROW")
		a.Span = p.from(start)
		return a
	}
	p.expect("TO")
	switch {
	case p.accept("NEXT", "ROW"):
		a.Kind = ast.SkipToNextRow
	case p.at("FIRST") && p.ahead(1).isName():
		p.next()
		id := p.ident()
		a.Kind, a.Variable = ast.SkipToFirst, &id
	default:
		if p.at("LAST") && p.ahead(1).isName() {
			p.next()
		}
		id := p.identAs("a pattern variable")
		a.Kind, a.Variable = ast.SkipToLast, &id
	}
	a.Span = p.from(start)
	return a
}

func (p *parser) patternAlt() ast.Pattern {
	p.enter()
	defer p.leave()
	items := []ast.Pattern{p.patternSeq()}
	for p.acceptSym("|") {
		items = append(items, p.patternSeq())
	}
	if len(items) == 1 {
		return items[0]
	}
	return &ast.PatternAlt{Span: p.from(items[0].Pos()), Items: items}
}

func (p *parser) patternSeq() ast.Pattern {
	items := []ast.Pattern{p.patternRepeat()}
	for p.atPattern() {
		items = append(items, p.patternRepeat())
	}
	if len(items) == 1 {
		return items[0]
	}
	return &ast.PatternSeq{Span: p.from(items[0].Pos()), Items: items}
}

func (p *parser) atPattern() bool {
	t := p.tok()
	return t.isName() || t.word("PERMUTE") || t.is("(") || t.is("{")
}

func (p *parser) patternRepeat() ast.Pattern {
	item := p.patternPrimary()
	r := &ast.PatternRepeat{Item: item}
	switch {
	case p.acceptSym("*"):
		r.Max = -1
	case p.acceptSym("+"):
		r.Min, r.Max = 1, -1
	case p.acceptSym("?"):
		r.Max = 1
	case p.atSym("{") && !p.ahead(1).is("-"):
		p.next()
		if p.acceptSym(",") {
			r.Min, r.Max = -1, p.number("a number")
		} else {
			r.Min = p.number("a number")
			r.Max = r.Min
			if p.acceptSym(",") {
				r.Max = -1
				if !p.atSym("}") {
					r.Max = p.number("a number")
				}
			}
		}
		p.expectSym("}")
	default:
		return item
	}
	r.Reluctant = p.acceptSym("?")
	r.Span = p.from(item.Pos())
	return r
}

func (p *parser) patternPrimary() ast.Pattern {
	t := p.tok()
	switch {
	case t.isName():
		id := p.ident()
		return &ast.PatternVar{Span: id.Span, Name: id}
	case t.is("("):
		p.next()
		inner := p.patternAlt()
		p.expectSym(")")
		return inner
	case t.is("{"):
		p.next()
		p.expectSym("-")
		inner := p.patternAlt()
		p.expectSym("-")
		p.expectSym("}")
		return &ast.PatternExclude{Span: p.from(t.pos), Item: inner}
	case t.word("PERMUTE"):
		p.next()
		p.expectSym("(")
		n := &ast.PatternPermute{}
		p.comma(func() { n.Items = append(n.Items, p.patternAlt()) })
		p.expectSym(")")
		n.Span = p.from(t.pos)
		return n
	}
	p.unexpected("a pattern variable", `"("`)
	return nil
}
