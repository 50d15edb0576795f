package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"runtime/debug"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"github.com/weir-streams/weir/cluster"
	"github.com/weir-streams/weir/cluster/embedded"
	"github.com/weir-streams/weir/engine"
	"github.com/weir-streams/weir/flink/jobmanager"
)

// engineEnd is how long a job may take to end when the process is told to.
const engineEnd = 8 * time.Second

func engineCommand() *cobra.Command {
	var at podPlace
	c := &cobra.Command{
		Use:   "engine --dir DIR",
		Short: "Run the cluster of one job, or a session cluster (started by launchers, not by people)",
		Long: `Run the job that DIR/spec.json describes, and answer Flink's REST API at the
socket DIR/engine.sock. If it describes a session cluster, jobs are brought and
taken away with PUT and DELETE /weir/v1/jobs/JOBID. The process stays when a job
has ended, also when the job never started, so that the outcome can be read;
SIGTERM or DELETE /cluster end it. It also ends by itself when DIR is taken away.

With --listen it is the process of a pod: it answers there, its spec is the file
of --spec, and it ends when the pod does.`,
		Example: example(`weir engine --dir /var/lib/weir/clusters/6f1ed002-ab5a-4b3e-9d8c-000000000001`),
		Args:    cobra.NoArgs,
		RunE:    func(c *cobra.Command, _ []string) error { return runEngine(c.Context(), at) },
	}
	at.flags(c)
	return c
}

func runEngine(ctx context.Context, at podPlace) error {
	life, spec, err := at.enter()
	if err != nil {
		return err
	}
	secrets := &cluster.Hider{}
	secrets.Add(spec.Hidden)
	log := slog.New(slog.NewTextHandler(secrets.Writer(at.output(life)), nil))
	if spec.IsSession() {
		return runSession(ctx, life, spec, log.With("session", spec.Session), secrets)
	}
	log = log.With("job", spec.JobID)
	// Whoever connects from now on waits for the first answer.
	listener, err := life.Listen()
	if err != nil {
		return err
	}
	log.Info("engine started", "deployment", spec.DeploymentName, "parallelism", spec.Parallelism, "from", spec.SavepointLocation)
	began := time.Now()
	var job embedded.Job
	job, err = embedded.Engine(engine.New(engine.Config{Log: log}))(context.WithoutCancel(ctx), spec)
	if err != nil {
		log.Error("job cannot run", "error", err)
		job = jobmanager.FailedJob(spec.FlinkJobID(), spec.DeploymentName, began, err)
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	manager := jobmanager.New(jobmanager.Config{
		Job: job, Configuration: embedded.Configuration(spec), LogFile: life.LogFile(), Shutdown: stop,
	})
	defer manager.Close()
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return serveEngine(ctx, listener, secrets.Handler(manager)) })
	g.Go(func() error { return watchFolder(ctx, life, stop) })
	g.Go(func() error {
		err := job.Wait(ctx)
		if ctx.Err() == nil {
			log.Info("job ended", "state", job.Info().State, "error", err)
			debug.FreeOSMemory() // the process may stay for long, only to be asked
		}
		return nil
	})
	err = g.Wait()
	if !job.Info().State.Terminal() {
		job.Cancel()
		bound, cancel := context.WithTimeout(context.WithoutCancel(ctx), engineEnd)
		defer cancel()
		_ = job.Wait(bound) // what matters is only whether it has ended
	}
	if state := job.Info().State; !state.Terminal() {
		log.Warn("engine ends although the job has not", "state", state)
	}
	log.Info("engine ended", "state", job.Info().State)
	return err
}

// watchFolder ends the process when its folder is taken away.
func watchFolder(ctx context.Context, life lifeOf, stop func()) error {
	if life.Watch(ctx) != nil {
		return nil // it is ended otherwise
	}
	stop()
	return errors.New("the cluster's folder is gone: a job that nobody can find must not run")
}

// serveEngine answers until ctx ends, and lets requests in progress finish.
func serveEngine(ctx context.Context, listener net.Listener, h http.Handler) error {
	server := &http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 5 * time.Minute, MaxHeaderBytes: 64 << 10}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	select {
	case err := <-failed:
		return fmt.Errorf("serve the cluster's socket: %w", err)
	case <-ctx.Done():
	}
	bound, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer cancel()
	if err := server.Shutdown(bound); err != nil {
		_ = server.Close() // nobody may hold the process back
	}
	if err := <-failed; !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve the cluster's socket: %w", err)
	}
	return nil
}
