package json

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math/bits"
	"unicode/utf8"
)

// syntaxError is text that is not JSON; at is where in the record.
type syntaxError struct {
	at   int
	what string
}

func (e *syntaxError) Error() string { return e.what }

func syntax(at int, form string, args ...any) error {
	return &syntaxError{at, fmt.Sprintf(form, args...)}
}

var errDepth = errors.New("nested deeper than 1000 levels")

const (
	maxDepth = 1000
	lows     = 0x0101010101010101
	highs    = 0x8080808080808080
)

func space(p []byte, i int) int {
	for i < len(p) && (p[i] == ' ' || p[i] == '\t' || p[i] == '\r' || p[i] == '\n') {
		i++
	}
	return i
}

// unexpected says what stands at p[i] instead of what.
func unexpected(p []byte, i int, what string) error {
	if i >= len(p) {
		return syntax(i, "unexpected end of the record: %s expected", what)
	}
	j := i
	for j < len(p) && (p[j] >= 'a' && p[j] <= 'z' || p[j] >= 'A' && p[j] <= 'Z' || p[j] >= '0' && p[j] <= '9' || p[j] == '_') && j < i+40 {
		j++
	}
	if j > i+1 {
		return syntax(i, "unrecognized token '%s': %s expected", p[i:j], what)
	}
	r, _ := utf8.DecodeRune(p[i:])
	return syntax(i, "unexpected character %q: %s expected", string(r), what)
}

// text is a string of the record: bytes [from, to) between the quotes.
type text struct {
	from, to int
	raw      bool // has escapes
}

// str reads the string that begins after the quote at p[i-1] and returns where
// it ends, behind the closing quote.
func str(p []byte, i int) (text, int, error) {
	t := text{from: i}
	var hi uint64
	for {
		for i+8 <= len(p) {
			w := binary.LittleEndian.Uint64(p[i:])
			hi |= w
			q, b := w^(lows*'"'), w^(lows*'\\')
			if m := ((q-lows)&^q | (b-lows)&^b | (w-lows*0x20)&^w) & highs; m != 0 {
				i += bits.TrailingZeros64(m) >> 3
				break
			}
			i += 8
		}
		for i < len(p) && p[i] != '"' && p[i] != '\\' && p[i] >= 0x20 {
			hi |= uint64(p[i])
			i++
		}
		switch {
		case i >= len(p):
			return t, i, syntax(t.from-1, "closing quote of a string is missing")
		case p[i] == '"':
			t.to = i
			if hi&highs != 0 && !utf8.Valid(p[t.from:t.to]) {
				return t, i, syntax(t.from-1, "string is not UTF-8")
			}
			return t, i + 1, nil
		case p[i] < 0x20:
			return t, i, syntax(i, "control character 0x%02x in a string: it must be escaped", p[i])
		}
		t.raw = true
		n, err := escape(p, i)
		if err != nil {
			return t, i, err
		}
		i = n
	}
}

// escape checks the escape at p[i] and returns what follows it.
func escape(p []byte, i int) (int, error) {
	if i+1 >= len(p) {
		return 0, syntax(i, "closing quote of a string is missing")
	}
	switch p[i+1] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return i + 2, nil
	case 'u':
		if i+6 <= len(p) {
			if _, ok := hex4(p[i+2:]); ok {
				return i + 6, nil
			}
		}
		return 0, syntax(i, "\\u must be followed by four hex digits")
	}
	r, _ := utf8.DecodeRune(p[i+1:])
	return 0, syntax(i, "unrecognized escape \\%c", r)
}

func hex4(p []byte) (rune, bool) {
	var r rune
	for _, c := range p[:4] {
		switch {
		case c >= '0' && c <= '9':
			c -= '0'
		case c >= 'a' && c <= 'f':
			c -= 'a' - 10
		case c >= 'A' && c <= 'F':
			c -= 'A' - 10
		default:
			return 0, false
		}
		r = r<<4 | rune(c)
	}
	return r, true
}

// unescape appends the meaning of a string's text. Half surrogates become U+FFFD.
func unescape(dst, p []byte) []byte {
	for i := 0; i < len(p); {
		if p[i] != '\\' {
			dst = append(dst, p[i])
			i++
			continue
		}
		i += 2
		switch c := p[i-1]; c {
		case 'b':
			dst = append(dst, '\b')
		case 'f':
			dst = append(dst, '\f')
		case 'n':
			dst = append(dst, '\n')
		case 'r':
			dst = append(dst, '\r')
		case 't':
			dst = append(dst, '\t')
		case 'u':
			r, _ := hex4(p[i:])
			i += 4
			if r >= 0xd800 && r < 0xe000 {
				low := rune(0)
				if i+6 <= len(p) && p[i] == '\\' && p[i+1] == 'u' {
					low, _ = hex4(p[i+2:])
				}
				if r < 0xdc00 && low >= 0xdc00 && low < 0xe000 {
					r = (r-0xd800)<<10 | (low - 0xdc00) + 0x10000
					i += 6
				} else {
					r = utf8.RuneError
				}
			}
			dst = utf8.AppendRune(dst, r)
		default:
			dst = append(dst, c)
		}
	}
	return dst
}

// number reads the number at p[i] and returns where it ends, and whether it
// has neither fraction nor exponent.
func number(p []byte, i int) (end int, whole bool, err error) {
	from := i
	if i < len(p) && p[i] == '-' {
		i++
	}
	digits := func() bool {
		n := i
		for i < len(p) && p[i]-'0' <= 9 {
			i++
		}
		return i > n
	}
	switch {
	case i < len(p) && p[i] == '0':
		i++
	case !digits():
		return i, false, unexpected(p, from, "a value")
	}
	whole = true
	if i < len(p) && p[i] == '.' {
		i++
		whole = false
		if !digits() {
			return i, false, syntax(i, "a digit must follow the decimal point")
		}
	}
	if i < len(p) && (p[i] == 'e' || p[i] == 'E') {
		i++
		whole = false
		if i < len(p) && (p[i] == '+' || p[i] == '-') {
			i++
		}
		if !digits() {
			return i, false, syntax(i, "a digit must follow the exponent")
		}
	}
	if i < len(p) && !ends(p[i]) {
		return i, false, unexpected(p, from, "a value")
	}
	return i, whole, nil
}

// ends tells whether c may stand behind a number or word.
func ends(c byte) bool {
	switch c {
	case ',', '}', ']', ' ', '\t', '\r', '\n', ':':
		return true
	}
	return false
}

// word reads null, true or false at p[i].
func word(p []byte, i int) (int, error) {
	for _, w := range [...]string{"null", "true", "false"} {
		if n := i + len(w); n <= len(p) && string(p[i:n]) == w && (n == len(p) || ends(p[n])) {
			return n, nil
		}
	}
	return 0, unexpected(p, i, "a value")
}

// skip checks the value at p[i] and returns where it ends.
func skip(p []byte, i int) (int, error) { return skipDeep(p, i, 0) }

func skipDeep(p []byte, i, depth int) (int, error) {
	if i >= len(p) {
		return 0, unexpected(p, i, "a value")
	}
	switch p[i] {
	case '"':
		_, i, err := str(p, i+1)
		return i, err
	case '{', '[':
		return skipInside(p, i, depth)
	case 'n', 't', 'f':
		return word(p, i)
	}
	i, _, err := number(p, i)
	return i, err
}

func skipInside(p []byte, i, depth int) (int, error) {
	if depth >= maxDepth {
		return 0, &syntaxError{i, errDepth.Error()}
	}
	object := p[i] == '{'
	end, ends := byte(']'), "',' or ']'"
	if object {
		end, ends = '}', "',' or '}'"
	}
	i = space(p, i+1)
	if i < len(p) && p[i] == end {
		return i + 1, nil
	}
	var err error
	for {
		if object {
			if i >= len(p) || p[i] != '"' {
				return 0, unexpected(p, i, "a member name in quotes")
			}
			if _, i, err = str(p, i+1); err != nil {
				return 0, err
			}
			if i = space(p, i); i >= len(p) || p[i] != ':' {
				return 0, unexpected(p, i, "':'")
			}
			i = space(p, i+1)
		}
		if i, err = skipDeep(p, i, depth+1); err != nil {
			return 0, err
		}
		i = space(p, i)
		switch {
		case i < len(p) && p[i] == ',':
			i = space(p, i+1)
		case i < len(p) && p[i] == end:
			return i + 1, nil
		default:
			return 0, unexpected(p, i, ends)
		}
	}
}
