package runtime

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/weir-streams/weir/engine/checkpoint"
	"github.com/weir-streams/weir/engine/graph"
)

func TestBoundedJobCommitsAtItsEnd(t *testing.T) {
	for _, tt := range []struct {
		name        string
		g           *graph.Graph
		parallelism int
	}{
		{"one task each", keyed("pass"), 1},
		{"hash 3", keyed("pass"), 3},
		{"more tasks than splits", keyed(), 9},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			w.finish(w.start(w.spec(tt.g, tt.parallelism)))
			w.check()
		})
	}
}

// At its end a job writes its state only if there is something to commit, which
// must not be given again.
func TestLastCheckpointHoldsWhatIsNeeded(t *testing.T) {
	without := &graph.Graph{Vertices: keyed().Vertices[:2]}
	for _, tt := range []struct {
		name  string
		g     *graph.Graph
		state bool
	}{{"nothing to commit", without, false}, {"something to commit", keyed(), true}} {
		for _, sliced := range []bool{false, true} {
			t.Run(fmt.Sprint(tt.name, sliced), func(t *testing.T) {
				w := newWorld(t)
				w.sliced = sliced
				s := w.spec(tt.g, 2)
				s.Checkpoint = checkpoint.Config{Interval: time.Hour, Timeout: time.Minute, Dir: t.TempDir(), Incremental: true}
				j := w.start(s)
				w.finish(j)
				w.checkSums()
				c := j.Checkpoints()
				if c.Completed != 1 || c.Total != 1 || c.InProgress != 0 || len(c.History) != 1 || c.LatestCompleted == nil {
					t.Fatalf("not one checkpoint: %+v", c)
				}
				if stored := c.LatestCompleted.Path != checkpoint.NotAddressable; stored != tt.state {
					t.Errorf("the last checkpoint is %s, of %d bytes", c.LatestCompleted.Path, c.LatestCompleted.Bytes)
				}
				if tt.state {
					w.check()
				}
			})
		}
	}
}

// Rows are published once and state is right whatever fails, at any parallelism.
func TestExactlyOnceUnderFailures(t *testing.T) {
	for seed := range uint64(12) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			random := rand.New(rand.NewPCG(seed, 1))
			var mu sync.Mutex
			pick := func(n int) int {
				mu.Lock()
				defer mu.Unlock()
				return random.IntN(n)
			}
			w := newWorld(t)
			w.rows, w.batch = 20000, 50
			w.sliced = seed >= 6
			w.bombs.Store(int64(pick(8)))
			w.fuse = func() bool { return pick(300) == 0 }
			w.pause.Store(int64(50 * time.Microsecond))
			w.commitErr = func() error {
				if pick(50) == 0 && w.bombs.Add(-1) >= 0 {
					return errors.New("commit failed")
				}
				return nil
			}
			g := keyed("bomb")
			dir := ""
			if pick(2) == 0 {
				dir = t.TempDir()
			}
			s := w.spec(g, 1+pick(4))
			s.Checkpoint = frequent(dir)
			s.Checkpoint.Savepoints = t.TempDir()
			s.Restart = Restart{Kind: FixedDelay}
			// Between failures the job is stopped and started elsewhere, at another
			// parallelism.
			for range pick(4) {
				j := w.start(s)
				until(t, "a checkpoint", func() bool { return j.Checkpoints().Completed >= int64(1+pick(5)) || j.Info().State.Terminal() })
				i, err := j.Checkpoint(t.Context(), checkpoint.Request{Savepoint: true, Stop: true})
				if err != nil {
					if j.Info().State.Terminal() {
						w.finish(j)
						w.check()
						return
					}
					j.Cancel() // a failure came between; state so far is thrown away with what it published
					_ = j.Wait(t.Context())
					w.mu.Lock()
					w.committed = map[string][][3]int64{}
					w.mu.Unlock()
					s.SavepointPath = ""
				} else {
					w.finish(j)
					s.SavepointPath = i.Path
				}
				s.ID = fmt.Sprintf("%032x", random.Uint64())
				s.Parallelism = 1 + pick(4)
			}
			j := w.start(s)
			w.finish(j)
			w.check()
		})
	}
}

func TestStopWithSavepointAndGoOn(t *testing.T) {
	w := newWorld(t)
	w.bounded = false
	dir := t.TempDir()
	s := w.spec(keyed("pass"), 2)
	j := w.start(s)
	until(t, "rows", func() bool { return j.Info().Vertices[1].Subtasks[0].RecordsIn > 100 })
	i, err := j.Checkpoint(t.Context(), checkpoint.Request{Savepoint: true, Dir: "file://" + dir, Stop: true})
	if err != nil {
		t.Fatal(err)
	}
	if st := j.Info().State; st != Finished {
		t.Fatalf("job is %s", st)
	}
	if !strings.HasPrefix(i.Path, "file:"+dir+"/savepoint-"+s.ID[:6]+"-") {
		t.Fatalf("savepoint at %s", i.Path)
	}
	w.bounded = true
	s.ID, s.SavepointPath, s.Parallelism = "b"+s.ID[1:], i.Path, 3
	j = w.start(s)
	w.finish(j)
	w.check()
	r := j.Checkpoints().RestoredFrom
	if r == nil || r.Path != i.Path || !r.Savepoint || r.ID != i.ID {
		t.Fatalf("restored from %+v, want %+v", r, i)
	}
}

func TestSavepointThatFailsLeavesTheJobRunning(t *testing.T) {
	w := newWorld(t)
	w.limit.Store(500)
	var fail atomic.Bool
	fail.Store(true)
	w.failPrep = func() error {
		if fail.Load() {
			return errors.New("no space left on device")
		}
		return nil
	}
	s := w.spec(keyed(), 2)
	j := w.start(s)
	until(t, "running", func() bool { return j.Info().Vertices[0].Subtasks[0].State == TaskRunning })
	_, err := j.Checkpoint(t.Context(), checkpoint.Request{Savepoint: true, Dir: t.TempDir(), Stop: true})
	if err == nil || !strings.Contains(err.Error(), "no space left on device") {
		t.Fatalf("got %v", err)
	}
	fail.Store(false)
	w.limit.Store(0)
	w.finish(j)
	w.check()
	if c := j.Checkpoints(); c.Failed != 1 || c.LatestFailed == nil {
		t.Fatalf("checkpoints %+v", c)
	}
}

func TestDrainEndsStreams(t *testing.T) {
	w := newWorld(t)
	w.bounded = false
	w.rows = 100
	j := w.start(w.spec(keyed(), 2))
	until(t, "rows", func() bool {
		v := j.Info().Vertices[2]
		return v.Subtasks[0].RecordsIn+v.Subtasks[1].RecordsIn == 400
	})
	if _, err := j.Checkpoint(t.Context(), checkpoint.Request{Savepoint: true, Dir: t.TempDir(), Stop: true, Drain: true}); err != nil {
		t.Fatal(err)
	}
	w.check() // sums are given at the end of the stream only
}

func TestCancelAtAnyMoment(t *testing.T) {
	before := runtime.NumGoroutine()
	for n := range 30 {
		w := newWorld(t)
		w.bounded = n%2 == 0
		s := w.spec(keyed("pass"), 1+n%3)
		if n%3 == 0 {
			s.Checkpoint = frequent(t.TempDir())
		}
		if n%5 == 0 {
			w.pause.Store(int64(time.Millisecond))
		}
		j := w.start(s)
		for range n * 20 {
			runtime.Gosched()
		}
		j.Cancel()
		err := j.Wait(t.Context())
		if st := j.Info().State; err == nil && st != Finished || err != nil && st != Canceled {
			t.Fatalf("job is %s, %v", st, err)
		}
		if w.open != 0 {
			t.Fatalf("%d operators were not closed", w.open)
		}
	}
	until(t, "all goroutines to end", func() bool { return runtime.NumGoroutine() <= before })
}

func TestSlowSinkHoldsTheSourceBack(t *testing.T) {
	w := newWorld(t)
	w.rows, w.splits = 1_000_000, 1
	w.pause.Store(int64(200 * time.Microsecond))
	j := w.start(w.spec(&graph.Graph{Vertices: []graph.Vertex{
		vertex("Source", nil, "source"), vertex("Sink", edge(0, graph.Rebalance), "sink"),
	}}, 1))
	until(t, "some batches", func() bool { return j.Info().Vertices[1].Subtasks[0].RecordsIn > 100*64 })
	i := j.Info()
	given, taken := i.Vertices[0].Subtasks[0].RecordsOut, j.Info().Vertices[1].Subtasks[0].RecordsIn
	if ahead := (given - taken) / 64; ahead > 10 {
		t.Errorf("the source is %d batches ahead", ahead)
	}
	s := i.Vertices[0].Subtasks[0]
	if s.BackPressured < s.Busy {
		t.Errorf("the source was busy %s, back-pressured %s, idle %s", s.Busy, s.BackPressured, s.Idle)
	}
	j.Cancel()
	_ = j.Wait(t.Context())
}

func TestFailuresOverTheToleratedNumber(t *testing.T) {
	w := newWorld(t)
	w.limit.Store(10)
	w.failPrep = func() error { return errors.New("no space left on device") }
	s := w.spec(keyed(), 1)
	s.Checkpoint = frequent("")
	s.Checkpoint.Tolerable = 2
	j := w.start(s)
	err := j.Wait(t.Context())
	if err == nil || !strings.Contains(err.Error(), "no space left on device") || !strings.Contains(err.Error(), "3 in a row") {
		t.Fatalf("got %v", err)
	}
	if j.Info().State != Failed || len(j.Info().Failures) != 1 {
		t.Fatalf("%+v", j.Info())
	}
}

func TestFailureNamesTheTask(t *testing.T) {
	w := newWorld(t)
	w.bombs.Store(2)
	w.fuse = func() bool { return true }
	s := w.spec(keyed("bomb"), 1)
	j := w.start(s)
	if err := j.Wait(t.Context()); err == nil || !strings.Contains(err.Error(), "bang") {
		t.Fatalf("got %v", err)
	}
	f := j.Info().Failures
	if len(f) != 1 || f[0].Task != "Source (1/1)" {
		t.Fatalf("failures %+v", f)
	}
	if st := j.Info().Vertices[0].Subtasks[0].State; st != TaskFailed {
		t.Fatalf("task is %s", st)
	}
	w.bombs.Store(1) // this one panics
	s.ID = "c" + s.ID[1:]
	j = w.start(s)
	if err := j.Wait(t.Context()); err == nil || !strings.Contains(err.Error(), "panic: boom") || !strings.Contains(err.Error(), "kit_test.go") {
		t.Fatalf("got %v", err)
	}
}

func TestStateThatNobodyTakes(t *testing.T) {
	w := newWorld(t)
	w.bounded = false
	s := w.spec(keyed(), 2)
	j := w.start(s)
	until(t, "rows", func() bool { return j.Info().Vertices[1].Subtasks[0].RecordsIn > 100 })
	i, err := j.Checkpoint(t.Context(), checkpoint.Request{Savepoint: true, Dir: t.TempDir(), Stop: true})
	if err != nil {
		t.Fatal(err)
	}
	w.bounded = true
	s.ID, s.SavepointPath = "d"+s.ID[1:], i.Path
	s.Graph = &graph.Graph{Vertices: []graph.Vertex{vertex("Source", nil, "source"), vertex("Sink", edge(0, graph.Rebalance), "sink")}}
	j = w.start(s)
	if err := j.Wait(t.Context()); err == nil || !strings.Contains(err.Error(), `"sum" (uid uid-sum`) {
		t.Fatalf("got %v", err)
	}
	s.AllowNonRestored = true
	w.finish(w.start(s))
	for name, change := range map[string]func(*Spec){
		"there is no checkpoint or savepoint": func(s *Spec) { s.SavepointPath += "x" },
		"max parallelism 128":                 func(s *Spec) { s.MaxParallelism = 64 },
		"more than the max parallelism":       func(s *Spec) { s.Parallelism = 129 },
	} {
		bad := s
		change(&bad)
		j := w.start(bad)
		if err := j.Wait(t.Context()); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("got %v, want %q", err, name)
		}
		if st := j.Info().State; st != Failed {
			t.Errorf("job is %s", st)
		}
	}
}

func TestRetention(t *testing.T) {
	for _, tt := range []struct {
		retention checkpoint.Retention
		keep      bool
	}{{checkpoint.NoRetention, false}, {checkpoint.DeleteOnCancellation, false}, {checkpoint.RetainOnCancellation, true}} {
		w := newWorld(t)
		w.limit.Store(1000)
		s := w.spec(keyed(), 2)
		dir := t.TempDir()
		s.Checkpoint = frequent(dir)
		s.Checkpoint.Retention, s.Checkpoint.Retained = tt.retention, 2
		j := w.start(s)
		until(t, "checkpoints", func() bool { return j.Checkpoints().Completed > 5 })
		j.Cancel()
		_ = j.Wait(t.Context())
		kept, err := filepath.Glob(filepath.Join(dir, s.ID, "chk-*"))
		if err != nil {
			t.Fatal(err)
		}
		if want := map[bool]int{true: 2}[tt.keep]; len(kept) != want {
			t.Errorf("%s: %v kept, want %d", tt.retention, kept, want)
		}
		if tt.keep {
			w.limit.Store(0)
			s.SavepointPath, s.Parallelism = j.Checkpoints().LatestCompleted.Path, 3
			j = w.start(s) // under the same id: numbers go on
			w.finish(j)
			w.check()
			// The restored one was replaced; the other of the former run is not ours.
			if kept, _ := filepath.Glob(filepath.Join(dir, s.ID, "chk-*")); len(kept) != 1 || strings.HasSuffix(s.SavepointPath, filepath.Base(kept[0])) {
				t.Errorf("%v left after the job finished", kept)
			}
		}
	}
}

// A checkpoint that takes too long is given up; what comes late is ignored, and
// a job that was to stop with it goes on.
func TestCheckpointExpires(t *testing.T) {
	for _, stop := range []bool{false, true} {
		w := newWorld(t)
		w.limit.Store(100)
		hang := make(chan struct{})
		var once atomic.Bool
		w.failPrep = func() error {
			if once.CompareAndSwap(false, true) {
				<-hang
			}
			return nil
		}
		dir := t.TempDir()
		s := w.spec(keyed(), 2)
		s.Checkpoint = checkpoint.Config{Timeout: 20 * time.Millisecond, Dir: dir, Tolerable: 1}
		j := w.start(s)
		until(t, "running", func() bool { return j.Info().Vertices[0].Subtasks[0].RecordsOut > 0 })
		r := checkpoint.Request{Savepoint: stop, Stop: stop, Dir: dir}
		if _, err := j.Checkpoint(t.Context(), r); err == nil || !strings.Contains(err.Error(), "expired") {
			t.Fatalf("got %v", err)
		}
		close(hang)
		w.limit.Store(0)
		w.finish(j)
		w.check()
		if c := j.Checkpoints(); c.Failed != 1 || c.InProgress != 0 {
			t.Errorf("checkpoints %+v", c)
		}
		if left, _ := filepath.Glob(filepath.Join(dir, "*")); len(left) > 0 {
			t.Errorf("%v left", left)
		}
	}
}

// Savepoints wait for one another; a second stop is refused.
func TestSavepointsQueueUp(t *testing.T) {
	w := newWorld(t)
	w.bounded = false
	dir := t.TempDir()
	hang := make(chan struct{})
	w.failPrep = func() error { <-hang; return nil }
	j := w.start(w.spec(keyed(), 1))
	until(t, "running", func() bool { return j.Info().Vertices[0].Subtasks[0].RecordsOut > 0 })
	var wg sync.WaitGroup
	var stops, errs atomic.Int64
	for n := range 6 {
		wg.Go(func() {
			_, err := j.Checkpoint(t.Context(), checkpoint.Request{Savepoint: true, Dir: dir, Stop: n < 2})
			switch {
			case err == nil && n < 2:
				stops.Add(1)
			case err != nil:
				errs.Add(1)
			}
		})
	}
	until(t, "one to begin", func() bool { return j.Checkpoints().InProgress > 0 })
	close(hang)
	wg.Wait()
	if stops.Load() != 1 || errs.Load() < 1 {
		t.Errorf("%d stops, %d refused", stops.Load(), errs.Load())
	}
	if st := j.Info().State; st != Finished {
		t.Errorf("job is %s", st)
	}
	if _, err := j.Checkpoint(t.Context(), checkpoint.Request{Savepoint: true, Dir: dir}); err == nil || !strings.Contains(err.Error(), "FINISHED") {
		t.Errorf("after the end: %v", err)
	}
}

// Output appears with a checkpoint, not with a savepoint: a job that fails goes
// back to its last checkpoint, behind the savepoint.
func TestOutputAppearsWithCheckpoints(t *testing.T) {
	w := newWorld(t)
	w.bounded, w.rows = false, 1000
	ctx, cancel := context.WithCancel(t.Context())
	j, err := Start(ctx, w.spec(keyed(), 2))
	if err != nil {
		t.Fatal(err)
	}
	published := func() (n int) {
		w.mu.Lock()
		defer w.mu.Unlock()
		for _, rows := range w.committed {
			n += len(rows)
		}
		return n
	}
	until(t, "all rows", func() bool {
		v := j.Info().Vertices[2]
		return v.Subtasks[0].RecordsIn+v.Subtasks[1].RecordsIn == 4000
	})
	savepoint, err := j.Checkpoint(t.Context(), checkpoint.Request{Savepoint: true, Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := j.Checkpoint(t.Context(), checkpoint.Request{}); err != nil {
		t.Fatal(err)
	}
	until(t, "the output", func() bool { return published() == 4000 })
	w.mu.Lock()
	if slices.Contains(w.commits, savepoint.ID) {
		t.Error("a savepoint published output")
	}
	w.mu.Unlock()
	cancel() // the end of the context cancels the job
	if err := j.Wait(t.Context()); err != ErrCanceled {
		t.Errorf("got %v", err)
	}
	if s := j.Info(); s.State != Canceled || s.End.IsZero() || s.Timestamps[Canceled].IsZero() || s.Timestamps[Running].IsZero() {
		t.Errorf("job %+v", s)
	}
}

func TestRestartStrategies(t *testing.T) {
	second := time.Second
	for _, tt := range []struct {
		name string
		r    Restart
		ups  []time.Duration // of the attempts
		want []time.Duration // delays; -1: no more
	}{
		{"none", Restart{Kind: NoRestart}, []time.Duration{0}, []time.Duration{-1}},
		{"fixed", Restart{Kind: FixedDelay, Attempts: 2, Delay: second}, []time.Duration{0, 0, 0}, []time.Duration{second, second, -1}},
		{"fixed, none", Restart{Kind: FixedDelay, Attempts: -1}, []time.Duration{0}, []time.Duration{-1}},
		{"fixed, for ever", Restart{Kind: FixedDelay}, []time.Duration{0, 0}, []time.Duration{0, 0}},
		{
			"exponential",
			Restart{Kind: ExponentialDelay, Delay: second, MaxDelay: 3 * second, Multiplier: 2, ResetAfter: time.Hour},
			[]time.Duration{0, 0, 0, 0, 2 * time.Hour},
			[]time.Duration{second, 2 * second, 3 * second, 3 * second, second},
		},
		{"rate", Restart{Kind: FailureRate, Delay: second, Failures: 2, Interval: time.Minute}, []time.Duration{0, 0, 0}, []time.Duration{second, second, -1}},
		{"rate, slow failures", Restart{Kind: FailureRate, Failures: 1, Interval: time.Minute}, []time.Duration{time.Hour, time.Hour, time.Hour}, []time.Duration{0, 0, 0}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := restarter{Restart: tt.r}
			now := time.Unix(0, 0)
			for i, up := range tt.ups {
				now = now.Add(up)
				got, ok := r.next(now, up, 0.5)
				if !ok {
					got = -1
				}
				if got != tt.want[i] {
					t.Errorf("failure %d: %s, want %s", i, got, tt.want[i])
				}
			}
		})
	}
}
