package text

import (
	"bytes"
	"errors"
	"math"
	"strconv"
	"unicode"
	"unicode/utf8"

	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/function"
)

func typeInt() data.Type  { return data.Of(data.Int) }
func typeBool() data.Type { return data.Of(data.Boolean) }

// ints computes an INT for every row.
func ints(f func(c *function.Call, i int32, p []byte) int32) func(*function.Call) error {
	return each(func(c *function.Call, i int32, p []byte) { c.Out.I32[i] = f(c, i, p) })
}

// tests computes a BOOLEAN for every row.
func tests(f func(c *function.Call, i int32, p []byte) bool) func(*function.Call) error {
	return each(func(c *function.Call, i int32, p []byte) {
		c.Out.Bool[i] = 0
		if f(c, i, p) {
			c.Out.Bool[i] = 1
		}
	})
}

var searchFunctions = []*function.Scalar{
	{
		Name: "CHAR_LENGTH", Aliases: []string{"CHARACTER_LENGTH", "LENGTH"}, Category: "text", Syntax: "CHAR_LENGTH(string)", Strict: true,
		Doc:      "The number of characters.",
		Examples: []function.Example{{SQL: "CHAR_LENGTH('日本')", Want: "2"}},
		Infer:    function.Args(function.IfNull(typeInt()), function.Text),
		Eval:     ints(func(_ *function.Call, _ int32, p []byte) int32 { return int32(runes(p)) }),
	},
	{
		Name: "ASCII", Category: "text", Syntax: "ASCII(string)", Strict: true,
		Doc:      "The first byte of the string as a number from -128 to 127; 0 for the empty string.",
		Examples: []function.Example{{SQL: "ASCII('abc')", Want: "97"}},
		Infer:    function.Args(function.IfNull(typeInt()), function.Text),
		Eval: ints(func(_ *function.Call, _ int32, p []byte) int32 {
			if len(p) == 0 {
				return 0
			}
			return int32(int8(p[0]))
		}),
	},
	{
		Name: "POSITION", Category: "text", Syntax: "POSITION(part IN string)", Strict: true,
		Doc:      "The position of the first occurrence, counted from 1; 0 if there is none.",
		Examples: []function.Example{{SQL: "POSITION('lo' IN 'hello')", Want: "4"}},
		Infer:    function.Between(2, function.IfNull(typeInt()), function.Text, function.Text, function.Int),
		Eval:     locate,
	},
	{
		Name: "LOCATE", Category: "text", Syntax: "LOCATE(part, string[, start])", Strict: true,
		Doc:      "The position of the first occurrence at or after start, counted from 1; 0 if there is none.",
		Examples: []function.Example{{SQL: "LOCATE('l', 'hello', 4)", Want: "4"}},
		Infer:    function.Between(2, function.IfNull(typeInt()), function.Text, function.Text, function.Int),
		Eval:     locate,
	},
	{
		Name: "INSTR", Category: "text", Syntax: "INSTR(string, part[, start[, nth]])", Strict: true,
		Doc:      "The position of the nth occurrence from start on, counted from 1; a negative start searches backwards from the end. 0 if there is none.",
		Examples: []function.Example{{SQL: "INSTR('hello', 'l')", Want: "3"}, {SQL: "INSTR('hello', 'l', -1)", Want: "4"}},
		Infer:    function.Between(2, function.IfNull(typeInt()), function.Text, function.Text, function.Int, function.Int),
		Eval: func(c *function.Call) error {
			if len(c.Args) > 3 {
				for _, i := range c.Rows() {
					if c.Args[3].I32[i] <= 0 {
						return errNth
					}
				}
			}
			return instrRows(c)
		},
	},
	{
		Name: "STARTSWITH", Category: "text", Syntax: "STARTSWITH(value, prefix)", Strict: true,
		Doc:      "Whether the string, or binary, begins with another.",
		Examples: []function.Example{{SQL: "STARTSWITH('hello', 'he')", Want: "TRUE"}},
		Infer:    sameSort,
		Eval: tests(func(c *function.Call, i int32, p []byte) bool {
			return bytes.HasPrefix(p, c.Args[1].Bytes(int(i)))
		}),
	},
	{
		Name: "ENDSWITH", Category: "text", Syntax: "ENDSWITH(value, suffix)", Strict: true,
		Doc:      "Whether the string, or binary, ends with another.",
		Examples: []function.Example{{SQL: "ENDSWITH('hello', 'lo')", Want: "TRUE"}},
		Infer:    sameSort,
		Eval: tests(func(c *function.Call, i int32, p []byte) bool {
			return bytes.HasSuffix(p, c.Args[1].Bytes(int(i)))
		}),
	},
	predicate("IS_ALPHA", "Whether all characters are letters, and there is one.", "IS_ALPHA('abc')", func(p []byte) bool {
		for _, r := range string(p) {
			if !unicode.IsLetter(r) || r > 0xFFFF {
				return false
			}
		}
		return len(p) > 0
	}),
	predicate("IS_DIGIT", "Whether all characters are digits, and there is one.", "IS_DIGIT('123')", func(p []byte) bool {
		for _, r := range string(p) {
			if !unicode.IsDigit(r) || r > 0xFFFF {
				return false
			}
		}
		return len(p) > 0
	}),
	predicate("IS_DECIMAL", "Whether the string is a number.", "IS_DECIMAL('-1e5')", isDecimal),
}

// sameSort types a test of two strings, or of two binaries.
var sameSort = function.Overload(
	function.Args(function.IfNull(typeBool()), function.Text, function.Text),
	function.Args(function.IfNull(typeBool()), function.Binary, function.Binary),
)

// predicate is a test of a string that is FALSE for NULL.
func predicate(name, doc, example string, test func(p []byte) bool) *function.Scalar {
	return &function.Scalar{
		Name: name, Category: "text", Syntax: name + "(string)", Doc: doc,
		Examples: []function.Example{{SQL: example, Want: "TRUE"}},
		Infer: function.Args(function.Always(typeBool().NotNull()), function.Param{Want: "a string or a number", Match: func(a function.Arg) (data.Type, bool) {
			if t, ok := function.Text.Match(a); ok {
				return t, true
			}
			return a.Type, a.Type.Kind >= data.TinyInt && a.Type.Kind <= data.Decimal
		}}),
		Eval: func(c *function.Call) error {
			if v := c.Args[0]; v.Type.Phys() != data.PhysString { // of a number only its type counts
				yes := v.Type.Kind <= data.BigInt && name != "IS_ALPHA" || name == "IS_DECIMAL" && v.Type.Kind != data.Decimal
				for _, i := range c.Rows() {
					c.Out.Bool[i] = 0
					if yes {
						c.Out.Bool[i] = 1
					}
				}
				return nil
			}
			for _, i := range c.Rows() {
				c.Out.Bool[i] = 0
				if !c.Args[0].IsNull(int(i)) && test(c.Args[0].Bytes(int(i))) {
					c.Out.Bool[i] = 1
				}
			}
			return nil
		},
	}
}

// isLong tells whether Java's Long.parseLong reads it: digits of any script.
func isLong(p []byte) bool {
	s := string(p)
	if s != "" && (s[0] == '-' || s[0] == '+') {
		s = s[1:]
	}
	limit := uint64(math.MaxInt64)
	if len(p) > 0 && p[0] == '-' {
		limit++
	}
	var n uint64
	for _, r := range s {
		d, ok := digit(r)
		if !ok || n > (limit-d)/10 {
			return false
		}
		n = n*10 + d
	}
	return s != ""
}

// digit is the value of a decimal digit of any script. Unicode has those of a
// script in ranges that begin with its zero.
func digit(r rune) (uint64, bool) {
	if r < 0x80 {
		return uint64(r - '0'), '0' <= r && r <= '9'
	}
	if r > 0xFFFF || !unicode.IsDigit(r) { // beyond, it is two chars of Java's
		return 0, false
	}
	zero := r
	for unicode.IsDigit(zero - 1) {
		zero--
	}
	return uint64(r - zero), true
}

// isDecimal tells whether Java's Long.parseLong or Double.parseDouble reads it.
func isDecimal(p []byte) bool {
	if isLong(p) {
		return true
	}
	p = bytes.TrimFunc(p, func(r rune) bool { return r <= ' ' })
	if len(p) > 1 && bytes.IndexByte([]byte("fFdD"), p[len(p)-1]) >= 0 {
		p = p[:len(p)-1]
	}
	if bytes.ContainsAny(p, "xX") { // hexadecimal, as Java and Go write it
		_, err := strconv.ParseFloat(string(p), 64)
		return (err == nil || errors.Is(err, strconv.ErrRange)) && bytes.IndexByte(p, '_') < 0
	}
	switch word := bytes.TrimLeft(p, "+-"); {
	case len(p)-len(word) > 1:
		return false
	case string(word) == "NaN", string(word) == "Infinity":
		return true
	}
	digits := func() int {
		n := 0
		for n < len(p) && p[n]-'0' <= 9 {
			n++
		}
		p = p[n:]
		return n
	}
	sign := func() {
		if len(p) > 0 && (p[0] == '-' || p[0] == '+') {
			p = p[1:]
		}
	}
	sign()
	n := digits()
	if len(p) > 0 && p[0] == '.' {
		p = p[1:]
		n += digits()
	}
	if n == 0 {
		return false
	}
	if len(p) > 0 && (p[0] == 'e' || p[0] == 'E') {
		p = p[1:]
		sign()
		if digits() == 0 {
			return false
		}
	}
	return len(p) == 0
}

func locate(c *function.Call) error {
	for _, i := range c.Rows() {
		part, p := c.Args[0].Bytes(int(i)), c.Args[1].Bytes(int(i))
		if len(part) == 0 {
			c.Out.I32[i] = 1
			continue
		}
		from := 0
		if len(c.Args) > 2 {
			start := int(c.Args[2].I32[i]) - 1
			if start > 0 {
				if start >= runes(p) {
					c.Out.I32[i] = 0
					continue
				}
				from = offset(p, start)
			}
		}
		c.Out.I32[i] = position(p, part, from)
	}
	return nil
}

// position returns the place of part in p from byte from on, in characters from 1.
func position(p, part []byte, from int) int32 {
	k := bytes.Index(p[from:], part)
	if k < 0 {
		return 0
	}
	return int32(utf8.RuneCount(p[:from+k])) + 1
}

var errNth = errors.New("nthAppearance must be positive")

var instrRows = ints(func(c *function.Call, i int32, p []byte) int32 {
	part, start, nth := c.Args[1].Bytes(int(i)), int32(1), int32(1)
	if len(c.Args) > 2 {
		start = c.Args[2].I32[i]
	}
	if len(c.Args) > 3 {
		nth = c.Args[3].I32[i]
	}
	return instr(p, part, start, nth)
})

func instr(p, part []byte, start, nth int32) int32 {
	if len(part) == 0 && start != 0 {
		if start > 0 {
			return 1
		}
		return int32(runes(p)) + 1
	}
	switch {
	case start == 0:
		return 0
	case start > 0:
		if int(start) > runes(p)+1 {
			return 0
		}
		from := offset(p, int(start)-1)
		for ; ; nth-- {
			k := bytes.Index(p[from:], part)
			if k < 0 {
				return 0
			}
			from += k
			if nth == 1 {
				return int32(utf8.RuneCount(p[:from])) + 1
			}
			if from >= len(p) {
				return 0
			}
			_, w := utf8.DecodeRune(p[from:])
			from += w
		}
	}
	// Occurrences that end at or before a place counted from the end.
	last := runes(p) + int(start) + 1
	if last <= 0 {
		return 0
	}
	end := offset(p, last)
	for ; ; nth-- {
		k := bytes.LastIndex(p[:end], part)
		if k < 0 {
			return 0
		}
		if nth == 1 {
			return int32(utf8.RuneCount(p[:k])) + 1
		}
		end = k + len(part) - 1
		if end < 0 {
			return 0
		}
	}
}
