package sim

import (
	"flag"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
)

var (
	seed  = flag.Uint64("seed", 0, "run only this history, and print it")
	seeds = flag.Uint64("seeds", 10_000, "how many histories to run")
	tail  = flag.Int("tail", 150, "how many lines of a failed history to print")
)

// run plays many histories. The first that violates an invariant is played
// again with a trace and printed.
func run(t *testing.T, o Options, n uint64, history func(w *World)) {
	t.Helper()
	if *seed > 0 {
		o.Seed, o.Trace = *seed, true
		r := Play(o, history)
		t.Logf("seed %d:\n%s", o.Seed, r.Tail(*tail))
		if r.Violation != "" {
			t.Fatal(r.Violation)
		}
		return
	}
	var next, steps, passes, failed atomic.Uint64
	var wg sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		wg.Go(func() {
			for failed.Load() == 0 {
				o := o
				if o.Seed = next.Add(1); o.Seed > n {
					return
				}
				r := Play(o, history)
				steps.Add(uint64(r.Steps))
				passes.Add(uint64(r.Passes))
				if r.Violation != "" {
					failed.CompareAndSwap(0, o.Seed)
				}
			}
		})
	}
	wg.Wait()
	if bad := failed.Load(); bad > 0 {
		o.Seed, o.Trace = bad, true
		r := Play(o, history)
		t.Fatalf("%s\nseed %d; run it again with: go test ./test/sim -run '^%s$' -v -args -seed %d\n%s", r.Violation, bad, t.Name(), bad, r.Tail(*tail))
	}
	t.Logf("%d histories, %d steps, %d passes", n, steps.Load(), passes.Load())
}

func TestDeploymentsSurviveStorms(t *testing.T) {
	run(t, Options{}, *seeds, func(w *World) {
		w.Deploy("orders")
		if w.chance(.3) {
			w.Deploy("payments")
		}
		w.Steps(150+w.rng.IntN(350), Storm())
		w.Settle()
	})
}
