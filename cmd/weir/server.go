package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"github.com/weir-streams/weir/cluster"
	"github.com/weir-streams/weir/cluster/embedded"
	"github.com/weir-streams/weir/cluster/process"
	"github.com/weir-streams/weir/control"
	"github.com/weir-streams/weir/control/autopilot"
	"github.com/weir-streams/weir/control/deployment"
	"github.com/weir-streams/weir/control/job"
	"github.com/weir-streams/weir/control/namespace"
	"github.com/weir-streams/weir/control/savepoint"
	"github.com/weir-streams/weir/control/sessioncluster"
	"github.com/weir-streams/weir/control/usage"
	"github.com/weir-streams/weir/engine"
	"github.com/weir-streams/weir/engine/storage"
	"github.com/weir-streams/weir/flink/jobmanager"
	"github.com/weir-streams/weir/resource"
	"github.com/weir-streams/weir/server"
	"github.com/weir-streams/weir/server/gateway"
	platformapi "github.com/weir-streams/weir/server/platform"
	"github.com/weir-streams/weir/server/rest"
	"github.com/weir-streams/weir/store"
	"github.com/weir-streams/weir/telemetry"
	"github.com/weir-streams/weir/web"
)

func serverCommand(s *session) *cobra.Command {
	var printOnly bool
	all := settings(s.getenv)
	c := &cobra.Command{
		Use:   "server",
		Short: "Run the platform: API, UI and controllers",
		Long: "Run the platform: API, UI and controllers. Prints one line with the URL when it answers. SIGTERM stops the server and leaves the\n" +
			"jobs of local processes running; the next start finds them again. Flags are stronger than the environment, that than the file.",
		Example: example(`weir server
weir server --demo
weir server --listen 127.0.0.1:9000 --data /var/lib/weir`),
		Args: cobra.NoArgs,
	}
	addSettings(c, all)
	c.Flags().BoolVar(&printOnly, "print-config", false, "show the settings and where they come from, and stop")
	c.RunE = func(c *cobra.Command, _ []string) error {
		config, err := configure(c, all, s.getenv)
		if err != nil {
			return err
		}
		if printOnly {
			return config.print(s, all)
		}
		return s.serve(c.Context(), config)
	}
	return c
}

// serve wires the platform, by hand and in order, and runs it until ctx ends.
func (s *session) serve(ctx context.Context, config configuration) (err error) {
	secrets := &cluster.Hider{}
	log := s.logger(config, secrets)
	if err := shareS3(config); err != nil {
		return err
	}
	data, err := filepath.Abs(config.get("data"))
	if err != nil {
		return fmt.Errorf("data folder %q: %w", config.get("data"), err)
	}
	unlock, err := lockData(data)
	if err != nil {
		return err
	}
	defer unlock()

	// Store.
	database := config.get("database")
	shared := database != "" // with other servers
	if !shared {
		database = "sqlite:" + filepath.Join(data, "weir.db")
	}
	keys, err := secretKeys(config, data, shared, log)
	if err != nil {
		return err
	}
	db, err := store.Open(ctx, database, store.Sealed(keys))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	if n, err := db.Reseal(ctx); err != nil {
		return err
	} else if n > 0 {
		log.InfoContext(ctx, "secret values sealed anew", "count", n)
	}
	resources := rest.Resources{
		Deployments: db.Deployments(), Targets: db.Targets(), Jobs: db.Jobs(), Savepoints: db.Savepoints(),
		Events: db.Events(), Defaults: db.Defaults(), Namespaces: db.Namespaces(),
		Secrets: db.Secrets(), Sessions: db.SessionClusters(), Catalog: db.CatalogEntries(), Audit: db.Audit(), Usage: db.Usage(), Record: db,
	}

	folder := config.get("clusters")
	if folder == "" {
		folder = filepath.Join(data, "clusters")
	}
	files, err := artifacts(config, data)
	if err != nil {
		return err
	}
	fileKey, err := fileSecret(config, data)
	if err != nil {
		return err
	}
	podFiles := newPodFiles(config, fileKey, files, filepath.Join(data, "programs"))
	all, err := s.launchers(data, folder, log)
	if err != nil {
		return err
	}
	inPods, err := kubernetesLauncher(config, data, db.Secrets(), podFiles, log)
	if err != nil {
		return err
	}
	all["kubernetes"] = inPods
	begin := beginningsOf(config)
	vault := control.NewVault(db.Secrets(), engineVariable, secrets)
	clusters := control.NewClusters(all).WithVault(vault)
	if shared {
		clusters.Shared()
		// The jobs of a process end with it, and another server cannot tell.
		delete(all, "embedded")
	}
	if begin.launcher == "kubernetes" {
		// Processes would end with the pod that this server is.
		for _, here := range []string{"process", "flink", "embedded"} {
			delete(all, here)
		}
	}

	// Controllers.
	state := config.get("state")
	if state == "" {
		state = filepath.Join(data, "state")
	}
	stored := stateStorage{storage.Config{S3: stateS3(config)}}
	feed := newFeed(db.Subscribe)
	// What the controllers do by themselves is in the audit log too.
	deployments := auditedBy(db.Audit(), log, db.Deployments())
	jobs := auditedBy(db.Audit(), log, db.Jobs())
	savepoints := auditedBy(db.Audit(), log, db.Savepoints())
	events := control.EventHistory{Events: db.Events(), Trimmer: db, Keep: config.count("event-history"), Log: log}
	b := thisBuild()
	prom := newPlatformMetrics(b)
	loop := control.NewLoop(log, feed.subscribe, control.Options{Observe: prom.passed},
		deployment.New(deployment.Needs{
			Deployments: deployments, Jobs: jobs, Savepoints: savepoints, Targets: db.Targets(), Sessions: db.SessionClusters(),
			Revisions: db, Catalog: db.CatalogEntries(), Secrets: vault, State: stored, Launchers: clusters, Events: events, Log: log,
		}, deployment.Config{
			StateBase: stateURI(state), CheckpointInterval: config.get("checkpoint-interval"),
			DefaultTarget: begin.target(), DefaultLauncher: begin.launcher, JobHistory: config.count("job-history"),
		}),
		job.New(job.Needs{
			Jobs: jobs, Savepoints: savepoints, Clusters: clusters, Checkpoints: stored, Vault: vault,
			Artifacts: programs{files, filepath.Join(data, "programs")}, Events: events, Log: log,
		}, job.Config{}),
		savepoint.New(savepoint.Needs{
			Savepoints: savepoints, Jobs: jobs, Clusters: clusters, Storage: stored, Events: events, Log: log,
		}, savepoint.Config{StateBase: stateURI(state)}),
		sessioncluster.New(sessioncluster.Needs{
			SessionClusters: db.SessionClusters(), Deployments: deployments, Jobs: jobs, Targets: db.Targets(),
			Clusters: clusters, Events: events, Log: log, DefaultTarget: begin.target(), DefaultLauncher: begin.launcher,
		}, sessioncluster.Config{}),
		namespace.New(namespace.Needs{
			Namespaces: db.Namespaces(), Deployments: deployments, Jobs: jobs, SessionClusters: db.SessionClusters(),
			Contents: contents(db, files, log), Log: log,
		}),
		autopilot.New(autopilot.Needs{
			Policies: db.AutopilotPolicies(), Deployments: deployments, Jobs: db.Jobs(), Clusters: clusters, Events: events, Log: log,
		}, autopilot.Config{}),
	)

	measures := telemetry.New(telemetry.Needs{Jobs: db.Jobs(), Client: clusters.Client, Changes: db.Subscribe, Log: log})

	// Who may do what.
	who, err := authenticator(config, data, db.APITokens(), log)
	if err != nil {
		return err
	}

	// Server.
	prom.watch(loop, db.Deployments(), db.Namespaces(), measures, log)
	webUI := &flinkWebUI{places: flinkPlaces(os.Getenv, data)}
	defer func() { err = errors.Join(err, webUI.Close()) }()
	planning := engine.New(engine.Config{Log: log, Dir: data}) // of SQL in this process: to plan, and to show first rows
	srv, err := server.New(server.Config{
		Config: rest.Config{
			Resources: resources, Clusters: flinkTransports{clusters}, SessionClusters: flinkTransports{clusters},
			Artifacts: knownArtifacts{files}, State: stored, Telemetry: measures,
			StateReader: savepointReader{}, Logs: jobLogs{clusters},
			Build:           rest.Build{Version: b.Version, Commit: b.Commit, Time: b.Time, Flink: jobmanager.Version},
			ReportedVersion: config.get("reported-version"),
			GlobalDefaults:  config.global, Planner: secretPlanner{gateway.Planner{Engine: planning}, vault}, Log: log,
			Examples: examplesIn(data), FlinkWebUI: webUI,
		},
		Platform: platformapi.Config{
			Resources: platformapi.Resources{
				Namespaces: db.Namespaces(), Targets: db.Targets(), Defaults: db.Defaults(), SessionClusters: db.SessionClusters(),
				APITokens: db.APITokens(), Deployments: db.Deployments(), AutopilotPolicies: db.AutopilotPolicies(),
			},
			Artifacts: files, ArtifactLimit: artifactLimit(config),
			NewNamespace: begin.namespace,
		},
		Gateway: gateway.Config{
			Engine: planning, Files: files, FileLimit: artifactLimit(config),
			Resources: gateway.Resources{
				Namespaces: db.Namespaces(), Deployments: db.Deployments(), Secrets: db.Secrets(), Entries: db.CatalogEntries(), Record: db,
				Scripts: db.SQLScripts(), UDFArtifacts: db.UDFArtifacts(), Connectors: db.Connectors(), Formats: db.Formats(),
				CatalogConnectors: db.CatalogConnectors(),
			},
		},
		Files: podFiles, Metrics: forAdmins(prom.handler()), Observe: prom.requested,
		UI:           web.Files(),
		AllowedHosts: allowedHosts(config),
		Authenticate: who.authenticate, SignIn: who.signIn,
	})
	if err != nil {
		return err
	}
	ln, err := srv.Listen(ctx, config.get("listen"))
	if err != nil {
		return err
	}
	var metricsListener net.Listener
	if address := config.get("metrics-listen"); address != "" {
		if metricsListener, err = listenMetrics(ctx, address); err != nil {
			return errors.Join(err, ln.Close())
		}
	}
	if err := seed(ctx, resources, begin, config.is("demo"), data); err != nil {
		return errors.Join(err, ln.Close())
	}

	delay, _ := time.ParseDuration(config.get("shutdown-delay")) // checked with the settings
	ctx, stop := lingering(ctx, delay)
	defer stop()
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return srv.Run(ctx, ln) })
	g.Go(func() error { return measures.Run(ctx) })
	if metricsListener != nil {
		g.Go(func() error { return serveMetrics(ctx, metricsListener, prom.handler(), srv) })
	}
	for _, l := range all {
		if w, ok := l.(watcher); ok {
			g.Go(func() error { return w.Watch(ctx, feed.ended) })
		}
	}
	defer closeLaunchers(ctx, all, log)
	keepAudit, _ := resource.ParseDuration(config.get("audit-retention")) // checked with the settings
	recorder := usage.New(usage.Needs{Jobs: db.Jobs(), SessionClusters: db.SessionClusters(), Changes: db.Subscribe, Store: db.Usage(), Log: log})
	lead := prom.leads(func(ctx context.Context) error {
		g, ctx := errgroup.WithContext(ctx)
		g.Go(func() error { return loop.Run(ctx) })
		g.Go(func() error { return pruneAudit(ctx, db.Audit(), keepAudit, log) })
		g.Go(func() error { return recorder.Run(ctx) })
		return g.Wait()
	})
	g.Go(func() error {
		if !shared { // the lock on the folder says that we are alone
			return lead(ctx)
		}
		return whileLeading(ctx, db, log, lead)
	})
	fmt.Fprintf(s.out, "weir is running at http://%s\n", ln.Addr())
	log.InfoContext(ctx, "server started", "address", ln.Addr().String(), "data", data, "version", b.Version)
	return g.Wait()
}

// lingering is a context that ends some time after ctx does.
func lingering(ctx context.Context, d time.Duration) (context.Context, context.CancelFunc) {
	if d <= 0 {
		return context.WithCancel(ctx)
	}
	inner, stop := context.WithCancel(context.WithoutCancel(ctx))
	context.AfterFunc(ctx, func() { time.AfterFunc(d, stop) })
	return inner, stop
}

// engineVariable is an environment variable of the engines that a launcher
// starts: those on this machine have ours, but for our own settings.
func engineVariable(launcher, name string) (string, bool) {
	if launcher != "process" && launcher != "embedded" && launcher != "flink" || strings.HasPrefix(name, "WEIR_") {
		return "", false
	}
	return os.LookupEnv(name)
}

// secretKeys reads the keys that seal secret values.
func secretKeys(config configuration, data string, shared bool, log *slog.Logger) (*store.Keys, error) {
	path := config.get("secret-key-file")
	if path != "" {
		return store.ReadKeys(path, false)
	}
	if shared {
		log.Warn("secret values are sealed with the key of this server's data folder; other servers of the same database need it too: give all the same --secret-key-file",
			"key", filepath.Join(data, "secret.key"))
	}
	return store.ReadKeys(filepath.Join(data, "secret.key"), true)
}

// launchers is the table of what can run jobs: one line each, by the name that
// deployment targets use.
func launchers(data, clusters string, log *slog.Logger) (map[string]cluster.Launcher, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("find this program: %w", err)
	}
	processes, err := process.New(process.Config{Dir: clusters, Command: []string{self, "engine"}, Log: log})
	if err != nil {
		return nil, err
	}
	command := []string{self, "flink", "cluster", "--jars", filepath.Join(data, "flink", "jars")}
	for _, place := range flinkPlaces(os.Getenv, data) {
		command = append(command, "--home", place)
	}
	if repository := os.Getenv("WEIR_MAVEN_REPOSITORY"); repository != "" {
		command = append(command, "--repository", repository)
	}
	flinkProcesses, err := process.New(process.Config{
		Dir: clusters + "-flink", Command: command, Artifacts: []string{"SQLSCRIPT", "JAR", "PYTHON"}, Grace: 20 * time.Second, Warms: true, Rescales: true, Log: log,
	})
	if err != nil {
		return nil, err
	}
	return map[string]cluster.Launcher{
		"flink":    flinkProcesses,
		"process":  processes,
		"embedded": embedded.New(embedded.Engine(engine.New(engine.Config{Log: log, Dir: data}))),
	}, nil
}

// watcher is a launcher that notices by itself when a cluster ends.
type watcher interface {
	Watch(ctx context.Context, ended func(cluster.Ref)) error
}

// closeLaunchers ends the clusters that cannot outlive us, those in this process.
func closeLaunchers(ctx context.Context, all map[string]cluster.Launcher, log *slog.Logger) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	for name, l := range all {
		if c, ok := l.(interface{ Close(context.Context) error }); ok {
			if err := c.Close(ctx); err != nil {
				log.WarnContext(ctx, "clusters do not end", "launcher", name, "error", err)
			}
		}
	}
}

func (s *session) logger(config configuration, secrets *cluster.Hider) *slog.Logger {
	var level slog.Level
	_ = level.UnmarshalText([]byte(config.get("log-level"))) // checked with the settings
	options := &slog.HandlerOptions{Level: level}
	if config.get("log-format") == "json" {
		return slog.New(slog.NewJSONHandler(secrets.Writer(s.err), options))
	}
	return slog.New(slog.NewTextHandler(secrets.Writer(s.err), options))
}

// stateURI makes a folder a URI; URIs stay as they are.
func stateURI(place string) string {
	if strings.Contains(place, ":/") {
		return place
	}
	if abs, err := filepath.Abs(place); err == nil {
		place = abs
	}
	return (&url.URL{Scheme: "file", Path: place}).String()
}

func splitList(text string) []string {
	var all []string
	for part := range strings.SplitSeq(text, ",") {
		if part = strings.TrimSpace(part); part != "" {
			all = append(all, part)
		}
	}
	return all
}
