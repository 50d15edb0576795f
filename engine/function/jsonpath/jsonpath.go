// Package jsonpath has the SQL functions on JSON text.
//
// A path begins with lax (what is missing is empty) or strict (the default: what
// is missing is an error). Without clauses an empty result and an error are both
// NULL. A path finds members, elements by position (also from the end), slices,
// all of them (*), at any depth (..), and those a condition holds for: [?(@.a > 1)].
package jsonpath

import (
	"fmt"

	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/function"
)

// Functions lists the functions of this package.
var Functions = []*function.Scalar{
	jsonValue, jsonQuery, jsonExists, jsonObject, jsonArray, jsonText, jsonMembers, parseJSON, tryParseJSON, variantItem,
	isJSON("IS JSON", "any JSON", "1", func(*value) bool { return true }),
	isJSON("IS JSON OBJECT", "a JSON object", `{"a":1}`, func(v *value) bool { return v.kind == object }),
	isJSON("IS JSON ARRAY", "a JSON array", "[1]", func(v *value) bool { return v.kind == list }),
	isJSON("IS JSON SCALAR", "a JSON scalar", `"a"`, func(v *value) bool { return v.kind != object && v.kind != list }),
	{
		Name: "JSON_UNQUOTE", Category: "json", Syntax: "JSON_UNQUOTE(string)", Strict: true,
		Doc:      "The text of a JSON string; anything else as it is.",
		Examples: []function.Example{{SQL: `JSON_UNQUOTE('"abc"')`, Want: "abc"}},
		Infer:    function.Args(function.IfNull(data.String()), function.Text),
		Eval: func(c *function.Call) error {
			for _, i := range c.Rows() {
				s := c.Args[0].Str(int(i))
				if len(s) > 1 && s[0] == '"' && s[len(s)-1] == '"' {
					p := parser{s: s}
					if t, err := p.string(); err == nil && p.i == len(s) {
						c.Out.SetString(int(i), t)
						continue
					}
				}
				c.Out.SetString(int(i), s)
			}
			return nil
		},
	},
	{
		Name: "JSON_QUOTE", Category: "json", Syntax: "JSON_QUOTE(string)", Strict: true,
		Doc:      "The text as a JSON string, in ASCII.",
		Examples: []function.Example{{SQL: `JSON_QUOTE('a/é')`, Want: `"a\/\u00e9"`}},
		Infer:    function.Args(function.IfNull(data.String()), function.Text),
		Eval: func(c *function.Call) error {
			for _, i := range c.Rows() {
				buf := quoteASCII(c.Scratch(), c.Args[0].Str(int(i)))
				c.Out.SetBytes(int(i), buf)
				c.Keep(buf)
			}
			return nil
		},
	},
	{
		Name: "JSON_STRING", Category: "json", Syntax: "JSON_STRING(value)", Strict: true,
		Doc:      "The value as JSON: rows and maps as objects.",
		Examples: []function.Example{{SQL: `JSON_STRING(ARRAY[1, 2])`, Want: "[1,2]"}},
		Infer: function.Args(function.IfNull(data.String()), function.Param{Want: "a value that JSON can write", Match: func(a function.Arg) (data.Type, bool) {
			return a.Type, Writable(a.Type)
		}, Family: "CHARACTER"}),
		Eval: func(c *function.Call) error {
			for _, i := range c.Rows() {
				buf := appendValue(c.Scratch(), c.Args[0], int(i))
				c.Out.SetBytes(int(i), buf)
				c.Keep(buf)
			}
			return nil
		},
	},
}

func isJSON(name, what, such string, test func(v *value) bool) *function.Scalar {
	return &function.Scalar{
		Name: name, Category: "json", Syntax: "string " + name,
		Examples: []function.Example{{SQL: "'" + such + "' " + name, Want: "TRUE"}, {SQL: "'x' " + name, Want: "FALSE"}},
		Doc:      "Whether the string is " + what + "; FALSE for NULL. Text after the value does not matter.",
		Infer:    function.Args(function.Always(data.Of(data.Boolean).NotNull()), function.Text),
		Eval: func(c *function.Call) error {
			for _, i := range c.Rows() {
				c.Out.Bool[i] = 0
				if c.Args[0].IsNull(int(i)) {
					continue
				}
				if v, err := parse(c.Args[0].Str(int(i))); err == nil && test(v) {
					c.Out.Bool[i] = 1
				}
			}
			return nil
		},
	}
}

func quoteASCII(dst []byte, s string) []byte {
	dst = append(dst, '"')
	for _, r := range s {
		switch r {
		case '"', '\\', '/':
			dst = append(dst, '\\', byte(r))
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
			switch {
			case r <= 0x7F:
				dst = append(dst, byte(r))
			case r > 0xFFFF:
				// As in Flink: the whole character, then its lower half.
				dst = fmt.Appendf(dst, `\u%04x\u%04x`, r, 0xDC00+(r-0x10000)&0x3FF)
			default:
				dst = fmt.Appendf(dst, `\u%04x`, r)
			}
		}
	}
	return append(dst, '"')
}
