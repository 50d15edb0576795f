package function

import (
	"fmt"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/dlclark/regexp2"
)

// Pattern is a compiled regular expression of Java's kind. It is safe for use
// by several goroutines.
type Pattern struct {
	line   *linear  // nil if the pattern may need to go back
	fast   *matcher // nil if the pattern is none of the common ones
	re     *regexp.Regexp
	back   *regexp2.Regexp // for look-around and back-references; re is nil then
	Groups int             // capturing groups, without the whole
}

// Find returns the places of the first match in s and of its groups, as pairs
// of offsets (-1 for a group that took no part), or nil. at is reused if it has room.
func (p *Pattern) Find(s []byte, at []int) []int {
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
	if p.back != nil {
		return p.backFind(s, 0)
	}
	return p.re.FindSubmatchIndex(s)
}

// Match tells whether there is a match anywhere in s.
func (p *Pattern) Match(s []byte) bool {
	if p.back != nil {
		return p.backFind(s, 0) != nil
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

// FindAll calls found for each match in s, from left to right, until it returns false.
func (p *Pattern) FindAll(s []byte, found func(at []int) bool) {
	if p.back == nil {
		for _, at := range p.re.FindAllSubmatchIndex(s, -1) {
			if !found(at) {
				return
			}
		}
		return
	}
	for from := 0; from <= len(s); {
		at := p.backFind(s, from)
		if at == nil || !found(at) {
			return
		}
		if from = at[1]; at[0] == at[1] {
			from++
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

// backFind matches with backtracking. A search that takes too long finds nothing.
func (p *Pattern) backFind(s []byte, from int) []int {
	text := []rune(string(s))
	offsets := make([]int, 0, len(text)+1)
	start := len(text)
	k := 0
	for i := range string(s) {
		if i >= from && start == len(text) {
			start = k
		}
		offsets = append(offsets, i)
		k++
	}
	offsets = append(offsets, len(s))
	m, err := p.back.FindRunesMatchStartingAt(text, start)
	if err != nil || m == nil {
		return nil
	}
	at := make([]int, 2*(p.Groups+1))
	for g := range p.Groups + 1 {
		at[2*g], at[2*g+1] = -1, -1
		if c := m.GroupByNumber(g); c != nil && len(c.Captures) > 0 {
			at[2*g], at[2*g+1] = offsets[c.Index], offsets[c.Index+c.Length]
		}
	}
	return at
}

// patterns remembers compiled patterns; when full it starts afresh.
var patterns struct {
	sync.Mutex
	known map[string]*Pattern
}

const maxPatterns = 512

// patience bounds one search with backtracking.
const patience = time.Second

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
	if err := checkBraces(text); err != nil {
		return nil, err
	}
	text = fromJava(text)
	re, err := regexp.Compile(text)
	if err == nil {
		fast := newMatcher(text)
		return &Pattern{re: re, line: newLinear(fast), fast: fast, Groups: re.NumSubexp()}, nil
	}
	back, err2 := regexp2.Compile(text, regexp2.None)
	if err2 != nil {
		return nil, err
	}
	back.MatchTimeout = patience
	return &Pattern{back: back, Groups: len(back.GetGroupNumbers()) - 1}, nil
}

// checkBraces refuses a brace that begins no repetition, which Java does not
// take for itself.
func checkBraces(text string) error {
	inClass, quoted := 0, false
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case quoted:
			if strings.HasPrefix(text[i:], `\E`) {
				quoted = false
				i++
			}
		case c == '\\' && i+1 < len(text):
			i++
			quoted = text[i] == 'Q'
			if end := strings.IndexByte(text[i:], '}'); end > 0 && i+1 < len(text) && text[i+1] == '{' && strings.IndexByte("pPxNk", text[i]) >= 0 {
				i += end
			}
		case c == '[':
			inClass++
			if inClass == 1 {
				if strings.HasPrefix(text[i+1:], "^") {
					i++
				}
				if strings.HasPrefix(text[i+1:], "]") {
					i++
				}
			}
		case c == ']' && inClass > 0:
			inClass--
		case c == '{' && inClass == 0:
			j := i + 1
			digits := func() int {
				from := j
				for j < len(text) && text[j]-'0' <= 9 {
					j++
				}
				return j - from
			}
			if digits() == 0 {
				return fmt.Errorf("illegal repetition near index %d", i)
			}
			if j < len(text) && text[j] == ',' {
				j++
				digits()
			}
			if j >= len(text) || text[j] != '}' {
				return fmt.Errorf("unclosed counted closure near index %d", i)
			}
		}
	}
	return nil
}

// posix are Java's names of ASCII classes.
var posix = map[string]string{
	"Lower": "a-z", "Upper": "A-Z", "ASCII": `\x00-\x7F`, "Alpha": "a-zA-Z", "Digit": "0-9", "Alnum": "a-zA-Z0-9",
	"Punct": `!-/:-@\[-` + "`" + `{-~`, "Graph": "!-~", "Print": " -~", "Blank": ` \t`, "Cntrl": `\x00-\x1F\x7F`, "XDigit": "0-9a-fA-F", "Space": ` \t\n\x0B\f\r`,
	"IsAlphabetic": `\p{L}`, "IsDigit": `\p{Nd}`, "IsLetter": `\p{L}`, "IsUppercase": `\p{Lu}`, "IsLowercase": `\p{Ll}`, "IsPunctuation": `\p{P}`, "IsWhite_Space": `\s`,
}

// fromJava rewrites what Java says otherwise than Go: classes by name, \uXXXX,
// \h, a bracket within a class (a union there, not a POSIX class).
func fromJava(text string) string {
	if !strings.ContainsAny(text, `\[`) {
		return text
	}
	var b strings.Builder
	depth := 0
	for i := 0; i < len(text); i++ {
		c := text[i]
		switch {
		case c == '\\' && i+1 < len(text):
			i += escape(&b, text, i, depth > 0)
		case c == '[' && depth == 0:
			depth = 1
			b.WriteByte(c)
			if i+1 < len(text) && text[i+1] == '^' {
				b.WriteByte('^')
				i++
			}
			if i+1 < len(text) && text[i+1] == ']' {
				b.WriteString(`\]`)
				i++
			}
		case c == '[' && (i+1 >= len(text) || text[i+1] != '^'):
			depth++ // a union: its members join the outer class
		case c == ']' && depth > 1:
			depth--
		case c == ']' && depth == 1:
			depth = 0
			b.WriteByte(c)
		case c == ':' && depth > 0:
			b.WriteString(`\:`)
		default:
			b.WriteByte(c)
		}
	}
	return b.String()
}

// escape writes the escape at text[i] and returns how many more bytes it took.
func escape(b *strings.Builder, text string, i int, inClass bool) int {
	rest := text[i+1:]
	put := func(class string, negate bool) {
		switch {
		case inClass && !negate:
			b.WriteString(class)
		case negate:
			b.WriteString("[^" + class + "]")
		default:
			b.WriteString("[" + class + "]")
		}
	}
	switch rest[0] {
	case 'Q':
		if end := strings.Index(rest, `\E`); end >= 0 {
			b.WriteString(regexp.QuoteMeta(rest[1:end]))
			return end + 2
		}
		b.WriteString(regexp.QuoteMeta(rest[1:]))
		return len(rest)
	case 'p', 'P':
		if len(rest) > 2 && rest[1] == '{' {
			if end := strings.IndexByte(rest, '}'); end > 0 {
				if class, ok := posix[rest[2:end]]; ok {
					put(class, rest[0] == 'P')
					return end + 1
				}
			}
		}
	case 'u':
		if len(rest) >= 5 {
			b.WriteString(`\x{` + rest[1:5] + `}`)
			return 5
		}
	case 'h':
		put(` \t\x{A0}\x{1680}\x{180e}\x{2000}-\x{200a}\x{202f}\x{205f}\x{3000}`, false)
		return 1
	case 'Z':
		b.WriteString(`\z`)
		return 1
	}
	b.WriteByte('\\')
	b.WriteByte(rest[0])
	return 1
}

// SimilarPattern compiles the pattern of SIMILAR TO, which must match the whole text.
func SimilarPattern(pattern, escape string) (*Pattern, error) {
	text, err := similar(pattern, escape)
	if err != nil {
		return nil, err
	}
	re, err := regexp.Compile(text)
	if err != nil {
		return nil, fmt.Errorf("SIMILAR TO pattern %q: %w", pattern, err)
	}
	return &Pattern{re: re, Groups: re.NumSubexp()}, nil
}

// similar rewrites a SQL pattern as a regular expression.
func similar(pattern, escape string) (string, error) {
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
				return "", fmt.Errorf("invalid escape sequence %q, %d", pattern, i)
			}
			i++
			b.WriteString(regexp.QuoteMeta(string(runes[i])))
		case inClass && r == '[' && i+1 < len(runes) && runes[i+1] == ':':
			end := strings.Index(string(runes[i:]), ":]")
			if end < 0 {
				return "", fmt.Errorf("invalid character class in %q, %d", pattern, i)
			}
			name := strings.ToLower(string(runes[i:])[2:end])
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
	return b.String(), nil
}
