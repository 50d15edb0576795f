package savepoint

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/weir-streams/weir/control"
	"github.com/weir-streams/weir/flink"
	"github.com/weir-streams/weir/resource"
)

// Savepoints is what this controller needs of the stored savepoints.
type Savepoints interface {
	Get(ctx context.Context, id string) (resource.Savepoint, error)
	List(ctx context.Context, f resource.Filter) ([]resource.Savepoint, error)
	Update(ctx context.Context, by, id string, change func(*resource.Savepoint) error) (resource.Savepoint, error)
	Delete(ctx context.Context, id string) (resource.Savepoint, error)
}

// Jobs is what it needs of the stored jobs.
type Jobs interface {
	Get(ctx context.Context, id string) (resource.Job, error)
	List(ctx context.Context, f resource.Filter) ([]resource.Job, error)
}

// Clusters is what it needs of the clusters.
type Clusters interface {
	Look(ctx context.Context, j resource.Job, tasks bool) control.Sight
	Trigger(ctx context.Context, j resource.Job, t control.Trigger) error
	Poll(ctx context.Context, j resource.Job, triggerID string) (flink.SavepointResult, error)
}

// Storage is where savepoints lie.
type Storage interface {
	// Savepoint finds a complete savepoint at or below a directory; empty when
	// there is none.
	Savepoint(ctx context.Context, dir string) (location string, err error)
	// Remove removes a directory with all in it; one that is not there is fine.
	Remove(ctx context.Context, dir string) error
}

// Needs are the things main introduces to the controller.
type Needs struct {
	Savepoints Savepoints
	Jobs       Jobs
	Clusters   Clusters
	Storage    Storage // nil: the outcome of a savepoint is lost with its cluster
	Events     control.Events
	Log        *slog.Logger
	Now        func() time.Time // nil: the clock
}

// Controller makes savepoints true.
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

// Kind is Savepoint.
func (c *Controller) Kind() resource.Kind { return resource.KindSavepoint }

// Keys lists the savepoints that are under way.
func (c *Controller) Keys(ctx context.Context) ([]resource.Key, error) {
	return c.underWay(ctx, resource.Filter{})
}

// underWay tells whether something is to be done about a savepoint.
func underWay(s resource.Savepoint) bool {
	return s.Status.State == resource.SavepointStarted || s.Spec.Delete || inRemoval(s)
}

// Related wakes a savepoint when it, its job, or another savepoint of that job
// changes.
func (c *Controller) Related(ctx context.Context, changed resource.Key) ([]resource.Key, error) {
	switch changed.Kind {
	case resource.KindSavepoint:
		s, err := c.Savepoints.Get(ctx, changed.ID)
		switch {
		case err != nil:
			return nil, err
		case underWay(s):
			return []resource.Key{changed}, nil
		case s.Metadata.JobID == "":
			return nil, nil
		}
		return c.underWay(ctx, resource.Filter{JobID: s.Metadata.JobID})
	case resource.KindJob:
		return c.underWay(ctx, resource.Filter{JobID: changed.ID})
	}
	return nil, nil
}

func (c *Controller) underWay(ctx context.Context, f resource.Filter) ([]resource.Key, error) {
	all, err := c.Savepoints.List(ctx, f)
	var keys []resource.Key
	for _, s := range all {
		if underWay(s) {
			keys = append(keys, resource.Key{Kind: resource.KindSavepoint, Namespace: s.Metadata.Namespace, ID: s.Metadata.ID})
		}
	}
	return keys, err
}

// Reconcile does the next step of one savepoint.
func (c *Controller) Reconcile(ctx context.Context, key resource.Key) (time.Time, error) {
	seen, err := c.observe(ctx, key.ID)
	if errors.Is(err, resource.ErrNotFound) {
		return time.Time{}, nil // deleted
	}
	if err != nil {
		return time.Time{}, err
	}
	if !underWay(seen.Savepoint) {
		return time.Time{}, nil
	}
	p := decide(c.Now(), seen)
	return p.again, c.act(ctx, seen, p)
}
