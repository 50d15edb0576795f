package rehearsal

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/weir-streams/weir/engine"
)

// patience is how long a run may hang before it counts as stuck. Results never
// depend on it.
const patience = 2 * time.Minute

// Way is one of the ways a job is run.
type Way struct {
	Name string // one, three, savepoint, recover, chain
	Doc  string
	run  func(r *runner) error
}

// Ways are all of them. The first is a run that nothing disturbs, on one task.
var Ways = []Way{
	{"one", "one task", func(r *runner) error { return r.straight(1) }},
	{"three", "three tasks", func(r *runner) error { return r.straight(3) }},
	{"savepoint", "two tasks, stopped with a savepoint in the middle, restored on three", (*runner).savepoint},
	{"recover", "two tasks, failed after a checkpoint in the middle, recovered", (*runner).recover},
	{"chain", "two tasks, failed after three checkpoints of which each may hold what changed since the one before, recovered", (*runner).chain},
}

// WaysNamed finds ways by their names; no names are all.
func WaysNamed(names []string) ([]Way, error) {
	if len(names) == 0 {
		return Ways, nil
	}
	var out []Way
	for _, n := range names {
		i := slices.IndexFunc(Ways, func(w Way) bool { return w.Name == n })
		if i < 0 {
			all := make([]string, len(Ways))
			for k, w := range Ways {
				all[k] = w.Name
			}
			return nil, fmt.Errorf("no way %q; there are %s", n, strings.Join(all, ", "))
		}
		out = append(out, Ways[i])
	}
	return out, nil
}

// runner runs a program once, one way.
type runner struct {
	*Stage
	ctx  context.Context // of the run
	dir  string
	jobs int
}

// Run runs the job one way, with its checkpoints in a folder of its own, until
// its input is read. The error says why it failed. A job that is given no row
// has no middle, and runs the first way whatever was asked.
func (s *Stage) Run(ctx context.Context, w Way, dir string) ([]Output, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	if !slices.ContainsFunc(s.Used, func(name string) bool { f := s.world.feeds[name]; return f != nil && len(f.Rows) > 0 }) {
		w = Ways[0]
	}
	s.world.reset()
	ctx, cancel := context.WithTimeoutCause(ctx, patience, fmt.Errorf("the run is stuck after %s", patience))
	defer cancel()
	if err := w.run(&runner{Stage: s, dir: dir, ctx: ctx}); err != nil {
		return nil, err
	}
	out := slices.Clone(s.outputs)
	for i := range out {
		out[i].Changes = s.world.written(out[i].name)
	}
	return out, nil
}

// outside are the settings of a job that say where and when it keeps its state
// and how it fails, which are the rehearsal's here.
var outside = []string{"execution.checkpointing.", "execution.savepoint.", "state.checkpoint", "state.savepoints.", "restart-strategy"}

// start starts the plan as a job of its own.
func (r *runner) start(ctx context.Context, parallelism int, savepoint string, config map[string]string) (*engine.Job, error) {
	c := maps.Clone(r.Plan.Config)
	maps.DeleteFunc(c, func(k, _ string) bool {
		return slices.ContainsFunc(outside, func(p string) bool { return strings.HasPrefix(k, p) })
	})
	if r.program.Serial {
		parallelism = 1
	}
	c["parallelism.default"] = strconv.Itoa(parallelism)
	c["execution.checkpointing.dir"] = r.dir + "/checkpoints"
	c["restart-strategy.type"] = "none"
	maps.Copy(c, config)
	r.jobs++
	id := sha256.Sum256([]byte(r.dir + strconv.Itoa(r.jobs)))
	return r.engine.Start(ctx, engine.JobSpec{ID: hex.EncodeToString(id[:16]), Name: r.Plan.Name, Graph: r.Plan.Graph, Config: c, SavepointPath: savepoint})
}

func (r *runner) straight(parallelism int) error {
	ctx := r.ctx
	job, err := r.start(ctx, parallelism, "", nil)
	if err != nil {
		return err
	}
	return job.Wait(ctx)
}

// halfway starts the job and waits until every feed stands at its gate.
func (r *runner) halfway(ctx context.Context, parallelism int, config map[string]string) (*engine.Job, error) {
	return r.until(ctx, 2, parallelism, config)
}

// until starts the job and waits until every feed stands at its gate, after some
// quarters of it.
func (r *runner) until(ctx context.Context, quarters, parallelism int, config map[string]string) (*engine.Job, error) {
	r.world.halt(quarters)
	job, err := r.start(ctx, parallelism, "", config)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	go func() { // ends with ctx at the latest: cancel runs when this function returns
		if err := job.Wait(ctx); err != nil {
			cancel(fmt.Errorf("the job ended: %w", err))
		} else {
			cancel(fmt.Errorf("the job ended before its input"))
		}
	}()
	if err := r.world.halted(ctx, r.Used); err != nil {
		return nil, err
	}
	return job, nil
}

// running does what needs all tasks to run: a source stands at its gate before
// the last of them does.
func running(ctx context.Context, do func() error) error {
	for {
		err := do()
		if !errors.Is(err, engine.ErrNotAllRunning) {
			return err
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(time.Millisecond):
		}
	}
}

// savepoint stops at 2 tasks in the middle of the input and goes on with 3.
func (r *runner) savepoint() error {
	ctx := r.ctx
	job, err := r.halfway(ctx, 2, nil)
	if err != nil {
		return err
	}
	path := ""
	err = running(ctx, func() error {
		path, err = job.Savepoint(ctx, engine.SavepointRequest{Dir: r.dir + "/savepoints", Stop: true})
		return err
	})
	if err != nil {
		return fmt.Errorf("stop with a savepoint: %w", err)
	}
	if err := job.Wait(ctx); err != nil {
		return fmt.Errorf("the job stopped with a savepoint: %w", err)
	}
	r.world.release(false)
	job, err = r.start(ctx, 3, path, nil)
	if err != nil {
		return fmt.Errorf("restore at parallelism 3: %w", err)
	}
	if err := job.Wait(ctx); err != nil {
		return fmt.Errorf("after the restore: %w", err)
	}
	return nil
}

// recover takes a checkpoint in the middle, fails later, and goes on from it.
func (r *runner) recover() error {
	ctx := r.ctx
	job, err := r.halfway(ctx, 2, map[string]string{
		"restart-strategy.type": "fixed-delay", "restart-strategy.fixed-delay.attempts": "3", "restart-strategy.fixed-delay.delay": "0 ms",
	})
	if err != nil {
		return err
	}
	if err := running(ctx, func() error { _, err := job.TriggerCheckpoint(ctx); return err }); err != nil {
		return fmt.Errorf("take a checkpoint: %w", err)
	}
	r.world.release(true)
	if err := job.Wait(ctx); err != nil {
		return fmt.Errorf("after the injected failure: %w", err)
	}
	if n := job.Info().Restarts; n != 1 {
		return fmt.Errorf("the job restarted %d times, not once", n)
	}
	return nil
}

// chain takes a checkpoint after each quarter, each of which may hold only what
// changed since the one before; it fails later, and goes on from all of them.
func (r *runner) chain() error {
	ctx := r.ctx
	job, err := r.until(ctx, 1, 2, map[string]string{
		"restart-strategy.type": "fixed-delay", "restart-strategy.fixed-delay.attempts": "3", "restart-strategy.fixed-delay.delay": "0 ms",
	})
	if err != nil {
		return err
	}
	for quarters := 1; quarters <= 3; quarters++ {
		if quarters > 1 {
			r.world.halt(quarters)
			if err := r.world.halted(ctx, r.Used); err != nil {
				return err
			}
		}
		err := running(ctx, func() error { _, err := job.TriggerCheckpoint(ctx); return err })
		if err != nil {
			return fmt.Errorf("take checkpoint %d: %w", quarters, err)
		}
	}
	r.world.release(true)
	if err := job.Wait(ctx); err != nil {
		return fmt.Errorf("after the injected failure: %w", err)
	}
	if n := job.Info().Restarts; n != 1 {
		return fmt.Errorf("the job restarted %d times, not once", n)
	}
	return nil
}
