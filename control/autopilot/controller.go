package autopilot

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/weir-streams/weir/control"
	"github.com/weir-streams/weir/flink"
	"github.com/weir-streams/weir/resource"
)

// By is the author of the changes that the autopilot makes.
const By = "weir/autopilot"

// Policies is what this controller needs of the stored policies.
type Policies interface {
	Get(ctx context.Context, id string) (resource.AutopilotPolicy, error)
	GetByName(ctx context.Context, namespace, name string) (resource.AutopilotPolicy, error)
	List(ctx context.Context, f resource.Filter) ([]resource.AutopilotPolicy, error)
	Update(ctx context.Context, by, id string, change func(*resource.AutopilotPolicy) error) (resource.AutopilotPolicy, error)
	Delete(ctx context.Context, id string) (resource.AutopilotPolicy, error)
}

// Deployments is what it needs of the stored deployments.
type Deployments interface {
	Get(ctx context.Context, id string) (resource.Deployment, error)
	Update(ctx context.Context, by, id string, change func(*resource.Deployment) error) (resource.Deployment, error)
}

// Jobs is what it needs of the stored jobs.
type Jobs interface {
	Get(ctx context.Context, id string) (resource.Job, error)
}

// Clusters reaches the clusters of jobs.
type Clusters interface {
	Client(ctx context.Context, job resource.Job) (*flink.Client, error)
}

// Needs are the things main introduces to the controller.
type Needs struct {
	Policies    Policies
	Deployments Deployments
	Jobs        Jobs
	Clusters    Clusters
	Events      control.Events
	Log         *slog.Logger
	Now         func() time.Time // nil: the clock
}

// Config is how often it looks; zero values are replaced by the defaults named.
type Config struct {
	Interval time.Duration // between measurements: 15 s
	WarmUp   time.Duration // a job is not measured before: 1 minute
}

// Controller makes autopilot policies true.
type Controller struct {
	Needs
	config Config
}

// New makes the controller.
func New(needs Needs, config Config) *Controller {
	if needs.Now == nil {
		needs.Now = time.Now
	}
	if config.Interval <= 0 {
		config.Interval = 15 * time.Second
	}
	if config.WarmUp <= 0 {
		config.WarmUp = time.Minute
	}
	return &Controller{needs, config}
}

// Kind is AutopilotPolicy.
func (c *Controller) Kind() resource.Kind { return resource.KindAutopilotPolicy }

// Keys lists all policies; those that are off or whose deployment is gone are
// soon done.
func (c *Controller) Keys(ctx context.Context) ([]resource.Key, error) {
	all, err := c.Policies.List(ctx, resource.Filter{})
	keys := make([]resource.Key, len(all))
	for i, p := range all {
		keys[i] = key(p)
	}
	return keys, err
}

// Related wakes a policy when it or its deployment changes.
func (c *Controller) Related(ctx context.Context, changed resource.Key) ([]resource.Key, error) {
	switch changed.Kind {
	case resource.KindAutopilotPolicy:
		return []resource.Key{changed}, nil
	case resource.KindDeployment:
		p, err := c.Policies.GetByName(ctx, changed.Namespace, changed.ID)
		if errors.Is(err, resource.ErrNotFound) {
			return nil, nil
		}
		return []resource.Key{key(p)}, err
	}
	return nil, nil
}

func key(p resource.AutopilotPolicy) resource.Key {
	return resource.Key{Kind: resource.KindAutopilotPolicy, Namespace: p.Metadata.Namespace, ID: p.Metadata.ID}
}

// Reconcile does the next step of one policy.
func (c *Controller) Reconcile(ctx context.Context, key resource.Key) (time.Time, error) {
	p, err := c.Policies.Get(ctx, key.ID)
	if errors.Is(err, resource.ErrNotFound) {
		return time.Time{}, nil // deleted
	}
	if err != nil {
		return time.Time{}, err
	}
	seen, err := c.observe(ctx, p)
	if err != nil {
		return time.Time{}, err
	}
	plan := decide(c.Now(), c.config, seen)
	return plan.again, c.act(ctx, seen, plan)
}
