package engine

import (
	"context"
	"encoding/hex"
	"fmt"
	"log/slog"
	"slices"

	"github.com/weir-streams/weir/engine/checkpoint"
	"github.com/weir-streams/weir/engine/connector"
	"github.com/weir-streams/weir/engine/format"
	"github.com/weir-streams/weir/engine/function"
	"github.com/weir-streams/weir/engine/graph"
	"github.com/weir-streams/weir/engine/runtime"
	"github.com/weir-streams/weir/engine/udf"
)

// Engine compiles scripts and runs jobs. It is safe for concurrent use.
type Engine struct {
	config     Config
	log        *slog.Logger
	functions  *function.Set
	connectors []*connector.Connector
	formats    []*format.Format
	modules    *udf.Host
}

// New makes an engine with everything that is built in.
func New(c Config) *Engine {
	e := &Engine{
		config: c, log: c.Log, functions: functions(), modules: udf.NewHost(c.Dir, c.Fetch),
		connectors: slices.Concat(connectors, c.Connectors), formats: slices.Concat(formats, c.Formats),
	}
	if e.log == nil {
		e.log = slog.New(slog.DiscardHandler)
	}
	if len(c.Functions) > 0 {
		e.functions = e.functions.With()
		for _, f := range c.Functions {
			e.functions.Add(f.Name(), f.User())
		}
	}
	return e
}

// With is the engine with more connectors and formats.
func (e *Engine) With(more []*connector.Connector, formats []*format.Format) *Engine {
	with := *e
	with.connectors, with.formats = slices.Concat(e.connectors, more), slices.Concat(e.formats, formats)
	return &with
}

// Job is a job of an engine. It is safe for concurrent use.
type Job struct {
	job            *runtime.Job
	output         *output
	sources, sinks []TableInfo
}

// Start starts a job. It runs until it ends, is cancelled, or ctx ends, which
// cancels it. The error says what is wrong with the spec; a job that cannot be
// restored or fails later says so in Info and Wait.
func (e *Engine) Start(ctx context.Context, spec JobSpec) (*Job, error) {
	if b, err := hex.DecodeString(spec.ID); err != nil || len(b) != 16 {
		return nil, fmt.Errorf("job id %q: 32 hex digits expected", spec.ID)
	}
	if spec.Graph == nil {
		return nil, fmt.Errorf("job %s has no graph", spec.ID)
	}
	s, err := settingsOf(spec.Config)
	if err != nil {
		return nil, fmt.Errorf("configuration of job %s: %w", spec.ID, err)
	}
	if spec.SavepointPath == "" {
		spec.SavepointPath = s.restore
	}
	out := newOutput(spec.Graph)
	functions, release, err := e.usersOf(spec.Graph)
	if err != nil {
		return nil, fmt.Errorf("job %s: %w", spec.ID, err)
	}
	b := &builder{
		engine: e, functions: functions, collect: spec.Collect,
		print: func(rows []connector.Printed) {
			out.add(rows)
			if spec.Print != nil {
				spec.Print(rows)
			}
		},
	}
	streaming, err := b.streaming(spec.Graph)
	if err != nil {
		release()
		return nil, err
	}
	j, err := runtime.Start(ctx, runtime.Spec{
		ID: spec.ID, Name: spec.Name, Graph: spec.Graph,
		Parallelism: s.parallelism, MaxParallelism: s.maxParallelism,
		Build: b, Checkpoint: s.checkpoint, Restart: s.restart, Watchdog: s.watchdog,
		SavepointPath: spec.SavepointPath, AllowNonRestored: spec.AllowNonRestored || s.allowLost,
		Zone: s.zone, Memory: s.memory, LocalDir: s.localDir, Streaming: streaming, Log: e.log,
	})
	if err != nil {
		release()
		return nil, err
	}
	sources, sinks := tablesOf(spec.Graph)
	if len(spec.Graph.Functions) > 0 {
		go func() { // ends with the job, which every owner waits for
			_ = j.Wait(context.Background())
			release()
		}()
	}
	return &Job{job: j, output: out, sources: sources, sinks: sinks}, nil
}

// usersOf is the set of functions for a graph: the engine's, and those of its
// modules, held until release.
func (e *Engine) usersOf(g *graph.Graph) (set *function.Set, release func(), err error) {
	if len(g.Functions) == 0 {
		return e.functions, func() {}, nil
	}
	users, release, err := e.modules.Use(g.Functions)
	if err != nil {
		return nil, nil, err
	}
	set = e.functions.With()
	for i, u := range users {
		set.Add(g.Functions[i].Name, u)
	}
	return set, release, nil
}

// ID is the id given in JobSpec.
func (j *Job) ID() string { return j.job.ID() }

// Info is a picture of the job at this moment.
func (j *Job) Info() JobInfo { return j.job.Info() }

// Checkpoints is the statistics of its checkpoints.
func (j *Job) Checkpoints() Checkpoints { return j.job.Checkpoints() }

// Wait waits for the end of the job: nil when it FINISHED, ErrCanceled when it
// was cancelled, the failure otherwise; or for the end of ctx.
func (j *Job) Wait(ctx context.Context) error { return j.job.Wait(ctx) }

// ErrCanceled is the end of a job that was cancelled.
var ErrCanceled = runtime.ErrCanceled

// ErrNotAllRunning refuses a checkpoint or savepoint while tasks of a job start;
// asking again is right.
var ErrNotAllRunning = runtime.ErrNotAllRunning

// Cancel begins to end the job; Wait tells when it has ended.
func (j *Job) Cancel() { j.job.Cancel() }

// Savepoint writes a savepoint and returns where, as a file: URI. With Stop the
// job has FINISHED and its output is committed when it returns without an
// error; if the savepoint fails the job goes on. If ctx ends first the
// savepoint is taken nevertheless.
func (j *Job) Savepoint(ctx context.Context, r SavepointRequest) (path string, err error) {
	i, err := j.job.Checkpoint(ctx, checkpoint.Request{Savepoint: true, Dir: r.Dir, Stop: r.Stop, Drain: r.Stop && r.Drain})
	return i.Path, err
}

// TriggerCheckpoint takes a checkpoint now.
func (j *Job) TriggerCheckpoint(ctx context.Context) (CheckpointInfo, error) {
	return j.job.Checkpoint(ctx, checkpoint.Request{})
}

// Checkpoint takes a checkpoint now and returns its number.
func (j *Job) Checkpoint(ctx context.Context) (id int64, err error) {
	i, err := j.TriggerCheckpoint(ctx)
	return i.ID, err
}

// Output returns of each printed table at most limit rows with numbers greater
// than after, oldest first; with a negative after, the newest. 1000 rows of each
// table are kept.
func (j *Job) Output(after int64, limit int) []OutputTable { return j.output.since(after, limit) }
