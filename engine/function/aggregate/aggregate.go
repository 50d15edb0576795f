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

	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/function"
)

// Functions lists the aggregate functions.
var Functions = []*function.Aggregate{
	{
		Name: "COUNT", Syntax: "COUNT(*) or COUNT([DISTINCT] value)",
		Doc: "How many rows there are, or in how many the value is not NULL.",
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
		Doc:   "The sum of the values that are not NULL, NULL if there are none. Integers wrap around in their type.",
		Infer: function.Args(sumType, function.Number),
	},
	{
		Name: "SUM0", Aliases: []string{"$SUM0"}, Syntax: "SUM0(number)",
		Doc:   "The sum of the values that are not NULL, 0 if there are none.",
		Infer: function.Args(func(args []data.Type) data.Type { return sumType(args).NotNull() }, function.Number),
	},
	{
		Name: "AVG", Syntax: "AVG([DISTINCT] number)",
		Doc:   "The mean of the values that are not NULL, cut to an integer for integers.",
		Infer: function.Args(meanType, function.Number),
	},
	{
		Name: "MIN", Syntax: "MIN(value)",
		Doc:   "The least value that is not NULL.",
		Infer: function.Args(function.Like(0), ordered),
	},
	{
		Name: "MAX", Syntax: "MAX(value)",
		Doc:   "The greatest value that is not NULL.",
		Infer: function.Args(function.Like(0), ordered),
	},
	deviation("STDDEV_POP", nil, "The standard deviation of all values that are not NULL.", false),
	deviation("STDDEV_SAMP", []string{"STDDEV"}, "The standard deviation of a sample; NULL for a single value.", true),
	deviation("VAR_POP", nil, "The variance of all values that are not NULL.", false),
	deviation("VAR_SAMP", []string{"VARIANCE"}, "The variance of a sample; NULL for a single value.", true),
	{
		Name: "FIRST_VALUE", Syntax: "FIRST_VALUE(value)",
		Doc:   "The first value to arrive that is not NULL.",
		Infer: function.Args(function.Like(0), function.Any),
	},
	{
		Name: "LAST_VALUE", Syntax: "LAST_VALUE(value)",
		Doc:   "The last value to arrive that is not NULL.",
		Infer: function.Args(function.Like(0), function.Any),
	},
	{
		Name: "LISTAGG", Syntax: "LISTAGG(string[, separator])",
		Doc: "The strings that are not NULL one after the other, with a literal separator (a comma by default) between them.",
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
		Doc: "The values that are not NULL as a multiset.",
		Infer: function.Args(func(args []data.Type) data.Type {
			return data.Type{Kind: data.Multiset, Args: []data.Type{args[0]}}
		}, function.Any),
	},
	{
		Name: "ARRAY_AGG", Syntax: "ARRAY_AGG([DISTINCT] value)",
		Doc: "All values, NULL too, as an array in order of arrival.",
		Infer: function.Args(func(args []data.Type) data.Type {
			return data.Type{Kind: data.Array, Nullable: true, Args: []data.Type{args[0]}}
		}, function.Any),
	},
}

// ordered are the types that have an order.
var ordered = function.Param{Want: "a value with an order", Match: func(a function.Arg) (data.Type, bool) {
	switch a.Type.Kind {
	case data.Null, data.Array, data.Map, data.Multiset, data.Row, data.Variant, data.Raw:
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
func deviation(name string, aliases []string, doc string, sample bool) *function.Aggregate {
	return &function.Aggregate{
		Name: name, Aliases: aliases, Syntax: name + "([DISTINCT] number)", Doc: doc,
		Infer: function.Args(func(args []data.Type) data.Type {
			t := meanType(args)
			return t.WithNull(t.Nullable || sample)
		}, function.Number),
	}
}
