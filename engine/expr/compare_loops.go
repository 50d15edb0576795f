package expr

import (
	"math/bits"

	"github.com/weir-streams/weir/engine/data"
)

type ordered interface {
	uint8 | int32 | int64 | float32 | float64
}

// compareV fills o with 1 where the comparison of a and b holds.
func compareV[T ordered](op comparison, o []uint8, a, b []T, rows []int32) {
	switch op {
	case gt:
		a, b, op = b, a, lt
	case ge:
		a, b, op = b, a, le
	}
	if rows != nil {
		for _, i := range rows {
			switch op {
			case eq:
				o[i] = b2i(a[i] == b[i])
			case ne:
				o[i] = b2i(a[i] != b[i])
			case lt:
				o[i] = b2i(a[i] < b[i])
			default:
				o[i] = b2i(a[i] <= b[i])
			}
		}
		return
	}
	a, b = a[:len(o)], b[:len(o)]
	switch op {
	case eq:
		for i := range o {
			o[i] = b2i(a[i] == b[i])
		}
	case ne:
		for i := range o {
			o[i] = b2i(a[i] != b[i])
		}
	case lt:
		for i := range o {
			o[i] = b2i(a[i] < b[i])
		}
	default:
		for i := range o {
			o[i] = b2i(a[i] <= b[i])
		}
	}
}

// compareC is compareV with a constant on the right.
func compareC[T ordered](op comparison, o []uint8, a []T, k T, rows []int32) {
	if rows != nil {
		for _, i := range rows {
			x := a[i]
			switch op {
			case eq:
				o[i] = b2i(x == k)
			case ne:
				o[i] = b2i(x != k)
			case lt:
				o[i] = b2i(x < k)
			case le:
				o[i] = b2i(x <= k)
			case gt:
				o[i] = b2i(x > k)
			default:
				o[i] = b2i(x >= k)
			}
		}
		return
	}
	a = a[:len(o)]
	switch op {
	case eq:
		for i := range o {
			o[i] = b2i(a[i] == k)
		}
	case ne:
		for i := range o {
			o[i] = b2i(a[i] != k)
		}
	case lt:
		for i := range o {
			o[i] = b2i(a[i] < k)
		}
	case le:
		for i := range o {
			o[i] = b2i(a[i] <= k)
		}
	case gt:
		for i := range o {
			o[i] = b2i(a[i] > k)
		}
	default:
		for i := range o {
			o[i] = b2i(a[i] >= k)
		}
	}
}

// below is 1 if a < b, without a branch.
func below(a, b data.Int128) uint8 {
	const sign = 1 << 63
	_, c := bits.Sub64(a.Lo, b.Lo, 0)
	_, c = bits.Sub64(uint64(a.Hi)^sign, uint64(b.Hi)^sign, c)
	return uint8(c)
}

// compare128C is compareC for wide decimals.
func compare128C(op comparison, o []uint8, a []data.Int128, k data.Int128, rows []int32) {
	if rows != nil {
		for _, i := range rows {
			o[i] = b2i(op.holds(a[i].Cmp(k)))
		}
		return
	}
	a = a[:len(o)]
	switch op {
	case lt:
		for i := range o {
			o[i] = below(a[i], k)
		}
	case ge:
		for i := range o {
			o[i] = below(a[i], k) ^ 1
		}
	case gt:
		for i := range o {
			o[i] = below(k, a[i])
		}
	case le:
		for i := range o {
			o[i] = below(k, a[i]) ^ 1
		}
	case eq:
		for i := range o {
			o[i] = b2i(a[i] == k)
		}
	default:
		for i := range o {
			o[i] = b2i(a[i] != k)
		}
	}
}
