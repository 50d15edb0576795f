package deployment

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/weir-streams/weir/control"
	"github.com/weir-streams/weir/flink"
	"github.com/weir-streams/weir/resource"
)

// plan is at most one deed, the status to write after it, and when to look
// again even if nothing changes (zero: not before).
type plan struct {
	create    *resource.Job       // start this job, or bring up its cluster
	promote   *resource.Job       // start this job, whose cluster is up
	rescale   *resource.Job       // run this job, as it is here, at another parallelism
	savepoint *resource.Savepoint // take this savepoint
	stop      string              // id of the job to cancel
	rollBack  *rollBack
	discard   string          // id of the savepoint to give up
	done      []control.Event // said once the deed is done

	discardWhy string
	forget     []resource.Job // to remove

	status resource.DeploymentStatus
	news   []control.Event // said if the status says something new
	again  time.Time
}

// rollBack writes an old spec's template and target back.
type rollBack struct {
	from, to int // generations
	version  int // of the spec, when a job of it runs; else 0
	spec     resource.DeploymentSpec
}

// decide is the whole policy of deployments. Same snapshot and time, same plan.
func decide(now time.Time, seen *snapshot) plan {
	d := &decision{snapshot: seen, now: now}
	d.old = seen.Status
	active := seen.active()
	switch {
	case len(active) > 1:
		d.endSurplus(active)
	case len(active) == 1:
		d.withJob(active[0])
	default:
		d.withoutJob()
	}
	d.discardStandby()
	d.keep()
	return d.plan
}

// decision is one in the making.
type decision struct {
	*snapshot
	now time.Time
	old resource.DeploymentStatus
	plan
}

// endSurplus ends all but the oldest job: the younger ones started from what
// the oldest may have gone beyond.
func (d *decision) endSurplus(active []resource.Job) {
	d.working("%d jobs are active where one may be; ending the younger ones", len(active))
	for _, j := range active[1:] {
		if j.Spec.Stop == "" {
			d.cancel(j, control.Event{
				Name:    resource.EventMultipleNonTerminalJobs,
				Message: fmt.Sprintf("%d jobs are active; cancelling %s, the oldest, %s, goes on", len(active), j.Metadata.ID, active[0].Metadata.ID),
			})
			return
		}
	}
}

// withJob decides while there is a job that has not ended.
func (d *decision) withJob(j resource.Job) {
	if j.Spec.Stop != "" || j.Status.State == resource.JobTerminating {
		d.working("waiting for job %s to end", j.Metadata.ID)
		d.say(resource.EventAwaitingAJobToTerminate, j, "waiting for job %s to end%s", j.Metadata.ID, because(j.Status.Message))
		return
	}
	if d.Spec.State == resource.StateCancelled {
		d.working("cancelling job %s", j.Metadata.ID)
		d.cancel(j, control.Event{
			Name:    resource.EventFoundAJobToTerminate,
			Message: "the deployment is to be CANCELLED: cancelling its job without a savepoint",
		})
		return
	}
	if stops := d.stops(j); len(stops) > 0 {
		switch last := stops[len(stops)-1]; last.Status.State {
		case resource.SavepointStarted:
			d.working("waiting for savepoint %s of job %s", last.Metadata.ID, j.Metadata.ID)
			d.say(resource.EventAwaitingSavepointCompletionToTransitionToSuspended, j, "waiting for savepoint %s, which ends the job", last.Metadata.ID)
			return
		case resource.SavepointCompleted:
			d.working("savepoint %s is complete; waiting for job %s to end", last.Metadata.ID, j.Metadata.ID)
			d.say(resource.EventFoundACompletedSavepointReadyForSuspension, j, "savepoint %s is complete at %s", last.Metadata.ID, last.Spec.SavepointLocation)
			return
		}
	}
	switch {
	case d.Spec.State == resource.StateSuspended:
		d.end(j, resource.OriginSuspend, "the deployment is to be SUSPENDED")
	case d.Spec.State == resource.StateRunning:
		d.keepRunning(j)
	default:
		d.giveUp(control.Event{Name: resource.EventGeneralFailure}, "spec.state %q is not one that can be wanted: use RUNNING, SUSPENDED or CANCELLED", d.Spec.State)
	}
}

func (d *decision) keepRunning(j resource.Job) {
	if reset, due := d.resetFor(j); due {
		d.working("resetting to savepoint %s", reset.Metadata.ID)
		d.cancel(j, control.Event{
			Name:    resource.EventFoundAnOldJobAndWillTerminateIt,
			Message: fmt.Sprintf("reset to savepoint %s (%s): cancelling the job, its state since is given up", reset.Metadata.ID, reset.Spec.SavepointLocation),
		})
		return
	}
	if d.outdated(j) {
		if refused, found := d.refusedStandby(); found {
			d.tooManyFailures(refused, 1)
			return
		}
		if d.Spec.UpgradeStrategy.Kind != resource.UpgradeNone && d.cannotStart("job "+j.Metadata.ID+" goes on as before") {
			return
		}
		why := fmt.Sprintf("generation %d replaces generation %d", d.Metadata.Generation, j.Spec.Generation)
		switch d.Spec.UpgradeStrategy.Kind {
		case resource.UpgradeNone:
			// The change waits for the next start.
		case resource.UpgradeStateless:
			d.working("upgrade: cancelling job %s", j.Metadata.ID)
			d.cancel(j, control.Event{Name: resource.EventUsingAnUpgradeStrategy, Message: why + "; upgrade strategy STATELESS: cancelling the job"})
			return
		default:
			if d.rescaleInPlace(j, why) {
				return
			}
			if no := j.Metadata.Annotations[control.AnnotationRescaleNo]; no != "" {
				why = "Flink does not change the parallelism while the job runs: " + no
			}
			d.end(j, resource.OriginSuspendAndUpgrade, why+"; upgrade strategy STATEFUL")
			return
		}
	}
	if n := control.NotedInt(j.Metadata, control.AnnotationRescale); n > 0 && j.Status.State == resource.JobStarted {
		d.working("waiting for job %s to run at parallelism %d%s", j.Metadata.ID, n, because(j.Status.Message))
		return
	}
	if j.Status.State == resource.JobStarted {
		d.running(j)
		return
	}
	d.working("waiting for job %s to start%s", j.Metadata.ID, because(j.Status.Message))
	d.say(resource.EventAwaitingAJobToStart, j, "waiting for job %s to start%s", j.Metadata.ID, because(j.Status.Message))
}

// end stops a job with its state kept: by a savepoint, or by cancelling when
// it has not run and so has nothing new to keep.
func (d *decision) end(j resource.Job, origin resource.SavepointOrigin, why string) {
	if j.Status.State != resource.JobStarted {
		d.working("ending job %s, which has not started yet", j.Metadata.ID)
		d.cancel(j, control.Event{Name: resource.EventFoundAJobToTerminate, Message: why + "; the job has not started yet, so its state is still where it was: cancelling it"})
		return
	}
	failures, last := d.failedStops(j)
	if most := max(d.Spec.MaxSavepointCreationAttempts, 1); failures >= most {
		d.giveUp(control.Event{Name: resource.EventTooManyFailedSuspensionAttempts, JobID: j.Metadata.ID},
			"%d of %d savepoints failed, the last one: %s Job %s goes on running as before; change the spec to try again",
			failures, most, sentence(orUnknown(last.Status.Failure.Message)), j.Metadata.ID)
		return
	}
	if wait := last.Status.Failure.FailedAt.Add(pauseOfStops(failures, max(d.Spec.MaxSavepointCreationAttempts, 1))); failures > 0 && d.now.Before(wait) {
		d.working("savepoint %d of %d failed: %s; trying again soon", failures, d.Spec.MaxSavepointCreationAttempts, orUnknown(last.Status.Failure.Message))
		d.again = wait
		return
	}
	if d.recovers(j) {
		return
	}
	if origin == resource.OriginSuspendAndUpgrade && d.awaitStandby(j, why) {
		return
	}
	d.working("taking a savepoint of job %s", j.Metadata.ID)
	s := d.stopSavepoint(j, origin)
	d.savepoint = &s
	d.done = []control.Event{{
		Name: resource.EventCreatingASavepointBeforeSuspension, JobID: j.Metadata.ID,
		Message: fmt.Sprintf("%s: taking savepoint %s, attempt %d; the job runs on until it is complete", why, s.Metadata.ID, failures+1),
	}}
	if origin == resource.OriginSuspendAndUpgrade {
		d.done = append([]control.Event{{Name: resource.EventUsingAnUpgradeStrategy, JobID: j.Metadata.ID, Message: why}}, d.done...)
	}
}

// withoutJob decides while no job is active.
func (d *decision) withoutJob() {
	if p, found := d.pending(); found {
		// Starting now would lose the state that is being saved.
		d.working("waiting for the outcome of savepoint %s", p.Metadata.ID)
		return
	}
	if s, found := d.standby(); found && !d.wantsStandby(s) {
		d.working("ending the cluster of job %s, which was brought up for nothing", s.Metadata.ID)
		return
	}
	switch d.Spec.State {
	case resource.StateCancelled:
		d.settled(resource.StateCancelled, "")
	case resource.StateSuspended:
		d.suspended()
	case resource.StateRunning:
		d.start()
	default:
		d.giveUp(control.Event{Name: resource.EventGeneralFailure}, "spec.state %q is not one that can be wanted: use RUNNING, SUSPENDED or CANCELLED", d.Spec.State)
	}
}

func (d *decision) suspended() {
	d.settled(resource.StateSuspended, "")
	switch last := d.newest(); {
	case d.old.State == resource.StateSuspended:
	case last.Metadata.ID == "":
		d.say(resource.EventCouldNotFindAJobToSuspend, last, "there never was a job: nothing to suspend")
	case d.finished(last):
		d.say(resource.EventCouldNotFindAJobToSuspend, last, "job %s has read all its input and finished: there is nothing to suspend, and nothing to go on with", last.Metadata.ID)
	case len(d.states()) == 0:
		d.say(resource.EventCouldNotFindAJobToSuspend, last, "suspended without a savepoint: no job has had state to save")
	default:
		p := d.states()[len(d.states())-1]
		d.say(resource.EventFoundACompletedSavepointReadyForSuspension, last, "suspended; the next start is from %s %s", d.nameOf(p), p.Spec.SavepointLocation)
	}
}

// start decides about the next job of a deployment that wants one.
func (d *decision) start() {
	last := d.newest()
	if d.finished(last) {
		d.settled(resource.StateFinished, "")
		d.say(resource.EventTransitionedToFinishedState, last, "job %s has read all its input and finished", last.Metadata.ID)
		return
	}
	failures, most := d.failedStarts(), max(d.Spec.MaxJobCreationAttempts, 1)
	refused := failures > 0 && last.Status.Failure.Reason == control.ReasonRefused
	if refused || failures >= most {
		d.tooManyFailures(last, failures)
		return
	}
	if d.cannotStart("") {
		return
	}
	if wait := last.Status.Failure.FailedAt.Add(pauseAfter(failures - 1)); failures > 1 && d.now.Before(wait) {
		d.working("job start %d of %d failed: %s; trying again soon", failures, most, orUnknown(last.Status.Failure.Message))
		d.again = wait
		return
	}
	if crashes := d.crashes(); crashes > 1 {
		if wait := last.Status.Failure.FailedAt.Add(pauseAfter(crashes - 1)); d.now.Before(wait) {
			how := "ran and failed soon"
			if displaced(last) {
				how = "were ended soon"
			}
			d.working("%d jobs in a row %s, the last one: %s; starting the next one soon", crashes, how, orUnknown(last.Status.Failure.Message))
			d.again = wait
			return
		}
	}
	from, err := d.startFrom()
	if err != nil {
		d.giveUp(control.Event{Name: resource.EventFailedCreatingANewJob}, "%v", err)
		return
	}
	j := d.job(from)
	d.working("starting job %s", j.Metadata.ID)
	if d.create = &j; d.hasStandby() {
		d.create, d.promote = nil, &j
	}
	d.done = []control.Event{{Name: resource.EventCreatingANewJob, JobID: j.Metadata.ID, Message: d.startMessage(from, last, failures)}}
}

// cannotStart gives up if there is no place for a new job or something is
// missing that it needs. It goes on by itself when that is there.
func (d *decision) cannotStart(but string) bool {
	event, problem := resource.EventReferencedDeploymentTargetDoesNotExist, d.target.problem
	if problem == "" {
		event, problem = resource.EventFailedCreatingANewJob, d.secrets
	}
	if problem == "" {
		return d.awaitsSession(but)
	}
	if but != "" {
		problem += "; " + but
	}
	d.giveUp(control.Event{Name: event}, "%s", problem)
	return true
}

// finished tells whether the last job was all that was wanted.
func (d *decision) finished(last resource.Job) bool {
	if last.Status.State != resource.JobFinished || last.Metadata.SpecVersion() != d.SpecVersion() {
		return false
	}
	if _, due := d.resetFor(last); due {
		return false
	}
	// Cancelling it and starting it again asks for another run. Suspending asks to
	// go on later where it was, and there is nothing left to go on with: the job
	// may have finished while the request was under way, and what is kept of its
	// state is older than what it wrote.
	for _, r := range d.history {
		var spec struct {
			State resource.State `json:"state"`
		}
		if r.Generation > last.Spec.Generation && json.Unmarshal(r.Spec, &spec) == nil && spec.State == resource.StateCancelled {
			return false
		}
	}
	return true
}

func (d *decision) tooManyFailures(last resource.Job, failures int) {
	reason := orUnknown(last.Status.Failure.Message)
	tried := fmt.Sprintf("generation %d could not run: %d of %d attempts failed, the last one: %s", d.Metadata.Generation, failures, max(d.Spec.MaxJobCreationAttempts, 1), reason)
	if last.Status.Failure.Reason == control.ReasonRefused {
		tried = fmt.Sprintf("generation %d cannot run: %s", d.Metadata.Generation, reason)
	}
	if back := d.backTo(last); back != nil {
		d.working("%s; going back to the template of generation %d", tried, back.to)
		d.status.Transition.RolledBackFrom = back.from
		what := "the last that ran; it starts from the same state"
		if back.version > 0 {
			what = "which has not been stopped and goes on"
		}
		d.rollBack = back
		d.done = []control.Event{
			{Name: resource.EventTooManyFailedJobCreationAttempts, JobID: last.Metadata.ID, Message: tried},
			{Name: resource.EventRolledBack, JobID: last.Metadata.ID, Message: fmt.Sprintf(
				"%s Went back to the template of generation %d, %s. The spec that failed stays in the history as generation %d",
				sentence(tried), back.to, what, back.from)},
		}
		return
	}
	if from := d.old.Transition.RolledBackFrom; from > 0 && d.old.Transition.SpecVersion == d.SpecVersion() {
		tried += fmt.Sprintf(" (it had taken the place of generation %d, which could not run either)", from)
	}
	d.giveUp(control.Event{Name: resource.EventTooManyFailedJobCreationAttempts, JobID: last.Metadata.ID}, "%s Change the spec to try again", sentence(tried))
}

// backTo finds the spec to go back to, nil if there is none that would help.
func (d *decision) backTo(last resource.Job) *rollBack {
	if !control.BlamesSpec(last.Status.Failure.Reason) {
		return nil
	}
	good, found := d.lastGood()
	if !found || good.Metadata.SpecVersion() == d.SpecVersion() {
		return nil
	}
	for _, r := range d.history {
		if r.Generation != good.Spec.Generation {
			continue
		}
		var spec resource.DeploymentSpec
		if json.Unmarshal(r.Spec, &spec) != nil {
			return nil
		}
		back := &rollBack{from: d.Metadata.Generation, to: r.Generation, spec: spec}
		if !good.Status.State.Terminal() {
			back.version = good.Metadata.SpecVersion() // it runs, and goes on
		}
		if after := back.apply(d.Deployment); after.SpecVersion() == d.SpecVersion() {
			return nil // it is what failed now
		}
		return back
	}
	return nil
}

// apply gives the deployment with the old template and target.
func (b *rollBack) apply(d resource.Deployment) resource.Deployment {
	old := d
	d.Spec.Template = b.spec.Template
	d.Spec.DeploymentTargetID = b.spec.DeploymentTargetID
	d.Spec.DeploymentTargetName = b.spec.DeploymentTargetName
	d.Spec.SessionClusterName = b.spec.SessionClusterName
	d.CountSpecVersion(old)
	if b.version > 0 {
		d.Metadata.Annotations[resource.AnnotationSpecVersion] = strconv.Itoa(b.version)
	}
	return d
}

// startFrom chooses the state a new job begins with; the zero Savepoint is none.
func (d *decision) startFrom() (resource.Savepoint, error) {
	all := d.states()
	if n := len(all); n > 0 && isReset(all[n-1]) && !d.served(all[n-1]) {
		return all[n-1], nil // asked for expressly, whatever the strategy
	}
	if d.Spec.RestoreStrategy.Kind == resource.RestoreNone {
		return resource.Savepoint{}, nil
	}
	for i := len(all) - 1; i >= 0; i-- {
		if d.Spec.RestoreStrategy.Kind == resource.RestoreLatestSavepoint && all[i].Metadata.Origin == resource.OriginRetainedCheckpoint {
			continue
		}
		return all[i], nil
	}
	if len(all) > 0 {
		return resource.Savepoint{}, fmt.Errorf("restore strategy LATEST_SAVEPOINT finds no savepoint, only retained checkpoints, the newest at %s; "+
			"use LATEST_STATE to start from it, or NONE to start empty", all[len(all)-1].Spec.SavepointLocation)
	}
	if what, had := d.hadState(); had {
		return resource.Savepoint{}, fmt.Errorf("%s had state, but no savepoint or retained checkpoint of this deployment is left to start from; "+
			"adopt one (a savepoint with spec.savepointLocation), or use restore strategy NONE to start empty", what)
	}
	return resource.Savepoint{}, nil
}

// served tells whether a job that started from p ran.
func (s *snapshot) served(p resource.Savepoint) bool {
	return slices.ContainsFunc(s.jobs, func(j resource.Job) bool {
		return j.Metadata.Annotations[control.AnnotationStartedFrom] == p.Metadata.ID && ran(j)
	})
}

// hadState finds a job that began with state or saved some, or a savepoint
// that is being deleted. A job that read all its input and finished has used
// its state up.
func (s *snapshot) hadState() (what string, had bool) {
	for _, j := range s.jobs {
		if j.Status.State != resource.JobFinished && (j.Spec.SavepointLocation != "" || j.Status.LatestCheckpoint.Location != "") {
			return "job " + j.Metadata.ID, true
		}
	}
	for _, p := range s.savepoints {
		if p.Status.CompletedAt.IsZero() && !p.Status.Failure.FailedAt.IsZero() {
			continue // it never was one
		}
		switch p.Status.State {
		case resource.SavepointCompleted:
			if p.Spec.Delete {
				return "savepoint " + p.Metadata.ID + ", which is to be deleted,", true
			}
		case resource.SavepointPendingDeletion, resource.SavepointDeleting, resource.SavepointFailedDeletion:
			return "savepoint " + p.Metadata.ID + ", which is being deleted,", true
		}
	}
	return "", false
}

func (d *decision) cancel(j resource.Job, why control.Event) {
	d.stop = j.Metadata.ID
	why.JobID = j.Metadata.ID
	d.done = []control.Event{why}
}

// recovery is how long a job may take to notice that something it needs has
// died, such as a TaskManager, and to run again: the attempts to stop it with a
// savepoint are spread over more than that.
const recovery = 20 * time.Second

// pauseOfStops is how long to wait after so many of most attempts have failed.
func pauseOfStops(failures, most int) time.Duration {
	if failures <= 0 || failures >= most || most > 16 {
		return pauseAfter(failures)
	}
	return max(pauseAfter(failures), recovery*(1<<failures)/(1<<most-2))
}

// recoveryMost is how long a job that is being restarted is waited for.
const recoveryMost = 2 * time.Minute

// recovers waits for a job that is being restarted, which no savepoint can be
// taken of: it may run again soon.
func (d *decision) recovers(j resource.Job) bool {
	switch flink.JobStatus(j.Status.Started.ObservedFlinkJobStatus) {
	case flink.JobRestarting, flink.JobFailing, flink.JobCreated, flink.JobInitializing:
	default:
		return false
	}
	limit := j.Status.Started.LastUpdateTime.Add(recoveryMost)
	if !d.now.Before(limit) {
		return false
	}
	d.working("waiting for job %s to run again before it is stopped with a savepoint%s", j.Metadata.ID, because(j.Status.Message))
	d.again = limit
	return true
}

// pauseAfter is how long to wait after so many failures in a row.
func pauseAfter(failures int) time.Duration {
	if failures <= 0 {
		return 0
	}
	return min(time.Second<<min(failures-1, 6), time.Minute)
}
