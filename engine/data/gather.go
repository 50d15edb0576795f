package data

import "math"

// Gather returns a new vector whose row i is row rows[i] of src. String bytes
// are shared, not copied.
func Gather(src *Vector, rows []int32) *Vector {
	dst := NewVector(src.Type, len(rows))
	switch src.Type.Phys() {
	case PhysBool:
		gather(dst.Bool, src.Bool, rows)
	case PhysI32:
		gather(dst.I32, src.I32, rows)
	case PhysI64:
		gather(dst.I64, src.I64, rows)
	case PhysF32:
		gather(dst.F32, src.F32, rows)
	case PhysF64:
		gather(dst.F64, src.F64, rows)
	case PhysI128:
		gather(dst.I128, src.I128, rows)
	case PhysTime:
		gather(dst.I64, src.I64, rows)
		gather(dst.Nano, src.Nano, rows)
	case PhysString:
		base := dst.ShareBuffers(src)
		if base == 0 {
			gather(dst.Views, src.Views, rows)
		} else {
			for i, r := range rows {
				dst.Views[i] = src.Views[r].Rebase(base)
			}
		}
	case PhysList:
		var inner []int32
		dst.Offsets[0] = 0
		for i, r := range rows {
			for j := src.Offsets[r]; j < src.Offsets[r+1]; j++ {
				inner = append(inner, j)
			}
			dst.Offsets[i+1] = int32(len(inner))
		}
		for k, c := range src.Children {
			dst.Children[k].Release()
			dst.Children[k] = Gather(c, inner)
		}
	case PhysRow:
		for k, c := range src.Children {
			dst.Children[k].Release()
			dst.Children[k] = Gather(c, rows)
		}
	}
	if src.Nulls != nil {
		for i, r := range rows {
			if src.IsNull(int(r)) {
				dst.SetNull(i)
			}
		}
	}
	return dst
}

func gather[T any](dst, src []T, rows []int32) {
	dst = dst[:len(rows)]
	for i, r := range rows {
		dst[i] = src[r]
	}
}

// Canonical makes values that are equal as keys the same in v, which must not be
// shared: -0.0 becomes 0.0, and every NaN the same. It returns v.
func Canonical(v *Vector) *Vector {
	switch v.Type.Phys() {
	case PhysF32:
		for i, x := range v.F32[:v.N] {
			v.F32[i] = math.Float32frombits(float32Bits(x))
		}
	case PhysF64:
		for i, x := range v.F64[:v.N] {
			v.F64[i] = math.Float64frombits(floatBits(x))
		}
	case PhysList, PhysRow:
		for _, c := range v.Children {
			Canonical(c)
		}
	}
	return v
}

// Compact returns a batch whose columns hold exactly the rows of b that count,
// with no Sel; it takes over b. Batches without Sel are returned as they are.
func Compact(b *Batch) *Batch {
	if b.Sel == nil {
		return b
	}
	c := NewBatch(len(b.Cols))
	for _, v := range b.Cols {
		c.Cols = append(c.Cols, Gather(v, b.Sel))
	}
	c.N = len(b.Sel)
	c.IngestedAt, c.Split, c.Splits = b.IngestedAt, b.Split, b.Splits
	if b.Ops != nil {
		c.Ops = make([]Op, c.N)
		gather(c.Ops, b.Ops, b.Sel)
	}
	if b.Hashes != nil {
		c.Hashes = make([]uint64, c.N)
		gather(c.Hashes, b.Hashes, b.Sel)
	}
	if b.RowWatermarks != nil {
		c.RowWatermarks = make([]int64, c.N)
		gather(c.RowWatermarks, b.RowWatermarks, b.Sel)
	}
	b.Release()
	return c
}
