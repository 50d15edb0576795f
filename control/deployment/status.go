package deployment

import (
	"fmt"
	"strings"

	"github.com/weir-streams/weir/control"
	"github.com/weir-streams/weir/resource"
)

// working sets the status of a transition under way.
func (d *decision) working(format string, args ...any) {
	d.write(resource.StateTransitioning, fmt.Sprintf(format, args...))
	if d.old.State != resource.StateTransitioning {
		d.news = append(d.news, control.Event{Name: resource.EventStateTransitionIsNeeded, Message: d.wanted()})
	}
}

// giveUp sets FAILED: a person is needed.
func (d *decision) giveUp(e control.Event, format string, args ...any) {
	e.Message = fmt.Sprintf(format, args...)
	d.write(resource.StateFailed, e.Message)
	d.news = append(d.news, e)
}

// settled sets a state in which nothing is left to do.
func (d *decision) settled(state resource.State, message string) {
	d.write(state, message)
	if d.old.State != state {
		d.news = append(d.news, control.Event{Name: resource.EventStateTransitionIsCompleted, Message: "the deployment is " + string(state) + d.took()})
	}
}

// running sets RUNNING with job j, and its health.
func (d *decision) running(j resource.Job) {
	d.write(resource.StateRunning, "")
	if from := d.status.Transition.RolledBackFrom; from > 0 {
		d.setMessage(fmt.Sprintf("generation %d is what ran before generation %d, which could not run", j.Spec.Generation, from))
	}
	if d.Metadata.SpecVersion() != j.Metadata.SpecVersion() {
		d.setMessage(fmt.Sprintf("runs generation %d; upgrade strategy NONE leaves generation %d to the next start", j.Spec.Generation, d.Metadata.Generation))
	}
	d.status.Running = resource.DeploymentRunning{
		JobID:          j.Metadata.ID,
		TransitionTime: resource.At(d.now),
		Conditions:     d.conditions(j),
	}
	if d.old.Running.JobID == j.Metadata.ID {
		d.status.Running.TransitionTime = d.old.Running.TransitionTime
	}
	if d.old.State != resource.StateRunning || d.old.Running.JobID != j.Metadata.ID {
		d.news = append(d.news, control.Event{Name: resource.EventStateTransitionIsCompleted, JobID: j.Metadata.ID, Message: d.completed(j)})
	}
}

// completed says what a transition to RUNNING did.
func (d *decision) completed(j resource.Job) string {
	from := " from empty state"
	if j.Spec.SavepointLocation != "" {
		from = " from state " + j.Spec.SavepointLocation
	}
	did := fmt.Sprintf("generation %d runs", j.Spec.Generation)
	var before resource.Job
	for _, other := range d.jobs {
		if other.Metadata.ID != j.Metadata.ID && ran(other) {
			before = other
		}
	}
	switch {
	case before.Metadata.ID == "":
	case d.old.Transition.RolledBackFrom > 0 && j.Spec.Generation > d.old.Transition.RolledBackFrom:
		did = fmt.Sprintf("generation %d could not run; generation %d, which is what ran before, runs", d.old.Transition.RolledBackFrom, j.Spec.Generation)
	case before.Metadata.SpecVersion() != j.Metadata.SpecVersion():
		did = fmt.Sprintf("upgraded generation %d → %d", before.Spec.Generation, j.Spec.Generation)
	default:
		did = fmt.Sprintf("generation %d runs again", j.Spec.Generation)
	}
	return did + d.took() + "," + from
}

func (d *decision) took() string {
	since := d.old.Transition.StartedAt
	if since.IsZero() || d.old.State != resource.StateTransitioning {
		return ""
	}
	return fmt.Sprintf(" in %.1f s", d.now.Sub(since.Time).Seconds())
}

func (d *decision) wanted() string {
	is := "new"
	if d.old.State != "" {
		is = string(d.old.State)
	}
	if d.rescale != nil {
		return fmt.Sprintf("the deployment stays %s, at another parallelism (generation %d)", is, d.Metadata.Generation)
	}
	if is == string(d.Spec.State) {
		return fmt.Sprintf("the deployment stays %s, with another job (generation %d)", is, d.Metadata.Generation)
	}
	return fmt.Sprintf("the deployment is %s and is to be %s (generation %d)", is, d.Spec.State, d.Metadata.Generation)
}

// write sets state and message, and carries on or begins the transition.
func (d *decision) write(state resource.State, message string) {
	d.status.State = state
	d.setMessage(message)
	t := d.old.Transition
	same := t.WantedState == d.Spec.State && t.SpecVersion == d.SpecVersion()
	if !same {
		t = resource.Transition{WantedState: d.Spec.State, SpecVersion: d.SpecVersion()}
	}
	switch state {
	case resource.StateTransitioning:
		if t.StartedAt.IsZero() || d.old.State != resource.StateTransitioning {
			t.StartedAt = resource.At(d.now)
			if d.old.State != resource.StateFailed {
				t.RolledBackFrom = 0 // what runs from now on is not what was rolled back to then
			}
		}
		t.JobAttempts = d.failedStarts()
		t.SavepointAttempts = 0
		for _, j := range d.active() {
			t.SavepointAttempts, _ = d.failedStops(j)
		}
	case resource.StateFailed:
	default:
		t = resource.Transition{WantedState: t.WantedState, SpecVersion: t.SpecVersion, RolledBackFrom: t.RolledBackFrom}
	}
	d.status.Transition = t
}

func (d *decision) setMessage(message string) {
	d.status.Message = message
	switch {
	case message == "":
		d.status.MessageSince = resource.Time{}
	case message == d.old.Message:
		d.status.MessageSince = d.old.MessageSince
	default:
		d.status.MessageSince = resource.At(d.now)
	}
}

// say adds an event to those told with a new status.
func (d *decision) say(name resource.EventName, j resource.Job, format string, args ...any) {
	d.news = append(d.news, control.Event{Name: name, JobID: j.Metadata.ID, Message: fmt.Sprintf(format, args...)})
}

// conditions tell how a running job fares. Never nil: clients iterate.
func (d *decision) conditions(j resource.Job) []resource.Condition {
	out := []resource.Condition{}
	add := func(kind, reason, message string) {
		c := resource.Condition{Type: kind, Status: "True", Reason: reason, Message: message}
		c.LastTransitionTime, c.LastUpdateTime = resource.At(d.now), resource.At(d.now)
		for _, old := range d.old.Running.Conditions {
			if old.Type == kind && old.Status == c.Status {
				c.LastTransitionTime = old.LastTransitionTime
				if old.Reason == reason && old.Message == message {
					c.LastUpdateTime = old.LastUpdateTime
				}
			}
		}
		out = append(out, c)
	}
	switch status := j.Status.Started.ObservedFlinkJobStatus; status {
	case "RUNNING":
		if j.Status.Message != "" {
			add("ClusterThreatened", "Warning", j.Status.Message)
		}
	case "":
	case control.FlinkUnknown:
		add("ClusterUnreachable", "NoAnswer", j.Status.Message)
	case "FAILING", "FAILED", "RESTARTING":
		add("JobFailing", status, j.Status.Message)
	default:
		add("JobUnstable", status, j.Status.Message)
	}
	return out
}

func because(message string) string {
	if message == "" {
		return ""
	}
	return ": " + message
}

func orUnknown(message string) string {
	if message == "" {
		return "no reason was given"
	}
	return strings.TrimRight(message, ". \n") // it stands within a sentence
}

// sentence ends what others said as a sentence, for more to follow.
func sentence(text string) string {
	if strings.HasSuffix(text, "?") || strings.HasSuffix(text, "!") {
		return text
	}
	return text + "."
}

func (d *decision) nameOf(p resource.Savepoint) string {
	if p.Metadata.Origin == resource.OriginRetainedCheckpoint {
		return "retained checkpoint"
	}
	return "savepoint"
}

func (d *decision) startMessage(from resource.Savepoint, last resource.Job, failures int) string {
	m := fmt.Sprintf("starting generation %d at parallelism %d", d.Metadata.Generation, d.Spec.Template.Spec.Parallelism)
	switch {
	case from.Metadata.ID != "" && isReset(from):
		m += fmt.Sprintf(" from savepoint %s, to which it is reset (%s)", from.Metadata.ID, from.Spec.SavepointLocation)
	case from.Metadata.ID != "":
		m += fmt.Sprintf(" from %s %s (%s)", d.nameOf(from), from.Metadata.ID, from.Spec.SavepointLocation)
	case d.Spec.RestoreStrategy.Kind == resource.RestoreNone:
		m += " with empty state, because its restore strategy is NONE"
	default:
		m += " with empty state: there is none yet"
	}
	if failures > 0 {
		m += fmt.Sprintf("; attempt %d, because job %s failed: %s", failures+1, last.Metadata.ID, orUnknown(last.Status.Failure.Message))
	} else if last.Status.State == resource.JobFailed {
		m += fmt.Sprintf("; job %s failed: %s", last.Metadata.ID, orUnknown(last.Status.Failure.Message))
	}
	return m
}
