package function_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/weir-streams/weir/engine/function"
)

// FuzzPattern compares what the own matchers find with regexp, for patterns that
// mean the same in both.
func FuzzPattern(f *testing.F) {
	f.Add("(&|^)channel_id=([^&]*)", "https://a/b?q=1&channel_id=42")
	f.Add("k=([^k]*)(x|y)", "k=ax")
	f.Add("([a-c]+)/(.)", "abc/d")
	f.Fuzz(func(t *testing.T, pattern, text string) {
		if strings.ContainsAny(pattern, `\$`) || strings.Contains(pattern, "[[") || strings.Contains(pattern, "[:") || strings.Contains(pattern, "(?") || len(pattern) > 60 ||
			!utf8.ValidString(pattern) || !utf8.ValidString(text) { // strings of SQL are UTF-8
			return
		}
		re, err := regexp.Compile(pattern)
		if err != nil {
			return
		}
		p, err := function.CompilePattern(pattern)
		if err != nil {
			return // a class within a class, in Java
		}
		if got, want := p.Find([]byte(text), nil), re.FindSubmatchIndex([]byte(text)); !slices.Equal(got, want) && p.Groups == re.NumSubexp() && !strings.Contains(pattern, "[") {
			t.Errorf("%q in %q: got %v, want %v", pattern, text, got, want)
		}
	})
}
