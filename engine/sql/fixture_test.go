package sql_test

import (
	"errors"
	"fmt"

	"github.com/weir-streams/weir/engine/connector"
	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/format"
	"github.com/weir-streams/weir/engine/function"
	"github.com/weir-streams/weir/engine/option"
	"github.com/weir-streams/weir/engine/sql"
	"github.com/weir-streams/weir/engine/sql/typing"
)

// environment is a small world to plan in: connectors that nothing is read
// from, and functions by their types alone.
func environment() sql.Environment {
	source := func(connector.SourceSpec) (connector.Source, error) { return nil, errors.New("not run here") }
	sink := func(connector.SinkSpec) (connector.Sink, error) { return nil, errors.New("not run here") }
	decoder := func(format.DecoderSpec) (format.Decoder, error) { return nil, errors.New("not run here") }
	encoder := func(format.EncoderSpec) (format.Encoder, error) { return nil, errors.New("not run here") }
	return sql.Environment{
		Connectors: []*connector.Connector{
			{Name: "filesystem", Formats: true, Source: source, Sink: sink, Options: append(connector.FullCacheOptions(), option.Option{Key: "path", Required: true, Example: "/data/in"}), Bounded: func(option.Values) bool { return true }},
			{Name: "datagen", Source: source, Options: []option.Option{{Key: "rows-per-second", Type: option.Int}, {Key: "number-of-rows", Type: option.Int}, {Key: "scan.rate-limit", Type: option.Int}, {Key: "fields.", Prefix: true}}},
			{Name: "print", Sink: sink, AcceptsUpdates: true, Options: []option.Option{{Key: "print-identifier"}}},
			{Name: "blackhole", Sink: sink, AcceptsUpdates: true, NoBefore: true},
			{Name: "kv", Sink: sink, AcceptsUpdates: true, Upsert: true, Source: source, Formats: true},
		},
		Formats: []*format.Format{
			{Name: "csv", Decoder: decoder, Encoder: encoder, Options: []option.Option{{Key: "null-literal"}, {Key: "field-delimiter"}}},
			{Name: "json", Decoder: decoder, Encoder: encoder},
			{Name: "debezium-json", Decoder: decoder, Encoder: encoder, Changelog: true},
		},
		Functions: function.NewSet([][]*function.Scalar{scalars()}, aggregates()),
	}
}

// shaped declares a function that takes arguments of some shapes.
func shaped(name string, volatile bool, result func(args []function.Arg) data.Type, ok ...func(data.Type) bool) *function.Scalar {
	return &function.Scalar{Name: name, Volatile: volatile, Infer: func(args []function.Arg) (function.Signature, error) {
		if len(args) != len(ok) {
			return function.Signature{}, fmt.Errorf("%d arguments expected, got %d", len(ok), len(args))
		}
		s := function.Signature{}
		for i, a := range args {
			if !ok[i](a.Type) {
				return s, fmt.Errorf("argument %d cannot be %s", i+1, a.Type)
			}
			s.Args = append(s.Args, a.Type)
		}
		s.Result = result(args)
		return s, nil
	}}
}

func anyNull(args []function.Arg) bool {
	for _, a := range args {
		if a.Type.Nullable {
			return true
		}
	}
	return false
}

func scalars() []*function.Scalar {
	always := func(t data.Type) func([]function.Arg) data.Type {
		return func(args []function.Arg) data.Type { return t.WithNull(t.Nullable || anyNull(args)) }
	}
	text, number, stamp := typing.Text, typing.Integer, typing.Temporal
	str := data.String().NotNull()
	upper := shaped("UPPER", false, always(str), text)
	upper.Strict, upper.Eval = true, func(c *function.Call) error {
		for i := range c.N {
			c.Out.SetString(i, "UP:"+c.Args[0].Str(i))
		}
		return nil
	}
	return []*function.Scalar{
		upper,
		shaped("LOWER", false, always(str), text),
		shaped("CHAR_LENGTH", false, always(data.Of(data.Int).NotNull()), text),
		shaped("HOUR", false, always(data.Of(data.BigInt).NotNull()), stamp),
		shaped("DATE_FORMAT", false, always(data.String()), stamp, text),
		shaped("REGEXP_EXTRACT", false, always(data.String()), text, text, number),
		shaped("SPLIT_INDEX", false, always(data.String()), text, text, number),
		shaped("EXTRACT", false, always(data.Of(data.BigInt).NotNull()), text, stamp),
		shaped("TRIM", false, always(str), text, text, text),
		shaped("RAND", true, always(data.Of(data.Double).NotNull())),
		shaped("PROCTIME", true, always(data.Type{Kind: data.TimestampLTZ, Precision: 3})),
		shaped("CURRENT_TIMESTAMP", true, always(data.Type{Kind: data.TimestampLTZ, Precision: 3})),
		shaped("TO_TIMESTAMP_LTZ", false, always(data.Type{Kind: data.TimestampLTZ, Precision: 3, Nullable: true}), number, number),
	}
}

func aggregates() []*function.Aggregate {
	same := func(args []function.Arg) data.Type { return args[0].Type }
	one := func(name string, result func([]function.Arg) data.Type) *function.Aggregate {
		return &function.Aggregate{Name: name, Infer: func(args []function.Arg) (function.Signature, error) {
			if len(args) != 1 {
				return function.Signature{}, fmt.Errorf("1 argument expected, got %d", len(args))
			}
			return function.Signature{Args: []data.Type{args[0].Type}, Result: result(args)}, nil
		}}
	}
	count := &function.Aggregate{Name: "COUNT", Infer: func(args []function.Arg) (function.Signature, error) {
		s := function.Signature{Result: data.Of(data.BigInt).NotNull()}
		for _, a := range args {
			s.Args = append(s.Args, a.Type)
		}
		return s, nil
	}}
	sum := func(args []function.Arg) data.Type {
		t := args[0].Type
		if t.Kind == data.Decimal {
			t.Precision = 38
		}
		return t
	}
	return []*function.Aggregate{count, one("SUM", sum), one("AVG", same), one("MIN", same), one("MAX", same)}
}
