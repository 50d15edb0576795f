package collection

import (
	"fmt"
	"slices"

	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/function"
)

var counted = function.Param{Want: "an array, map or multiset", Match: func(a function.Arg) (data.Type, bool) {
	return a.Type, a.Type.Kind == data.Array || a.Type.Kind == data.Map || a.Type.Kind == data.Multiset
}}

// orderedArray is an array of what can be put in order.
var orderedArray = function.Param{Want: "an array whose elements support both EQUALS and ORDER comparison", Match: func(a function.Arg) (data.Type, bool) {
	t, ok := function.ArrayOf.Match(a)
	if !ok || t.Kind != data.Array {
		return t, ok
	}
	e := t.Args[0]
	return t, len(e.Args) == 0 && e.Kind != data.Boolean && e.Kind != data.Variant && e.Kind != data.Raw && e.Kind != data.Bitmap32
}}

func elemOf(args []data.Type) data.Type { return args[0].Args[0].WithNull(true) }

var arrayFunctions = []*function.Scalar{
	{
		Name: "CARDINALITY", Category: "collection", Syntax: "CARDINALITY(collection)", Strict: true,
		Doc:      "The number of elements of an array, or of entries of a map.",
		Examples: []function.Example{{SQL: "CARDINALITY(ARRAY[1, 2, 3])", Want: "3"}},
		Infer:    function.Args(function.IfNull(data.Of(data.Int)), counted),
		Eval: func(c *function.Call) error {
			v := c.Args[0]
			for _, i := range c.Rows() {
				n := length(v, i)
				if v.Type.Kind == data.Multiset {
					n = 0
					for j := v.Offsets[i]; j < v.Offsets[i+1]; j++ {
						n += int(v.Children[1].I32[j])
					}
				}
				c.Out.I32[i] = int32(n)
			}
			return nil
		},
	},
	{
		Name: "ELEMENT", Category: "collection", Syntax: "ELEMENT(array)", Strict: true,
		Doc:      "The only element of an array, NULL if it is empty. Fails if there are more.",
		Examples: []function.Example{{SQL: "ELEMENT(ARRAY[7])", Want: "7"}},
		Infer:    function.Args(elemOf, function.ArrayOf),
		Eval: func(c *function.Call) error {
			return elementRows(c, func(list []ref) (ref, error) {
				if len(list) > 1 {
					return ref{}, fmt.Errorf("the array has more than one element")
				}
				if len(list) == 0 {
					return ref{}, nil
				}
				return list[0], nil
			})
		},
	},
	{
		Name: "ARRAY_APPEND", Category: "collection", Syntax: "ARRAY_APPEND(array, element)",
		Doc:      "The array with an element after its last.",
		Examples: []function.Example{{SQL: "ARRAY_APPEND(ARRAY[1, 2], 3)", Want: "[1, 2, 3]"}},
		Infer:    arrayAnd(func(a data.Type, nullable bool) data.Type { return a.WithNull(nullable) }, true),
		Eval: lists(func(c *function.Call, i int32, out []ref) ([]ref, bool) {
			if c.Args[0].IsNull(int(i)) {
				return nil, false
			}
			return append(elements(out, c.Args[0], i, 0), ref{c.Args[1], int(i)}), true
		}),
	},
	{
		Name: "ARRAY_PREPEND", Category: "collection", Syntax: "ARRAY_PREPEND(array, element)",
		Doc:      "The array with an element before its first.",
		Examples: []function.Example{{SQL: "ARRAY_PREPEND(ARRAY[1, 2], 0)", Want: "[0, 1, 2]"}},
		Infer:    arrayAnd(func(a data.Type, nullable bool) data.Type { return a.WithNull(nullable) }, true),
		Eval: lists(func(c *function.Call, i int32, out []ref) ([]ref, bool) {
			if c.Args[0].IsNull(int(i)) {
				return nil, false
			}
			return elements(append(out, ref{c.Args[1], int(i)}), c.Args[0], i, 0), true
		}),
	},
	{
		Name: "ARRAY_CONTAINS", Category: "collection", Syntax: "ARRAY_CONTAINS(array, element)",
		Doc:      "Whether an element is in the array; NULL is an element like others.",
		Examples: []function.Example{{SQL: "ARRAY_CONTAINS(ARRAY[1, 2, 3], 2)", Want: "TRUE"}},
		Infer: arrayAnd(func(_ data.Type, nullable bool) data.Type {
			return data.Of(data.Boolean).WithNull(nullable)
		}, false),
		Eval: func(c *function.Call) error {
			var buf []ref
			for _, i := range c.Rows() {
				if c.Args[0].IsNull(int(i)) {
					c.SetNull(i)
					continue
				}
				buf = elements(buf[:0], c.Args[0], i, 0)
				c.Out.Bool[i] = 0
				if find(buf, ref{c.Args[1], int(i)}) >= 0 {
					c.Out.Bool[i] = 1
				}
			}
			return nil
		},
	},
	{
		Name: "ARRAY_POSITION", Category: "collection", Syntax: "ARRAY_POSITION(array, element)", Strict: true,
		Doc:      "The position of the first such element, counted from 1; 0 if there is none.",
		Examples: []function.Example{{SQL: "ARRAY_POSITION(ARRAY[4, 5, 6], 5)", Want: "2"}},
		Infer: arrayAnd(func(_ data.Type, nullable bool) data.Type {
			return data.Of(data.Int).WithNull(nullable)
		}, true),
		Eval: func(c *function.Call) error {
			var buf []ref
			for _, i := range c.Rows() {
				buf = elements(buf[:0], c.Args[0], i, 0)
				c.Out.I32[i] = int32(find(buf, ref{c.Args[1], int(i)})) + 1
			}
			return nil
		},
	},
	{
		Name: "ARRAY_REMOVE", Category: "collection", Syntax: "ARRAY_REMOVE(array, element)",
		Doc:      "The array without the elements equal to one.",
		Examples: []function.Example{{SQL: "ARRAY_REMOVE(ARRAY[1, 2, 1], 1)", Want: "[2]"}},
		Infer:    arrayAnd(func(a data.Type, nullable bool) data.Type { return a.WithNull(nullable) }, true),
		Eval: lists(func(c *function.Call, i int32, out []ref) ([]ref, bool) {
			if c.Args[0].IsNull(int(i)) {
				return nil, false
			}
			x := ref{c.Args[1], int(i)}
			return slices.DeleteFunc(elements(out, c.Args[0], i, 0), func(r ref) bool { return same(r, x) }), true
		}),
	},
	{
		Name: "ARRAY_REVERSE", Category: "collection", Syntax: "ARRAY_REVERSE(array)", Strict: true,
		Doc:      "The elements from the last to the first.",
		Examples: []function.Example{{SQL: "ARRAY_REVERSE(ARRAY[1, 2, 3])", Want: "[3, 2, 1]"}},
		Infer:    function.Args(function.Like(0), function.ArrayOf),
		Eval: lists(func(c *function.Call, i int32, out []ref) ([]ref, bool) {
			out = elements(out, c.Args[0], i, 0)
			slices.Reverse(out)
			return out, true
		}),
	},
	{
		Name: "ARRAY_SLICE", Category: "collection", Syntax: "ARRAY_SLICE(array, start[, end])", Strict: true,
		Doc:      "The elements from one position to another, both included, counted from 1 or, when negative, from the end.",
		Examples: []function.Example{{SQL: "ARRAY_SLICE(ARRAY['a', 'b', 'c', 'd'], 2, 3)", Want: "[b, c]"}},
		Infer:    function.Between(2, function.Like(0), function.ArrayOf, function.Int, function.Int),
		Eval: lists(func(c *function.Call, i int32, out []ref) ([]ref, bool) {
			out = elements(out, c.Args[0], i, 0)
			n := len(out)
			place := func(k int32) int {
				switch p := int(k); {
				case p < 0:
					return n + p + 1
				case p == 0:
					return 1
				default:
					return p
				}
			}
			start, end := place(c.Args[1].I32[i]), n
			if len(c.Args) > 2 {
				end = min(place(c.Args[2].I32[i]), n)
			}
			start = max(start, 1)
			if start > end {
				return out[:0], true
			}
			return out[start-1 : end], true
		}),
	},
	{
		Name: "ARRAY_SORT", Category: "collection", Syntax: "ARRAY_SORT(array[, ascending[, nulls first]])", Strict: true,
		Doc:      "The elements in order, by default ascending with NULL first; descending has NULL last unless told otherwise.",
		Examples: []function.Example{{SQL: "ARRAY_SORT(ARRAY[3, 1, 2])", Want: "[1, 2, 3]"}},
		Infer:    function.Between(1, function.Like(0), orderedArray, function.Bool, function.Bool),
		Eval: lists(func(c *function.Call, i int32, out []ref) ([]ref, bool) {
			ascending := len(c.Args) < 2 || c.Args[1].Bool[i] != 0
			nullsFirst := ascending
			if len(c.Args) > 2 {
				nullsFirst = c.Args[2].Bool[i] != 0
			}
			out = elements(out, c.Args[0], i, 0)
			slices.SortStableFunc(out, func(a, b ref) int {
				if a.null() || b.null() {
					switch {
					case a.null() && b.null():
						return 0
					case a.null() == nullsFirst:
						return -1
					}
					return 1
				}
				o := data.OrderAt(a.v, a.i, b.v, b.i)
				if !ascending {
					o = -o
				}
				return o
			})
			return out, true
		}),
	},
	extreme("ARRAY_MAX", "The greatest element that is not NULL.", "ARRAY_MAX(ARRAY[1, 3, 2])", "3", 1),
	extreme("ARRAY_MIN", "The least element that is not NULL.", "ARRAY_MIN(ARRAY[4, 1, 2])", "1", -1),
	{
		Name: "ARRAY_JOIN", Category: "collection", Syntax: "ARRAY_JOIN(array, delimiter[, null])",
		Doc:      "The strings of an array with a delimiter between them; NULL ones are left out or replaced by a text.",
		Examples: []function.Example{{SQL: "ARRAY_JOIN(ARRAY['a', 'b'], ',')", Want: "a,b"}},
		Infer: function.Between(2, function.IfNull(data.String()), function.Param{Want: "an array of strings", Match: func(a function.Arg) (data.Type, bool) {
			t := a.Type
			return t, t.Kind == data.Array && (t.Args[0].Kind == data.Char || t.Args[0].Kind == data.VarChar)
		}}, function.Text, function.Text),
		Strict: true,
		Eval: func(c *function.Call) error {
			buf := c.Scratch()
			v := c.Args[0]
			for _, i := range c.Rows() {
				buf = buf[:0]
				first := true
				for j := v.Offsets[i]; j < v.Offsets[i+1]; j++ {
					null := v.Children[0].IsNull(int(j))
					if null && len(c.Args) < 3 {
						continue
					}
					if !first {
						buf = append(buf, c.Args[1].Bytes(int(i))...)
					}
					first = false
					if null {
						buf = append(buf, c.Args[2].Bytes(int(i))...)
					} else {
						buf = append(buf, v.Children[0].Bytes(int(j))...)
					}
				}
				c.Out.SetBytes(int(i), buf)
			}
			c.Keep(buf)
			return nil
		},
	},
}

// elementRows computes one element for each row.
func elementRows(c *function.Call, pick func(list []ref) (ref, error)) error {
	var buf []ref
	for _, i := range c.Rows() {
		buf = elements(buf[:0], c.Args[0], i, 0)
		r, err := pick(buf)
		if err != nil {
			return err
		}
		c.Out.SetValueAt(int(i), r.value())
	}
	return nil
}

func extreme(name, doc, sql, want string, sign int) *function.Scalar {
	return &function.Scalar{
		Name: name, Category: "collection", Syntax: name + "(array)", Strict: true, Doc: doc,
		Examples: []function.Example{{SQL: sql, Want: want}},
		Infer:    function.Args(elemOf, orderedArray),
		Eval: func(c *function.Call) error {
			return elementRows(c, func(list []ref) (ref, error) {
				best := ref{}
				for _, r := range list {
					if r.null() {
						continue
					}
					if best.v == nil || data.OrderAt(r.v, r.i, best.v, best.i)*sign > 0 {
						best = r
					}
				}
				return best, nil
			})
		},
	}
}
