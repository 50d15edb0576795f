package embedded

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/weir-streams/weir/cluster"
	"github.com/weir-streams/weir/flink"
	"github.com/weir-streams/weir/flink/jobmanager"
)

// Job is a job with an end that can be awaited.
type Job interface {
	jobmanager.Job
	Wait(ctx context.Context) error
}

// Start starts the job of a spec; the job lives until it ends or ctx does. An
// error is what is wrong with the program or its settings, for good.
type Start func(ctx context.Context, spec cluster.Spec) (Job, error)

// Launcher is a cluster.Launcher whose clusters live in this process.
type Launcher struct {
	start Start
	live  context.Context // of all jobs
	end   context.CancelFunc

	mu       sync.Mutex
	clusters map[cluster.Ref]*instance
	closed   bool
}

// instance is one cluster.
type instance struct {
	spec    cluster.Spec
	started sync.Once
	job     Job   // nil of a session cluster
	failure error // why the job never started
	manager *jobmanager.JobManager
	client  *flink.Client
	secrets cluster.Hider

	mu   sync.Mutex
	shut bool // asked by a client to end
}

// New returns a launcher without clusters; see Engine for the start of a job.
func New(start Start) *Launcher {
	// The context belongs to jobs, which outlive the calls that launch them;
	// Close ends and awaits them.
	live, end := context.WithCancel(context.Background())
	return &Launcher{start: start, live: live, end: end, clusters: map[cluster.Ref]*instance{}}
}

// RunsSessions says that refs with a Session are known.
func (l *Launcher) RunsSessions() {}

// Launch starts the job, unless the cluster is there already. A program that
// does not compile makes a cluster with a FAILED job that says why.
func (l *Launcher) Launch(ctx context.Context, spec cluster.Spec) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if !spec.IsSession() && spec.Artifact.Kind != "SQLSCRIPT" {
		return fmt.Errorf("launch %s: %w: an embedded engine runs SQL scripts; an artifact of kind %s needs a deployment target that runs Apache Flink", spec.Ref, cluster.ErrRefused, spec.Artifact.Kind)
	}
	if spec.OnSession() {
		if err := cluster.LaunchOn(ctx, l, spec); err != nil {
			return fmt.Errorf("launch %s: %w", spec.Ref, err)
		}
		return nil
	}
	l.mu.Lock()
	if l.closed {
		l.mu.Unlock()
		return fmt.Errorf("launch %s: the launcher is closed", spec.Ref)
	}
	i := l.clusters[spec.Ref]
	if i == nil {
		spec.Configuration = maps.Clone(spec.Configuration)
		i = &instance{spec: spec}
		l.clusters[spec.Ref] = i
	}
	l.mu.Unlock()
	i.begin(l.live, l.start)
	return nil
}

func (i *instance) begin(live context.Context, start Start) {
	i.started.Do(func() {
		i.secrets.Add(i.spec.Hidden)
		config := jobmanager.Config{Configuration: Configuration(i.spec), Shutdown: i.shutdown}
		if i.spec.IsSession() {
			config.Submit = Submit(i.spec.Session, func(ctx context.Context, spec cluster.Spec) (Job, error) {
				i.secrets.Add(spec.Hidden)
				return start(ctx, spec)
			})
		} else {
			began := time.Now()
			i.job, i.failure = start(live, i.spec)
			if i.failure != nil {
				i.job = jobmanager.FailedJob(i.spec.FlinkJobID(), i.spec.DeploymentName, began, i.failure)
			}
			config.Job = i.job
		}
		i.manager = jobmanager.New(config)
		i.client = flink.NewClient(flink.InProcess(i.secrets.Handler(i.manager)), "http://cluster")
	})
}

// shutdown is what a client may ask for: the job ends, the remains stay until
// the cluster is terminated.
func (i *instance) shutdown() {
	i.mu.Lock()
	i.shut = true
	i.mu.Unlock()
	if i.job != nil {
		i.job.Cancel()
	}
	i.manager.CancelJobs()
}

// isShut tells whether the cluster was shut down; over, whether nothing runs
// on it any more.
func (i *instance) isShut() (shut, over bool) {
	i.mu.Lock()
	shut = i.shut
	i.mu.Unlock()
	return shut, shut && (i.job != nil || i.manager.Running() == 0)
}

// find is the cluster of this ref, nil when there is none.
func (l *Launcher) find(ref cluster.Ref) *instance {
	l.mu.Lock()
	i := l.clusters[ref]
	l.mu.Unlock()
	if i != nil {
		i.begin(l.live, l.start) // waits for a launch on its way
	}
	return i
}

// Observe says whether the cluster is there.
func (l *Launcher) Observe(ctx context.Context, ref cluster.Ref) (cluster.Observation, error) {
	if err := ctx.Err(); err != nil {
		return cluster.Observation{}, err
	}
	if ref.OnSession() {
		return cluster.ObserveOn(ctx, l, ref)
	}
	i := l.find(ref)
	if i == nil {
		return cluster.Observation{Presence: cluster.Absent}, nil
	}
	if i.failure != nil {
		return cluster.Observation{Presence: cluster.Present, Failed: true, Message: i.secrets.Hidden().Text(i.failure.Error())}, nil
	}
	if shut, over := i.isShut(); shut {
		return cluster.Observation{Presence: cluster.Present, Failed: over, Message: "the cluster was shut down"}, nil
	}
	return cluster.Observation{Presence: cluster.Present}, nil
}

// Connect returns a client of the cluster.
func (l *Launcher) Connect(ctx context.Context, ref cluster.Ref) (*flink.Client, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if ref.OnSession() {
		client, err := cluster.ConnectOn(ctx, l, ref)
		if err != nil {
			return nil, fmt.Errorf("connect to %s: %w", ref, err)
		}
		return client, nil
	}
	i := l.find(ref)
	if i == nil {
		return nil, fmt.Errorf("connect to %s: %w", ref, cluster.ErrGone)
	}
	if shut, _ := i.isShut(); shut {
		return nil, fmt.Errorf("connect to %s: %w: it was shut down", ref, cluster.ErrUnreachable)
	}
	return i.client, nil
}

// Terminate cancels the job, waits for its end and forgets the cluster.
func (l *Launcher) Terminate(ctx context.Context, ref cluster.Ref) error {
	if ref.OnSession() {
		if err := cluster.TerminateOn(ctx, l, ref); err != nil {
			return fmt.Errorf("terminate %s: %w", ref, err)
		}
		return nil
	}
	i := l.find(ref)
	if i == nil {
		return nil
	}
	if err := i.finish(ctx); err != nil {
		return fmt.Errorf("terminate %s: %w", ref, err)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.clusters[ref] == i {
		delete(l.clusters, ref)
	}
	return nil
}

// finish ends the job; an error means that it has not ended yet.
func (i *instance) finish(ctx context.Context) error {
	if left := i.manager.EndJobs(ctx); left > 0 {
		return fmt.Errorf("%d jobs on it have not ended: %w", left, ctx.Err())
	}
	if i.job != nil {
		i.job.Cancel()
		_ = i.job.Wait(ctx) // how it ended is not asked here
		if err := ctx.Err(); err != nil && !i.job.Info().State.Terminal() {
			return err
		}
	}
	i.manager.Close()
	return nil
}

// Close cancels all jobs and waits for their end, or for that of ctx.
func (l *Launcher) Close(ctx context.Context) error {
	l.mu.Lock()
	l.closed = true
	refs := slices.Collect(maps.Keys(l.clusters))
	l.mu.Unlock()
	l.end()
	var errs []error
	for _, ref := range refs {
		errs = append(errs, l.Terminate(ctx, ref))
	}
	return errors.Join(errs...)
}
