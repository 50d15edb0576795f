package jsonpath

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf16"

	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/function"
)

// jsonMembers finishes what JSON_OBJECTAGG has listed: members in the order of
// their keys, a key once.
var jsonMembers = &function.Scalar{
	Name: "$JSON_MEMBERS", Category: "json", Syntax: "JSON_OBJECTAGG([KEY] key VALUE value [NULL ON NULL | ABSENT ON NULL])", Strict: true,
	Doc:   "An object of all rows' keys and values, in the order of the keys. A key that is there twice, or NULL, is an error.",
	Infer: function.Args(function.IfNull(data.String()), function.Text),
	Eval: func(c *function.Call) error {
		for _, i := range c.Rows() {
			buf, err := appendMembers(c.Scratch(), c.Args[0].Str(int(i)))
			if err != nil {
				return err
			}
			c.Out.SetBytes(int(i), buf)
			c.Keep(buf)
		}
		return nil
	},
}

// appendMembers writes an object again. A member without a value is left out; the
// word null in place of a key stands for NULL.
func appendMembers(dst []byte, s string) ([]byte, error) {
	type member struct{ key, text string }
	var all []member
	p := parser{s: s, i: 1}
	for p.i < len(s) && s[p.i] != '}' {
		if s[p.i] == ',' {
			p.i++
		}
		from := p.i
		if strings.HasPrefix(s[from:], "null:") {
			return nil, fmt.Errorf("JSON_OBJECTAGG: Map views don't support null keys. The key of a row is NULL")
		}
		key, err := p.string()
		if err != nil {
			return nil, err
		}
		p.i++ // the colon
		if p.i < len(s) && s[p.i] != ',' && s[p.i] != '}' {
			if _, err := p.value(); err != nil {
				return nil, err
			}
		}
		all = append(all, member{key, s[from:p.i]})
	}
	slices.SortFunc(all, func(a, b member) int { return compareUTF16(a.key, b.key) })
	dst = append(dst, '{')
	first := true
	for i, m := range all {
		if i > 0 && all[i-1].key == m.key {
			return nil, fmt.Errorf("JSON_OBJECTAGG: Key '%s' is already present. Duplicate keys are not allowed in JSON_OBJECTAGG. Please ensure that keys are unique", m.key)
		}
		if m.text[len(m.text)-1] == ':' {
			continue
		}
		if !first {
			dst = append(dst, ',')
		}
		dst, first = append(dst, m.text...), false
	}
	return append(dst, '}'), nil
}

// compareUTF16 orders texts as Java does.
func compareUTF16(a, b string) int {
	return slices.Compare(utf16.Encode([]rune(a)), utf16.Encode([]rune(b)))
}
