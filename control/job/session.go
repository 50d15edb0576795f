package job

import (
	"context"
	"fmt"

	"github.com/weir-streams/weir/control"
	"github.com/weir-streams/weir/resource"
)

// lost is the reason of a job that ran and whose cluster is gone. A session
// cluster has its own count of failures, and what others did to it is no fault
// of this job.
func (d *decision) lost() string {
	if control.Ref(d.Job).OnSession() {
		return control.ReasonSession
	}
	return control.ReasonLost
}

// jobsOn finds the jobs that a change of a session cluster concerns.
func (c *Controller) jobsOn(ctx context.Context, session resource.Key) ([]resource.Key, error) {
	all, err := c.Jobs.List(ctx, resource.Filter{Namespace: session.Namespace})
	if err != nil {
		return nil, fmt.Errorf("list jobs of namespace %s: %w", session.Namespace, err)
	}
	var keys []resource.Key
	for _, j := range all {
		if j.Spec.SessionClusterID == session.ID && !j.Status.State.Terminal() {
			keys = append(keys, key(j.Metadata))
		}
	}
	return keys, nil
}
