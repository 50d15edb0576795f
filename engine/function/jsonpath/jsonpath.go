// Package jsonpath has the SQL functions on JSON text.
//
// A path begins with lax (the default: what is missing is empty) or strict
// (what is missing is an error). Without clauses an empty result and an error
// are both NULL. A path finds members, elements by position (also from the end),
// slices, all of them (*) and names at any depth (..); filters are not known.
package jsonpath

import (
	"fmt"

	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/function"
)

// Functions lists the functions of this package.
var Functions = []*function.Scalar{
	{
		Name: "JSON_VALUE", Category: "json", Syntax: "JSON_VALUE(json, path)", Strict: true,
		Doc:      "The scalar at a path as text; NULL for an object, an array, a JSON null, nothing there, and text that is no JSON.",
		Examples: []function.Example{{SQL: `JSON_VALUE('{"a": [1, 2]}', '$.a[1]')`, Want: "2"}, {SQL: `JSON_VALUE('{"a": {}}', '$.a')`, Want: "NULL"}},
		Infer:    function.Args(function.Always(data.String()), function.Text, function.Text),
		Eval: eachDocument(func(c *function.Call, i int32, doc *value, p *path) {
			v, ok := p.find(doc)
			if !ok || v.kind == null || v.kind == list || v.kind == object {
				c.SetNull(i)
				return
			}
			c.Out.SetString(int(i), v.text)
		}, func(c *function.Call, i int32) { c.SetNull(i) }),
	},
	{
		Name: "JSON_QUERY", Category: "json", Syntax: "JSON_QUERY(json, path)", Strict: true,
		Doc:      "The object or array at a path as JSON; NULL for a scalar, nothing there, and text that is no JSON.",
		Examples: []function.Example{{SQL: `JSON_QUERY('{"a": {"b": 1}}', '$.a')`, Want: `{"b":1}`}},
		Infer:    function.Args(function.Always(data.String()), function.Text, function.Text),
		Eval: eachDocument(func(c *function.Call, i int32, doc *value, p *path) {
			v, ok := p.find(doc)
			if !ok || v.kind != list && v.kind != object {
				c.SetNull(i)
				return
			}
			buf := v.append(c.Scratch())
			c.Out.SetBytes(int(i), buf)
			c.Keep(buf)
		}, func(c *function.Call, i int32) { c.SetNull(i) }),
	},
	{
		Name: "JSON_EXISTS", Category: "json", Syntax: "JSON_EXISTS(json, path)", Strict: true,
		Doc:      "Whether there is a value other than null at a path.",
		Examples: []function.Example{{SQL: `JSON_EXISTS('{"a": true}', '$.a')`, Want: "TRUE"}},
		Infer:    function.Args(function.Always(data.Of(data.Boolean)), function.Text, function.Text),
		Eval: eachDocument(func(c *function.Call, i int32, doc *value, p *path) {
			v, ok := p.find(doc)
			c.Out.Bool[i] = 0
			if ok && v.kind != null {
				c.Out.Bool[i] = 1
			}
		}, func(c *function.Call, i int32) { c.Out.Bool[i] = 0 }),
	},
	isJSON("IS JSON", "any JSON", func(*value) bool { return true }),
	isJSON("IS JSON OBJECT", "a JSON object", func(v *value) bool { return v.kind == object }),
	isJSON("IS JSON ARRAY", "a JSON array", func(v *value) bool { return v.kind == list }),
	isJSON("IS JSON SCALAR", "a JSON scalar", func(v *value) bool { return v.kind != object && v.kind != list }),
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
			return a.Type, writable(a.Type)
		}}),
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

// eachDocument runs a function of a document and a path. none answers for text
// that is no JSON and a path that is none. Equal documents in a row are parsed once.
func eachDocument(row func(c *function.Call, i int32, doc *value, p *path), none func(c *function.Call, i int32)) func(*function.Call) error {
	return func(c *function.Call) error {
		var p *path
		var doc *value
		var err, docErr error
		last, lastDoc, known := "", "", false
		for _, i := range c.Rows() {
			if !known || c.Const[1] == nil && c.Args[1].Str(int(i)) != last {
				last = c.Args[1].Str(int(i))
				p, err = compile(last)
			}
			if s := c.Args[0].Str(int(i)); !known || s != lastDoc {
				lastDoc = s
				doc, docErr = parse(s)
			}
			known = true
			if err != nil || docErr != nil {
				none(c, i)
				continue
			}
			row(c, i, doc, p)
		}
		return nil
	}
}

func isJSON(name, what string, test func(v *value) bool) *function.Scalar {
	return &function.Scalar{
		Name: name, Category: "json", Syntax: "string " + name,
		Doc:   "Whether the string is " + what + "; FALSE for NULL. Text after the value does not matter.",
		Infer: function.Args(function.Always(data.Of(data.Boolean).NotNull()), function.Text),
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
			case r >= ' ' && r < 0x7F:
				dst = append(dst, byte(r))
			case r > 0xFFFF:
				r -= 0x10000
				dst = fmt.Appendf(dst, `\u%04x\u%04x`, 0xD800+r>>10, 0xDC00+r&0x3FF)
			default:
				dst = fmt.Appendf(dst, `\u%04x`, r)
			}
		}
	}
	return append(dst, '"')
}

func writable(t data.Type) bool {
	switch t.Kind {
	case data.Null, data.Date, data.Time, data.IntervalDayTime, data.IntervalYearMonth, data.Raw, data.Variant:
		return false
	}
	for _, a := range t.Args {
		if !writable(a) {
			return false
		}
	}
	return t.Kind != data.Map || t.Args[0].Kind == data.Char || t.Args[0].Kind == data.VarChar
}

func appendValue(dst []byte, v *data.Vector, i int) []byte {
	if v.IsNull(i) {
		return append(dst, "null"...)
	}
	switch t := v.Type; t.Kind {
	case data.Boolean:
		if v.Bool[i] != 0 {
			return append(dst, "true"...)
		}
		return append(dst, "false"...)
	case data.Char, data.VarChar:
		return quote(dst, v.Str(i))
	case data.TinyInt, data.SmallInt, data.Int, data.BigInt:
		return data.AppendText(dst, v, i, nil)
	case data.Decimal:
		return append(dst, decimalText(string(data.AppendText(nil, v, i, nil)))...)
	case data.Float, data.Double:
		text := data.AppendText(nil, v, i, nil)
		if c := text[len(text)-1]; c < '0' || c > '9' { // NaN, Infinity
			return quote(dst, string(text))
		}
		return append(dst, text...)
	case data.Array:
		dst = append(dst, '[')
		for j := v.Offsets[i]; j < v.Offsets[i+1]; j++ {
			if j > v.Offsets[i] {
				dst = append(dst, ',')
			}
			dst = appendValue(dst, v.Children[0], int(j))
		}
		return append(dst, ']')
	case data.Map, data.Multiset:
		dst = append(dst, '{')
		for j := v.Offsets[i]; j < v.Offsets[i+1]; j++ {
			if j > v.Offsets[i] {
				dst = append(dst, ',')
			}
			dst = quote(dst, string(data.AppendText(nil, v.Children[0], int(j), nil)))
			dst = appendValue(append(dst, ':'), v.Children[1], int(j))
		}
		return append(dst, '}')
	case data.Row:
		dst = append(dst, '{')
		for k, c := range v.Children {
			if k > 0 {
				dst = append(dst, ',')
			}
			dst = appendValue(append(quote(dst, t.Names[k]), ':'), c, i)
		}
		return append(dst, '}')
	}
	return quote(dst, string(data.AppendText(nil, v, i, nil)))
}
