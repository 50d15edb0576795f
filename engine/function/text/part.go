package text

import (
	"unicode/utf8"

	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/function"
)

// offset returns where code point n (from 0) of p starts, len(p) if p is shorter.
func offset(p []byte, n int) int {
	if n <= 0 {
		return 0
	}
	at := 0
	for at < len(p) && n > 0 {
		if p[at] < utf8.RuneSelf {
			at++
		} else {
			_, w := utf8.DecodeRune(p[at:])
			at += w
		}
		n--
	}
	return at
}

func runes(p []byte) int {
	if isASCII(p) {
		return len(p)
	}
	return utf8.RuneCount(p)
}

// slice computes rows that are a part of the first argument, [from, to) of its bytes.
func slice(part func(c *function.Call, i int32, p []byte) (from, to int)) func(*function.Call) error {
	return sliceOf(0, part)
}

func sliceOf(arg int, part func(c *function.Call, i int32, p []byte) (from, to int)) func(*function.Call) error {
	return func(c *function.Call) error {
		v := c.Args[arg]
		base := c.Out.ShareBuffers(v)
		for _, i := range c.Rows() {
			from, to := part(c, i, v.Bytes(int(i)))
			if from < 0 {
				c.SetNull(i)
				continue
			}
			c.Out.SetSub(int(i), v, base, int(i), from, to-from)
		}
		return nil
	}
}

func nullableVarLike(i int) function.Result {
	return func(args []data.Type) data.Type {
		return data.Type{Kind: data.VarChar, Precision: args[i].Precision, Nullable: true}
	}
}

var partFunctions = []*function.Scalar{
	{
		Name: "SUBSTRING", Aliases: []string{"SUBSTR"}, Category: "text", Syntax: "SUBSTRING(string, start[, length])", Strict: true, Total: true,
		Doc: "The part of the string from a position, counted from 1; a negative one counts from the end. Also SUBSTRING(string FROM start FOR length).",
		Examples: []function.Example{
			{SQL: "SUBSTRING('hello', 2, 3)", Want: "ell"}, {SQL: "SUBSTRING('hello', -3, 2)", Want: "ll"}, {SQL: "SUBSTRING('hello', 0, 2)", Want: "he"},
		},
		Infer: function.Between(2, nullableVarLike(0), function.Text, function.Int, function.Int),
		Eval: slice(func(c *function.Call, i int32, p []byte) (int, int) {
			start := int(c.Args[1].I32[i])
			length := -1
			if len(c.Args) > 2 {
				if length = int(c.Args[2].I32[i]); length < 0 {
					return -1, 0
				}
			}
			switch {
			case start > 0:
				start--
			case start < 0:
				if start += runes(p); start < 0 {
					return 0, 0
				}
			}
			from := offset(p, start)
			if length < 0 {
				return from, len(p)
			}
			return from, from + offset(p[from:], length)
		}),
	},
	{
		Name: "LEFT", Category: "text", Syntax: "LEFT(string, length)", Strict: true, Total: true,
		Doc:      "The first characters of the string.",
		Examples: []function.Example{{SQL: "LEFT('hello', 2)", Want: "he"}},
		Infer:    function.Args(nullableVarLike(0), function.Text, function.Int),
		Eval: slice(func(c *function.Call, i int32, p []byte) (int, int) {
			return 0, offset(p, int(c.Args[1].I32[i]))
		}),
	},
	{
		Name: "RIGHT", Category: "text", Syntax: "RIGHT(string, length)", Strict: true, Total: true,
		Doc:      "The last characters of the string.",
		Examples: []function.Example{{SQL: "RIGHT('hello', 2)", Want: "lo"}},
		Infer:    function.Args(nullableVarLike(0), function.Text, function.Int),
		Eval: slice(func(c *function.Call, i int32, p []byte) (int, int) {
			n := int(c.Args[1].I32[i])
			if n <= 0 {
				return 0, 0
			}
			return offset(p, runes(p)-n), len(p)
		}),
	},
	{
		Name: "TRIM", Category: "text", Syntax: "TRIM([{BOTH | LEADING | TRAILING} [characters] FROM] string)", Strict: true, Total: true,
		Doc:      "The string without the characters at its ends; blanks if none are given.",
		Examples: []function.Example{{SQL: "TRIM(BOTH 'x' FROM 'xxaxx')", Want: "a"}, {SQL: "TRIM('  a ')", Want: "a"}},
		Infer: function.Overload(
			function.Args(function.VarLike(2), function.Text, function.Text, function.Text),
			function.Args(function.VarLike(0), function.Text)),
		Eval: func(c *function.Call) error {
			if len(c.Args) == 1 {
				return sliceOf(0, trimmer(-1, true, true))(c)
			}
			return sliceOf(2, func(c *function.Call, i int32, p []byte) (int, int) {
				side := c.Args[0].Str(int(i))
				return trimSet(p, c.Args[1].Bytes(int(i)), side != "TRAILING", side != "LEADING")
			})(c)
		},
	},
	{
		Name: "LTRIM", Category: "text", Syntax: "LTRIM(string[, characters])", Strict: true, Total: true,
		Doc:      "The string without blanks, or the given characters, at its start.",
		Examples: []function.Example{{SQL: "LTRIM('xyxabc', 'yx')", Want: "abc"}},
		Infer:    function.Between(1, function.VarLike(0), function.Text, function.Text),
		Eval:     slice(trimmer(1, true, false)),
	},
	{
		Name: "RTRIM", Category: "text", Syntax: "RTRIM(string[, characters])", Strict: true, Total: true,
		Doc:      "The string without blanks, or the given characters, at its end.",
		Examples: []function.Example{{SQL: "RTRIM('abcxyx', 'xy')", Want: "abc"}},
		Infer:    function.Between(1, function.VarLike(0), function.Text, function.Text),
		Eval:     slice(trimmer(1, false, true)),
	},
	{
		Name: "BTRIM", Category: "text", Syntax: "BTRIM(string[, characters])", Strict: true, Total: true,
		Doc:      "The string without blanks, or the given characters, at both ends.",
		Examples: []function.Example{{SQL: "BTRIM('xyaxy', 'xy')", Want: "a"}},
		Infer:    function.Between(1, function.IfNull(str()), function.Text, function.Text),
		Eval:     slice(trimmer(1, true, true)),
	},
	{
		Name: "SPLIT_INDEX", Category: "text", Syntax: "SPLIT_INDEX(string, separator, index)", Strict: true, Total: true,
		Doc:      "The part of the string between separators, counted from 0; NULL if there is no such part. The separator is a string or the code of a character.",
		Examples: []function.Example{{SQL: "SPLIT_INDEX('a,b,c', ',', 1)", Want: "b"}, {SQL: "SPLIT_INDEX('a;b', 59, 1)", Want: "b"}, {SQL: "SPLIT_INDEX('a', ',', 1)", Want: "NULL"}},
		Infer: function.Overload(
			function.Args(function.Always(str()), function.Text, function.Text, function.Int),
			function.Args(function.Always(str()), function.Text, function.Int, function.Int)),
		Eval: splitIndex,
	},
}

// trimmer trims blanks, or the characters of an argument if it is there.
func trimmer(arg int, left, right bool) func(c *function.Call, i int32, p []byte) (int, int) {
	return func(c *function.Call, i int32, p []byte) (int, int) {
		if arg > 0 && len(c.Args) > arg {
			return trimSet(p, c.Args[arg].Bytes(int(i)), left, right)
		}
		from, to := 0, len(p)
		for left && from < to && p[from] == ' ' {
			from++
		}
		for right && to > from && p[to-1] == ' ' {
			to--
		}
		return from, to
	}
}

func trimSet(p, set []byte, left, right bool) (int, int) {
	from, to := 0, len(p)
	in := func(r rune) bool {
		for _, s := range string(set) {
			if s == r {
				return true
			}
		}
		return false
	}
	for left && from < to {
		r, w := utf8.DecodeRune(p[from:to])
		if !in(r) {
			break
		}
		from += w
	}
	for right && to > from {
		r, w := utf8.DecodeLastRune(p[from:to])
		if !in(r) {
			break
		}
		to -= w
	}
	return from, to
}
