package jsonpath

import (
	"errors"
	"fmt"

	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/function"
)

var jsonQuery = &function.Scalar{
	Name: "JSON_QUERY", Category: "json",
	Syntax: "JSON_QUERY(json, path [RETURNING type] [WITHOUT | WITH [CONDITIONAL | UNCONDITIONAL] [ARRAY] WRAPPER] " +
		"[NULL | ERROR | EMPTY ARRAY | EMPTY OBJECT ON EMPTY] [NULL | ERROR | EMPTY ARRAY | EMPTY OBJECT ON ERROR])",
	Doc: "The object or array at a path, as JSON text or as ARRAY<STRING>. WITH WRAPPER makes an array of what was found, WITH CONDITIONAL " +
		"WRAPPER only of what is none. On a strict path (that is the default) what is not there and a scalar are errors, on a lax one they are empty.",
	Examples: []function.Example{
		{SQL: `JSON_QUERY('{"a": {"b": 1}}', '$.a')`, Want: `{"b":1}`},
		{SQL: `JSON_QUERY('{"a": 1}', '$.a' WITH WRAPPER)`, Want: `[1]`},
		{SQL: `JSON_QUERY('{"a": [1, 2]}', '$.a' WITH CONDITIONAL WRAPPER)`, Want: `[1,2]`},
		{SQL: `JSON_QUERY('{}', 'lax $.a' EMPTY OBJECT ON EMPTY)`, Want: `{}`},
		{SQL: `JSON_QUERY('{"a": ["x", 2]}', '$.a' RETURNING ARRAY<STRING>)`, Want: `[x, 2]`},
		{SQL: `JSON_QUERY('[{"n": 1}, {"n": 2}]', '$[?(@.n > 1)]')`, Want: `[{"n":2}]`},
	},
	Infer: withClauses(function.Args(function.Always(data.String()), function.Text, function.Text), data.String()),
	Eval: func(c *function.Call) error {
		q := queryWriter{c: c}
		if c.Out.Type.Kind == data.Array {
			q.lists = data.NewListWriter(c.Out)
			defer q.lists.Finish()
		}
		f := finder{c: c}
		onEmpty, onError := behavior(c, argOnEmpty, "NULL"), behavior(c, argOnError, "NULL")
		wrapper := behavior(c, argWrapper, "WITHOUT")
		for _, i := range c.Rows() {
			v, lax, known, err := f.find(i)
			if !known {
				q.null(i)
				continue
			}
			if err == nil && v != nil && v.kind == null {
				v = nil
			}
			if v != nil && (wrapper == "UNCONDITIONAL" || wrapper == "CONDITIONAL" && v.kind != list) {
				v = &value{kind: list, elems: []*value{v}}
			}
			how := onError
			switch {
			case err != nil:
			case v == nil || lax && scalar(v):
				//lint:ignore ST1005 the words of Flink
				err, how = errors.New("Empty result of JSON_QUERY function is not allowed"), onEmpty
			case scalar(v):
				//lint:ignore ST1005 the words of Flink
				err = fmt.Errorf("Strict jsonpath mode requires array or object value, and the actual value is: '%s'", v.append(nil))
			case q.lists != nil && v.kind != list:
				err = errors.New("the result of JSON_QUERY is no array, as RETURNING ARRAY needs")
			default:
				q.write(i, v)
				continue
			}
			switch how {
			case "ERROR":
				return err
			case "EMPTY ARRAY":
				q.write(i, &value{kind: list})
			case "EMPTY OBJECT":
				if q.lists != nil {
					return errors.New("EMPTY OBJECT is no value of RETURNING ARRAY")
				}
				q.write(i, &value{kind: object})
			default:
				q.null(i)
			}
		}
		return nil
	},
}

// queryWriter writes results as text, or as arrays of text.
type queryWriter struct {
	c     *function.Call
	lists *data.ListWriter
}

func (q *queryWriter) null(i int32) {
	if q.lists != nil {
		q.lists.Row(int(i), 0)
	}
	q.c.SetNull(i)
}

func (q *queryWriter) write(i int32, v *value) {
	if q.lists == nil {
		buf := v.append(q.c.Scratch())
		q.c.Out.SetBytes(int(i), buf)
		q.c.Keep(buf)
		return
	}
	at := q.lists.Row(int(i), len(v.elems))
	texts := q.c.Out.Children[0]
	for k, e := range v.elems {
		switch {
		case e.kind == null:
			texts.Views[at+k] = data.View{}
			texts.SetNull(at + k)
		case scalar(e):
			texts.SetString(at+k, e.text)
		default:
			texts.SetBytes(at+k, e.append(nil))
		}
	}
}
