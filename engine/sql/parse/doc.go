// Package parse reads Flink's SQL dialect into a syntax tree.
//
// It accepts what Flink's own parser accepts (reserved words included) and
// answers every mistake with an *ast.Error at the offending token. It never
// panics, never backtracks, and bounds its depth: time is linear in the input.
package parse

import (
	"strings"

	"github.com/weir-streams/weir/engine/sql/ast"
)

// Errors are the mistakes of a script, at most one a statement, in order.
type Errors []*ast.Error

// Error gives one line a mistake.
func (e Errors) Error() string {
	lines := make([]string, len(e))
	for i, err := range e {
		lines[i] = err.Error()
	}
	return strings.Join(lines, "\n")
}

// Unwrap lets errors.As find the single mistakes.
func (e Errors) Unwrap() []error {
	out := make([]error, len(e))
	for i, err := range e {
		out[i] = err
	}
	return out
}

// Script parses statements separated by semicolons. A mistake loses its own
// statement only: the others are returned together with the Errors.
// BEGIN STATEMENT SET; … END; becomes one *ast.StatementSet.
func Script(src string) ([]ast.Statement, error) {
	var (
		out  []ast.Statement
		errs Errors
	)
	for _, part := range split(lex(src)) {
		stmt, err := parseStatement(src, part)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		out = append(out, stmt)
	}
	out, errs = joinStatementSets(out, errs)
	if len(errs) > 0 {
		return out, errs
	}
	return out, nil
}

// Statement parses exactly one statement; one closing semicolon is allowed.
// The error is an *ast.Error.
func Statement(src string) (ast.Statement, error) {
	parts := split(lex(src))
	switch len(parts) {
	case 0:
		return nil, ast.Errorf(ast.Pos{}, "the statement is empty")
	case 1:
	default:
		for _, part := range parts {
			if _, err := parseStatement(src, part); err == nil {
				continue
			}
			if err := run(src, part, func(p *parser) { p.expr(); p.expectEnd() }); err == nil {
				return nil, ast.Errorf(part[0].pos, "Non-query expression encountered in illegal context")
			}
		}
		return nil, ast.Planf(parts[1][0].pos, "only single statement supported here, found %d", len(parts))
	}
	stmt, err := parseStatement(src, parts[0])
	if err != nil {
		return nil, err
	}
	return stmt, nil
}

// Expression parses one expression. The error is an *ast.Error.
func Expression(src string) (ast.Expr, error) {
	var e ast.Expr
	err := run(src, lex(src), func(p *parser) {
		e = p.expr()
		p.expectEnd()
	})
	if err != nil {
		return nil, err
	}
	return e, nil
}

// DataType parses one type, such as ROW<a INT NOT NULL, b ARRAY<STRING>>.
func DataType(src string) (*ast.DataType, error) {
	var t *ast.DataType
	err := run(src, lex(src), func(p *parser) {
		t = p.dataType(true)
		p.expectEnd()
	})
	if err != nil {
		return nil, err
	}
	return t, nil
}

// Fragment is the text of one statement of a script, without its semicolon,
// and the place of its first character.
type Fragment struct {
	Text string
	Pos  ast.Pos
}

// Split cuts a script at its semicolons without parsing it: not inside strings,
// quotes, comments, or EXECUTE STATEMENT SET BEGIN … END. Empty statements are
// left out.
func Split(src string) []Fragment {
	var out []Fragment
	for _, part := range split(lex(src)) {
		first, last := part[0], part[len(part)-1]
		out = append(out, Fragment{Text: src[first.start:last.start], Pos: first.pos})
	}
	return out
}

// split cuts tokens into statements; each part ends with an end token, which
// takes the place of the semicolon.
func split(toks []token) [][]token {
	var (
		out   [][]token
		block blockTracker
		begin int
	)
	for i, t := range toks {
		if t.kind != tokEnd && (!t.is(";") || block.open) {
			block.see(t)
			continue
		}
		if i > begin {
			last := toks[i-1]
			toks[i] = token{kind: tokEnd, pos: last.end, end: last.end, start: last.stop, stop: last.stop}
			out = append(out, toks[begin:i+1])
		}
		begin, block = i+1, blockTracker{}
	}
	return out
}

// blockTracker knows whether a semicolon stands inside STATEMENT SET BEGIN … END.
type blockTracker struct {
	state int // words of STATEMENT SET BEGIN seen in a row
	open  bool
	cases int // CASE … END inside
}

func (b *blockTracker) see(t token) {
	w := t.upper
	if t.kind != tokWord {
		w = ""
	}
	if b.open {
		switch {
		case w == "CASE":
			b.cases++
		case w == "END" && b.cases > 0:
			b.cases--
		case w == "END":
			b.open = false
		}
		return
	}
	switch {
	case w == "STATEMENT":
		b.state = 1
	case w == "SET" && b.state == 1:
		b.state = 2
	case w == "BEGIN" && b.state == 2:
		b.open, b.state = true, 0
	default:
		b.state = 0
	}
}

func parseStatement(src string, toks []token) (ast.Statement, *ast.Error) {
	var stmt ast.Statement
	err := run(src, toks, func(p *parser) {
		stmt = p.statement()
		p.expectEnd()
	})
	return stmt, err
}

// joinStatementSets folds BEGIN STATEMENT SET, INSERT …, END into one statement.
func joinStatementSets(in []ast.Statement, errs Errors) ([]ast.Statement, Errors) {
	var (
		out  []ast.Statement
		open *ast.StatementSet
	)
	for _, s := range in {
		switch s := s.(type) {
		case *ast.BeginStatementSet:
			if open != nil {
				errs = append(errs, ast.Errorf(s.Pos(), "BEGIN STATEMENT SET inside a statement set; END the first one before"))
				continue
			}
			open = &ast.StatementSet{Span: s.Span}
		case *ast.EndStatementSet:
			switch {
			case open == nil:
				errs = append(errs, ast.Errorf(s.Pos(), "END without BEGIN STATEMENT SET"))
			case len(open.Inserts) == 0 && len(errs) == 0:
				errs = append(errs, ast.Errorf(s.Pos(), "the statement set holds no INSERT"))
			case len(open.Inserts) > 0:
				open.End = s.End
				out = append(out, open)
			}
			open = nil
		case *ast.Insert:
			if open != nil {
				open.Inserts = append(open.Inserts, s)
			} else {
				out = append(out, s)
			}
		default:
			if open != nil {
				errs = append(errs, ast.Errorf(s.Pos(), "only INSERT statements may stand in a statement set"))
				continue
			}
			out = append(out, s)
		}
	}
	if open != nil {
		errs = append(errs, ast.Errorf(open.Pos(), "BEGIN STATEMENT SET without END"))
	}
	return out, errs
}
