package parse

import (
	"strings"
	"testing"
)

// FuzzLexer holds the lexer to the text: tokens lie in it one after the other,
// and statements split off are its pieces in order.
func FuzzLexer(f *testing.F) {
	for _, s := range []string{
		"SELECT `a``b`, 'it''s', x'0F', U&'\\0041', 1.5e-3 FROM t -- end", "/* open", "a;b;;'c;d';", "\"q\" <> != => -> || ?", "BEGIN STATEMENT SET; END;",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, src string) {
		at := 0
		for _, k := range lex(src) {
			if k.start < at || k.stop < k.start || k.stop > len(src) {
				t.Fatalf("token %q lies at %d to %d after %d of %d", k.text, k.start, k.stop, at, len(src))
			}
			at = k.stop
		}
		from := 0
		for _, p := range Split(src) {
			k := strings.Index(src[from:], p.Text)
			if k < 0 {
				t.Fatalf("%q is not a piece of what is left of %q", p.Text, src)
			}
			from += k + len(p.Text)
		}
	})
}
