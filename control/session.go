package control

import (
	"context"
	"errors"
	"fmt"

	"github.com/weir-streams/weir/cluster"
	"github.com/weir-streams/weir/flink"
	"github.com/weir-streams/weir/resource"
)

// SessionRef names the session cluster that is up or coming up.
func SessionRef(s resource.SessionCluster) cluster.Ref {
	return cluster.Ref{Namespace: s.Metadata.Namespace, Session: s.Status.Incarnation, Target: kubernetesTarget(s.Status.Kubernetes)}
}

// RunsSessions tells whether the launcher has session clusters.
func (c *Clusters) RunsSessions(launcher string) bool {
	_, ok := c.launchers[launcher].(cluster.Sessions)
	return ok
}

func (c *Clusters) sessions(s resource.SessionCluster) (cluster.Sessions, error) {
	l, ok := c.launchers[s.Status.Launcher].(cluster.Sessions)
	if !ok {
		return nil, fmt.Errorf("session cluster %s: this server has no launcher %q that runs session clusters", s.Metadata.Name, s.Status.Launcher)
	}
	if err := c.near("session cluster "+s.Metadata.Name, s.Status.Launcher, s.Metadata); err != nil {
		return nil, err
	}
	return l, nil
}

// LookAtSession sees what can be seen of a session cluster: nothing of its jobs.
func (c *Clusters) LookAtSession(ctx context.Context, s resource.SessionCluster) Sight {
	l, err := c.sessions(s)
	if err != nil {
		return Sight{Message: err.Error()}
	}
	ref := SessionRef(s)
	_, err = l.Connect(ctx, ref)
	switch {
	case err == nil:
		return Sight{Presence: cluster.Present, Answers: true}
	case errors.Is(err, cluster.ErrGone):
		return Sight{Presence: cluster.Absent}
	}
	o, oerr := l.Observe(ctx, ref)
	switch {
	case oerr != nil:
		return Sight{Message: fmt.Sprintf("%v; %v", err, oerr)}
	case o.Message == "" && o.Presence != cluster.Absent:
		o.Message = err.Error()
	}
	return Sight{Presence: o.Presence, Broken: o.Failed && o.Presence == cluster.Present, Message: o.Message}
}

// LaunchSession starts a session cluster.
func (c *Clusters) LaunchSession(ctx context.Context, s resource.SessionCluster, spec cluster.Spec) error {
	l, err := c.sessions(s)
	if err != nil {
		return fmt.Errorf("%w: %w", cluster.ErrRefused, err)
	}
	return l.Launch(ctx, spec)
}

// ScaleSession gives a running session cluster another number of TaskManagers,
// where its launcher can; one that cannot has what its jobs need.
func (c *Clusters) ScaleSession(ctx context.Context, s resource.SessionCluster, n int) error {
	l, err := c.sessions(s)
	if err != nil {
		return err
	}
	if scaler, ok := l.(cluster.Scaler); ok {
		return scaler.ScaleTaskManagers(ctx, SessionRef(s), n)
	}
	return nil
}

// TerminateSession removes a session cluster with all jobs on it; nil means
// that it is gone.
func (c *Clusters) TerminateSession(ctx context.Context, s resource.SessionCluster) error {
	l, err := c.sessions(s)
	if err != nil {
		return err
	}
	return l.Terminate(ctx, SessionRef(s))
}

// SessionClient connects to a session cluster.
func (c *Clusters) SessionClient(ctx context.Context, s resource.SessionCluster) (*flink.Client, error) {
	l, err := c.sessions(s)
	if err != nil {
		return nil, err
	}
	return l.Connect(ctx, SessionRef(s))
}

// RecordSession keeps what was done to a session cluster.
func (r Recorder) RecordSession(ctx context.Context, m resource.Metadata, events ...Event) {
	for _, e := range events {
		_, err := r.Events.Create(ctx, By, resource.Event{
			Metadata: resource.Metadata{Name: string(e.Name), Namespace: m.Namespace, SessionClusterID: m.ID, ResourceName: m.Name},
			Spec:     resource.EventSpec{Message: e.Message, Actor: By},
		})
		if err != nil {
			r.Log.WarnContext(ctx, "an event is not kept", "event", e.Name, "message", e.Message, "error", err)
		}
	}
}
