package savepoint

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/weir-streams/weir/control"
	"github.com/weir-streams/weir/flink"
	"github.com/weir-streams/weir/resource"
)

// inRemoval tells whether a savepoint is on its way out.
func inRemoval(s resource.Savepoint) bool {
	switch s.Status.State {
	case resource.SavepointPendingDeletion, resource.SavepointDeleting, resource.SavepointFailedDeletion:
		return true
	}
	return false
}

// observeRemoval looks for whoever may need the data of a savepoint that is
// to be removed, in all namespaces.
func (c *Controller) observeRemoval(ctx context.Context, seen *snapshot) (err error) {
	s := seen.Savepoint
	if s.Metadata.JobID != "" {
		if seen.job, err = c.findJob(ctx, s); err != nil {
			return err
		}
	}
	r := &seen.removal
	r.place = placeOf(s, c.config.StateBase)
	if r.place.dir == "" {
		return nil
	}
	mentions := strings.TrimLeft(strings.TrimPrefix(flink.NormalLocation(r.place.dir), "file:"), "/")
	jobs, err := c.Jobs.List(ctx, resource.Filter{Mentions: mentions})
	if err != nil {
		return fmt.Errorf("look for jobs that were started from savepoint %s: %w", s.Metadata.ID, err)
	}
	for _, j := range jobs {
		if j.Status.State.Terminal() {
			continue
		}
		if control.Within(r.place.dir, j.Spec.SavepointLocation) || j.Metadata.ID == s.Metadata.JobID && control.Within(r.place.dir, control.CheckpointDirectory(j)) {
			r.users = append(r.users, j.Metadata.ID)
		}
	}
	others, err := c.Savepoints.List(ctx, resource.Filter{Mentions: mentions})
	if err != nil {
		return fmt.Errorf("look for savepoints that share the data of %s: %w", s.Metadata.ID, err)
	}
	for _, o := range others {
		stays := !o.Spec.Delete && !inRemoval(o) && o.Status.State != resource.SavepointFailed
		if stays && o.Metadata.ID != s.Metadata.ID && control.Within(r.place.dir, o.Spec.SavepointLocation) {
			r.other = o.Metadata.ID
		}
	}
	return nil
}

// erase removes data, and the savepoint after it.
func (c *Controller) erase(ctx context.Context, seen *snapshot, p plan) error {
	m := seen.Metadata
	if p.erase != "" {
		err := errors.New("this server cannot remove state")
		if c.Storage != nil {
			err = c.Storage.Remove(ctx, p.erase)
		}
		if err != nil {
			c.Log.WarnContext(ctx, "the data of a savepoint is not removed", "savepoint", m.ID, "directory", p.erase, "error", err)
			d := &decision{snapshot: seen, now: c.Now(), plan: p}
			d.removalFailed(err)
			if !d.drop {
				return c.write(ctx, seen, d.plan)
			}
			p = d.plan
		}
	}
	if _, err := c.Savepoints.Delete(ctx, m.ID); err != nil && !errors.Is(err, resource.ErrNotFound) {
		return fmt.Errorf("remove savepoint %s: %w", m.ID, err)
	}
	c.Log.InfoContext(ctx, "savepoint removed", "savepoint", m.ID, "namespace", m.Namespace, "data", p.erase)
	c.recorder.Record(ctx, m.Namespace, m.DeploymentID, p.events...)
	return nil
}
