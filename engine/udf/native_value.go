package udf

import (
	"fmt"

	"github.com/weir-streams/weir/engine/data"
)

// goType is the SQL type of a Go type; nullable for Null.
func goType[T any]() data.Type {
	var zero T
	switch any(zero).(type) {
	case bool:
		return data.Type{Kind: data.Boolean}
	case int32:
		return data.Type{Kind: data.Int}
	case int64:
		return data.Type{Kind: data.BigInt}
	case float32:
		return data.Type{Kind: data.Float}
	case float64:
		return data.Type{Kind: data.Double}
	case string:
		return data.Type{Kind: data.VarChar, Precision: data.MaxLength}
	case []byte:
		return data.Type{Kind: data.VarBinary, Precision: data.MaxLength}
	case Null[bool]:
		return goType[bool]().WithNull(true)
	case Null[int32]:
		return goType[int32]().WithNull(true)
	case Null[int64]:
		return goType[int64]().WithNull(true)
	case Null[float32]:
		return goType[float32]().WithNull(true)
	case Null[float64]:
		return goType[float64]().WithNull(true)
	case Null[string]:
		return goType[string]().WithNull(true)
	case Null[[]byte]:
		return goType[[]byte]().WithNull(true)
	}
	panic(fmt.Sprintf("a function of SQL cannot have a value of type %T", zero))
}

// loader reads a column as values of T, which goType accepted.
func loader[T any](v *data.Vector) func(i int32) T {
	var zero T
	switch any(zero).(type) {
	case bool:
		return any(func(i int32) bool { return v.Bool[i] != 0 }).(func(int32) T)
	case int32:
		return any(func(i int32) int32 { return v.I32[i] }).(func(int32) T)
	case int64:
		return any(func(i int32) int64 { return v.I64[i] }).(func(int32) T)
	case float32:
		return any(func(i int32) float32 { return v.F32[i] }).(func(int32) T)
	case float64:
		return any(func(i int32) float64 { return v.F64[i] }).(func(int32) T)
	case string:
		return any(func(i int32) string { return v.Str(int(i)) }).(func(int32) T)
	case []byte:
		return any(func(i int32) []byte { return v.Bytes(int(i)) }).(func(int32) T)
	case Null[bool]:
		return any(orNull[bool](v)).(func(int32) T)
	case Null[int32]:
		return any(orNull[int32](v)).(func(int32) T)
	case Null[int64]:
		return any(orNull[int64](v)).(func(int32) T)
	case Null[float32]:
		return any(orNull[float32](v)).(func(int32) T)
	case Null[float64]:
		return any(orNull[float64](v)).(func(int32) T)
	case Null[string]:
		return any(orNull[string](v)).(func(int32) T)
	}
	return any(orNull[[]byte](v)).(func(int32) T)
}

func orNull[T any](v *data.Vector) func(i int32) Null[T] {
	value := loader[T](v)
	return func(i int32) Null[T] {
		if v.IsNull(int(i)) {
			return Null[T]{}
		}
		return Null[T]{value(i), true}
	}
}

// storer writes values of T into a column.
func storer[T any](v *data.Vector) func(i int32, x T) {
	var zero T
	switch any(zero).(type) {
	case bool:
		return any(func(i int32, x bool) {
			if v.Bool[i] = 0; x {
				v.Bool[i] = 1
			}
		}).(func(int32, T))
	case int32:
		return any(func(i int32, x int32) { v.I32[i] = x }).(func(int32, T))
	case int64:
		return any(func(i int32, x int64) { v.I64[i] = x }).(func(int32, T))
	case float32:
		return any(func(i int32, x float32) { v.F32[i] = x }).(func(int32, T))
	case float64:
		return any(func(i int32, x float64) { v.F64[i] = x }).(func(int32, T))
	case string:
		return any(func(i int32, x string) { v.SetString(int(i), x) }).(func(int32, T))
	case []byte:
		return any(func(i int32, x []byte) { v.SetBytes(int(i), x) }).(func(int32, T))
	case Null[bool]:
		return any(orNothing[bool](v)).(func(int32, T))
	case Null[int32]:
		return any(orNothing[int32](v)).(func(int32, T))
	case Null[int64]:
		return any(orNothing[int64](v)).(func(int32, T))
	case Null[float32]:
		return any(orNothing[float32](v)).(func(int32, T))
	case Null[float64]:
		return any(orNothing[float64](v)).(func(int32, T))
	case Null[string]:
		return any(orNothing[string](v)).(func(int32, T))
	}
	return any(orNothing[[]byte](v)).(func(int32, T))
}

func orNothing[T any](v *data.Vector) func(i int32, x Null[T]) {
	put := storer[T](v)
	return func(i int32, x Null[T]) {
		if !x.Valid {
			data.SetNullRow(v, int(i))
			return
		}
		put(i, x.V)
	}
}
