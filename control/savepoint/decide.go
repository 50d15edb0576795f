package savepoint

import (
	"fmt"
	"strconv"
	"time"

	"github.com/weir-streams/weir/cluster"
	"github.com/weir-streams/weir/control"
	"github.com/weir-streams/weir/flink"
	"github.com/weir-streams/weir/resource"
)

// snapshot is all that a decision depends on, besides the time.
type snapshot struct {
	resource.Savepoint
	job    resource.Job         // zero: there is none
	others []resource.Savepoint // of the same job
	config Config

	// Looked at only once the savepoint was asked for.
	poll  poll
	sight control.Sight
	// stored is the savepoint found in its directory when the cluster cannot
	// tell; searched says that it was looked for and could have been found.
	stored   string
	searched bool

	// removal is looked at when the savepoint is to be removed.
	removal removal
}

// poll is what the cluster says of our trigger.
type poll struct {
	answered bool // it answered, with a result or with "no such trigger"
	known    bool
	result   flink.SavepointResult
	err      string // why it did not answer
}

// Config is how patient the controller is.
type Config struct {
	// Timeout is how long a cluster may be silent about a savepoint before that
	// counts as failed; 0 is 20 minutes.
	Timeout time.Duration
	// StateBase is the place below which the platform keeps state: what lies
	// there is its own to remove.
	StateBase string
}

// plan is what to ask of the cluster, and what to write.
type plan struct {
	trigger bool   // after the write
	erase   string // directory to remove
	drop    bool   // then remove the savepoint

	jobID       string // to fill in
	location    string // to write into the spec, if not empty
	status      resource.SavepointStatus
	annotations map[string]string
	events      []control.Event
	again       time.Time
}

// decide is the whole policy of savepoints. Same snapshot and time, same plan.
func decide(now time.Time, seen *snapshot) plan {
	d := &decision{snapshot: seen, now: now}
	d.status = seen.Status
	switch {
	case seen.Status.State != resource.SavepointStarted && (seen.Spec.Delete || inRemoval(seen.Savepoint)):
		d.remove()
	case seen.Status.State != resource.SavepointStarted:
	case seen.job.Metadata.ID == "":
		d.fail("JobMissing", resource.EventTransitioningToFailedStateBecauseOfAMissingJob, "there is no active job to take a savepoint of")
	case seen.Status.Asked.IsZero():
		d.begin()
	default:
		d.follow()
	}
	return d.plan
}

type decision struct {
	*snapshot
	now time.Time
	plan
}

// begin decides whether to ask. That we ask is written first; the next pass
// looks at the job again before it really does.
func (d *decision) begin() {
	switch d.job.Status.State {
	case resource.JobStarted:
	case resource.JobStarting:
		d.again = d.now.Add(time.Second) // its change wakes us earlier
		return
	default:
		d.fail("JobNotStarted", resource.EventTransitioningToFailedStateBecauseJobNotStarted, "job %s is %s", d.job.Metadata.ID, d.job.Status.State)
		return
	}
	for _, o := range d.others {
		if control.InFlight(o) { // one at a time: two stops at once fail both
			d.again = d.now.Add(time.Second) // its change wakes us earlier
			return
		}
	}
	if d.Spec.SavepointLocation == "" {
		if d.location = control.SavepointDirectory(d.job, d.Metadata.ID); d.location == "" {
			d.fail("NoDirectory", resource.EventJobIsNotConfiguredWithSavepointSupport,
				"job %s has no directory for savepoints: set flinkConfiguration %s", d.job.Metadata.ID, control.KeySavepointDir)
			return
		}
	}
	d.jobID = d.job.Metadata.ID
	d.status.Asked = resource.At(d.now)
	d.say(resource.EventNeedToTriggerASavepoint, "asking the cluster of job %s for savepoint %s", d.job.Metadata.ID, d.Metadata.ID)
	d.again = d.now
}

// follow decides about a savepoint that was, or may have been, asked for.
func (d *decision) follow() {
	s := d.sight
	overdue := d.now.Sub(d.Status.Asked.Time) >= d.timeout()
	switch {
	case d.poll.answered && d.poll.known:
		d.result()
	case d.poll.answered:
		d.unknown()
	case s.Presence == cluster.Absent, s.Broken:
		d.withoutCluster("the cluster is gone, and the outcome with it: " + s.Message)
	case d.job.Status.State.Terminal():
		d.withoutCluster("job " + d.job.Metadata.ID + " is " + string(d.job.Status.State) + ", and the outcome is not known")
	case overdue:
		d.withoutCluster(fmt.Sprintf("the cluster has not told the outcome for %s: %s", d.timeout(), d.poll.err))
	default:
		d.tell(resource.EventRecoverableFailureWhileCheckingASavepointStatus, "the cluster does not say how savepoint %s goes: %s; asking again", d.Metadata.ID, d.poll.err)
		d.again = control.Pace(d.now, d.Status.Asked.Time)
	}
}

// result decides when the cluster knows our trigger.
func (d *decision) result() {
	switch r := d.poll.result; r.State {
	case flink.Completed:
		d.complete(r.Location)
	case flink.Failed:
		d.fail("FailedInFlink", resource.EventTransitioningToFailedStateBecauseSavepointFailedInFlink, "%s", flink.Cause(r.Failure))
	default:
		// However long it takes: the cluster has a limit of its own, and a stop
		// that ended after we gave up would end the job without anybody knowing.
		d.tell(resource.EventAwaitingForASavepointToComplete, "savepoint %s is being written", d.Metadata.ID)
		d.again = control.Pace(d.now, d.Status.Asked.Time)
	}
}

// unknown decides when the cluster does not know our trigger: never asked, or
// forgotten, with the savepoint perhaps complete.
func (d *decision) unknown() {
	s := d.sight
	listed, isListed := s.Find(d.Spec.SavepointLocation)
	switch written := isListed || d.stored != ""; {
	case !s.Answers:
		d.again = control.Pace(d.now, d.Status.Asked.Time)
	case written && d.Spec.StopJob && s.Status != "" && !s.Status.Terminal():
		// The job goes beyond it already. It stays where it is, unused.
		d.fail("JobRevived", resource.EventTransitioningToFailedStateBecauseSavepointFailedInFlink,
			"it is complete at %s, but the job came back to life after it (%s)", or(listed.Location, d.stored), s.Status)
	case isListed:
		d.complete(listed.Location)
	case written:
		d.complete(d.stored)
	case d.job.Status.State != resource.JobStarted:
		d.fail("JobEnding", resource.EventTransitioningToFailedStateBecauseJobNotStarted, "job %s is %s and no savepoint had begun", d.job.Metadata.ID, d.job.Status.State)
	case s.Status == "" || s.Status.Terminal():
		d.fail("JobEnded", resource.EventTransitioningToFailedStateBecauseJobNotStarted, "the Flink job is %s and no savepoint had begun", or(string(s.Status), "gone"))
	default:
		d.trigger = true
		d.again = d.now.Add(5 * time.Millisecond)
	}
}

// withoutCluster decides when nobody can be asked any more.
func (d *decision) withoutCluster(why string) {
	switch {
	case d.stored != "":
		d.complete(d.stored)
	case d.searched:
		d.fail("ClusterGone", resource.EventAnUnrecoverableFailureWhileTakingASavepoint, "%s; there is no complete savepoint in %s", why, d.Spec.SavepointLocation)
	default:
		d.fail("ClusterGone", resource.EventAnUnrecoverableFailureWhileTakingASavepoint, "%s", why)
	}
}

func (d *decision) complete(location string) {
	d.status.CompletedAt = resource.At(d.now)
	if seen, ok := d.sight.Find(location); ok {
		if known := d.job.Status.LatestCheckpoint; d.sight.BeganAgain(known, control.CheckpointDirectory(d.job)) {
			d.fail(control.ReasonWentBack, resource.EventAnUnrecoverableFailureWhileTakingASavepoint,
				"the cluster began again from an older state, so savepoint %s is behind checkpoint %d that the job had", location, known.ID)
			return
		}
		d.status.SizeBytes = seen.SizeBytes
		if !seen.CompletedAt.IsZero() {
			d.status.CompletedAt = seen.CompletedAt
		}
		d.annotations = map[string]string{control.AnnotationCheckpointID: strconv.FormatInt(seen.ID, 10)}
	}
	d.location = location
	d.status.State = resource.SavepointCompleted
	d.status.Failure = resource.Failure{}
	d.say(resource.EventTransitionedToCompleted, "savepoint %s is complete in %.1f s at %s", d.Metadata.ID, d.now.Sub(d.Status.Asked.Time).Seconds(), location)
}

func (d *decision) fail(reason string, event resource.EventName, format string, args ...any) {
	message := fmt.Sprintf(format, args...)
	d.status.State = resource.SavepointFailed
	d.status.CompletedAt = resource.Time{}
	d.status.Failure = resource.Failure{Reason: reason, Message: message, FailedAt: resource.At(d.now)}
	d.say(event, "savepoint %s failed: %s", d.Metadata.ID, message)
}

func (d *decision) say(name resource.EventName, format string, args ...any) {
	d.events = append(d.events, control.Event{Name: name, JobID: d.job.Metadata.ID, Message: fmt.Sprintf(format, args...)})
}

// patienceBeforeWords is how long something may take before it is told.
const patienceBeforeWords = 5 * time.Second

// tell says once what a savepoint waits for that takes long.
func (d *decision) tell(name resource.EventName, format string, args ...any) {
	if d.now.Sub(d.Status.Asked.Time) < patienceBeforeWords || d.Metadata.Annotations[control.AnnotationTold] == string(name) {
		return
	}
	d.annotations = map[string]string{control.AnnotationTold: string(name)}
	d.say(name, format, args...)
}

func (d *decision) timeout() time.Duration {
	if d.config.Timeout <= 0 {
		return 20 * time.Minute
	}
	return d.config.Timeout
}

func or(a, b string) string {
	if a != "" {
		return a
	}
	return b
}
