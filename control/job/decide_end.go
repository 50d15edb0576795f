package job

import (
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/weir-streams/weir/cluster"
	"github.com/weir-streams/weir/control"
	"github.com/weir-streams/weir/flink"
	"github.com/weir-streams/weir/resource"
)

// ending decides from TERMINATING to the end: end the Flink job, wait for its
// savepoints, remove the cluster, record what state is left.
func (d *decision) ending() {
	s := d.sight
	since := control.NotedTime(d.Metadata, control.AnnotationEnding)
	patience := d.config.EndTimeout
	if patience <= 0 {
		patience = 30 * time.Second
	}
	overdue := d.now.Sub(since) >= patience
	if s.Answers && s.Status != "" {
		if d.ranFlawlessly() && !d.strayed() {
			d.remember()
		}
		if s.Status.Terminal() {
			d.status.Started.ObservedFlinkJobStatus = string(s.Status)
		}
	}
	if p, found := d.inFlight(); found && !d.config.ForgetsSavepoints {
		d.wait(since, "waiting for the outcome of savepoint "+p.Metadata.ID)
		// Also when the cluster is gone: the savepoint may be found complete, and
		// then it is what the next job starts from.
		// A cancelled job must not process on while we wait; a job that is
		// ended by this savepoint must.
		d.cancel = d.wantsCancel() && s.Answers && alive(s.Status)
		return
	}
	switch {
	case s.Presence == cluster.Absent:
	case s.Answers && s.Status == "", s.Broken, s.Unstarted:
	case s.Answers && s.Status.Terminal():
	case overdue:
		// It had its time. What it saved until now stays.
	case s.Answers:
		d.wait(since, "waiting for the job to end; it is "+string(s.Status))
		// A job stopped by a savepoint ends by itself, but some come back to
		// life after it: those get a part of the time only.
		d.cancel = s.Status != flink.JobCancelling && (d.wantsCancel() || d.now.Sub(since) >= patience/3)
		return
	default:
		d.wait(since, "waiting for the cluster to answer: "+first(s.Message, "no reason known"))
		return
	}
	d.terminate = true
	d.finish()
}

// finish writes how the job ended; the cluster is removed before.
func (d *decision) finish() {
	flinkEnd := flink.JobStatus(d.status.Started.ObservedFlinkJobStatus)
	d.ended = true
	d.again = time.Time{}
	d.status.Message = ""
	if d.found.Location != "" && !d.ranFlawlessly() && !d.strayed() {
		// It ran while nobody looked: it has moved its state.
		d.status.Started.StartedAt = resource.At(d.now)
	}
	switch {
	case d.status.Failure.Message != "":
		d.status.State = resource.JobFailed
		d.status.Message = d.status.Failure.Message
		d.say(resource.EventTerminatingAJobDueToAnUnrecoverableFailure, "the job has failed and its cluster is removed: %s", d.status.Failure.Message)
	case d.stoppedBy() != nil:
		d.status.State = resource.JobTerminated
		d.say(resource.EventFoundAStoppedJobAndWillTerminateIt, "ended with savepoint %s; the cluster is removed", d.stoppedBy().Metadata.ID)
	case flinkEnd == flink.JobFinished && d.turnedDown():
		d.status.State = resource.JobFailed
		d.status.Failure = resource.Failure{
			Reason: control.ReasonWentBack, FailedAt: resource.At(d.now),
			Message: "it was stopped with a savepoint of a state older than what it had saved before; that savepoint is not used",
		}
		d.status.Message = d.status.Failure.Message
		d.say(resource.EventTerminatingAJobDueToAnUnrecoverableFailure, "%s", d.status.Failure.Message)
	case flinkEnd == flink.JobFinished && d.unheard() != nil:
		d.status.State = resource.JobTerminated
		d.retained = d.adopt()
		d.say(resource.EventFoundAStoppedJobAndWillTerminateIt, "ended with a savepoint that had counted as failed, at %s; the cluster is removed", d.retained.Spec.SavepointLocation)
		return
	case flinkEnd == flink.JobFinished && d.Spec.Stop != resource.StopCleanup:
		d.status.State = resource.JobFinished
		d.say(resource.EventJobSuccessfullyFinished, "the job has read all its input and finished; the cluster is removed")
	default:
		d.status.State = resource.JobTerminated
		d.say(resource.EventAwaitForAClusterToTeardown, "the job is cancelled and its cluster is removed")
	}
	d.retained = d.retain()
}

// unheard finds a stop that was given up, though the cluster lists its
// savepoint as complete: it, and not the end of the input, ended the job.
func (d *decision) unheard() *resource.Savepoint {
	for i, p := range d.savepoints {
		if !p.Spec.StopJob || p.Status.State != resource.SavepointFailed {
			continue
		}
		if found, ok := d.sight.Find(p.Spec.SavepointLocation); ok && found.ID > d.status.LatestCheckpoint.ID {
			return &d.savepoints[i]
		}
	}
	return nil
}

// adopt makes a savepoint of what unheard found.
func (d *decision) adopt() *resource.Savepoint {
	p := *d.unheard()
	found, _ := d.sight.Find(p.Spec.SavepointLocation)
	p.Metadata = resource.Metadata{
		ID: control.DerivedID("adopted", p.Metadata.ID), Namespace: p.Metadata.Namespace, DeploymentID: p.Metadata.DeploymentID,
		JobID: p.Metadata.JobID, Origin: p.Metadata.Origin, Type: p.Metadata.Type, Annotations: maps.Clone(p.Metadata.Annotations),
	}
	if p.Metadata.Annotations == nil {
		p.Metadata.Annotations = map[string]string{}
	}
	p.Metadata.Annotations[control.AnnotationCheckpointID] = strconv.FormatInt(found.ID, 10)
	p.Spec = resource.SavepointSpec{SavepointLocation: found.Location, FlinkSavepointID: control.NoFlinkID, StopJob: true}
	p.Status = resource.SavepointStatus{State: resource.SavepointCompleted, CompletedAt: found.CompletedAt, SizeBytes: found.SizeBytes}
	return &p
}

// turnedDown tells whether the job finished by a stop whose savepoint was
// turned down because the cluster had gone back behind its own checkpoints.
func (d *decision) turnedDown() bool {
	return slices.ContainsFunc(d.savepoints, func(p resource.Savepoint) bool {
		return p.Spec.StopJob && p.Status.State == resource.SavepointFailed && p.Status.Failure.Reason == control.ReasonWentBack
	})
}

// retain makes a savepoint of the newest checkpoint, if that is the newest state.
func (d *decision) retain() *resource.Savepoint {
	ref := d.status.LatestCheckpoint
	switch found := d.found; {
	case found.Location == "" || d.Status.Failure.Reason == control.ReasonRestored:
	case d.strayed() && found.ID < ref.ID:
	default:
		ref = found // what lies there now, not what lay there once
	}
	if ref.Location == "" || d.status.State == resource.JobFinished {
		return nil
	}
	if d.status.Started.ObservedFlinkJobStatus == string(flink.JobFinished) && d.stoppedBy() != nil {
		return nil // Flink removes the checkpoints of a job that finished
	}
	for _, p := range d.savepoints {
		if p.Status.State == resource.SavepointCompleted && newer(p, ref) {
			return nil
		}
	}
	d.fallback = d.retainFallback(ref)
	return d.record("retained", ref)
}

// retainFallback makes a savepoint of the checkpoint that was kept in mind, if
// it is an older one than the newest and still kept.
func (d *decision) retainFallback(newest resource.CheckpointRef) *resource.Savepoint {
	ref := resource.CheckpointRef{ID: control.NotedInt(d.Metadata, control.AnnotationFallbackID), Location: d.Metadata.Annotations[control.AnnotationFallback]}
	if ref.Location == "" || ref.ID >= newest.ID || newest.ID-ref.ID >= control.Retained(d.Job) || d.Spec.DisasterCheckpointsDelay <= 0 {
		return nil
	}
	ref.CompletedAt = newest.CompletedAt // not later than that
	return d.record("fallback", ref)
}

// record makes a savepoint of a checkpoint.
func (d *decision) record(what string, ref resource.CheckpointRef) *resource.Savepoint {
	m := d.Metadata
	return &resource.Savepoint{
		Metadata: resource.Metadata{
			ID: control.DerivedID(what, m.ID), Namespace: m.Namespace, DeploymentID: m.DeploymentID, JobID: m.ID,
			Origin: resource.OriginRetainedCheckpoint, Type: resource.SavepointTypeIncremental,
			Annotations: map[string]string{
				resource.AnnotationSpecVersion: strconv.Itoa(m.SpecVersion()),
				control.AnnotationCheckpointID: strconv.FormatInt(ref.ID, 10),
			},
		},
		Spec:   resource.SavepointSpec{SavepointLocation: ref.Location, FlinkSavepointID: control.NoFlinkID},
		Status: resource.SavepointStatus{State: resource.SavepointCompleted, CompletedAt: ref.CompletedAt},
	}
}

// ranFlawlessly tells whether the job was STARTED, so that its checkpoints are
// the continuation of the state it was given.
func (d *decision) ranFlawlessly() bool { return !d.Status.Started.StartedAt.IsZero() }

// newer tells whether a savepoint is of a later state than a checkpoint of the
// same job. One whose number nobody told is judged by its time.
func newer(p resource.Savepoint, ref resource.CheckpointRef) bool {
	if id := control.NotedInt(p.Metadata, control.AnnotationCheckpointID); id > 0 {
		return id > ref.ID
	}
	return p.Status.CompletedAt.After(ref.CompletedAt.Time)
}

// strayed tells whether the job has left the line of its state: what it saves
// now is not the continuation of what it had.
func (d *decision) strayed() bool {
	switch d.Status.Failure.Reason {
	case control.ReasonRestored, control.ReasonWentBack:
		return true
	}
	return d.sight.BeganAgain(d.Status.LatestCheckpoint, d.checkpointDir())
}

// wantsCancel tells whether the job is to be ended rather than to end by itself.
func (d *decision) wantsCancel() bool {
	return d.Spec.Stop == resource.StopCancel || d.Status.Failure.Message != ""
}

// stoppedBy is the completed savepoint that ends this job, nil if there is none.
func (d *decision) stoppedBy() *resource.Savepoint {
	for i, p := range d.savepoints {
		if p.Spec.StopJob && p.Status.State == resource.SavepointCompleted {
			return &d.savepoints[i]
		}
	}
	return nil
}

func (d *decision) inFlight() (resource.Savepoint, bool) {
	i := slices.IndexFunc(d.savepoints, control.InFlight)
	if i < 0 {
		return resource.Savepoint{}, false
	}
	return d.savepoints[i], true
}

func (d *decision) wait(since time.Time, message string) {
	if d.now.Sub(since) >= patienceBeforeWords {
		d.status.Message = message
	}
	d.again = control.Pace(d.now, since)
}

func alive(s flink.JobStatus) bool {
	return s != "" && !s.Terminal() && s != flink.JobCancelling
}
