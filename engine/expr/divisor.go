package expr

import (
	"math/bits"

	"github.com/weir-streams/weir/engine/data"
)

// divisor divides by a constant through multiplication with its reciprocal.
type divisor struct {
	d     int64 // the absolute value
	neg   bool
	magic uint64
	shift uint
	pow2  bool
	// A multiple of d, multiplied by inverse, rotated: is at most limit.
	inverse, bias, limit uint64
	odd                  int
}

// newDivisor prepares division by d, which is not 0.
func newDivisor(d int64) divisor {
	v := divisor{d: d, neg: d < 0}
	u := uint64(d)
	if d < 0 {
		u = -u
	}
	v.d = int64(u)
	v.pow2 = u&(u-1) == 0
	v.odd = bits.TrailingZeros64(u)
	d0 := u >> v.odd
	inv := d0
	for range 6 {
		inv *= 2 - d0*inv
	}
	v.inverse = inv
	v.bias = (1<<63 - 1) / d0 & -(uint64(1) << v.odd)
	v.limit = 2 * v.bias >> v.odd
	if !v.pow2 {
		// 2^(63+l) / u rounded up, l the bits of u: fits in 65 bits less the top one.
		l := uint(bits.Len64(u))
		q, r := bits.Div64(uint64(1)<<(l-1), 0, u) // 2^(l-1) < u
		if r != 0 {
			q++
		}
		v.magic, v.shift = q, l-1
	}
	return v
}

// abs divides a magnitude of at most 2^63.
func (v *divisor) abs(x uint64) uint64 {
	hi, _ := bits.Mul64(x, v.magic)
	return hi >> v.shift
}

func (v *divisor) quo(x int64) int64 {
	sign := x >> 63
	u := uint64((x ^ sign) - sign)
	var q uint64
	switch {
	case v.pow2:
		q = u >> v.odd
	default:
		q = v.abs(u)
	}
	r := int64(q)
	if v.neg {
		sign = ^sign
	}
	return (r ^ sign) - sign
}

func (v *divisor) rem(x int64) int64 {
	sign := x >> 63
	u := uint64((x ^ sign) - sign)
	var r uint64
	if v.pow2 {
		r = u & (uint64(1)<<v.odd - 1)
	} else {
		r = u - v.abs(u)*uint64(v.d)
	}
	return (int64(r) ^ sign) - sign
}

// divides tells whether x is a multiple.
func (v *divisor) divides(x int64) bool {
	if v.pow2 {
		return uint64(x)&(uint64(1)<<v.odd-1) == 0
	}
	return bits.RotateLeft64(uint64(x)*v.inverse+v.bias, -v.odd) <= v.limit
}

func constDivKernel[T signed](of func(*data.Vector) []T, wrap func([]T, []int32), d divisor, rem bool) kernel {
	return func(m *machine, n *node, s *selection) (*data.Vector, error) {
		v, err := m.vec(n.args[0], s)
		if err != nil {
			return nil, err
		}
		out := m.out(n)
		setNulls(out, v, nil)
		o, a, rows := of(out), of(v), s.sparse()
		if rows == nil {
			a = a[:len(o)]
			if rem {
				for i := range o {
					o[i] = T(d.rem(int64(a[i])))
				}
			} else {
				for i := range o {
					o[i] = T(d.quo(int64(a[i])))
				}
			}
		}
		for _, i := range rows {
			if rem {
				o[i] = T(d.rem(int64(a[i])))
			} else {
				o[i] = T(d.quo(int64(a[i])))
			}
		}
		if wrap != nil {
			wrap(o, rows)
		}
		return out, nil
	}
}
