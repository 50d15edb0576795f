package regex

import (
	"fmt"
	"regexp"
	"strings"
)

// Limits says for which texts Go's pattern finds what Java's does.
type Limits struct {
	ASCII bool // only those of ASCII: Go's words have ASCII letters alone
	Lines bool // only those that do not end with the end of a line
}

// Holds tells whether a text is within the limits.
func (l Limits) Holds(s []byte) bool {
	if l.Lines && len(s) > 0 {
		switch s[len(s)-1] {
		case '\n', '\r', 0x85, 0xA8, 0xA9: // the last bytes of those that end lines
			return false
		}
	}
	if l.ASCII {
		for _, c := range s {
			if c >= 0x80 {
				return false
			}
		}
	}
	return true
}

// Go gives a pattern in the syntax of package regexp that finds the same within
// limits; false if there is none.
func (r *Regexp) Go() (pattern string, limits Limits, ok bool) {
	t := &translator{}
	if !t.write(r.root) || t.b.Len() > 4096 {
		return "", Limits{}, false
	}
	return t.b.String(), t.limits, true
}

type translator struct {
	b      strings.Builder
	limits Limits
}

func (t *translator) write(n node) bool {
	switch n := n.(type) {
	case *chars:
		t.set(n.set)
		return true
	case *sequence:
		for _, p := range n.parts {
			if !t.write(p) {
				return false
			}
		}
		return true
	case *either:
		t.b.WriteString("(?:")
		for i, p := range n.parts {
			if i > 0 {
				t.b.WriteByte('|')
			}
			if !t.write(p) {
				return false
			}
		}
		t.b.WriteByte(')')
		return true
	case *group:
		t.b.WriteByte('(')
		defer t.b.WriteByte(')')
		if e, ok := n.part.(*either); ok {
			for i, p := range e.parts {
				if i > 0 {
					t.b.WriteByte('|')
				}
				if !t.write(p) {
					return false
				}
			}
			return true
		}
		return t.write(n.part)
	case *repeat:
		least, _ := length(n.part)
		if n.kind == possessive || least == 0 || n.min > 1000 || n.max > 1000 {
			return false
		}
		return t.repeat(n)
	case *place:
		switch n.what {
		case begin:
			t.b.WriteString(`\A`)
		case end:
			t.b.WriteString(`\z`)
		case beforeEnd, beforeEndUnix:
			t.limits.Lines = true
			t.b.WriteString(`\z`)
		case wordBoundary:
			t.limits.ASCII = true
			t.b.WriteString(`\b`)
		case notBoundary:
			t.limits.ASCII = true
			t.b.WriteString(`\B`)
		default:
			return false
		}
		return true
	}
	return false
}

func (t *translator) repeat(n *repeat) bool {
	bare := false
	switch n.part.(type) {
	case *chars, *group:
		bare = true
	}
	if !bare {
		t.b.WriteString("(?:")
	}
	if !t.write(n.part) {
		return false
	}
	if !bare {
		t.b.WriteByte(')')
	}
	switch {
	case n.min == 0 && n.max < 0:
		t.b.WriteByte('*')
	case n.min == 1 && n.max < 0:
		t.b.WriteByte('+')
	case n.min == 0 && n.max == 1:
		t.b.WriteByte('?')
	case n.max < 0:
		fmt.Fprintf(&t.b, "{%d,}", n.min)
	case n.min == n.max:
		fmt.Fprintf(&t.b, "{%d}", n.min)
	default:
		fmt.Fprintf(&t.b, "{%d,%d}", n.min, n.max)
	}
	if n.kind == lazy {
		t.b.WriteByte('?')
	}
	return true
}

func (t *translator) set(s set) {
	switch {
	case len(s.ranges) == 2 && s.ranges[0] == s.ranges[1]:
		t.b.WriteString(regexp.QuoteMeta(string(s.ranges[0])))
	case len(s.ranges) == 0:
		t.b.WriteString(`[^\x{0}-\x{10FFFF}]`)
	default:
		t.b.WriteByte('[')
		for i := 0; i < len(s.ranges); i += 2 {
			fmt.Fprintf(&t.b, `\x{%X}-\x{%X}`, s.ranges[i], s.ranges[i+1])
		}
		t.b.WriteByte(']')
	}
}
