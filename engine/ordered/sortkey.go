// Package ordered gives rows keys whose bytes compare as the rows do in an order.
//
// The rule: the keys of two rows are equal only if the rows are equal in all that
// the order looks at.
package ordered

import (
	"encoding/binary"
	"math"
	"slices"

	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/graph"
)

// Orderable tells whether a type has a sort key.
func Orderable(t data.Type) bool {
	switch t.Phys() {
	case data.PhysBool, data.PhysI32, data.PhysI64, data.PhysF32, data.PhysF64, data.PhysI128, data.PhysTime, data.PhysString:
		return true
	case data.PhysRow:
		return !slices.ContainsFunc(t.Args, func(f data.Type) bool { return !Orderable(f) })
	case data.PhysList:
		return t.Kind == data.Array && Orderable(t.Args[0])
	}
	return false
}

// AppendKey appends bytes of row r that compare as the row does in the order.
func AppendKey(dst []byte, cols []*data.Vector, order []graph.SortKey, r int) []byte {
	for _, k := range order {
		v := cols[k.Column]
		if v.IsNull(r) {
			if k.NullsLast {
				dst = append(dst, 2)
			} else {
				dst = append(dst, 0)
			}
			continue
		}
		dst = append(dst, 1)
		at := len(dst)
		dst = appendOrdered(dst, v, r)
		if k.Desc {
			for i := at; i < len(dst); i++ {
				dst[i] = ^dst[i]
			}
		}
	}
	return dst
}

// AppendValue appends the sort key of a value, ascending, NULL first.
func AppendValue(dst []byte, v *data.Vector, r int) []byte { return appendInner(dst, v, r) }

const signBit = 1 << 63

func appendOrdered(dst []byte, v *data.Vector, r int) []byte {
	switch v.Type.Phys() {
	case data.PhysBool:
		return append(dst, v.Bool[r])
	case data.PhysI32:
		return binary.BigEndian.AppendUint32(dst, uint32(v.I32[r])^(1<<31))
	case data.PhysI64:
		return binary.BigEndian.AppendUint64(dst, uint64(v.I64[r])^signBit)
	case data.PhysF32:
		return appendFloat(dst, float64(v.F32[r]))
	case data.PhysF64:
		return appendFloat(dst, v.F64[r])
	case data.PhysI128:
		dst = binary.BigEndian.AppendUint64(dst, uint64(v.I128[r].Hi)^signBit)
		return binary.BigEndian.AppendUint64(dst, v.I128[r].Lo)
	case data.PhysTime:
		dst = binary.BigEndian.AppendUint64(dst, uint64(v.I64[r])^signBit)
		return binary.BigEndian.AppendUint32(dst, uint32(v.Nano[r]))
	case data.PhysRow: // field by field
		for _, f := range v.Children {
			dst = appendInner(dst, f, r)
		}
		return dst
	case data.PhysList: // element by element, what has ended comes first
		for i := v.Offsets[r]; i < v.Offsets[r+1]; i++ {
			dst = appendInner(append(dst, 1), v.Children[0], int(i))
		}
		return append(dst, 0)
	}
	for _, c := range v.Bytes(r) { // 0 is escaped, so that the end comes before everything
		if dst = append(dst, c); c == 0 {
			dst = append(dst, 0xFF)
		}
	}
	return append(dst, 0, 0)
}

// appendInner appends a value within a row or an array: NULL comes first.
func appendInner(dst []byte, v *data.Vector, r int) []byte {
	if v.IsNull(r) {
		return append(dst, 0)
	}
	return appendOrdered(append(dst, 1), v, r)
}

// appendFloat orders NaN last and -0.0 as 0.0.
func appendFloat(dst []byte, f float64) []byte {
	bits := math.Float64bits(f)
	switch {
	case f != f:
		bits = math.MaxUint64
	case f == 0:
		bits = signBit
	case bits&signBit != 0:
		bits = ^bits
	default:
		bits |= signBit
	}
	return binary.BigEndian.AppendUint64(dst, bits)
}

// AppendTime appends the sort key of a time that is not NULL, ascending.
func AppendTime(dst []byte, t int64) []byte {
	return binary.BigEndian.AppendUint64(append(dst, 1), uint64(t)^signBit)
}

// TimeOf reads the time a sort key begins with.
func TimeOf(key string) int64 {
	var t uint64
	for i := 1; i < 9; i++ {
		t = t<<8 | uint64(key[i])
	}
	return int64(t ^ signBit)
}
