package enginetest

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/weir-streams/weir/engine"
	"github.com/weir-streams/weir/engine/connector"
	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/graph"
)

// patience is how long a run may hang before it counts as stuck. Results never
// depend on it.
const patience = 2 * time.Minute

// way is one of the ways a query is run.
type way struct {
	name string
	run  func(r *runner) error
}

// The ways. The first one's result is what a script shows.
var ways = []way{
	{"one", func(r *runner) error { return r.straight(1) }},
	{"three", func(r *runner) error { return r.straight(3) }},
	{"savepoint", (*runner).savepoint},
	{"recover", (*runner).recover},
	{"chain", (*runner).chain},
}

// program is a query with all it needs.
type program struct {
	feeds  []*feed
	setup  []string // DDL and SET before the query
	query  string
	config map[string]string
	// serial runs every way with one task: where rows are late, more tasks see
	// them late or not by chance, as in Flink.
	serial bool
}

// outcome is what a run of a program gave.
type outcome struct {
	columns []data.Column
	changes []change
}

// runner runs a program once, one way.
type runner struct {
	program
	world   *world
	engine  *engine.Engine
	plan    *engine.Plan
	used    []string // feeds that are read
	columns []data.Column
	dir     string
	jobs    int
}

// run runs a program one way in a folder of its own. The error says why the
// query was refused or failed.
func run(p program, w way, dir string) (outcome, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return outcome{}, err
	}
	r, err := prepare(p, dir)
	if err != nil {
		return outcome{}, err
	}
	if len(r.used) == 0 { // literal rows: there is no middle to stop in
		w = ways[0]
	}
	if err := w.run(r); err != nil {
		return outcome{}, err
	}
	return outcome{columns: r.columns, changes: r.world.result()}, nil
}

// prepare plans a program.
func prepare(p program, dir string) (*runner, error) {
	zone := time.UTC
	if name := p.config["table.local-time-zone"]; name != "" {
		var err error
		if zone, err = time.LoadLocation(name); err != nil {
			return nil, fmt.Errorf("time zone of the test: %w", err)
		}
	}
	r := &runner{program: p, world: newWorld(p.feeds), dir: dir}
	r.engine = engine.New(engine.Config{
		Dir:        dir,
		Connectors: []*connector.Connector{feedConnector(r.world), captureConnector(r.world, zone)},
		Formats:    rowFormats,
	})
	var err error
	r.columns, err = r.compile()
	return r, err
}

// compile plans the query and turns its collect sink into ours, which commits
// with checkpoints.
func (r *runner) compile() ([]data.Column, error) {
	script := ""
	for _, f := range r.feeds {
		kind := "rows"
		if f.updates {
			kind = "ops"
		}
		script += fmt.Sprintf("CREATE TABLE %s (%s) WITH ('connector' = 'feed', 'name' = '%s', 'format' = '%s');\n", f.name, f.columns, f.name, kind)
	}
	for _, s := range r.setup {
		script += s + ";\n"
	}
	var err error
	if r.plan, err = r.engine.Compile(script+r.query, r.config); err != nil {
		return nil, err
	}
	var columns []data.Column
	for _, v := range r.plan.Graph.Vertices {
		for i := range v.Ops {
			op := &v.Ops[i]
			if op.Source != nil {
				r.used = append(r.used, op.Source.Table.Name)
			}
			if op.Sink != nil && op.Sink.Table.Connector == "collect" {
				op.Sink.Table = graph.Table{Name: "result", Connector: "capture", Columns: op.Schema}
				columns = op.Schema
			}
		}
	}
	if columns == nil {
		return nil, fmt.Errorf("the query has no result")
	}
	return columns, nil
}

// start starts the plan as a job of its own.
func (r *runner) start(ctx context.Context, parallelism int, savepoint string, config map[string]string) (*engine.Job, error) {
	c := maps.Clone(r.plan.Config)
	if c == nil {
		c = map[string]string{}
	}
	if r.serial {
		parallelism = 1
	}
	c["parallelism.default"] = strconv.Itoa(parallelism)
	c["execution.checkpointing.dir"] = r.dir + "/checkpoints"
	maps.Copy(c, config)
	r.jobs++
	id := sha256.Sum256([]byte(r.dir + strconv.Itoa(r.jobs)))
	return r.engine.Start(ctx, engine.JobSpec{ID: hex.EncodeToString(id[:16]), Name: "test", Graph: r.plan.Graph, Config: c, SavepointPath: savepoint})
}

func (r *runner) straight(parallelism int) error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
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
	if err := r.world.halted(ctx, r.used); err != nil {
		return nil, err
	}
	return job, nil
}

// savepoint stops at 2 tasks in the middle of the input and goes on with 3.
func (r *runner) savepoint() error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	job, err := r.halfway(ctx, 2, nil)
	if err != nil {
		return err
	}
	path, err := job.Savepoint(ctx, engine.SavepointRequest{Dir: r.dir + "/savepoints", Stop: true})
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
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	job, err := r.halfway(ctx, 2, map[string]string{
		"restart-strategy.type": "fixed-delay", "restart-strategy.fixed-delay.attempts": "3", "restart-strategy.fixed-delay.delay": "0 ms",
	})
	if err != nil {
		return err
	}
	if _, err := job.TriggerCheckpoint(ctx); err != nil {
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
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	job, err := r.until(ctx, 1, 2, map[string]string{
		"restart-strategy.type": "fixed-delay", "restart-strategy.fixed-delay.attempts": "3", "restart-strategy.fixed-delay.delay": "0 ms",
	})
	if err != nil {
		return err
	}
	for quarters := 1; quarters <= 3; quarters++ {
		if quarters > 1 {
			r.world.halt(quarters)
			if err := r.world.halted(ctx, r.used); err != nil {
				return err
			}
		}
		_, err := job.TriggerCheckpoint(ctx)
		for quarters == 1 && err != nil && strings.Contains(err.Error(), "not all required tasks") { // sources look before all run
			time.Sleep(time.Millisecond)
			_, err = job.TriggerCheckpoint(ctx)
		}
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

// wayNamed finds ways by name; no names are all.
func waysNamed(names []string) ([]way, error) {
	if len(names) == 0 {
		return ways, nil
	}
	var out []way
	for _, n := range names {
		i := slices.IndexFunc(ways, func(w way) bool { return w.name == n })
		if i < 0 {
			return nil, fmt.Errorf("no way %q", n)
		}
		out = append(out, ways[i])
	}
	return out, nil
}
