package regex

import (
	"strings"
	"unicode"
)

type flags uint8

const (
	ignoreCase flags = 1 << iota
	multiline
	dotAll
	unixLines
	unicodeCase
	comments
	unicodeClass
)

type parser struct {
	text   []rune
	pos    int
	flags  flags
	groups int // with the whole
	loops  int
	nested int
	names  map[string]int
}

// maxNesting bounds the recursion over hostile patterns.
const maxNesting = 1000

func (p *parser) fail(what string) error { return &Error{what, p.pos - 1} }

func (p *parser) has(f flags) bool { return p.flags&f != 0 }

// blanks skips what (?x) makes a comment.
func (p *parser) blanks() {
	for p.has(comments) && p.pos < len(p.text) {
		switch c := p.text[p.pos]; {
		case c == ' ' || c >= '\t' && c <= '\r':
			p.pos++
		case c == '#':
			for p.pos < len(p.text) && !terminator(p.text[p.pos]) {
				p.pos++
			}
		default:
			return
		}
	}
}

// peek is the next character, -1 at the end.
func (p *parser) peek() rune {
	p.blanks()
	return p.at(0)
}

func (p *parser) at(k int) rune {
	if p.pos+k < len(p.text) {
		return p.text[p.pos+k]
	}
	return -1
}

func (p *parser) next() rune {
	c := p.at(0)
	p.pos++
	return c
}

func (p *parser) parse() (node, error) {
	p.unquote()
	n, err := p.expr()
	if err != nil {
		return nil, err
	}
	if p.pos < len(p.text) {
		p.pos++
		return nil, p.fail("Unmatched closing ')'")
	}
	return n, nil
}

// unquote writes \Q…\E with escapes.
func (p *parser) unquote() {
	var out []rune
	t := p.text
	quoted, first := false, false
	for i := 0; i < len(t); i++ {
		c := t[i]
		switch {
		case quoted && c == '\\' && i+1 < len(t) && t[i+1] == 'E':
			i++
			quoted = false
		case quoted && c >= '0' && c <= '9' && first:
			out = append(out, '\\', 'x', '3', c)
		case quoted && c < 0x80 && !(c >= '0' && c <= '9' || c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z'):
			out = append(out, '\\', c)
		case quoted || c != '\\' || i+1 == len(t):
			out = append(out, c)
		case t[i+1] == 'Q':
			i++
			quoted, first = true, true
			continue
		default:
			out = append(out, c, t[i+1])
			i++
		}
		first = false
	}
	p.text = out
}

func (p *parser) expr() (node, error) {
	if p.nested++; p.nested > maxNesting {
		return nil, p.fail("Pattern is nested too deep")
	}
	defer func() { p.nested-- }()
	var ways []node
	for {
		n, err := p.sequence()
		if err != nil {
			return nil, err
		}
		ways = append(ways, n)
		if p.peek() != '|' {
			break
		}
		p.pos++
	}
	if len(ways) == 1 {
		return ways[0], nil
	}
	return &either{ways}, nil
}

func (p *parser) sequence() (node, error) {
	s := &sequence{}
	for {
		var n node
		var err error
		switch c := p.peek(); c {
		case -1, '|', ')':
			if len(s.parts) == 1 {
				return s.parts[0], nil
			}
			return s, nil
		case '(':
			n, err = p.group()
			if n == nil && err == nil {
				continue // flags
			}
		case '[':
			var x set
			p.pos++
			x, err = p.class(true)
			n = &chars{x}
		case '^':
			p.pos++
			switch {
			case !p.has(multiline):
				n = &place{begin}
			case p.has(unixLines):
				n = &place{beginLineUnix}
			default:
				n = &place{beginLine}
			}
		case '$':
			p.pos++
			n = &place{p.dollar()}
		case '.':
			p.pos++
			switch {
			case p.has(dotAll):
				n = &chars{newSet(0, unicode.MaxRune)}
			case p.has(unixLines):
				n = &chars{newSet('\n', '\n').negate()}
			default:
				n = &chars{newSet('\n', '\n', '\r', '\r', 0x85, 0x85, 0x2028, 0x2029).negate()}
			}
		case '?', '*', '+':
			p.pos++
			return nil, p.fail("Dangling meta character '" + string(c) + "'")
		case '{':
			n = &sequence{}
		case '\\':
			n, err = p.escaped()
		default:
			p.pos++
			n = &chars{p.single(c)}
		}
		if err == nil {
			n, err = p.repeated(n)
		}
		if err != nil {
			return nil, err
		}
		s.parts = append(s.parts, n)
	}
}

func (p *parser) dollar() placeKind {
	switch {
	case p.has(multiline) && p.has(unixLines):
		return endLineUnix
	case p.has(multiline):
		return endLine
	case p.has(unixLines):
		return beforeEndUnix
	}
	return beforeEnd
}

// single is a character, with its other case where that does not count.
func (p *parser) single(c rune) set {
	s := newSet(c, c)
	if p.has(ignoreCase) {
		return s.fold(p.has(unicodeCase))
	}
	return s
}

// repeated reads the quantifier after a part.
func (p *parser) repeated(n node) (node, error) {
	r := &repeat{part: n, max: -1}
	switch p.peek() {
	case '?':
		p.pos++
		r.max = 1
	case '*':
		p.pos++
	case '+':
		p.pos++
		r.min = 1
	case '{':
		p.pos++
		if c := p.at(0); c < '0' || c > '9' {
			return nil, p.fail("Illegal repetition")
		}
		var ok bool
		if r.min, ok = p.number(); !ok {
			return nil, p.fail("Illegal repetition range")
		}
		r.max = r.min
		if p.at(0) == ',' {
			p.pos++
			r.max = -1
			if p.at(0) != '}' {
				if r.max, ok = p.number(); !ok {
					return nil, p.fail("Illegal repetition range")
				}
			}
		}
		if p.at(0) != '}' {
			p.pos++
			return nil, p.fail("Unclosed counted closure")
		}
		if r.max >= 0 && r.max < r.min {
			p.pos++
			return nil, p.fail("Illegal repetition range")
		}
		p.pos++
	default:
		return n, nil
	}
	switch p.peek() {
	case '?':
		p.pos++
		r.kind = lazy
	case '+':
		p.pos++
		r.kind = possessive
	}
	r.slot = p.loops
	p.loops++
	return r, nil
}

func (p *parser) number() (int, bool) {
	n := 0
	for c := p.at(0); c >= '0' && c <= '9'; c = p.at(0) {
		if n = 10*n + int(c-'0'); n > 1<<31-1 {
			return 0, false
		}
		p.pos++
	}
	return n, true
}

// group reads what stands in parentheses; nil for flags alone.
func (p *parser) group() (node, error) {
	p.pos++
	saved := p.flags
	var wrap func(n node) (node, error)
	plain := func(n node) (node, error) { return n, nil }
	capture := func() func(n node) (node, error) {
		number := p.groups
		p.groups++
		return func(n node) (node, error) { return &group{n, number}, nil }
	}
	if p.peek() != '?' {
		wrap = capture()
	} else {
		p.pos++
		switch c := p.next(); c {
		case ':':
			wrap = plain
		case '=', '!':
			wrap = func(n node) (node, error) { return &look{part: n, negated: c == '!'}, nil }
		case '>':
			wrap = func(n node) (node, error) { return &atomic{n}, nil }
		case '<':
			c := p.next()
			if c != '=' && c != '!' {
				name, err := p.groupName(c)
				if err != nil {
					return nil, err
				}
				if p.names[name] > 0 {
					return nil, p.fail("Named capturing group <" + name + "> is already defined")
				}
				p.names[name] = p.groups
				wrap = capture()
				break
			}
			wrap = func(n node) (node, error) {
				least, most := length(n)
				if most < 0 {
					return nil, p.fail("Look-behind group does not have an obvious maximum length")
				}
				return &look{part: n, behind: true, negated: c == '!', least: least, most: most}, nil
			}
		case '$', '@':
			return nil, p.fail("Unknown group type")
		default:
			p.pos--
			p.setFlags()
			switch p.next() {
			case ')':
				return nil, nil
			case ':':
				wrap = plain
			default:
				return nil, p.fail("Unknown inline modifier")
			}
		}
	}
	n, err := p.expr()
	if err != nil {
		return nil, err
	}
	if p.peek() != ')' {
		p.pos++
		return nil, p.fail("Unclosed group")
	}
	p.pos++
	p.flags = saved
	return wrap(n)
}

func (p *parser) groupName(c rune) (string, error) {
	letter := func(c rune) bool { return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' }
	if !letter(c) {
		return "", p.fail("capturing group name does not start with a Latin letter")
	}
	var b strings.Builder
	for ; letter(c) || c >= '0' && c <= '9'; c = p.next() {
		b.WriteRune(c)
	}
	if c != '>' {
		return "", p.fail("named capturing group is missing trailing '>'")
	}
	return b.String(), nil
}

func (p *parser) setFlags() {
	on := true
	for {
		var f flags
		switch p.peek() {
		case 'i':
			f = ignoreCase
		case 'm':
			f = multiline
		case 's':
			f = dotAll
		case 'd':
			f = unixLines
		case 'u':
			f = unicodeCase
		case 'c': // canonical equivalence: nothing here is decomposed
		case 'x':
			f = comments
		case 'U':
			f = unicodeClass | unicodeCase
		case '-':
			if !on {
				return
			}
			on = false
		default:
			return
		}
		if on {
			p.flags |= f
		} else {
			p.flags &^= f
		}
		p.pos++
	}
}
