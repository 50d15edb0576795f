package function_test

import (
	"fmt"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/weir-streams/weir/engine/function"
)

// The fast matcher finds what regexp finds, for random patterns and texts.
func TestPatternsFindWhatRegexpFinds(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	parts := []string{"a", "b", "ab", "[ab]", "[^a]", ".", "a*", "b+", "[ab]*?", ".*", "(a|b)", "(ab|^)", "(.*?)", "(b+)", "\\d", "é", "[^&]*", "x?", "c{1,2}", "(|a)", "((a)|(b))", "(x(1)|x2|y)", "ab", "cc", "a", "b", "([^b]*)"}
	texts := []string{"", "a", "ab", "aabb", "xaby", "é", "aéb", "1ab2", "&ab&cc", "bbbb", "ccab", "日本ab", "x1ab", "x2ccb", "abababababab"}
	for range 20000 {
		var b strings.Builder
		for range 1 + r.IntN(4) {
			b.WriteString(parts[r.IntN(len(parts))])
		}
		pattern := b.String()
		p, err := function.CompilePattern(pattern)
		if err != nil {
			t.Fatal(err)
		}
		re := regexp.MustCompile(pattern)
		for _, text := range texts {
			got, want := p.Find([]byte(text), nil), re.FindSubmatchIndex([]byte(text))
			if !slices.Equal(got, want) {
				t.Fatalf("%q in %q: got %v, want %v", pattern, text, got, want)
			}
		}
	}
}

func TestPatternsOfJava(t *testing.T) {
	for _, tt := range []struct{ pattern, text, want string }{
		{`(?<=b)c`, "abcabc", "c"},
		{`(\w)\1`, "hello", "ll"},
		{`[[:alpha:]]+`, "abc", "a"},
		{`\p{Alpha}+`, "1abc2", "abc"},
		{`[\p{Digit}x]+`, "a1x2b", "1x2"},
		{`\Qa.b\E`, "axb a.b", "a.b"},
		{`\u0061+`, "baac", "aa"},
		{`(&|^)channel_id=([^&]*)`, "http://x/?q=1&channel_id=42&z", "&channel_id=42"},
		{`a*?b`, "aaab", "aaab"},
		{`x+y`, strings.Repeat("x", 50000), ""},
		{`(x*)*(x*)*y`, strings.Repeat("x", 40), ""},
		{`.*.*.*.*.*y`, strings.Repeat("x", 300), ""},
	} {
		p, err := function.CompilePattern(tt.pattern)
		if err != nil {
			t.Errorf("%s: %v", tt.pattern, err)
			continue
		}
		got := ""
		if at := p.Find([]byte(tt.text), nil); at != nil {
			got = tt.text[at[0]:at[1]]
		}
		if got != tt.want {
			t.Errorf("%s: got %q, want %q", tt.pattern, got, tt.want)
		}
	}
	if _, err := function.CompilePattern("("); err == nil {
		t.Error("an open group compiled")
	}
}

func TestSuggestsTheNearestName(t *testing.T) {
	s := function.NewSet([][]*function.Scalar{{{Name: "UPPER"}, {Name: "LOWER"}, {Name: "SUBSTRING", Aliases: []string{"SUBSTR"}}}}, []*function.Aggregate{{Name: "COUNT"}})
	for name, want := range map[string]string{"UPER": "UPPER", "cuont": "COUNT", "SUBSTRNG": "SUBSTRING", "XYZ": ""} {
		if got := s.Suggest(name); got != want {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
	if s.Scalar("substr") == nil || fmt.Sprint(s.Names()) != "[COUNT LOWER SUBSTRING UPPER]" {
		t.Errorf("names are %v", s.Names())
	}
}
