package sessioncluster

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/weir-streams/weir/cluster"
	"github.com/weir-streams/weir/control"
	"github.com/weir-streams/weir/resource"
)

// SessionClusters is what this controller needs of the stored session clusters.
type SessionClusters interface {
	Get(ctx context.Context, id string) (resource.SessionCluster, error)
	GetByName(ctx context.Context, namespace, name string) (resource.SessionCluster, error)
	List(ctx context.Context, f resource.Filter) ([]resource.SessionCluster, error)
	Update(ctx context.Context, by, id string, change func(*resource.SessionCluster) error) (resource.SessionCluster, error)
}

// Deployments is what it needs of the stored deployments.
type Deployments interface {
	Get(ctx context.Context, id string) (resource.Deployment, error)
	List(ctx context.Context, f resource.Filter) ([]resource.Deployment, error)
}

// Jobs is what it needs of the stored jobs.
type Jobs interface {
	Get(ctx context.Context, id string) (resource.Job, error)
	List(ctx context.Context, f resource.Filter) ([]resource.Job, error)
}

// Targets finds deployment targets.
type Targets interface {
	GetByName(ctx context.Context, namespace, name string) (resource.DeploymentTarget, error)
}

// Clusters is what it needs of the clusters.
type Clusters interface {
	RunsSessions(launcher string) bool
	LookAtSession(ctx context.Context, s resource.SessionCluster) control.Sight
	LaunchSession(ctx context.Context, s resource.SessionCluster, spec cluster.Spec) error
	TerminateSession(ctx context.Context, s resource.SessionCluster) error
	ScaleSession(ctx context.Context, s resource.SessionCluster, taskManagers int) error
	// Place is where the launcher's clusters come to be; empty: everywhere.
	Place(launcher string) string
}

// Needs are the things main introduces to the controller.
type Needs struct {
	SessionClusters SessionClusters
	Deployments     Deployments
	Jobs            Jobs
	Targets         Targets
	Clusters        Clusters
	Events          control.Events
	Log             *slog.Logger
	Now             func() time.Time // nil: the clock

	// DefaultTarget is for session clusters that name none, DefaultLauncher for
	// targets that name none.
	DefaultTarget, DefaultLauncher string
}

// Controller makes session clusters true.
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

// Kind is SessionCluster.
func (c *Controller) Kind() resource.Kind { return resource.KindSessionCluster }

// Keys lists all session clusters.
func (c *Controller) Keys(ctx context.Context) ([]resource.Key, error) {
	all, err := c.SessionClusters.List(ctx, resource.Filter{})
	keys := make([]resource.Key, len(all))
	for i, s := range all {
		keys[i] = key(s.Metadata.Namespace, s.Metadata.ID)
	}
	return keys, err
}

// Related wakes a session cluster when it, a job on it or a deployment that
// names it changes, and those that found no target when one does.
func (c *Controller) Related(ctx context.Context, changed resource.Key) ([]resource.Key, error) {
	switch changed.Kind {
	case resource.KindSessionCluster:
		return []resource.Key{changed}, nil
	case resource.KindJob:
		j, err := c.Jobs.Get(ctx, changed.ID)
		if err != nil || j.Spec.SessionClusterID == "" {
			return nil, err
		}
		return []resource.Key{key(j.Metadata.Namespace, j.Spec.SessionClusterID)}, nil
	case resource.KindDeployment:
		d, err := c.Deployments.Get(ctx, changed.ID)
		if err != nil || d.Spec.SessionClusterName == "" {
			return nil, err
		}
		s, err := c.SessionClusters.GetByName(ctx, d.Metadata.Namespace, d.Spec.SessionClusterName)
		if err != nil {
			return nil, err
		}
		return []resource.Key{key(s.Metadata.Namespace, s.Metadata.ID)}, nil
	case resource.KindDeploymentTarget:
		all, err := c.SessionClusters.List(ctx, resource.Filter{Namespace: changed.Namespace})
		var keys []resource.Key
		for _, s := range all {
			if s.Status.State == resource.SessionFailed {
				keys = append(keys, key(s.Metadata.Namespace, s.Metadata.ID))
			}
		}
		return keys, err
	}
	return nil, nil
}

func key(namespace, id string) resource.Key {
	return resource.Key{Kind: resource.KindSessionCluster, Namespace: namespace, ID: id}
}

// Reconcile does the next step of one session cluster.
func (c *Controller) Reconcile(ctx context.Context, key resource.Key) (time.Time, error) {
	seen, err := c.observe(ctx, key.ID)
	if errors.Is(err, resource.ErrNotFound) {
		return time.Time{}, nil // deleted
	}
	if err != nil {
		return time.Time{}, err
	}
	p := decide(c.Now(), seen)
	return p.again, c.act(ctx, seen, p)
}
