package deployment

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/weir-streams/weir/control"
	"github.com/weir-streams/weir/flink"
	"github.com/weir-streams/weir/resource"
)

// pruneBatch is how many jobs over the limit are read, and go, at a time.
const pruneBatch = 16

// listed is how many of the youngest jobs are read: all that a decision needs,
// and some over the limit, if there is one.
func (c Config) listed() int { return max(window, c.JobHistory+pruneBatch) }

// pruneJobs forgets the oldest of the jobs that have ended and are over the
// limit, unless something still tells of them: a savepoint that was taken of
// the job, or that it was started from, or that it is the last one that ran,
// by which we know that there was state.
func (d *decision) pruneJobs() {
	if d.config.JobHistory > 0 {
		for _, j := range d.standbys {
			if j.Status.State.Terminal() && j.Spec.Generation < d.Metadata.Generation && j.Metadata.CreatedAt.Before(d.newest().Metadata.CreatedAt.Time) {
				d.forget = append(d.forget, j)
			}
		}
	}
	if d.config.JobHistory <= 0 || len(d.jobs) <= d.config.JobHistory {
		return
	}
	told := map[string]bool{d.newest().Metadata.ID: true}
	if good, found := d.lastGood(); found {
		told[good.Metadata.ID] = true
	}
	known := map[string]bool{}
	for _, p := range d.savepoints {
		told[p.Metadata.JobID], known[p.Metadata.ID] = true, true
	}
	over := d.jobs[:len(d.jobs)-d.config.JobHistory]
	for _, j := range over[:min(len(over), pruneBatch)] {
		if j.Status.State.Terminal() && !told[j.Metadata.ID] && !known[j.Metadata.Annotations[control.AnnotationStartedFrom]] {
			d.forget = append(d.forget, j)
		}
	}
}

// forgetJob removes a job that is over the limit, after the checkpoints that it
// left below the platform's own place and that nothing tells of.
func (c *Controller) forgetJob(ctx context.Context, j resource.Job) error {
	if err := c.removeCheckpoints(ctx, j); err != nil {
		return err
	}
	if _, err := c.Jobs.Delete(ctx, j.Metadata.ID); err != nil && !errors.Is(err, resource.ErrNotFound) {
		return fmt.Errorf("forget job %s: %w", j.Metadata.ID, err)
	}
	return nil
}

func (c *Controller) removeCheckpoints(ctx context.Context, j resource.Job) error {
	dir := control.CheckpointDirectory(j)
	if c.State == nil || !control.Within(c.config.StateBase, dir) || control.Within(dir, c.config.StateBase) || strings.Contains(dir, "..") {
		return nil
	}
	mentions := strings.TrimLeft(strings.TrimPrefix(flink.NormalLocation(dir), "file:"), "/")
	savepoints, err := c.Savepoints.List(ctx, resource.Filter{Mentions: mentions})
	if err != nil {
		return fmt.Errorf("look for savepoints in %s: %w", dir, err)
	}
	jobs, err := c.Jobs.List(ctx, resource.Filter{Mentions: mentions})
	if err != nil {
		return fmt.Errorf("look for jobs started from %s: %w", dir, err)
	}
	if slices.ContainsFunc(savepoints, func(p resource.Savepoint) bool { return control.Within(dir, p.Spec.SavepointLocation) }) ||
		slices.ContainsFunc(jobs, func(o resource.Job) bool {
			return !o.Status.State.Terminal() && control.Within(dir, o.Spec.SavepointLocation)
		}) {
		return nil
	}
	if err := c.State.Remove(ctx, dir); err != nil {
		// The job goes all the same: what is left can be found by its id.
		c.Log.WarnContext(ctx, "the checkpoints of a job that is forgotten stay", "job", j.Metadata.ID, "directory", dir, "error", err)
	}
	return nil
}
