package udf_test

import (
	"testing"

	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/function"
	"github.com/weir-streams/weir/engine/graph"
	"github.com/weir-streams/weir/engine/udf"
	"github.com/weir-streams/weir/engine/udf/udftest"
)

// BenchmarkCall calls functions with batches; a row is an operation.
func BenchmarkCall(b *testing.B) {
	bigint, text := data.Of(data.BigInt), data.String()
	of := func(path, export string) func() function.User {
		return func() function.User {
			users, _, err := udf.NewHost("", nil).Use([]graph.Function{{Name: "f", Export: export, Artifact: path}})
			if err != nil {
				b.Fatal(err)
			}
			return users[0]
		}
	}
	path := udftest.By{Memory: 16}.Write(b)
	for _, c := range []struct {
		name   string
		make   func() function.User
		types  []data.Type
		result data.Type
	}{
		{"hand/identity(BIGINT)", of(path, "f"), []data.Type{bigint}, bigint},
		{"go/or_else(BIGINT,BIGINT)", of(udftest.Go(b), "or_else"), []data.Type{bigint, bigint}, bigint},
		{"go/levenshtein(STRING,STRING)", of(udftest.Go(b), "levenshtein"), []data.Type{text, text}, bigint},
		{"rust/vowels(STRING)", of(udftest.Rust(b), "vowels"), []data.Type{text}, data.Of(data.Int)},
		{"native/double(BIGINT)", func() function.User {
			return udf.Scalar1("f", func(x int64) int64 { return 2 * x }).User()
		}, []data.Type{bigint}, bigint},
	} {
		b.Run(c.name, func(b *testing.B) {
			f := c.make()
			args := make([]*data.Vector, len(c.types))
			for i, t := range c.types {
				args[i] = data.NewVector(t, data.BatchSize)
				for r := range data.BatchSize {
					if t.Kind == data.BigInt {
						args[i].I64[r] = int64(r)
					} else {
						args[i].SetString(r, "some text of it"[i:7+r%8])
					}
				}
			}
			out := data.NewVector(c.result, data.BatchSize)
			call := &function.Call{Args: args, Const: make([]*data.Value, len(args)), Out: out, N: data.BatchSize}
			b.ReportAllocs()
			for n := 0; n < b.N; n += data.BatchSize {
				if err := f.Scalar.Eval(call); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
