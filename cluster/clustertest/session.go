package clustertest

import (
	"fmt"
	"maps"
	"slices"

	"github.com/weir-streams/weir/cluster"
	"github.com/weir-streams/weir/flink"
	"github.com/weir-streams/weir/flink/flinktest"
)

// launchSession makes a session cluster exist, or a job on one.
func (f *Fake) launchSession(spec cluster.Spec, fault Fault) error {
	session := f.sessions[spec.Cluster()]
	if spec.IsSession() {
		if session != nil {
			return nil
		}
		config := maps.Clone(spec.Configuration)
		if config == nil {
			config = map[string]string{}
		}
		config[flink.IncarnationKey] = spec.Session
		session = &Session{Spec: spec, Session: flinktest.NewSession(config, nil)}
		if fault == DeadBorn {
			session.dead = "exited with status 1: out of memory"
			session.Vanish()
		}
		f.sessions[spec.Ref] = session
		f.launched[spec.Ref]++
		return nil
	}
	switch {
	case session == nil:
		return fmt.Errorf("launch %s: %w", spec.Ref, cluster.ErrGone)
	case session.dead != "" || session.Gone():
		return fmt.Errorf("launch %s: %w: %s", spec.Ref, cluster.ErrUnreachable, session.dead)
	}
	there, err := session.Add(spec.FlinkJobID(), func() (*flinktest.JobManager, error) {
		c := &Cluster{Spec: spec, JobManager: flinktest.New(f.describe(spec))}
		f.clusters[spec.Ref] = c
		f.refs = append(f.refs, spec.Ref)
		f.launched[spec.Ref]++
		return c.JobManager, nil
	})
	if err == nil && !there {
		err = fmt.Errorf("launch %s: %w: it was removed before", spec.Ref, cluster.ErrGone)
	}
	return err
}

func (f *Fake) observeSession(ref cluster.Ref) cluster.Observation {
	session := f.sessions[ref.Cluster()]
	switch {
	case session == nil:
		return cluster.Observation{Presence: cluster.Absent}
	case session.dead == "" && session.Gone():
		session.dead = "exited with status 0"
	}
	if ref.IsSession() {
		return cluster.Observation{Presence: cluster.Present, Failed: session.dead != "", Message: session.dead}
	}
	switch {
	case session.dead != "":
		return cluster.Observation{Presence: cluster.Absent, Message: "its session cluster " + session.dead}
	case f.clusters[ref] == nil:
		return cluster.Observation{Presence: cluster.Absent, Message: "its session cluster has no such job"}
	}
	return cluster.Observation{Presence: cluster.Present}
}

func (f *Fake) connectSession(ref cluster.Ref) (*flink.Client, error) {
	session := f.sessions[ref.Cluster()]
	switch {
	case session == nil:
		return nil, fmt.Errorf("connect to %s: %w", ref, cluster.ErrGone)
	case session.dead != "" || session.Gone():
		return nil, fmt.Errorf("connect to %s: %w: %s", ref, cluster.ErrUnreachable, session.dead)
	case ref.IsSession():
		return session.Client(), nil
	}
	c := f.clusters[ref]
	switch {
	case c == nil:
		return nil, fmt.Errorf("connect to %s: %w", ref, cluster.ErrGone)
	case !c.Answering():
		return nil, fmt.Errorf("connect to %s: %w", ref, cluster.ErrUnreachable)
	}
	return session.Client(), nil
}

// remove makes a cluster, or a job on one, absent.
func (f *Fake) remove(ref cluster.Ref) {
	if ref.IsSession() {
		if session := f.sessions[ref]; session != nil {
			session.Vanish()
			delete(f.sessions, ref)
		}
		for _, other := range slices.Clone(f.refs) {
			if other.Session == ref.Session {
				f.forget(other)
			}
		}
		return
	}
	if session := f.sessions[ref.Cluster()]; ref.Session != "" && session != nil {
		session.Remove(ref.FlinkJobID())
	}
	f.forget(ref)
}

func (f *Fake) forget(ref cluster.Ref) {
	if c := f.clusters[ref]; c != nil {
		c.Strike(flinktest.Vanish)
		delete(f.clusters, ref)
		f.refs = slices.DeleteFunc(f.refs, func(r cluster.Ref) bool { return r == ref })
	}
}

// Session is the session cluster of this ref, nil when there is none.
func (f *Fake) Session(ref cluster.Ref) *Session {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.sessions[ref]
}

// Sessions counts the session clusters that were not removed.
func (f *Fake) Sessions() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.sessions)
}

// Kill ends the process of a session cluster, and with it the jobs on it; what
// is left of it stays until it is terminated.
func (f *Fake) Kill(ref cluster.Ref) {
	f.mu.Lock()
	defer f.mu.Unlock()
	session := f.sessions[ref]
	if session == nil {
		return
	}
	session.dead = "was ended by signal 9 (killed)"
	session.Vanish()
	for _, other := range slices.Clone(f.refs) {
		if other.Session == ref.Session {
			f.forget(other)
		}
	}
}
