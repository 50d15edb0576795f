package jsonpath

import (
	"encoding/base64"
	"fmt"
	"strings"
	"time"

	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/function"
)

// JSON_OBJECT and JSON_ARRAY arrive with two literals before their values: what
// to do with NULL, and for each value a letter: v for a value of SQL, j for text
// that is JSON already (the result of JSON_OBJECT, JSON_ARRAY and JSON).
const (
	argNulls = iota
	argKinds
	argFirst
)

// Writable tells whether a value of the type can be written as JSON.
func Writable(t data.Type) bool {
	switch t.Kind {
	case data.Null, data.Date, data.Time, data.IntervalDayTime, data.IntervalYearMonth, data.Raw:
		return false
	}
	for _, a := range t.Args {
		if !Writable(a) {
			return false
		}
	}
	return t.Kind != data.Map || t.Args[0].Kind == data.Char || t.Args[0].Kind == data.VarChar
}

func inferMake(step int) func([]function.Arg) (function.Signature, error) {
	return func(args []function.Arg) (function.Signature, error) {
		s := function.Signature{Result: data.String().NotNull()}
		if len(args) < argFirst {
			return s, fmt.Errorf("takes values")
		}
		for i, a := range args {
			s.Args = append(s.Args, a.Type)
			value := i >= argFirst && (i-argFirst)%step == step-1
			if value && !Writable(a.Type) {
				//lint:ignore ST1005 the words of Flink
				return s, fmt.Errorf("Type '%s' is not scalar or cannot be converted into JSON.", a.Type)
			}
		}
		return s, nil
	}
}

var jsonObject = &function.Scalar{
	Name: "JSON_OBJECT", Category: "json", Syntax: "JSON_OBJECT([KEY] key VALUE value, … [NULL ON NULL | ABSENT ON NULL])",
	Doc: "A JSON object of the members, in order of their keys; of equal keys the last counts. NULL becomes null, with ABSENT ON NULL the member is left out. " +
		"Calls of JSON_OBJECT, JSON_ARRAY and JSON as values are put in as they are.",
	Examples: []function.Example{
		{SQL: `JSON_OBJECT('b' VALUE 1.50, 'a' VALUE JSON_ARRAY(TRUE))`, Want: `{"a":[true],"b":1.50}`},
		{SQL: `JSON_OBJECT('a' VALUE CAST(NULL AS INT) ABSENT ON NULL)`, Want: `{}`},
	},
	Infer: inferMake(2),
	Eval: func(c *function.Call) error {
		return eachRow(c, func(i int) (*value, error) {
			out := &value{kind: object}
			for k := argFirst; k+1 < len(c.Args); k += 2 {
				if c.Args[k].IsNull(i) {
					return nil, fmt.Errorf("key %d of JSON_OBJECT is NULL", (k-argFirst)/2+1)
				}
				v, err := element(c, k+1, (k-argFirst)/2, i)
				if err != nil {
					return nil, err
				}
				if v != nil {
					out.put(c.Args[k].Str(i), v)
				}
			}
			return out, nil
		})
	},
}

var jsonArray = &function.Scalar{
	Name: "JSON_ARRAY", Category: "json", Syntax: "JSON_ARRAY(value, … [NULL ON NULL | ABSENT ON NULL])",
	Doc: "A JSON array of the values. NULL is left out, with NULL ON NULL it becomes null. Calls of JSON_OBJECT, JSON_ARRAY and JSON as values are put in as they are.",
	Examples: []function.Example{
		{SQL: `JSON_ARRAY(1, 'a', JSON('{"k": [1]}'))`, Want: `[1,"a",{"k":[1]}]`},
		{SQL: `JSON_ARRAY(1, CAST(NULL AS INT) NULL ON NULL)`, Want: `[1,null]`},
	},
	Infer: inferMake(1),
	Eval: func(c *function.Call) error {
		return eachRow(c, func(i int) (*value, error) {
			out := &value{kind: list}
			for k := argFirst; k < len(c.Args); k++ {
				v, err := element(c, k, k-argFirst, i)
				if err != nil {
					return nil, err
				}
				if v != nil {
					out.elems = append(out.elems, v)
				}
			}
			return out, nil
		})
	},
}

// jsonText marks text as JSON; the binder lets it stand only inside the others.
var jsonText = &function.Scalar{
	Name: "JSON", Category: "json", Syntax: "JSON(string)", Strict: true,
	Doc:      "Text that is JSON already, as a value of JSON_OBJECT or JSON_ARRAY; nowhere else.",
	Examples: []function.Example{{SQL: `JSON_OBJECT('a' VALUE JSON('{"x": 1}'))`, Want: `{"a":{"x":1}}`}},
	Infer:    function.Args(function.IfNull(data.String()), function.Text),
	Eval: func(c *function.Call) error {
		for _, i := range c.Rows() {
			c.Out.SetString(int(i), c.Args[0].Str(int(i)))
		}
		return nil
	},
}

func eachRow(c *function.Call, build func(i int) (*value, error)) error {
	for _, i := range c.Rows() {
		v, err := build(int(i))
		if err != nil {
			return err
		}
		buf := v.append(c.Scratch())
		c.Out.SetBytes(int(i), buf)
		c.Keep(buf)
	}
	return nil
}

// element is value k as JSON; nil if it is NULL and to be left out.
func element(c *function.Call, arg, k, i int) (*value, error) {
	v := c.Args[arg]
	if v.IsNull(i) {
		if strings.HasPrefix(behavior(c, argNulls, "NULL"), "ABSENT") {
			return nil, nil
		}
		return &value{}, nil
	}
	if kinds := behavior(c, argKinds, ""); k < len(kinds) && kinds[k] == 'j' {
		return parse(v.Str(i))
	}
	return valueOf(v, i), nil
}

func appendValue(dst []byte, v *data.Vector, i int) []byte {
	if !v.IsNull(i) {
		switch v.Type.Kind {
		case data.Char, data.VarChar:
			return quote(dst, v.Str(i))
		case data.TinyInt, data.SmallInt, data.Int, data.BigInt:
			return data.AppendText(dst, v, i, nil)
		}
	}
	return valueOf(v, i).append(dst)
}

// valueOf is row i of a column as JSON.
func valueOf(v *data.Vector, i int) *value {
	if v.IsNull(i) {
		return &value{}
	}
	plain := func() string { return string(data.AppendText(nil, v, i, nil)) }
	switch t := v.Type; t.Kind {
	case data.Boolean:
		return &value{kind: boolean, text: strings.ToLower(plain())}
	case data.TinyInt, data.SmallInt, data.Int, data.BigInt:
		return &value{kind: number, text: plain()}
	case data.Decimal:
		return &value{kind: number, text: decimalText(plain())}
	case data.Float, data.Double:
		s := plain()
		if c := s[len(s)-1]; c < '0' || c > '9' { // NaN, Infinity
			return &value{kind: text, text: s}
		}
		if t.Kind == data.Float { // a DOUBLE from here on
			s = string(data.AppendDouble(nil, float64(v.F32[i])))
		}
		return &value{kind: number, text: decimalText(s)}
	case data.Char, data.VarChar:
		return &value{kind: text, text: v.Str(i)}
	case data.Binary, data.VarBinary:
		return &value{kind: text, text: base64.StdEncoding.EncodeToString(v.Bytes(i))}
	case data.Timestamp, data.TimestampLTZ:
		return &value{kind: text, text: isoStamp(v, i)}
	case data.Variant:
		if inner, err := parse(v.Str(i)); err == nil {
			return inner
		}
	case data.Array:
		out := &value{kind: list}
		for j := v.Offsets[i]; j < v.Offsets[i+1]; j++ {
			out.elems = append(out.elems, valueOf(v.Children[0], int(j)))
		}
		return out
	case data.Map, data.Multiset:
		out := &value{kind: object}
		for j := v.Offsets[i]; j < v.Offsets[i+1]; j++ {
			out.put(string(data.AppendText(nil, v.Children[0], int(j), nil)), valueOf(v.Children[1], int(j)))
		}
		return out
	case data.Row:
		out := &value{kind: object}
		for k, c := range v.Children {
			out.put(t.Names[k], valueOf(c, i))
		}
		return out
	}
	return &value{kind: text, text: plain()}
}

// isoStamp writes a timestamp as ISO 8601 does: with a T, as many digits of the
// second as there are, and Z for an instant.
func isoStamp(v *data.Vector, i int) string {
	x := v.ValueAt(i)
	layout := "2006-01-02T15:04:05.999999999"
	if v.Type.Kind == data.TimestampLTZ {
		layout += "Z"
	}
	return time.UnixMilli(x.I).UTC().Add(time.Duration(x.Nano)).Format(layout)
}
