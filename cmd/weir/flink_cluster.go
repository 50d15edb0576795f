package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"github.com/weir-streams/weir/cluster"
	"github.com/weir-streams/weir/cluster/embedded"
	"github.com/weir-streams/weir/cluster/process"
	"github.com/weir-streams/weir/cluster/standalone"
	"github.com/weir-streams/weir/flink/distribution"
	"github.com/weir-streams/weir/flink/jobmanager"
)

// flinkJarPlaces are where jars besides Flink's own come from.
type flinkJarPlaces struct{ folder, repository string }

func flinkClusterCommand() *cobra.Command {
	var dir, jars, repository string
	var homes []string
	c := &cobra.Command{
		Use:   "cluster --dir DIR",
		Short: "Run a Flink cluster (started by launchers, not by people)",
		Long: `Run the Flink cluster that DIR/spec.json describes: a JobManager, its TaskManagers,
and the job. Flink's REST API is answered at the socket DIR/engine.sock; logs are in
DIR/logs. SIGTERM or DELETE /cluster end all processes, and so does the end of this one.`,
		Example: example(`weir flink cluster --dir /var/lib/weir/flink-clusters/6f1ed002-ab5a-4b3e-9d8c-000000000001 --home /var/lib/weir/flink`),
		Args:    cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return runFlinkCluster(c.Context(), dir, flinkJarPlaces{folder: jars, repository: repository}, homes)
		},
	}
	c.Flags().StringVar(&dir, "dir", "", "folder of the cluster, with its spec.json")
	c.Flags().StringArrayVar(&homes, "home", nil, "folder with an installation of Flink, or with several")
	c.Flags().StringVar(&jars, "jars", "", "folder of jars that all clusters get, such as connectors")
	c.Flags().StringVar(&repository, "repository", "", "Maven repository of jars that deployments name; empty: the public one")
	_ = c.MarkFlagRequired("dir") // the flag is defined right above
	return c
}

func runFlinkCluster(ctx context.Context, dir string, from flinkJarPlaces, places []string) error {
	life, err := process.Enter(dir)
	if err != nil {
		return err
	}
	return serveFlink(ctx, life, life.Spec, os.Stderr, flinkParts{from: from, places: places, lock: life.Lock()})
}

// flinkParts are what a Flink cluster is made of.
type flinkParts struct {
	from   flinkJarPlaces
	places []string
	lock   *os.File        // held by all processes; nil: by none
	pod    *standalone.Pod // this process's; nil: all processes are here
}

// serveFlink runs the Flink cluster of a spec until it is asked to end, or
// its JobManager has ended.
func serveFlink(ctx context.Context, life lifeOf, spec cluster.Spec, output io.Writer, parts flinkParts) error {
	secrets := &cluster.Hider{}
	secrets.Add(spec.Hidden)
	log := slog.New(slog.NewTextHandler(secrets.Writer(output), nil)).With("cluster", spec.Incarnation())
	listener, err := life.Listen()
	if err != nil {
		return err
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	front := &flinkFront{life: life}
	flinkCluster, err := prepareFlink(ctx, life, spec, parts, front, secrets, log)
	if err != nil {
		log.Error("Flink cannot be started", "error", err)
		// The job has failed, which somebody must be able to read.
		return serveRefusal(ctx, life, spec, front, err, secrets, func(h http.Handler) error { return serveEngine(ctx, listener, h) }, stop)
	}
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return serveEngine(ctx, listener, secrets.Handler(flinkCluster)) })
	g.Go(func() error { return watchFolder(ctx, life, stop) })
	g.Go(func() error {
		defer stop()
		return flinkCluster.Run(ctx)
	})
	err = g.Wait()
	log.Info("Flink cluster ended", "error", err)
	return err
}

func prepareFlink(ctx context.Context, life lifeOf, spec cluster.Spec, parts flinkParts, front *flinkFront, secrets *cluster.Hider, log *slog.Logger) (*standalone.Cluster, error) {
	homes, err := distribution.Find(parts.places...)
	if err != nil {
		return nil, err
	}
	home, err := distribution.Pick(homes, spec.Artifact.Engine)
	if err != nil {
		return nil, err
	}
	java, err := distribution.FindJava(ctx)
	if err != nil {
		return nil, err
	}
	for _, p := range distribution.Check(home, java) {
		if p.Fatal {
			return nil, fmt.Errorf("%s; %s", p.What, p.Mend)
		}
	}
	var jars []string
	if parts.from.folder != "" {
		if jars, err = flinkJars(parts.from.folder); err != nil {
			return nil, err
		}
	}
	self, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("find this program: %w", err)
	}
	more, err := dependencies(ctx, spec.Artifact.Dependencies, parts.from, log)
	if err != nil {
		return nil, err
	}
	jars = append(jars, more...)
	log.Info("Flink cluster starts", "version", home.Version, "java", java.Version, "deployment", spec.DeploymentName, "parallelism", spec.Parallelism, "from", spec.SavepointLocation)
	return standalone.New(standalone.Config{
		Dir: life.StateDir(), Spec: spec, Home: home, Java: java, Jars: jars, Life: parts.lock, Pod: parts.pod, Waiting: front.waiting, Hide: secrets.Add, Log: log,
		Fetch: func(ctx context.Context, f cluster.File) error { return fetchFile(ctx, self, f) },
	})
}

// dependencies are the jars that a program needs besides, those of Maven
// fetched into a folder beside the one of jars, once.
func dependencies(ctx context.Context, all []string, from flinkJarPlaces, log *slog.Logger) ([]string, error) {
	var jars []string
	for _, d := range all {
		coordinates, maven := strings.CutPrefix(d, "maven:")
		if maven {
			path, err := distribution.FetchJar(ctx, distribution.Jar{
				Coordinates: coordinates, Dir: filepath.Join(filepath.Dir(from.folder), "maven"), Repository: from.repository,
				Progress: func(what string) { log.Info(what) },
			})
			if err != nil {
				return nil, fmt.Errorf("artifact.additionalDependencies: %w", err)
			}
			d = path
		}
		jars = append(jars, d)
	}
	return jars, nil
}

// flinkFront answers for jobs that Flink does not have, as our engine's
// JobManager does.
type flinkFront struct{ life lifeOf }

func (f *flinkFront) waiting(w standalone.Waiting) http.Handler {
	config := jobmanager.Config{Configuration: embedded.Configuration(w.Spec), LogFile: f.life.LogFile()}
	if id := w.Spec.FlinkJobID(); id != "" {
		switch {
		case w.Canceled:
			config.Job = jobmanager.CanceledJob(id, w.Spec.DeploymentName, w.Since)
		case w.Refused != nil:
			config.Job = jobmanager.FailedJob(id, w.Spec.DeploymentName, w.Since, w.Refused)
		default:
			config.Job = jobmanager.StartingJob(id, w.Spec.DeploymentName, w.Since, w.Cancel)
		}
	}
	return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		m := jobmanager.New(config)
		defer m.Close()
		m.ServeHTTP(rw, r)
	})
}

// serveRefusal answers with a failed job until somebody ends the cluster. A
// session cluster that cannot start has nothing to tell but that.
func serveRefusal(ctx context.Context, life lifeOf, spec cluster.Spec, front *flinkFront, why error, secrets *cluster.Hider, serve func(http.Handler) error, stop func()) error {
	if spec.IsSession() {
		return why
	}
	refused := front.waiting(standalone.Waiting{Spec: spec, Refused: why})
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodDelete && (r.URL.Path == "/cluster" || r.URL.Path == "/v1/cluster") {
			defer stop()
		}
		refused.ServeHTTP(w, r)
	})
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return serve(secrets.Handler(handler)) })
	g.Go(func() error { return watchFolder(ctx, life, stop) })
	return g.Wait()
}
