package number

import "math"

// The functions of this file follow the algorithms that Sun published as fdlibm,
// operation by operation: Java computes them so, and their last digit shows it.

// exponential is e to the x as the hyperbolic functions use it.
func exponential(x float64) float64 {
	const (
		ln2Hi = 6.93147180369123816490e-01
		ln2Lo = 1.90821492927058770002e-10
		p1    = 1.66666666666666019037e-01
		p2    = -2.77777777770155933842e-03
		p3    = 6.61375632143793436117e-05
		p4    = -1.65339022054652515390e-06
		p5    = 4.13813679705723846039e-08
	)
	switch {
	case math.IsNaN(x) || math.IsInf(x, 1):
		return x
	case x > 7.09782712893383973096e+02:
		return math.Inf(1)
	case x < -7.45133219101941108420e+02:
		return 0
	}
	a := math.Abs(x)
	var hi, lo float64
	k := 0
	switch {
	case a > 0.5*math.Ln2:
		switch {
		case a >= 1.5*math.Ln2:
			k = int(x*math.Log2E + math.Copysign(0.5, x))
		case x > 0:
			k = 1
		default:
			k = -1
		}
		hi = x - float64(k)*ln2Hi
		lo = float64(k) * ln2Lo
		x = hi - lo
	case a < 1.0/(1<<28):
		return 1 + x
	}
	t := x * x
	c := x - t*(p1+t*(p2+t*(p3+t*(p4+t*p5))))
	if k == 0 {
		return 1 - ((x*c)/(c-2) - x)
	}
	return math.Ldexp(1-((lo-(x*c)/(2-c))-hi), k)
}

const logMax = 709.782712893384 // the exponential of more is infinite

func sinh(x float64) float64 {
	a := math.Abs(x)
	h := math.Copysign(0.5, x)
	switch {
	case math.IsNaN(x) || math.IsInf(x, 0) || a < 1.0/(1<<28):
		return x
	case a < 22:
		t := math.Expm1(a)
		if a < 1 {
			return h * (2*t - t*t/(t+1))
		}
		return h * (t + t/(t+1))
	case a < logMax:
		return h * exponential(a)
	}
	w := exponential(0.5 * a)
	return h * w * w
}

func cosh(x float64) float64 {
	a := math.Abs(x)
	switch {
	case math.IsNaN(x) || math.IsInf(x, 0):
		return a
	case a < 0.5*math.Ln2:
		t := math.Expm1(a)
		w := 1 + t
		if a < 1.0/(1<<55) {
			return w
		}
		return 1 + (t*t)/(w+w)
	case a < 22:
		t := exponential(a)
		return 0.5*t + 0.5/t
	case a < logMax:
		return 0.5 * exponential(a)
	}
	w := exponential(0.5 * a)
	return 0.5 * w * w
}

func tanh(x float64) float64 {
	a := math.Abs(x)
	z := 1.0
	switch {
	case math.IsNaN(x):
		return x
	case a < 1.0/(1<<55):
		return x * (1 + x)
	case a >= 22:
	case a >= 1:
		z = 1 - 2/(math.Expm1(2*a)+2)
	default:
		t := math.Expm1(-2 * a)
		z = -t / (t + 2)
	}
	return math.Copysign(z, x)
}

const (
	halfPiHi = 1.57079632679489655800e+00
	halfPiLo = 6.12323399573676603587e-17
)

// arcRatio is the rational approximation that asin and acos share.
func arcRatio(t float64) float64 {
	const (
		p0 = 1.66666666666666657415e-01
		p1 = -3.25565818622400915405e-01
		p2 = 2.01212532134862925881e-01
		p3 = -4.00555345006794114027e-02
		p4 = 7.91534994289814532176e-04
		p5 = 3.47933107596021167570e-05
		q1 = -2.40339491173441421878e+00
		q2 = 2.02094576023350569471e+00
		q3 = -6.88283971605453293030e-01
		q4 = 7.70381505559019352791e-02
	)
	return t * (p0 + t*(p1+t*(p2+t*(p3+t*(p4+t*p5))))) / (1 + t*(q1+t*(q2+t*(q3+t*q4))))
}

// high is x with the lower half of its bits cleared.
func high(x float64) float64 { return math.Float64frombits(math.Float64bits(x) &^ (1<<32 - 1)) }

func asin(x float64) float64 {
	a := math.Abs(x)
	switch {
	case a == 1:
		return x*halfPiHi + x*halfPiLo
	case !(a < 1):
		return math.NaN()
	case a < 1.0/(1<<27):
		return x
	case a < 0.5:
		return x + x*arcRatio(x*x)
	}
	t := (1 - a) * 0.5
	r := arcRatio(t)
	s := math.Sqrt(t)
	if math.Float64bits(a)>>32 >= 0x3FEF3333 {
		t = halfPiHi - (2*(s+s*r) - halfPiLo)
	} else {
		w := high(s)
		c := (t - w*w) / (s + w)
		p := 2*s*r - (halfPiLo - 2*c)
		q := math.Pi/4 - 2*w
		t = math.Pi/4 - (p - q)
	}
	return math.Copysign(t, x)
}

func acos(x float64) float64 {
	a := math.Abs(x)
	switch {
	case x == 1:
		return 0
	case x == -1:
		return math.Pi
	case !(a < 1):
		return math.NaN()
	case a < 1.0/(1<<57):
		return halfPiHi + halfPiLo
	case a < 0.5:
		return halfPiHi - (x - (halfPiLo - x*arcRatio(x*x)))
	case x < 0:
		z := (1 + x) * 0.5
		s := math.Sqrt(z)
		w := arcRatio(z)*s - halfPiLo
		return math.Pi - 2*(s+w)
	}
	z := (1 - x) * 0.5
	s := math.Sqrt(z)
	df := high(s)
	c := (z - df*df) / (s + df)
	w := arcRatio(z)*s + c
	return 2 * (df + w)
}

var (
	atanHi = [4]float64{4.63647609000806093515e-01, 7.85398163397448278999e-01, 9.82793723247329054082e-01, 1.57079632679489655800e+00}
	atanLo = [4]float64{2.26987774529616870924e-17, 3.06161699786838301793e-17, 1.39033110312309984516e-17, 6.12323399573676603587e-17}
	atanT  = [11]float64{
		3.33333333333329318027e-01, -1.99999999998764832476e-01, 1.42857142725034663711e-01, -1.11111104054623557880e-01,
		9.09088713343650656196e-02, -7.69187620504482999495e-02, 6.66107313738753120669e-02, -5.83357013379057348645e-02,
		4.97687799461593236017e-02, -3.65315727442169155270e-02, 1.62858201153657823623e-02,
	}
)

func atan(x float64) float64 {
	a := math.Abs(x)
	id := -1
	r := x
	switch {
	case math.IsNaN(x):
		return x
	case a >= 1<<66:
		return math.Copysign(atanHi[3]+atanLo[3], x)
	case a < 1.0/(1<<29):
		return x
	case a < 0.4375:
	case a < 0.6875:
		id, r = 0, (2*a-1)/(2+a)
	case a < 1.1875:
		id, r = 1, (a-1)/(a+1)
	case a < 2.4375:
		id, r = 2, (a-1.5)/(1+1.5*a)
	default:
		id, r = 3, -1/a
	}
	z := r * r
	w := z * z
	s1 := z * (atanT[0] + w*(atanT[2]+w*(atanT[4]+w*(atanT[6]+w*(atanT[8]+w*atanT[10])))))
	s2 := w * (atanT[1] + w*(atanT[3]+w*(atanT[5]+w*(atanT[7]+w*atanT[9]))))
	if id < 0 {
		return r - r*(s1+s2)
	}
	return math.Copysign(atanHi[id]-((r*(s1+s2)-atanLo[id])-r), x)
}

func atan2(y, x float64) float64 {
	switch {
	case math.IsNaN(x) || math.IsNaN(y) || x == 0 || y == 0 || math.IsInf(x, 0) || math.IsInf(y, 0):
		return math.Atan2(y, x)
	case x == 1:
		return atan(y)
	}
	k := int(math.Float64bits(y)>>52&0x7FF) - int(math.Float64bits(x)>>52&0x7FF)
	var z float64
	switch {
	case k > 60:
		z = halfPiHi + halfPiLo
	case x < 0 && k < -60:
	default:
		z = atan(math.Abs(y / x))
	}
	if x < 0 {
		z = math.Pi - (z - 2*halfPiLo)
	}
	return math.Copysign(z, y)
}

// sinKernel is the sine of up to a quarter of pi.
func sinKernel(r twin) float64 {
	const (
		s1 = -1.66666666666666324348e-01
		s2 = 8.33333333332248946124e-03
		s3 = -1.98412698298579493134e-04
		s4 = 2.75573137070700676789e-06
		s5 = -2.50507602534068634195e-08
		s6 = 1.58969099521155010221e-10
	)
	x := r.hi
	z := x * x
	v := z * x
	p := s2 + z*(s3+z*(s4+z*(s5+z*s6)))
	if r.lo == 0 {
		return x + v*(s1+z*p)
	}
	return x - ((z*(0.5*r.lo-v*p) - r.lo) - v*s1)
}
