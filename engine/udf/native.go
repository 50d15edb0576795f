package udf

import (
	"fmt"
	"strings"

	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/function"
	"github.com/weir-streams/weir/engine/graph"
)

// Function is a Go function for SQL, compiled into the program that runs the
// engine: give it to engine.Config. It is called by its name, in any case,
// from every script, without CREATE FUNCTION.
//
// Arguments and results are bool, int32, int64, float32, float64, string,
// []byte, or Null of one of them. The function is not called where an argument
// that is not Null is NULL: its result is NULL there, a table function gives no
// rows, and an aggregate leaves the row out. Strings and bytes lie in
// buffers that are used again: what is kept must be cloned. Several tasks call
// a function at once.
type Function struct {
	form form
	eval func(c *function.Call, rows []int32) error
	fold *function.Fold // of an aggregate function
	mask []bool         // arguments that cannot be NULL for the function
}

// Null is a value that may be NULL.
type Null[T any] struct {
	V     T
	Valid bool
}

// Name is what SQL calls it by.
func (f Function) Name() string { return strings.ToUpper(f.form.Name) }

// MayVary says that the function may answer differently for the same arguments:
// it is then not computed when the query is planned, nor once for two uses.
func (f Function) MayVary() Function { f.form.Volatile = true; return f }

// Types says other SQL types than those of the Go types, arguments first, the
// result last: TIMESTAMP(3) and TIMESTAMP_LTZ(3) for int64 (milliseconds), DATE
// (days) and TIME (milliseconds) for int32. A type whose values are of another
// Go type panics: it is a mistake in the program.
func (f Function) Types(types ...string) Function {
	if len(types) != len(f.form.args)+1 {
		panic(fmt.Sprintf("function %s has %d arguments and a result, got %d types", f.form.Name, len(f.form.args), len(types)))
	}
	args := make([]data.Type, len(f.form.args))
	for i, text := range types {
		was := f.form.result
		if i < len(args) {
			was = f.form.args[i]
		}
		t, err := typeOf(text)
		if err != nil || t.Phys() != was.Phys() || t.Kind == data.Decimal {
			panic(fmt.Sprintf("function %s: %s cannot be %s: %v", f.form.Name, was, text, err))
		}
		if t.Nullable = was.Nullable; i < len(args) {
			args[i] = t
		} else {
			f.form.result = t
		}
	}
	f.form.args = args
	return f
}

// User is the function for a set of functions.
func (f Function) User() function.User {
	d := f.form
	d.Args = nil
	for _, t := range d.args {
		d.Args = append(d.Args, t.String())
	}
	d.Result = d.result.WithNull(true).String()
	u := function.User{Deterministic: !d.Volatile, Signatures: []string{d.text()}}
	const doc = "A function of this program."
	resolve := func(args []function.Arg) (function.Signature, error) {
		d, err := infer([]*form{&d}, args)
		if err != nil {
			return function.Signature{}, err
		}
		return d.signature(args), nil
	}
	if d.kind == graph.AggregateFunction {
		u.Aggregate = &function.Aggregate{
			Name: f.Name(), Syntax: d.text(), Doc: doc, Infer: resolve,
			Fold: func([]data.Type) (*function.Fold, error) { return f.fold, nil },
		}
		return u
	}
	s := &function.Scalar{
		Name: f.Name(), Category: "user", Syntax: d.text(), Doc: doc, Strict: d.Strict, Volatile: d.Volatile, Infer: resolve,
		Eval: func(c *function.Call) error { return f.eval(c, c.Rows()) },
	}
	if d.kind == graph.TableFunction {
		u.Table = s
	} else {
		u.Scalar = s
	}
	return u
}

func native(name string) *Function {
	return &Function{form: form{declare: declare{Name: name, Strict: true}, kind: graph.ScalarFunction}}
}

func takes[T any](f *Function) {
	t := goType[T]()
	f.mask = append(f.mask, !t.Nullable)
	f.form.Strict = f.form.Strict && !t.Nullable
	f.form.args = append(f.form.args, t.WithNull(true))
}

func gives[T any](f *Function) {
	f.form.result = goType[T]()
	if !f.form.Strict {
		f.form.result.Nullable = true
	}
}

// each calls f for the rows that are for it and stores what it gives.
func each[R any](d *Function, c *function.Call, rows []int32, f func(i int32) R) error {
	put := storer[R](c.Out)
	for _, r := range rows {
		if !d.form.Strict && d.leftOut(c.Args, r) {
			data.SetNullRow(c.Out, int(r))
			continue
		}
		put(r, f(r))
	}
	return nil
}

// leftOut tells whether an argument is NULL that cannot be for the function.
func (f *Function) leftOut(args []*data.Vector, r int32) bool {
	for k, plain := range f.mask {
		if plain && args[k].IsNull(int(r)) {
			return true
		}
	}
	return false
}

// Scalar1 makes a function of one argument.
func Scalar1[A, R any](name string, f func(A) R) Function {
	d := native(name)
	takes[A](d)
	gives[R](d)
	d.eval = func(c *function.Call, rows []int32) error {
		a := loader[A](c.Args[0])
		return each(d, c, rows, func(i int32) R { return f(a(i)) })
	}
	return *d
}

// Scalar2 makes a function of two arguments.
func Scalar2[A, B, R any](name string, f func(A, B) R) Function {
	d := native(name)
	takes[A](d)
	takes[B](d)
	gives[R](d)
	d.eval = func(c *function.Call, rows []int32) error {
		a, b := loader[A](c.Args[0]), loader[B](c.Args[1])
		return each(d, c, rows, func(i int32) R { return f(a(i), b(i)) })
	}
	return *d
}

// Scalar3 makes a function of three arguments.
func Scalar3[A, B, C, R any](name string, f func(A, B, C) R) Function {
	d := native(name)
	takes[A](d)
	takes[B](d)
	takes[C](d)
	gives[R](d)
	d.eval = func(c *function.Call, rows []int32) error {
		x, y, z := loader[A](c.Args[0]), loader[B](c.Args[1]), loader[C](c.Args[2])
		return each(d, c, rows, func(i int32) R { return f(x(i), y(i), z(i)) })
	}
	return *d
}
