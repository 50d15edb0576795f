package job

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/weir-streams/weir/cluster"
	"github.com/weir-streams/weir/control"
	"github.com/weir-streams/weir/resource"
)

// Jobs is what this controller needs of the stored jobs.
type Jobs interface {
	Get(ctx context.Context, id string) (resource.Job, error)
	List(ctx context.Context, f resource.Filter) ([]resource.Job, error)
	Update(ctx context.Context, by, id string, change func(*resource.Job) error) (resource.Job, error)
}

// Savepoints is what it needs of the stored savepoints.
type Savepoints interface {
	Get(ctx context.Context, id string) (resource.Savepoint, error)
	List(ctx context.Context, f resource.Filter) ([]resource.Savepoint, error)
	Create(ctx context.Context, by string, s resource.Savepoint) (resource.Savepoint, error)
}

// Clusters is what it needs of the clusters.
type Clusters interface {
	Look(ctx context.Context, j resource.Job, tasks bool) control.Sight
	Launch(ctx context.Context, j resource.Job, spec cluster.Spec) error
	Cancel(ctx context.Context, j resource.Job) error
	// Rescale tells a running job to run at another parallelism.
	Rescale(ctx context.Context, j resource.Job, parallelism int) error
	Terminate(ctx context.Context, j resource.Job) error
	// Tables are those the job reads and writes, where the cluster tells.
	Tables(ctx context.Context, j resource.Job) (sources, sinks []resource.TableInfo, err error)
	// Place is where the launcher's clusters come to be; empty: everywhere.
	Place(launcher string) string
}

// Artifacts brings a program to this machine.
type Artifacts interface {
	Local(ctx context.Context, uri string) (path string, err error)
}

// Checkpoints looks for checkpoints where they are stored, at or below dir: the
// complete one with the highest number; the zero ref is none.
type Checkpoints interface {
	NewestCheckpoint(ctx context.Context, dir string) (resource.CheckpointRef, error)
}

// Needs are the things main introduces to the controller.
type Needs struct {
	Jobs        Jobs
	Savepoints  Savepoints
	Clusters    Clusters
	Artifacts   Artifacts      // nil: files only
	Checkpoints Checkpoints    // nil: only what clusters said counts
	Vault       *control.Vault // nil: references stay as they are written
	Events      control.Events
	Log         *slog.Logger
	Now         func() time.Time // nil: the clock
}

// Controller makes jobs true.
type Controller struct {
	Needs
	config   Config
	recorder control.Recorder
}

// New makes the controller.
func New(needs Needs, config Config) *Controller {
	if needs.Now == nil {
		needs.Now = time.Now
	}
	return &Controller{Needs: needs, config: config, recorder: control.Recorder{Events: needs.Events, Log: needs.Log}}
}

// Kind is Job.
func (c *Controller) Kind() resource.Kind { return resource.KindJob }

// Keys lists the jobs that have not ended.
func (c *Controller) Keys(ctx context.Context) ([]resource.Key, error) {
	all, err := c.Jobs.List(ctx, resource.Filter{})
	var keys []resource.Key
	for _, j := range all {
		if !j.Status.State.Terminal() {
			keys = append(keys, key(j.Metadata))
		}
	}
	return keys, err
}

// Related wakes a job when it or a savepoint of it changes.
func (c *Controller) Related(ctx context.Context, changed resource.Key) ([]resource.Key, error) {
	switch changed.Kind {
	case resource.KindJob:
		return []resource.Key{changed}, nil
	case resource.KindSavepoint:
		s, err := c.Savepoints.Get(ctx, changed.ID)
		if err != nil || s.Metadata.JobID == "" || s.Metadata.Origin == resource.OriginCopied {
			return nil, err
		}
		return []resource.Key{{Kind: resource.KindJob, Namespace: s.Metadata.Namespace, ID: s.Metadata.JobID}}, nil
	case resource.KindSessionCluster:
		return c.jobsOn(ctx, changed)
	}
	return nil, nil
}

func key(m resource.Metadata) resource.Key {
	return resource.Key{Kind: resource.KindJob, Namespace: m.Namespace, ID: m.ID}
}

// Reconcile does the next step of one job.
func (c *Controller) Reconcile(ctx context.Context, key resource.Key) (time.Time, error) {
	seen, err := c.observe(ctx, key.ID)
	if errors.Is(err, resource.ErrNotFound) {
		return time.Time{}, nil // deleted
	}
	if err != nil {
		return time.Time{}, err
	}
	if seen.Status.State.Terminal() {
		return time.Time{}, nil
	}
	p := decide(c.Now(), seen)
	return p.again, c.act(ctx, seen, p)
}
