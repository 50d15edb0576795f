package text

import (
	"unicode"
	"unicode/utf8"

	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/function"
)

var caseFunctions = []*function.Scalar{
	{
		Name: "UPPER", Category: "text", Syntax: "UPPER(string)", Strict: true, Total: true,
		Doc:      "The string in upper case.",
		Examples: []function.Example{{SQL: "UPPER('straße')", Want: "STRASSE"}},
		Infer:    function.Args(function.Like(0), function.Text),
		Eval: mapCase('a', 'z', func(dst, p []byte) []byte {
			for _, r := range string(p) {
				if r == 'ß' {
					dst = append(dst, "SS"...)
					continue
				}
				dst = utf8.AppendRune(dst, unicode.ToUpper(r))
			}
			return dst
		}),
	},
	{
		Name: "LOWER", Category: "text", Syntax: "LOWER(string)", Strict: true, Total: true,
		Doc:      "The string in lower case.",
		Examples: []function.Example{{SQL: "LOWER('ABC')", Want: "abc"}},
		Infer:    function.Args(function.Like(0), function.Text),
		Eval: mapCase('A', 'Z', func(dst, p []byte) []byte {
			for _, r := range string(p) {
				if r == 'İ' {
					dst = append(dst, "i̇"...)
					continue
				}
				dst = utf8.AppendRune(dst, unicode.ToLower(r))
			}
			return dst
		}),
	},
	{
		Name: "INITCAP", Category: "text", Syntax: "INITCAP(string)", Strict: true, Total: true,
		Doc:      "The string with the first letter of each word in upper case and the others in lower case; words are parted by what is not an ASCII letter or digit.",
		Examples: []function.Example{{SQL: "INITCAP('hello wORLD')", Want: "Hello World"}},
		Infer:    function.Args(function.Like(0), function.Text),
		Eval: build(func(dst []byte, _ *function.Call, _ int32, p []byte) []byte {
			inWord := false
			for _, b := range p {
				letter := b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z'
				switch {
				case !letter:
					inWord = b >= '0' && b <= '9'
				case inWord:
					b |= 0x20
				default:
					b &^= 0x20
					inWord = true
				}
				dst = append(dst, b)
			}
			return dst
		}),
	},
}

// mapCase changes the case of ASCII strings in place of their copy, or keeps
// them as they are, and leaves the others to the slow way.
func mapCase(from, to byte, slow func(dst, p []byte) []byte) func(*function.Call) error {
	return func(c *function.Call) error {
		v, out, buf := c.Args[0], c.Out, c.Scratch()
		base := out.ShareBuffers(v)
		for _, i := range c.Rows() {
			if w := v.Views[i]; w.Len() <= data.InlineLen {
				if m, ok := inlineCase(w, from, to); ok {
					out.Views[i] = m
					continue
				}
			}
			p := v.Bytes(int(i))
			changes, ascii := false, true
			for _, b := range p {
				changes = changes || b >= from && b <= to
				ascii = ascii && b < utf8.RuneSelf
			}
			switch {
			case !ascii:
				buf = slow(buf[:0], p)
				out.SetBytes(int(i), buf)
			case !changes:
				out.Views[i] = v.Views[i].Rebase(base)
			default:
				buf = append(buf[:0], p...)
				for k, b := range buf {
					if b >= from && b <= to {
						buf[k] = b ^ 0x20
					}
				}
				out.SetBytes(int(i), buf)
			}
		}
		c.Keep(buf)
		return nil
	}
}

// inlineCase changes the case of an inline view of ASCII bytes, eight at a time.
func inlineCase(w data.View, from, to byte) (data.View, bool) {
	lo, hi := w.A>>32, w.B
	if (lo|hi)&0x8080808080808080 != 0 {
		return w, false
	}
	w.A ^= caseBits(lo, from, to) << 32
	w.B ^= caseBits(hi, from, to)
	return w, true
}

// caseBits has 0x20 in every byte of x between from and to; all bytes are below 0x80.
func caseBits(x uint64, from, to byte) uint64 {
	const ones = 0x0101010101010101
	ge := x + ones*uint64(0x80-from) // top bit: byte >= from
	gt := x + ones*uint64(0x80-to-1) // top bit: byte > to
	return (ge &^ gt & (ones * 0x80)) >> 2
}
