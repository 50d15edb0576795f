package expr

import (
	"bytes"
	"fmt"
	"unicode/utf8"

	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/function"
)

// like is LIKE and SIMILAR TO. A literal pattern is prepared once.
func (c *compiler) like(e Expr, args []*node) (*node, error) {
	for _, a := range args {
		if a.konst != nil && a.konst.Null || a.typ.Kind == data.Null {
			return c.null(e.Type), nil
		}
		if a.typ.Phys() != data.PhysString {
			return nil, fmt.Errorf("not defined for %s", a.typ)
		}
	}
	prepare := parseLike
	if e.Func == "SIMILAR TO" {
		prepare = parseSimilar
	}
	var fixed matcher
	if args[1].konst != nil && (len(args) < 3 || args[2].konst != nil) {
		escape := ""
		if len(args) > 2 {
			escape = args[2].konst.S
		}
		// A bad pattern fails when a row meets it, like any other runtime error.
		fixed, _ = prepare(args[1].konst.S, escape)
	}
	return c.make(e, args, false, func() (kernel, bool, error) {
		return func(m *machine, n *node, s *selection) (*data.Vector, error) {
			var v [3]*data.Vector
			for i, a := range n.args {
				var err error
				if v[i], err = m.vec(a, s); err != nil {
					return nil, err
				}
			}
			out := m.out(n)
			setNulls(out, v[0], v[1])
			if v[2] != nil {
				addNulls(out, v[2].Nulls)
			}
			match := fixed
			last, lastEscape := "", ""
			for _, i := range m.rows(m.notNull(s, out.Nulls)) {
				if fixed == nil {
					pattern, escape := v[1].Str(int(i)), ""
					if v[2] != nil {
						escape = v[2].Str(int(i))
					}
					if match == nil || pattern != last || escape != lastEscape {
						var err error
						if match, err = prepare(pattern, escape); err != nil {
							out.Release()
							return nil, fmt.Errorf("%s: %w", n.expr, err)
						}
						last, lastEscape = pattern, escape
					}
				}
				out.Bool[i] = b2i(match(v[0].Bytes(int(i))))
			}
			return out, nil
		}, false, nil
	})
}

// matcher tells whether a text matches a prepared pattern.
type matcher func(text []byte) bool

// token is a part of a LIKE pattern: literal bytes, or one or any number of characters.
type token struct {
	text []byte
	any  bool // %
}

func parseLike(pattern, escape string) (matcher, error) {
	if utf8.RuneCountInString(escape) > 1 {
		return nil, fmt.Errorf("invalid escape character %q", escape)
	}
	esc, _ := utf8.DecodeRuneInString(escape)
	if escape == "" {
		esc = -1
	}
	var tokens []token
	add := func(r rune) {
		if k := len(tokens) - 1; k >= 0 && tokens[k].text != nil {
			tokens[k].text = utf8.AppendRune(tokens[k].text, r)
			return
		}
		tokens = append(tokens, token{text: utf8.AppendRune(nil, r)})
	}
	runes := []rune(pattern)
	for i := 0; i < len(runes); i++ {
		switch r := runes[i]; {
		case r == esc:
			if i+1 == len(runes) || runes[i+1] != '%' && runes[i+1] != '_' && runes[i+1] != esc {
				return nil, fmt.Errorf("invalid escape sequence %q, %d", pattern, i)
			}
			i++
			add(runes[i])
		case r == '%':
			if k := len(tokens) - 1; k < 0 || !tokens[k].any {
				tokens = append(tokens, token{any: true})
			}
		case r == '_':
			tokens = append(tokens, token{})
		default:
			add(r)
		}
	}
	isText := func(i int) bool { return tokens[i].text != nil }
	switch {
	case len(tokens) == 0:
		return func(s []byte) bool { return len(s) == 0 }, nil
	case len(tokens) == 1 && tokens[0].any:
		return func([]byte) bool { return true }, nil
	case len(tokens) == 1 && isText(0):
		return func(s []byte) bool { return bytes.Equal(s, tokens[0].text) }, nil
	case len(tokens) == 2 && isText(0) && tokens[1].any:
		return func(s []byte) bool { return bytes.HasPrefix(s, tokens[0].text) }, nil
	case len(tokens) == 2 && tokens[0].any && isText(1):
		return func(s []byte) bool { return bytes.HasSuffix(s, tokens[1].text) }, nil
	case len(tokens) == 3 && tokens[0].any && isText(1) && tokens[2].any:
		return func(s []byte) bool { return bytes.Contains(s, tokens[1].text) }, nil
	}
	return func(s []byte) bool { return matchTokens(s, tokens) }, nil
}

// matchTokens matches with one point to come back to: the last % met.
func matchTokens(s []byte, tokens []token) bool {
	i, k := 0, 0
	backI, backK := -1, -1
	for {
		if k == len(tokens) {
			if i == len(s) {
				return true
			}
		} else {
			t := tokens[k]
			switch {
			case t.any:
				backI, backK = i, k+1
				k++
				continue
			case t.text == nil:
				if i < len(s) {
					_, w := utf8.DecodeRune(s[i:])
					i += w
					k++
					continue
				}
			case bytes.HasPrefix(s[i:], t.text):
				i += len(t.text)
				k++
				continue
			}
		}
		if backI < 0 || backI >= len(s) {
			return false
		}
		_, w := utf8.DecodeRune(s[backI:])
		backI += w
		if backK < len(tokens) && tokens[backK].text != nil {
			j := bytes.Index(s[backI:], tokens[backK].text)
			if j < 0 {
				return false
			}
			backI += j
		}
		i, k = backI, backK
	}
}

func parseSimilar(pattern, escape string) (matcher, error) {
	re, err := function.SimilarPattern(pattern, escape)
	if err != nil {
		return nil, err
	}
	return func(s []byte) bool { return re.Find(s, nil) != nil }, nil
}
