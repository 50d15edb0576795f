package function

import (
	"fmt"
	"regexp"
	"strings"
	"sync"
)

// Pattern is a compiled regular expression of Java's kind. It is safe for use
// by several goroutines.
type Pattern struct {
	re     *regexp.Regexp
	Groups int // capturing groups, without the whole
}

// Find returns the places of the first match in s and of its groups, as pairs
// of offsets (-1 for a group that took no part), or nil. at is reused if it has room.
func (p *Pattern) Find(s []byte, at []int) []int {
	return p.re.FindSubmatchIndex(s)
}

// FindAll calls found for each match in s, from left to right, until it returns false.
func (p *Pattern) FindAll(s []byte, found func(at []int) bool) {
	for _, at := range p.re.FindAllSubmatchIndex(s, -1) {
		if !found(at) {
			return
		}
	}
}

// patterns remembers compiled patterns; when full it starts afresh.
var patterns struct {
	sync.Mutex
	known map[string]*Pattern
}

const maxPatterns = 512

// CompilePattern compiles a regular expression, or finds it compiled.
func CompilePattern(text string) (*Pattern, error) {
	patterns.Lock()
	p := patterns.known[text]
	patterns.Unlock()
	if p != nil {
		return p, nil
	}
	re, err := regexp.Compile(text)
	if err != nil {
		return nil, fmt.Errorf("regular expression %q: %w", text, err)
	}
	p = &Pattern{re: re, Groups: re.NumSubexp()}
	patterns.Lock()
	defer patterns.Unlock()
	if patterns.known == nil || len(patterns.known) >= maxPatterns {
		patterns.known = map[string]*Pattern{}
	}
	patterns.known[strings.Clone(text)] = p
	return p, nil
}

// SimilarPattern compiles the pattern of SIMILAR TO, which must match the whole text.
func SimilarPattern(pattern, escape string) (*Pattern, error) {
	var b strings.Builder
	b.WriteString(`^(?s:`)
	esc := rune(-1)
	for _, r := range escape {
		esc = r
	}
	runes := []rune(pattern)
	inClass := false
	for i := 0; i < len(runes); i++ {
		r := runes[i]
		switch {
		case r == esc:
			if i+1 == len(runes) {
				return nil, fmt.Errorf("invalid escape sequence %q, %d", pattern, i)
			}
			i++
			b.WriteString(regexp.QuoteMeta(string(runes[i])))
		case inClass && r == '[' && i+1 < len(runes) && runes[i+1] == ':':
			end := strings.Index(string(runes[i:]), ":]")
			if end < 0 {
				return nil, fmt.Errorf("invalid character class in %q, %d", pattern, i)
			}
			name := strings.ToLower(string([]rune(string(runes[i:])[2:end])))
			if name == "whitespace" {
				name = "space"
			}
			b.WriteString("[:" + name + ":]")
			i += len([]rune(string(runes[i:])[:end+2])) - 1
		case r == '[':
			inClass = true
			b.WriteRune(r)
		case r == ']':
			inClass = false
			b.WriteRune(r)
		case inClass:
			b.WriteRune(r)
		case r == '%':
			b.WriteString(".*")
		case r == '_':
			b.WriteByte('.')
		default:
			b.WriteRune(r)
		}
	}
	b.WriteString(`)$`)
	p, err := CompilePattern(b.String())
	if err != nil {
		return nil, fmt.Errorf("SIMILAR TO pattern %q: %w", pattern, err)
	}
	return p, nil
}

// Split parts a string at the matches, dropping empty parts at the end.
func (p *Pattern) Split(s string) []string {
	parts := p.re.Split(s, -1)
	for len(parts) > 1 && parts[len(parts)-1] == "" {
		parts = parts[:len(parts)-1]
	}
	return parts
}

// Match tells whether there is a match anywhere in s.
func (p *Pattern) Match(s []byte) bool { return p.re.Match(s) }
