package expr

import (
	"math/bits"
	"unsafe"

	"github.com/weir-streams/weir/engine/data"
)

// blends tells whether a CASE is of integers, and of conditions and values that
// are worth computing for all rows at once: then it is put together from its
// columns, the last first, and no rows are listed.
func blends(t data.Type, list []*node) bool {
	if p := t.Phys(); p != data.PhysI64 && p != data.PhysI32 {
		return false
	}
	for _, n := range list {
		if !n.cheap {
			return false
		}
	}
	return true
}

func (m *machine) blend(n *node, s *selection) (*data.Vector, error) {
	last := len(n.args) - 1
	v, err := m.vec(n.args[last], s)
	if err != nil {
		return nil, err
	}
	out := m.out(n)
	copy(out.I64, v.I64)
	copy(out.I32, v.I32)
	if v.Nulls != nil {
		copy(nulls(out), v.Nulls)
	}
	for i := last - 2; i >= 0; i -= 2 {
		mask, err := m.vec(n.args[i], s)
		if err == nil {
			v, err = m.vec(n.args[i+1], s)
		}
		if err != nil {
			out.Release()
			return nil, err
		}
		if out.Type.Phys() == data.PhysI64 {
			overlay(out, out.I64, v, v.I64, mask, m.n)
		} else {
			overlay(out, out.I32, v, v.I32, mask, m.n)
		}
	}
	some := uint64(0)
	for _, w := range out.Nulls {
		some |= w
	}
	if some == 0 {
		out.Nulls = nil
	}
	return out, nil
}

// nulls is the bitmap of v, made if there is none.
func nulls(v *data.Vector) []uint64 {
	if v.Nulls == nil {
		v.Nulls = make([]uint64, (max(v.N, data.BatchSize)+63)/64)[:(v.N+63)/64]
	}
	return v.Nulls
}

// overlay writes the rows of v for which the mask is TRUE over those of out.
func overlay[T int32 | int64](out *data.Vector, o []T, v *data.Vector, x []T, mask *data.Vector, n int) {
	for k := 0; k < n; k += 64 {
		yes := word(mask.Bool[k:min(k+64, n)])
		if mask.Nulls != nil {
			yes &^= mask.Nulls[k>>6]
		}
		if yes == 0 {
			continue
		}
		if v.Nulls != nil {
			w := &nulls(out)[k>>6]
			*w = *w&^yes | v.Nulls[k>>6]&yes
		} else if out.Nulls != nil {
			out.Nulls[k>>6] &^= yes
		}
		if yes == ^uint64(0) {
			copy(o[k:k+64], x[k:k+64])
			continue
		}
		for ; yes != 0; yes &= yes - 1 {
			i := k + bits.TrailingZeros64(yes)
			o[i] = x[i]
		}
	}
}

// word packs up to 64 booleans into bits.
func word(p []uint8) (w uint64) {
	const ones = 0x0101010101010101
	i := 0
	for ; i+8 <= len(p); i += 8 {
		x := *(*uint64)(unsafe.Pointer(&p[i])) & ones
		w |= x * 0x0102040810204080 >> 56 << i
	}
	for ; i < len(p); i++ {
		w |= uint64(p[i]&1) << i
	}
	return w
}
