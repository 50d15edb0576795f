package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/weir-streams/weir/client"
	"github.com/weir-streams/weir/cluster/clustertest"
	"github.com/weir-streams/weir/flink/flinktest"
	"github.com/weir-streams/weir/resource"
	"github.com/weir-streams/weir/test/postgres"
)

var (
	kills    = flag.Int("kills", 25, "how often TestCrashes kills the server; a fifth of that on PostgreSQL")
	killSeed = flag.Uint64("kill-seed", 1, "of the dice of TestCrashes")
)

// TestCrashes kills the server at random moments while deployments are
// changed, started, stopped and upgraded: every write that was acknowledged is
// there afterwards, every deployment comes to be as wanted, and no job ever
// runs twice.
func TestCrashes(t *testing.T) {
	for _, db := range []struct {
		name  string
		kills int
		pause time.Duration // between a start and the next kill, at most
		args  func(t *testing.T) []string
	}{
		{"sqlite", *kills, 400 * time.Millisecond, func(*testing.T) []string { return nil }},
		// Here a server that was put up again leads only when the lease has run out.
		{"postgres", max(*kills/5, 1), leaseTime + 3*time.Second, func(t *testing.T) []string { return []string{"--database", postgres.URL(t)} }},
	} {
		t.Run(db.name, func(t *testing.T) { crashes(t, db.kills, db.pause, *killSeed, db.args(t)...) })
	}
}

func crashes(t *testing.T, kills int, pause time.Duration, seed uint64, args ...string) {
	const writers = 8
	f := newFarm(t, 10*time.Millisecond, 5, clustertest.Options{Start: time.Now(), Timing: flinktest.Timing{
		Answer: 100 * time.Millisecond, Initialize: 100 * time.Millisecond, Deploy: 200 * time.Millisecond, Savepoint: 300 * time.Millisecond, Cancel: 100 * time.Millisecond,
	}})
	s := f.server("server", t.TempDir(), args...)
	dice := rand.New(rand.NewPCG(seed, 0))
	all := make([]*writer, writers)
	var up sync.RWMutex // held for reading by a write under way, for writing while the server is put up again
	var over atomic.Bool
	var running sync.WaitGroup
	for i := range all {
		create(t, s.api, fmt.Sprint("d", i), "RUNNING")
		all[i] = &writer{t: t, name: fmt.Sprint("d", i), dice: rand.New(rand.NewPCG(seed, uint64(i+1))), acked: wish{state: "RUNNING", parallelism: 1}}
	}
	for _, w := range all {
		running.Go(func() {
			for !over.Load() && !t.Failed() {
				up.RLock()
				api := s.api
				up.RUnlock()
				w.step(api)
			}
		})
	}
	var slowest time.Duration
	for range kills {
		time.Sleep(time.Duration(dice.Int64N(int64(pause)))) // the moment is what is random
		if t.Failed() {
			break
		}
		s.kill()
		up.Lock()
		began := time.Now()
		s.start()
		slowest = max(slowest, time.Since(began))
		up.Unlock()
	}
	over.Store(true)
	running.Wait()
	writes := 0
	for _, w := range all {
		w.look(s.api)
		writes += w.acked.seq
	}
	for _, w := range all {
		wait(t, w.name+" is as wanted", func() string { return f.runs(s.api, w.name, w.acked.state, w.acked.parallelism) })
		w.record(s.api)
	}
	for _, twice := range f.journal.Twice() {
		t.Error(twice)
	}
	launches, again := 0, 0
	for _, e := range f.journal.Entries() {
		if e.Call == clustertest.Launch {
			launches++
			if e.Again {
				again++
			}
		}
	}
	t.Logf("%d kills, %d acknowledged writes, %d launches (%d of them repeated), slowest start %v", kills, writes, launches, again, slowest.Round(time.Millisecond))
}

// wish is what one write asked for; seq numbers the writes of a writer.
type wish struct {
	seq         int
	state       string
	parallelism int
}

// writer changes one deployment, one write after the other.
type writer struct {
	t       *testing.T
	name    string
	dice    *rand.Rand
	acked   wish  // the newest write that was acknowledged
	inDoubt *wish // a later one without an answer
}

// step writes once, or finds out what became of the last write.
func (w *writer) step(api *client.Client) {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	if w.inDoubt != nil {
		w.look(api)
		return
	}
	next := w.acked
	next.seq++
	switch n := w.dice.IntN(10); {
	case n < 4: // labels only
	case n < 7:
		next.parallelism = 1 + w.dice.IntN(4)
	default:
		next.state = []string{"RUNNING", "RUNNING", "SUSPENDED", "CANCELLED"}[w.dice.IntN(4)]
	}
	body := fmt.Sprintf(`{"metadata":{"labels":{"seq":"%d"}},"spec":{"state":%q,"template":{"spec":{"parallelism":%d}}}}`, next.seq, next.state, next.parallelism)
	_, err := api.Deployments("default").Patch(ctx, w.name, jsonText(body))
	w.settle(next, err)
	if w.dice.IntN(5) == 0 && w.inDoubt == nil {
		// Whether there is a job to save just now is not ours to know.
		d, err := api.Deployments("default").Get(ctx, w.name)
		if err == nil {
			_, _ = api.Savepoints("default").Create(ctx, jsonText(fmt.Sprintf(`{"metadata":{"deploymentId":%q}}`, d.Metadata.ID)))
		}
	}
	time.Sleep(time.Duration(w.dice.IntN(60)) * time.Millisecond)
}

func (w *writer) settle(next wish, err error) {
	answered := (*client.Error)(nil)
	switch {
	case err == nil:
		w.acked, w.inDoubt = next, nil
	case errors.As(err, &answered):
		w.t.Errorf("%s: write %d was refused: %v", w.name, next.seq, err)
	default: // no answer: it may have been done
		w.inDoubt = &next
	}
}

// look checks that the newest acknowledged write is there, or the one in doubt.
func (w *writer) look(api *client.Client) {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	d, err := api.Deployments("default").Get(ctx, w.name)
	if err != nil {
		if client.IsNotFound(err) {
			w.t.Errorf("%s is gone", w.name)
		}
		time.Sleep(20 * time.Millisecond)
		return
	}
	seq, _ := strconv.Atoi(d.Metadata.Labels["seq"])
	has := wish{seq, string(d.Spec.State), d.Spec.Template.Spec.Parallelism}
	switch {
	case has == w.acked:
	case w.inDoubt != nil && has == *w.inDoubt:
		w.acked = has
	default:
		w.t.Errorf("%s is %+v; write %+v was acknowledged, and %+v in doubt", w.name, has, w.acked, w.inDoubt)
	}
	w.inDoubt = nil
}

// record checks that every accepted spec is kept, without a gap, the last one
// as it was written.
func (w *writer) record(api *client.Client) {
	revisions, err := api.Revisions(context.Background(), "default", w.name)
	if err != nil {
		w.t.Error(err)
		return
	}
	for i, r := range revisions {
		if r.Generation != i+1 {
			w.t.Errorf("%s: revision %d follows %d", w.name, r.Generation, i)
		}
	}
	var spec resource.DeploymentSpec
	if err := json.Unmarshal(revisions[len(revisions)-1].Spec, &spec); err != nil || string(spec.State) != w.acked.state || spec.Template.Spec.Parallelism != w.acked.parallelism {
		w.t.Errorf("%s: the newest revision is %s with parallelism %d (%v), want %+v", w.name, spec.State, spec.Template.Spec.Parallelism, err, w.acked)
	}
}
