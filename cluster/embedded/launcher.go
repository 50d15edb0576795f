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
	job     Job
	failure error // why the job never started
	manager *jobmanager.JobManager
	client  *flink.Client

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

// Launch starts the job, unless the cluster is there already. A program that
// does not compile makes a cluster with a FAILED job that says why.
func (l *Launcher) Launch(ctx context.Context, spec cluster.Spec) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if spec.Artifact.Kind != "SQLSCRIPT" {
		return fmt.Errorf("launch cluster of job %s: %w: an embedded engine runs SQL scripts; an artifact of kind %s needs a deployment target that runs Apache Flink", spec.JobID, cluster.ErrRefused, spec.Artifact.Kind)
	}
	l.mu.Lock()
	if l.closed {
		l.mu.Unlock()
		return fmt.Errorf("launch cluster of job %s: the launcher is closed", spec.JobID)
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
		began := time.Now()
		i.job, i.failure = start(live, i.spec)
		if i.failure != nil {
			i.job = jobmanager.FailedJob(i.spec.FlinkJobID(), i.spec.DeploymentName, began, i.failure)
		}
		config := maps.Clone(i.spec.Configuration)
		if config == nil {
			config = map[string]string{}
		}
		config[flink.IncarnationKey] = i.spec.JobID
		i.manager = jobmanager.New(jobmanager.Config{Job: i.job, Configuration: config, Shutdown: i.shutdown})
		i.client = flink.NewClient(i.manager.Transport(), "http://cluster")
	})
}

// shutdown is what a client may ask for: the job ends, the remains stay until
// the cluster is terminated.
func (i *instance) shutdown() {
	i.mu.Lock()
	i.shut = true
	i.mu.Unlock()
	i.job.Cancel()
}

func (i *instance) isShut() bool {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.shut
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
	i := l.find(ref)
	switch {
	case i == nil:
		return cluster.Observation{Presence: cluster.Absent}, nil
	case i.failure != nil:
		return cluster.Observation{Presence: cluster.Present, Failed: true, Message: i.failure.Error()}, nil
	case i.isShut():
		return cluster.Observation{Presence: cluster.Present, Failed: true, Message: "the cluster was shut down"}, nil
	}
	return cluster.Observation{Presence: cluster.Present}, nil
}

// Connect returns a client of the cluster.
func (l *Launcher) Connect(ctx context.Context, ref cluster.Ref) (*flink.Client, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	i := l.find(ref)
	if i == nil {
		return nil, fmt.Errorf("connect to cluster of job %s: %w", ref.JobID, cluster.ErrGone)
	}
	if i.isShut() {
		return nil, fmt.Errorf("connect to cluster of job %s: %w: it was shut down", ref.JobID, cluster.ErrUnreachable)
	}
	return i.client, nil
}

// Terminate cancels the job, waits for its end and forgets the cluster.
func (l *Launcher) Terminate(ctx context.Context, ref cluster.Ref) error {
	i := l.find(ref)
	if i == nil {
		return nil
	}
	if err := i.finish(ctx); err != nil {
		return fmt.Errorf("terminate cluster of job %s: %w", ref.JobID, err)
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
	i.job.Cancel()
	_ = i.job.Wait(ctx) // how it ended is not asked here
	if err := ctx.Err(); err != nil && !i.job.Info().State.Terminal() {
		return err
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
