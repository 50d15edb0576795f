package telemetry

import (
	"fmt"
	"strings"
	"time"

	"github.com/weir-streams/weir/flink"
	"github.com/weir-streams/weir/resource"
)

// transitionIsLong is when a change of state is worth a word.
const transitionIsLong = time.Minute

func askRunning(e *evidence) answer {
	d := e.deployment
	wanted := d.Spec.State
	since := func() []resource.Evidence {
		f := facts("state", string(d.Status.State), "wanted", string(wanted))
		if d.Status.Message != "" {
			f = append(f, facts("message", d.Status.Message)...)
		}
		if !d.Status.MessageSince.IsZero() {
			f = append(f, facts("since", d.Status.MessageSince.UTC().Format(time.RFC3339))...)
		}
		return f
	}
	why := firstOf(e.job.Status.Failure.Message, d.Status.Message, e.job.Status.Message)
	switch d.Status.State {
	case resource.StateRunning:
		return fine("")
	case resource.StateFailed:
		return found(resource.Finding{
			Severity: resource.SeverityCritical, Title: "The deployment has failed",
			Explanation: firstOf(why, "Its last job ended with a failure that names no cause."),
			Remedy:      "Mend what the message names, then change the deployment or start it again; it continues from the newest savepoint or checkpoint if its restore strategy says so.",
			Evidence:    since(),
		})
	case resource.StateFinished:
		return found(resource.Finding{
			Severity: resource.SeverityInfo, Title: "The job has read all of its input and has ended",
			Explanation: "Its sources are bounded. What it wrote is complete; more comes only when it is started again.",
			Remedy:      "Start it again, or give the sources an option that makes them unbounded.", Evidence: since(),
		})
	case resource.StateTransitioning:
		f := resource.Finding{
			Severity: resource.SeverityInfo, Title: "The deployment is changing its state",
			Explanation: firstOf(d.Status.Message, "A controller is at work on it."), Remedy: "Wait; the message says for what.", Evidence: since(),
		}
		if at := d.Status.Transition.StartedAt; !at.IsZero() && e.now.Sub(at.Time) > transitionIsLong {
			f.Severity = resource.SeverityWarning
			f.Title = "The deployment has been changing its state for " + span(e.now.Sub(at.Time))
			f.Remedy = "See its events for what was tried and refused."
			if d.Status.Transition.JobAttempts > 1 {
				f.Evidence = append(f.Evidence, facts("starts tried", fmt.Sprint(d.Status.Transition.JobAttempts))...)
			}
			if d.Status.Transition.SavepointAttempts > 1 {
				f.Evidence = append(f.Evidence, facts("savepoints tried", fmt.Sprint(d.Status.Transition.SavepointAttempts))...)
			}
		}
		return found(f)
	}
	if wanted == resource.StateRunning {
		return found(resource.Finding{
			Severity: resource.SeverityWarning, Title: "The deployment does not run yet",
			Explanation: firstOf(d.Status.Message, "A controller has yet to start its job."), Remedy: "Wait a moment; if this stays, see its events.", Evidence: since(),
		})
	}
	return found(resource.Finding{
		Severity: resource.SeverityInfo, Title: "The deployment is " + strings.ToLower(string(d.Status.State)) + ", as wanted",
		Explanation: "No job runs, so nothing is read and nothing is written.", Remedy: "Start it.", Evidence: since(),
	})
}

func askReachable(e *evidence) answer {
	for _, c := range e.deployment.Status.Running.Conditions {
		if c.Type == "ClusterUnreachable" && strings.EqualFold(c.Status, "true") {
			return found(resource.Finding{
				Severity: resource.SeverityCritical, Title: "The job's cluster cannot be reached",
				Explanation: firstOf(c.Message, "It may run or not; nothing is started in its place as long as that is not known."),
				Remedy:      "Look whether its processes and the network to them are there.",
				Evidence:    facts("since", c.LastTransitionTime.UTC().Format(time.RFC3339), "reason", c.Reason),
			})
		}
	}
	for _, c := range e.deployment.Status.Running.Conditions {
		if c.Type == "ClusterThreatened" && strings.EqualFold(c.Status, "true") {
			return found(resource.Finding{
				Severity: resource.SeverityWarning, Title: "What the job runs on is in trouble", Explanation: c.Message,
				Remedy:   "The job goes on as long as it answers. Look after the node or pod that the message names.",
				Evidence: facts("since", c.LastTransitionTime.UTC().Format(time.RFC3339)),
			})
		}
	}
	if e.deployment.Status.State == resource.StateRunning && e.unreachable != "" && e.now.Sub(e.unreachableSince) >= 2*e.every {
		return found(resource.Finding{
			Severity: resource.SeverityWarning, Title: "The job cannot be measured",
			Explanation: "Its cluster does not answer: " + e.unreachable + ".",
			Remedy:      "If it is starting or stopping, wait. Otherwise look whether its processes are there.",
			Evidence:    facts("since", e.unreachableSince.UTC().Format(time.RFC3339)),
		})
	}
	if e.newest() == nil {
		return unknown("no job runs, or it has not been measured yet")
	}
	return fine("")
}

const (
	loopWithin = 10 * time.Minute
	loopCount  = 3
)

// recent are the failures of the job within some time, newest first.
func (e *evidence) recent(within time.Duration) (recent []failure) {
	if l := e.newest(); l != nil {
		for _, f := range l.failures {
			if e.now.Sub(f.at) <= within {
				recent = append(recent, f)
			}
		}
	}
	return recent
}

func askRestarts(e *evidence) answer {
	l := e.newest()
	if l == nil {
		return unknown("no job runs, or it has not been measured yet")
	}
	failures := e.recent(loopWithin)
	if len(failures) == 0 {
		return fine("")
	}
	newest := failures[0]
	evidence := facts("failures in the last 10 minutes", fmt.Sprint(len(failures)), "newest", newest.at.UTC().Format(time.RFC3339), "cause", newest.message)
	if newest.task != "" {
		evidence = append(evidence, facts("task", newest.task)...)
	}
	f := resource.Finding{
		Severity: resource.SeverityWarning, Title: "The job failed and was restarted",
		Explanation: "It goes on from its newest checkpoint. The cause: " + newest.message, Operator: l.ofTask(newest.task), Evidence: evidence,
		Remedy: "See whether the cause has passed. If it comes again, mend what the message names.",
	}
	if len(failures) >= loopCount || l.state == flink.JobRestarting && len(failures) > 1 {
		f.Severity = resource.SeverityCritical
		f.Title = fmt.Sprintf("The job restarts again and again: %s in the last 10 minutes", count(len(failures), "failure", "failures"))
		f.Explanation = "Between two failures it repeats the same records from its newest checkpoint and gets no further. The cause: " + newest.message
		f.Remedy = "Mend what the message names: a record that cannot be processed, a system that cannot be reached, or the SQL. A record that cannot be read is skipped by the format option 'ignore-parse-errors'."
	}
	return found(f)
}

// ofTask is the id of the vertex that a task such as "Join -> Calc (1/2)" is of.
func (l *look) ofTask(task string) string {
	name, _, _ := strings.Cut(task, " (")
	for _, o := range l.operators {
		if task != "" && (o.name == name || strings.HasPrefix(task, o.name)) {
			return o.id
		}
	}
	return ""
}

// sinkWords are how failures of sinks begin, or what they have within: of weir's
// engine, and classes of Flink.
var sinkWords = []string{
	"write to table ", "open table ", "prepare output of table ", "commit output of table ", "commit restored output of table ",
	"SinkWriter", "sink.writer", "CommitterOperator", "KafkaWriter", "KafkaCommitter", "Could not perform commit", "ProducerFencedException",
}

func askSinks(e *evidence) answer {
	l := e.newest()
	why, at, task := "", time.Time{}, ""
	if l != nil {
		for _, f := range e.recent(loopWithin) {
			if ofSink(f) {
				why, at, task = f.message, f.at, f.task
				break
			}
		}
		if why == "" && l.pictures.failedSince > 0 && ofSink(failure{message: l.pictures.failure}) {
			why, at = l.pictures.failure, l.pictures.failedAt
		}
	}
	if job := e.job.Status.Failure; why == "" && ofSink(failure{message: job.Message}) && e.deployment.Status.State == resource.StateFailed {
		why, at = job.Message, job.FailedAt.Time
	}
	switch {
	case why != "":
		f := resource.Finding{
			Severity: resource.SeverityCritical, Title: "A sink refuses what the job gives it", Explanation: why,
			Remedy:   "Look at the system behind the sink: is it there, does it let this job in, does the table exist with these columns, is there room? Nothing is lost: the job writes again from its newest checkpoint.",
			Evidence: facts("message", why, "at", at.UTC().Format(time.RFC3339)),
		}
		if l != nil {
			f.Operator = l.ofTask(task)
		}
		return found(f)
	case l == nil:
		return unknown("no job runs, or it has not been measured yet")
	}
	return fine("")
}

func ofSink(f failure) bool {
	for _, w := range sinkWords {
		if strings.Contains(f.message, w) {
			return true
		}
	}
	// A task that is nothing but a sink.
	return strings.HasPrefix(f.task, "Sink: ") || strings.HasPrefix(f.task, "Sink(")
}

func askCheckpoints(e *evidence) answer {
	p := e.newest().pictures
	if !p.known {
		return unknown("the cluster says nothing about checkpoints")
	}
	if p.failedSince == 0 {
		if p.completed == 0 && e.runs() > 10*time.Minute {
			return unknown("none has been taken yet")
		}
		if since := p.inProgressSince; !since.IsZero() && e.now.Sub(since) > 2*time.Minute {
			return found(resource.Finding{
				Severity: resource.SeverityWarning, Title: "A checkpoint has been under way for " + span(e.now.Sub(since)),
				Explanation: "Barriers travel with the records, so they wait where records wait.",
				Remedy:      "If an operator holds up the others, mend that first. Otherwise look at the storage of checkpoints.",
				Evidence:    facts("began", since.UTC().Format(time.RFC3339)),
			})
		}
		return fine(fmt.Sprintf("%d completed", p.completed))
	}
	f := resource.Finding{
		Severity: resource.SeverityWarning, Title: fmt.Sprintf("The last %s failed", count(p.failedSince, "checkpoint", "checkpoints")),
		Explanation: firstOf(p.failure, "The cluster names no cause."),
		Remedy:      "A failure now would repeat everything since the last completed checkpoint, and sinks that write exactly once show nothing new before the next. Look at the storage of checkpoints (room, rights, reach) and at execution.checkpointing.timeout.",
		Evidence:    facts("failed since the last completed", fmt.Sprint(p.failedSince), "completed in all", fmt.Sprint(p.completed)),
	}
	if !p.newest.IsZero() {
		f.Evidence = append(f.Evidence, facts("last completed", p.newest.UTC().Format(time.RFC3339))...)
	}
	if p.failedSince >= 3 {
		f.Severity = resource.SeverityCritical
	}
	return found(f)
}

// growth is what a state may become in the time that is watched.
const growth = 1.5

func askGrowth(e *evidence) answer {
	sizes := e.stateSizes
	if len(sizes) < 6 {
		return unknown("it has not been watched for long enough")
	}
	if n := len(sizes); n > 30 {
		sizes = sizes[n-30:]
	}
	first, last := sizes[0], sizes[len(sizes)-1]
	ups := 0
	for i := 1; i < len(sizes); i++ {
		if sizes[i] > sizes[i-1] {
			ups++
		}
	}
	if last < 64<<20 || last < growth*first || 10*ups < 9*(len(sizes)-1) {
		return fine(bytes(last))
	}
	return found(resource.Finding{
		Severity: resource.SeverityWarning, Title: "State grows without pause",
		Explanation: fmt.Sprintf("It went from %s to %s in the last %s and did not shrink in between.", bytes(first), bytes(last), span(time.Duration(len(sizes)-1)*coarseStep)),
		Remedy:      "If the keys are without end (ids, sessions), give joins and aggregations a time to live (table.exec.state.ttl, or the hint STATE_TTL), or use windows, which clean up.",
		Evidence:    facts("state before", bytes(first), "state now", bytes(last)),
	})
}
