package number

import (
	"math"

	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/function"
)

func double() data.Type { return data.Of(data.Double) }

var floatFunctions = []*function.Scalar{
	of1("SQRT", "The square root.", "SQRT(16)", "4.0", math.Sqrt),
	of1("EXP", "e raised to the power.", "EXP(0)", "1.0", exp),
	of1("LN", "The natural logarithm.", "LN(1)", "0.0", ln),
	of1("LOG10", "The logarithm to base 10.", "LOG10(1000)", "3.0", log10),
	of1("LOG2", "The logarithm to base 2.", "LOG2(8)", "3.0", log2),
	of1("SIN", "The sine.", "SIN(0)", "0.0", sin),
	of1("COS", "The cosine.", "COS(0)", "1.0", cos),
	of1("TAN", "The tangent.", "TAN(0)", "0.0", tan),
	of1("COT", "The cotangent.", "ROUND(COT(1), 6)", "0.642093", func(x float64) float64 { return 1 / tan(x) }),
	of1("ASIN", "The arc sine.", "ASIN(0)", "0.0", asin),
	of1("ACOS", "The arc cosine.", "ACOS(1)", "0.0", acos),
	of1("ATAN", "The arc tangent.", "ATAN(0)", "0.0", atan),
	of1("SINH", "The hyperbolic sine.", "SINH(0)", "0.0", sinh),
	of1("COSH", "The hyperbolic cosine.", "COSH(0)", "1.0", cosh),
	of1("TANH", "The hyperbolic tangent.", "TANH(0)", "0.0", tanh),
	of1("DEGREES", "Radians as degrees.", "DEGREES(PI())", "180.0", func(x float64) float64 { return x * (180 / math.Pi) }),
	of1("RADIANS", "Degrees as radians.", "RADIANS(180)", "3.141592653589793", func(x float64) float64 { return x * (math.Pi / 180) }),
	of2("POWER", "The first number raised to the second.", "POWER(2, 10)", "1024.0", pow),
	of2("ATAN2", "The angle of the point (second, first).", "ATAN2(0, -1)", "3.141592653589793", atan2),
	{
		Name: "LOG", Category: "number", Syntax: "LOG([base, ]number)", Strict: true,
		Doc:      "The logarithm to a base, the natural one without it.",
		Examples: []function.Example{{SQL: "LOG(2, 8)", Want: "3.0"}},
		Infer:    function.Between(1, function.IfNull(double()), function.Double, function.Double),
		Eval: func(c *function.Call) error {
			if len(c.Args) == 1 {
				return eval1(c, ln)
			}
			for _, i := range c.Rows() {
				c.Out.F64[i] = ln(c.Args[1].F64[i]) / ln(c.Args[0].F64[i])
			}
			return nil
		},
	},
	constant("PI", "The number pi.", math.Pi, "3.141592653589793"),
	constant("E", "Euler's number.", math.E, "2.718281828459045"),
}

func of1(name, doc, sql, want string, f func(float64) float64) *function.Scalar {
	return &function.Scalar{
		Name: name, Category: "number", Syntax: name + "(number)", Strict: true, Doc: doc,
		Examples: []function.Example{{SQL: sql, Want: want}},
		Infer:    function.Args(function.IfNull(double()), function.Double),
		Eval:     func(c *function.Call) error { return eval1(c, f) },
	}
}

func eval1(c *function.Call, f func(float64) float64) error {
	for _, i := range c.Rows() {
		c.Out.F64[i] = f(c.Args[0].F64[i])
	}
	return nil
}

func of2(name, doc, sql, want string, f func(a, b float64) float64) *function.Scalar {
	return &function.Scalar{
		Name: name, Category: "number", Syntax: name + "(number, number)", Strict: true, Doc: doc,
		Examples: []function.Example{{SQL: sql, Want: want}},
		Infer:    function.Args(function.IfNull(double()), function.Double, function.Double),
		Eval: func(c *function.Call) error {
			for _, i := range c.Rows() {
				c.Out.F64[i] = f(c.Args[0].F64[i], c.Args[1].F64[i])
			}
			return nil
		},
	}
}

func constant(name, doc string, x float64, want string) *function.Scalar {
	return &function.Scalar{
		Name: name, Category: "number", Syntax: name + "()", Doc: doc,
		Examples: []function.Example{{SQL: name + "()", Want: want}},
		Infer:    function.Args(function.Always(double().NotNull())),
		Eval: func(c *function.Call) error {
			for i := range c.Out.F64 {
				c.Out.F64[i] = x
			}
			return nil
		},
	}
}
