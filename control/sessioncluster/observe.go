package sessioncluster

import (
	"context"
	"errors"
	"fmt"

	"github.com/weir-streams/weir/cluster"
	"github.com/weir-streams/weir/control"
	"github.com/weir-streams/weir/resource"
)

// observe reads the session cluster first: the jobs that are seen after it was
// STOPPING are all there will be on this incarnation.
func (c *Controller) observe(ctx context.Context, id string) (*snapshot, error) {
	s, err := c.SessionClusters.Get(ctx, id)
	if err != nil {
		return nil, err
	}
	seen := &snapshot{SessionCluster: s, config: c.config}
	all, err := c.Deployments.List(ctx, resource.Filter{Namespace: s.Metadata.Namespace})
	if err != nil {
		return nil, fmt.Errorf("list deployments of namespace %s: %w", s.Metadata.Namespace, err)
	}
	for _, d := range all {
		if d.Spec.SessionClusterName == s.Metadata.Name {
			seen.deployments = append(seen.deployments, d)
		}
	}
	if s.Spec.State == resource.SessionRunning {
		if seen.target, err = c.findTarget(ctx, s); err != nil {
			return nil, err
		}
	} else if s.Status.State == resource.SessionStopping {
		if seen.jobs, err = c.jobsOn(ctx, s); err != nil {
			return nil, err
		}
	}
	seen.sight = control.Sight{Presence: cluster.Absent}
	if s.Status.Incarnation != "" && s.Status.State != resource.SessionStopped {
		seen.sight = c.Clusters.LookAtSession(ctx, s)
	}
	return seen, nil
}

func (c *Controller) jobsOn(ctx context.Context, s resource.SessionCluster) ([]resource.Job, error) {
	all, err := c.Jobs.List(ctx, resource.Filter{Namespace: s.Metadata.Namespace})
	if err != nil {
		return nil, fmt.Errorf("list jobs of namespace %s: %w", s.Metadata.Namespace, err)
	}
	var on []resource.Job
	for _, j := range all {
		if j.Spec.SessionClusterID == s.Metadata.ID && !j.Status.State.Terminal() {
			on = append(on, j)
		}
	}
	return on, nil
}

// findTarget says where the session cluster would run, or why nowhere.
func (c *Controller) findTarget(ctx context.Context, s resource.SessionCluster) (target, error) {
	name := s.Spec.DeploymentTargetName
	if name == "" {
		name = c.DefaultTarget
	}
	if name == "" {
		return target{problem: "no deployment target is named: set spec.deploymentTargetName"}, nil
	}
	t, err := c.Targets.GetByName(ctx, s.Metadata.Namespace, name)
	switch {
	case errors.Is(err, resource.ErrNotFound):
		return target{problem: fmt.Sprintf("deployment target %q does not exist in namespace %q: create it, or name another in spec.deploymentTargetName", name, s.Metadata.Namespace)}, nil
	case err != nil:
		return target{}, fmt.Errorf("find deployment target %s: %w", name, err)
	}
	launcher := t.Spec.Launcher
	switch {
	case launcher != "":
	case t.Spec.Kubernetes != resource.KubernetesTarget{}:
		launcher = "kubernetes"
	default:
		launcher = c.DefaultLauncher
	}
	if !c.Clusters.RunsSessions(launcher) {
		return target{problem: fmt.Sprintf("deployment target %q wants launcher %q, which runs no session clusters on this server", name, launcher)}, nil
	}
	return target{launcher: launcher, kubernetes: t.Spec.Kubernetes}, nil
}
