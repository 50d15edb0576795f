package main

import (
	"context"
	"log/slog"
	"runtime/debug"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/weir-streams/weir/cluster"
	"github.com/weir-streams/weir/cluster/embedded"
	"github.com/weir-streams/weir/engine"
	"github.com/weir-streams/weir/flink/jobmanager"
)

// runSession is the process of a session cluster: no job of its own, and any
// number that clients bring.
func runSession(ctx context.Context, life lifeOf, spec cluster.Spec, log *slog.Logger, secrets *cluster.Hider) error {
	listener, err := life.Listen()
	if err != nil {
		return err
	}
	log.Info("session cluster started", "name", spec.DeploymentName)
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	manager := jobmanager.New(jobmanager.Config{
		Submit: embedded.Submit(spec.Session, startOnSession(log, secrets)), Configuration: embedded.Configuration(spec),
		LogFile: life.LogFile(), Shutdown: stop,
	})
	defer manager.Close()
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return serveEngine(ctx, listener, secrets.Handler(manager)) })
	g.Go(func() error { return watchFolder(ctx, life, stop) })
	err = g.Wait()
	bound, cancel := context.WithTimeout(context.WithoutCancel(ctx), engineEnd)
	defer cancel()
	if left := manager.EndJobs(bound); left > 0 {
		log.Warn("session cluster ends although jobs have not", "jobs", left)
	}
	log.Info("session cluster ended")
	return err
}

// startOnSession starts each job with an engine of its own, so that its lines
// in the log name it.
func startOnSession(log *slog.Logger, secrets *cluster.Hider) embedded.Start {
	return func(ctx context.Context, spec cluster.Spec) (embedded.Job, error) {
		secrets.Add(spec.Hidden)
		log := log.With("job", spec.JobID)
		log.Info("job brought", "deployment", spec.DeploymentName, "parallelism", spec.Parallelism, "from", spec.SavepointLocation)
		job, err := embedded.Engine(engine.New(engine.Config{Log: log}))(ctx, spec)
		if err != nil {
			log.Error("job cannot run", "error", err)
			return nil, err
		}
		return &told{Job: job, log: log}, nil
	}
}

// told is a job that says in the log how it ended.
type told struct {
	embedded.Job
	log  *slog.Logger
	once sync.Once
}

// Wait waits for the job's end.
func (t *told) Wait(ctx context.Context) error {
	err := t.Job.Wait(ctx)
	if ctx.Err() == nil {
		t.once.Do(func() {
			t.log.Info("job ended", "state", t.Info().State, "error", err)
			debug.FreeOSMemory()
		})
	}
	return err
}
