package namespace

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/weir-streams/weir/resource"
)

// Collection is what this controller needs of a kind that it stops.
type Collection[T any] interface {
	List(ctx context.Context, f resource.Filter) ([]T, error)
	Update(ctx context.Context, by, id string, change func(*T) error) (T, error)
	Delete(ctx context.Context, id string) (T, error)
}

// Namespaces is what it needs of the stored namespaces.
type Namespaces interface {
	Collection[resource.Namespace]
	Get(ctx context.Context, id string) (resource.Namespace, error)
	GetByName(ctx context.Context, namespace, name string) (resource.Namespace, error)
}

// Jobs is what it needs of the stored jobs.
type Jobs interface {
	List(ctx context.Context, f resource.Filter) ([]resource.Job, error)
}

// Contents is one sort of thing that a namespace holds and that can simply be
// removed once nothing runs any more.
type Contents interface {
	// Name is what people call several of them.
	Name() string
	// Remove removes all that a namespace holds, and says how many there were.
	Remove(ctx context.Context, namespace string) (int, error)
}

// Needs are the things main introduces to the controller.
type Needs struct {
	Namespaces      Namespaces
	Deployments     Collection[resource.Deployment]
	Jobs            Jobs
	SessionClusters Collection[resource.SessionCluster]
	// Contents are removed in this order, deployments and session clusters
	// among them.
	Contents []Contents
	Log      *slog.Logger
	Now      func() time.Time // nil: the clock
}

// Controller makes deletions of namespaces true.
type Controller struct{ Needs }

// New makes the controller.
func New(needs Needs) *Controller {
	if needs.Now == nil {
		needs.Now = time.Now
	}
	return &Controller{needs}
}

// Kind is Namespace.
func (c *Controller) Kind() resource.Kind { return resource.KindNamespace }

// Keys lists the namespaces that are being deleted.
func (c *Controller) Keys(ctx context.Context) ([]resource.Key, error) {
	all, err := c.Namespaces.List(ctx, resource.Filter{})
	var keys []resource.Key
	for _, n := range all {
		if n.Status.Phase == resource.NamespaceTerminating {
			keys = append(keys, key(n))
		}
	}
	return keys, err
}

// Related wakes a namespace that is being deleted when it, or what must stop
// in it, changes.
func (c *Controller) Related(ctx context.Context, changed resource.Key) ([]resource.Key, error) {
	switch changed.Kind {
	case resource.KindNamespace:
		return []resource.Key{changed}, nil
	case resource.KindDeployment, resource.KindJob, resource.KindSessionCluster:
		n, err := c.Namespaces.GetByName(ctx, "", changed.Namespace)
		if err != nil || n.Status.Phase != resource.NamespaceTerminating {
			return nil, err
		}
		return []resource.Key{key(n)}, nil
	}
	return nil, nil
}

func key(n resource.Namespace) resource.Key {
	return resource.Key{Kind: resource.KindNamespace, ID: n.Metadata.ID}
}

// Reconcile does the next step of one namespace.
func (c *Controller) Reconcile(ctx context.Context, key resource.Key) (time.Time, error) {
	n, err := c.Namespaces.Get(ctx, key.ID)
	if errors.Is(err, resource.ErrNotFound) || err == nil && n.Status.Phase != resource.NamespaceTerminating {
		return time.Time{}, nil
	}
	if err != nil {
		return time.Time{}, err
	}
	seen, err := c.observe(ctx, n)
	if err != nil {
		return time.Time{}, err
	}
	p := decide(c.Now(), seen)
	return p.again, c.act(ctx, n, p)
}
