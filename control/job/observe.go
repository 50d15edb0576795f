package job

import (
	"context"
	"fmt"

	"github.com/weir-streams/weir/cluster"
	"github.com/weir-streams/weir/control"
	"github.com/weir-streams/weir/resource"
)

// observe reads the job first, then its savepoints, then looks at the cluster.
// The order matters: what is seen of savepoints is at least as new as the
// TERMINATING that keeps further ones from beginning.
func (c *Controller) observe(ctx context.Context, id string) (*snapshot, error) {
	j, err := c.Jobs.Get(ctx, id)
	if err != nil {
		return nil, err
	}
	seen := &snapshot{Job: j, config: c.config}
	if j.Status.State.Terminal() {
		return seen, nil
	}
	if seen.savepoints, err = c.Savepoints.List(ctx, resource.Filter{JobID: id}); err != nil {
		return nil, fmt.Errorf("list savepoints of job %s: %w", id, err)
	}
	own := seen.savepoints[:0:0]
	for _, p := range seen.savepoints {
		if p.Metadata.Origin != resource.OriginCopied {
			own = append(own, p)
		}
	}
	seen.savepoints = own
	seen.sight = c.Clusters.Look(ctx, j, j.Status.State == resource.JobStarting || seen.rescaleTo() > 0)
	if c.Checkpoints == nil || j.Status.State != resource.JobTerminating || seen.sight.Presence == cluster.Unknown {
		return seen, nil
	}
	dir := control.CheckpointDirectory(j)
	if dir == "" {
		return seen, nil
	}
	if seen.found, err = c.Checkpoints.NewestCheckpoint(ctx, dir); err != nil {
		// Without it the last checkpoint that was seen counts.
		c.Log.WarnContext(ctx, "checkpoints of an ended job cannot be looked for", "job", id, "directory", dir, "error", err)
	}
	return seen, nil
}
