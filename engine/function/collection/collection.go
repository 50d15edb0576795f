// Package collection has the SQL functions on arrays, maps and multisets.
//
// Elements are told apart as DISTINCT does: NULL equals NULL. Arrays made from
// a map are in the order its entries lie in.
package collection

import (
	"fmt"

	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/function"
)

// Functions lists the functions of this package.
var Functions = append(append(append([]*function.Scalar{percentile}, arrayFunctions...), setFunctions...), mapFunctions...)

// ref is an element: a place in a vector; nil is NULL.
type ref struct {
	v *data.Vector
	i int
}

func (r ref) null() bool { return r.v == nil || r.v.IsNull(r.i) }

func (r ref) value() data.Value {
	if r.v == nil {
		return data.NullValue()
	}
	return r.v.ValueAt(r.i)
}

func same(a, b ref) bool {
	if a.null() || b.null() {
		return a.null() && b.null()
	}
	return data.EqualAt(a.v, a.i, b.v, b.i)
}

func find(list []ref, x ref) int {
	for k, r := range list {
		if same(r, x) {
			return k
		}
	}
	return -1
}

// elements lists the elements of row i of an array, or keys (0) and values (1) of a map.
func elements(dst []ref, v *data.Vector, i int32, child int) []ref {
	for j := v.Offsets[i]; j < v.Offsets[i+1]; j++ {
		dst = append(dst, ref{v.Children[child], int(j)})
	}
	return dst
}

func length(v *data.Vector, i int32) int { return int(v.Offsets[i+1] - v.Offsets[i]) }

// lists computes an array for each row; false makes it NULL.
func lists(f func(c *function.Call, i int32, out []ref) ([]ref, bool)) func(*function.Call) error {
	return func(c *function.Call) error {
		w := data.NewListWriter(c.Out)
		var buf []ref
		for _, i := range c.Rows() {
			list, ok := f(c, i, buf[:0])
			if !ok {
				w.Row(int(i), 0)
				c.Out.SetNull(int(i))
				continue
			}
			at := w.Row(int(i), len(list))
			for k, r := range list {
				c.Out.Children[0].SetValueAt(at+k, r.value())
			}
			buf = list
		}
		w.Finish()
		return nil
	}
}

func array(elem data.Type, nullable bool) data.Type {
	return data.Type{Kind: data.Array, Args: []data.Type{elem}, Nullable: nullable}
}

func anyArg(args []function.Arg) bool {
	for _, a := range args {
		if a.Type.Nullable {
			return true
		}
	}
	return false
}

// arrayAnd infers f(array, element): the element must fit the array's type.
// all says whether a NULL element makes the result NULL, or only may join it.
func arrayAnd(result func(array data.Type, nullable bool) data.Type, all bool) func([]function.Arg) (function.Signature, error) {
	return func(args []function.Arg) (function.Signature, error) {
		var s function.Signature
		if len(args) != 2 {
			return s, function.WrongCount(len(args), 2, 2)
		}
		if args[0].Type.Kind != data.Array {
			return s, fmt.Errorf("argument 1 must be an array, not %s", args[0].Type)
		}
		elem := args[0].Type.Args[0]
		if !function.Implicit(args[1].Type, elem) {
			return s, fmt.Errorf("argument 2 must fit an element of %s, not %s", args[0].Type, args[1].Type)
		}
		elem.Nullable = elem.Nullable || args[1].Type.Nullable
		s.Args = []data.Type{args[0].Type, elem.WithNull(args[1].Type.Nullable)}
		nullable := args[0].Type.Nullable || all && args[1].Type.Nullable
		s.Result = result(array(elem, false), nullable)
		return s, nil
	}
}

// sameArrays infers functions of arrays that are brought to one type.
func sameArrays(least, most int) func([]function.Arg) (function.Signature, error) {
	return func(args []function.Arg) (function.Signature, error) {
		var s function.Signature
		if len(args) < least || most > 0 && len(args) > most {
			return s, fmt.Errorf("takes at least %d arrays, got %d", least, len(args))
		}
		types := make([]data.Type, len(args))
		for i, a := range args {
			if a.Type.Kind != data.Array && a.Type.Kind != data.Null {
				return s, fmt.Errorf("argument %d must be an array, not %s", i+1, a.Type)
			}
			types[i] = a.Type
		}
		t, ok := function.Common(types...)
		if !ok || t.Kind != data.Array {
			return s, fmt.Errorf("the arrays have no common type")
		}
		for _, a := range args {
			s.Args = append(s.Args, t.WithNull(a.Type.Nullable))
		}
		s.Result = t
		return s, nil
	}
}
