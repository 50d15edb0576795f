package data

import (
	"math"
	"math/big"
	"math/rand/v2"
	"testing"

	"github.com/cockroachdb/apd/v3"
)

// randomInt128 has any number of digits.
func randomInt128(r *rand.Rand) Int128 {
	x := Int128{Hi: int64(r.Uint64()), Lo: r.Uint64()}
	for range r.IntN(128) {
		x = Int128{Hi: x.Hi >> 1, Lo: x.Lo>>1 | uint64(x.Hi)<<63}
	}
	return x
}

func TestInt128AgainstBig(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	edge := []Int128{{}, I128(1), I128(-1), I128(math.MaxInt64), I128(math.MinInt64), {Hi: math.MaxInt64, Lo: math.MaxUint64}, {Hi: 1}, {Hi: -1}}
	pick := func() Int128 {
		if r.IntN(4) == 0 {
			return edge[r.IntN(len(edge))]
		}
		return randomInt128(r)
	}
	for range 50000 {
		a, b := pick(), pick()
		x, y := a.Big(), b.Big()
		if got, ok := BigInt128(x); !ok || got != a {
			t.Fatalf("%v by way of big is %v", a, got)
		}
		if a.String() != x.String() {
			t.Fatalf("text of %s is %s", x, a)
		}
		if a.Cmp(b) != x.Cmp(y) || a.Less(b) != (x.Cmp(y) < 0) {
			t.Fatalf("%s <=> %s", a, b)
		}
		p, ok := a.Mul(b)
		if want, fits := BigInt128(new(big.Int).Mul(x, y)); ok && (p != want || !fits) || fits && !ok && want.Hi != math.MinInt64 {
			t.Fatalf("%s * %s = %s %v, want %s %v", a, b, p, ok, want, fits)
		}
		if b.Sign() != 0 && (a.Hi != math.MinInt64 || a.Lo != 0) {
			q, m := a.QuoRem(b)
			wq, wm := new(big.Int).QuoRem(x, y, new(big.Int))
			if q.Big().Cmp(wq) != 0 || m.Big().Cmp(wm) != 0 {
				t.Fatalf("%s / %s = %s, %s, want %s, %s", a, b, q, m, wq, wm)
			}
		}
	}
}

// Decimal operations against apd, rounded as Flink rounds.
func TestDecimalsAgainstAPD(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	value := func() (Int128, int, *apd.Decimal) {
		x := randomInt128(r)
		for !FitsDecimal(x, MaxDecimal) {
			x = randomInt128(r)
		}
		s := r.IntN(min(DecimalDigits(x)+4, MaxDecimal+1))
		d := new(apd.Decimal)
		d.Coeff.SetMathBigInt(new(big.Int).Abs(x.Big()))
		d.Negative, d.Exponent = x.Sign() < 0, int32(-s)
		return x, s, d
	}
	wide := apd.BaseContext.WithPrecision(400)
	div := apd.BaseContext.WithPrecision(38)
	div.Rounding, wide.Rounding = apd.RoundHalfUp, apd.RoundHalfUp
	for range 20000 {
		a, sa, x := value()
		b, sb, y := value()
		if b.Sign() == 0 {
			continue
		}
		p := 1 + r.IntN(MaxDecimal)
		s := r.IntN(p + 1)
		for op, f := range map[string]func(Int128, int, Int128, int, int, int) (Int128, bool){
			"+": AddDecimal, "-": SubDecimal, "*": MulDecimal, "/": DivDecimal, "%": ModDecimal,
		} {
			z, q := new(apd.Decimal), new(apd.Decimal)
			var err error
			switch op {
			case "+":
				_, err = wide.Add(z, x, y)
			case "-":
				_, err = wide.Sub(z, x, y)
			case "*":
				_, err = wide.Mul(z, x, y)
			case "/":
				_, err = div.Quo(z, x, y)
			case "%":
				_, err = wide.Rem(z, x, y)
			}
			if err != nil {
				t.Fatal(err)
			}
			if _, err := wide.Quantize(q, z, int32(-s)); err != nil {
				t.Fatal(err)
			}
			want := q.Coeff.MathBigInt()
			if q.Negative {
				want.Neg(want)
			}
			fits := len(new(big.Int).Abs(want).String()) <= p
			got, ok := f(a, sa, b, sb, p, s)
			if ok != fits || ok && got.Big().Cmp(want) != 0 {
				t.Fatalf("%s %s %s as DECIMAL(%d, %d) = %s %v, want %s %v", AppendDecimal(nil, a, sa), op, AppendDecimal(nil, b, sb), p, s, got, ok, want, fits)
			}
		}
		if CmpDecimal(a, sa, b, sb) != x.Cmp(y) {
			t.Fatalf("%s <=> %s", x, y)
		}
	}
}

func FuzzParseDecimal(f *testing.F) {
	for _, s := range []string{"1.545", "-0.5", "1e3", " 12 ", "99999999999999999999999999999999999999", "1E-400", ".", "1e", "00012.50"} {
		f.Add(s, 10, 2)
	}
	f.Fuzz(func(t *testing.T, s string, p, scale int) {
		p = 1 + (p%38+38)%38
		scale = (scale%(p+1) + p + 1) % (p + 1)
		x, err := ParseDecimal(s, p, scale)
		if err != nil {
			return
		}
		if !FitsDecimal(x, p) {
			t.Fatalf("%q gave %s, which does not fit %d digits", s, x, p)
		}
		y, err := ParseDecimal(string(AppendDecimal(nil, x, scale)), p, scale)
		if err != nil || y != x {
			t.Fatalf("%q: %s came back as %s, %v", s, x, y, err)
		}
	})
}

func TestDecimalFloat(t *testing.T) {
	for text, want := range map[string]float64{"0.1": 0.1, "123456.79": 123456.79, "12345678901234567890.123456789012345678": 12345678901234567890.123456789012345678, "-1.5": -1.5} {
		x, err := ParseDecimal(text, 38, 18)
		if err != nil {
			t.Fatal(err)
		}
		if got := DecimalFloat(x, 18); got != want {
			t.Errorf("%s: got %v", text, got)
		}
	}
	if _, ok := FloatDecimal(math.NaN(), 64, 10, 2); ok {
		t.Error("NaN became a decimal")
	}
	if x, ok := FloatDecimal(1.005, 64, 10, 2); !ok || x != I128(101) {
		t.Errorf("1.005 became %s", x)
	}
}
