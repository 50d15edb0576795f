package deployment

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/weir-streams/weir/control"
	"github.com/weir-streams/weir/resource"
)

const (
	// standbyPatience is how long a job goes on for the sake of the next cluster
	// to be ready; then it is ended all the same.
	standbyPatience = 3 * time.Minute
	// standbyMost is how many clusters are brought up in vain of one generation.
	standbyMost = 2
)

// splitStandbys takes the jobs aside that only keep a cluster warm: they have
// not been asked to run, so they are neither active nor the last that was.
func (s *snapshot) splitStandbys() {
	all := s.jobs
	s.jobs, s.standbys = all[:0:0], nil
	for _, j := range all {
		if control.OnStandby(j) {
			s.standbys = append(s.standbys, j)
		} else {
			s.jobs = append(s.jobs, j)
		}
	}
}

// lastID is what the id of the next job follows from. One that was brought up
// in vain has had its id.
func (s *snapshot) lastID() string {
	last := s.newest()
	for _, j := range s.standbys {
		if j.Status.State.Terminal() && j.Metadata.CreatedAt.After(last.Metadata.CreatedAt.Time) {
			last = j
		}
	}
	return last.Metadata.ID
}

// standby is the one that has not ended.
func (s *snapshot) standby() (resource.Job, bool) {
	for _, j := range s.standbys {
		if !j.Status.State.Terminal() {
			return j, true
		}
	}
	return resource.Job{}, false
}

// refusedStandby is a job of this generation whose cluster said, before
// anything was stopped for it, that it can never run.
func (s *snapshot) refusedStandby() (resource.Job, bool) {
	for _, j := range slices.Backward(s.standbys) {
		if j.Status.State == resource.JobFailed && j.Status.Failure.Reason == control.ReasonRefused && j.Spec.Generation == s.Metadata.Generation {
			return j, true
		}
	}
	return resource.Job{}, false
}

// awaitStandby brings up the cluster of the next job and waits until it is
// ready, while job j goes on. False: there is nothing to wait for.
func (d *decision) awaitStandby(j resource.Job, why string) bool {
	if !d.target.warms || d.target.session.id != "" {
		return false
	}
	s, found := d.standby()
	if !found {
		vain := 0
		for _, old := range d.standbys {
			if old.Spec.Generation == d.Metadata.Generation {
				if vain++; old.Status.State == resource.JobFailed || vain >= standbyMost {
					return false
				}
			}
		}
		next := d.job(resource.Savepoint{})
		next.Status.State = resource.JobStandby
		next.Metadata.Annotations[control.AnnotationStandby] = "true"
		d.create = &next
		d.working("bringing up the cluster of job %s; job %s goes on meanwhile", next.Metadata.ID, j.Metadata.ID)
		d.done = []control.Event{{
			Name: resource.EventUsingAnUpgradeStrategy, JobID: next.Metadata.ID,
			Message: why + "; bringing up the next cluster while job " + j.Metadata.ID + " goes on",
		}}
		return true
	}
	if !d.wantsStandby(s) {
		d.working("ending the cluster of job %s, which was brought up for an earlier spec", s.Metadata.ID)
		return true
	}
	limit := s.Metadata.CreatedAt.Add(standbyPatience)
	if !control.NotedTime(s.Metadata, control.AnnotationReady).IsZero() || !d.now.Before(limit) {
		return false
	}
	d.working("waiting for the cluster of job %s to be ready; job %s goes on meanwhile%s", s.Metadata.ID, j.Metadata.ID, because(s.Status.Message))
	d.again = limit
	return true
}

// wantsStandby tells whether the next job is to run on that cluster.
func (d *decision) wantsStandby(s resource.Job) bool {
	if s.Status.State != resource.JobStandby || s.Spec.Stop != "" || d.Spec.State != resource.StateRunning || d.target.problem != "" || d.secrets != "" {
		return false
	}
	if active := d.active(); len(active) > 0 && (!d.outdated(active[0]) || d.Spec.UpgradeStrategy.Kind == resource.UpgradeNone || d.Spec.UpgradeStrategy.Kind == resource.UpgradeStateless) {
		return false
	}
	next := d.job(resource.Savepoint{})
	return s.Metadata.ID == next.Metadata.ID && sameProgram(s.Spec, next.Spec) &&
		s.Metadata.Annotations[control.AnnotationLauncher] == next.Metadata.Annotations[control.AnnotationLauncher]
}

// sameProgram tells whether a cluster for the one is a cluster for the other.
func sameProgram(a, b resource.JobSpec) bool {
	text := func(s resource.JobSpec) []byte {
		s.SavepointLocation, s.AllowNonRestoredState, s.Generation, s.Stop = "", false, 0, ""
		t, err := json.Marshal(s)
		if err != nil {
			return nil
		}
		return t
	}
	return bytes.Equal(text(a), text(b))
}

// hasStandby tells whether the next job has a cluster that is up.
func (d *decision) hasStandby() bool {
	s, found := d.standby()
	return found && d.wantsStandby(s)
}

// discardStandby ends a cluster that was brought up for nothing.
func (d *decision) discardStandby() {
	s, found := d.standby()
	if !found || s.Status.State != resource.JobStandby || s.Spec.Stop != "" || d.wantsStandby(s) && d.status.State != resource.StateFailed {
		return
	}
	if d.create != nil || d.promote != nil || d.rescale != nil || d.savepoint != nil || d.stop != "" || d.rollBack != nil {
		d.lookAgain(d.now.Add(50 * time.Millisecond))
		return
	}
	d.cancel(s, control.Event{
		Name:    resource.EventFoundAJobToTerminate,
		Message: fmt.Sprintf("the cluster of job %s was brought up for nothing: ending it", s.Metadata.ID),
	})
}

// promote makes a job that keeps a cluster warm the next job.
func (c *Controller) promote(ctx context.Context, next resource.Job) error {
	_, err := c.Jobs.Update(ctx, control.By, next.Metadata.ID, func(j *resource.Job) error {
		if j.Status.State != resource.JobStandby || j.Spec.Stop != "" {
			return control.ErrStale
		}
		annotations := maps.Clone(j.Metadata.Annotations)
		delete(annotations, control.AnnotationStandby)
		maps.Copy(annotations, next.Metadata.Annotations)
		j.Metadata.Annotations = annotations
		j.Metadata.SessionClusterName = next.Metadata.SessionClusterName
		j.Spec, j.Status = next.Spec, next.Status
		return nil
	})
	if err != nil {
		return fmt.Errorf("start job %s on the cluster that is up: %w", next.Metadata.ID, err)
	}
	return nil
}
