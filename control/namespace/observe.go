package namespace

import (
	"context"

	"github.com/weir-streams/weir/resource"
)

// snapshot is what runs in a namespace that is being deleted.
type snapshot struct {
	resource.Namespace
	deployments []resource.Deployment
	live        []resource.Job // not ended
	clusters    []resource.SessionCluster
}

func (c *Controller) observe(ctx context.Context, n resource.Namespace) (snapshot, error) {
	seen := snapshot{Namespace: n}
	f := resource.Filter{Namespace: n.Metadata.Name}
	var err error
	if seen.deployments, err = c.Deployments.List(ctx, f); err != nil {
		return seen, err
	}
	if seen.clusters, err = c.SessionClusters.List(ctx, f); err != nil {
		return seen, err
	}
	jobs, err := c.Jobs.List(ctx, f)
	for _, j := range jobs {
		if !j.Status.State.Terminal() {
			seen.live = append(seen.live, j)
		}
	}
	return seen, err
}
