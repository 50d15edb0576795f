package collection

import (
	"fmt"

	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/function"
)

func entryType(args []data.Type) data.Type {
	m := args[0]
	row := data.Type{Kind: data.Row, Nullable: true, Names: []string{"key", "value"}, Args: []data.Type{m.Args[0], m.Args[1]}}
	return array(row, m.Nullable)
}

var mapFunctions = []*function.Scalar{
	{
		Name: "MAP_KEYS", Category: "collection", Syntax: "MAP_KEYS(map)", Strict: true,
		Doc:      "The keys of a map.",
		Examples: []function.Example{{SQL: "MAP_KEYS(MAP['a', 1])", Want: "[a]"}},
		Infer:    function.Args(func(args []data.Type) data.Type { return array(args[0].Args[0], args[0].Nullable) }, function.MapOf),
		Eval: lists(func(c *function.Call, i int32, out []ref) ([]ref, bool) {
			return elements(out, c.Args[0], i, 0), true
		}),
	},
	{
		Name: "MAP_VALUES", Category: "collection", Syntax: "MAP_VALUES(map)", Strict: true,
		Doc:      "The values of a map.",
		Examples: []function.Example{{SQL: "MAP_VALUES(MAP['a', 1])", Want: "[1]"}},
		Infer:    function.Args(func(args []data.Type) data.Type { return array(args[0].Args[1], args[0].Nullable) }, function.MapOf),
		Eval: lists(func(c *function.Call, i int32, out []ref) ([]ref, bool) {
			return elements(out, c.Args[0], i, 1), true
		}),
	},
	{
		Name: "MAP_ENTRIES", Category: "collection", Syntax: "MAP_ENTRIES(map)", Strict: true,
		Doc:      "The entries of a map as rows of key and value.",
		Examples: []function.Example{{SQL: "MAP_ENTRIES(MAP['a', 1])", Want: "[(a, 1)]"}},
		Infer:    function.Args(entryType, function.MapOf),
		Eval: func(c *function.Call) error {
			w := data.NewListWriter(c.Out)
			v := c.Args[0]
			for _, i := range c.Rows() {
				at := w.Row(int(i), length(v, i))
				for j := v.Offsets[i]; j < v.Offsets[i+1]; j++ {
					c.Out.Children[0].SetValueAt(at, data.Value{Elems: []data.Value{v.Children[0].ValueAt(int(j)), v.Children[1].ValueAt(int(j))}})
					at++
				}
			}
			w.Finish()
			return nil
		},
	},
	{
		Name: "MAP_FROM_ARRAYS", Category: "collection", Syntax: "MAP_FROM_ARRAYS(keys, values)", Strict: true,
		Doc:      "A map of two arrays of the same length. Keys that are equal stay there each with its value.",
		Examples: []function.Example{{SQL: "MAP_FROM_ARRAYS(ARRAY['a'], ARRAY[1])", Want: "{a=1}"}},
		Infer: function.Args(func(args []data.Type) data.Type {
			return data.Type{Kind: data.Map, Nullable: function.AnyNull(args), Args: []data.Type{args[0].Args[0], args[1].Args[0]}}
		}, function.ArrayOf, function.ArrayOf),
		Eval: func(c *function.Call) error {
			return maps(c, func(i int32, m *entries) error {
				k, v := c.Args[0], c.Args[1]
				if length(k, i) != length(v, i) {
					return fmt.Errorf("%d keys for %d values", length(k, i), length(v, i))
				}
				for j := range length(k, i) { // equal keys stay, each with its value
					m.keys = append(m.keys, ref{k.Children[0], int(k.Offsets[i]) + j})
					m.values = append(m.values, ref{v.Children[0], int(v.Offsets[i]) + j})
				}
				return nil
			})
		},
	},
	{
		Name: "MAP_UNION", Category: "collection", Syntax: "MAP_UNION(map, …)", Strict: true,
		Doc:      "The entries of all maps; of equal keys the last one's value.",
		Examples: []function.Example{{SQL: "MAP_UNION(MAP['a', 1], MAP['a', 2])", Want: "{a=2}"}},
		Infer: func(args []function.Arg) (function.Signature, error) {
			var s function.Signature
			var types []data.Type
			for i, a := range args {
				if a.Type.Kind != data.Map {
					return s, fmt.Errorf("argument %d must be a map, not %s", i+1, a.Type)
				}
				types = append(types, a.Type)
			}
			if len(types) == 0 {
				return s, function.WrongCount(0, 1, -1)
			}
			t, ok := function.Common(types...)
			if !ok {
				return s, fmt.Errorf("the maps have no common type")
			}
			for _, a := range args {
				s.Args = append(s.Args, t.WithNull(a.Type.Nullable))
			}
			s.Result = t.WithNull(anyArg(args))
			return s, nil
		},
		Eval: func(c *function.Call) error {
			return maps(c, func(i int32, m *entries) error {
				for _, v := range c.Args {
					for j := v.Offsets[i]; j < v.Offsets[i+1]; j++ {
						m.put(ref{v.Children[0], int(j)}, ref{v.Children[1], int(j)})
					}
				}
				return nil
			})
		},
	},
}

// entries is a map being made.
type entries struct{ keys, values []ref }

func (m *entries) put(k, v ref) {
	if at := find(m.keys, k); at >= 0 {
		m.values[at] = v
		return
	}
	m.keys, m.values = append(m.keys, k), append(m.values, v)
}

func maps(c *function.Call, fill func(i int32, m *entries) error) error {
	w := data.NewListWriter(c.Out)
	var m entries
	for _, i := range c.Rows() {
		m.keys, m.values = m.keys[:0], m.values[:0]
		if err := fill(i, &m); err != nil {
			return err
		}
		at := w.Row(int(i), len(m.keys))
		for k := range m.keys {
			c.Out.Children[0].SetValueAt(at+k, m.keys[k].value())
			c.Out.Children[1].SetValueAt(at+k, m.values[k].value())
		}
	}
	w.Finish()
	return nil
}
