package data

import "bytes"

// EqualAt compares two values of one type, also nested ones; NULL equals NULL.
// Maps are equal when they have the same entries in any order.
func EqualAt(a *Vector, i int, b *Vector, j int) bool {
	if a.IsNull(i) || b.IsNull(j) {
		return a.IsNull(i) && b.IsNull(j)
	}
	switch a.Type.Phys() {
	case PhysI64:
		return a.I64[i] == b.I64[j]
	case PhysI32:
		return a.I32[i] == b.I32[j]
	case PhysF32:
		return a.F32[i] == b.F32[j]
	case PhysF64:
		return a.F64[i] == b.F64[j]
	case PhysString:
		return sameBytes(a, i, b, j)
	case PhysList:
		n := int(a.Offsets[i+1] - a.Offsets[i])
		if n != int(b.Offsets[j+1]-b.Offsets[j]) {
			return false
		}
		x, y := int(a.Offsets[i]), int(b.Offsets[j])
		if a.Type.Kind == Array {
			for k := range n {
				if !EqualAt(a.Children[0], x+k, b.Children[0], y+k) {
					return false
				}
			}
			return true
		}
		for k := range n {
			found := false
			for l := 0; l < n && !found; l++ {
				found = EqualAt(a.Children[0], x+k, b.Children[0], y+l) && EqualAt(a.Children[1], x+k, b.Children[1], y+l)
			}
			if !found {
				return false
			}
		}
		return true
	case PhysRow:
		for k := range a.Children {
			if !EqualAt(a.Children[k], i, b.Children[k], j) {
				return false
			}
		}
		return true
	}
	return OrderAt(a, i, b, j) == 0
}

// OrderAt gives the order of two values of one type; NULL is first.
func OrderAt(a *Vector, i int, b *Vector, j int) int {
	an, bn := a.IsNull(i), b.IsNull(j)
	if an || bn {
		switch {
		case an && bn:
			return 0
		case an:
			return -1
		}
		return 1
	}
	switch a.Type.Phys() {
	case PhysBool:
		return int(a.Bool[i]) - int(b.Bool[j])
	case PhysI32:
		return orderOf(a.I32[i], b.I32[j])
	case PhysI64:
		return orderOf(a.I64[i], b.I64[j])
	case PhysF32:
		return orderOf(a.F32[i], b.F32[j])
	case PhysF64:
		return orderOf(a.F64[i], b.F64[j])
	case PhysI128:
		return a.I128[i].Cmp(b.I128[j])
	case PhysTime:
		if o := orderOf(a.I64[i], b.I64[j]); o != 0 {
			return o
		}
		return orderOf(a.Nano[i], b.Nano[j])
	case PhysString:
		return bytes.Compare(a.Bytes(i), b.Bytes(j))
	case PhysList:
		x, y := a.Offsets[i], b.Offsets[j]
		for ; x < a.Offsets[i+1] && y < b.Offsets[j+1]; x, y = x+1, y+1 {
			if o := OrderAt(a.Children[0], int(x), b.Children[0], int(y)); o != 0 {
				return o
			}
		}
		return orderOf(a.Offsets[i+1]-x, b.Offsets[j+1]-y)
	case PhysRow:
		for k := range a.Children {
			if o := OrderAt(a.Children[k], i, b.Children[k], j); o != 0 {
				return o
			}
		}
	}
	return 0
}

func orderOf[T int32 | int64 | float32 | float64](a, b T) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// sameBytes compares two strings, mostly by their views.
func sameBytes(a *Vector, i int, b *Vector, j int) bool {
	x, y := a.Views[i], b.Views[j]
	if x.A != y.A {
		return false
	}
	if x.Len() <= InlineLen {
		return x.B == y.B
	}
	return bytes.Equal(a.Bytes(i), b.Bytes(j))
}
