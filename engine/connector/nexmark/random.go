package nexmark

import "math"

// random is java.util.SplittableRandom(seed): a Weyl sequence with the golden
// gamma and Stafford's mixers.
type random struct{ state uint64 }

const gamma = 0x9e3779b97f4a7c15

func mix64(z uint64) uint64 {
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

func (r *random) long() uint64 {
	r.state += gamma
	return mix64(r.state)
}

func (r *random) int32() int32 {
	r.state += gamma
	z := r.state
	z = (z ^ z>>33) * 0x62a9d9ed799705f5
	return int32(((z ^ z>>28) * 0xcb24d0a5c88c35b3) >> 32)
}

// intn follows the JDK's rejection loop, with its 32-bit overflow test.
func (r *random) intn(bound int32) int32 {
	x := r.int32()
	m := bound - 1
	if bound&m == 0 {
		return x & m
	}
	for {
		u := uint32(x) >> 1
		v := u % uint32(bound)
		if int32(u+uint32(m)-v) >= 0 {
			return int32(v)
		}
		x = r.int32()
	}
}

// upTo is intn where the bound is a constant, not a power of two, and room is
// the greatest multiple of it up to 1<<31: r.upTo(roomOf13) % 13.
func (r *random) upTo(room uint32) uint32 {
	u := uint32(r.int32()) >> 1
	if u < room {
		return u
	}
	return r.upToAgain(room)
}

func (r *random) upToAgain(room uint32) uint32 {
	for {
		if u := uint32(r.int32()) >> 1; u < room {
			return u
		}
	}
}

const (
	roomOf13       = 1 << 31 / 13 * 13
	roomOf26       = 1 << 31 / 26 * 26
	roomOfChannels = 1 << 31 / channels * channels
)

func (r *random) double() float64 { return float64(r.long()>>11) * (1.0 / (1 << 53)) }

func (r *random) longn(n int64) int64 {
	if n < 1<<31-1 {
		return r.longn32(n)
	}
	v := int64(r.long()) % n
	if v < 0 {
		v = -v
	}
	return v
}

func (r *random) longn32(n int64) int64 { return int64(r.intn(int32(n))) }

const priceSteps = 4096

// powers are 10^(6 i/priceSteps), times 100.
var powers = func() *[priceSteps + 1]float64 {
	var t [priceSteps + 1]float64
	for i := range t {
		t[i] = 100 * math.Pow(10, 6*float64(i)/priceSteps)
	}
	return &t
}()

// price is floor(10^(6u) * 100 + 0.5) for u in [0, 1). The power is looked up
// and corrected by a series to some 1e-11; only where that leaves the floor in
// doubt it is computed.
func price(u float64) int64 {
	t := u * 6
	k := int(t * (priceSteps / 6.0))
	x := (t - float64(k)*(6.0/priceSteps)) * math.Ln10
	y := powers[k]*(1+x*(1+x*(0.5+x*(1.0/6+x*(1.0/24))))) + 0.5
	n := math.Floor(y)
	if f := y - n; f < 1e-3 || f > 1-1e-3 {
		return int64(math.Floor(math.Pow(10, t)*100 + 0.5))
	}
	return int64(n)
}
