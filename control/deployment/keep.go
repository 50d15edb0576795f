package deployment

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/weir-streams/weir/control"
	"github.com/weir-streams/weir/flink"
	"github.com/weir-streams/weir/resource"
)

// keep decides about the savepoints that are taken and removed by themselves,
// once nothing else is to be done.
func (d *decision) keep() {
	if d.create != nil || d.promote != nil || d.rescale != nil || d.savepoint != nil || d.stop != "" || d.rollBack != nil {
		return
	}
	switch d.status.State {
	case resource.StateRunning:
		d.takeScheduled()
	case resource.StateSuspended, resource.StateCancelled, resource.StateFinished:
	default:
		return // a transition, or a person is needed
	}
	if d.savepoint == nil {
		d.discardOld()
	}
	if d.savepoint == nil && d.discard == "" {
		d.pruneJobs()
	}
}

// lookAgain asks for another look at a time, unless one is due before.
func (d *decision) lookAgain(at time.Time) {
	if d.again.IsZero() || at.Before(d.again) {
		d.again = at
	}
}

const (
	// scheduleSettle is how long a job runs before a savepoint that is overdue
	// is taken of it.
	scheduleSettle = time.Minute
	// scheduleRetry is how soon a scheduled savepoint that failed is tried again.
	scheduleRetry = 5 * time.Minute
)

// takeScheduled takes the savepoint that spec.savepoints.every asks for. Every
// savepoint of the deployment counts, whoever asked for it.
func (d *decision) takeScheduled() {
	every := duration(d.Spec.Savepoints.Every)
	if every <= 0 {
		return
	}
	active := d.active()
	if len(active) != 1 || active[0].Status.Started.ObservedFlinkJobStatus != string(flink.JobRunning) {
		return // its next change wakes us
	}
	j := active[0]
	if _, found := d.pending(); found {
		return // its end wakes us
	}
	due := j.Status.Started.StartedAt.Add(every)
	last := ""
	if p, found := d.lastTaken(); found {
		last = p.Metadata.ID
		due = p.Metadata.CreatedAt.Add(every)
		if p.Status.State == resource.SavepointFailed {
			due = p.Status.Failure.FailedAt.Add(min(every, scheduleRetry))
		}
		if settled := j.Status.Started.StartedAt.Add(min(every, scheduleSettle)); due.Before(settled) {
			due = settled
		}
	}
	if d.now.Before(due) {
		d.lookAgain(due)
		return
	}
	s := d.scheduledSavepoint(j, last)
	d.savepoint = &s
}

// lastTaken is the newest savepoint that was taken, or tried, of a running job.
func (d *decision) lastTaken() (resource.Savepoint, bool) {
	for _, p := range slices.Backward(d.savepoints) {
		if p.Metadata.Origin != resource.OriginCopied && p.Metadata.Origin != resource.OriginRetainedCheckpoint {
			return p, true
		}
	}
	return resource.Savepoint{}, false
}

// scheduledSavepoint follows from the one before it, so it is made once.
func (d *decision) scheduledSavepoint(j resource.Job, last string) resource.Savepoint {
	id := control.DerivedID("schedule", j.Metadata.ID, last)
	return resource.Savepoint{
		Metadata: resource.Metadata{
			ID: id, Namespace: d.Metadata.Namespace, DeploymentID: d.Metadata.ID, JobID: j.Metadata.ID,
			Origin: resource.OriginSchedule, Type: resource.SavepointTypeFull,
			Annotations: map[string]string{resource.AnnotationSpecVersion: strconv.Itoa(j.Metadata.SpecVersion())},
		},
		Spec:   resource.SavepointSpec{SavepointLocation: control.SavepointDirectory(j, id), FlinkSavepointID: id},
		Status: resource.SavepointStatus{State: resource.SavepointStarted},
	}
}

// discardOld gives up the oldest savepoint that is over the limits of
// spec.savepoints, one at a time. What was brought in by a person stays.
func (d *decision) discardOld() {
	limit, age := d.Spec.Savepoints.Keep, duration(d.Spec.Savepoints.KeepFor)
	if limit <= 0 && age <= 0 {
		return
	}
	if _, found := d.pending(); found {
		return // what comes of it decides which is the newest
	}
	needed := d.needed()
	over := func(p resource.Savepoint, newer int) string {
		if needed[p.Metadata.ID] || p.Metadata.Origin == resource.OriginCopied && (!isReset(p) || !d.served(p)) {
			return ""
		}
		if limit > 0 && newer >= limit {
			return fmt.Sprintf("spec.savepoints.keep is %d, and %d are newer", limit, newer)
		}
		if age <= 0 {
			return ""
		}
		if end := ended(p).Add(age); d.now.Before(end) {
			d.lookAgain(end)
			return ""
		}
		return fmt.Sprintf("spec.savepoints.keepFor is %s, and it is of %s", d.Spec.Savepoints.KeepFor, ended(p).UTC().Format(time.RFC3339))
	}
	for _, all := range [][]resource.Savepoint{d.states(), d.failedOnes()} {
		counted := 0
		for _, p := range all {
			if p.Metadata.Origin != resource.OriginCopied {
				counted++
			}
		}
		for _, p := range all {
			if p.Metadata.Origin != resource.OriginCopied {
				counted--
			}
			if why := over(p, counted); why != "" {
				d.discard, d.discardWhy = p.Metadata.ID, why
				return
			}
		}
	}
}

// needed are the savepoints that stay whatever the limits say: the newest
// states, by either restore strategy, those that a job which has not ended was
// started from, and those at the same places.
func (d *decision) needed() map[string]bool {
	ids, places := map[string]bool{}, map[string]bool{}
	need := func(p resource.Savepoint) {
		ids[p.Metadata.ID], places[flink.NormalLocation(p.Spec.SavepointLocation)] = true, true
	}
	states := d.states()
	if n := len(states); n > 0 {
		need(states[n-1])
	}
	for _, p := range slices.Backward(states) {
		if p.Metadata.Origin != resource.OriginRetainedCheckpoint {
			need(p)
			break
		}
	}
	for _, j := range d.active() {
		ids[j.Metadata.Annotations[control.AnnotationStartedFrom]] = true
		if j.Spec.SavepointLocation != "" {
			places[flink.NormalLocation(j.Spec.SavepointLocation)] = true
		}
	}
	for _, p := range states {
		if places[flink.NormalLocation(p.Spec.SavepointLocation)] {
			ids[p.Metadata.ID] = true
		}
	}
	return ids
}

// failedOnes are the savepoints that failed, of jobs that have ended: those of
// an active one are still counted as attempts.
func (d *decision) failedOnes() []resource.Savepoint {
	active := map[string]bool{}
	for _, j := range d.active() {
		active[j.Metadata.ID] = true
	}
	var out []resource.Savepoint
	for _, p := range d.savepoints {
		if p.Status.State == resource.SavepointFailed && !p.Spec.Delete && !active[p.Metadata.JobID] {
			out = append(out, p)
		}
	}
	return out
}

// ended is when a savepoint was complete, or failed.
func ended(p resource.Savepoint) time.Time {
	return cmp.Or(p.Status.CompletedAt, p.Status.Failure.FailedAt, p.Metadata.CreatedAt).Time
}

// duration reads a setting that was checked; zero if it is not set.
func duration(text string) time.Duration {
	d, err := resource.ParseDuration(text)
	if err != nil {
		return 0
	}
	return d
}
