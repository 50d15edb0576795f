package text

import (
	"bytes"
	"fmt"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/function"
)

// maxText bounds what one call may build.
const maxText = 64 << 20

var buildFunctions = []*function.Scalar{
	{
		Name: "||", Category: "text", Syntax: "string || string", Strict: true,
		Doc:      "The strings one after the other.",
		Examples: []function.Example{{SQL: "'a' || 'b'", Want: "ab"}},
		Infer: function.Args(func(args []data.Type) data.Type {
			t := data.Type{Kind: data.VarChar, Nullable: function.AnyNull(args), Precision: min(args[0].Precision+args[1].Precision, data.MaxLength)}
			if args[0].Kind == data.Char && args[1].Kind == data.Char {
				t.Kind = data.Char
			}
			return t
		}, function.Text, function.Text),
		Eval: concat,
	},
	{
		Name: "CONCAT", Category: "text", Syntax: "CONCAT(string, …)", Strict: true,
		Doc:      "The strings one after the other; NULL if one is NULL.",
		Examples: []function.Example{{SQL: "CONCAT('a', 'b', 'c')", Want: "abc"}},
		Infer:    function.Many(1, function.IfNull(str()), function.Text),
		Eval:     concat,
	},
	{
		Name: "CONCAT_WS", Category: "text", Syntax: "CONCAT_WS(separator, string, …)",
		Doc:      "The strings that are not NULL with the separator between them; NULL if the separator is.",
		Examples: []function.Example{{SQL: "CONCAT_WS(',', 'a', '', 'b')", Want: "a,,b"}},
		Infer: function.Many(1, func(args []data.Type) data.Type {
			return str().WithNull(args[0].Nullable)
		}, function.Text),
		Eval: func(c *function.Call) error {
			buf := c.Scratch()
			for _, i := range c.Rows() {
				if c.Args[0].IsNull(int(i)) {
					c.SetNull(i)
					continue
				}
				buf = buf[:0]
				first := true
				for _, v := range c.Args[1:] {
					if v.IsNull(int(i)) {
						continue
					}
					if !first {
						buf = append(buf, c.Args[0].Bytes(int(i))...)
					}
					first = false
					buf = append(buf, v.Bytes(int(i))...)
				}
				c.Out.SetBytes(int(i), buf)
			}
			c.Keep(buf)
			return nil
		},
	},
	{
		Name: "REPEAT", Category: "text", Syntax: "REPEAT(string, count)", Strict: true,
		Doc:      "The string count times.",
		Examples: []function.Example{{SQL: "REPEAT('ab', 3)", Want: "ababab"}},
		Infer:    function.Args(function.IfNull(str()), function.Text, function.Int),
		Eval: func(c *function.Call) error {
			buf := c.Scratch()
			for _, i := range c.Rows() {
				p, n := c.Args[0].Bytes(int(i)), int(c.Args[1].I32[i])
				if n > 0 && len(p) > 0 && n > maxText/len(p) {
					return fmt.Errorf("%d times %d bytes is more than %d MiB", n, len(p), maxText>>20)
				}
				buf = buf[:0]
				if len(p) > 0 {
					for range max(n, 0) {
						buf = append(buf, p...)
					}
				}
				c.Out.SetBytes(int(i), buf)
			}
			c.Keep(buf)
			return nil
		},
	},
	{
		Name: "REVERSE", Category: "text", Syntax: "REVERSE(string)", Strict: true,
		Doc:      "The characters of the string from the last to the first.",
		Examples: []function.Example{{SQL: "REVERSE('日本語')", Want: "語本日"}},
		Infer:    function.Args(function.Always(str()), function.Text),
		Eval: build(func(dst []byte, _ *function.Call, _ int32, p []byte) []byte {
			for len(p) > 0 {
				_, w := utf8.DecodeLastRune(p)
				dst = append(dst, p[len(p)-w:]...)
				p = p[:len(p)-w]
			}
			return dst
		}),
	},
	{
		Name: "LPAD", Category: "text", Syntax: "LPAD(string, length, pad)", Strict: true,
		Doc:      "The string filled on the left with pad to a length, or cut to it. NULL if the length is negative or pad is empty.",
		Examples: []function.Example{{SQL: "LPAD('hi', 5, 'ab')", Want: "abahi"}, {SQL: "LPAD('hi', 1, '?')", Want: "h"}},
		Infer:    function.Args(function.IfNull(str()), function.Text, function.Int, function.Text),
		Eval:     pad(true),
	},
	{
		Name: "RPAD", Category: "text", Syntax: "RPAD(string, length, pad)", Strict: true,
		Doc:      "The string filled on the right with pad to a length, or cut to it. NULL if the length is negative or pad is empty.",
		Examples: []function.Example{{SQL: "RPAD('hi', 5, 'ab')", Want: "hiaba"}},
		Infer:    function.Args(function.IfNull(str()), function.Text, function.Int, function.Text),
		Eval:     pad(false),
	},
	{
		Name: "REPLACE", Category: "text", Syntax: "REPLACE(string, search, replacement)", Strict: true,
		Doc:      "The string with every occurrence of search replaced.",
		Examples: []function.Example{{SQL: "REPLACE('hello', 'l', 'L')", Want: "heLLo"}},
		Infer:    function.Args(function.IfNull(str()), function.Text, function.Text, function.Text),
		Eval: func(c *function.Call) error {
			base := c.Out.ShareBuffers(c.Args[0])
			for _, i := range c.Rows() {
				p, search := c.Args[0].Bytes(int(i)), c.Args[1].Bytes(int(i))
				if len(search) > 0 && !bytes.Contains(p, search) {
					c.Out.SetSub(int(i), c.Args[0], base, int(i), 0, len(p))
					continue
				}
				c.Out.SetBytes(int(i), bytes.ReplaceAll(p, search, c.Args[2].Bytes(int(i))))
			}
			return nil
		},
	},
	{
		Name: "TRANSLATE", Category: "text", Syntax: "TRANSLATE(string, from, to)",
		Doc:      "The string with each character of from replaced by the one at its place in to, or removed if there is none. NULL for from changes nothing, NULL for to removes.",
		Examples: []function.Example{{SQL: "TRANSLATE('hello', 'elo', 'i')", Want: "hi"}},
		Infer:    function.Args(func(args []data.Type) data.Type { return str().WithNull(args[0].Nullable) }, function.Text, function.Text, function.Text),
		Eval: build(func(dst []byte, c *function.Call, i int32, p []byte) []byte {
			if c.Args[0].IsNull(int(i)) {
				c.SetNull(i)
				return dst
			}
			var from, to []rune
			if !c.Args[1].IsNull(int(i)) {
				from = []rune(c.Args[1].Str(int(i)))
			}
			if !c.Args[2].IsNull(int(i)) {
				to = []rune(c.Args[2].Str(int(i)))
			}
		next:
			for _, r := range string(p) {
				for k, f := range from {
					if f == r {
						if k < len(to) {
							dst = utf8.AppendRune(dst, to[k])
						}
						continue next
					}
				}
				dst = utf8.AppendRune(dst, r)
			}
			return dst
		}),
	},
	{
		Name: "OVERLAY", Category: "text", Syntax: "OVERLAY(string PLACING replacement FROM start [FOR length])", Strict: true,
		Doc:      "The string with characters from a position on replaced. What comes after the replaced part is kept only if that part ends before the string does.",
		Examples: []function.Example{{SQL: "OVERLAY('xxxxxtest' PLACING 'XXXX' FROM 6 FOR 2)", Want: "xxxxxXXXXst"}},
		Infer: function.Between(3, func(args []data.Type) data.Type {
			return data.Type{Kind: data.VarChar, Nullable: function.AnyNull(args), Precision: min(args[0].Precision+args[1].Precision, data.MaxLength)}
		}, function.Text, function.Text, function.Int, function.Int),
		Eval: build(func(dst []byte, c *function.Call, i int32, p []byte) []byte {
			r, start := c.Args[1].Bytes(int(i)), int(c.Args[2].I32[i])
			total, length := runes(p), runes(r)
			if len(c.Args) > 3 {
				length = int(c.Args[3].I32[i])
			}
			if wide(p) || wide(r) {
				if len(c.Args) < 4 {
					length = len(utf16.Encode([]rune(string(r))))
				}
				return overlayUTF16(dst, p, r, start, length)
			}
			if start <= 0 || start > total {
				return append(dst, p...)
			}
			dst = append(dst, p[:offset(p, start-1)]...)
			dst = append(dst, r...)
			if length > 0 && start+length <= total {
				dst = append(dst, p[offset(p, start-1+length):]...)
			}
			return dst
		}),
	},
	{
		Name: "CHR", Category: "text", Syntax: "CHR(code)", Strict: true,
		Doc:      "The character of a code; codes count modulo 256.",
		Examples: []function.Example{{SQL: "CHR(97)", Want: "a"}},
		Infer:    function.Args(function.Always(str()), function.BigInt),
		Eval: func(c *function.Call) error {
			for _, i := range c.Rows() {
				n := c.Args[0].I64[i]
				if n < 0 {
					c.Out.SetBytes(int(i), nil)
					continue
				}
				c.Out.SetString(int(i), string(rune(n&0xFF)))
			}
			return nil
		},
	},
	{
		Name: "ELT", Category: "text", Syntax: "ELT(index, string, …)",
		Doc:      "The string at a position, counted from 1; NULL if there is none.",
		Examples: []function.Example{{SQL: "ELT(2, 'a', 'b')", Want: "b"}, {SQL: "ELT(3, 'a', 'b')", Want: "NULL"}},
		Infer: oneSort(eltIndex(function.Many(2, func(args []data.Type) data.Type {
			t := args[1].WithNull(true)
			for _, a := range args[2:] {
				if a.Kind != t.Kind || a.Precision != t.Precision {
					if t.Kind == data.Char {
						t.Kind = data.VarChar
					}
					if t.Kind == data.Binary {
						t.Kind = data.VarBinary
					}
					t.Precision = max(t.Precision, a.Precision)
				}
			}
			return t
		}, function.BigInt, function.TextOrBin))),
		Eval: func(c *function.Call) error {
			bases := make([]uint64, len(c.Args))
			for k, v := range c.Args[1:] {
				bases[k+1] = c.Out.ShareBuffers(v)
			}
			for _, i := range c.Rows() {
				n := c.Args[0].I64[i]
				if c.Args[0].IsNull(int(i)) || n < 1 || n >= int64(len(c.Args)) || c.Args[n].IsNull(int(i)) {
					c.SetNull(i)
					continue
				}
				c.Out.Views[i] = c.Args[n].Views[i].Rebase(bases[n])
			}
			return nil
		},
	},
	{
		Name: "PRINTF", Category: "text", Syntax: "PRINTF(format, value, …)",
		Doc:      "Values written into a format in the manner of printf.",
		Examples: []function.Example{{SQL: "PRINTF('%s has %d', 'a', 2)", Want: "a has 2"}},
		Infer:    function.Many(1, function.Always(str()), function.Text, function.Any),
		Eval:     printf,
	},
}

func concat(c *function.Call) error {
	buf := c.Scratch()
	for _, i := range c.Rows() {
		buf = buf[:0]
		for _, v := range c.Args {
			buf = append(buf, v.Bytes(int(i))...)
		}
		c.Out.SetBytes(int(i), buf)
	}
	c.Keep(buf)
	return nil
}

// pad fills or cuts strings to a length. Unlike all else it counts in UTF-16
// units, as Flink does: a character beyond the basic plane is two, and half of
// one that a cut leaves is a question mark.
func pad(left bool) func(*function.Call) error {
	return func(c *function.Call) error {
		buf := c.Scratch()
		for _, i := range c.Rows() {
			p, n, fill := c.Args[0].Bytes(int(i)), int(c.Args[1].I32[i]), c.Args[2].Bytes(int(i))
			if n < 0 || len(fill) == 0 {
				c.SetNull(i)
				continue
			}
			if n > maxText {
				return fmt.Errorf("length %d is more than %d", n, maxText)
			}
			missing := n - units(p)
			if missing <= 0 {
				buf = appendUnits(buf[:0], p, n)
				c.Out.SetBytes(int(i), buf)
				continue
			}
			buf = buf[:0]
			if !left {
				buf = append(buf, p...)
			}
			size := units(fill)
			for ; missing >= size; missing -= size {
				buf = append(buf, fill...)
			}
			buf = appendUnits(buf, fill, missing)
			if left {
				buf = append(buf, p...)
			}
			c.Out.SetBytes(int(i), buf)
		}
		c.Keep(buf)
		return nil
	}
}

// units counts the UTF-16 units of p.
func units(p []byte) int {
	n := 0
	for _, b := range p {
		switch {
		case b >= 0xF0:
			n += 2
		case b < 0x80 || b >= 0xC0:
			n++
		}
	}
	return n
}

// appendUnits appends the first n UTF-16 units of p.
func appendUnits(dst, p []byte, n int) []byte {
	for len(p) > 0 && n > 0 {
		_, w := utf8.DecodeRune(p)
		n--
		if w == 4 {
			if n == 0 {
				return append(dst, '?')
			}
			n--
		}
		dst = append(dst, p[:w]...)
		p = p[w:]
	}
	return dst
}

// eltIndex refuses a negative literal position.
func eltIndex(infer func([]function.Arg) (function.Signature, error)) func([]function.Arg) (function.Signature, error) {
	return func(args []function.Arg) (function.Signature, error) {
		s, err := infer(args)
		if err == nil && args[0].Literal != nil && !args[0].Literal.Null && args[0].Literal.I < 0 {
			//lint:ignore ST1005 the words of Flink
			return s, fmt.Errorf("Index must be an integer starting from '0', but was '%d'.", args[0].Literal.I)
		}
		return s, err
	}
}

// wide tells whether a text has characters that are two units of UTF-16.
func wide(p []byte) bool {
	for _, b := range p {
		if b >= 0xF0 {
			return true
		}
	}
	return false
}

// overlayUTF16 is OVERLAY by units of UTF-16, which is how Flink counts here.
// Half a character is a question mark.
func overlayUTF16(dst, p, r []byte, start, length int) []byte {
	units := utf16.Encode([]rune(string(p)))
	if start <= 0 || start > len(units) {
		return append(dst, p...)
	}
	out := append([]uint16{}, units[:start-1]...)
	out = append(out, utf16.Encode([]rune(string(r)))...)
	if length > 0 && start+length <= len(units) {
		out = append(out, units[start-1+length:]...)
	}
	for i := 0; i < len(out); i++ {
		c := rune(out[i])
		if utf16.IsSurrogate(c) {
			c = utf8.RuneError
			if i+1 < len(out) {
				c = utf16.DecodeRune(rune(out[i]), rune(out[i+1]))
			}
			if c == utf8.RuneError {
				c = '?'
			} else {
				i++
			}
		}
		dst = utf8.AppendRune(dst, c)
	}
	return dst
}

// oneSort refuses strings and binaries in one call.
func oneSort(infer func([]function.Arg) (function.Signature, error)) func([]function.Arg) (function.Signature, error) {
	return func(args []function.Arg) (function.Signature, error) {
		s, err := infer(args)
		if err != nil {
			return s, err
		}
		for i, t := range s.Args[1:] {
			first := s.Args[1].Kind
			if (t.Kind == data.Binary || t.Kind == data.VarBinary) != (first == data.Binary || first == data.VarBinary) {
				return s, fmt.Errorf("argument %d must be of the sort of argument 2, %s, not %s", i+2, s.Args[1], t)
			}
		}
		return s, nil
	}
}
