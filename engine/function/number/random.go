package number

import (
	"math/rand/v2"

	"github.com/weir-streams/weir/engine/function"
)

// random is the generator of one batch.
type random struct{ *rand.PCG }

// newRandom starts a generator: at random, or from the seed in argument 0,
// into which the time of the batch is mixed so that batches differ.
func newRandom(c *function.Call, seeded bool) random {
	if seeded && c.N > 0 && !c.Args[0].IsNull(0) {
		return random{rand.NewPCG(uint64(c.Args[0].I32[0]), uint64(c.Env.Now))}
	}
	return random{rand.NewPCG(rand.Uint64(), rand.Uint64())}
}

func (r random) next() uint64 { return r.Uint64() }

func (r random) float() float64 { return float64(r.Uint64()>>11) / (1 << 53) }
