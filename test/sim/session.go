package sim

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/weir-streams/weir/cluster"
	"github.com/weir-streams/weir/control"
	"github.com/weir-streams/weir/resource"
)

// fakeSession is one start of a session cluster.
type fakeSession struct {
	w           *World
	id          string // the incarnation
	owner       string // id of the resource
	gone        bool
	broken      bool // its process has ended
	silentUntil time.Time
}

func (h *fakeSession) runs() bool { return !h.gone && !h.broken }

// die ends the process, and with it all jobs; gone leaves nothing to look at.
func (h *fakeSession) die(gone bool) {
	h.broken = true
	h.gone = h.gone || gone
	for _, c := range h.w.clusters {
		if c.session == h.id && !c.gone {
			c.catchUp()
			c.gone, c.unlucky = true, true
		}
	}
}

func (h *fakeSession) silent() bool { return h.w.now.Before(h.silentUntil) }

// host is the session cluster a job is on, nil when it has a cluster of its own.
func (c *fakeCluster) host() *fakeSession { return c.w.bySession[c.session] }

// through says what is seen of a job when there is nothing to ask on its
// session cluster; ok when there is.
func (w *World) through(ref cluster.Ref) (sight control.Sight, ok bool) {
	if !ref.OnSession() {
		return control.Sight{}, true
	}
	switch h := w.bySession[ref.Session]; {
	case h == nil || h.gone:
		return control.Sight{Presence: cluster.Absent, Message: "its session cluster is gone"}, false
	case h.broken:
		return control.Sight{Presence: cluster.Absent, Message: "its session cluster has ended: exited with status 1"}, false
	case h.silent():
		return control.Sight{Message: "the session cluster does not answer"}, false
	}
	return control.Sight{}, true
}

// LookAtSession is what controllers see of a session cluster.
func (k clusters) LookAtSession(_ context.Context, s resource.SessionCluster) control.Sight {
	k.w.pause()
	h := k.w.bySession[s.Status.Incarnation]
	switch {
	case k.w.chance(k.w.faults.RequestLost):
		return control.Sight{Message: errLost.Error()}
	case h == nil || h.gone:
		return control.Sight{Presence: cluster.Absent}
	case h.broken:
		return control.Sight{Presence: cluster.Present, Broken: true, Message: "exited with status 1"}
	case h.silent():
		return control.Sight{Presence: cluster.Present, Message: "no answer"}
	}
	return control.Sight{Presence: cluster.Present, Answers: true}
}

// RunsSessions is true of the one launcher.
func (k clusters) RunsSessions(launcher string) bool { return launcher == "fake" }

// LaunchSession brings up one start of a session cluster.
func (k clusters) LaunchSession(_ context.Context, s resource.SessionCluster, spec cluster.Spec) error {
	return k.ask(func() error {
		if k.w.chance(k.w.faults.LaunchFails) {
			return errors.New("fork: cannot allocate memory")
		}
		if k.w.bySession[spec.Session] != nil {
			return nil
		}
		for _, h := range k.w.sessionStarts {
			if h.owner == s.Metadata.ID && !h.gone {
				k.w.fail("session cluster %s is started while start %s of it is not gone", s.Metadata.Name, short(h.id))
			}
		}
		h := &fakeSession{w: k.w, id: spec.Session, owner: s.Metadata.ID, silentUntil: k.w.now.Add(k.w.between(0, 300*time.Millisecond))}
		k.w.sessionStarts = append(k.w.sessionStarts, h)
		k.w.bySession[h.id] = h
		k.w.tracef("session cluster %s: start %s launched", s.Metadata.Name, short(h.id))
		return nil
	})
}

// TerminateSession removes a session cluster with all that is on it.
func (k clusters) TerminateSession(_ context.Context, s resource.SessionCluster) error {
	return k.ask(func() error {
		h := k.w.bySession[s.Status.Incarnation]
		if h == nil || h.gone {
			return nil
		}
		k.w.checkTerminateSession(h, s)
		k.w.tracef("session cluster %s: start %s removed", s.Metadata.Name, short(h.id))
		h.die(true)
		return nil
	})
}

// ScaleSession changes the number of TaskManagers, which jobs here do not need.
func (k clusters) ScaleSession(context.Context, resource.SessionCluster, int) error {
	return k.ask(func() error { return nil })
}

// checkTerminateSession looks at every removal of a session cluster: no job
// that ran before the stop was decided may be on it, unless nobody could ask.
func (w *World) checkTerminateSession(h *fakeSession, s resource.SessionCluster) {
	since := s.Status.Since.Time
	if !h.runs() || s.Status.State != resource.SessionStopping || h.silent() || w.now.Sub(since) >= time.Minute {
		return
	}
	for _, c := range w.clusters {
		j := w.jobs.byID[c.job.Metadata.ID]
		if c.session == h.id && c.alive() && !j.Status.State.Terminal() && !j.Status.Started.StartedAt.IsZero() && j.Status.Started.StartedAt.Before(since) {
			w.fail("session cluster %s is removed while job %s runs on it", s.Metadata.Name, j.Metadata.ID)
		}
	}
}

// sessions is the stored session clusters as controllers see them.
type sessions struct {
	collection[resource.SessionCluster, *resource.SessionCluster]
}

func (s sessions) GetByName(_ context.Context, namespace, name string) (resource.SessionCluster, error) {
	s.w.pause()
	for _, v := range s.rows {
		if v.Metadata.Name == name && v.Metadata.Namespace == namespace {
			return *v, nil
		}
	}
	return resource.SessionCluster{}, fmt.Errorf("session cluster %s: %w", name, resource.ErrNotFound)
}

// Session makes a session cluster that is to run.
func (w *World) Session(name string) string {
	v := resource.SessionCluster{
		Metadata: resource.Metadata{Name: name, Namespace: "default"},
		Spec:     resource.SessionClusterSpec{State: resource.SessionRunning, DeploymentTargetName: "local", NumberOfTaskManagers: 1},
		Status:   resource.SessionClusterStatus{State: resource.SessionStopped},
	}
	v, err := w.sessions.create("user", v)
	if err != nil {
		panic(err)
	}
	return v.Metadata.ID
}

// EditSession changes the spec of a session cluster as a person does.
func (w *World) EditSession(id, what string, change func(*resource.SessionClusterSpec)) {
	s, err := w.sessions.update("user", id, func(s *resource.SessionCluster) error {
		change(&s.Spec)
		return nil
	})
	if err != nil {
		panic(err)
	}
	w.tracef("user: %s of session cluster %s, now generation %d", what, s.Metadata.Name, s.Metadata.Generation)
}

// sessionMisfortune is what happens to session clusters by itself at a step.
func (w *World) sessionMisfortune() {
	if len(w.sessions.rows) == 0 {
		return
	}
	f := w.faults
	s := w.sessions.rows[w.rng.IntN(len(w.sessions.rows))]
	if w.chance(f.Edit / 2) {
		w.editSession(s)
	}
	h := w.bySession[s.Status.Incarnation]
	strike := func(p float64, what string, do func()) {
		if w.chance(p) && h != nil && h.runs() {
			w.tracef("session cluster %s: %s", s.Metadata.Name, what)
			do()
		}
	}
	strike(f.Vanish, "vanishes", func() { h.die(true) })
	strike(f.Breaks, "its process ends", func() { h.die(false) })
	strike(f.FallsSilent, "falls silent", func() { h.silentUntil = w.now.Add(w.between(0, 20*time.Second)) })
}

func (w *World) editSession(s *resource.SessionCluster) {
	switch w.rng.IntN(4) {
	case 0:
		w.EditSession(s.Metadata.ID, "state STOPPED", func(s *resource.SessionClusterSpec) { s.State = resource.SessionStopped })
	case 1, 2:
		w.EditSession(s.Metadata.ID, "state RUNNING", func(s *resource.SessionClusterSpec) { s.State = resource.SessionRunning })
	case 3:
		n := 1 + w.rng.IntN(4)
		w.EditSession(s.Metadata.ID, fmt.Sprintf("%d task managers", n), func(s *resource.SessionClusterSpec) { s.NumberOfTaskManagers = n })
	}
}

// move puts a deployment on a session cluster, or takes it away from there.
func (w *World) move(deploymentID string) {
	if len(w.sessions.rows) == 0 {
		return
	}
	name := w.sessions.rows[w.rng.IntN(len(w.sessions.rows))].Metadata.Name
	w.Edit(deploymentID, "place", func(s *resource.DeploymentSpec) {
		if s.SessionClusterName == "" {
			s.SessionClusterName, s.DeploymentTargetName = name, ""
		} else {
			s.SessionClusterName, s.DeploymentTargetName = "", "local"
		}
	})
}

// unsettledSession says what is not as it should be in the end, empty if nothing.
func (w *World) unsettledSession(s *resource.SessionCluster) string {
	if s.Status.Generation != s.Metadata.Generation {
		return "its status is of an older spec"
	}
	switch s.Status.State {
	case resource.SessionFailed:
		return ""
	case s.Spec.State:
	case resource.SessionStopping:
		if len(w.jobsOn(s)) > 0 {
			return "" // of deployments that are to run
		}
		return "it is not as wanted"
	default:
		return "it is not as wanted"
	}
	h := w.bySession[s.Status.Incarnation]
	if up := h != nil && h.runs(); up != (s.Status.State == resource.SessionRunning) {
		return fmt.Sprintf("its cluster runs: %v", up)
	}
	return ""
}

func (w *World) jobsOn(s *resource.SessionCluster) []*resource.Job {
	return slices.DeleteFunc(slices.Clone(w.jobs.rows), func(j *resource.Job) bool {
		return j.Spec.SessionClusterID != s.Metadata.ID || j.Status.State.Terminal()
	})
}

// waits tells whether a deployment waits for its session cluster, as it should.
func (w *World) waits(d *resource.Deployment) bool {
	for _, s := range w.sessions.rows {
		if s.Metadata.Name == d.Spec.SessionClusterName {
			return d.Status.State == resource.StateTransitioning && s.Status.State != resource.SessionRunning
		}
	}
	return false
}

// checkSessionsSettled looks at what is left when all is quiet.
func (w *World) checkSessionsSettled() {
	for _, h := range w.sessionStarts {
		s := w.sessions.byID[h.owner]
		if !h.gone && s.Status.Incarnation != h.id {
			w.fail("start %s of session cluster %s is left over", short(h.id), s.Metadata.Name)
		}
		if !h.gone && s.Status.State.Terminal() {
			w.fail("session cluster %s is %s, but its cluster is there", s.Metadata.Name, s.Status.State)
		}
	}
	for _, j := range w.jobs.rows {
		if !j.Status.State.Terminal() && j.Spec.SessionClusterID != "" {
			s := w.sessions.byID[j.Spec.SessionClusterID]
			if j.Metadata.Annotations[control.AnnotationSession] != s.Status.Incarnation {
				w.fail("job %s is on a start of session cluster %s that is no more", j.Metadata.ID, s.Metadata.Name)
			}
		}
	}
}
