package number

import (
	"math"
	"math/big"
	"testing"
)

// bigExp sums the series with many digits.
func bigExp(x *big.Float) *big.Float {
	sum, term := big.NewFloat(1).SetPrec(400), big.NewFloat(1).SetPrec(400)
	for n := int64(1); n < 300; n++ {
		term.Mul(term, x)
		term.Quo(term, new(big.Float).SetPrec(400).SetInt64(n))
		sum.Add(sum, term)
	}
	return sum
}

func bigSin(x *big.Float) *big.Float {
	sq := new(big.Float).SetPrec(400).Mul(x, x)
	sum, term := new(big.Float).SetPrec(400).Set(x), new(big.Float).SetPrec(400).Set(x)
	for n := int64(2); n < 300; n += 2 {
		term.Mul(term, sq)
		term.Quo(term, new(big.Float).SetPrec(400).SetInt64(-n*(n+1)))
		sum.Add(sum, term)
	}
	return sum
}

func TestRoundedOnce(t *testing.T) {
	for i := range 400 {
		x := (float64(i) - 200.3) * 0.0972834681
		want, _ := bigExp(new(big.Float).SetPrec(400).SetFloat64(x)).Float64()
		if got := exp(x); got != want {
			t.Errorf("exp(%v) = %v, want %v", x, got, want)
		}
		if got := ln(want); math.Abs(got-x) > 4e-16*math.Max(math.Abs(x), 1) {
			t.Errorf("ln(exp(%v)) = %v", x, got)
		}
		want, _ = bigSin(new(big.Float).SetPrec(400).SetFloat64(x)).Float64()
		if got := sin(x); math.Abs(got-want) > math.Nextafter(math.Abs(want), 2)-math.Abs(want) {
			t.Errorf("sin(%v) = %v, want %v", x, got, want)
		}
		if got, want := cos(x), math.Cos(x); math.Abs(got-want) > 4e-16 {
			t.Errorf("cos(%v) = %v, want about %v", x, got, want)
		}
		if got, want := tan(x), math.Tan(x); math.Abs(got-want) > 1e-13*math.Max(1, math.Abs(want)) {
			t.Errorf("tan(%v) = %v, want about %v", x, got, want)
		}
	}
	for _, x := range []struct{ got, want float64 }{
		{sin(math.Pi), 1.2246467991473532e-16},
		{tan(math.Pi), -1.2246467991473532e-16},
		{cos(math.Pi / 2), 6.123233995736766e-17},
		{sin(1e22), -0.8522008497671888},
		{sin(1e300), -0.8178819121159085},
		{cos(1e22), 0.523214785395139},
		{sin(-1e22), 0.8522008497671888},
		{exp(1), math.E},
		{exp(710), math.Inf(1)},
		{exp(-745), 5e-324},
		{exp(-800), 0},
		{pow(2, 10), 1024},
		{pow(10, 22), 1e22},
		{pow(10, -5), 1e-5},
		{pow(-2, 3), -8},
		{pow(2, 0.5), math.Sqrt2},
		{pow(2, 1024), math.Inf(1)},
		{pow(2, -1074), 5e-324},
		{pow(0, -1), math.Inf(1)},
		{pow(-8, 2), 64},
		{pow(1.0000001, 1e9), 2.6881038582144647e+43},
		{log10(1000), 3},
		{log10(1e-5), -5},
		{log10(0), math.Inf(-1)},
		{ln(2), math.Ln2},
		{ln(5e-324), -744.4400719213812},
		{log2(8), 3},
		{cosh(1), 1.543080634815244},
		{sinh(1), 1.1752011936438014},
		{sinh(710), 1.1169973830808557e+308},
		{tanh(0.5), 0.46211715726000973},
		{tanh(50), 1},
		{asin(1), math.Pi / 2},
		{asin(0.5), 0.5235987755982989},
		{acos(-1), math.Pi},
		{acos(0.5), 1.0471975511965979},
		{atan(1), math.Pi / 4},
		{atan2(1, -1), 2.356194490192345},
		{atan2(-1, -1), -2.356194490192345},
		{atan2(0, -1), math.Pi},
	} {
		if x.got != x.want {
			t.Errorf("%v, want %v", x.got, x.want)
		}
	}
	for _, x := range []float64{sin(math.Inf(1)), tan(math.NaN()), asin(2), acos(-2), pow(-8, 1.0/3), pow(-1, math.Inf(1)), ln(-1), exp(math.NaN())} {
		if !math.IsNaN(x) {
			t.Errorf("%v, want NaN", x)
		}
	}
}

func BenchmarkSin(b *testing.B) {
	for i := range b.N {
		_ = sin(float64(i&1023) * 0.37)
	}
}

func BenchmarkPow(b *testing.B) {
	for i := range b.N {
		_ = pow(float64(i&1023)+1.5, 2.37)
	}
}
