package savepoint

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"reflect"

	"github.com/weir-streams/weir/control"
	"github.com/weir-streams/weir/flink"
	"github.com/weir-streams/weir/resource"
)

func (c *Controller) act(ctx context.Context, seen *snapshot, p plan) error {
	switch {
	case p.trigger:
		return c.trigger(ctx, seen)
	case p.drop:
		return c.erase(ctx, seen, p)
	}
	return c.write(ctx, seen, p)
}

func (c *Controller) write(ctx context.Context, seen *snapshot, p plan) error {
	m := seen.Metadata
	log := c.Log.With("savepoint", m.ID, "namespace", m.Namespace, "job", seen.job.Metadata.ID)
	if reflect.DeepEqual(p.status, seen.Status) && p.location == "" && p.jobID == "" && len(p.annotations) == 0 {
		return nil
	}
	_, err := c.Savepoints.Update(ctx, control.By, m.ID, func(s *resource.Savepoint) error {
		if s.Status.State != seen.Status.State {
			return control.ErrStale
		}
		s.Status = p.status
		if p.location != "" {
			s.Spec.SavepointLocation = p.location
		}
		if s.Metadata.JobID == "" {
			s.Metadata.JobID = p.jobID
		}
		if len(p.annotations) > 0 {
			annotations := maps.Clone(s.Metadata.Annotations)
			if annotations == nil {
				annotations = map[string]string{}
			}
			maps.Copy(annotations, p.annotations)
			s.Metadata.Annotations = annotations
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("write status of savepoint %s: %w", m.ID, err)
	}
	if p.status.State != seen.Status.State {
		log.InfoContext(ctx, "state changed", "to", p.status.State, "location", p.location, "failure", p.status.Failure.Message)
	}
	c.recorder.Record(ctx, m.Namespace, m.DeploymentID, p.events...)
	return nil
}

// trigger asks the cluster. What it says no to for good is a failure; whatever
// else goes wrong is found out by polling.
func (c *Controller) trigger(ctx context.Context, seen *snapshot) error {
	m := seen.Metadata
	err := c.Clusters.Trigger(ctx, seen.job, control.Trigger{
		ID: control.TriggerID(m.ID), Directory: seen.Spec.SavepointLocation, Stop: seen.Spec.StopJob,
	})
	var no *flink.Error
	switch {
	case err == nil:
		c.recorder.Record(ctx, m.Namespace, m.DeploymentID, control.Event{
			Name: resource.EventSuccessfullyTriggeredASavepoint, JobID: seen.job.Metadata.ID,
			Message: fmt.Sprintf("the cluster accepted savepoint %s", m.ID),
		})
		return nil
	case errors.As(err, &no) && no.Status >= 400 && no.Status < 500 && no.Status != http.StatusRequestTimeout && no.Status != http.StatusTooManyRequests:
		d := &decision{snapshot: seen, now: c.Now()}
		d.status = seen.Status
		d.fail("Refused", resource.EventAnUnRecoverableFailureWhileTriggeringASavepoint, "the cluster refuses it: %v", err)
		return c.write(ctx, seen, d.plan)
	}
	d := &decision{snapshot: seen, now: c.Now()}
	d.status = seen.Status
	d.tell(resource.EventRecoverableFailureWhileTriggeringASavepoint, "savepoint %s could not be asked for: %v; asking again", m.ID, err)
	if werr := c.write(ctx, seen, d.plan); werr != nil {
		err = errors.Join(err, werr)
	}
	return fmt.Errorf("trigger savepoint %s: %w", m.ID, err)
}
