package text

import (
	"math"
	"unicode/utf8"

	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/function"
)

// withPattern runs a function of regular expressions: the pattern is argument
// arg, prepared once for equal ones. bad answers for a pattern that is none.
func withPattern(arg int, bad func(c *function.Call, i int32), row func(c *function.Call, i int32, p []byte, re *function.Pattern)) func(*function.Call) error {
	return func(c *function.Call) error {
		var re *function.Pattern
		var err error
		last, known := "", false
		fixed := c.Const[arg] != nil
		for _, i := range c.Rows() {
			if !known || !fixed && c.Args[arg].Str(int(i)) != last {
				last = c.Args[arg].Str(int(i))
				re, err = function.CompilePattern(last)
				known = true
			}
			if err != nil {
				bad(c, i)
				continue
			}
			row(c, i, c.Args[0].Bytes(int(i)), re)
		}
		return nil
	}
}

func nullFor(c *function.Call, i int32) { c.SetNull(i) }

func falseFor(c *function.Call, i int32) { c.Out.Bool[i] = 0 }

func groupArg(c *function.Call, i int32, otherwise int) int {
	if len(c.Args) > 2 {
		return int(min(max(function.IntAt(c.Args[2], i), -1), math.MaxInt32))
	}
	return otherwise
}

// group is the number of a group: any integer.
var group = function.Param{Want: "an integer", Match: func(a function.Arg) (data.Type, bool) {
	if a.Type.Kind == data.BigInt {
		return a.Type, true
	}
	return function.Int.Match(a)
}}

var regexpFunctions = []*function.Scalar{
	{
		Name: "REGEXP", Aliases: []string{"REGEXP_LIKE", "RLIKE"}, Category: "text", Syntax: "REGEXP(string, pattern)", Strict: true, Total: true, Costly: true,
		Doc:      "Whether the regular expression is found in the string. FALSE for an empty or wrong pattern.",
		Examples: []function.Example{{SQL: "REGEXP('hello', 'l+')", Want: "TRUE"}},
		Infer:    function.Args(function.IfNull(typeBool()), function.Text, function.Text),
		Eval: withPattern(1, falseFor, func(c *function.Call, i int32, p []byte, re *function.Pattern) {
			c.Out.Bool[i] = 0
			if len(c.Args[1].Bytes(int(i))) > 0 && re.Match(p) {
				c.Out.Bool[i] = 1
			}
		}),
	},
	{
		Name: "REGEXP_EXTRACT", Category: "text", Syntax: "REGEXP_EXTRACT(string, pattern[, group])", Strict: true, Total: true, Costly: true,
		Doc:      "The part of the string that a group of the regular expression matched, the whole match for group 0; NULL if there is none.",
		Examples: []function.Example{{SQL: "REGEXP_EXTRACT('foothebar', 'foo(.*?)(bar)', 2)", Want: "bar"}, {SQL: "REGEXP_EXTRACT('a', 'b')", Want: "NULL"}},
		Infer:    function.Between(2, function.Always(str()), function.Text, function.Text, group),
		Eval: func(c *function.Call) error {
			base := c.Out.ShareBuffers(c.Args[0])
			var at []int
			if c.Const[1] != nil && (len(c.Args) < 3 || c.Const[2] != nil) {
				re, err := function.CompilePattern(c.Const[1].S)
				g := 0
				if len(c.Args) > 2 {
					g = int(min(max(c.Const[2].I, -1), math.MaxInt32))
				}
				known := err == nil && g >= 0 && g <= re.Groups
				for _, i := range c.Rows() {
					if !known {
						c.SetNull(i)
						continue
					}
					if at = re.Find(c.Args[0].Bytes(int(i)), at); at == nil || at[2*g] < 0 {
						c.SetNull(i)
						continue
					}
					c.Out.SetSub(int(i), c.Args[0], base, int(i), at[2*g], at[2*g+1]-at[2*g])
				}
				return nil
			}
			return withPattern(1, nullFor, func(c *function.Call, i int32, p []byte, re *function.Pattern) {
				g := groupArg(c, i, 0)
				if g < 0 || g > re.Groups {
					c.SetNull(i)
					return
				}
				at = re.Find(p, at)
				if at == nil || at[2*g] < 0 {
					c.SetNull(i)
					return
				}
				c.Out.SetSub(int(i), c.Args[0], base, int(i), at[2*g], at[2*g+1]-at[2*g])
			})(c)
		},
	},
	{
		Name: "REGEXP_REPLACE", Category: "text", Syntax: "REGEXP_REPLACE(string, pattern, replacement)", Strict: true, Total: true, Costly: true,
		Doc:      "The string with all matches of the regular expression replaced by a text as it is. NULL for a wrong pattern.",
		Examples: []function.Example{{SQL: "REGEXP_REPLACE('foobar', 'oo|ar', '')", Want: "fb"}},
		Infer:    function.Args(function.IfNull(str()), function.Text, function.Text, function.Text),
		Eval: withPattern(1, nullFor, func(c *function.Call, i int32, p []byte, re *function.Pattern) {
			buf, from := c.Scratch(), 0
			with := c.Args[2].Bytes(int(i))
			re.FindAll(p, func(at []int) bool {
				buf = append(buf, p[from:at[0]]...)
				buf = append(buf, with...)
				from = at[1]
				return len(buf) < maxText
			})
			buf = append(buf, p[from:]...)
			c.Out.SetBytes(int(i), buf)
			c.Keep(buf)
		}),
	},
	{
		Name: "REGEXP_COUNT", Category: "text", Syntax: "REGEXP_COUNT(string, pattern)", Strict: true, Total: true, Costly: true,
		Doc:      "How many times the regular expression matches. NULL for a wrong pattern.",
		Examples: []function.Example{{SQL: "REGEXP_COUNT('aXbXc', 'X')", Want: "2"}},
		Infer:    function.Args(function.Always(typeInt()), function.Text, function.Text),
		Eval: withPattern(1, nullFor, func(c *function.Call, i int32, p []byte, re *function.Pattern) {
			n := int32(0)
			re.FindAll(p, func([]int) bool { n++; return true })
			c.Out.I32[i] = n
		}),
	},
	{
		Name: "REGEXP_INSTR", Category: "text", Syntax: "REGEXP_INSTR(string, pattern)", Strict: true, Total: true, Costly: true,
		Doc:      "The position of the first match in UTF-16 units, counted from 1; 0 if there is none, NULL for a wrong pattern.",
		Examples: []function.Example{{SQL: "REGEXP_INSTR('hello', 'l+')", Want: "3"}},
		Infer:    function.Args(function.Always(typeInt()), function.Text, function.Text),
		Eval: withPattern(1, nullFor, func(c *function.Call, i int32, p []byte, re *function.Pattern) {
			at := re.Find(p, nil)
			if at == nil {
				c.Out.I32[i] = 0
				return
			}
			n := int32(1)
			for head := p[:at[0]]; len(head) > 0; n++ {
				r, w := utf8.DecodeRune(head)
				if r > 0xFFFF {
					n++
				}
				head = head[w:]
			}
			c.Out.I32[i] = n
		}),
	},
	{
		Name: "REGEXP_SUBSTR", Category: "text", Syntax: "REGEXP_SUBSTR(string, pattern)", Strict: true, Total: true, Costly: true,
		Doc:      "The first match of the regular expression; NULL if there is none.",
		Examples: []function.Example{{SQL: "REGEXP_SUBSTR('hello 42', '[0-9]+')", Want: "42"}},
		Infer:    function.Args(function.Always(str()), function.Text, function.Text),
		Eval: func(c *function.Call) error {
			base := c.Out.ShareBuffers(c.Args[0])
			return withPattern(1, nullFor, func(c *function.Call, i int32, p []byte, re *function.Pattern) {
				at := re.Find(p, nil)
				if at == nil {
					c.SetNull(i)
					return
				}
				c.Out.SetSub(int(i), c.Args[0], base, int(i), at[0], at[1]-at[0])
			})(c)
		},
	},
	{
		Name: "REGEXP_EXTRACT_ALL", Category: "text", Syntax: "REGEXP_EXTRACT_ALL(string, pattern[, group])", Strict: true, Total: true, Costly: true,
		Doc:      "The parts that a group of the regular expression matched, by default group 1, as an array.",
		Examples: []function.Example{{SQL: "REGEXP_EXTRACT_ALL('a1b22', '([a-z])([0-9]+)', 2)", Want: "[1, 22]"}},
		Infer: function.Between(2, function.Always(data.Type{Kind: data.Array, Nullable: true, Args: []data.Type{data.String()}}),
			function.Text, function.Text, group),
		Eval: func(c *function.Call) error {
			w := data.NewListWriter(c.Out)
			elems := c.Out.Children[0]
			base := elems.ShareBuffers(c.Args[0])
			err := withPattern(1, nullFor, func(c *function.Call, i int32, p []byte, re *function.Pattern) {
				g := groupArg(c, i, 1)
				if g < 0 || g > re.Groups {
					c.Out.SetNull(int(i))
					return
				}
				var found [][2]int
				re.FindAll(p, func(at []int) bool {
					found = append(found, [2]int{at[2*g], at[2*g+1]})
					return true
				})
				at := w.Row(int(i), len(found))
				for k, f := range found {
					if f[0] < 0 {
						elems.SetValueAt(at+k, data.NullValue())
						continue
					}
					elems.SetSub(at+k, c.Args[0], base, int(i), f[0], f[1]-f[0])
				}
			})(c)
			w.Finish()
			return err
		},
	},
}
