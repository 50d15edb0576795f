package deployment

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/weir-streams/weir/control"
	"github.com/weir-streams/weir/resource"
)

// Deployments is what this controller needs of the stored deployments.
type Deployments interface {
	Get(ctx context.Context, id string) (resource.Deployment, error)
	List(ctx context.Context, f resource.Filter) ([]resource.Deployment, error)
	Update(ctx context.Context, by, id string, change func(*resource.Deployment) error) (resource.Deployment, error)
}

// Jobs is what it needs of the stored jobs.
type Jobs interface {
	Get(ctx context.Context, id string) (resource.Job, error)
	List(ctx context.Context, f resource.Filter) ([]resource.Job, error)
	Create(ctx context.Context, by string, j resource.Job) (resource.Job, error)
	Update(ctx context.Context, by, id string, change func(*resource.Job) error) (resource.Job, error)
	Delete(ctx context.Context, id string) (resource.Job, error)
}

// Savepoints is what it needs of the stored savepoints.
type Savepoints interface {
	Get(ctx context.Context, id string) (resource.Savepoint, error)
	List(ctx context.Context, f resource.Filter) ([]resource.Savepoint, error)
	Create(ctx context.Context, by string, s resource.Savepoint) (resource.Savepoint, error)
	Update(ctx context.Context, by, id string, change func(*resource.Savepoint) error) (resource.Savepoint, error)
}

// Targets finds deployment targets.
type Targets interface {
	Get(ctx context.Context, id string) (resource.DeploymentTarget, error)
	GetByName(ctx context.Context, namespace, name string) (resource.DeploymentTarget, error)
}

// Revisions is the history of specs.
type Revisions interface {
	Revisions(ctx context.Context, kind resource.Kind, id string) ([]resource.Revision, error)
}

// Catalog is the catalogs of the namespaces.
type Catalog interface {
	List(ctx context.Context, f resource.Filter) ([]resource.CatalogEntry, error)
}

// State is where checkpoints lie.
type State interface {
	// Remove removes a directory with all in it; one that is not there is fine.
	Remove(ctx context.Context, dir string) error
}

// Secrets tells why a job of a template could not be launched, because of
// secrets that are not there; empty if it could.
type Secrets interface {
	Check(ctx context.Context, namespace, launcher string, t resource.JobTemplate) (string, error)
}

// Launchers tells which launchers this server has.
type Launchers interface {
	Has(name string) bool
	// Warms tells whether it can bring clusters up before their jobs.
	Warms(name string) bool
	// Rescales tells whether its jobs can be told to run at another parallelism.
	Rescales(name string) bool
}

// Needs are the things main introduces to the controller.
type Needs struct {
	Deployments Deployments
	Jobs        Jobs
	Savepoints  Savepoints
	Targets     Targets
	Sessions    Sessions // nil: there are no session clusters
	Revisions   Revisions
	Catalog     Catalog // nil: namespaces have none
	State       State   // nil: what forgotten jobs left stays
	Secrets     Secrets // nil: nobody looks for them before a job is launched
	Launchers   Launchers
	Events      control.Events
	Log         *slog.Logger
	Now         func() time.Time // nil: the clock
}

// Controller makes deployments true.
type Controller struct {
	Needs
	config   Config
	recorder control.Recorder
}

// New makes the controller.
func New(needs Needs, config Config) *Controller {
	return &Controller{Needs: needs, config: config, recorder: control.Recorder{Events: needs.Events, Log: needs.Log}}
}

// Kind is Deployment.
func (c *Controller) Kind() resource.Kind { return resource.KindDeployment }

// Keys lists all deployments.
func (c *Controller) Keys(ctx context.Context) ([]resource.Key, error) {
	all, err := c.Deployments.List(ctx, resource.Filter{})
	if err != nil {
		return nil, err
	}
	keys := make([]resource.Key, len(all))
	for i, d := range all {
		keys[i] = key(d.Metadata.Namespace, d.Metadata.ID)
	}
	return keys, nil
}

// Related wakes a deployment when it, a job or a savepoint of it changes.
func (c *Controller) Related(ctx context.Context, changed resource.Key) ([]resource.Key, error) {
	switch changed.Kind {
	case resource.KindDeployment:
		return []resource.Key{changed}, nil
	case resource.KindJob:
		j, err := c.Jobs.Get(ctx, changed.ID)
		return owner(j.Metadata), err
	case resource.KindSavepoint:
		s, err := c.Savepoints.Get(ctx, changed.ID)
		return owner(s.Metadata), err
	case resource.KindSessionCluster:
		return c.onSession(ctx, changed)
	case resource.KindDeploymentTarget, resource.KindSecretValue:
		all, err := c.Deployments.List(ctx, resource.Filter{Namespace: changed.Namespace})
		var keys []resource.Key
		for _, d := range all {
			if d.Status.State == resource.StateFailed { // it may have waited for this
				keys = append(keys, key(d.Metadata.Namespace, d.Metadata.ID))
			}
		}
		return keys, err
	}
	return nil, nil
}

func owner(m resource.Metadata) []resource.Key {
	if m.DeploymentID == "" {
		return nil
	}
	return []resource.Key{key(m.Namespace, m.DeploymentID)}
}

func key(namespace, id string) resource.Key {
	return resource.Key{Kind: resource.KindDeployment, Namespace: namespace, ID: id}
}

// Reconcile does the next step of one deployment.
func (c *Controller) Reconcile(ctx context.Context, key resource.Key) (time.Time, error) {
	seen, err := c.observe(ctx, key.ID)
	if errors.Is(err, resource.ErrNotFound) {
		return time.Time{}, nil // deleted
	}
	if err != nil {
		return time.Time{}, err
	}
	p := decide(c.now(), seen)
	return p.again, c.act(ctx, seen, p)
}
