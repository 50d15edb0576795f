package data

// ValueAt returns row i of v as a value that does not need v any more.
func (v *Vector) ValueAt(i int) Value {
	if v.IsNull(i) {
		return NullValue()
	}
	switch v.Type.Phys() {
	case PhysBool:
		return Value{I: int64(v.Bool[i])}
	case PhysI32:
		return Value{I: int64(v.I32[i])}
	case PhysI64:
		return Value{I: v.I64[i]}
	case PhysF32:
		return Value{F: float64(v.F32[i])}
	case PhysF64:
		return Value{F: v.F64[i]}
	case PhysI128:
		return Value{D: v.I128[i]}
	case PhysTime:
		return Value{I: v.I64[i], Nano: v.Nano[i]}
	case PhysString:
		return Value{S: string(v.Bytes(i))}
	case PhysList:
		from, to := v.Offsets[i], v.Offsets[i+1]
		x := Value{Elems: make([]Value, 0, int(to-from)*len(v.Children))}
		for j := from; j < to; j++ {
			for _, c := range v.Children {
				x.Elems = append(x.Elems, c.ValueAt(int(j)))
			}
		}
		return x
	case PhysRow:
		x := Value{Elems: make([]Value, len(v.Children))}
		for k, c := range v.Children {
			x.Elems[k] = c.ValueAt(i)
		}
		return x
	}
	return NullValue()
}

// SetValueAt makes row i of v the value x of v's type. N must cover i, and rows
// of lists (also inside rows) must be set in ascending order without gaps.
func (v *Vector) SetValueAt(i int, x Value) {
	if x.Null || v.Type.Kind == Null {
		setZero(v, i)
		v.SetNull(i)
		return
	}
	v.ClearNull(i)
	switch v.Type.Phys() {
	case PhysBool:
		v.Bool[i] = uint8(x.I)
	case PhysI32:
		v.I32[i] = int32(x.I)
	case PhysI64:
		v.I64[i] = x.I
	case PhysF32:
		v.F32[i] = float32(x.F)
	case PhysF64:
		v.F64[i] = x.F
	case PhysI128:
		v.I128[i] = x.D
	case PhysTime:
		v.I64[i], v.Nano[i] = x.I, x.Nano
	case PhysString:
		v.SetString(i, x.S)
	case PhysList:
		at := v.Offsets[i]
		n := len(x.Elems) / len(v.Children)
		for _, c := range v.Children {
			c.Resize(int(at) + n)
		}
		for j := range n {
			for k, c := range v.Children {
				c.SetValueAt(int(at)+j, x.Elems[j*len(v.Children)+k])
			}
		}
		v.Offsets[i+1] = at + int32(n)
	case PhysRow:
		for k, c := range v.Children {
			c.SetValueAt(i, x.Elems[k])
		}
	}
}

// VectorOf makes a vector of values of one type.
func VectorOf(t Type, values ...Value) *Vector {
	v := NewVector(t, len(values))
	if t.Phys() == PhysList {
		v.Offsets[0] = 0
	}
	for i, x := range values {
		v.SetValueAt(i, x)
	}
	return v
}
