package deployment

import (
	"context"
	"errors"
	"fmt"

	"github.com/weir-streams/weir/control"
	"github.com/weir-streams/weir/resource"
)

// Sessions finds session clusters.
type Sessions interface {
	Get(ctx context.Context, id string) (resource.SessionCluster, error)
	GetByName(ctx context.Context, namespace, name string) (resource.SessionCluster, error)
}

// session is the session cluster on which the next job would run.
type session struct {
	name, id      string
	incarnation   string
	configuration map[string]string // of all its jobs, below their own
	wait          string            // why it takes no job now; empty if it does
}

// findSession says where on a session cluster a job of d would run.
func (c *Controller) findSession(ctx context.Context, d resource.Deployment) (target, error) {
	name := d.Spec.SessionClusterName
	var s resource.SessionCluster
	err := resource.ErrNotFound
	if c.Sessions != nil {
		s, err = c.Sessions.GetByName(ctx, d.Metadata.Namespace, name)
	}
	switch {
	case errors.Is(err, resource.ErrNotFound):
		return target{problem: fmt.Sprintf("session cluster %q does not exist in namespace %q: create it, or name another in spec.sessionClusterName", name, d.Metadata.Namespace)}, nil
	case err != nil:
		return target{}, fmt.Errorf("find session cluster %s: %w", name, err)
	}
	return target{launcher: s.Status.Launcher, kubernetes: s.Status.Kubernetes, session: session{
		name: s.Metadata.Name, id: s.Metadata.ID, incarnation: s.Status.Incarnation,
		configuration: s.Spec.FlinkConfiguration, wait: whyNot(s),
	}}, nil
}

// whyNot says why a session cluster takes no job now; empty if it does.
func whyNot(s resource.SessionCluster) string {
	name, state := s.Metadata.Name, s.Status.State
	switch {
	case s.Spec.State != resource.SessionRunning:
		return fmt.Sprintf("session cluster %q is to be %s: set its spec.state to RUNNING", name, s.Spec.State)
	case state == resource.SessionRunning, state == resource.SessionUpdating:
		return ""
	case state == resource.SessionFailed:
		return fmt.Sprintf("session cluster %q is FAILED%s", name, because(s.Status.Message))
	case state == "":
		state = "new"
	}
	return fmt.Sprintf("waiting for session cluster %q to be RUNNING; it is %s", name, state)
}

// onSession finds the deployments that a change of a session cluster concerns.
func (c *Controller) onSession(ctx context.Context, changed resource.Key) ([]resource.Key, error) {
	if c.Sessions == nil {
		return nil, nil
	}
	s, err := c.Sessions.Get(ctx, changed.ID)
	if err != nil {
		return nil, err
	}
	all, err := c.Deployments.List(ctx, resource.Filter{Namespace: changed.Namespace})
	var keys []resource.Key
	for _, d := range all {
		if d.Spec.SessionClusterName == s.Metadata.Name {
			keys = append(keys, key(d.Metadata.Namespace, d.Metadata.ID))
		}
	}
	return keys, err
}

// awaitsSession waits for a session cluster that takes no job now. It goes on
// by itself when that does.
func (d *decision) awaitsSession(but string) bool {
	wait := d.target.session.wait
	if wait == "" {
		return false
	}
	if but != "" {
		wait += "; " + but
	}
	d.working("%s", wait)
	d.say(resource.EventAwaitingForAClusterToSpinUp, resource.Job{}, "%s", wait)
	return true
}

// lostWithSession tells whether a job was lost with its session cluster, which
// counts its failures and pauses between its starts itself.
func lostWithSession(j resource.Job) bool { return j.Status.Failure.Reason == control.ReasonSession }

// settle puts the job on the session cluster, if it is to run on one.
func (s session) settle(j *resource.Job) {
	if s.id == "" {
		return
	}
	j.Metadata.SessionClusterName = s.name
	j.Metadata.Annotations[control.AnnotationSession] = s.incarnation
	j.Spec.SessionClusterID = s.id
}
