package regex

import (
	"bytes"
	"unicode"
	"unicode/utf8"
)

// matcher is the state of one search. Parts are matched in the style of
// continuations: a part calls what comes after it, and tries another way when
// that fails.
type matcher struct {
	s              []byte
	from           int // where the search began
	at             []int
	end            int
	counts, begins []int // of loops
	fuel, depth    int
}

// maxDepth bounds the recursion of one search.
const maxDepth = 100_000

func accept(m *matcher, i int) bool {
	m.end = i
	return true
}

func (m *matcher) width(i int) int {
	if m.s[i] < utf8.RuneSelf {
		return 1
	}
	_, w := utf8.DecodeRune(m.s[i:])
	return w
}

func (m *matcher) rune(i int) (rune, int) {
	if i >= len(m.s) {
		return -1, 0
	}
	if c := m.s[i]; c < utf8.RuneSelf {
		return rune(c), 1
	}
	return utf8.DecodeRune(m.s[i:])
}

func (m *matcher) before(i int) (rune, int) {
	if i <= 0 {
		return -1, 0
	}
	return utf8.DecodeLastRune(m.s[:i])
}

func (m *matcher) match(n node, i int, next func(*matcher, int) bool) bool {
	if m.fuel--; m.fuel <= 0 || m.depth > maxDepth {
		m.fuel = 0
		return false
	}
	m.depth++
	defer func() { m.depth-- }()
	switch n := n.(type) {
	case *chars:
		r, w := m.rune(i)
		return w > 0 && n.set.has(r) && next(m, i+w)
	case *sequence:
		return m.sequence(n.parts, i, next)
	case *either:
		for _, p := range n.parts {
			if m.match(p, i, next) {
				return true
			}
		}
		return false
	case *repeat:
		return m.repeat(n, i, next)
	case *group:
		b, e := m.at[2*n.number], m.at[2*n.number+1]
		if m.match(n.part, i, func(m *matcher, j int) bool {
			b, e := m.at[2*n.number], m.at[2*n.number+1]
			m.at[2*n.number], m.at[2*n.number+1] = i, j
			if next(m, j) {
				return true
			}
			m.at[2*n.number], m.at[2*n.number+1] = b, e
			return false
		}) {
			return true
		}
		m.at[2*n.number], m.at[2*n.number+1] = b, e
		return false
	case *backref:
		return m.backref(n, i, next)
	case *look:
		return m.look(n, i) != n.negated && next(m, i)
	case *atomic:
		return m.match(n.part, i, accept) && next(m, m.end)
	case *place:
		return m.place(n.what, i) && next(m, i)
	case *lineBreak:
		r, w := m.rune(i)
		if r == '\r' && i+1 < len(m.s) && m.s[i+1] == '\n' && next(m, i+2) {
			return true
		}
		return w > 0 && (r >= '\n' && r <= '\r' || r == 0x85 || r == 0x2028 || r == 0x2029) && next(m, i+w)
	case *cluster:
		j := m.cluster(i)
		return j > i && next(m, j)
	}
	return false
}

func (m *matcher) sequence(parts []node, i int, next func(*matcher, int) bool) bool {
	// Characters need no continuation.
	for len(parts) > 0 {
		switch n := parts[0].(type) {
		case *chars:
			r, w := m.rune(i)
			if w == 0 || !n.set.has(r) {
				return false
			}
			i += w
		case *place:
			if !m.place(n.what, i) {
				return false
			}
		default:
			if len(parts) == 1 {
				return m.match(n, i, next)
			}
			rest := parts[1:]
			return m.match(n, i, func(m *matcher, j int) bool { return m.sequence(rest, j, next) })
		}
		parts = parts[1:]
	}
	return next(m, i)
}

func (m *matcher) repeat(n *repeat, i int, next func(*matcher, int) bool) bool {
	if c, ok := n.part.(*chars); ok {
		return m.repeatChars(n, c.set, i, next)
	}
	if n.kind == possessive {
		one := *n
		one.kind = greedy
		return m.match(&one, i, accept) && next(m, m.end)
	}
	// As Java does: a round that took nothing is the last.
	count, start := m.counts[n.slot], m.begins[n.slot]
	m.counts[n.slot], m.begins[n.slot] = 0, -1
	if m.round(n, i, next) {
		return true
	}
	m.counts[n.slot], m.begins[n.slot] = count, start
	return false
}

// round decides after each round of a loop whether there is to be another.
func (m *matcher) round(n *repeat, i int, next func(*matcher, int) bool) bool {
	count, start := m.counts[n.slot], m.begins[n.slot]
	if start == i && count > 0 {
		return m.leave(n, i, next)
	}
	again := func() bool {
		m.counts[n.slot], m.begins[n.slot] = count+1, i
		if m.match(n.part, i, func(m *matcher, j int) bool { return m.round(n, j, next) }) {
			return true
		}
		m.counts[n.slot], m.begins[n.slot] = count, start
		return false
	}
	more := n.max < 0 || count < n.max
	switch {
	case count < n.min:
		return again()
	case n.kind == lazy:
		return m.leave(n, i, next) || more && again()
	}
	return more && again() || m.leave(n, i, next)
}

// leave goes on after a loop, whose counter the same loop within an outer one
// may use again.
func (m *matcher) leave(n *repeat, i int, next func(*matcher, int) bool) bool {
	count, start := m.counts[n.slot], m.begins[n.slot]
	if next(m, i) {
		return true
	}
	m.counts[n.slot], m.begins[n.slot] = count, start
	return false
}

func (m *matcher) repeatChars(n *repeat, s set, i int, next func(*matcher, int) bool) bool {
	count, j := 0, i
	step := func() bool {
		r, w := m.rune(j)
		if w == 0 || !s.has(r) {
			return false
		}
		j += w
		count++
		m.fuel--
		return true
	}
	for count < n.min {
		if !step() {
			return false
		}
	}
	if n.kind == lazy {
		for {
			if next(m, j) {
				return true
			}
			if m.fuel <= 0 || n.max >= 0 && count >= n.max || !step() {
				return false
			}
		}
	}
	least := j
	for (n.max < 0 || count < n.max) && step() {
	}
	if n.kind == possessive {
		return next(m, j)
	}
	for {
		if next(m, j) {
			return true
		}
		if j <= least || m.fuel <= 0 {
			return false
		}
		m.fuel--
		_, w := m.before(j)
		j -= w
	}
}

func (m *matcher) backref(n *backref, i int, next func(*matcher, int) bool) bool {
	if 2*n.number+1 >= len(m.at) || m.at[2*n.number] < 0 {
		return false
	}
	text := m.s[m.at[2*n.number]:m.at[2*n.number+1]]
	if !n.fold {
		return bytes.HasPrefix(m.s[i:], text) && next(m, i+len(text))
	}
	j := i
	for len(text) > 0 {
		a, w := utf8.DecodeRune(text)
		b, v := m.rune(j)
		if v == 0 || a != b && !equalFold(a, b, n.ufold) {
			return false
		}
		text = text[w:]
		j += v
	}
	return next(m, j)
}

func equalFold(a, b rune, unicodeCase bool) bool {
	if unicodeCase {
		return unicode.ToLower(unicode.ToUpper(a)) == unicode.ToLower(unicode.ToUpper(b))
	}
	return a < utf8.RuneSelf && b < utf8.RuneSelf && lowerASCII(a) == lowerASCII(b)
}

func lowerASCII(r rune) rune {
	if r >= 'A' && r <= 'Z' {
		return r + 'a' - 'A'
	}
	return r
}

func (m *matcher) look(n *look, i int) bool {
	saved := append([]int(nil), m.at...)
	restore := func() { copy(m.at, saved) }
	found := false
	if !n.behind {
		found = m.match(n.part, i, accept)
	} else {
		for j, k := i, 0; ; k++ {
			if k >= n.least && m.match(n.part, j, func(_ *matcher, e int) bool { return e == i }) {
				found = true
				break
			}
			_, w := m.before(j)
			if w == 0 || n.most >= 0 && k >= n.most || m.fuel <= 0 {
				break
			}
			j -= w
		}
	}
	if !found || n.negated {
		restore()
	}
	return found
}

func terminator(r rune) bool {
	return r == '\n' || r == '\r' || r == 0x85 || r == 0x2028 || r == 0x2029
}

func (m *matcher) place(what placeKind, i int) bool {
	after, w := m.rune(i)
	before, _ := m.before(i)
	switch what {
	case begin:
		return i == 0
	case beginLine:
		return i == 0 || i < len(m.s) && terminator(before) && !(before == '\r' && after == '\n')
	case beginLineUnix:
		return i == 0 || i < len(m.s) && before == '\n'
	case end:
		return i == len(m.s)
	case beforeEnd:
		if i+w == len(m.s) && terminator(after) {
			return !(before == '\r' && after == '\n')
		}
		return i == len(m.s) || i+2 == len(m.s) && after == '\r' && m.s[i+1] == '\n'
	case beforeEndUnix:
		return i == len(m.s) || i+1 == len(m.s) && after == '\n'
	case endLine:
		return i == len(m.s) || terminator(after) && !(before == '\r' && after == '\n')
	case endLineUnix:
		return i == len(m.s) || after == '\n'
	case wordBoundary:
		return m.word(i, before) != m.word(i, after)
	case notBoundary:
		return m.word(i, before) == m.word(i, after)
	case lastMatch:
		return i == m.from
	}
	return false
}

// word tells whether a character next to place i is part of a word. A mark
// belongs to the letter before it.
func (m *matcher) word(i int, r rune) bool {
	if r < 0 {
		return false
	}
	if unicode.Is(unicode.Mn, r) {
		for j := i; ; {
			c, w := m.before(j)
			if w == 0 {
				return false
			}
			if j -= w; !unicode.Is(unicode.Mn, c) {
				return unicode.IsLetter(c) || unicode.IsDigit(c)
			}
		}
	}
	return r == '_' || unicode.IsLetter(r) || unicode.IsDigit(r)
}

// cluster is the end of the character, in the sense of people, at i.
func (m *matcher) cluster(i int) int {
	r, w := m.rune(i)
	if w == 0 {
		return i
	}
	i += w
	if r == '\r' && i < len(m.s) && m.s[i] == '\n' {
		return i + 1
	}
	if r < ' ' {
		return i
	}
	flag := r >= 0x1F1E6 && r <= 0x1F1FF
	for {
		c, w := m.rune(i)
		switch {
		case w == 0:
			return i
		case c == 0x200D: // joins what follows
			i += w
			if n, v := m.rune(i); v > 0 && r >= 0x2190 && n >= 0x2190 {
				i += v
			}
		case unicode.In(c, unicode.Mn, unicode.Me, unicode.Mc), c >= 0x1F3FB && c <= 0x1F3FF:
			i += w
		case flag && c >= 0x1F1E6 && c <= 0x1F1FF:
			i, flag = i+w, false
		default:
			return i
		}
	}
}
