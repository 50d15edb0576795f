// Package aggregate declares the SQL aggregate functions: what they take and
// the type of their result. The aggregation operators compute them by name.
//
// Types are Flink's: SUM, MIN, MAX, FIRST_VALUE and LAST_VALUE keep the type of
// their argument (integers wrap around), SUM of DECIMAL(p, s) is DECIMAL(38, s),
// AVG and the deviations of integers are integers, cut, and those of a DECIMAL
// are DECIMAL(38, max(6, s)).
package aggregate

import (
	"fmt"
	"strings"

	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/function"
)

// Functions lists the aggregate functions.
var Functions = []*function.Aggregate{
	{
		Name: "COUNT", Syntax: "COUNT(*) or COUNT([DISTINCT] value)",
		Doc:      "How many rows there are, or in how many the value is not NULL.",
		Examples: []function.Example{{SQL: "COUNT(*) FROM (VALUES (1), (2), (6)) AS t(x)", Want: "3"}},
		Infer: func(args []function.Arg) (function.Signature, error) {
			s := function.Signature{Result: data.Of(data.BigInt).NotNull()}
			for _, a := range args {
				s.Args = append(s.Args, a.Type)
			}
			if len(args) > 1 {
				return s, fmt.Errorf("takes 1 argument, got %d", len(args))
			}
			return s, nil
		},
	},
	{
		Name: "SUM", Syntax: "SUM([DISTINCT] number)",
		Doc:      "The sum of the values that are not NULL, NULL if there are none. Integers wrap around in their type.",
		Examples: []function.Example{{SQL: "SUM(x) FROM (VALUES (1), (2), (6)) AS t(x)", Want: "9"}},
		Infer:    function.Args(sumType, function.Number),
	},
	{
		Name: "SUM0", Aliases: []string{"$SUM0"}, Syntax: "SUM0(number)",
		Doc:      "The sum of the values that are not NULL, 0 if there are none.",
		Examples: []function.Example{{SQL: "$SUM0(x) FROM (VALUES (1), (2), (6)) AS t(x)", Want: "9"}},
		Infer:    function.Args(func(args []data.Type) data.Type { return sumType(args).NotNull() }, function.Number),
	},
	{
		Name: "AVG", Syntax: "AVG([DISTINCT] number)",
		Doc:      "The mean of the values that are not NULL, cut to an integer for integers.",
		Examples: []function.Example{{SQL: "AVG(x) FROM (VALUES (1), (2), (6)) AS t(x)", Want: "3"}},
		Infer:    function.Args(meanType, function.Number),
	},
	{
		Name: "MIN", Syntax: "MIN(value)",
		Doc:      "The least value that is not NULL.",
		Examples: []function.Example{{SQL: "MIN(x) FROM (VALUES (1), (2), (6)) AS t(x)", Want: "1"}},
		Infer:    function.Args(function.Like(0), ordered),
	},
	{
		Name: "MAX", Syntax: "MAX(value)",
		Doc:      "The greatest value that is not NULL.",
		Examples: []function.Example{{SQL: "MAX(x) FROM (VALUES (1), (2), (6)) AS t(x)", Want: "6"}},
		Infer:    function.Args(function.Like(0), ordered),
	},
	deviation("STDDEV_POP", nil, "The standard deviation of all values that are not NULL.", "1.0", false),
	deviation("STDDEV_SAMP", []string{"STDDEV"}, "The standard deviation of a sample; NULL for a single value.", "1.4142135623730951", true),
	deviation("VAR_POP", nil, "The variance of all values that are not NULL.", "1.0", false),
	deviation("VAR_SAMP", []string{"VARIANCE"}, "The variance of a sample; NULL for a single value.", "2.0", true),
	{
		Name: "FIRST_VALUE", Syntax: "FIRST_VALUE(value)",
		Doc:      "The first value to arrive that is not NULL.",
		Examples: []function.Example{{SQL: "FIRST_VALUE(x) FROM (VALUES (1), (2), (6)) AS t(x)", Want: "1"}},
		Infer:    function.Args(function.Like(0), function.Any),
	},
	{
		Name: "LAST_VALUE", Syntax: "LAST_VALUE(value)",
		Doc:      "The last value to arrive that is not NULL.",
		Examples: []function.Example{{SQL: "LAST_VALUE(x) FROM (VALUES (1), (2), (6)) AS t(x)", Want: "6"}},
		Infer:    function.Args(function.Like(0), function.Any),
	},
	{
		Name: "SINGLE_VALUE", Syntax: "SINGLE_VALUE(value)",
		Doc:      "The value of the one row of a group, NULL too. A second row fails the job.",
		Examples: []function.Example{{SQL: "SINGLE_VALUE(x) FROM (VALUES (1)) AS t(x)", Want: "1"}},
		Infer:    function.Args(function.Like(0), function.Any),
	},
	{
		Name: "APPROX_COUNT_DISTINCT", Syntax: "APPROX_COUNT_DISTINCT(value)",
		Doc:      "About how many different values there are that are not NULL, in batch mode; here it is exact. Refused in streaming mode, as by Flink: use COUNT(DISTINCT value).",
		Examples: []function.Example{{SQL: "APPROX_COUNT_DISTINCT(x) FROM (VALUES (1), (2), (2)) AS t(x)", Want: "2"}},
		Batch:    true,
		Infer:    function.Args(function.Always(data.Of(data.BigInt).NotNull()), function.Any),
	},
	{
		Name: "LISTAGG", Syntax: "LISTAGG(string[, separator])",
		Doc:      "The strings that are not NULL one after the other, with a literal separator (a comma by default) between them.",
		Examples: []function.Example{{SQL: "LISTAGG(x, '-') FROM (VALUES ('a'), ('b')) AS t(x)", Want: "a-b"}},
		Infer: func(args []function.Arg) (function.Signature, error) {
			s, err := function.Between(1, function.IfNull(data.String()), function.Text, function.Text)(args)
			if err == nil && len(args) > 1 && args[1].Literal == nil {
				return s, fmt.Errorf("argument 2 must be a literal string")
			}
			return s, err
		},
	},
	{
		Name: "COLLECT", Syntax: "COLLECT([DISTINCT] value)",
		Doc:      "The values that are not NULL as a multiset.",
		Examples: []function.Example{{SQL: "COLLECT(x) FROM (VALUES ('a'), ('a')) AS t(x)", Want: "{a=2}"}},
		Infer: function.Args(func(args []data.Type) data.Type {
			return data.Type{Kind: data.Multiset, Args: []data.Type{args[0]}}
		}, function.Any),
	},
	{
		Name: "ARRAY_AGG", Syntax: "ARRAY_AGG([DISTINCT] value)",
		Doc:      "All values, NULL too, as an array in order of arrival.",
		Examples: []function.Example{{SQL: "ARRAY_AGG(x) FROM (VALUES (1), (2), (6)) AS t(x)", Want: "[1, 2, 6]"}},
		Infer: function.Args(func(args []data.Type) data.Type {
			return data.Type{Kind: data.Array, Nullable: true, Args: []data.Type{args[0]}}
		}, function.Any),
	},
	{
		Name: "PERCENTILE", Syntax: "PERCENTILE(number, share [, frequency]) or PERCENTILE(number, ARRAY[share, …] [, frequency])",
		Doc: "The value below which a share of the values lies, between 0 and 1, interpolated between the two nearest; of several shares an array. Values that are NULL do not count.",
		Examples: []function.Example{
			{SQL: "PERCENTILE(x, 0.5) FROM (VALUES (0), (10)) AS t(x)", Want: "5.0"},
			{SQL: "PERCENTILE(x, 0.5, n) FROM (VALUES (0, 3), (10, 1)) AS t(x, n)", Want: "0.0"},
			{SQL: "PERCENTILE(x, ARRAY[0.25, 0.75]) FROM (VALUES (0), (10)) AS t(x)", Want: "[2.5, 7.5]"},
		},
		Infer: inferPercentile,
	},
	bitmaps("BITMAP_BUILD_AGG", "number", "The numbers that are not NULL as a BITMAP.", "x", "{1,2,6}"),
	bitmaps("BITMAP_BUILD_CARDINALITY_AGG", "number", "How many different numbers there are that are not NULL.", "x", "3"),
	bitmaps("BITMAP_AND_AGG", "bitmap", "The numbers that are in all sets.", "BITMAP_BUILD(ARRAY[x, 1])", "{1}"),
	bitmaps("BITMAP_AND_CARDINALITY_AGG", "bitmap", "How many numbers are in all sets.", "BITMAP_BUILD(ARRAY[x, 1])", "1"),
	bitmaps("BITMAP_OR_AGG", "bitmap", "The numbers that are in one of the sets.", "BITMAP_BUILD(ARRAY[x, 1])", "{1,2,6}"),
	bitmaps("BITMAP_OR_CARDINALITY_AGG", "bitmap", "How many numbers are in one of the sets.", "BITMAP_BUILD(ARRAY[x, 1])", "3"),
	bitmaps("BITMAP_XOR_AGG", "bitmap", "The numbers that are in an odd number of the sets.", "BITMAP_BUILD(ARRAY[x, 3])", "{1,2,3,6}"),
	bitmaps("BITMAP_XOR_CARDINALITY_AGG", "bitmap", "How many numbers are in an odd number of the sets.", "BITMAP_BUILD(ARRAY[x, 3])", "4"),
}

// bitmaps declares an aggregate of numbers or of BITMAPs.
func bitmaps(name, arg, doc, of, want string) *function.Aggregate {
	result, param := data.Of(data.Bitmap32), function.Int
	if strings.Contains(name, "CARDINALITY") {
		result = data.Of(data.BigInt)
	}
	if arg == "bitmap" {
		param = function.Param{Want: "a BITMAP", Match: func(a function.Arg) (data.Type, bool) { return a.Type, a.Type.Kind == data.Bitmap32 }}
	}
	return &function.Aggregate{
		Name: name, Syntax: name + "([DISTINCT] " + arg + ")", Doc: doc,
		Examples: []function.Example{{SQL: name + "(" + of + ") FROM (VALUES (1), (2), (6)) AS t(x)", Want: want}},
		Infer:    function.Args(function.Always(result), param),
	}
}

// inferPercentile casts to DOUBLE: the values are collected as such.
func inferPercentile(args []function.Arg) (function.Signature, error) {
	s := function.Signature{Result: data.Of(data.Double)}
	if len(args) != 2 && len(args) != 3 {
		return s, fmt.Errorf("takes a number, a share, and how often the number counts")
	}
	if len(args) == 3 && (args[2].Type.Kind < data.TinyInt || args[2].Type.Kind > data.BigInt) {
		return s, fmt.Errorf("Invalid input arguments. How often a number counts is an integer, not %s", args[2].Type) //lint:ignore ST1005 the words of Flink
	}
	number := func(t data.Type) bool { return t.Kind >= data.TinyInt && t.Kind <= data.Decimal }
	share := data.Of(data.Double)
	switch t := args[1].Type; {
	case !number(args[0].Type):
		return s, fmt.Errorf("takes a number first, not %s", args[0].Type)
	case t.Kind == data.Array && number(t.Args[0]):
		share = data.Type{Kind: data.Array, Nullable: t.Nullable, Args: []data.Type{share}}
		s.Result = data.Type{Kind: data.Array, Nullable: true, Args: []data.Type{data.Of(data.Double)}}
	case !number(t):
		return s, fmt.Errorf("takes a share between 0 and 1, or an array of them, not %s", t)
	}
	if x := args[1].Literal; x != nil && !x.Null && number(args[1].Type) {
		f := x.F
		switch t := args[1].Type; {
		case t.Kind == data.Decimal && t.Phys() == data.PhysI64:
			f = data.DecimalFloat(data.I128(x.I), t.Scale)
		case t.Kind == data.Decimal:
			f = data.DecimalFloat(x.D, t.Scale)
		case t.Kind <= data.BigInt:
			f = float64(x.I)
		}
		if f < 0 || f > 1 {
			return s, fmt.Errorf("Invalid input arguments. The share must be between 0 and 1") //lint:ignore ST1005 the words of Flink
		}
	}
	s.Args = []data.Type{data.Of(data.Double).WithNull(args[0].Type.Nullable), share}
	if len(args) == 3 {
		s.Args = append(s.Args, data.Of(data.BigInt).WithNull(args[2].Type.Nullable))
	}
	return s, nil
}

// ordered are the types that have an order.
var ordered = function.Param{Want: "a value with an order", Match: func(a function.Arg) (data.Type, bool) {
	switch a.Type.Kind {
	case data.Null, data.Array, data.Map, data.Multiset, data.Row, data.Variant, data.Raw, data.IntervalDayTime, data.IntervalYearMonth:
		return a.Type, false
	}
	return a.Type, true
}}

func sumType(args []data.Type) data.Type {
	t := args[0]
	if t.Kind == data.Decimal {
		t.Precision = data.MaxDecimal
	}
	return t
}

func meanType(args []data.Type) data.Type {
	t := args[0]
	if t.Kind == data.Decimal {
		t.Precision, t.Scale = data.MaxDecimal, max(6, t.Scale)
	}
	return t
}

// deviation declares a variance or its root; of a sample it is NULL for a single value.
func deviation(name string, aliases []string, doc, want string, sample bool) *function.Aggregate {
	return &function.Aggregate{
		Name: name, Aliases: aliases, Syntax: name + "([DISTINCT] number)", Doc: doc,
		Examples: []function.Example{{SQL: name + "(x) FROM (VALUES (1e0), (3e0)) AS t(x)", Want: want}},
		Infer: function.Args(func(args []data.Type) data.Type {
			t := meanType(args)
			return t.WithNull(t.Nullable || sample)
		}, function.Number),
	}
}
