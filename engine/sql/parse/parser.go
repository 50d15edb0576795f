package parse

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/weir-streams/weir/engine/sql/ast"
)

// maxDepth bounds nesting, maxChain the number of operators at one level
// (a + b + c …), whose tree is as deep as the chain is long.
const (
	maxDepth = 1000
	maxChain = 50_000
)

// parser reads one statement. Its methods leave by bail at the first mistake;
// run turns that into the error. The panic never crosses the package.
type parser struct {
	src   string
	toks  []token
	i     int
	depth int
	// alias is the index of the last implicit alias: a misspelt keyword
	// (SELECT a FORM t) is mostly taken for one.
	alias int
	// star is the index where * or t.* may stand: the start of a SELECT item.
	star int
}

type bailout struct{ err *ast.Error }

func run(src string, toks []token, f func(p *parser)) (err *ast.Error) {
	defer func() {
		if r := recover(); r != nil {
			b, ok := r.(bailout)
			if !ok {
				panic(r)
			}
			err = b.err
		}
	}()
	f(&parser{src: src, toks: toks, alias: -1, star: -1})
	return nil
}

// bail leaves the statement with an error.
func (p *parser) bail(pos ast.Pos, format string, args ...any) {
	panic(bailout{ast.Errorf(pos, format, args...)})
}

// enter counts nesting; call leave on the way out.
func (p *parser) enter() {
	p.depth++
	if p.depth > maxDepth {
		p.bail(p.tok().pos, "the statement is nested more than %d levels deep", maxDepth)
	}
}

func (p *parser) leave() { p.depth-- }

func (p *parser) tok() token { return p.toks[p.i] }

// ahead looks n tokens on.
func (p *parser) ahead(n int) token {
	if p.i+n < len(p.toks) {
		return p.toks[p.i+n]
	}
	return p.toks[len(p.toks)-1]
}

func (p *parser) next() token {
	t := p.toks[p.i]
	if t.kind == tokBad {
		p.bail(t.pos, "%s", t.text)
	}
	if p.i < len(p.toks)-1 {
		p.i++
	}
	return t
}

// from makes the span of a node that began at start and ends before the current token.
func (p *parser) from(start ast.Pos) ast.Span {
	if p.i == 0 {
		return ast.Span{Start: start, End: start}
	}
	return ast.Span{Start: start, End: p.toks[p.i-1].end}
}

func (p *parser) here() ast.Pos { return p.tok().pos }

func (p *parser) atSym(s string) bool { return p.tok().is(s) }

func (p *parser) at(words ...string) bool {
	for n, w := range words {
		if !p.ahead(n).word(w) {
			return false
		}
	}
	return true
}

// atAny tells which of the words stands here, if any.
func (p *parser) atAny(words ...string) bool {
	t := p.tok()
	if t.kind != tokWord {
		return false
	}
	for _, w := range words {
		if t.upper == w {
			return true
		}
	}
	return false
}

// accept steps over the words if all of them stand here.
func (p *parser) accept(words ...string) bool {
	if !p.at(words...) {
		return false
	}
	p.i += len(words)
	return true
}

func (p *parser) acceptSym(s string) bool {
	if !p.atSym(s) {
		return false
	}
	p.next()
	return true
}

// expect steps over the words or fails at the first that is not there.
func (p *parser) expect(words ...string) {
	for _, w := range words {
		if !p.at(w) {
			p.unexpected(w)
		}
		p.next()
	}
}

func (p *parser) expectSym(s string) {
	if !p.atSym(s) {
		p.unexpected(fmt.Sprintf("%q", s))
	}
	p.next()
}

func (p *parser) expectEnd() {
	if t := p.tok(); t.kind != tokEnd {
		p.unexpected("the end of the statement")
	}
}

// oneOf steps over one of the words and tells which.
func (p *parser) oneOf(words ...string) string {
	if !p.atAny(words...) {
		p.unexpected(words...)
	}
	return p.next().upper
}

// unexpected fails at the current token, naming what could stand there.
func (p *parser) unexpected(want ...string) {
	p.unexpectedAt(p.i, want...)
}

func (p *parser) unexpectedAt(i int, want ...string) {
	t := p.toks[i]
	if t.kind == tokBad {
		p.bail(t.pos, "%s", t.text)
	}
	msg := "unexpected " + t.describe()
	if len(want) > 0 {
		msg += ", expected " + list(want)
	}
	if t.kind == tokWord {
		if near := nearest(t.upper, want); near != "" {
			msg += fmt.Sprintf("; did you mean %s?", near)
		} else if ast.IsReserved(t.upper) && wantsName(want) {
			msg += fmt.Sprintf("; %s is a reserved word, a name must be quoted: `%s`", t.upper, t.text)
		}
	}
	if p.alias >= 0 && p.alias == i-1 {
		a := p.toks[p.alias]
		if near := nearest(a.upper, clauseWords); near != "" {
			msg += fmt.Sprintf("; did you mean %s instead of %q before it?", near, a.text)
		}
	}
	p.bail(t.pos, "%s", msg)
}

var clauseWords = []string{
	"FROM", "WHERE", "GROUP", "HAVING", "ORDER", "LIMIT", "UNION", "INTERSECT", "EXCEPT", "JOIN", "LEFT", "RIGHT", "FULL",
	"INNER", "CROSS", "ON", "WINDOW", "QUALIFY", "OFFSET", "FETCH", "MATCH_RECOGNIZE",
}

func wantsName(want []string) bool {
	for _, w := range want {
		if strings.Contains(w, "name") {
			return true
		}
	}
	return false
}

func list(words []string) string {
	switch len(words) {
	case 1:
		return words[0]
	default:
		return strings.Join(words[:len(words)-1], ", ") + " or " + words[len(words)-1]
	}
}

// nearest finds the candidate within two edits of a misspelt word; a word that
// is itself a candidate has no nearest.
func nearest(word string, candidates []string) string {
	if len(word) > 40 {
		return ""
	}
	best, bestDist := "", 3
	for _, c := range candidates {
		c = strings.Trim(c, `"`)
		if len(c) < 2 || strings.Contains(c, " ") || c == word {
			continue
		}
		limit := 1
		if len(c) > 4 {
			limit = 2
		}
		if d := distance(word, c); d <= limit && d < bestDist {
			best, bestDist = c, d
		}
	}
	return best
}

// distance counts edits, a swap of neighbours as one.
func distance(a, b string) int {
	if d := len(a) - len(b); d > 2 || d < -2 {
		return 3
	}
	prev2, prev, cur := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range prev {
		prev[j] = j
	}
	for i := 1; i <= len(a); i++ {
		cur[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			cur[j] = min(prev[j]+1, cur[j-1]+1, prev[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				cur[j] = min(cur[j], prev2[j-2]+1)
			}
		}
		prev2, prev, cur = prev, cur, prev2
	}
	return prev[len(b)]
}

// isName tells whether a token can stand as a name.
func (t token) isName() bool {
	return t.kind == tokQuoted || (t.kind == tokWord && !ast.IsReserved(t.upper))
}

func (p *parser) ident() ast.Ident { return p.identAs("a name") }

func (p *parser) identAs(what string) ast.Ident {
	t := p.tok()
	if !t.isName() {
		p.unexpected(what)
	}
	p.next()
	return ast.Ident{Span: ast.Span{Start: t.pos, End: t.end}, Name: t.text, Quoted: t.kind == tokQuoted}
}

// name reads a dotted path.
func (p *parser) name() *ast.Name { return p.nameAs("a name") }

func (p *parser) nameAs(what string) *ast.Name {
	start := p.here()
	parts := []ast.Ident{p.identAs(what)}
	for p.atSym(".") {
		p.next()
		parts = append(parts, p.identAs("a name after the dot"))
	}
	return &ast.Name{Span: p.from(start), Parts: parts}
}

// identList reads (a, b, …).
func (p *parser) identList() []ast.Ident {
	p.expectSym("(")
	out := []ast.Ident{p.ident()}
	for p.acceptSym(",") {
		out = append(out, p.ident())
	}
	p.expectSym(")")
	return out
}

// str reads one string literal. One that follows on another line continues it,
// as in the standard; on the same line that is a mistake.
func (p *parser) str(what string) string {
	if p.tok().kind != tokString {
		p.unexpected(what)
	}
	last := p.next()
	if p.tok().kind != tokString {
		return last.text
	}
	var b strings.Builder
	b.WriteString(last.text)
	for p.tok().kind == tokString {
		if p.tok().pos.Line == last.end.Line {
			p.bail(p.here(), "a string is continued by another on the same line; join them with || or put a comma between")
		}
		last = p.next()
		b.WriteString(last.text)
	}
	return b.String()
}

func (p *parser) number(what string) int {
	t := p.tok()
	if t.kind != tokInt {
		p.unexpected(what)
	}
	n, err := strconv.ParseInt(t.text, 10, 32)
	if err != nil {
		p.bail(t.pos, "the number %s is too large", shorten(t.text))
	}
	p.next()
	return int(n)
}

// comma reads item, item, ….
func (p *parser) comma(item func()) {
	item()
	for p.acceptSym(",") {
		item()
	}
}
