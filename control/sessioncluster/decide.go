package sessioncluster

import (
	"fmt"
	"strings"
	"time"

	"github.com/weir-streams/weir/cluster"
	"github.com/weir-streams/weir/control"
	"github.com/weir-streams/weir/resource"
)

// snapshot is all that a decision depends on, besides the time.
type snapshot struct {
	resource.SessionCluster
	sight       control.Sight         // of the incarnation that the status names
	target      target                // where another would be started
	deployments []resource.Deployment // that name it
	jobs        []resource.Job        // on it that have not ended; looked for only when it is to stop
	config      Config
}

// target is where the session cluster is to run.
type target struct {
	launcher   string
	kubernetes resource.KubernetesTarget
	problem    string // why there is no such place; empty if there is
}

// Config is how patient the controller is.
type Config struct {
	// StartTimeout is how long a cluster may take until it answers; 0 is 5 minutes.
	StartTimeout time.Duration
	// SilenceTimeout is how long one that is to stop may be silent while jobs
	// are on it, before it is removed all the same; 0 is one minute.
	SilenceTimeout time.Duration
	// Attempts is how often it may fail, each time soon after it was started; 0 is 10.
	Attempts int
	// StableAfter is how long it must have run for its failures to be
	// forgotten; 0 is 10 minutes.
	StableAfter time.Duration
}

// plan is what to do with the cluster, then what to write.
type plan struct {
	terminate bool // the incarnation that was seen
	launch    bool // the incarnation of the new status, once that is written
	scale     bool // to the number of TaskManagers of the new status, before that is written

	status resource.SessionClusterStatus
	events []control.Event // said if the status says something new
	again  time.Time
}

// Reasons in the failure of a session cluster.
const (
	reasonTarget  = "TargetMissing" // there is no place for it
	reasonRefused = control.ReasonRefused
	reasonStart   = control.ReasonLaunch
	reasonLost    = control.ReasonLost
)

// decide is the whole policy of session clusters. Same snapshot and time, same plan.
func decide(now time.Time, seen *snapshot) plan {
	d := &decision{snapshot: seen, now: now}
	d.status = seen.Status
	d.status.Generation = seen.Metadata.Generation
	if seen.Spec.State == resource.SessionRunning {
		d.run()
	} else {
		d.stop()
	}
	return d.plan
}

// decision is one in the making.
type decision struct {
	*snapshot
	now time.Time
	plan
}

// run decides about a cluster that is to be up.
func (d *decision) run() {
	switch d.Status.State {
	case resource.SessionFailed:
		mended := d.Status.Generation != d.Metadata.Generation || d.Status.Failure.Reason == reasonTarget && d.target.problem == ""
		if mended {
			d.status.Attempts = 0
			d.start()
		}
	case resource.SessionStarting:
		d.starting()
	case resource.SessionRunning, resource.SessionUpdating:
		d.running()
	case resource.SessionStopping:
		d.wantedAgain()
	default:
		d.status.Attempts = 0
		d.start()
	}
}

// start begins a new incarnation, when the one before is proved gone.
func (d *decision) start() {
	if d.gone() {
		d.begin()
	}
}

// gone tells whether the last incarnation is proved gone, and sees to it else.
func (d *decision) gone() bool {
	if d.Status.Incarnation == "" {
		return true
	}
	switch d.sight.Presence {
	case cluster.Absent:
		return true
	case cluster.Present:
		d.terminate = true
		d.again = d.now
	default:
		d.status.Message = "cannot tell whether the cluster before is gone: " + first(d.sight.Message, "no reason known")
		d.again = d.now.Add(time.Second)
	}
	return false
}

func (d *decision) begin() {
	if d.target.problem != "" {
		d.giveUp(resource.EventReferencedDeploymentTargetDoesNotExist, reasonTarget, d.target.problem)
		return
	}
	d.enter(resource.SessionStarting, "")
	d.status.Failure = resource.Failure{}
	d.status.Running = resource.SessionClusterRunning{}
	d.status.Launcher = d.target.launcher
	d.status.Kubernetes = d.target.kubernetes
	d.status.Incarnation = control.DerivedID("session", d.Metadata.ID, d.Status.Incarnation)
	d.status.LaunchedAt = resource.At(d.now)
	d.status.NumberOfTaskManagers = d.Spec.NumberOfTaskManagers
	d.launch = true
	d.say(resource.EventSpinningUpAClusterForASessionCluster, "starting a cluster by launcher %q%s", d.target.launcher, d.attempt())
	d.again = d.now.Add(20 * time.Millisecond)
}

func (d *decision) attempt() string {
	if d.status.Attempts == 0 {
		return ""
	}
	return fmt.Sprintf(", attempt %d", d.status.Attempts+1)
}

// starting decides until the cluster answers.
func (d *decision) starting() {
	launched := d.Status.LaunchedAt
	if launched.IsZero() { // between two attempts
		if wait := d.Status.Since.Add(pauseAfter(d.Status.Attempts - 1)); d.now.Before(wait) {
			d.again = wait
			return
		}
		d.start()
		return
	}
	s := d.sight
	waited := d.now.Sub(launched.Time)
	limit := orElse(d.config.StartTimeout, 5*time.Minute)
	switch {
	case s.Answers:
		d.enter(resource.SessionRunning, "")
		d.status.Running = resource.SessionClusterRunning{StartedAt: resource.At(d.now), LastUpdateTime: resource.At(d.now)}
		d.say(resource.EventSessionClusterSuccessfullyStarted, "the session cluster is up, %.1f s after it was asked for", waited.Seconds())
		d.again = d.now.Add(time.Second)
	case s.Presence == cluster.Absent:
		d.failed(reasonStart, "it did not come up: "+first(d.Status.Message, s.Message, "it is not there"))
	case s.Broken:
		d.failed(reasonStart, "it did not come up: "+first(s.Message, "its main process has ended"))
	case waited >= limit && s.Presence == cluster.Present:
		d.failed(reasonStart, fmt.Sprintf("it did not answer within %s: %s", limit, first(s.Message, "no reason known")))
	default:
		if waited >= time.Second {
			d.status.Message = "waiting for the cluster to answer: " + first(s.Message, "no reason known")
		}
		d.again = control.Pace(d.now, launched.Time)
	}
}

// running watches a cluster that is up.
func (d *decision) running() {
	s := d.sight
	d.again = d.now.Add(10 * time.Second)
	switch {
	case s.Presence == cluster.Absent, s.Broken:
		if d.now.Sub(d.Status.Running.StartedAt.Time) >= orElse(d.config.StableAfter, 10*time.Minute) {
			d.status.Attempts = 0
		}
		d.failed(reasonLost, "the cluster is lost: "+first(s.Message, "it is gone, and nobody knows why"))
	case !s.Answers:
		d.status.Message = "the cluster does not answer: " + first(s.Message, "no reason known")
		d.again = d.now.Add(time.Second)
	case d.Status.State == resource.SessionUpdating:
		d.scale = true
		d.status.NumberOfTaskManagers = d.Spec.NumberOfTaskManagers
		d.status.Running.LastUpdateTime = resource.At(d.now)
		d.enter(resource.SessionRunning, "")
	case d.Status.NumberOfTaskManagers != d.Spec.NumberOfTaskManagers:
		d.enter(resource.SessionUpdating, fmt.Sprintf("changing the number of task managers from %d to %d", d.Status.NumberOfTaskManagers, d.Spec.NumberOfTaskManagers))
		d.again = d.now
	default:
		d.status.Message = ""
		if d.now.Sub(d.Status.Running.LastUpdateTime.Time) >= time.Minute {
			d.status.Running.LastUpdateTime = resource.At(d.now)
		}
	}
}

// failed begins another attempt, or gives up. What is left is removed first.
func (d *decision) failed(reason, message string) {
	d.terminate = true
	d.status.Attempts++
	if most := orElse(d.config.Attempts, 10); d.status.Attempts >= most {
		d.giveUp(resource.EventTerminatingASessionClusterDueToAnUnrecoverableFailure, reason,
			fmt.Sprintf("gave up after %d attempts; change the spec to try again. The last time: %s", d.status.Attempts, message))
		return
	}
	d.enter(resource.SessionStarting, message+"; starting it again")
	d.status.LaunchedAt = resource.Time{}
	d.status.Running = resource.SessionClusterRunning{}
	d.status.Failure = resource.Failure{Reason: reason, Message: message, FailedAt: resource.At(d.now)}
	d.say(resource.EventTerminatingASessionClusterDueToAnUnrecoverableFailure, "%s; starting it again", message)
	d.again = d.now
}

// giveUp is the end until a person changes something.
func (d *decision) giveUp(event resource.EventName, reason, message string) {
	d.enter(resource.SessionFailed, message)
	d.status.LaunchedAt = resource.Time{}
	d.status.Running = resource.SessionClusterRunning{}
	d.status.Failure = resource.Failure{Reason: reason, Message: message, FailedAt: resource.At(d.now)}
	d.say(event, "%s", message)
	d.again = time.Time{}
}

// wantedAgain decides about a cluster that was to stop and has not.
func (d *decision) wantedAgain() {
	s := d.sight
	switch {
	case s.Answers:
		d.enter(resource.SessionRunning, "")
		d.again = d.now.Add(time.Second)
	case s.Presence == cluster.Absent || s.Broken:
		d.status.Attempts = 0
		d.start()
	default:
		d.status.Message = "wanted RUNNING again, but the cluster does not answer: " + first(s.Message, "no reason known")
		d.again = d.now.Add(time.Second)
	}
}

// stop decides about a cluster that is to be down.
func (d *decision) stop() {
	s := d.sight
	switch {
	case d.Status.State == resource.SessionStopped:
		return
	case d.Status.State == "":
		d.enter(resource.SessionStopped, "")
		return
	case d.Status.State != resource.SessionStopping:
		// Written before the jobs are looked for: whoever starts one later has
		// seen it, or finds no cluster.
		d.enter(resource.SessionStopping, "")
		d.again = d.now
		return
	}
	since := d.Status.Since.Time
	gone := s.Presence == cluster.Absent || s.Broken
	if len(d.jobs) > 0 && !gone {
		silent := !s.Answers && d.now.Sub(since) >= orElse(d.config.SilenceTimeout, time.Minute)
		if !silent {
			d.await(since)
			return
		}
	}
	d.terminate = s.Presence != cluster.Absent
	d.enter(resource.SessionStopped, "")
	d.status.Attempts = 0
	d.status.LaunchedAt = resource.Time{}
	d.status.Running = resource.SessionClusterRunning{}
	d.status.Failure = resource.Failure{}
	d.say(resource.EventSessionClusterSuccessfullyStopped, "the session cluster is stopped")
	d.again = time.Time{}
}

// stopPatience is how long jobs may take to end before a person is told.
const stopPatience = 30 * time.Second

// await waits for the jobs on the cluster to end.
func (d *decision) await(since time.Time) {
	names := d.namesOfJobs()
	d.status.Message = "waiting for " + names + " to end"
	if d.now.Sub(since) >= stopPatience {
		d.status.Message = fmt.Sprintf("still runs %s; set spec.state of what uses it to SUSPENDED or CANCELLED, then it stops", names)
		if d.Status.Message != d.status.Message {
			d.say(resource.EventFailedToStopSessionCluster, "%s", d.status.Message)
		}
	}
	d.again = d.now.Add(2 * time.Second)
}

func (d *decision) namesOfJobs() string {
	const most = 5
	var names []string
	for i, j := range d.jobs {
		if i == most {
			names = append(names, fmt.Sprintf("%d more", len(d.jobs)-most))
			break
		}
		names = append(names, first(j.Metadata.DeploymentName, j.Metadata.ID))
	}
	kind := "the job of deployment "
	if len(d.jobs) > 1 {
		kind = "the jobs of deployments "
	}
	return kind + strings.Join(names, ", ")
}

// enter sets state and message, and notes when the state began.
func (d *decision) enter(state resource.SessionState, message string) {
	d.status.State, d.status.Message = state, message
	d.status.Since = resource.At(d.now)
}

func (d *decision) say(name resource.EventName, format string, args ...any) {
	d.events = append(d.events, control.Event{Name: name, Message: fmt.Sprintf(format, args...)})
}

// pauseAfter is how long to wait after so many failures in a row, besides the first.
func pauseAfter(failures int) time.Duration {
	if failures <= 0 {
		return 0
	}
	return min(time.Second<<min(failures-1, 6), time.Minute)
}

func first(texts ...string) string {
	for _, t := range texts {
		if t != "" {
			return t
		}
	}
	return ""
}

func orElse[T int | time.Duration](v, otherwise T) T {
	if v <= 0 {
		return otherwise
	}
	return v
}
