package parse

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/weir-streams/weir/engine/sql/ast"
)

type tokenKind uint8

const (
	tokEnd     tokenKind = iota
	tokWord              // an unquoted name or keyword
	tokQuoted            // `name`
	tokString            // 'text', quotes undone
	tokBinary            // X'0aff'
	tokInt               // 12
	tokDecimal           // 1.5  .5  5.
	tokDouble            // 1e0
	tokSymbol            // punctuation, including /*+ and */
	tokBad               // a lexical error; text is the message
)

// token is one word of the source. text is the value without quotes, upper the
// upper case of a word; start and stop are byte offsets.
type token struct {
	kind        tokenKind
	text, upper string
	pos, end    ast.Pos
	start, stop int
}

// is tells whether the token is the given symbol.
func (t token) is(symbol string) bool { return t.kind == tokSymbol && t.text == symbol }

// word tells whether the token is the given keyword (upper case).
func (t token) word(w string) bool { return t.kind == tokWord && t.upper == w }

// describe names the token for an error message.
func (t token) describe() string {
	switch t.kind {
	case tokEnd:
		return "the end of the statement"
	case tokString:
		return "the string '" + shorten(t.text) + "'"
	case tokQuoted:
		return "`" + shorten(t.text) + "`"
	case tokBinary:
		return "X'" + shorten(t.text) + "'"
	default:
		return fmt.Sprintf("%q", shorten(t.text))
	}
}

func shorten(s string) string {
	if r := []rune(s); len(r) > 40 {
		return string(r[:40]) + "…"
	}
	return s
}

// lexer walks the source once. line and column are those of src[at].
type lexer struct {
	src          string
	at           int
	line, column int
	last         ast.Pos // of the character before
	out          []token
}

// lex cuts the source into tokens; the last one is a tokEnd. Lexical errors
// are tokens too, so that they count only where the parser meets them.
func lex(src string) []token {
	l := &lexer{src: src, line: 1, column: 1, out: make([]token, 0, len(src)/5+2)}
	for l.next() {
	}
	l.out = append(l.out, token{kind: tokEnd, pos: l.endPos(), end: l.endPos(), start: len(src), stop: len(src)})
	return l.out
}

func (l *lexer) endPos() ast.Pos {
	if len(l.out) == 0 {
		return ast.Pos{}
	}
	return l.out[len(l.out)-1].end
}

func (l *lexer) pos() ast.Pos { return ast.Pos{Line: l.line, Column: l.column} }

func (l *lexer) peek(ahead int) byte {
	if l.at+ahead < len(l.src) {
		return l.src[l.at+ahead]
	}
	return 0
}

// advance steps over one character.
func (l *lexer) advance() {
	l.last = l.pos()
	c := l.src[l.at]
	switch {
	case c == '\n', c == '\r' && l.peek(1) != '\n':
		l.line++
		l.column = 1
		l.at++
	case c < utf8.RuneSelf:
		l.column++
		l.at++
	default:
		_, n := utf8.DecodeRuneInString(l.src[l.at:])
		l.column++
		l.at += n
	}
}

func (l *lexer) emit(kind tokenKind, from int, pos ast.Pos, text string) {
	t := token{kind: kind, text: text, pos: pos, end: l.last, start: from, stop: l.at}
	if kind == tokWord {
		t.upper = strings.ToUpper(text)
	}
	l.out = append(l.out, t)
}

// next reads one token; false at the end of the source.
func (l *lexer) next() bool {
	if !l.skipBlanks() {
		return l.at < len(l.src)
	}
	from, pos := l.at, l.pos()
	c := l.src[l.at]
	switch {
	case c == '\'':
		l.quoted('\'', tokString, from, pos, "the string is not closed: a ' is missing")
	case c == '`':
		l.quoted('`', tokQuoted, from, pos, "the quoted name is not closed: a ` is missing")
	case c >= '0' && c <= '9', c == '.' && isDigit(l.peek(1)):
		l.number(from, pos)
	case (c == 'x' || c == 'X') && l.peek(1) == '\'':
		l.advance()
		l.binary(from, pos)
	case (c == 'n' || c == 'N') && l.peek(1) == '\'':
		l.advance()
		l.quoted('\'', tokString, from, pos, "the string is not closed: a ' is missing")
	case (c == 'u' || c == 'U') && l.peek(1) == '&' && l.peek(2) == '\'':
		l.advance()
		l.advance()
		l.unicodeString(from, pos)
	case c == '_' && l.charset():
		l.quoted('\'', tokString, from, pos, "the string is not closed: a ' is missing")
	case l.nameStart():
		for l.at < len(l.src) && l.namePart() {
			l.advance()
		}
		text := l.src[from:l.at]
		if text == "$" {
			l.emit(tokSymbol, from, pos, text)
		} else {
			l.emit(tokWord, from, pos, text)
		}
	default:
		l.symbol(from, pos)
	}
	return true
}

// skipBlanks steps over blanks and comments; false if nothing is left or a
// comment was not closed (then an error token was emitted).
func (l *lexer) skipBlanks() bool {
	for l.at < len(l.src) {
		c := l.src[l.at]
		switch {
		case c == ' ', c == '\t', c == '\n', c == '\r', c == '\f':
			l.advance()
		case c == '-' && l.peek(1) == '-', c == '/' && l.peek(1) == '/':
			for l.at < len(l.src) && l.src[l.at] != '\n' && l.src[l.at] != '\r' {
				l.advance()
			}
		case c == '/' && l.peek(1) == '*' && l.peek(2) != '+':
			from, pos := l.at, l.pos()
			end := strings.Index(l.src[l.at+2:], "*/")
			stop := len(l.src)
			if end >= 0 {
				stop = l.at + 2 + end + 2
			}
			for l.at < stop {
				l.advance()
			}
			if end < 0 {
				l.emit(tokBad, from, pos, "the comment is not closed: */ is missing")
				return false
			}
		case c >= utf8.RuneSelf:
			r, _ := utf8.DecodeRuneInString(l.src[l.at:])
			if !unicode.IsSpace(r) && r != '\ufeff' {
				return true
			}
			l.advance()
		default:
			return true
		}
	}
	return false
}

// quoted reads 'text' or `text`, the quote doubled inside.
func (l *lexer) quoted(quote byte, kind tokenKind, from int, pos ast.Pos, unclosed string) {
	l.advance()
	begin := l.at
	doubled := false
	for l.at < len(l.src) {
		if l.src[l.at] != quote {
			l.advance()
			continue
		}
		if l.peek(1) == quote {
			doubled = true
			l.advance()
			l.advance()
			continue
		}
		text := l.src[begin:l.at]
		if doubled {
			q := string(quote)
			text = strings.ReplaceAll(text, q+q, q)
		}
		l.advance()
		if kind == tokQuoted && text == "" {
			l.emit(tokBad, from, pos, "a quoted name must not be empty")
			return
		}
		l.emit(kind, from, pos, text)
		return
	}
	l.emit(tokBad, from, pos, unclosed)
}

func (l *lexer) binary(from int, pos ast.Pos) {
	l.quoted('\'', tokBinary, from, pos, "the binary literal is not closed: a ' is missing")
	t := &l.out[len(l.out)-1]
	if t.kind != tokBinary {
		return
	}
	for _, c := range t.text {
		if !strings.ContainsRune("0123456789abcdefABCDEF", c) {
			t.kind, t.text = tokBad, fmt.Sprintf("a binary literal holds hexadecimal digits only, not %q", c)
			return
		}
	}
	if len(t.text)%2 != 0 {
		t.kind, t.text = tokBad, "a binary literal needs an even number of hexadecimal digits"
	}
}

// unicodeString reads U&'…\0041…', optionally followed by UESCAPE 'c'.
func (l *lexer) unicodeString(from int, pos ast.Pos) {
	l.quoted('\'', tokString, from, pos, "the string is not closed: a ' is missing")
	i := len(l.out) - 1
	if l.out[i].kind != tokString {
		return
	}
	escape := '\\'
	save := *l
	if l.skipBlanks() && len(l.src)-l.at >= 7 && strings.EqualFold(l.src[l.at:l.at+7], "UESCAPE") {
		for range 7 {
			l.advance()
		}
		if l.skipBlanks() && l.src[l.at] == '\'' {
			l.quoted('\'', tokString, l.at, l.pos(), "the string is not closed: a ' is missing")
			last := l.out[len(l.out)-1]
			l.out = l.out[:len(l.out)-1]
			if r := []rune(last.text); last.kind == tokString && len(r) == 1 {
				escape = r[0]
				l.out[i].end, l.out[i].stop = last.end, last.stop
			} else {
				l.out[i].kind, l.out[i].text = tokBad, "UESCAPE needs a string of one character"
				return
			}
		}
	} else {
		out := l.out
		*l = save
		l.out = out[:i+1]
	}
	text, err := unescape(l.out[i].text, escape)
	if err != "" {
		l.out[i].kind, l.out[i].text = tokBad, err
		return
	}
	l.out[i].text = text
}

func unescape(s string, escape rune) (string, string) {
	var b strings.Builder
	rs := []rune(s)
	for i := 0; i < len(rs); i++ {
		if rs[i] != escape {
			b.WriteRune(rs[i])
			continue
		}
		if i+1 < len(rs) && rs[i+1] == escape {
			b.WriteRune(escape)
			i++
			continue
		}
		if i+4 >= len(rs) {
			return "", "a Unicode escape needs four hexadecimal digits"
		}
		var v rune
		for _, c := range rs[i+1 : i+5] {
			d := strings.IndexRune("0123456789abcdef", unicode.ToLower(c))
			if d < 0 {
				return "", "a Unicode escape needs four hexadecimal digits"
			}
			v = v<<4 | rune(d)
		}
		b.WriteRune(v)
		i += 4
	}
	return b.String(), ""
}

// charset steps over _UTF16 before a string; false (and no step) if there is none.
func (l *lexer) charset() bool {
	i := l.at + 1
	for i < len(l.src) && (isDigit(l.src[i]) || isLetter(l.src[i]) || strings.IndexByte("_-:.", l.src[i]) >= 0) {
		i++
	}
	if i == l.at+1 || i >= len(l.src) || l.src[i] != '\'' {
		return false
	}
	for l.at < i {
		l.advance()
	}
	return true
}

func (l *lexer) number(from int, pos ast.Pos) {
	kind := tokInt
	digits := func() {
		for isDigit(l.peek(0)) {
			l.advance()
		}
	}
	digits()
	if l.peek(0) == '.' {
		kind = tokDecimal
		l.advance()
		digits()
	}
	if c := l.peek(0); c == 'e' || c == 'E' {
		sign := 1
		if s := l.peek(1); s == '+' || s == '-' {
			sign = 2
		}
		if isDigit(l.peek(sign)) {
			kind = tokDouble
			for range sign {
				l.advance()
			}
			digits()
		}
	}
	l.emit(kind, from, pos, l.src[from:l.at])
}

var symbols = []string{"/*+", "*/", "<>", "!=", "<=", ">=", "=>", "||", "**"}

func (l *lexer) symbol(from int, pos ast.Pos) {
	for _, s := range symbols {
		if strings.HasPrefix(l.src[l.at:], s) {
			for range s {
				l.advance()
			}
			l.emit(tokSymbol, from, pos, s)
			return
		}
	}
	c := l.src[l.at]
	l.advance()
	if strings.IndexByte("()[]{}<>=+-*/%.,;:?|^", c) >= 0 {
		l.emit(tokSymbol, from, pos, l.src[from:l.at])
		return
	}
	text := l.src[from:l.at]
	switch {
	case c == '"':
		l.emit(tokBad, from, pos, "double quotes are not used in SQL here; write 'text' for a string and `name` for a name")
	case !utf8.ValidString(text):
		l.emit(tokBad, from, pos, "the text is not valid UTF-8")
	default:
		l.emit(tokBad, from, pos, fmt.Sprintf("the character %q has no meaning here", text))
	}
}

func isDigit(c byte) bool  { return c >= '0' && c <= '9' }
func isLetter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }

func (l *lexer) nameStart() bool {
	c := l.src[l.at]
	if c < utf8.RuneSelf {
		return isLetter(c) || c == '_' || c == '$'
	}
	r, _ := utf8.DecodeRuneInString(l.src[l.at:])
	return r != utf8.RuneError && unicode.IsLetter(r)
}

func (l *lexer) namePart() bool {
	c := l.src[l.at]
	if c < utf8.RuneSelf {
		return isLetter(c) || isDigit(c) || c == '_' || c == '$'
	}
	r, _ := utf8.DecodeRuneInString(l.src[l.at:])
	return r != utf8.RuneError && (unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.Is(unicode.Mn, r))
}
