package number

import (
	"math"
	"math/big"
	"strconv"

	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/function"
)

var roundFunctions = []*function.Scalar{
	{
		Name: "ROUND", Category: "number", Syntax: "ROUND(number[, digits])", Strict: true,
		Doc:      "The number rounded half away from zero to some fraction digits, or to tens, hundreds … for negative ones.",
		Examples: []function.Example{{SQL: "ROUND(1234.5678, 2)", Want: "1234.57"}, {SQL: "ROUND(1250, -2)", Want: "1300"}},
		Infer:    roundType,
		Eval:     func(c *function.Call) error { return roundAll(c, true) },
	},
	{
		Name: "TRUNCATE", Category: "number", Syntax: "TRUNCATE(number[, digits])", Strict: true,
		Doc:      "The number cut to some fraction digits, or to tens, hundreds … for negative ones.",
		Examples: []function.Example{{SQL: "TRUNCATE(1234.567, -2)", Want: "1200"}},
		Infer:    roundType,
		Eval:     func(c *function.Call) error { return roundAll(c, false) },
	},
	{
		Name: "ABS", Category: "number", Syntax: "ABS(number)", Strict: true,
		Doc:      "The absolute value.",
		Examples: []function.Example{{SQL: "ABS(-5)", Want: "5"}},
		Infer:    function.Args(function.Like(0), function.Number),
		Eval: func(c *function.Call) error {
			v := c.Args[0]
			for _, i := range c.Rows() {
				if isFloat(v.Type.Kind) {
					setFloat(c.Out, i, math.Abs(getFloat(v, i)))
					continue
				}
				x := get128(v, i)
				if x.Sign() < 0 {
					x = wrap(x.Neg(), c.Out.Type.Kind)
				}
				set128(c, i, x, true)
			}
			return nil
		},
	},
	{
		Name: "SIGN", Category: "number", Syntax: "SIGN(number)", Strict: true,
		Doc:      "-1, 0 or 1 in the type of the number.",
		Examples: []function.Example{{SQL: "SIGN(-5)", Want: "-1"}, {SQL: "SIGN(2.5)", Want: "1.0"}},
		Infer:    function.Args(function.Like(0), function.Number),
		Eval: func(c *function.Call) error {
			v := c.Args[0]
			for _, i := range c.Rows() {
				if isFloat(v.Type.Kind) {
					f := getFloat(v, i)
					switch {
					case f > 0:
						f = 1
					case f < 0:
						f = -1
					}
					setFloat(c.Out, i, f)
					continue
				}
				x, _ := data.I128(int64(get128(v, i).Sign())).Mul(data.Pow10(scale(v.Type)))
				set128(c, i, x, data.FitsDecimal(x, precision(c.Out.Type)))
			}
			return nil
		},
	},
}

func precision(t data.Type) int {
	if t.Kind == data.Decimal {
		return t.Precision
	}
	return 19
}

// wrap cuts an integer to its type.
func wrap(x data.Int128, k data.Kind) data.Int128 {
	switch k {
	case data.TinyInt:
		return data.I128(int64(int8(x.Int64())))
	case data.SmallInt:
		return data.I128(int64(int16(x.Int64())))
	case data.Int:
		return data.I128(int64(int32(x.Int64())))
	case data.BigInt:
		return data.I128(x.Int64())
	}
	return x
}

// roundType infers ROUND and TRUNCATE: a DECIMAL loses the digits beyond a
// literal number of them.
func roundType(args []function.Arg) (function.Signature, error) {
	s, err := function.Between(1, function.Like(0), function.Number, function.Int)(args)
	if err != nil || s.Args[0].Kind != data.Decimal {
		return s, err
	}
	digits := 0
	if len(args) > 1 {
		if args[1].Literal == nil || args[1].Literal.Null {
			return s, nil
		}
		digits = int(args[1].Literal.I)
	}
	p, sc := s.Args[0].Precision, s.Args[0].Scale
	if digits >= sc {
		return s, nil
	}
	whole := p - sc
	if digits < 0 {
		s.Result.Precision, s.Result.Scale = min(data.MaxDecimal, 1+whole), 0
	} else {
		s.Result.Precision, s.Result.Scale = min(data.MaxDecimal, 1+whole+digits), digits
	}
	return s, nil
}

func roundAll(c *function.Call, half bool) error {
	v, out := c.Args[0], c.Out
	for _, i := range c.Rows() {
		digits := 0
		if len(c.Args) > 1 {
			digits = int(c.Args[1].I32[i])
		}
		if isFloat(v.Type.Kind) {
			setFloat(out, i, roundFloat(getFloat(v, i), digits, v.Type.Kind, half))
			continue
		}
		s := scale(v.Type)
		x := get128(v, i)
		if drop := s - digits; drop > 0 {
			switch {
			case drop > data.MaxDecimal:
				x = data.Int128{}
			case half:
				x, _ = data.RescaleDecimal(x, drop, 0, data.MaxDecimal)
			default:
				x = data.TruncDecimal(x, drop)
			}
			if drop <= data.MaxDecimal {
				var ok bool
				if x, ok = x.Mul(data.Pow10(drop)); !ok {
					c.SetNull(i)
					continue
				}
			}
		}
		if v.Type.Kind != data.Decimal {
			set128(c, i, wrap(x, out.Type.Kind), true)
			continue
		}
		to := out.Type.Scale
		if literal := len(c.Args) < 2 || c.Const[1] != nil; !literal {
			// With digits that are no literal Flink stores what is left of them in
			// a type of more: ROUND(1.50, 1) is read as 0.15.
			to = max(0, min(digits, s))
		}
		y, ok := data.RescaleDecimal(x, s, to, out.Type.Precision)
		set128(c, i, y, ok)
	}
	return nil
}

// roundFloat rounds by the shortest decimal text of the number, as Java's
// BigDecimal.valueOf does.
func roundFloat(f float64, digits int, k data.Kind, half bool) float64 {
	if math.IsNaN(f) || math.IsInf(f, 0) || digits > 400 {
		return f
	}
	if digits < -400 {
		return 0
	}
	bits := 64
	if k == data.Float {
		bits = 32
	}
	r, ok := new(big.Rat).SetString(strconv.FormatFloat(f, 'e', -1, bits))
	if !ok {
		return f
	}
	ten := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(max(digits, -digits))), nil)
	unit := new(big.Rat).SetInt(ten)
	if digits < 0 {
		unit.Inv(unit)
	}
	r.Mul(r, unit)
	q, rem := new(big.Int).QuoRem(r.Num(), r.Denom(), new(big.Int))
	if half && rem.Abs(rem).Lsh(rem, 1).Cmp(r.Denom()) >= 0 {
		q.Add(q, big.NewInt(int64(r.Num().Sign())))
	}
	r.SetInt(q)
	g, _ := r.Quo(r, unit).Float64()
	if bits == 32 {
		h, _ := r.Float32()
		return float64(h)
	}
	return g
}
