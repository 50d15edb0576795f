package number

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strconv"
	"strings"

	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/function"
)

var exactFunctions = []*function.Scalar{
	{
		Name: "MOD", Category: "number", Syntax: "MOD(number, number)", Strict: true,
		Doc:      "The remainder of a division, with the sign of the first number and the type of the second. Fails for zero.",
		Examples: []function.Example{{SQL: "MOD(-7, 3)", Want: "-1"}},
		Infer:    function.Args(function.Like(1), function.Integer, function.Integer),
		Eval: func(c *function.Call) error {
			for _, i := range c.Rows() {
				x, y := function.IntAt(c.Args[0], i), function.IntAt(c.Args[1], i)
				if y == 0 {
					return fmt.Errorf("division of %d by zero", x)
				}
				r := int64(0)
				if y != -1 {
					r = x % y
				}
				set128(c, i, data.I128(r), true)
			}
			return nil
		},
	},
	{
		Name: "BIN", Category: "number", Syntax: "BIN(integer)", Strict: true,
		Doc:      "The integer as 64 binary digits without leading zeros.",
		Examples: []function.Example{{SQL: "BIN(4)", Want: "100"}},
		Infer:    function.Args(function.IfNull(data.String()), function.BigInt),
		Eval: func(c *function.Call) error {
			for _, i := range c.Rows() {
				buf := strconv.AppendUint(c.Scratch(), uint64(c.Args[0].I64[i]), 2)
				c.Out.SetBytes(int(i), buf)
				c.Keep(buf)
			}
			return nil
		},
	},
	{
		Name: "INET_ATON", Category: "number", Syntax: "INET_ATON(address)", Strict: true,
		Doc:      "An IPv4 address as a number; NULL for anything else.",
		Examples: []function.Example{{SQL: "INET_ATON('127.0.0.1')", Want: "2130706433"}},
		Infer:    function.Args(function.Always(data.Of(data.BigInt)), function.Text),
		Eval: func(c *function.Call) error {
			for _, i := range c.Rows() {
				x, ok := inetAton(c.Args[0].Str(int(i)))
				if !ok {
					c.SetNull(i)
					continue
				}
				c.Out.I64[i] = x
			}
			return nil
		},
	},
	{
		Name: "INET_NTOA", Category: "number", Syntax: "INET_NTOA(number)", Strict: true,
		Doc:      "The IPv4 address of a number; NULL for a number that has none.",
		Examples: []function.Example{{SQL: "INET_NTOA(2130706433)", Want: "127.0.0.1"}},
		Infer:    function.Args(function.Always(data.String()), function.BigInt),
		Eval: func(c *function.Call) error {
			for _, i := range c.Rows() {
				x := c.Args[0].I64[i]
				if x < 0 || x > math.MaxUint32 {
					c.SetNull(i)
					continue
				}
				buf := fmt.Appendf(c.Scratch(), "%d.%d.%d.%d", x>>24, x>>16&255, x>>8&255, x&255)
				c.Out.SetBytes(int(i), buf)
				c.Keep(buf)
			}
			return nil
		},
	},
}

func inetAton(s string) (int64, bool) {
	parts := strings.Split(s, ".")
	if len(parts) > 4 {
		return 0, false
	}
	var x int64
	for k, p := range parts {
		n, err := strconv.ParseUint(p, 10, 32)
		if err != nil || p == "" {
			return 0, false
		}
		if k < len(parts)-1 {
			if n > 255 {
				return 0, false
			}
			x = x<<8 | int64(n)
			continue
		}
		rest := uint(8 * (5 - len(parts)))
		if n >= 1<<rest {
			return 0, false
		}
		x = x<<rest | int64(n)
	}
	return x, true
}

var extremeFunctions = []*function.Scalar{
	extreme("GREATEST", "The greatest of the values; NULL if one is NULL.", "GREATEST(1, 3, 2)", "3", 1),
	extreme("LEAST", "The least of the values; NULL if one is NULL.", "LEAST(3, 1, 2)", "1", -1),
}

// order compares two values of a row: NaN is the greatest number, and -0.0 less than 0.0.
func order(a, b *data.Vector, i int) int {
	switch a.Type.Phys() {
	case data.PhysF32:
		return orderFloat(float64(a.F32[i]), float64(b.F32[i]))
	case data.PhysF64:
		return orderFloat(a.F64[i], b.F64[i])
	}
	return data.OrderAt(a, i, b, i)
}

func orderFloat(x, y float64) int {
	switch {
	case x < y:
		return -1
	case x > y:
		return 1
	case x != x && y != y:
		return 0
	case x != x:
		return 1
	case y != y:
		return -1
	}
	return int(b2i(math.Signbit(y))) - int(b2i(math.Signbit(x)))
}

func b2i(b bool) uint8 {
	if b {
		return 1
	}
	return 0
}

func extreme(name, doc, sql, want string, sign int) *function.Scalar {
	return &function.Scalar{
		Name: name, Category: "number", Syntax: name + "(value, …)", Strict: true, Doc: doc,
		Examples: []function.Example{{SQL: sql, Want: want}},
		Infer: func(args []function.Arg) (function.Signature, error) {
			if len(args) == 0 {
				return function.Signature{}, function.WrongCount(0, 1, -1)
			}
			types := make([]data.Type, len(args))
			for i, a := range args {
				types[i] = a.Type
			}
			t, ok := function.Common(types...)
			if !ok {
				return function.Signature{}, fmt.Errorf("arguments of type %s and %s have no common type", types[0], types[len(types)-1])
			}
			s := function.Signature{Result: t}
			for range args {
				s.Args = append(s.Args, t)
			}
			return s, nil
		},
		Eval: func(c *function.Call) error {
			for _, i := range c.Rows() {
				best := c.Args[0]
				for _, v := range c.Args[1:] {
					if order(v, best, int(i))*sign > 0 {
						best = v
					}
				}
				c.Out.SetValueAt(int(i), best.ValueAt(int(i)))
			}
			return nil
		},
	}
}

var randomFunctions = []*function.Scalar{
	{
		Name: "RAND", Category: "number", Syntax: "RAND([seed])", Volatile: true, Strict: true,
		Doc:      "A number from 0 up to 1, without 1. A constant seed gives each task the same row of numbers, that of Java.",
		Examples: []function.Example{{SQL: "RAND() < 1", Want: "TRUE"}, {SQL: "RAND(1)", Want: "0.7308781907032909"}},
		Infer:    function.Between(0, function.IfNull(double()), function.Int),
		Eval: func(c *function.Call) error {
			return eachRandom(c, len(c.Args) > 0, func(i int32, r *random) error {
				c.Out.F64[i] = r.double()
				return nil
			})
		},
	},
	{
		Name: "RAND_INTEGER", Category: "number", Syntax: "RAND_INTEGER([seed, ]bound)", Volatile: true, Strict: true,
		Doc:      "An integer from 0 up to the bound, without it. A constant seed gives each task the same row of numbers, that of Java.",
		Examples: []function.Example{{SQL: "RAND_INTEGER(6) < 6", Want: "TRUE"}, {SQL: "RAND_INTEGER(1, 10)", Want: "5"}},
		Infer:    function.Between(1, function.IfNull(data.Of(data.Int)), function.Int, function.Int),
		Eval: func(c *function.Call) error {
			bound := c.Args[len(c.Args)-1]
			return eachRandom(c, len(c.Args) > 1, func(i int32, r *random) error {
				if bound.I32[i] <= 0 {
					return errBound
				}
				c.Out.I32[i] = r.below(bound.I32[i])
				return nil
			})
		},
	},
	{
		Name: "UUID", Category: "system", Syntax: "UUID()", Volatile: true,
		Doc:      "A random UUID.",
		Examples: []function.Example{{SQL: "CHAR_LENGTH(UUID())", Want: "36"}},
		Infer:    function.Args(function.Always(data.Type{Kind: data.Char, Precision: 36})),
		Eval: func(c *function.Call) error {
			for _, i := range c.Rows() {
				a, b := rand.Uint64(), rand.Uint64()
				a = a&^0xF000 | 0x4000
				b = b&^(3<<62) | 1<<63
				buf := fmt.Appendf(c.Scratch(), "%08x-%04x-%04x-%04x-%012x", a>>32, a>>16&0xFFFF, a&0xFFFF, b>>48, b&0xFFFFFFFFFFFF)
				c.Out.SetBytes(int(i), buf)
				c.Keep(buf)
			}
			return nil
		},
	},
}
