// Package regex is the regular expressions of Java: their syntax, their errors
// and what they find. A pattern is parsed here in any case; where Go's regexp
// finds the same in time that is linear, Go gives it in Go's syntax, and the
// backtracking matcher of this package does the rest.
//
// What a pattern matches is decided by java.util.regex.Pattern of Java 17
// alone. Matching works on UTF-8 and whole characters.
package regex

import "fmt"

// Regexp is a compiled regular expression. It is safe for use by several goroutines.
type Regexp struct {
	text   string
	root   node
	groups int // capturing ones
	names  map[string]int
	slots  int // counters of loops
}

// Error says why a text is no pattern, in Java's words.
type Error struct {
	What  string
	Index int // in characters
}

func (e *Error) Error() string { return fmt.Sprintf("%s near index %d", e.What, e.Index) }

// Compile compiles a pattern.
func Compile(text string) (*Regexp, error) {
	p := &parser{text: []rune(text), names: map[string]int{}, groups: 1}
	n, err := p.parse()
	if err != nil {
		return nil, err
	}
	return &Regexp{text: text, root: n, groups: p.groups - 1, names: p.names, slots: p.loops}, nil
}

// Groups is the number of capturing groups.
func (r *Regexp) Groups() int { return r.groups }

// Empty tells whether the pattern may match the empty text.
func (r *Regexp) Empty() bool {
	least, _ := length(r.root)
	return least == 0
}

// Group is the number of a named group; false if there is none.
func (r *Regexp) Group(name string) (int, bool) {
	n, ok := r.names[name]
	return n, ok
}

// Find gives the first match that begins at byte from of s or later: offsets of
// it and of its groups in pairs, -1 for a group that took no part; nil if there
// is none. It also gives up, as if there were none, after a number of steps that
// grows with the text.
func (r *Regexp) Find(s []byte, from int) []int {
	m := &matcher{s: s, from: from, at: make([]int, 2*(r.groups+1)), counts: make([]int, r.slots), begins: make([]int, r.slots), fuel: 1_000_000 + 2000*len(s)}
	for i := from; ; {
		for k := range m.at {
			m.at[k] = -1
		}
		for k := range m.begins {
			m.begins[k] = -1
		}
		if m.match(r.root, i, accept) {
			m.at[0] = i
			m.at[1] = m.end
			return m.at
		}
		if i >= len(s) || m.fuel <= 0 {
			return nil
		}
		i += m.width(i)
	}
}
