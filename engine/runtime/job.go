// Package runtime runs a graph: it makes tasks of vertices, connects them,
// starts them again from the latest checkpoint when they fail, and tells how
// they do.
//
// The rule: an attempt has ended only when every goroutine of it has; the next
// one never runs beside it.
package runtime

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"github.com/weir-streams/weir/engine/checkpoint"
	"github.com/weir-streams/weir/engine/function"
	"github.com/weir-streams/weir/engine/graph"
)

// Spec is what to run and how.
type Spec struct {
	ID, Name       string
	Graph          *graph.Graph
	Parallelism    int
	MaxParallelism int // number of key groups; 0: that of the state restored, else DefaultMaxParallelism
	Build          Builder
	Checkpoint     checkpoint.Config
	Restart        Restart
	Watchdog       Watchdog
	// SavepointPath is what to start from; empty: nothing.
	SavepointPath    string
	AllowNonRestored bool
	Zone             *function.Zone
	Memory           int64 // bytes of state; 0: half of the process's memory, shared with other such jobs
	// LocalDir is the folder for state that is over Memory; empty: it is refused.
	LocalDir  string
	Streaming bool // for people
	Log       *slog.Logger
}

// DefaultMaxParallelism is the number of key groups if nobody said another.
const DefaultMaxParallelism = 128

// Job is a job that was started.
type Job struct {
	spec           Spec
	log            *slog.Logger
	maxParallelism int
	canceled       chan struct{}
	cancelOnce     sync.Once
	done           chan struct{} // closed when it is terminal

	mu          sync.Mutex
	state       State
	start, end  time.Time
	timestamps  map[State]time.Time
	restarts    int
	failures    []FailureInfo
	err         error
	history     *checkpoint.History
	coordinator *checkpoint.Coordinator // while all tasks run
	attempt     *attempt
}

// Start starts a job. It goes on until it ends, is cancelled, or ctx ends,
// which cancels it. An error says that the spec is wrong; all that happens
// later is seen in Info and Wait.
func Start(ctx context.Context, spec Spec) (*Job, error) {
	if err := spec.check(); err != nil {
		return nil, err
	}
	if spec.Log == nil {
		spec.Log = slog.New(slog.DiscardHandler)
	}
	if spec.Checkpoint.Timeout <= 0 {
		spec.Checkpoint.Timeout = 10 * time.Minute
	}
	if spec.Restart.Kind == "" {
		spec.Restart.Kind = NoRestart
	}
	if spec.Zone == nil {
		spec.Zone = &function.Zone{Name: "UTC", Location: time.UTC}
	}
	j := &Job{
		spec: spec, log: spec.Log.With("job", spec.ID), canceled: make(chan struct{}), done: make(chan struct{}),
		start: time.Now(), timestamps: map[State]time.Time{}, maxParallelism: spec.MaxParallelism,
	}
	if j.maxParallelism == 0 {
		j.maxParallelism = DefaultMaxParallelism
	}
	j.enter(Initializing)
	go func() {
		defer close(j.done)
		stop := context.AfterFunc(ctx, j.Cancel)
		defer stop()
		j.run()
	}()
	return j, nil
}

// ID is the job's id.
func (j *Job) ID() string { return j.spec.ID }

// Cancel asks the job to end. It returns at once; Wait tells when it has.
func (j *Job) Cancel() { j.cancelOnce.Do(func() { close(j.canceled) }) }

// ErrCanceled is the end of a job that was cancelled.
var ErrCanceled = errors.New("the job was cancelled")

// ErrNotAllRunning is returned by Checkpoint of a running job while some of its
// tasks start; in Flink's words.
var ErrNotAllRunning = errors.New("not all required tasks are currently running")

// Wait waits for the job's end: nil when it has FINISHED.
func (j *Job) Wait(ctx context.Context) error {
	select {
	case <-j.done:
		j.mu.Lock()
		defer j.mu.Unlock()
		return j.err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Checkpoints is the statistics of the job's checkpoints.
func (j *Job) Checkpoints() checkpoint.Stats {
	j.mu.Lock()
	h := j.history
	j.mu.Unlock()
	if h == nil {
		return checkpoint.Stats{Enabled: j.spec.Checkpoint.Interval > 0, Interval: j.spec.Checkpoint.Interval, Timeout: j.spec.Checkpoint.Timeout}
	}
	return h.Stats()
}

// Checkpoint takes a checkpoint or savepoint and waits for it. With r.Stop it
// waits until the job has FINISHED. If ctx ends first the request goes on.
func (j *Job) Checkpoint(ctx context.Context, r checkpoint.Request) (checkpoint.Info, error) {
	j.mu.Lock()
	c, s := j.coordinator, j.state
	j.mu.Unlock()
	if c == nil {
		if s == Running {
			return checkpoint.Info{}, ErrNotAllRunning
		}
		return checkpoint.Info{}, fmt.Errorf("the job is %s", s)
	}
	i, err := c.Request(ctx, r)
	if err == nil && r.Stop {
		if err := j.Wait(ctx); err != nil {
			return i, fmt.Errorf("savepoint is complete at %s, but the job did not finish: %w", i.Path, err)
		}
	}
	return i, err
}

func (j *Job) enter(s State) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.state == s {
		return
	}
	j.state = s
	j.timestamps[s] = time.Now()
	if s.Terminal() {
		j.end = j.timestamps[s]
	}
}

func (j *Job) isCanceled() bool {
	select {
	case <-j.canceled:
		return true
	default:
		return false
	}
}

// run is the life of the job.
func (j *Job) run() {
	defer collector.begin(j.spec.Memory)()
	err := j.attempts()
	switch {
	case err == nil:
		j.finish(Finished, nil)
	case errors.Is(err, ErrCanceled):
		j.enter(Cancelling)
		j.finish(Canceled, ErrCanceled)
	default:
		j.enter(Failing)
		j.finish(Failed, err)
	}
}

func (j *Job) finish(s State, err error) {
	j.mu.Lock()
	h := j.history
	j.err = err
	j.mu.Unlock()
	if h != nil {
		h.End(s == Finished, s == Canceled)
	}
	j.enter(s)
	if err != nil && s == Failed {
		j.log.Error("job failed", "error", err)
	} else {
		j.log.Info("job ended", "state", s)
	}
}

// attempts runs the job until it ends for good.
func (j *Job) attempts() error {
	initial, err := j.open()
	if err != nil {
		j.fail("", err)
		return err
	}
	again := restarter{Restart: j.spec.Restart}
	for n := 0; ; n++ {
		latest := j.history.Latest()
		restore := latest
		if restore == nil {
			restore = initial
		}
		began := time.Now()
		err := j.try(n, restore)
		if err != nil && latest != nil && errors.Is(err, checkpoint.ErrDamaged) && !j.isCanceled() {
			if err := j.goBack(latest, err); err != nil {
				return err
			}
			continue
		}
		var final *finalError
		switch {
		case err == nil:
			return nil
		case j.isCanceled():
			return ErrCanceled
		case errors.As(err, &final):
			return err
		}
		delay, ok := again.next(time.Now(), time.Since(began), rand.Float64())
		if !ok && n == 0 {
			return err // it was never to be started again
		}
		if !ok {
			return fmt.Errorf("given up after %d restarts, by restart strategy %s: %w", n, j.spec.Restart.Kind, err)
		}
		j.enter(Restarting)
		j.log.Warn("job restarts", "delay", delay, "attempt", n+1, "error", err)
		select {
		case <-time.After(delay):
		case <-j.canceled:
			return ErrCanceled
		}
		j.mu.Lock()
		j.restarts++
		j.mu.Unlock()
	}
}

// goBack makes an older checkpoint the latest, since the latest is damaged.
func (j *Job) goBack(s checkpoint.State, cause error) error {
	older := j.history.Condemn(s)
	if older == nil {
		err := fmt.Errorf("checkpoint %d (%s) is damaged, and there is no older one to go back to (execution.checkpointing.num-retained keeps more): %w", s.ID(), s.Path(), cause)
		j.fail("", err)
		return err
	}
	j.fail("", fmt.Errorf("checkpoint %d (%s) is damaged: the job goes back to checkpoint %d (%s), and output since then may be written again: %w", s.ID(), s.Path(), older.ID(), older.Path(), cause))
	j.log.Error("damaged checkpoint: the job goes back to an older one", "damaged", s.Path(), "restored", older.Path(), "error", cause)
	j.enter(Restarting)
	j.mu.Lock()
	defer j.mu.Unlock()
	j.restarts++
	return nil
}

// Final marks an error of an operator as one that trying again cannot mend: the
// job fails whatever its restart strategy.
func Final(err error) error { return &finalError{err} }

type finalError struct{ err error }

func (e *finalError) Error() string { return e.err.Error() }
func (e *finalError) Unwrap() error { return e.err }

// open reads the state to start from and checks that it fits.
func (j *Job) open() (checkpoint.State, error) {
	var initial checkpoint.State
	if j.spec.SavepointPath != "" {
		s, err := checkpoint.OpenIn(j.spec.SavepointPath, j.spec.Checkpoint.Storage)
		if err != nil {
			err = fmt.Errorf("start from %s: %w", j.spec.SavepointPath, err)
			if others := checkpoint.Beside(j.spec.SavepointPath, j.spec.Checkpoint.Storage); len(others) > 0 {
				err = fmt.Errorf("%w; older ones beside it can be opened, newest first: %s", err, joined(others))
			}
			return nil, err
		}
		initial = s
		if j.spec.MaxParallelism != 0 && j.spec.MaxParallelism != s.MaxParallelism() {
			return nil, fmt.Errorf("start from %s: it has max parallelism %d, pipeline.max-parallelism is %d; it cannot be changed", j.spec.SavepointPath, s.MaxParallelism(), j.spec.MaxParallelism)
		}
		j.mu.Lock()
		j.maxParallelism = s.MaxParallelism()
		j.mu.Unlock()
		if initial, err = j.fit(s); err != nil {
			return nil, fmt.Errorf("start from %s: %w", j.spec.SavepointPath, err)
		}
	}
	for i := range j.spec.Graph.Vertices {
		v := &j.spec.Graph.Vertices[i]
		if p := j.spec.parallelism(v); p > j.maxParallelism {
			return nil, fmt.Errorf("parallelism of %q is %d, more than the max parallelism of %d", v.Name, p, j.maxParallelism)
		}
	}
	h, err := checkpoint.NewHistory(j.spec.ID, j.spec.Name, j.maxParallelism, j.spec.Checkpoint, j.log)
	if err != nil {
		return nil, err
	}
	j.mu.Lock()
	j.history = h
	j.mu.Unlock()
	return initial, nil
}

// fit gives what of a state the graph takes. State that no operator takes is
// an error, or left out if it may be.
func (j *Job) fit(s checkpoint.State) (checkpoint.State, error) {
	wants, err := j.spec.Wants()
	if err != nil {
		return nil, err
	}
	var lost []string
	gone := map[string]bool{}
	for _, v := range checkpoint.Compare(s.Operators(), wants) {
		if v.Fate == checkpoint.Lost {
			gone[v.UID] = true
			lost = append(lost, fmt.Sprintf("%q (uid %s, %d rows, %d items): %s", v.Name, v.UID, v.Rows, v.Items, v.Reason))
		}
	}
	if len(lost) == 0 || j.spec.AllowNonRestored {
		return checkpoint.InForm(checkpoint.Without(s, gone), wants), nil
	}
	slices.Sort(lost)
	return nil, fmt.Errorf("it has state that no operator of the job takes: %s; allow non-restored state to drop it", joined(lost))
}

func joined(s []string) string {
	out := ""
	for i, x := range s {
		if i > 0 {
			out += ", "
		}
		if i == 8 {
			return out + fmt.Sprintf("and %d more", len(s)-i)
		}
		out += x
	}
	return out
}

// fail records a failure.
func (j *Job) fail(task string, err error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.failures = slices.Insert(j.failures, 0, FailureInfo{Message: err.Error(), Task: task, At: time.Now()})
	j.failures = j.failures[:min(len(j.failures), keptFailures)]
}
