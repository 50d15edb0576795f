package data

import (
	"math"
	"math/big"
	"strconv"
)

// A DECIMAL value is an unscaled Int128 whose scale stands in its type. Every
// operation here says whether the result fits the precision asked for; in
// Flink a result that does not fit is NULL.

// MaxDecimal is the largest precision of DECIMAL.
const MaxDecimal = 38

// CompactDecimal is the largest precision held in 64 bits.
const CompactDecimal = 18

var pow10s = func() (t [MaxDecimal + 1]Int128) {
	t[0] = I128(1)
	for i := 1; i < len(t); i++ {
		t[i], _ = t[i-1].Mul(I128(10))
	}
	return t
}()

// Pow10 returns 10 to the n, 0 <= n <= 38.
func Pow10(n int) Int128 { return pow10s[n] }

// FitsDecimal tells whether x has at most precision digits.
func FitsDecimal(x Int128, precision int) bool {
	if precision >= MaxDecimal {
		precision = MaxDecimal
	}
	p := pow10s[precision]
	return x.Less(p) && p.Neg().Less(x)
}

// DecimalDigits returns the number of digits of x, at least 1.
func DecimalDigits(x Int128) int {
	x = x.Abs()
	n := 1
	for n <= MaxDecimal && !x.Less(pow10s[n]) {
		n++
	}
	return n
}

// RescaleDecimal changes the scale of x, rounding half up (away from zero).
func RescaleDecimal(x Int128, from, to, precision int) (Int128, bool) {
	switch {
	case to == from:
	case to > from:
		if to-from > MaxDecimal {
			return Int128{}, x.Sign() == 0
		}
		var ok bool
		if x, ok = x.Mul(pow10s[to-from]); !ok {
			return Int128{}, false
		}
	default:
		x = divPow10HalfUp(x, from-to)
	}
	return x, FitsDecimal(x, precision)
}

// divPow10HalfUp divides by 10 to the n, rounding half away from zero.
func divPow10HalfUp(x Int128, n int) Int128 {
	if n > MaxDecimal {
		return Int128{}
	}
	return divHalfUp(x, pow10s[n])
}

func divHalfUp(x, y Int128) Int128 {
	q, r := x.QuoRem(y)
	r, d := r.Abs(), y.Abs()
	if !r.Less(d.Sub(r)) { // 2r >= d
		if x.Hi < 0 != (y.Hi < 0) {
			return q.Sub(I128(1))
		}
		return q.Add(I128(1))
	}
	return q
}

// AddDecimal adds a of scale sa and b of scale sb to a DECIMAL(precision, scale).
func AddDecimal(a Int128, sa int, b Int128, sb, precision, scale int) (Int128, bool) {
	s := max(sa, sb)
	x, ok1 := a.Mul(pow10s[min(s-sa, MaxDecimal)])
	y, ok2 := b.Mul(pow10s[min(s-sb, MaxDecimal)])
	if ok1 && ok2 {
		sum := x.Add(y)
		if x.Hi < 0 != (y.Hi < 0) || sum.Hi < 0 == (x.Hi < 0) {
			return RescaleDecimal(sum, s, scale, precision)
		}
	}
	z := new(big.Int).Mul(a.Big(), bigPow10(s-sa))
	z.Add(z, new(big.Int).Mul(b.Big(), bigPow10(s-sb)))
	return fitBig(z, s, precision, scale)
}

// SubDecimal subtracts b from a.
func SubDecimal(a Int128, sa int, b Int128, sb, precision, scale int) (Int128, bool) {
	return AddDecimal(a, sa, b.Neg(), sb, precision, scale)
}

// MulDecimal multiplies.
func MulDecimal(a Int128, sa int, b Int128, sb, precision, scale int) (Int128, bool) {
	if p, ok := a.Mul(b); ok {
		return RescaleDecimal(p, sa+sb, scale, precision)
	}
	return fitBig(new(big.Int).Mul(a.Big(), b.Big()), sa+sb, precision, scale)
}

// DivDecimal divides a by b, which must not be zero. As in Flink the quotient is
// rounded to 38 digits first and then to the scale.
func DivDecimal(a Int128, sa int, b Int128, sb, precision, scale int) (Int128, bool) {
	if shift := scale + sb - sa; shift >= 0 && shift <= MaxDecimal {
		if n, ok := a.Mul(pow10s[shift]); ok {
			q := divHalfUp(n, b)
			// Rounding to 38 digits cannot matter when the remainder is told
			// from a half within the digits that are left.
			if DecimalDigits(q)+DecimalDigits(b) < MaxDecimal {
				return q, FitsDecimal(q, precision)
			}
		}
	}
	return divBig(a, sa, b, sb, precision, scale)
}

func divBig(a Int128, sa int, b Int128, sb, precision, scale int) (Int128, bool) {
	if a.Sign() == 0 {
		return Int128{}, true
	}
	// Enough zeros that the quotient has at least 38 digits, one remainder bit kept.
	k := 2*MaxDecimal + 2
	n := new(big.Int).Mul(a.Big(), bigPow10(k))
	q := bigDivHalfUp(n, b.Big()) // scale sa - sb + k
	s := sa - sb + k
	if d := len(new(big.Int).Abs(q).String()); d > MaxDecimal {
		// round the exact quotient, not the rounded one
		drop := d - MaxDecimal
		q = bigDivHalfUp(n, new(big.Int).Mul(b.Big(), bigPow10(drop)))
		s -= drop
	}
	return fitBig(q, s, precision, scale)
}

// ModDecimal returns the remainder of a by b, which must not be zero, with the sign of a.
func ModDecimal(a Int128, sa int, b Int128, sb, precision, scale int) (Int128, bool) {
	s := max(sa, sb)
	x, ok1 := a.Mul(pow10s[min(s-sa, MaxDecimal)])
	y, ok2 := b.Mul(pow10s[min(s-sb, MaxDecimal)])
	if ok1 && ok2 {
		_, r := x.QuoRem(y)
		return RescaleDecimal(r, s, scale, precision)
	}
	z := new(big.Int).Mul(a.Big(), bigPow10(s-sa))
	z.Rem(z, new(big.Int).Mul(b.Big(), bigPow10(s-sb)))
	return fitBig(z, s, precision, scale)
}

// CmpDecimal compares decimals of any scales.
func CmpDecimal(a Int128, sa int, b Int128, sb int) int {
	if sa == sb {
		return a.Cmp(b)
	}
	if sa > sb {
		return -CmpDecimal(b, sb, a, sa)
	}
	x, ok := a.Mul(pow10s[sb-sa])
	if !ok {
		return a.Sign() // beyond every Int128
	}
	return x.Cmp(b)
}

// FloorDecimal and CeilDecimal round to a whole number, as an unscaled value of scale 0.
func FloorDecimal(x Int128, scale int) Int128 {
	q, r := x.QuoRem(pow10s[scale])
	if r.Hi < 0 {
		q = q.Sub(I128(1))
	}
	return q
}

// CeilDecimal rounds up.
func CeilDecimal(x Int128, scale int) Int128 { return FloorDecimal(x.Neg(), scale).Neg() }

// TruncDecimal cuts the fraction off.
func TruncDecimal(x Int128, scale int) Int128 {
	q, _ := x.QuoRem(pow10s[scale])
	return q
}

// DecimalFloat returns the nearest float64.
func DecimalFloat(x Int128, scale int) float64 {
	if x.IsInt64() && scale <= 22 {
		if v := x.Int64(); v > -1<<53 && v < 1<<53 {
			return float64(v) / pow10Floats[scale]
		}
	}
	f, _ := strconv.ParseFloat(string(AppendDecimal(nil, x, scale)), 64)
	return f
}

var pow10Floats = func() (t [23]float64) {
	t[0] = 1
	for i := 1; i < len(t); i++ {
		t[i] = t[i-1] * 10
	}
	return t
}()

// FloatDecimal converts a float to a DECIMAL through its shortest decimal
// text, rounding half up. NaN and infinities do not fit.
func FloatDecimal(f float64, bits, precision, scale int) (Int128, bool) {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return Int128{}, false
	}
	var buf [32]byte
	x, err := ParseDecimal(string(strconv.AppendFloat(buf[:0], f, 'e', -1, bits)), precision, scale)
	return x, err == nil
}

// AppendDecimal appends the plain text of a decimal with its full scale.
func AppendDecimal(dst []byte, x Int128, scale int) []byte {
	if scale <= 0 {
		return AppendInt128(dst, x)
	}
	var buf [44]byte
	t := AppendInt128(buf[:0], x.Abs())
	if x.Hi < 0 {
		dst = append(dst, '-')
	}
	if len(t) <= scale {
		dst = append(dst, '0', '.')
		for range scale - len(t) {
			dst = append(dst, '0')
		}
		return append(dst, t...)
	}
	dst = append(dst, t[:len(t)-scale]...)
	dst = append(dst, '.')
	return append(dst, t[len(t)-scale:]...)
}

func bigPow10(n int) *big.Int {
	return new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(n)), nil)
}

func bigDivHalfUp(x, y *big.Int) *big.Int {
	q, r := new(big.Int).QuoRem(x, y, new(big.Int))
	r.Abs(r).Lsh(r, 1)
	if r.CmpAbs(y) >= 0 {
		if x.Sign() < 0 != (y.Sign() < 0) {
			q.Sub(q, big.NewInt(1))
		} else {
			q.Add(q, big.NewInt(1))
		}
	}
	return q
}

func fitBig(z *big.Int, from, precision, scale int) (Int128, bool) {
	switch {
	case scale > from:
		z = new(big.Int).Mul(z, bigPow10(scale-from))
	case scale < from:
		z = bigDivHalfUp(z, bigPow10(from-scale))
	}
	x, ok := BigInt128(z)
	return x, ok && FitsDecimal(x, precision)
}
