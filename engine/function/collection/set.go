package collection

import "github.com/weir-streams/weir/engine/function"

var setFunctions = []*function.Scalar{
	{
		Name: "ARRAY_CONCAT", Category: "collection", Syntax: "ARRAY_CONCAT(array, …)", Strict: true,
		Doc:      "The elements of all arrays one after the other.",
		Examples: []function.Example{{SQL: "ARRAY_CONCAT(ARRAY[1], ARRAY[2])", Want: "[1, 2]"}},
		Infer:    sameArrays(1, 0),
		Eval: lists(func(c *function.Call, i int32, out []ref) ([]ref, bool) {
			for _, v := range c.Args {
				out = elements(out, v, i, 0)
			}
			return out, true
		}),
	},
	{
		Name: "ARRAY_DISTINCT", Category: "collection", Syntax: "ARRAY_DISTINCT(array)", Strict: true,
		Doc:      "Each element once, in order of its first occurrence.",
		Examples: []function.Example{{SQL: "ARRAY_DISTINCT(ARRAY[1, 2, 1])", Want: "[1, 2]"}},
		Infer:    function.Args(function.Like(0), function.ArrayOf),
		Eval: lists(func(c *function.Call, i int32, out []ref) ([]ref, bool) {
			return addNew(out, elements(nil, c.Args[0], i, 0), nil), true
		}),
	},
	{
		Name: "ARRAY_UNION", Category: "collection", Syntax: "ARRAY_UNION(array, array)", Strict: true,
		Doc:      "The elements of either array, each once.",
		Examples: []function.Example{{SQL: "ARRAY_UNION(ARRAY[1, 2], ARRAY[2, 3])", Want: "[1, 2, 3]"}},
		Infer:    sameArrays(2, 2),
		Eval: lists(func(c *function.Call, i int32, out []ref) ([]ref, bool) {
			out = addNew(out, elements(nil, c.Args[0], i, 0), nil)
			return addNew(out, elements(nil, c.Args[1], i, 0), nil), true
		}),
	},
	{
		Name: "ARRAY_EXCEPT", Category: "collection", Syntax: "ARRAY_EXCEPT(array, array)", Strict: true,
		Doc:      "The elements of the first array that are not in the second, each once.",
		Examples: []function.Example{{SQL: "ARRAY_EXCEPT(ARRAY[1, 2, 2, 3], ARRAY[2])", Want: "[1, 3]"}},
		Infer:    sameArrays(2, 2),
		Eval: lists(func(c *function.Call, i int32, out []ref) ([]ref, bool) {
			other := elements(nil, c.Args[1], i, 0)
			return addNew(out, elements(nil, c.Args[0], i, 0), func(r ref) bool { return find(other, r) < 0 }), true
		}),
	},
	{
		Name: "ARRAY_INTERSECT", Category: "collection", Syntax: "ARRAY_INTERSECT(array, array)", Strict: true,
		Doc:      "The elements that are in both arrays, each once.",
		Examples: []function.Example{{SQL: "ARRAY_INTERSECT(ARRAY[1, 2, 2, 3], ARRAY[2, 3, 4])", Want: "[2, 3]"}},
		Infer:    sameArrays(2, 2),
		Eval: lists(func(c *function.Call, i int32, out []ref) ([]ref, bool) {
			other := elements(nil, c.Args[1], i, 0)
			return addNew(out, elements(nil, c.Args[0], i, 0), func(r ref) bool { return find(other, r) >= 0 }), true
		}),
	},
}

// addNew appends the elements that dst does not have yet and that are wanted.
func addNew(dst, list []ref, wanted func(r ref) bool) []ref {
	for _, r := range list {
		if find(dst, r) < 0 && (wanted == nil || wanted(r)) {
			dst = append(dst, r)
		}
	}
	return dst
}
