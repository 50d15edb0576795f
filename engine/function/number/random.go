package number

import (
	"errors"
	"math/rand/v2"

	"github.com/weir-streams/weir/engine/function"
)

// random is java.util.Random: a linear congruential generator of 48 bits, so
// that a seed gives the numbers that Flink gives.
type random struct{ state uint64 }

const multiplier, mask48 = 0x5DEECE66D, 1<<48 - 1

func newRandom(seed int64) *random { return &random{(uint64(seed) ^ multiplier) & mask48} }

func (r *random) next(bits int) int32 {
	r.state = (r.state*multiplier + 0xB) & mask48
	return int32(r.state >> (48 - bits))
}

func (r *random) double() float64 {
	hi := int64(r.next(26)) << 27
	return float64(hi+int64(r.next(27))) / (1 << 53)
}

func (r *random) below(bound int32) int32 {
	u := r.next(31)
	if bound&(bound-1) == 0 {
		return int32(int64(bound) * int64(u) >> 31)
	}
	for {
		x := u % bound
		if u-x+(bound-1) >= 0 {
			return x
		}
		u = r.next(31)
	}
}

// eachRandom calls give for each row with its generator: without a seed, or with
// a constant one, there is one for the whole task; a seed of the row begins anew.
func eachRandom(c *function.Call, seeded bool, give func(i int32, r *random) error) error {
	if seeded && c.Const[0] == nil {
		for _, i := range c.Rows() {
			if err := give(i, newRandom(int64(c.Args[0].I32[i]))); err != nil {
				return err
			}
		}
		return nil
	}
	r, ok := (*c.State).(*random)
	if !ok {
		seed := rand.Int64()
		if seeded {
			seed = c.Const[0].I
		}
		r = newRandom(seed)
		*c.State = r
	}
	for _, i := range c.Rows() {
		if err := give(i, r); err != nil {
			return err
		}
	}
	return nil
}

var errBound = errors.New("bound must be positive")
