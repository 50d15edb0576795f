package jsonpath

import (
	"errors"
	"fmt"
	"math/big"
	"strconv"
	"strings"

	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/function"
)

// A VARIANT is held as compact JSON with the members in order of their keys, so
// that equal values are equal bytes.

func variant() data.Type { return data.Of(data.Variant) }

var parseJSON = &function.Scalar{
	Name: "PARSE_JSON", Category: "json", Syntax: "PARSE_JSON(string[, allow_duplicate_keys])", Strict: true,
	Doc:      "JSON text as a VARIANT; an error if it is none, or has a key twice and the second argument is not TRUE (then the last counts).",
	Examples: []function.Example{{SQL: `PARSE_JSON('[1, {"a": 2.50}]')`, Want: `[1,{"a":2.5}]`}, {SQL: `PARSE_JSON('{"a": [10, 20]}')['a'][2]`, Want: "20"}},
	Infer:    function.Between(1, function.IfNull(variant()), function.Text, function.Bool),
	Eval:     func(c *function.Call) error { return makeVariants(c, false) },
}

var tryParseJSON = &function.Scalar{
	Name: "TRY_PARSE_JSON", Category: "json", Syntax: "TRY_PARSE_JSON(string[, allow_duplicate_keys])", Strict: true,
	Doc:      "As PARSE_JSON, with NULL for what it refuses.",
	Examples: []function.Example{{SQL: `TRY_PARSE_JSON('{a}')`, Want: "NULL"}, {SQL: `TRY_PARSE_JSON('{"a": 1, "a": 2}', TRUE)`, Want: `{"a":2}`}},
	Infer:    function.Between(1, function.Always(variant()), function.Text, function.Bool),
	Eval:     func(c *function.Call) error { return makeVariants(c, true) },
}

func makeVariants(c *function.Call, try bool) error {
	for _, i := range c.Rows() {
		p := parser{s: c.Args[0].Str(int(i)), root: true, unique: len(c.Args) < 2 || c.Args[1].Bool[i] == 0}
		v, err := p.value()
		switch {
		case err != nil && try:
			c.SetNull(i)
			continue
		case err != nil:
			return err
		}
		plainNumbers(v)
		buf := v.append(c.Scratch())
		c.Out.SetBytes(int(i), buf)
		c.Keep(buf)
	}
	return nil
}

// plainNumbers writes numbers as a VARIANT has them: DECIMAL without trailing
// zeros if there is no exponent and they fit, DOUBLE otherwise.
func plainNumbers(v *value) {
	for _, e := range v.elems {
		plainNumbers(e)
	}
	if v.kind != number {
		return
	}
	s := v.written
	if !strings.ContainsAny(s, "eE") {
		whole, frac, _ := strings.Cut(strings.TrimPrefix(s, "-"), ".")
		if len(strings.TrimLeft(whole+frac, "0")) <= data.MaxDecimal && len(frac) <= data.MaxDecimal {
			if frac != "" {
				s = strings.TrimRight(strings.TrimRight(s, "0"), ".")
			}
			if n, ok := new(big.Int).SetString(s, 10); ok && n.Sign() == 0 {
				s = "0"
			}
			v.text = s
			return
		}
	}
	x, _ := strconv.ParseFloat(s, 64)
	v.text = string(data.AppendDouble(nil, x))
}

// variantItem is variant[key] and variant[position]; the binder calls it.
var variantItem = &function.Scalar{
	Name: "VARIANT[]", Category: "json", Syntax: "variant[key]", Strict: true,
	Doc:      "The member of a key, or the element at a position from 1, of a VARIANT; NULL if there is none, an error if it is of another kind.",
	Examples: []function.Example{{SQL: `PARSE_JSON('{"a": {"b": "x"}}')['a']['b']`, Want: `"x"`}, {SQL: `PARSE_JSON('[1]')[2]`, Want: "NULL"}},
	Infer: function.Args(function.Always(variant()),
		function.Param{Want: "a VARIANT", Match: func(a function.Arg) (data.Type, bool) { return a.Type, a.Type.Kind == data.Variant }},
		function.Param{Want: "a string or an integer", Match: func(a function.Arg) (data.Type, bool) {
			if t, ok := function.BigInt.Match(a); ok && a.Type.Kind != data.Null {
				return t, true
			}
			return function.Text.Match(a)
		}}),
	Eval: func(c *function.Call) error {
		for _, i := range c.Rows() {
			v, err := parse(c.Args[0].Str(int(i)))
			if err != nil {
				return fmt.Errorf("reading a VARIANT: %w", err)
			}
			var found *value
			if c.Args[1].Type.Kind == data.BigInt {
				if v.kind != list {
					//lint:ignore ST1005 the words of Flink
					return errors.New("Integer index access on variant requires an array variant, but a non-array variant was provided.")
				}
				if at := c.Args[1].I64[i]; at >= 1 && at <= int64(len(v.elems)) {
					found = v.elems[at-1]
				}
			} else {
				if v.kind != object {
					//lint:ignore ST1005 the words of Flink
					return errors.New("String key access on variant requires an object variant, but a non-object variant was provided.")
				}
				found = v.member(c.Args[1].Str(int(i)))
			}
			if found == nil {
				c.SetNull(i)
				continue
			}
			buf := found.append(c.Scratch())
			c.Out.SetBytes(int(i), buf)
			c.Keep(buf)
		}
		return nil
	},
}
