package regex

import (
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"testing"
)

func TestJavaPatterns(t *testing.T) {
	for _, tt := range []struct{ pattern, text, want string }{
		{`a++b`, "aab", "aab"},
		{`a*+a`, "aaa", "none"},
		{`(?>a+)b`, "aab", "aab"},
		{`[a-z&&[^aeiou]]+`, "education", "d"},
		{`[a-d[m-p]&&[c-n]]+`, "abcdmnop", "cdmn"},
		{`[^a&&b]`, "b", "b"},
		{`[]a]+`, "x]a]", "]a]"},
		{`(?<=a)b`, "bab", "b"},
		{`(?<!a)b`, "abb", "b"},
		{`(?<=a{1,3}|c)b`, "aab", "b"},
		{`(?<n>a)\k<n>`, "baa", "aa"},
		{`(\w)\1`, "hello", "ll"},
		{`\8`, "8", "none"},
		{`(?i)É`, "é", "none"},
		{`(?iu)É`, "é", "é"},
		{`(?x) a b # a remark`, "ab", "ab"},
		{`a$`, "a\n", "a"},
		{`a\z`, "a\n", "none"},
		{`(?m)^b$`, "a\nb\n", "b"},
		{`.`, "\u2028x", "x"},
		{`\R`, "\r\n", "\r\n"},
		{`\X`, "e\u0301x", "e\u0301"},
		{`\h\v`, " \n", " \n"},
		{`\x{1F600}|\uD83D\uDE00`, "a😀", "😀"},
		{`\Qa.b\E+`, "a.bb", "a.bb"},
		{`\0101`, "A", "A"},
		{`\p{IsGreek}+`, "aβγ", "βγ"},
		{`\p{InCyrillic}`, "aж", "ж"},
		{`\bé`, "aé é", "é"},
		{`a{2}{3}`, "aa", "aa"},
		{`(a*)*b`, "aab", "aab"},
		{`x*`, "y", ""},
	} {
		re, err := Compile(tt.pattern)
		if err != nil {
			t.Errorf("%s: %v", tt.pattern, err)
			continue
		}
		got := "none"
		if at := re.Find([]byte(tt.text), 0); at != nil {
			got = tt.text[at[0]:at[1]]
		}
		if got != tt.want {
			t.Errorf("%s in %q: got %q, want %q", tt.pattern, tt.text, got, tt.want)
		}
	}
}

func TestWrongPatterns(t *testing.T) {
	for pattern, want := range map[string]string{
		`(`: "Unclosed group", `)`: "Unmatched closing ')'", `*a`: "Dangling meta character '*'", `a**`: "Dangling meta character '*'", `[`: "Unclosed character class",
		`[z-a]`: "Illegal character range", `a{`: "Illegal repetition", `a{1`: "Unclosed counted closure", `a{2,1}`: "Illegal repetition range", `\`: "Unexpected internal error",
		`\y`: "Illegal/unsupported escape sequence", `\p{Foo}`: "Unknown character property name {Foo}", `(?P<n>a)`: "Unknown inline modifier", `(?<1>a)`: "capturing group name does not start with a Latin letter",
		`\k<x>`: "named capturing group <x> does not exist", `(?<=(ab)*)c`: "Look-behind group does not have an obvious maximum length", `[&&]`: "Bad class syntax",
	} {
		if _, err := Compile(pattern); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%s: got %v, want %s", pattern, err, want)
		}
	}
}

// Patterns that take others for ever give up.
func TestHostilePatternsEnd(t *testing.T) {
	for _, tt := range []struct{ pattern, text string }{
		{"(x|xx)*y", strings.Repeat("x", 100)},
		{"(x*)*(x*)*y", strings.Repeat("x", 40)},
		{"((a{1,100}){1,100}){1,100}b", strings.Repeat("a", 300)},
		{"(?=(a+)+b)", strings.Repeat("a", 300)},
		{"(?<=a{0,300}b)c", strings.Repeat("a", 3000)},
		{"(.)*z", strings.Repeat("a", 200000)},
		{strings.Repeat("(", 900) + strings.Repeat(")", 900) + "b", "a"},
	} {
		re, err := Compile(tt.pattern)
		if err != nil {
			t.Errorf("%s: %v", tt.pattern, err)
			continue
		}
		if at := re.Find([]byte(tt.text), 0); at != nil {
			t.Errorf("%s: found %v", tt.pattern, at)
		}
	}
	if _, err := Compile(strings.Repeat("(", 100000)); err == nil {
		t.Error("endless nesting compiled")
	}
}

// The matcher finds what package regexp finds, and what is said in Go's syntax
// means the same, for patterns that both know.
func TestFindsWhatRegexpFinds(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	parts := []string{"a", "b", "[ab]", "[^a]", ".", "a*", "b+", "[ab]*?", ".*", "(a|b)", "(ab|^)", "(.*?)", "(b+)", "\\d", "é", "x?", "c{1,2}", "(|a)", "(?:a|b)+", "(a|bc)*", "((a)|(b))", "(x(1)|x2|y)", "\\bb", "a{2,}?", "(b|a){1,3}"}
	texts := []string{"", "a", "ab", "aabb", "xaby", "é", "aéb", "1ab2", "bbbb", "ccab", "日本ab", "x1ab", "x2ccb", "abababababab"}
	for range 5000 {
		var b strings.Builder
		for range 1 + r.IntN(4) {
			b.WriteString(parts[r.IntN(len(parts))])
		}
		pattern := b.String()
		re, err := Compile(pattern)
		if err != nil {
			t.Fatal(err)
		}
		translated, limits, ok := re.Go()
		for _, text := range texts {
			want := regexp.MustCompile(pattern).FindStringSubmatchIndex(text)
			if limits.ASCII && !limits.Holds([]byte(text)) {
				continue
			}
			if got := re.Find([]byte(text), 0); !slices.Equal(got, want) {
				t.Fatalf("%q in %q: got %v, want %v", pattern, text, got, want)
			}
			if !ok {
				continue
			}
			if got := regexp.MustCompile(translated).FindStringSubmatchIndex(text); !slices.Equal(got, want) {
				t.Fatalf("%q as %q in %q: got %v, want %v", pattern, translated, text, got, want)
			}
		}
	}
}

func FuzzCompile(f *testing.F) {
	for _, s := range []string{`[a-z&&[^b]]+(?<=c)`, `(?<n>a)\k<n>\Q(\E`, `(?im)^x{1,3}+$`, `\p{L}[\w&&[^\d]]*?\R\X`} {
		f.Add(s, "abc\r\nab")
	}
	f.Fuzz(func(t *testing.T, pattern, text string) {
		re, err := Compile(pattern)
		if err != nil || len(text) > 1000 || len(pattern) > 200 {
			return
		}
		at := re.Find([]byte(text), 0)
		for i, x := range at {
			if x > len(text) || x < -1 || i%2 == 1 && x < at[i-1] {
				t.Fatalf("%q in %q: %v", pattern, text, at)
			}
		}
	})
}
