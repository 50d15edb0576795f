// Package bitmap has the SQL functions on BITMAP values: sets of 32-bit numbers,
// in the portable format of Roaring bitmaps.
package bitmap

import (
	"errors"
	"fmt"
	"math"

	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/function"
)

// Functions lists the functions of this package.
var Functions = append(plain, gathered...)

func bitmapType() data.Type { return data.Of(data.Bitmap32) }

func intArray() data.Type {
	return data.Type{Kind: data.Array, Nullable: true, Args: []data.Type{data.Of(data.Int)}}
}

var (
	numbers = function.Param{Want: "ARRAY<INT>", Match: func(a function.Arg) (data.Type, bool) {
		if a.Type.Kind == data.Null {
			return intArray(), true
		}
		if a.Type.Kind != data.Array || a.Type.Args[0].Kind < data.TinyInt || a.Type.Args[0].Kind > data.Int {
			return a.Type, false
		}
		return intArray().WithNull(a.Type.Nullable), true
	}}
	set = function.Param{Want: "a BITMAP", Match: func(a function.Arg) (data.Type, bool) {
		return bitmapType().WithNull(a.Type.Nullable), a.Type.Kind == data.Bitmap32 || a.Type.Kind == data.Null
	}}
)

func read(v *data.Vector, i int32) (*data.Bitmap, error) { return data.ParseBitmap(v.Bytes(int(i))) }

func write(c *function.Call, i int32, b *data.Bitmap) {
	buf := b.Append(c.Scratch())
	c.Out.SetBytes(int(i), buf)
	c.Keep(buf)
}

var plain = []*function.Scalar{
	{
		Name: "BITMAP_BUILD", Category: "bitmap", Syntax: "BITMAP_BUILD(array)", Strict: true,
		Doc:      "The set of the numbers of an ARRAY<INT>, those that are not NULL.",
		Examples: []function.Example{{SQL: "BITMAP_BUILD(ARRAY[3, 1, 3])", Want: "{1,3}"}},
		Infer:    function.Args(function.IfNull(bitmapType()), numbers),
		Eval: func(c *function.Call) error {
			v := c.Args[0]
			for _, i := range c.Rows() {
				b := &data.Bitmap{}
				for k := v.Offsets[i]; k < v.Offsets[i+1]; k++ {
					if !v.Children[0].IsNull(int(k)) {
						b.Add(uint32(v.Children[0].I32[k]))
					}
				}
				write(c, i, b)
			}
			return nil
		},
	},
	{
		Name: "BITMAP_FROM_BYTES", Category: "bitmap", Syntax: "BITMAP_FROM_BYTES(bytes)", Strict: true,
		Doc:      "The set in the portable format of Roaring bitmaps. Fails for other bytes.",
		Examples: []function.Example{{SQL: "BITMAP_FROM_BYTES(X'3a30000000000000')", Want: "{}"}},
		Infer:    function.Args(function.IfNull(bitmapType()), function.Binary),
		Eval: func(c *function.Call) error {
			for _, i := range c.Rows() {
				b, err := read(c.Args[0], i)
				if err != nil {
					return err
				}
				write(c, i, b)
			}
			return nil
		},
	},
	{
		Name: "BITMAP_TO_BYTES", Category: "bitmap", Syntax: "BITMAP_TO_BYTES(bitmap)", Strict: true,
		Doc:      "The set in the portable format of Roaring bitmaps.",
		Examples: []function.Example{{SQL: "BITMAP_TO_BYTES(BITMAP_BUILD(ARRAY[7]))", Want: "x'3a3000000100000000000000100000000700'"}},
		Infer:    function.Args(function.IfNull(data.Type{Kind: data.VarBinary, Precision: data.MaxLength}), set),
		Eval: func(c *function.Call) error {
			for _, i := range c.Rows() {
				c.Out.SetBytes(int(i), c.Args[0].Bytes(int(i)))
			}
			return nil
		},
	},
	{
		Name: "BITMAP_TO_STRING", Category: "bitmap", Syntax: "BITMAP_TO_STRING(bitmap)", Strict: true,
		Doc:      "The numbers of the set as text, without a sign and in order.",
		Examples: []function.Example{{SQL: "BITMAP_TO_STRING(BITMAP_BUILD(ARRAY[3, 1, -1]))", Want: "{1,3,4294967295}"}},
		Infer:    function.Args(function.IfNull(data.String()), set),
		Eval: func(c *function.Call) error {
			for _, i := range c.Rows() {
				buf := data.AppendBitmapText(c.Scratch(), c.Args[0].Bytes(int(i)))
				c.Out.SetBytes(int(i), buf)
				c.Keep(buf)
			}
			return nil
		},
	},
	{
		Name: "BITMAP_TO_ARRAY", Category: "bitmap", Syntax: "BITMAP_TO_ARRAY(bitmap)", Strict: true,
		Doc:      "The numbers of the set as an ARRAY<INT>, the negative ones last.",
		Examples: []function.Example{{SQL: "BITMAP_TO_ARRAY(BITMAP_BUILD(ARRAY[3, -1, 1]))", Want: "[1, 3, -1]"}},
		Infer:    function.Args(function.IfNull(intArray()), set),
		Eval: func(c *function.Call) error {
			w := data.NewListWriter(c.Out)
			for _, i := range c.Rows() {
				b, err := read(c.Args[0], i)
				if err != nil {
					return err
				}
				n := b.Count()
				if n > math.MaxInt32 {
					return errors.New("Failed to convert bitmap to an array.") //lint:ignore ST1005 the words of Flink
				}
				at := w.Row(int(i), int(n))
				b.Each(func(v uint32) {
					c.Out.Children[0].I32[at] = int32(v)
					at++
				})
			}
			w.Finish()
			return nil
		},
	},
	{
		Name: "BITMAP_CARDINALITY", Category: "bitmap", Syntax: "BITMAP_CARDINALITY(bitmap)", Strict: true,
		Doc:      "How many numbers are in the set.",
		Examples: []function.Example{{SQL: "BITMAP_CARDINALITY(BITMAP_BUILD(ARRAY[3, 1, 3]))", Want: "2"}},
		Infer:    function.Args(function.IfNull(data.Of(data.BigInt)), set),
		Eval: func(c *function.Call) error {
			for _, i := range c.Rows() {
				b, err := read(c.Args[0], i)
				if err != nil {
					return err
				}
				c.Out.I64[i] = b.Count()
			}
			return nil
		},
	},
	combination("BITMAP_AND", "The numbers that are in both sets.", "{2}", and),
	combination("BITMAP_OR", "The numbers that are in one of two sets.", "{1,2,3}", or),
	combination("BITMAP_XOR", "The numbers that are in one of two sets and not in both.", "{1,3}", xor),
	combination("BITMAP_ANDNOT", "The numbers of the first set that are not in the second.", "{1}", func(x, y uint64) uint64 { return x &^ y }),
}

func and(x, y uint64) uint64 { return x & y }
func or(x, y uint64) uint64  { return x | y }
func xor(x, y uint64) uint64 { return x ^ y }

func combination(name, doc, want string, word func(x, y uint64) uint64) *function.Scalar {
	return &function.Scalar{
		Name: name, Category: "bitmap", Syntax: name + "(bitmap, bitmap)", Strict: true, Doc: doc,
		Examples: []function.Example{{SQL: name + "(BITMAP_BUILD(ARRAY[1, 2]), BITMAP_BUILD(ARRAY[2, 3]))", Want: want}},
		Infer:    function.Args(function.IfNull(bitmapType()), set, set),
		Eval: func(c *function.Call) error {
			for _, i := range c.Rows() {
				x, err := read(c.Args[0], i)
				if err != nil {
					return err
				}
				y, err := read(c.Args[1], i)
				if err != nil {
					return err
				}
				write(c, i, x.Combine(y, word))
			}
			return nil
		},
	}
}

// gathered are the aggregate functions, over a multiset of what was aggregated.
var gathered = []*function.Scalar{
	gather("BITMAP_BUILD_AGG", nil, false), gather("BITMAP_BUILD_CARDINALITY_AGG", nil, true),
	gather("BITMAP_AND_AGG", and, false), gather("BITMAP_AND_CARDINALITY_AGG", and, true),
	gather("BITMAP_OR_AGG", or, false), gather("BITMAP_OR_CARDINALITY_AGG", or, true),
	gather("BITMAP_XOR_AGG", xor, false), gather("BITMAP_XOR_CARDINALITY_AGG", xor, true),
}

// gather makes the function of an aggregate: of numbers without word, of sets
// with it. Of nothing it is NULL, and so is the count.
func gather(name string, word func(x, y uint64) uint64, counts bool) *function.Scalar {
	return &function.Scalar{
		Name: "$" + name, Category: "bitmap", Syntax: "$" + name + "(multiset)", Strict: true,
		Doc: "What " + name + " is bound to.",
		Infer: func(args []function.Arg) (function.Signature, error) {
			s := function.Signature{Result: bitmapType()}
			if counts {
				s.Result = data.Of(data.BigInt)
			}
			if len(args) != 1 || args[0].Type.Kind != data.Multiset {
				return s, fmt.Errorf("takes a multiset")
			}
			s.Args = []data.Type{args[0].Type}
			return s, nil
		},
		Eval: func(c *function.Call) error {
			v := c.Args[0]
			values, copies := v.Children[0], v.Children[1]
			for _, i := range c.Rows() {
				var b *data.Bitmap
				for k := v.Offsets[i]; k < v.Offsets[i+1]; k++ {
					n := copies.I32[k]
					if n <= 0 || values.IsNull(int(k)) {
						continue
					}
					if word == nil {
						if b == nil {
							b = &data.Bitmap{}
						}
						b.Add(uint32(values.I32[k]))
						continue
					}
					x, err := read(values, k)
					if err != nil {
						return err
					}
					if word(1, 1) == 0 && n%2 == 0 { // XOR with itself is nothing
						x = &data.Bitmap{}
					}
					if b == nil {
						b = x
					} else {
						b = b.Combine(x, word)
					}
				}
				switch {
				case b == nil:
					c.SetNull(i)
				case counts:
					c.Out.I64[i] = b.Count()
				default:
					write(c, i, b)
				}
			}
			return nil
		},
	}
}
