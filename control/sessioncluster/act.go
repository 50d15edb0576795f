package sessioncluster

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"strconv"

	"github.com/weir-streams/weir/cluster"
	"github.com/weir-streams/weir/control"
	"github.com/weir-streams/weir/resource"
)

// act removes before it writes that it is removed, and writes that a cluster
// is asked for before it asks.
func (c *Controller) act(ctx context.Context, seen *snapshot, p plan) error {
	m := seen.Metadata
	log := c.Log.With("sessionCluster", m.Name, "namespace", m.Namespace)
	if p.terminate {
		if err := c.Clusters.TerminateSession(ctx, seen.SessionCluster); err != nil {
			err = fmt.Errorf("remove the cluster: %w", err)
			c.cannotRemove(ctx, seen, err)
			return err
		}
		log.InfoContext(ctx, "cluster removed", "incarnation", seen.Status.Incarnation)
	}
	if p.scale {
		if err := c.Clusters.ScaleSession(ctx, seen.SessionCluster, p.status.NumberOfTaskManagers); err != nil {
			return fmt.Errorf("change the number of task managers to %d: %w", p.status.NumberOfTaskManagers, err)
		}
	}
	written, err := c.write(ctx, seen, p)
	if err != nil {
		return err
	}
	if p.launch {
		c.launch(ctx, written)
	}
	if p.status.State != seen.Status.State {
		log.InfoContext(ctx, "state changed", "from", seen.Status.State, "to", p.status.State, "message", p.status.Message)
	}
	if p.launch || p.status.State != seen.Status.State || p.status.Message != seen.Status.Message {
		c.recorder.RecordSession(ctx, m, p.events...)
	}
	return nil
}

func (c *Controller) write(ctx context.Context, seen *snapshot, p plan) (resource.SessionCluster, error) {
	annotations, err := annotated(seen, p.status)
	if err != nil {
		return resource.SessionCluster{}, err
	}
	if reflect.DeepEqual(p.status, seen.Status) && maps.Equal(annotations, seen.Metadata.Annotations) {
		return seen.SessionCluster, nil
	}
	written, err := c.SessionClusters.Update(ctx, control.By, seen.Metadata.ID, func(s *resource.SessionCluster) error {
		if s.Metadata.Generation != seen.Metadata.Generation || !reflect.DeepEqual(s.Status, seen.Status) {
			return control.ErrStale // this is about another wish
		}
		s.Status = p.status
		kept := maps.Clone(s.Metadata.Annotations)
		if kept == nil {
			kept = map[string]string{}
		}
		for _, key := range []string{resource.AnnotationReferences, resource.AnnotationResourcesAcquired} {
			kept[key] = annotations[key]
		}
		if place := c.Clusters.Place(p.status.Launcher); p.launch && place != "" {
			kept[control.AnnotationPlace] = place
		}
		s.Metadata.Annotations = kept
		return nil
	})
	if err != nil {
		return written, fmt.Errorf("write status of session cluster %s: %w", seen.Metadata.Name, err)
	}
	return written, nil
}

// reference is a deployment that is to run on the session cluster.
type reference struct {
	Kind resource.Kind `json:"kind"`
	ID   string        `json:"id"`
	Name string        `json:"name"`
}

// annotated is the annotations with what clients know of references and resources.
func annotated(seen *snapshot, status resource.SessionClusterStatus) (map[string]string, error) {
	open := "CLOSED"
	switch status.State {
	case resource.SessionStarting, resource.SessionRunning, resource.SessionUpdating:
		open = "OPEN"
	}
	references := []reference{}
	for _, d := range seen.deployments {
		references = append(references, reference{resource.KindDeployment, d.Metadata.ID, d.Metadata.Name})
	}
	b, err := json.Marshal(map[string]any{"state": open, "references": references})
	if err != nil {
		return nil, fmt.Errorf("write the references of session cluster %s: %w", seen.Metadata.Name, err)
	}
	out := maps.Clone(seen.Metadata.Annotations)
	if out == nil {
		out = map[string]string{}
	}
	out[resource.AnnotationReferences] = string(b)
	out[resource.AnnotationResourcesAcquired] = strconv.FormatBool(!status.State.Terminal())
	return out, nil
}

// launch asks for the cluster, once. How that went shows when the cluster is
// looked at; what the launcher says meanwhile is kept for people.
func (c *Controller) launch(ctx context.Context, s resource.SessionCluster) {
	spec, err := specOf(s)
	if err == nil {
		if err = c.Clusters.LaunchSession(ctx, s, spec); err == nil {
			return
		}
	}
	c.Log.WarnContext(ctx, "launch failed", "sessionCluster", s.Metadata.Name, "error", err)
	refused := errors.Is(err, cluster.ErrRefused)
	_, werr := c.SessionClusters.Update(ctx, control.By, s.Metadata.ID, func(now *resource.SessionCluster) error {
		if now.Status.Incarnation != s.Status.Incarnation || now.Status.State != resource.SessionStarting {
			return nil
		}
		now.Status.Message = err.Error()
		if refused {
			now.Status.State = resource.SessionFailed
			now.Status.LaunchedAt = resource.Time{}
			now.Status.Failure = resource.Failure{Reason: reasonRefused, Message: err.Error(), FailedAt: resource.At(c.Now())}
		}
		return nil
	})
	if werr != nil {
		c.Log.WarnContext(ctx, "the reason of a failed launch is not kept", "sessionCluster", s.Metadata.Name, "error", werr)
	}
	if refused {
		c.recorder.RecordSession(ctx, s.Metadata, control.Event{
			Name: resource.EventTerminatingASessionClusterDueToAnUnrecoverableFailure, Message: err.Error(),
		})
	}
}

// specOf is what a launcher is told of a session cluster.
func specOf(s resource.SessionCluster) (cluster.Spec, error) {
	ref := control.SessionRef(s)
	out := cluster.Spec{
		Ref: ref, DeploymentName: s.Metadata.Name, Configuration: maps.Clone(s.Spec.FlinkConfiguration),
		TaskManagers: s.Spec.NumberOfTaskManagers, Artifact: cluster.Artifact{Engine: s.Spec.FlinkVersion},
		JobManagerCPU: s.Spec.Resources.JobManager.CPU, TaskManagerCPU: s.Spec.Resources.TaskManager.CPU,
		Image:      cluster.Image{Registry: s.Spec.FlinkImageRegistry, Repository: s.Spec.FlinkImageRepository, Tag: s.Spec.FlinkImageTag},
		Kubernetes: s.Spec.Kubernetes,
		Logging:    cluster.Logging{Levels: s.Spec.Logging.Log4jLoggers, Template: s.Spec.Logging.Log4j2ConfigurationTemplate},
		Labels: map[string]string{
			"weir.io/session-cluster": s.Metadata.ID,
			"weir.io/session":         ref.Session,
			"weir.io/namespace":       s.Metadata.Namespace,
		},
	}
	if out.Configuration == nil {
		out.Configuration = map[string]string{}
	}
	out.Configuration[control.KeyIncarnation] = ref.Session
	for _, m := range []struct {
		role, text string
		to         *int64
	}{
		{"jobmanager", s.Spec.Resources.JobManager.Memory, &out.JobManagerMemory},
		{"taskmanager", s.Spec.Resources.TaskManager.Memory, &out.TaskManagerMemory},
	} {
		if m.text == "" {
			continue
		}
		n, err := resource.ParseMemory(m.text)
		if err != nil {
			return out, fmt.Errorf("%w: resources.%s.memory: %w", cluster.ErrRefused, m.role, err)
		}
		*m.to = n
	}
	return out, nil
}

// cannotRemove says why a cluster does not go away; that is tried again.
func (c *Controller) cannotRemove(ctx context.Context, seen *snapshot, why error) {
	_, err := c.SessionClusters.Update(ctx, control.By, seen.Metadata.ID, func(s *resource.SessionCluster) error {
		s.Status.Message = why.Error()
		return nil
	})
	if err == nil && seen.Status.Message != why.Error() {
		c.recorder.RecordSession(ctx, seen.Metadata, control.Event{Name: resource.EventFailedToStopSessionCluster, Message: why.Error()})
	}
}
