package sim

import (
	"flag"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/weir-streams/weir/resource"
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
	run(t, Options{}, *seeds, storm)
}

// storm is a history of one or two deployments in weather of any kind.
func storm(w *World) {
	w.Deploy("orders")
	if w.chance(.2) {
		w.Deploy("payments")
	}
	w.Steps(200+w.rng.IntN(350), Storm().vary(w.rng))
	w.Settle()
}

// keeping is a history in which much is saved and given up.
func keeping(w *World) {
	id := w.Deploy("orders")
	w.Edit(id, "savepoints every 2s, keep 2", func(s *resource.DeploymentSpec) {
		s.Savepoints = resource.SavepointPolicy{Every: "2s", Keep: 1 + int(w.opts.Seed%3), KeepFor: []string{"", "8s"}[w.opts.Seed%2]}
	})
	w.Steps(300+w.rng.IntN(300), Drizzle().vary(w.rng))
	w.Settle()
}

func TestWhatIsKeptSurvives(t *testing.T) {
	run(t, Options{}, *seeds/5, keeping)
}

// Without storage to look into, only what clusters told is known.
func TestDeploymentsSurviveStormsBlindly(t *testing.T) {
	run(t, Options{Blind: true}, *seeds/10, storm)
}

// scaling is a history in which little but the parallelism changes.
func scaling(w *World) {
	id := w.Deploy("orders")
	for range 5 + w.rng.IntN(10) {
		w.Steps(40+w.rng.IntN(80), Drizzle().vary(w.rng))
		n := 1 + w.rng.IntN(8)
		w.Edit(id, fmt.Sprintf("parallelism %d", n), func(s *resource.DeploymentSpec) { s.Template.Spec.Parallelism = n })
	}
	w.Settle()
}

// Running jobs are told to run at another parallelism, in weather of any kind.
func TestRunningJobsAreRescaled(t *testing.T) {
	run(t, Options{Adaptive: true}, *seeds/50, scaling)
	n := 0
	for s := uint64(1); s <= 20; s++ {
		n += Play(Options{Seed: s, Adaptive: true}, scaling).Rescales
	}
	t.Logf("%d times in 20 histories", n)
	if n < 10 {
		t.Error("running jobs are hardly rescaled")
	}
}

// The rule that a cluster outlives the savepoints in flight on it is needed,
// and the simulator notices when it is broken.
func TestForgettingSavepointsIsNoticed(t *testing.T) {
	for s := uint64(1); s <= 5000; s++ {
		r := Play(Options{Seed: s, ForgetSavepoints: true}, storm)
		if strings.Contains(r.Violation, "in flight") {
			t.Logf("seed %d: %s", s, r.Violation)
			return
		}
		if r.Violation != "" {
			t.Fatalf("seed %d: another violation than expected: %s", s, r.Violation)
		}
	}
	t.Fatal("5000 histories without the rule, and no violation: the simulator is blind")
}

// The same rule, seen from what people lose: state goes back.
func TestForgettingSavepointsLosesState(t *testing.T) {
	for s := uint64(1); s <= 5000; s++ {
		r := Play(Options{Seed: s, ForgetSavepoints: true, IgnoreRemoval: true, Blind: true}, storm)
		if strings.Contains(r.Violation, "state goes back") {
			t.Logf("seed %d: %s", s, r.Violation)
			return
		}
	}
	t.Fatal("5000 histories without the rule, and no state lost: the simulator is blind")
}

func TestSeedsRepeat(t *testing.T) {
	for s := uint64(1); s <= 20; s++ {
		a := Play(Options{Seed: s, Trace: true}, storm)
		b := Play(Options{Seed: s, Trace: true}, storm)
		if !slices.Equal(a.Trace, b.Trace) {
			t.Fatalf("seed %d: two histories:\n%s\n---\n%s", s, a.Tail(20), b.Tail(20))
		}
	}
}

// What a storm is made of, so that a change that makes it calm is seen.
func TestStormsMakeEverythingHappen(t *testing.T) {
	counts := map[string]int{}
	for s := uint64(1); s <= 600; s++ {
		r := Play(Options{Seed: s, Trace: true}, []func(*World){storm, keeping}[s%2])
		for _, line := range r.Trace {
			for _, word := range happenings {
				if strings.Contains(line, word) {
					counts[word]++
				}
			}
		}
	}
	for _, word := range happenings {
		t.Logf("%6d %s", counts[word], word)
		if counts[word] == 0 {
			t.Errorf("in 600 histories never: %s", word)
		}
	}
}

var happenings = []string{
	"upgraded generation", "runs again", "ROLLED_BACK", "TRANSITIONED_TO_COMPLETED", "savepoints failed, the last one",
	"attempts failed", "cannot run", "reset to savepoint", "to which it is reset", "from retained checkpoint", "restore strategy is NONE",
	"finds no savepoint", "the deployment is SUSPENDED", "the deployment is CANCELLED", "TRANSITIONED_TO_FINISHED", "exited with status 1",
	"its cluster is gone", "did not come up", "the outcome with it", "began again", "platform restarts in 1",
	"platform restarts in 3", "was cancelled, and not", "somebody cancels", "FAILED_TO_CREATE_CLUSTER", "StopWithSavepointStopping",
	"is to be removed: spec.savepoints.keep is", "is to be removed: spec.savepoints.keepFor", "and its data at", "stays, because savepoint", "could not be removed",
	"is removed by force", "is forgotten", "${PASSWORD} is neither", "\"missing\" does not exist", "goes on as before",
	"launched without its job", "is given its job", "was brought up for nothing", "can change it while the job runs", "in the same job",
}
