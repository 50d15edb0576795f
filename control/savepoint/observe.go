package savepoint

import (
	"context"
	"errors"
	"fmt"

	"github.com/weir-streams/weir/control"
	"github.com/weir-streams/weir/flink"
	"github.com/weir-streams/weir/resource"
)

// observe reads the savepoint first and then the job: once it reads that the
// savepoint was asked for, it sees any job that is being ended.
func (c *Controller) observe(ctx context.Context, id string) (*snapshot, error) {
	s, err := c.Savepoints.Get(ctx, id)
	if err != nil {
		return nil, err
	}
	seen := &snapshot{Savepoint: s, config: c.config}
	if s.Status.State != resource.SavepointStarted {
		if s.Spec.Delete || inRemoval(s) {
			err = c.observeRemoval(ctx, seen)
		}
		return seen, err
	}
	if seen.job, err = c.findJob(ctx, s); err != nil {
		return nil, err
	}
	if seen.job.Metadata.ID == "" {
		return seen, nil
	}
	if s.Status.Asked.IsZero() {
		all, err := c.Savepoints.List(ctx, resource.Filter{JobID: seen.job.Metadata.ID})
		if err != nil {
			return nil, fmt.Errorf("list savepoints of job %s: %w", seen.job.Metadata.ID, err)
		}
		for _, o := range all {
			if o.Metadata.ID != id {
				seen.others = append(seen.others, o)
			}
		}
		return seen, nil
	}
	c.ask(ctx, seen)
	return seen, nil
}

// ask learns the outcome: from the cluster, else from what the cluster lists,
// else from the storage.
func (c *Controller) ask(ctx context.Context, seen *snapshot) {
	r, err := c.Clusters.Poll(ctx, seen.job, control.TriggerID(seen.Metadata.ID))
	switch {
	case err == nil:
		seen.poll = poll{answered: true, known: true, result: r}
		if r.State != flink.Completed {
			return
		}
	case flink.IsNotFound(err):
		seen.poll = poll{answered: true}
	default:
		seen.poll = poll{err: err.Error()}
	}
	seen.sight = c.Clusters.Look(ctx, seen.job, false)
	if seen.poll.known || c.Storage == nil {
		return
	}
	if _, listed := seen.sight.Find(seen.Spec.SavepointLocation); listed {
		return
	}
	seen.stored, err = c.Storage.Savepoint(ctx, seen.Spec.SavepointLocation)
	seen.searched = err == nil
	if err != nil {
		c.Log.WarnContext(ctx, "a savepoint cannot be looked for", "savepoint", seen.Metadata.ID, "directory", seen.Spec.SavepointLocation, "error", err)
	}
}

// findJob reads the job of s; for a savepoint that names none, the active job
// of its deployment.
func (c *Controller) findJob(ctx context.Context, s resource.Savepoint) (resource.Job, error) {
	if s.Metadata.JobID != "" {
		j, err := c.Jobs.Get(ctx, s.Metadata.JobID)
		if errors.Is(err, resource.ErrNotFound) {
			return resource.Job{}, nil
		}
		return j, err
	}
	all, err := c.Jobs.List(ctx, resource.Filter{DeploymentID: s.Metadata.DeploymentID})
	if err != nil {
		return resource.Job{}, fmt.Errorf("list jobs of deployment %s: %w", s.Metadata.DeploymentID, err)
	}
	for _, j := range all {
		if !j.Status.State.Terminal() && !control.OnStandby(j) {
			return j, nil
		}
	}
	return resource.Job{}, nil
}
