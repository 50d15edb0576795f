package data

import (
	"math"
	"math/big"
	"math/bits"
)

// I128 makes an Int128 of an int64.
func I128(x int64) Int128 { return Int128{Hi: x >> 63, Lo: uint64(x)} }

// Add returns a + b, wrapping around.
func (a Int128) Add(b Int128) Int128 {
	lo, c := bits.Add64(a.Lo, b.Lo, 0)
	return Int128{Hi: a.Hi + b.Hi + int64(c), Lo: lo}
}

// Sub returns a - b, wrapping around.
func (a Int128) Sub(b Int128) Int128 {
	lo, c := bits.Sub64(a.Lo, b.Lo, 0)
	return Int128{Hi: a.Hi - b.Hi - int64(c), Lo: lo}
}

// Neg returns -a.
func (a Int128) Neg() Int128 { return Int128{}.Sub(a) }

// Abs returns the absolute value.
func (a Int128) Abs() Int128 {
	if a.Hi < 0 {
		return a.Neg()
	}
	return a
}

// Sign returns -1, 0 or 1.
func (a Int128) Sign() int {
	switch {
	case a.Hi < 0:
		return -1
	case a.Hi == 0 && a.Lo == 0:
		return 0
	}
	return 1
}

// Cmp returns -1, 0 or 1 as a is below, equal to or above b.
func (a Int128) Cmp(b Int128) int {
	switch {
	case a.Hi < b.Hi:
		return -1
	case a.Hi > b.Hi:
		return 1
	case a.Lo < b.Lo:
		return -1
	case a.Lo > b.Lo:
		return 1
	}
	return 0
}

// Less tells whether a < b.
func (a Int128) Less(b Int128) bool { return a.Hi < b.Hi || a.Hi == b.Hi && a.Lo < b.Lo }

// IsInt64 tells whether a fits in an int64.
func (a Int128) IsInt64() bool { return a.Hi == int64(a.Lo)>>63 }

// Int64 returns the low 64 bits, which is the value if IsInt64.
func (a Int128) Int64() int64 { return int64(a.Lo) }

// Float64 returns the nearest float64.
func (a Int128) Float64() float64 {
	if a.IsInt64() {
		return float64(a.Int64())
	}
	f, _ := new(big.Float).SetInt(a.Big()).Float64()
	return f
}

// MulInt64 returns the full product of two int64.
func MulInt64(a, b int64) Int128 {
	hi, lo := bits.Mul64(uint64(a), uint64(b))
	return Int128{Hi: int64(hi) - (a>>63)&b - (b>>63)&a, Lo: lo}
}

// Mul returns a * b and whether it fits.
func (a Int128) Mul(b Int128) (Int128, bool) {
	if a.IsInt64() && b.IsInt64() {
		return MulInt64(a.Int64(), b.Int64()), true
	}
	neg := a.Hi < 0 != (b.Hi < 0)
	x, y := a.Abs(), b.Abs()
	if x.Hi != 0 && y.Hi != 0 {
		return Int128{}, false
	}
	if x.Hi != 0 {
		x, y = y, x // x.Hi is 0 now
	}
	h1, l1 := bits.Mul64(x.Lo, y.Lo)
	h2, l2 := bits.Mul64(x.Lo, uint64(y.Hi))
	h, c := bits.Add64(h1, l2, 0)
	if h2 != 0 || c != 0 || h > math.MaxInt64 {
		return Int128{}, false
	}
	r := Int128{Hi: int64(h), Lo: l1}
	if neg {
		r = r.Neg()
	}
	return r, true
}

// QuoRem returns a / b truncated and the remainder, which has the sign of a.
// b must not be zero.
func (a Int128) QuoRem(b Int128) (q, r Int128) {
	if a.IsInt64() && b.IsInt64() && (a.Int64() != math.MinInt64 || b.Int64() != -1) {
		return I128(a.Int64() / b.Int64()), I128(a.Int64() % b.Int64())
	}
	x, y := a.Abs(), b.Abs()
	if y.Hi == 0 {
		hi := uint64(x.Hi) / y.Lo
		lo, rem := bits.Div64(uint64(x.Hi)%y.Lo, x.Lo, y.Lo)
		q, r = Int128{Hi: int64(hi), Lo: lo}, Int128{Lo: rem}
	} else {
		q, r = divWide(x, y)
	}
	if a.Hi < 0 != (b.Hi < 0) {
		q = q.Neg()
	}
	if a.Hi < 0 {
		r = r.Neg()
	}
	return q, r
}

// divWide divides non-negative numbers when the divisor needs more than 64
// bits: the quotient then fits in 64, and is guessed from the top 64 bits.
func divWide(x, y Int128) (q, r Int128) {
	s := bits.LeadingZeros64(uint64(y.Hi))
	top := uint64(y.Hi)<<s | y.Lo>>1>>(63-s)
	g, _ := bits.Div64(uint64(x.Hi)>>1, x.Lo>>1|uint64(x.Hi)<<63, top)
	g = g >> (63 - s)
	if g > 0 {
		g--
	}
	// g is the quotient or one less.
	h1, l1 := bits.Mul64(g, y.Lo)
	p := Int128{Hi: int64(h1 + g*uint64(y.Hi)), Lo: l1}
	r = x.Sub(p)
	for !r.Less(y) {
		r = r.Sub(y)
		g++
	}
	return Int128{Lo: g}, r
}

// Big returns the value as a big.Int.
func (a Int128) Big() *big.Int {
	neg := a.Hi < 0
	m := a.Abs()
	z := new(big.Int).SetUint64(uint64(m.Hi))
	z.Lsh(z, 64)
	z.Or(z, new(big.Int).SetUint64(m.Lo))
	if neg {
		z.Neg(z)
	}
	return z
}

// BigInt128 converts a big.Int and tells whether it fits.
func BigInt128(z *big.Int) (Int128, bool) {
	if z.BitLen() > 127 {
		return Int128{}, false
	}
	m := new(big.Int).Abs(z)
	lo := new(big.Int).And(m, maxUint64).Uint64()
	hi := m.Rsh(m, 64).Uint64()
	r := Int128{Hi: int64(hi), Lo: lo}
	if z.Sign() < 0 {
		r = r.Neg()
	}
	return r, true
}

var maxUint64 = new(big.Int).SetUint64(math.MaxUint64)

// AppendInt128 appends the decimal digits of a.
func AppendInt128(dst []byte, a Int128) []byte {
	var buf [40]byte
	i := len(buf)
	m := a.Abs() // the smallest value is its own Abs; as unsigned it is right
	hi, lo := uint64(m.Hi), m.Lo
	for hi != 0 {
		q := hi / 1e18
		var rem uint64
		lo, rem = bits.Div64(hi%1e18, lo, 1e18)
		hi = q
		for range 18 {
			i--
			buf[i] = byte('0' + rem%10)
			rem /= 10
		}
	}
	for {
		i--
		buf[i] = byte('0' + lo%10)
		lo /= 10
		if lo == 0 {
			break
		}
	}
	if a.Hi < 0 {
		i--
		buf[i] = '-'
	}
	return append(dst, buf[i:]...)
}

// String is the decimal text.
func (a Int128) String() string { return string(AppendInt128(nil, a)) }
