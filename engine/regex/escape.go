package regex

import (
	"strings"
	"unicode"
)

// escaped reads an escape outside of classes.
func (p *parser) escaped() (node, error) {
	switch c := p.at(1); c {
	case 'A', 'G', 'z', 'Z', 'b', 'B', 'R', 'X':
		p.pos += 2
		switch c {
		case 'A':
			return &place{begin}, nil
		case 'G':
			return &place{lastMatch}, nil
		case 'z':
			return &place{end}, nil
		case 'Z':
			if p.has(unixLines) {
				return &place{beforeEndUnix}, nil
			}
			return &place{beforeEnd}, nil
		case 'B':
			return &place{notBoundary}, nil
		case 'R':
			return &lineBreak{}, nil
		case 'X':
			return &cluster{}, nil
		}
		if p.at(0) == '{' {
			return nil, p.fail("Illegal/unsupported escape sequence")
		}
		return &place{wordBoundary}, nil
	case '1', '2', '3', '4', '5', '6', '7', '8', '9':
		p.pos += 2
		n := int(c - '0')
		for d := p.peek(); d >= '0' && d <= '9' && 10*n+int(d-'0') < p.groups; d = p.peek() {
			n = 10*n + int(d-'0')
			p.pos++
		}
		if n >= p.groups {
			return &place{never}, nil
		}
		return p.reference(n), nil
	case 'k':
		p.pos += 2
		if p.next() != '<' {
			return nil, p.fail("\\k is not followed by '<' for named capturing group")
		}
		name, err := p.groupName(p.next())
		if err != nil {
			return nil, err
		}
		n, ok := p.names[name]
		if !ok {
			return nil, p.fail("named capturing group <" + name + "> does not exist")
		}
		return p.reference(n), nil
	}
	s, c, err := p.escape()
	if err != nil {
		return nil, err
	}
	if c >= 0 {
		s = p.single(c)
	}
	return &chars{s}, nil
}

func (p *parser) reference(n int) node {
	return &backref{number: n, fold: p.has(ignoreCase), ufold: p.has(unicodeCase)}
}

// escape reads an escape that is a character, or a set of them; c is -1 then.
func (p *parser) escape() (s set, c rune, err error) {
	p.pos++
	c = p.next()
	class := func(s, wide set) (set, rune, error) {
		if p.has(unicodeClass) {
			s = wide
		}
		if unicode.IsUpper(c) {
			s = s.negate()
		}
		return s, -1, nil
	}
	switch c {
	case -1:
		return s, 0, p.fail("Unexpected internal error")
	case 'd', 'D':
		return class(digits, tables(unicode.Nd))
	case 's', 'S':
		return class(spaces, tables(unicode.White_Space))
	case 'w', 'W':
		return class(words, unicodeWords())
	case 'h', 'H':
		return class(horizontal, horizontal)
	case 'v', 'V':
		return class(vertical, vertical)
	case 'p', 'P':
		s, err := p.family(c == 'P')
		return s, -1, err
	case '0':
		return p.octal()
	case 'a':
		return s, 7, nil
	case 'c':
		if c = p.next(); c < 0 {
			return s, 0, p.fail("Illegal control escape sequence")
		}
		return s, c ^ 64, nil
	case 'e':
		return s, 0o33, nil
	case 'f':
		return s, '\f', nil
	case 'n':
		return s, '\n', nil
	case 'r':
		return s, '\r', nil
	case 't':
		return s, '\t', nil
	case 'u':
		c, err = p.unicodeEscape()
		return s, c, err
	case 'x':
		c, err = p.hexEscape()
		return s, c, err
	}
	if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '1' && c <= '9' {
		return s, 0, p.fail("Illegal/unsupported escape sequence")
	}
	return s, c, nil
}

func (p *parser) octal() (s set, c rune, err error) {
	isOctal := func() bool { return p.at(0) >= '0' && p.at(0) <= '7' }
	if !isOctal() {
		return s, 0, p.fail("Illegal octal escape sequence")
	}
	first := p.at(0)
	for n := 0; n < 3 && isOctal() && (n < 2 || first <= '3'); n++ {
		c = 8*c + p.next() - '0'
	}
	return s, c, nil
}

func (p *parser) hexDigits(n int) (rune, bool) {
	c := rune(0)
	for range n {
		k := strings.IndexRune("0123456789abcdef", unicode.ToLower(p.at(0)))
		if p.at(0) < 0 || p.at(0) > 'f' || k < 0 {
			return 0, false
		}
		c = 16*c + rune(k)
		p.pos++
	}
	return c, true
}

func (p *parser) unicodeEscape() (rune, error) {
	c, ok := p.hexDigits(4)
	if !ok {
		return 0, p.fail("Illegal Unicode escape sequence")
	}
	if c >= 0xD800 && c < 0xDC00 && p.at(0) == '\\' && p.at(1) == 'u' {
		from := p.pos
		p.pos += 2
		if low, ok := p.hexDigits(4); ok && low >= 0xDC00 && low < 0xE000 {
			return (c-0xD800)<<10 | (low - 0xDC00) + 0x10000, nil
		}
		p.pos = from
	}
	return c, nil
}

func (p *parser) hexEscape() (rune, error) {
	if p.at(0) != '{' {
		c, ok := p.hexDigits(2)
		if !ok {
			return 0, p.fail("Illegal hexadecimal escape sequence")
		}
		return c, nil
	}
	p.pos++
	c, n := rune(0), 0
	for {
		d, ok := p.hexDigits(1)
		if !ok {
			break
		}
		n++
		if c = 16*c + d; c > unicode.MaxRune {
			return 0, p.fail("Hexadecimal codepoint is too big")
		}
	}
	if p.next() != '}' || n == 0 {
		return 0, p.fail("Unclosed hexadecimal escape sequence")
	}
	return c, nil
}

// family reads the name after \p.
func (p *parser) family(negated bool) (set, error) {
	var name string
	if p.at(0) == '{' {
		from := p.pos + 1
		for p.at(0) >= 0 && p.at(0) != '}' {
			p.pos++
		}
		if p.at(0) < 0 {
			return set{}, p.fail("Unclosed character family")
		}
		if name = string(p.text[from:p.pos]); name == "" {
			return set{}, p.fail("Empty character family")
		}
		p.pos++
	} else if c := p.next(); c >= 0 {
		name = string(c)
	}
	s, ok := set{}, false
	key, value, assigned := strings.Cut(name, "=")
	switch {
	case assigned:
		switch strings.ToLower(key) {
		case "sc", "script":
			s, ok = script(value)
		case "blk", "block":
			s, ok = block(value)
		case "gc", "general_category":
			s, ok = category(value)
		}
		if !ok {
			return s, p.fail("Unknown Unicode property {name=<" + key + ">, value=<" + value + ">}")
		}
	case strings.HasPrefix(name, "In"):
		if s, ok = block(name[2:]); !ok {
			return s, p.fail("Unknown character block name {" + name[2:] + "}")
		}
	case strings.HasPrefix(name, "Is"):
		if s, ok = property(name[2:]); !ok {
			if s, ok = category(name[2:]); !ok {
				s, ok = script(name[2:])
			}
		}
	default:
		if wide := posixUnicode[name]; wide != "" && p.has(unicodeClass) {
			s, ok = property(wide)
		} else {
			s, ok = category(name)
		}
	}
	if !ok {
		return s, p.fail("Unknown character property name {" + name + "}")
	}
	if negated {
		return s.negate(), nil
	}
	return s, nil
}

// class reads a class after its bracket; what follows && ends, not consumed, at
// the outer class's bracket.
func (p *parser) class(consume bool) (set, error) {
	if p.nested++; p.nested > maxNesting {
		return set{}, p.fail("Pattern is nested too deep")
	}
	defer func() { p.nested-- }()
	var all, single set // what there is so far; characters alone join it last
	any, some, negated := false, false, false
	join := func(s set) {
		if any {
			s = all.union(s)
		}
		all, any = s, true
	}
	if consume && p.peek() == '^' && p.text[p.pos-1] == '[' {
		p.pos++
		negated = true
	}
	for {
		switch c := p.peek(); {
		case c == '[':
			p.pos++
			s, err := p.class(true)
			if err != nil {
				return s, err
			}
			join(s)
			continue
		case c == '&' && p.at(1) == '&':
			p.pos += 2
			var right set
			has := false
			for c := p.peek(); c != ']' && c != '&'; c = p.peek() {
				inner := c == '['
				if inner {
					p.pos++
				}
				s, err := p.class(inner)
				if err != nil {
					return s, err
				}
				if has {
					s = right.union(s)
				}
				right, has = s, true
			}
			if some {
				join(single)
				single, some = set{}, false
			}
			switch {
			case !any && !has:
				return set{}, p.fail("Bad class syntax")
			case !any:
				all, any = right, true
			case has:
				all = all.and(right)
			}
			continue
		case c < 0:
			return set{}, p.fail("Unclosed character class")
		case c == ']' && (any || some):
			if consume {
				p.pos++
			}
			if some {
				join(single)
			}
			if negated {
				return all.negate(), nil
			}
			return all, nil
		}
		s, alone, err := p.classRange()
		if err != nil {
			return s, err
		}
		if alone {
			single, some = single.union(s), true
		} else {
			join(s)
		}
	}
}

// classRange reads one member of a class: a character, a range or an escape.
func (p *parser) classRange() (s set, alone bool, err error) {
	c := p.peek()
	if c == '\\' {
		if s, c, err = p.escape(); err != nil || c < 0 {
			return s, false, err
		}
	} else {
		p.pos++
	}
	if p.peek() == '-' && p.at(1) != '[' && p.at(1) != ']' {
		p.pos++
		high := p.peek()
		switch {
		case high < 0:
			return s, false, p.fail("Unclosed character class")
		case high == '\\':
			if _, high, err = p.escape(); err != nil {
				return s, false, err
			}
		default:
			p.pos++
		}
		if high < c {
			return s, false, p.fail("Illegal character range")
		}
		s = newSet(c, high)
		if p.has(ignoreCase) {
			s = s.fold(p.has(unicodeCase))
		}
		return s, false, nil
	}
	return p.single(c), c < 256, nil
}
