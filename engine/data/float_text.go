package data

import (
	"math"
	"math/bits"
	"strconv"
)

// AppendDouble appends f as Java's Double.toString writes it: 1.0, 1.0E10,
// NaN, -Infinity; scientific below 0.001 and from 10 million on.
func AppendDouble(dst []byte, f float64) []byte { return appendJavaFloat(dst, f, 64) }

// AppendFloat appends f as Java's Float.toString writes it.
func AppendFloat(dst []byte, f float32) []byte { return appendJavaFloat(dst, float64(f), 32) }

func appendJavaFloat(dst []byte, f float64, width int) []byte {
	switch {
	case f != f:
		return append(dst, "NaN"...)
	case math.IsInf(f, 1):
		return append(dst, "Infinity"...)
	case math.IsInf(f, -1):
		return append(dst, "-Infinity"...)
	case f == 0:
		if math.Signbit(f) {
			dst = append(dst, '-')
		}
		return append(dst, "0.0"...)
	}
	if a := math.Abs(f); a >= 1e7 && a < 1<<62 && a == math.Trunc(a) {
		return appendJavaWhole(dst, f, width)
	} else if a >= 1e-3 && a < 1e7 {
		n := len(dst)
		dst = strconv.AppendFloat(dst, f, 'f', -1, width)
		for _, c := range dst[n:] {
			if c == '.' {
				return dst
			}
		}
		return append(dst, ".0"...)
	}
	var buf [32]byte
	t := strconv.AppendFloat(buf[:0], f, 'e', -1, width)
	if !hasDot(t) {
		// Java wants two digits: the closest two that still mean f.
		var two [32]byte
		u := strconv.AppendFloat(two[:0], f, 'e', 1, width)
		if g, err := strconv.ParseFloat(string(u), width); err == nil && g == f {
			t = u
		}
	}
	dot := false
	for i, c := range t {
		if c != 'e' {
			dst = append(dst, c)
			dot = dot || c == '.'
			continue
		}
		if !dot {
			dst = append(dst, ".0"...)
		}
		dst = append(dst, 'E')
		e := t[i+1:]
		if e[0] == '-' {
			dst = append(dst, '-')
		}
		e = e[1:]
		for len(e) > 1 && e[0] == '0' {
			e = e[1:]
		}
		return append(dst, e...)
	}
	return dst
}

func hasDot(p []byte) bool {
	for _, c := range p {
		if c == '.' {
			return true
		}
	}
	return false
}

// appendJavaWhole writes whole numbers from 10 million on. Java prints the
// digits of the integer, rounded where the float's bits end, and not the
// shortest text: 1.23456792E8 for the FLOAT 123456789.
func appendJavaWhole(dst []byte, f float64, width int) []byte {
	if f < 0 {
		dst = append(dst, '-')
		f = -f
	}
	significant := 53
	if width == 32 {
		significant = 24
	}
	x := uint64(f)
	exp := bits.Len64(x) - 1
	if spare := exp - significant - 1; spare > 1 {
		unit := uint64(1)
		for d := spare * 3 / 10; d > 0; d-- { // digits that bits below 2^spare cannot tell
			unit *= 10
		}
		half := x%unit*2 >= unit
		x /= unit
		if half && unit > 1 {
			x++
		}
		x *= unit
	}
	t := strconv.AppendUint(make([]byte, 0, 20), x, 10)
	e := len(t) - 1
	for len(t) > 1 && t[len(t)-1] == '0' {
		t = t[:len(t)-1]
	}
	dst = append(dst, t[0], '.')
	if len(t) == 1 {
		dst = append(dst, '0')
	}
	dst = append(dst, t[1:]...)
	dst = append(dst, 'E')
	return strconv.AppendInt(dst, int64(e), 10)
}
