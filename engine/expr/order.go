package expr

import (
	"bytes"

	"github.com/weir-streams/weir/engine/data"
)

// equalAt compares two values of one type, also nested ones; NULL equals NULL.
// Maps are equal when they have the same entries in any order.
func equalAt(a *data.Vector, i int, b *data.Vector, j int) bool {
	if a.IsNull(i) || b.IsNull(j) {
		return a.IsNull(i) && b.IsNull(j)
	}
	switch a.Type.Phys() {
	case data.PhysF32:
		return a.F32[i] == b.F32[j]
	case data.PhysF64:
		return a.F64[i] == b.F64[j]
	case data.PhysString:
		return sameBytes(a, int32(i), b, int32(j))
	case data.PhysList:
		n := int(a.Offsets[i+1] - a.Offsets[i])
		if n != int(b.Offsets[j+1]-b.Offsets[j]) {
			return false
		}
		x, y := int(a.Offsets[i]), int(b.Offsets[j])
		if a.Type.Kind == data.Array {
			for k := range n {
				if !equalAt(a.Children[0], x+k, b.Children[0], y+k) {
					return false
				}
			}
			return true
		}
		for k := range n {
			found := false
			for l := 0; l < n && !found; l++ {
				found = equalAt(a.Children[0], x+k, b.Children[0], y+l) && equalAt(a.Children[1], x+k, b.Children[1], y+l)
			}
			if !found {
				return false
			}
		}
		return true
	case data.PhysRow:
		for k := range a.Children {
			if !equalAt(a.Children[k], i, b.Children[k], j) {
				return false
			}
		}
		return true
	}
	return orderAt(a, i, b, j) == 0
}

// orderAt gives the order of two values of one type; NULL is first.
func orderAt(a *data.Vector, i int, b *data.Vector, j int) int {
	an, bn := a.IsNull(i), b.IsNull(j)
	if an || bn {
		return int(b2i(bn)) - int(b2i(an))
	}
	switch a.Type.Phys() {
	case data.PhysBool:
		return int(a.Bool[i]) - int(b.Bool[j])
	case data.PhysI32:
		return order(a.I32[i], b.I32[j])
	case data.PhysI64:
		return order(a.I64[i], b.I64[j])
	case data.PhysF32:
		return order(a.F32[i], b.F32[j])
	case data.PhysF64:
		return order(a.F64[i], b.F64[j])
	case data.PhysI128:
		return a.I128[i].Cmp(b.I128[j])
	case data.PhysTime:
		if o := order(a.I64[i], b.I64[j]); o != 0 {
			return o
		}
		return order(a.Nano[i], b.Nano[j])
	case data.PhysString:
		return bytes.Compare(a.Bytes(i), b.Bytes(j))
	case data.PhysList:
		x, y := a.Offsets[i], b.Offsets[j]
		for ; x < a.Offsets[i+1] && y < b.Offsets[j+1]; x, y = x+1, y+1 {
			if o := orderAt(a.Children[0], int(x), b.Children[0], int(y)); o != 0 {
				return o
			}
		}
		return order(a.Offsets[i+1]-x, b.Offsets[j+1]-y)
	case data.PhysRow:
		for k := range a.Children {
			if o := orderAt(a.Children[k], i, b.Children[k], j); o != 0 {
				return o
			}
		}
	}
	return 0
}

func order[T int32 | int64 | float32 | float64](a, b T) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}
