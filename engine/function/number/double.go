package number

import (
	"math"
	"math/big"
	"sync"
)

// Java computes cos, tan, exp, log and pow by routines whose results are nearly
// always the float next to the true one. Here they are computed with twice the
// digits and rounded once. The sine is nearer to that of fdlibm.

// twin is a number of some 106 bits: hi and what it misses.
type twin struct{ hi, lo float64 }

func sum(a, b float64) twin { // exact
	s := a + b
	t := s - a
	return twin{s, (a - (s - t)) + (b - t)}
}

func product(a, b float64) twin { // exact
	p := a * b
	return twin{p, math.FMA(a, b, -p)}
}

func (x twin) norm() twin {
	s := x.hi + x.lo
	return twin{s, x.lo - (s - x.hi)}
}

func (x twin) add(y twin) twin {
	s, t := sum(x.hi, y.hi), sum(x.lo, y.lo)
	s.lo += t.hi
	s = s.norm()
	s.lo += t.lo
	return s.norm()
}

func (x twin) neg() twin { return twin{-x.hi, -x.lo} }

func (x twin) mul(y twin) twin {
	p := product(x.hi, y.hi)
	p.lo += x.hi*y.lo + x.lo*y.hi
	return p.norm()
}

func (x twin) scale(f float64) twin {
	p := product(x.hi, f)
	p.lo += x.lo * f
	return p.norm()
}

func (x twin) over(y twin) twin {
	q := x.hi / y.hi
	r := x.add(y.scale(q).neg())
	q2 := r.hi / y.hi
	r = r.add(y.scale(q2).neg())
	out := sum(q, q2)
	out.lo += r.hi / y.hi
	return out.norm()
}

// inverses are 1/n.
var inverses = func() (t [32]twin) {
	for n := 1; n < len(t); n++ {
		t[n] = twin{hi: 1}.over(twin{hi: float64(n)})
	}
	return t
}()

var (
	halfPi = [4]float64{0x1.921fb54442d18p+0, 0x1.1a62633145c07p-54, -0x1.f1976b7ed8fbcp-110, 0x1.4cf98e804177dp-164}
	ln2    = [3]float64{0x1.62e42fefa39efp-1, 0x1.abc9e3b39803fp-56, 0x1.7b57a079a1934p-111}
	ln10   = twin{0x1.26bb1bbb55516p+1, -0x1.f48ad494ea3e9p-53}
)

// expTwin is e to the x as mantissa and binary exponent, for |x| below 2000.
func expTwin(x twin) (twin, int) {
	k := math.RoundToEven(x.hi * math.Log2E)
	r := x
	for _, p := range ln2 {
		r = r.add(product(-k, p))
	}
	// e^r = (e^(r/32))^32; powers of e^x - 1 keep the digits.
	r = r.scale(1.0 / 32)
	m := twin{}
	for n := 12; n >= 1; n-- { // m = r/n (1 + m)
		m = m.add(twin{hi: 1}).mul(r).mul(inverses[n])
	}
	for range 5 { // (1+m)^2 - 1
		m = m.add(m).add(m.mul(m))
	}
	return m.add(twin{hi: 1}), int(k)
}

func exp(x float64) float64 {
	switch {
	case math.IsNaN(x) || math.IsInf(x, 1):
		return x
	case x > 7.09782712893383973096e+02:
		return math.Inf(1)
	case x < -746:
		return 0
	case math.Abs(x) < 1e-17:
		return 1 + x
	}
	m, k := expTwin(twin{hi: x})
	return math.Ldexp(m.hi, k)
}

// logTwin is the natural logarithm of a positive, finite number.
func logTwin(x float64) twin {
	f, k := math.Frexp(x)
	if f < math.Sqrt2/2 {
		f *= 2
		k--
	}
	y := twin{hi: math.Log(f)}
	// One step of Newton: y + f e^-y - 1, and half the square of that taken away.
	m, e := expTwin(y.neg())
	d := m.scale(math.Ldexp(f, e)).add(twin{hi: -1})
	out := y.add(d).add(d.mul(d).scale(-0.5))
	for _, p := range ln2 {
		out = out.add(product(float64(k), p))
	}
	return out
}

func ln(x float64) float64 {
	if !(x > 0) || math.IsInf(x, 1) || x == 1 {
		return math.Log(x)
	}
	return logTwin(x).hi
}

func log10(x float64) float64 {
	if !(x > 0) || math.IsInf(x, 1) || x == 1 {
		return math.Log10(x)
	}
	return logTwin(x).over(ln10).hi
}

// log2 is a quotient of logarithms, as in Flink.
func log2(x float64) float64 { return ln(x) / math.Ln2 }

func pow(x, y float64) float64 {
	a := math.Abs(x)
	switch {
	case a == 1 && math.IsInf(y, 0): // Java has no answer, the others say 1
		return math.NaN()
	case x == 1 && math.IsNaN(y):
		return y
	case math.IsNaN(x) || math.IsNaN(y) || math.IsInf(x, 0) || math.IsInf(y, 0) || x == 0 || y == 0 || a == 1 || y == 1:
		return math.Pow(x, y)
	case x < 0 && y != math.Trunc(y):
		return math.NaN()
	}
	sign := 1.0
	if x < 0 && math.Mod(y, 2) != 0 {
		sign = -1
	}
	if l := math.Log(a) * y; math.Abs(l) > 760 {
		if l > 0 {
			return math.Inf(int(sign))
		}
		return math.Copysign(0, sign)
	}
	m, k := expTwin(logTwin(a).scale(y))
	return sign * math.Ldexp(m.hi, k)
}

// reduce takes a number to within a quarter of pi: x = r + n·pi/2; n modulo 4.
func reduce(x float64) (r twin, n int) {
	if math.Abs(x) <= math.Pi/4 {
		return twin{hi: x}, 0
	}
	if math.Abs(x) > 1<<26 {
		return reduceBig(x)
	}
	k := math.RoundToEven(x / halfPi[0])
	r = twin{hi: x}
	for _, p := range halfPi {
		r = r.add(product(-k, p))
	}
	return r, int(int64(k) & 3)
}

// bigHalfPi has the digits that the greatest numbers need.
var bigHalfPi = sync.OnceValue(func() *big.Float {
	const bits = 1400
	arc := func(n int64) *big.Int { // the arc tangent of 1/n
		t := new(big.Int).Div(new(big.Int).Lsh(big.NewInt(1), bits), big.NewInt(n))
		s := new(big.Int).Set(t)
		for k := int64(3); t.Sign() != 0; k += 2 {
			t.Div(t, big.NewInt(-n*n))
			if t.Sign() < 0 && t.IsInt64() && t.Int64() == -1 {
				break
			}
			s.Add(s, new(big.Int).Quo(t, big.NewInt(k)))
		}
		return s
	}
	pi := new(big.Int).Sub(new(big.Int).Mul(arc(5), big.NewInt(4)), arc(239))
	return new(big.Float).SetMantExp(new(big.Float).SetPrec(bits).SetInt(pi), 1-bits) // 4 of them, halved
})

func reduceBig(x float64) (twin, int) {
	const prec = 1400
	p := bigHalfPi()
	b := new(big.Float).SetPrec(prec).SetFloat64(x)
	q := new(big.Float).SetPrec(prec).Quo(b, p)
	half := big.NewFloat(math.Copysign(0.5, x))
	k, _ := new(big.Float).SetPrec(prec).Add(q, half).Int(nil)
	b.Sub(b, new(big.Float).SetPrec(prec).Mul(new(big.Float).SetPrec(prec).SetInt(k), p))
	hi, _ := b.Float64()
	lo, _ := b.Sub(b, big.NewFloat(hi)).Float64()
	return twin{hi, lo}, int(new(big.Int).And(k, big.NewInt(3)).Int64())
}

// sinOf is the sine, quarter turns further.
func sinOf(x float64, quarter int) float64 {
	if math.IsNaN(x) || math.IsInf(x, 0) {
		return math.NaN()
	}
	r, n := reduce(x)
	n += quarter
	y := 0.0
	switch {
	case n&1 == 1:
		_, c := sinCos(r)
		y = c.hi
	case quarter == 1:
		s, _ := sinCos(r)
		y = s.hi
	default:
		y = sinKernel(r)
	}
	if n&2 != 0 {
		return -y
	}
	return y
}

func sin(x float64) float64 {
	if math.Abs(x) < 1e-9 {
		return x
	}
	return sinOf(x, 0)
}

func cos(x float64) float64 { return sinOf(x, 1) }

// sinCos gives both for |r| up to a quarter of pi.
func sinCos(r twin) (s, c twin) {
	sq := r.mul(r).neg()
	s, c = twin{hi: 1}, twin{hi: 1}
	for n := 28; n >= 2; n -= 2 {
		c = c.mul(sq).mul(inverses[n]).mul(inverses[n-1]).add(twin{hi: 1})
		s = s.mul(sq).mul(inverses[n]).mul(inverses[n+1]).add(twin{hi: 1})
	}
	return s.mul(r), c
}

func tan(x float64) float64 {
	if math.IsNaN(x) || math.IsInf(x, 0) {
		return math.NaN()
	}
	if math.Abs(x) < 1e-9 {
		return x
	}
	r, n := reduce(x)
	s, c := sinCos(r)
	if n&1 == 1 {
		return -c.over(s).hi
	}
	return s.over(c).hi
}
