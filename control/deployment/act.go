package deployment

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"strconv"
	"time"

	"github.com/weir-streams/weir/control"
	"github.com/weir-streams/weir/resource"
)

// act does the deed first and then writes the status, because whoever waits
// for the deed should not wait for the status. If it is interrupted between,
// the next decision finds the deed done.
func (c *Controller) act(ctx context.Context, seen *snapshot, p plan) error {
	m := seen.Metadata
	log := c.Log.With("deployment", m.Name, "namespace", m.Namespace, "generation", m.Generation)
	switch {
	case p.rollBack != nil:
		if err := c.rollBack(ctx, seen, p); err != nil {
			return err
		}
		log.WarnContext(ctx, "rolled back", "to", p.rollBack.to)
		c.recorder.Record(ctx, m.Namespace, m.ID, p.done...)
		return nil
	case p.create != nil:
		if _, err := c.Jobs.Create(ctx, control.By, *p.create); err != nil {
			return fmt.Errorf("create job %s: %w", p.create.Metadata.ID, err)
		}
		log.InfoContext(ctx, "job created", "job", p.create.Metadata.ID, "from", p.create.Spec.SavepointLocation)
	case p.promote != nil:
		if err := c.promote(ctx, *p.promote); err != nil {
			return err
		}
		log.InfoContext(ctx, "job is to start on the cluster that is up", "job", p.promote.Metadata.ID, "from", p.promote.Spec.SavepointLocation)
	case p.rescale != nil:
		if err := c.rescale(ctx, *p.rescale); err != nil {
			return err
		}
		log.InfoContext(ctx, "job is to run at another parallelism", "job", p.rescale.Metadata.ID, "parallelism", p.rescale.Spec.Parallelism)
	case p.savepoint != nil:
		if _, err := c.Savepoints.Create(ctx, control.By, *p.savepoint); err != nil {
			return fmt.Errorf("create savepoint %s: %w", p.savepoint.Metadata.ID, err)
		}
		log.InfoContext(ctx, "savepoint asked for", "savepoint", p.savepoint.Metadata.ID, "job", p.savepoint.Metadata.JobID)
	case p.stop != "":
		_, err := c.Jobs.Update(ctx, control.By, p.stop, func(j *resource.Job) error {
			if j.Spec.Stop == "" && !j.Status.State.Terminal() {
				j.Spec.Stop = resource.StopCancel
			}
			return nil
		})
		if err != nil {
			return fmt.Errorf("cancel job %s: %w", p.stop, err)
		}
		log.InfoContext(ctx, "job is to be cancelled", "job", p.stop)
	case p.discard != "":
		if err := c.discard(ctx, p); err != nil {
			return err
		}
		log.InfoContext(ctx, "savepoint is given up", "savepoint", p.discard, "why", p.discardWhy)
	}
	for _, j := range p.forget {
		if err := c.forgetJob(ctx, j); err != nil {
			return err
		}
	}
	err := c.writeStatus(ctx, seen, p)
	events := p.done
	if err == nil && (p.status.State != seen.Status.State || p.status.Message != seen.Status.Message) {
		events = append(p.news, events...)
		if p.status.State != seen.Status.State {
			log.InfoContext(ctx, "state changed", "from", seen.Status.State, "to", p.status.State, "message", p.status.Message)
		}
	}
	c.recorder.Record(ctx, m.Namespace, m.ID, events...)
	return err
}

// discard asks for the removal of a savepoint; package savepoint does it.
func (c *Controller) discard(ctx context.Context, p plan) error {
	_, err := c.Savepoints.Update(ctx, control.By, p.discard, func(s *resource.Savepoint) error {
		if s.Spec.Delete || s.Status.State == resource.SavepointStarted {
			return control.ErrStale
		}
		s.Spec.Delete = true
		s.Metadata.Annotations = maps.Clone(s.Metadata.Annotations)
		if s.Metadata.Annotations == nil {
			s.Metadata.Annotations = map[string]string{}
		}
		s.Metadata.Annotations[control.AnnotationDeleteWhy] = p.discardWhy
		return nil
	})
	if err != nil && !errors.Is(err, resource.ErrNotFound) {
		return fmt.Errorf("give up savepoint %s: %w", p.discard, err)
	}
	return nil
}

func (c *Controller) writeStatus(ctx context.Context, seen *snapshot, p plan) error {
	annotations := transitioning(seen.Metadata.Annotations, p.status)
	if reflect.DeepEqual(p.status, seen.Status) && maps.Equal(annotations, seen.Metadata.Annotations) {
		return nil
	}
	_, err := c.Deployments.Update(ctx, control.By, seen.Metadata.ID, func(d *resource.Deployment) error {
		if d.Metadata.Generation != seen.Metadata.Generation {
			return control.ErrStale // this is about another wish
		}
		d.Status = p.status
		d.Metadata.Annotations = transitioning(d.Metadata.Annotations, p.status)
		return nil
	})
	if err != nil {
		return fmt.Errorf("write status of deployment %s: %w", seen.Metadata.Name, err)
	}
	return nil
}

// transitioning notes in the annotations that clients know whether the
// controller is at work, and since when (milliseconds since 1970).
func transitioning(old map[string]string, status resource.DeploymentStatus) map[string]string {
	out := maps.Clone(old)
	if out == nil {
		out = map[string]string{}
	}
	out[resource.AnnotationTransitioning] = strconv.FormatBool(status.State == resource.StateTransitioning)
	if since := status.Transition.StartedAt; status.State == resource.StateTransitioning && !since.IsZero() {
		out[resource.AnnotationTransitioningSince] = strconv.FormatInt(since.UnixMilli(), 10)
	}
	return out
}

// rollBack writes the old spec and says so in one step: there is no moment in
// which the one is true without the other.
func (c *Controller) rollBack(ctx context.Context, seen *snapshot, p plan) error {
	_, err := c.Deployments.Update(ctx, control.By, seen.Metadata.ID, func(d *resource.Deployment) error {
		if d.Metadata.Generation != seen.Metadata.Generation {
			return control.ErrStale // the user was faster
		}
		*d = p.rollBack.apply(*d)
		d.Status = p.status
		d.Status.Transition.SpecVersion = d.SpecVersion()
		d.Metadata.Annotations = transitioning(d.Metadata.Annotations, d.Status)
		return nil
	})
	if err != nil && !errors.Is(err, control.ErrStale) {
		return fmt.Errorf("roll deployment %s back to generation %d: %w", seen.Metadata.Name, p.rollBack.to, err)
	}
	return err
}

func (c *Controller) now() time.Time {
	if c.Now != nil {
		return c.Now()
	}
	return time.Now()
}
