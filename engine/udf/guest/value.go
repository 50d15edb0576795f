//go:build wasip1

package guest

import (
	"reflect"
	"unsafe"
)

// Null is a value that may be NULL.
type Null[T any] struct {
	V     T
	Valid bool
}

// Some is a value that is not NULL.
func Some[T any](v T) Null[T] { return Null[T]{v, true} }

// Decimal is the unscaled value of a DECIMAL, in two's complement. Its type must be said with Types.
type Decimal struct {
	Lo uint64
	Hi int64
}

// column is one column of a request or an answer, as it lies in memory.
type column struct{ values, extra, nulls, n uint32 }

func at[T any](p uint32, n int) []T {
	return unsafe.Slice((*T)(unsafe.Pointer(uintptr(p))), n)
}

func (c column) isNull(i int) bool {
	return c.nulls != 0 && at[byte](c.nulls+uint32(i>>3), 1)[0]&(1<<(i&7)) != 0
}

// address is where a slice lies; keep must hold it.
func address[T any](s []T) uint32 { return uint32(uintptr(unsafe.Pointer(unsafe.SliceData(s)))) }

// load gives the values of a column. Values under NULL are whatever is there.
func load[T any](c column) []T {
	n := int(c.n)
	var zero T
	switch any(zero).(type) {
	case bool, int32, int64, float32, float64, Decimal:
		return at[T](c.values, n)
	case string:
		return any(texts(c)).([]T)
	case []byte:
		ends, bytes := spans(c)
		out := make([][]byte, n)
		for i := range out {
			out[i] = bytes[ends[i]:ends[i+1]:ends[i+1]]
		}
		return any(out).([]T)
	case Null[bool]:
		return any(nullable[bool](c)).([]T)
	case Null[int32]:
		return any(nullable[int32](c)).([]T)
	case Null[int64]:
		return any(nullable[int64](c)).([]T)
	case Null[float32]:
		return any(nullable[float32](c)).([]T)
	case Null[float64]:
		return any(nullable[float64](c)).([]T)
	case Null[Decimal]:
		return any(nullable[Decimal](c)).([]T)
	case Null[string]:
		return any(nullable[string](c)).([]T)
	case Null[[]byte]:
		return any(nullable[[]byte](c)).([]T)
	}
	out := make([]T, n)
	fill(c, reflect.ValueOf(out), c.skipping(nil))
	return out
}

func spans(c column) (ends []uint32, bytes []byte) {
	ends = at[uint32](c.values, int(c.n)+1)
	if size := int(ends[c.n]); size > 0 {
		bytes = at[byte](c.extra, size)
	}
	return ends, bytes
}

func texts(c column) []string {
	ends, bytes := spans(c)
	out := make([]string, c.n)
	for i := range out {
		if from, to := ends[i], ends[i+1]; to > from {
			out[i] = unsafe.String(&bytes[from], to-from)
		}
	}
	return out
}

func nullable[T any](c column) []Null[T] {
	values := load[T](c)
	out := make([]Null[T], len(values))
	for i, v := range values {
		if !c.isNull(i) {
			out[i] = Null[T]{v, true}
		}
	}
	return out
}

// keep holds what the host reads, until the next request.
var keep []any

// store makes a column of values; nulls marks those that are NULL besides.
func store[T any](values []T, nulls []byte) column {
	c := column{n: uint32(len(values))}
	switch v := any(values).(type) {
	case []string:
		c.values, c.extra = joined(v)
	case [][]byte:
		c.values, c.extra = joined(v)
	case []Null[bool]:
		return split(v, nulls)
	case []Null[int32]:
		return split(v, nulls)
	case []Null[int64]:
		return split(v, nulls)
	case []Null[float32]:
		return split(v, nulls)
	case []Null[float64]:
		return split(v, nulls)
	case []Null[Decimal]:
		return split(v, nulls)
	case []Null[string]:
		return split(v, nulls)
	case []Null[[]byte]:
		return split(v, nulls)
	case []bool, []int32, []int64, []float32, []float64, []Decimal:
		keep = append(keep, values)
		c.values = address(values)
	default:
		c = written(reflect.ValueOf(values))
	}
	if nulls != nil {
		for i := 0; c.nulls != 0 && i < len(values); i++ {
			if c.isNull(i) {
				nulls[i>>3] |= 1 << (i & 7)
			}
		}
		keep = append(keep, nulls)
		c.nulls = address(nulls)
	}
	return c
}

func split[T any](in []Null[T], nulls []byte) column {
	values := make([]T, len(in))
	if nulls == nil {
		nulls = make([]byte, (len(in)+7)/8)
	}
	for i, v := range in {
		values[i] = v.V
		if !v.Valid {
			nulls[i>>3] |= 1 << (i & 7)
		}
	}
	return store(values, nulls)
}

// storeBytes makes a column of byte strings that lie one after the other in all.
func storeBytes(all []byte, values [][]byte) column {
	ends := make([]uint32, len(values)+1)
	for i, v := range values {
		ends[i+1] = ends[i] + uint32(len(v))
	}
	if all == nil {
		all = make([]byte, 1)
	}
	keep = append(keep, ends, all)
	return column{values: address(ends), extra: address(all), n: uint32(len(values))}
}

func joined[T string | []byte](values []T) (ends, bytes uint32) {
	size := 0
	for _, v := range values {
		size += len(v)
	}
	e, b := make([]uint32, len(values)+1), make([]byte, 0, size+1)
	for i, v := range values {
		b = append(b, v...)
		e[i+1] = uint32(len(b))
	}
	keep = append(keep, e, b)
	return address(e), address(b)
}

// typeOf is the SQL type of a Go type, and whether it can be NULL; whole: what is
// in it says so too.
func typeOf[T any](whole bool) (name string, null bool) {
	var zero T
	switch any(zero).(type) {
	case bool:
		return "BOOLEAN", false
	case int32:
		return "INT", false
	case int64:
		return "BIGINT", false
	case float32:
		return "FLOAT", false
	case float64:
		return "DOUBLE", false
	case string:
		return "STRING", false
	case []byte:
		return "BYTES", false
	case Decimal:
		return "DECIMAL(38, 18)", false
	case Null[bool]:
		return "BOOLEAN", true
	case Null[int32]:
		return "INT", true
	case Null[int64]:
		return "BIGINT", true
	case Null[float32]:
		return "FLOAT", true
	case Null[float64]:
		return "DOUBLE", true
	case Null[string]:
		return "STRING", true
	case Null[[]byte]:
		return "BYTES", true
	case Null[Decimal]:
		return "DECIMAL(38, 18)", true
	}
	return nestedType(reflect.TypeFor[T](), whole)
}
