package parse

import "github.com/weir-streams/weir/engine/sql/ast"

// TokenEnd is the place of the last character of the word, string or sign that
// begins at a place; the place itself if none begins there.
func TokenEnd(src string, pos ast.Pos) ast.Pos {
	for _, t := range lex(src) {
		if t.pos == pos && t.kind != tokEnd {
			return t.end
		}
	}
	return pos
}

// WordKind tells what a Word is.
type WordKind int

// Kinds of words.
const (
	PlainWord  WordKind = iota // an unquoted name or keyword
	QuotedWord                 // `name`
	StringWord                 // 'text'
	NumberWord
	SignWord   // punctuation
	BrokenWord // a string, name or comment that is not closed, or no SQL
)

// Word is one word of a text that need not be a whole statement.
type Word struct {
	Kind        WordKind
	Text        string // without quotes
	Upper       string // of a PlainWord: in upper case
	Start, Stop int    // byte offsets
}

// Is tells whether the word is a keyword (in upper case) or a sign.
func (w Word) Is(text string) bool {
	return w.Kind == PlainWord && w.Upper == text || w.Kind == SignWord && w.Text == text
}

// Named tells whether the word may be a name.
func (w Word) Named() bool { return w.Kind == PlainWord || w.Kind == QuotedWord }

// Words cuts any text into words. Comments are left out.
func Words(src string) []Word {
	toks := lex(src)
	out := make([]Word, 0, len(toks))
	for _, t := range toks {
		w := Word{Text: t.text, Upper: t.upper, Start: t.start, Stop: t.stop}
		switch t.kind {
		case tokEnd:
			continue
		case tokWord:
		case tokQuoted:
			w.Kind = QuotedWord
		case tokString, tokBinary:
			w.Kind = StringWord
		case tokInt, tokDecimal, tokDouble:
			w.Kind = NumberWord
		case tokSymbol:
			w.Kind = SignWord
		default:
			w.Kind = BrokenWord
		}
		out = append(out, w)
	}
	return out
}
