package jsonpath

import (
	"errors"
	"fmt"
	"strconv"

	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/function"
)

// Arguments of JSON_VALUE, JSON_QUERY and JSON_EXISTS. What follows the path is
// there when clauses were written: the binder passes their words as literals.
const (
	argJSON = iota
	argPath
	argOnEmpty // NULL, ERROR, DEFAULT; of JSON_QUERY also EMPTY ARRAY, EMPTY OBJECT
	argOnError // of JSON_EXISTS this is argOnEmpty: TRUE, FALSE, UNKNOWN, ERROR
	argDefaultEmpty
	argDefaultError
	argWrapper = argDefaultEmpty // of JSON_QUERY: WITHOUT, CONDITIONAL, UNCONDITIONAL
)

// finder finds a path in documents; equal documents in a row are parsed once.
type finder struct {
	c                *function.Call
	p                *path
	doc              *value
	pathErr, docErr  error
	lastPath, last   string
	havePath, haveIt bool
}

// find gives the value at the path in row i; nil if it is empty. known is
// false if the document or the path is NULL.
func (f *finder) find(i int32) (v *value, lax, known bool, err error) {
	c := f.c
	if c.Args[argJSON].IsNull(int(i)) || c.Args[argPath].IsNull(int(i)) {
		return nil, false, false, nil
	}
	if s := c.Args[argPath].Str(int(i)); !f.havePath || s != f.lastPath {
		f.lastPath, f.havePath = s, true
		f.p, f.pathErr = compile(s)
	}
	if s := c.Args[argJSON].Str(int(i)); !f.haveIt || s != f.last {
		f.last, f.haveIt = s, true
		f.doc, f.docErr = parse(s)
	}
	switch {
	case f.pathErr != nil:
		return nil, false, true, f.pathErr
	case f.docErr != nil && f.p.lax:
		return nil, true, true, nil
	case f.docErr != nil:
		return nil, false, true, f.docErr
	}
	v, err = f.p.find(f.doc)
	return v, f.p.lax, true, err
}

// behavior is the word of a clause, or what holds without it.
func behavior(c *function.Call, arg int, absent string) string {
	if arg >= len(c.Args) || c.Const[arg] == nil {
		return absent
	}
	return c.Const[arg].S
}

func scalar(v *value) bool { return v.kind != list && v.kind != object }

func withClauses(plain func([]function.Arg) (function.Signature, error), result data.Type) func([]function.Arg) (function.Signature, error) {
	return func(args []function.Arg) (function.Signature, error) {
		s, err := plain(args[:min(2, len(args))])
		if err != nil || len(args) <= 2 {
			return s, err
		}
		for _, a := range args[2:] {
			s.Args = append(s.Args, a.Type)
		}
		s.Result = result
		return s, nil
	}
}

var jsonValue = &function.Scalar{
	Name: "JSON_VALUE", Category: "json",
	Syntax: "JSON_VALUE(json, path [RETURNING type] [NULL | ERROR | DEFAULT value ON EMPTY] [NULL | ERROR | DEFAULT value ON ERROR])",
	Doc: "The scalar at a path: as STRING, BOOLEAN, INTEGER or DOUBLE. A JSON null is empty, as is what is not there on a lax path; " +
		"on a strict path (that is the default) that is an error, as is an object or array. Without clauses both are NULL.",
	Examples: []function.Example{
		{SQL: `JSON_VALUE('{"a": [1, 2]}', '$.a[1]')`, Want: "2"},
		{SQL: `JSON_VALUE('{"a": {}}', '$.a')`, Want: "NULL"},
		{SQL: `JSON_VALUE('{"a": 5}', '$.a' RETURNING INTEGER) + 1`, Want: "6"},
		{SQL: `JSON_VALUE('{}', 'lax $.a' DEFAULT 'none' ON EMPTY)`, Want: "none"},
		{SQL: `JSON_VALUE('{}', 'strict $.a' DEFAULT 'wrong' ON ERROR)`, Want: "wrong"},
	},
	Infer: withClauses(function.Args(function.Always(data.String()), function.Text, function.Text), data.String()),
	Eval: func(c *function.Call) error {
		f := finder{c: c}
		onEmpty, onError := behavior(c, argOnEmpty, "NULL"), behavior(c, argOnError, "NULL")
		for _, i := range c.Rows() {
			v, lax, known, err := f.find(i)
			switch {
			case !known:
				c.SetNull(i)
				continue
			case err != nil:
			case v == nil || v.kind == null || lax && !scalar(v):
				switch onEmpty {
				case "ERROR":
					//lint:ignore ST1005 the words of Flink
					return errors.New("Empty result of JSON_VALUE function is not allowed")
				case "DEFAULT":
					setDefault(c, i, argDefaultEmpty)
				default:
					c.SetNull(i)
				}
				continue
			case !scalar(v):
				//lint:ignore ST1005 the words of Flink
				err = fmt.Errorf("Strict jsonpath mode requires scalar value, and the actual value is: '%s'", v.append(nil))
			default:
				if err := setScalar(c.Out, int(i), v); err != nil {
					return err
				}
				continue
			}
			switch onError {
			case "ERROR":
				return err
			case "DEFAULT":
				setDefault(c, i, argDefaultError)
			default:
				c.SetNull(i)
			}
		}
		return nil
	},
}

func setDefault(c *function.Call, i int32, arg int) {
	if c.Args[arg].IsNull(int(i)) {
		c.SetNull(i)
		return
	}
	c.Out.SetValueAt(int(i), c.Args[arg].ValueAt(int(i)))
}

// setScalar writes a JSON scalar as the type of RETURNING. As in Flink a value
// of another kind fails, whatever stands ON ERROR.
func setScalar(out *data.Vector, i int, v *value) error {
	switch out.Type.Kind {
	case data.Boolean:
		if v.kind != boolean {
			break
		}
		out.Bool[i] = 0
		if v.text == "true" {
			out.Bool[i] = 1
		}
		return nil
	case data.Int:
		n, err := strconv.ParseInt(v.text, 10, 32)
		if v.kind != number || err != nil {
			break
		}
		out.I32[i] = int32(n)
		return nil
	case data.Double:
		x, err := strconv.ParseFloat(v.text, 64)
		if v.kind != number || err != nil && x == 0 {
			break
		}
		out.F64[i] = x
		return nil
	default:
		out.SetString(i, v.text)
		return nil
	}
	return fmt.Errorf("the JSON %s %s is not of the type %s of RETURNING", kindNames[v.kind], v.append(nil), out.Type.WithNull(true))
}

var jsonExists = &function.Scalar{
	Name: "JSON_EXISTS", Category: "json", Syntax: "JSON_EXISTS(json, path [TRUE | FALSE | UNKNOWN | ERROR ON ERROR])",
	Doc: "Whether there is a value other than null at a path; FALSE on an error, if nothing else is said.",
	Examples: []function.Example{
		{SQL: `JSON_EXISTS('{"a": true}', '$.a')`, Want: "TRUE"},
		{SQL: `JSON_EXISTS('{"a": true}', 'strict $.b' UNKNOWN ON ERROR)`, Want: "NULL"},
		{SQL: `JSON_EXISTS('[{"n": 1}, {"n": 5}]', 'lax $[?(@.n > 7)].n')`, Want: "TRUE"},
	},
	Infer: withClauses(function.Args(function.Always(data.Of(data.Boolean)), function.Text, function.Text), data.Of(data.Boolean)),
	Eval: func(c *function.Call) error {
		f := finder{c: c}
		onError := behavior(c, argOnEmpty, "FALSE")
		for _, i := range c.Rows() {
			v, _, known, err := f.find(i)
			if !known {
				c.SetNull(i)
				continue
			}
			yes := v != nil && v.kind != null
			if err != nil {
				switch onError {
				case "ERROR":
					return err
				case "UNKNOWN":
					c.SetNull(i)
					continue
				}
				yes = onError == "TRUE"
			}
			c.Out.Bool[i] = 0
			if yes {
				c.Out.Bool[i] = 1
			}
		}
		return nil
	},
}
