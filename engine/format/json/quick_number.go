package json

import (
	"math/bits"
	"unsafe"
)

// digits reads a whole number of up to 18 digits; what follows is looked at by the caller.
func digits(p unsafe.Pointer, i int) (x int64, next int) {
	neg := letter(p, i) == '-'
	if neg {
		i++
	}
	t := eightAt(p, i) ^ '0'*lows
	n := bits.TrailingZeros64((t+0x76*lows|t)&highs) >> 3
	if n == 0 || t&0xff == 0 && n > 1 {
		return 0, -1
	}
	x = eight(t << (64 - 8*n))
	i += n
	if n == 8 {
		t = eightAt(p, i) ^ '0'*lows
		n = bits.TrailingZeros64((t+0x76*lows|t)&highs) >> 3
		if n > 0 {
			x = x*tens[n] + eight(t<<(64-8*n))
			i += n
		}
		if n == 8 {
			for end := i + 2; letter(p, i)-'0' <= 9; i++ {
				if i == end {
					return 0, -1
				}
				x = x*10 + int64(letter(p, i)-'0')
			}
		}
	}
	if neg {
		x = -x
	}
	return x, i
}

// quickScalar reads a number with a fraction, a truth value or NULL.
func (d *decoder) quickScalar(i int, as act, out int, bit uint64) int {
	p, t := d.at, &d.targets[out]
	switch as {
	case real, scaled:
		x, fraction, to := digitsAndPoint(p, i)
		if to < 0 {
			break
		}
		if as == real {
			f := float64(x) / powers[fraction]
			if x == 0 && letter(p, i) == '-' {
				f = -f
			}
			t.f64[d.row] = f
		} else {
			up := t.v.Type.Scale - fraction
			if up < 0 || up > 15 {
				break
			}
			limit := int64(powers[min(t.v.Type.Precision, 18)-up])
			if x >= limit || x <= -limit {
				break
			}
			t.i64[d.row] = x * int64(powers[up])
		}
		d.got |= bit
		return to
	case truth:
		switch x := eightAt(p, i); {
		case uint32(x) == 't'|'r'<<8|'u'<<16|'e'<<24:
			t.bools[d.row] = 1
			d.got |= bit
			return i + 4
		case x<<24 == ('f'|'a'<<8|'l'<<16|'s'<<24|'e'<<32)<<24:
			t.bools[d.row] = 0
			d.got |= bit
			return i + 5
		}
	}
	if null(p, i) {
		d.got &^= bit
		return i + 4
	}
	return -1
}

// digitsAndPoint reads a number of up to 15 digits, some of which may follow
// a point: x and how many do.
func digitsAndPoint(p unsafe.Pointer, i int) (x int64, fraction, next int) {
	neg := letter(p, i) == '-'
	if neg {
		i++
	}
	from := i
	for n := 0; ; i++ {
		c := letter(p, i) - '0'
		if c > 9 {
			break
		}
		if n++; n > 15 {
			return 0, 0, -1
		}
		x = x*10 + int64(c)
	}
	n := i - from
	if n == 0 || n > 1 && letter(p, from) == '0' {
		return 0, 0, -1
	}
	if letter(p, i) == '.' {
		for i++; ; i++ {
			c := letter(p, i) - '0'
			if c > 9 {
				break
			}
			if n++; n > 15 {
				return 0, 0, -1
			}
			x = x*10 + int64(c)
			fraction++
		}
		if fraction == 0 {
			return 0, 0, -1
		}
	}
	if c := letter(p, i); c|0x20 == 'e' {
		return 0, 0, -1
	}
	if neg {
		x = -x
	}
	return x, fraction, i
}

var tens = [9]int64{1, 10, 100, 1000, 10000, 100000, 1000000, 10000000, 100000000}

// powers are exact.
var powers = [19]float64{1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18}

// eight is the number of eight digits, one in each byte, the first the lowest.
func eight(t uint64) int64 {
	t = t*10 + t>>8
	const pairs = 0x000000ff000000ff
	return int64(((t&pairs)*(100+1000000<<32) + (t>>16&pairs)*(1+10000<<32)) >> 32)
}
