package jsonpath

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

type kind uint8

const (
	null kind = iota
	boolean
	number
	text
	list
	object
)

// value is a JSON value; numbers keep their text, objects the order of their keys.
type value struct {
	kind kind
	text string // number as Java prints it, string decoded, true or false
	// written is a number as it was read.
	written string
	keys    []string
	elems   []*value
	spent   int // of a whole document: values looked at for the path in hand
}

// member finds a member; of equal keys the last one counts.
func (v *value) member(key string) *value {
	for i := len(v.keys) - 1; i >= 0; i-- {
		if v.keys[i] == key {
			return v.elems[i]
		}
	}
	return nil
}

// maxNesting bounds how deep a document may nest.
const maxNesting = 1000

type parser struct {
	s     string
	i     int
	depth int
	// unique refuses objects that have a key twice.
	unique bool
	root   bool // the value is all there is: a number must end with a blank or the text
}

// parse reads the first JSON value of s; text after it does not matter, as in Flink.
func parse(s string) (*value, error) {
	p := parser{s: s, root: true}
	return p.value()
}

func (p *parser) space() {
	for p.i < len(p.s) && strings.IndexByte(" \t\r\n", p.s[p.i]) >= 0 {
		p.i++
	}
}

func (p *parser) bad() error {
	if p.i >= len(p.s) {
		//lint:ignore ST1005 the words of Flink
		return fmt.Errorf("Unexpected end-of-input: the JSON text ends too early")
	}
	end := p.i
	for end < len(p.s) && (p.s[end] >= 'a' && p.s[end] <= 'z' || p.s[end] >= 'A' && p.s[end] <= 'Z' || p.s[end] >= '0' && p.s[end] <= '9' || p.s[end] == '_' || p.s[end] == '$' || p.s[end] >= 0x80) {
		end++
	}
	if end > p.i {
		//lint:ignore ST1005 the words of Flink
		return fmt.Errorf("Unrecognized token '%.256s': was expecting (JSON String, Number, Array, Object or token 'null', 'true' or 'false') at offset %d of the JSON text", p.s[p.i:end], p.i)
	}
	//lint:ignore ST1005 the words of Flink
	return fmt.Errorf("Unexpected character ('%c' (code %d)) at offset %d of the JSON text", p.s[p.i], p.s[p.i], p.i)
}

func (p *parser) value() (*value, error) {
	p.space()
	if p.i >= len(p.s) {
		return nil, p.bad()
	}
	switch c := p.s[p.i]; {
	case c == '{' || c == '[':
		if p.depth++; p.depth > maxNesting {
			return nil, fmt.Errorf("the JSON text is nested deeper than %d levels", maxNesting)
		}
		defer func() { p.depth-- }()
		if c == '{' {
			return p.object()
		}
		return p.list()
	case c == '"':
		s, err := p.string()
		return &value{kind: text, text: s}, err
	case c == '-' || c >= '0' && c <= '9':
		v, err := p.number()
		if err == nil && p.root && p.depth == 0 && p.i < len(p.s) && strings.IndexByte(" \t\r\n", p.s[p.i]) < 0 {
			return nil, p.bad() // a number that is all there is must end with a blank
		}
		return v, err
	}
	for word, v := range map[string]value{"true": {kind: boolean, text: "true"}, "false": {kind: boolean, text: "false"}, "null": {}} {
		if strings.HasPrefix(p.s[p.i:], word) {
			end := p.i + len(word)
			if end < len(p.s) && (p.s[end] >= 'a' && p.s[end] <= 'z' || p.s[end] >= 'A' && p.s[end] <= 'Z' || p.s[end] >= '0' && p.s[end] <= '9' || p.s[end] == '_') {
				return nil, p.bad()
			}
			p.i = end
			return &v, nil
		}
	}
	return nil, p.bad()
}

func (p *parser) list() (*value, error) {
	v := &value{kind: list}
	p.i++
	p.space()
	if p.i < len(p.s) && p.s[p.i] == ']' {
		p.i++
		return v, nil
	}
	for {
		e, err := p.value()
		if err != nil {
			return nil, err
		}
		v.elems = append(v.elems, e)
		p.space()
		if p.i >= len(p.s) || p.s[p.i] != ',' && p.s[p.i] != ']' {
			return nil, p.bad()
		}
		p.i++
		if p.s[p.i-1] == ']' {
			return v, nil
		}
	}
}

func (p *parser) object() (*value, error) {
	v := &value{kind: object}
	var seen map[string]bool
	p.i++
	p.space()
	if p.i < len(p.s) && p.s[p.i] == '}' {
		p.i++
		return v, nil
	}
	for {
		p.space()
		if p.i >= len(p.s) || p.s[p.i] != '"' {
			return nil, p.bad()
		}
		key, err := p.string()
		if err != nil {
			return nil, err
		}
		p.space()
		if p.i >= len(p.s) || p.s[p.i] != ':' {
			return nil, p.bad()
		}
		p.i++
		e, err := p.value()
		if err != nil {
			return nil, err
		}
		if p.unique {
			if seen == nil {
				seen = map[string]bool{}
			}
			if seen[key] {
				return nil, fmt.Errorf("the JSON text has the key %q twice in an object", key)
			}
			seen[key] = true
		}
		v.put(key, e)
		p.space()
		if p.i >= len(p.s) || p.s[p.i] != ',' && p.s[p.i] != '}' {
			return nil, p.bad()
		}
		p.i++
		if p.s[p.i-1] == '}' {
			return v, nil
		}
	}
}

// put adds a member, or replaces the one of its key while objects are small
// enough to look.
func (v *value) put(key string, e *value) {
	if len(v.keys) < 64 {
		for i, k := range v.keys {
			if k == key {
				v.elems[i] = e
				return
			}
		}
	}
	v.keys, v.elems = append(v.keys, key), append(v.elems, e)
}

func (p *parser) number() (*value, error) {
	from := p.i
	digits := func() bool {
		start := p.i
		for p.i < len(p.s) && p.s[p.i]-'0' <= 9 {
			p.i++
		}
		return p.i > start
	}
	if p.s[p.i] == '-' {
		p.i++
	}
	lead := p.i
	if !digits() || p.s[lead] == '0' && p.i-lead > 1 {
		return nil, p.bad()
	}
	if p.i < len(p.s) && p.s[p.i] == '.' {
		p.i++
		if !digits() {
			return nil, p.bad()
		}
	}
	if p.i < len(p.s) && (p.s[p.i] == 'e' || p.s[p.i] == 'E') {
		p.i++
		if p.i < len(p.s) && (p.s[p.i] == '+' || p.s[p.i] == '-') {
			p.i++
		}
		if !digits() {
			return nil, p.bad()
		}
	}
	return &value{kind: number, text: decimalText(p.s[from:p.i]), written: p.s[from:p.i]}, nil
}

// decimalText writes a number as Java's BigDecimal does: with its digits as
// they are, plain unless there is a positive exponent or more than six zeros.
func decimalText(s string) string {
	mantissa, exp, hasExp := strings.Cut(strings.Replace(s, "E", "e", 1), "e")
	whole, frac, hasFrac := strings.Cut(mantissa, ".")
	if s == "-0" {
		return "0"
	}
	if !hasExp && !hasFrac {
		return s
	}
	e, err := strconv.Atoi(exp)
	if hasExp && err != nil {
		return s
	}
	sign := ""
	if strings.HasPrefix(whole, "-") {
		sign, whole = "-", whole[1:]
	}
	digits := strings.TrimLeft(whole+frac, "0")
	if digits == "" {
		sign, digits = "", "0"
	}
	scale := len(frac) - e
	adjusted := len(digits) - 1 - scale
	if scale >= 0 && adjusted >= -6 {
		for len(digits) <= scale {
			digits = "0" + digits
		}
		if scale == 0 {
			return sign + digits
		}
		return sign + digits[:len(digits)-scale] + "." + digits[len(digits)-scale:]
	}
	out := sign + digits[:1]
	if len(digits) > 1 {
		out += "." + digits[1:]
	}
	if adjusted != 0 {
		out += "E"
		if adjusted > 0 {
			out += "+"
		}
		out += strconv.Itoa(adjusted)
	}
	return out
}

func (p *parser) string() (string, error) {
	p.i++
	from := p.i
	for p.i < len(p.s) && p.s[p.i] != '"' && p.s[p.i] != '\\' && p.s[p.i] >= ' ' {
		p.i++
	}
	if p.i < len(p.s) && p.s[p.i] == '"' {
		p.i++
		return p.s[from : p.i-1], nil
	}
	b := []byte(p.s[from:p.i])
	for p.i < len(p.s) {
		c := p.s[p.i]
		switch {
		case c == '"':
			p.i++
			return string(b), nil
		case c < ' ':
			return "", p.bad()
		case c != '\\':
			b = append(b, c)
			p.i++
			continue
		}
		if p.i++; p.i >= len(p.s) {
			break
		}
		switch e := p.s[p.i]; e {
		case '"', '\\', '/':
			b = append(b, e)
		case 'b':
			b = append(b, '\b')
		case 'f':
			b = append(b, '\f')
		case 'n':
			b = append(b, '\n')
		case 'r':
			b = append(b, '\r')
		case 't':
			b = append(b, '\t')
		case 'u':
			r, ok := p.hex(p.i + 1)
			if !ok {
				return "", p.bad()
			}
			p.i += 4
			if utf16.IsSurrogate(r) && strings.HasPrefix(p.s[p.i+1:], `\u`) {
				if low, ok := p.hex(p.i + 3); ok {
					if full := utf16.DecodeRune(r, low); full != utf8.RuneError {
						r = full
						p.i += 6
					}
				}
			}
			if utf16.IsSurrogate(r) {
				r = '?' // half of a character, as Java encodes it
			}
			b = utf8.AppendRune(b, r)
		default:
			return "", p.bad()
		}
		p.i++
	}
	return "", p.bad()
}

func (p *parser) hex(at int) (rune, bool) {
	if at+4 > len(p.s) {
		return 0, false
	}
	n, err := strconv.ParseUint(p.s[at:at+4], 16, 16)
	return rune(n), err == nil
}

// append writes the value as compact JSON, members in order of their keys.
func (v *value) append(dst []byte) []byte {
	switch v.kind {
	case null:
		return append(dst, "null"...)
	case text:
		return quote(dst, v.text)
	case list:
		dst = append(dst, '[')
		for i, e := range v.elems {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = e.append(dst)
		}
		return append(dst, ']')
	case object:
		dst = append(dst, '{')
		order := make([]int, len(v.keys))
		for i := range order {
			order[i] = i
		}
		slices.SortStableFunc(order, func(a, b int) int { return strings.Compare(v.keys[a], v.keys[b]) })
		for i, k := range order {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = append(quote(dst, v.keys[k]), ':')
			dst = v.elems[k].append(dst)
		}
		return append(dst, '}')
	}
	return append(dst, v.text...)
}

// quote writes a string as JSON.
func quote(dst []byte, s string) []byte {
	dst = append(dst, '"')
	for i := range len(s) {
		switch c := s[i]; c {
		case '"', '\\':
			dst = append(dst, '\\', c)
		case '\b':
			dst = append(dst, `\b`...)
		case '\f':
			dst = append(dst, `\f`...)
		case '\n':
			dst = append(dst, `\n`...)
		case '\r':
			dst = append(dst, `\r`...)
		case '\t':
			dst = append(dst, `\t`...)
		default:
			if c < ' ' {
				dst = fmt.Appendf(dst, `\u%04X`, c)
			} else {
				dst = append(dst, c)
			}
		}
	}
	return append(dst, '"')
}
