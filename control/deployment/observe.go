package deployment

import (
	"context"
	"errors"
	"fmt"

	"github.com/weir-streams/weir/resource"
)

// window is how many of the youngest jobs and savepoints are usually read; all
// of them when the window is full and what is looked for may lie outside.
const window = 64

func (c *Controller) observe(ctx context.Context, id string) (*snapshot, error) {
	d, err := c.Deployments.Get(ctx, id)
	if err != nil {
		return nil, err
	}
	seen := &snapshot{Deployment: d, config: c.config}
	if seen.jobs, err = c.Jobs.List(ctx, resource.Filter{DeploymentID: id, Newest: c.config.listed()}); err != nil {
		return nil, fmt.Errorf("list jobs of deployment %s: %w", id, err)
	}
	seen.splitStandbys()
	if _, found := seen.lastGood(); !found && len(seen.jobs)+len(seen.standbys) == c.config.listed() {
		if seen.jobs, err = c.Jobs.List(ctx, resource.Filter{DeploymentID: id}); err != nil {
			return nil, fmt.Errorf("list jobs of deployment %s: %w", id, err)
		}
		seen.splitStandbys()
	}
	// After the jobs: a job that is seen as ended has left its last savepoint.
	if seen.savepoints, err = c.Savepoints.List(ctx, resource.Filter{DeploymentID: id, Newest: window}); err != nil {
		return nil, fmt.Errorf("list savepoints of deployment %s: %w", id, err)
	}
	if len(seen.savepoints) == window {
		if seen.savepoints, err = c.Savepoints.List(ctx, resource.Filter{DeploymentID: id}); err != nil {
			return nil, fmt.Errorf("list savepoints of deployment %s: %w", id, err)
		}
	}
	active := seen.active()
	if d.Spec.State != resource.StateRunning || len(active) > 0 && !seen.outdated(active[0]) {
		return seen, nil
	}
	if seen.target, err = c.findTarget(ctx, d); err != nil {
		return nil, err
	}
	if c.Secrets != nil && seen.target.problem == "" {
		if seen.secrets, err = c.Secrets.Check(ctx, d.Metadata.Namespace, seen.target.launcher, d.Spec.Template.Spec); err != nil {
			return nil, fmt.Errorf("look for the secrets of deployment %s: %w", id, err)
		}
	}
	if len(active) > 0 && !seen.target.warms && !seen.target.rescales {
		return seen, nil
	}
	if seen.catalog, err = c.findCatalog(ctx, d); err != nil {
		return nil, err
	}
	_, refused := seen.refusedStandby()
	switch state := seen.newest().Status.State; {
	case state == resource.JobFailed, state == resource.JobFinished, refused:
		if seen.history, err = c.Revisions.Revisions(ctx, resource.KindDeployment, id); err != nil {
			return nil, fmt.Errorf("read the history of deployment %s: %w", id, err)
		}
	}
	return seen, nil
}

// findTarget says where a job of d would run, or why nowhere.
func (c *Controller) findTarget(ctx context.Context, d resource.Deployment) (target, error) {
	var t resource.DeploymentTarget
	var err error
	ref := d.Spec.DeploymentTargetName
	switch {
	case d.Spec.SessionClusterName != "":
		return c.findSession(ctx, d)
	case ref != "":
		t, err = c.Targets.GetByName(ctx, d.Metadata.Namespace, ref)
	case d.Spec.DeploymentTargetID != "":
		ref = d.Spec.DeploymentTargetID
		t, err = c.Targets.Get(ctx, ref)
		if err == nil && t.Metadata.Namespace != d.Metadata.Namespace {
			err = resource.ErrNotFound
		}
	case c.config.DefaultTarget != "":
		ref = c.config.DefaultTarget
		t, err = c.Targets.GetByName(ctx, d.Metadata.Namespace, ref)
	default:
		return target{problem: "no deployment target is named: set spec.deploymentTargetName"}, nil
	}
	switch {
	case errors.Is(err, resource.ErrNotFound):
		return target{problem: fmt.Sprintf("deployment target %q does not exist in namespace %q: create it, or name another in spec.deploymentTargetName", ref, d.Metadata.Namespace)}, nil
	case err != nil:
		return target{}, fmt.Errorf("find deployment target %s: %w", ref, err)
	}
	launcher := t.Spec.Launcher
	switch {
	case launcher != "":
	case t.Spec.Kubernetes != resource.KubernetesTarget{}:
		launcher = "kubernetes"
	default:
		launcher = c.config.DefaultLauncher
	}
	if !c.Launchers.Has(launcher) {
		return target{problem: fmt.Sprintf("deployment target %q wants launcher %q, which this server does not have", ref, launcher)}, nil
	}
	return target{name: t.Metadata.Name, launcher: launcher, warms: c.Launchers.Warms(launcher), rescales: c.Launchers.Rescales(launcher), kubernetes: t.Spec.Kubernetes}, nil
}
