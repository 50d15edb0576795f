package job

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
	resource.Job
	savepoints []resource.Savepoint // of this job, in order of creation
	sight      control.Sight
	// found is the newest checkpoint in the job's directory, looked for when
	// the job ends.
	found  resource.CheckpointRef
	config Config
}

// Config is how patient the controller is.
type Config struct {
	// StartTimeout is how long a job may take from its launch until all tasks
	// run; 0 is 5 minutes.
	StartTimeout time.Duration
	// EndTimeout is how long a job may take to end by itself after it was
	// asked to, before its cluster is removed all the same; 0 is 30 seconds.
	EndTimeout time.Duration
	// ForgetsSavepoints removes clusters without regard to savepoints in
	// flight. It is there for the simulator to prove that it would notice.
	ForgetsSavepoints bool
}

// plan is what to do with the cluster, then what to write.
type plan struct {
	launch    bool
	cancel    bool
	back      *before // make the job that again
	rescale   int     // tell the cluster to run the job at this parallelism; 0: nothing
	terminate bool
	retained  *resource.Savepoint // record this before the status
	fallback  *resource.Savepoint // and this before that

	status      resource.JobStatus
	annotations map[string]string // to add
	ended       bool              // note the time of the end
	events      []control.Event   // said if the status says something new
	again       time.Time
}

// decide is the whole policy of jobs. Same snapshot and time, same plan.
func decide(now time.Time, seen *snapshot) plan {
	d := &decision{snapshot: seen, now: now}
	d.status = seen.Status
	switch {
	case seen.Status.State.Terminal():
	case seen.Status.State == resource.JobTerminating:
		d.ending()
	case seen.Status.State == resource.JobStandby:
		d.standing()
	case seen.Spec.Stop != "":
		d.end("the job is to end")
	case d.stoppedBy() != nil:
		d.end("savepoint " + d.stoppedBy().Metadata.ID + " ends the job")
	case seen.Status.State == resource.JobStarted:
		d.started()
	default:
		d.starting()
	}
	return d.plan
}

// decision is one in the making.
type decision struct {
	*snapshot
	now time.Time
	plan
}

// starting decides until the job runs.
func (d *decision) starting() {
	s := d.sight
	launched := control.NotedTime(d.Metadata, control.AnnotationLaunched)
	if launched.IsZero() {
		d.launchOnce()
		return
	}
	switch {
	case s.Presence == cluster.Absent:
		d.fail(control.ReasonLaunch, "its cluster did not come up: "+first(d.Status.Message, s.Message, "it is not there"))
	case s.Broken:
		d.fail(d.broken(), first(s.Message, "its cluster can never work"))
	case !s.Answers:
		d.await(launched, "waiting for the cluster to answer", s.Message)
	case s.Standby != nil:
		// We were interrupted before it was given the job.
		d.launch = true
		d.await(launched, "bringing the job to its cluster", "")
	case s.Status == "":
		d.await(launched, "waiting for the cluster to know the job", "")
	case s.Processing, s.NewestID > 0, len(s.Savepoints) > 0, s.Status == flink.JobFinished:
		d.arrived() // what completed a checkpoint or ended well has run, whatever became of it
	case s.Status == flink.JobFailed:
		reason := control.ReasonJobFailed
		if s.Refused {
			reason = control.ReasonRefused
		}
		d.fail(reason, first(s.Failure, "the job failed without naming a cause"))
	case s.Status == flink.JobCanceled:
		d.fail(control.ReasonCanceled, "the job was cancelled, and not by weir")
	default:
		d.await(launched, "the job is "+string(s.Status)+", not all its tasks run yet", first(s.Message, s.Failure))
	}
}

// broken is the reason of a cluster that can never work.
func (d *decision) broken() string {
	if d.sight.Displaced {
		return control.ReasonDisplaced
	}
	return control.ReasonBroken
}

// launchOnce asks for the cluster. That it is asked for is written first.
func (d *decision) launchOnce() {
	switch d.sight.Presence {
	case cluster.Absent, cluster.Present:
		d.launch = true
		d.note(control.AnnotationLaunched, control.NoteTime(d.now))
		d.say(resource.EventSpinningUpAClusterForAJob, "launching a cluster by launcher %q", d.Metadata.Annotations[control.AnnotationLauncher])
		d.again = d.now.Add(20 * time.Millisecond)
	default:
		d.status.Message = first(d.sight.Message, "cannot tell whether a cluster of this job exists")
		d.again = d.now.Add(time.Second)
	}
}

// arrived decides about a job that runs, or ran, for the first time we look.
func (d *decision) arrived() {
	s := d.sight
	if asked := d.Spec.SavepointLocation; s.Points && !d.restored() {
		switch {
		case asked == "":
			d.fail(control.ReasonRestored, fmt.Sprintf("it was to start empty, but the cluster restored %s", s.Restored.Location))
		case s.Restored.Location == "":
			d.fail(control.ReasonRestored, fmt.Sprintf("it was to start from %s, but the cluster restored nothing", asked))
		default:
			d.fail(control.ReasonRestored, fmt.Sprintf("it was to start from %s, but the cluster restored %s", asked, s.Restored.Location))
		}
		return
	}
	d.status.State = resource.JobStarted
	d.status.Message = ""
	d.status.Started = resource.StartedInfo{
		StartedAt: resource.At(d.now), FlinkJobID: control.Ref(d.Job).FlinkJobID(), LastUpdateTime: resource.At(d.now),
		ObservedFlinkJobStatus: string(s.Status),
	}
	d.status.Restored = s.Restored
	d.remember()
	from := "empty"
	if s.Restored.Location != "" {
		from = "from " + s.Restored.Location
	}
	d.say(resource.EventJobSuccessfullyStarted, "all tasks run; started %s", from)
	d.again = d.now.Add(time.Second)
	if s.Status.Terminal() {
		d.again = d.now
	}
}

// restored tells whether the job has the state it was told to start from, or
// its own checkpoint of later.
func (d *decision) restored() bool {
	r := d.sight.Restored.Location
	if r == "" || d.Spec.SavepointLocation == "" {
		return r == d.Spec.SavepointLocation || d.ownCheckpoint(r)
	}
	return flink.SameLocation(r, d.Spec.SavepointLocation) || d.ownCheckpoint(r)
}

func (d *decision) ownCheckpoint(location string) bool {
	return control.Within(d.checkpointDir(), location)
}

// checkpointDir is the directory in which only this job writes checkpoints.
func (d *decision) checkpointDir() string { return control.CheckpointDirectory(d.Job) }

// started watches a running job.
func (d *decision) started() {
	s := d.sight
	d.again = d.now.Add(3 * time.Second)
	switch {
	case s.Presence == cluster.Absent:
		d.fail(d.lost(), "its cluster is gone: "+first(s.Message, "nobody knows why"))
	case s.Broken:
		d.fail(d.broken(), first(s.Message, "its cluster has ended"))
	case !s.Answers:
		d.observed(control.FlinkUnknown, "the cluster does not answer: "+first(s.Message, "no reason known"))
		d.again = d.now.Add(time.Second)
	case s.Status == "":
		d.fail(d.lost(), "its cluster no longer knows the job")
	case s.Status == flink.JobFailed:
		d.remember()
		d.fail(control.ReasonJobFailed, first(s.Failure, "the job failed without naming a cause"))
	case s.Status == flink.JobCanceled:
		d.remember()
		d.fail(control.ReasonCanceled, "the job was cancelled, and not by weir")
	case s.BeganAgain(d.Status.LatestCheckpoint, d.checkpointDir()):
		d.fail(control.ReasonWentBack, fmt.Sprintf("the cluster began again %s, behind checkpoint %d", fromWhere(s.Restored.Location), d.Status.LatestCheckpoint.ID))
	case s.Status == flink.JobFinished:
		d.observed(string(s.Status), "")
		d.end("the job has finished")
	default:
		d.remember()
		d.observed(string(s.Status), "")
		if s.Status == flink.JobRunning {
			d.status.Message = s.Message // what threatens it
		}
		if d.rescaling() {
			return
		}
		if s.Status != flink.JobRunning {
			d.status.Message = "the job is " + string(s.Status)
			if why := first(s.Message, s.Failure); why != "" {
				d.status.Message += ": " + why
			}
			// The record of a job that fails for ever must not grow for ever.
			n := d.status.Started.ObservedFlinkJobRestarts
			if n > d.Status.Started.ObservedFlinkJobRestarts && n&(n-1) == 0 {
				d.say(resource.EventGeneralFailure, "%s (failure %d)", d.status.Message, n)
			}
			d.again = d.now.Add(time.Second)
		}
	}
}

// observed notes what the cluster says of the job.
func (d *decision) observed(status, message string) {
	info := &d.status.Started
	if info.ObservedFlinkJobStatus == string(flink.JobRunning) && d.rescaleTo() == 0 && (status == string(flink.JobRestarting) || status == string(flink.JobFailing)) {
		info.ObservedFlinkJobRestarts++
	}
	if info.ObservedFlinkJobStatus != status || d.status.LatestCheckpoint != d.Status.LatestCheckpoint {
		info.LastUpdateTime = resource.At(d.now)
	}
	info.ObservedFlinkJobStatus = status
	d.status.Message = message
}

// remember keeps the newest checkpoint: what a lost cluster is followed from.
func (d *decision) remember() {
	if n := d.sight.Newest; n.Location != "" && n.ID > d.status.LatestCheckpoint.ID {
		d.status.LatestCheckpoint = n
		d.rememberFallback(n)
	}
}

// rememberFallback keeps every n-th checkpoint in mind, for the case that the
// newest ones turn out to be of no use: a person can reset to it.
func (d *decision) rememberFallback(newest resource.CheckpointRef) {
	every := int64(d.Spec.DisasterCheckpointsDelay)
	if every <= 0 {
		return
	}
	if last := control.NotedInt(d.Metadata, control.AnnotationFallbackID); last == 0 || newest.ID-last >= every {
		d.note(control.AnnotationFallback, newest.Location)
		d.note(control.AnnotationFallbackID, strconv.FormatInt(newest.ID, 10))
	}
}

func (d *decision) note(annotation, text string) {
	if d.annotations == nil {
		d.annotations = map[string]string{}
	}
	d.annotations[annotation] = text
}

// end begins the end of the job: from here on no savepoint of it is begun.
func (d *decision) end(why string) {
	d.status.State = resource.JobTerminating
	d.status.Message = why
	d.note(control.AnnotationEnding, control.NoteTime(d.now))
	d.say(resource.EventFoundAJobToWaitForItsTermination, "ending the job: %s", why)
	d.again = d.now
}

// fail begins the end of a job that failed.
func (d *decision) fail(reason, message string) {
	d.end(message)
	d.status.Failure = resource.Failure{Reason: reason, Message: message, FailedAt: resource.At(d.now)}
	d.events = nil
	d.say(resource.EventTerminatingAJobDueToAnUnrecoverableFailure, "the job failed: %s", message)
}

// patienceBeforeWords is how long something may take before the status says
// what it waits for: what is over by then needs no words, and no writing.
const patienceBeforeWords = time.Second

// await waits for a start, but not for ever.
func (d *decision) await(launched time.Time, what, detail string) {
	limit := d.config.StartTimeout
	if limit <= 0 {
		limit = 5 * time.Minute
	}
	if detail != "" {
		what += ": " + detail
	}
	if d.now.Sub(launched) >= patienceBeforeWords {
		d.status.Message = what
	}
	if d.now.Sub(launched) >= limit && d.sight.Presence == cluster.Present {
		d.fail(control.ReasonTimeout, fmt.Sprintf("it did not start in %s: %s", limit, what))
		return
	}
	if d.Status.Message == "" {
		d.say(resource.EventAwaitingForAClusterToSpinUp, "%s", what)
	}
	d.again = control.Pace(d.now, launched)
}

func (d *decision) say(name resource.EventName, format string, args ...any) {
	d.events = append(d.events, control.Event{Name: name, JobID: d.Metadata.ID, Message: fmt.Sprintf(format, args...)})
}

func first(texts ...string) string {
	for _, t := range texts {
		if t != "" {
			return t
		}
	}
	return ""
}

func fromWhere(location string) string {
	if location == "" {
		return "from empty state"
	}
	return "from " + location
}
