package function

import (
	"fmt"
	"regexp"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/weir-streams/weir/engine/regex"
)

// Pattern is a compiled regular expression of Java's kind. It is safe for use
// by several goroutines.
type Pattern struct {
	java *regex.Regexp
	// What finds the same faster: linear for patterns that need not go back,
	// fast for the common ones, re for all that Go can say; nil where there is none.
	line    *linear
	fast    *matcher
	re      *regexp.Regexp
	limits  regex.Limits // within which they find the same
	limited bool
	empty   bool // the pattern may match the empty text
	Groups  int  // capturing groups, without the whole
}

// swift tells whether a text may be left to Go.
func (p *Pattern) swift(s []byte) bool { return p.re != nil && (!p.limited || p.limits.Holds(s)) }

// Find returns the places of the first match in s and of its groups, as pairs
// of offsets (-1 for a group that took no part), or nil. at is reused if it has room.
func (p *Pattern) Find(s []byte, at []int) []int {
	if !p.swift(s) {
		return p.java.Find(s, 0)
	}
	if p.line != nil {
		if found, known := p.line.find(s, at); known {
			return found
		}
	}
	if p.fast != nil {
		if found, known := p.fast.find(s, 0, at); known {
			return found
		}
	}
	return p.re.FindSubmatchIndex(s)
}

// Match tells whether there is a match anywhere in s.
func (p *Pattern) Match(s []byte) bool {
	if !p.swift(s) {
		return p.java.Find(s, 0) != nil
	}
	if p.line != nil {
		var at [16]int
		if found, known := p.line.find(s, at[:]); known {
			return found != nil
		}
	}
	if p.fast != nil {
		if found, known := p.fast.find(s, 0, nil); known {
			return found != nil
		}
	}
	return p.re.Match(s)
}

// FindAll calls found for each match in s, from left to right, until it returns
// false. An empty match may follow on another.
func (p *Pattern) FindAll(s []byte, found func(at []int) bool) {
	if !p.empty && p.swift(s) {
		for _, at := range p.re.FindAllSubmatchIndex(s, -1) {
			if !found(at) {
				return
			}
		}
		return
	}
	for from := 0; from <= len(s); {
		at := p.java.Find(s, from)
		if at == nil || !found(at) {
			return
		}
		if from = at[1]; at[0] == at[1] {
			_, w := utf8.DecodeRune(s[from:])
			from += max(w, 1)
		}
	}
}

// Split parts a string at the matches, dropping empty parts at the end.
func (p *Pattern) Split(s string) []string {
	var parts []string
	from := 0
	p.FindAll([]byte(s), func(at []int) bool {
		if at[1] == 0 {
			return true
		}
		parts = append(parts, s[from:at[0]])
		from = at[1]
		return true
	})
	parts = append(parts, s[from:])
	for len(parts) > 1 && parts[len(parts)-1] == "" {
		parts = parts[:len(parts)-1]
	}
	return parts
}

// patterns remembers compiled patterns; when full it starts afresh.
var patterns struct {
	sync.Mutex
	known map[string]*Pattern
}

const maxPatterns = 512

// CompilePattern compiles a regular expression in Java's syntax, or finds it compiled.
func CompilePattern(text string) (*Pattern, error) {
	patterns.Lock()
	p := patterns.known[text]
	patterns.Unlock()
	if p != nil {
		return p, nil
	}
	p, err := compilePattern(text)
	if err != nil {
		return nil, fmt.Errorf("regular expression %q: %w", text, err)
	}
	patterns.Lock()
	defer patterns.Unlock()
	if patterns.known == nil || len(patterns.known) >= maxPatterns {
		patterns.known = map[string]*Pattern{}
	}
	patterns.known[strings.Clone(text)] = p
	return p, nil
}

func compilePattern(text string) (*Pattern, error) {
	java, err := regex.Compile(text)
	if err != nil {
		return nil, err
	}
	p := &Pattern{java: java, Groups: java.Groups(), empty: java.Empty()}
	text, limits, ok := java.Go()
	if !ok {
		return p, nil
	}
	if p.re, err = regexp.Compile(text); err != nil { // too much of it for Go
		p.re = nil
		return p, nil
	}
	p.fast = newMatcher(text)
	p.line = newLinear(p.fast)
	p.limits, p.limited = limits, limits != regex.Limits{}
	return p, nil
}

// SimilarPattern compiles the pattern of SIMILAR TO, which must match the whole text.
func SimilarPattern(pattern, escape string) (*Pattern, error) {
	text, err := similar(pattern, escape)
	if err != nil {
		return nil, err
	}
	p, err := compilePattern(`\A(?:` + text + `)\z`)
	if err != nil {
		return nil, fmt.Errorf("SIMILAR TO pattern %q: %w", pattern, err)
	}
	return p, nil
}

// What is special in patterns of SIMILAR TO, and in those of Java.
const similarSpecials, javaSpecials = "[]()|^-+*_%?{}", "[]()|^-+*?{}$\\."

// similarClasses are the classes by name, for Java.
var similarClasses = map[string]string{
	"ALPHA": `\p{Alpha}`, "UPPER": `\p{Upper}`, "LOWER": `\p{Lower}`, "DIGIT": `\d`, "SPACE": " ", "WHITESPACE": `\s`, "ALNUM": `\p{Alnum}`,
}

// similar rewrites a SQL pattern as one of Java.
func similar(pattern, escape string) (string, error) {
	var b strings.Builder
	esc := rune(-1)
	for _, r := range escape {
		esc = r
	}
	wrong := fmt.Errorf("invalid regular expression '%s'", pattern)
	runes := []rune(pattern)
	inClass := false
	for i := 0; i < len(runes); i++ {
		r := runes[i]
		switch {
		case r == esc:
			if i++; i == len(runes) || runes[i] != esc && !strings.ContainsRune(similarSpecials, runes[i]) {
				return "", fmt.Errorf("invalid escape sequence '%s', %d", pattern, i-1)
			}
			if strings.ContainsRune(javaSpecials, runes[i]) {
				b.WriteByte('\\')
			}
			b.WriteRune(runes[i])
		case inClass && r == '[' && i+1 < len(runes) && runes[i+1] == ':':
			name, _, ok := strings.Cut(string(runes[i+2:]), ":]")
			class := similarClasses[strings.ToUpper(name)]
			if !ok || class == "" {
				return "", wrong
			}
			b.WriteString(class)
			i += len([]rune(name)) + 3
		case r == ']':
			if !inClass {
				return "", wrong
			}
			inClass = false
			b.WriteRune(r)
		case inClass:
			if r != '-' && r != '^' && strings.ContainsRune(similarSpecials, r) {
				return "", wrong
			}
			b.WriteRune(r)
		case r == '[':
			inClass = true
			b.WriteRune(r)
		case r == '%':
			b.WriteString("(?s:.*)")
		case r == '_':
			b.WriteByte('.')
		case r == '\\' || r == '$':
			b.WriteByte('\\')
			b.WriteRune(r)
		default:
			b.WriteRune(r)
		}
	}
	if inClass {
		return "", wrong
	}
	return b.String(), nil
}
