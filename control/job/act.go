package job

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"reflect"

	"github.com/weir-streams/weir/cluster"
	"github.com/weir-streams/weir/control"
	"github.com/weir-streams/weir/resource"
)

// act writes that a launch is asked for before it asks, and that a job has
// ended only after its cluster is gone.
func (c *Controller) act(ctx context.Context, seen *snapshot, p plan) error {
	m := seen.Metadata
	log := c.Log.With("deployment", m.DeploymentName, "namespace", m.Namespace, "job", m.ID)
	if p.cancel {
		if err := c.Clusters.Cancel(ctx, seen.Job); err != nil {
			log.WarnContext(ctx, "cancelling will be tried again", "error", err)
		}
	}
	if p.rescale > 0 {
		c.tellParallelism(ctx, seen, &p)
	}
	if p.terminate {
		if err := c.Clusters.Terminate(ctx, seen.Job); err != nil {
			return fmt.Errorf("remove the cluster of job %s: %w", m.ID, err)
		}
		log.InfoContext(ctx, "cluster removed")
	}
	for _, retained := range []*resource.Savepoint{p.fallback, p.retained} {
		if retained == nil {
			continue
		}
		_, err := c.Savepoints.Create(ctx, control.By, *retained)
		if err != nil && !errors.Is(err, resource.ErrConflict) { // recorded before we were interrupted
			return fmt.Errorf("record the retained checkpoint of job %s: %w", m.ID, err)
		}
	}
	var spec cluster.Spec
	var unfit error // why it cannot be launched
	if p.launch {
		// Before it is written that it is asked for: what keeps us from telling
		// the launcher what to do may pass.
		spec, unfit = c.spec(ctx, seen.Job)
		if errors.Is(unfit, control.ErrVault) {
			return fmt.Errorf("launch job %s: %w", m.ID, unfit)
		}
	}
	if place := c.Clusters.Place(m.Annotations[control.AnnotationLauncher]); p.launch && place != "" {
		p.annotations = maps.Clone(p.annotations)
		p.annotations[control.AnnotationPlace] = place
	}
	if p.status.State == resource.JobStarted && seen.Status.State != resource.JobStarted && seen.Spec.Artifact.Kind == resource.ArtifactSQLScript {
		// For people to know; nothing is decided by it, and not every cluster tells.
		if sources, sinks, err := c.Clusters.Tables(ctx, seen.Job); err == nil {
			p.status.SourceTables, p.status.SinkTables = sources, sinks
		}
	}
	if err := c.write(ctx, seen, p); err != nil {
		return err
	}
	if p.launch {
		c.launch(ctx, seen.Job, spec, unfit)
	}
	if p.status.State != seen.Status.State {
		log.InfoContext(ctx, "state changed", "from", seen.Status.State, "to", p.status.State, "message", p.status.Message)
	}
	if p.launch || p.status.State != seen.Status.State || p.status.Message != seen.Status.Message || seen.rescaleTo() > 0 {
		c.recorder.Record(ctx, m.Namespace, m.DeploymentID, p.events...)
	}
	return nil
}

func (c *Controller) write(ctx context.Context, seen *snapshot, p plan) error {
	if reflect.DeepEqual(p.status, seen.Status) && len(p.annotations) == 0 && !p.ended {
		return nil
	}
	_, err := c.Jobs.Update(ctx, control.By, seen.Metadata.ID, func(j *resource.Job) error {
		if j.Status.State != seen.Status.State {
			return control.ErrStale
		}
		j.Status = p.status
		if p.back != nil && j.Metadata.Annotations[control.AnnotationRescale] == seen.Metadata.Annotations[control.AnnotationRescale] {
			p.back.goBack(j)
		}
		if p.ended {
			j.Metadata.TerminatedAt = resource.At(c.Now())
		}
		if len(p.annotations) > 0 {
			annotations := maps.Clone(j.Metadata.Annotations)
			if annotations == nil {
				annotations = map[string]string{}
			}
			maps.Copy(annotations, p.annotations)
			j.Metadata.Annotations = annotations
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("write status of job %s: %w", seen.Metadata.ID, err)
	}
	return nil
}

// launch asks for the cluster, once. How that went shows when the cluster is
// looked at; what the launcher says meanwhile is kept for people.
func (c *Controller) launch(ctx context.Context, j resource.Job, spec cluster.Spec, err error) {
	if err == nil {
		if err = c.Clusters.Launch(ctx, j, spec); err == nil {
			return
		}
	}
	reason := ""
	switch {
	case errors.Is(err, cluster.ErrRefused):
		reason = control.ReasonRefused
	case errors.Is(err, control.ErrNoSecret):
		reason = control.ReasonSecret
	}
	c.Log.WarnContext(ctx, "launch failed", "job", j.Metadata.ID, "error", err)
	_, werr := c.Jobs.Update(ctx, control.By, j.Metadata.ID, func(j *resource.Job) error {
		j.Status.Message = err.Error()
		if reason != "" && (j.Status.State == resource.JobStarting || j.Status.State == resource.JobStandby) {
			j.Status.State = resource.JobTerminating
			j.Status.Failure = resource.Failure{Reason: reason, Message: err.Error(), FailedAt: resource.At(c.Now())}
			j.Metadata.Annotations = maps.Clone(j.Metadata.Annotations)
			j.Metadata.Annotations[control.AnnotationEnding] = control.NoteTime(c.Now())
		}
		return nil
	})
	if werr != nil {
		c.Log.WarnContext(ctx, "the reason of a failed launch is not kept", "job", j.Metadata.ID, "error", werr)
	}
	c.recorder.Record(ctx, j.Metadata.Namespace, j.Metadata.DeploymentID, control.Event{
		Name: resource.EventFailedToCreateClusterForJob, JobID: j.Metadata.ID, Message: err.Error(),
	})
}
