package autopilot

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/weir-streams/weir/control"
	"github.com/weir-streams/weir/resource"
)

// act performs a plan. The deployment goes first: if we end in between, a new
// job is measured anew, which takes its time.
func (c *Controller) act(ctx context.Context, seen *snapshot, p plan) error {
	id := seen.Metadata.ID
	if p.remove {
		if _, err := c.Policies.Delete(ctx, id); err != nil && !errors.Is(err, resource.ErrNotFound) {
			return fmt.Errorf("remove the autopilot policy of a deployment that is gone: %w", err)
		}
		return nil
	}
	if p.scale > 0 {
		if err := c.scaleTo(ctx, seen, p); err != nil {
			return err
		}
	}
	if !p.write {
		return nil
	}
	_, err := c.Policies.Update(ctx, control.By, id, func(v *resource.AutopilotPolicy) error {
		if v.Metadata.Generation != seen.Metadata.Generation {
			return control.ErrStale
		}
		v.Status = p.status
		return nil
	})
	return err
}

// scaleTo changes the deployment, if it is still the one that was measured.
func (c *Controller) scaleTo(ctx context.Context, seen *snapshot, p plan) error {
	d, err := c.Deployments.Update(ctx, By, seen.deployment.Metadata.ID, func(d *resource.Deployment) error {
		if d.Metadata.Generation != seen.deployment.Metadata.Generation {
			return control.ErrStale
		}
		old := *d
		scale(&d.Spec.Template.Spec, p.scale)
		d.CountSpecVersion(old)
		return nil
	})
	if err != nil {
		return fmt.Errorf("scale deployment %s: %w", seen.deployment.Metadata.Name, err)
	}
	c.Log.InfoContext(ctx, "deployment scaled", "deployment", d.Metadata.ID, "parallelism", p.scale, "why", p.why)
	if _, err := c.Events.Create(ctx, By, resource.Event{
		Metadata: resource.Metadata{
			Name: string(resource.EventExternal), Namespace: d.Metadata.Namespace, DeploymentID: d.Metadata.ID, JobID: seen.job.Metadata.ID,
		},
		Spec: resource.EventSpec{Message: "autopilot: " + p.why, Actor: By},
	}); err != nil {
		c.Log.WarnContext(ctx, "an event is not kept", "event", resource.EventExternal, "error", err)
	}
	return nil
}

// scale sets the parallelism, and as many task managers as it needs where
// their number is given.
func scale(t *resource.JobTemplate, parallelism int) {
	t.Parallelism = parallelism
	if t.NumberOfTaskManagers == 0 {
		return
	}
	slots, err := strconv.Atoi(t.FlinkConfiguration["taskmanager.numberOfTaskSlots"])
	if err != nil || slots < 1 {
		slots = 1
	}
	t.NumberOfTaskManagers = (parallelism + slots - 1) / slots
}
