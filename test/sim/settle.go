package sim

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/weir-streams/weir/control"
	"github.com/weir-streams/weir/flink"
	"github.com/weir-streams/weir/resource"
)

// settleSteps is how many steps a world gets until all must be as wanted.
const settleSteps = 4000

// Settle stops all misfortune and demands that everything becomes as wanted.
// A deployment that gave up meanwhile is touched, as a person would, once.
func (w *World) Settle() {
	w.Secret(true)
	for _, d := range w.deployments.rows {
		if d.Spec.Savepoints.Every != "" { // else there is always something to do
			w.Edit(d.Metadata.ID, "no schedule any more", func(s *resource.DeploymentSpec) { s.Savepoints.Every = "" })
		}
	}
	w.settle()
	touched := false
	for _, s := range w.sessions.rows {
		if s.Status.State == resource.SessionFailed || s.Spec.State == resource.SessionStopped && w.chance(.7) {
			touched = true
			n := s.Spec.NumberOfTaskManagers + 1
			w.EditSession(s.Metadata.ID, "touch", func(s *resource.SessionClusterSpec) { s.NumberOfTaskManagers, s.State = n, resource.SessionRunning })
		}
	}
	if touched {
		w.settle()
	}
	done := map[string]bool{}
	for range 2 { // what is touched may let another one come to its failure
		touched = false
		for _, d := range w.deployments.rows {
			if d.Status.State != resource.StateFailed || d.Spec.Template.Spec.FlinkConfiguration["sim.broken"] != "" || done[d.Metadata.ID] {
				continue
			}
			touched, done[d.Metadata.ID] = true, true
			n := d.Spec.MaxJobCreationAttempts%7 + 3
			w.Edit(d.Metadata.ID, "touch", func(s *resource.DeploymentSpec) {
				s.MaxJobCreationAttempts = n
				s.DeploymentTargetName = "local"
				if s.SessionClusterName != "" {
					s.DeploymentTargetName = ""
				}
				s.RestoreStrategy.Kind = resource.RestoreLatestState // the only advice a failure may give
			})
		}
		if touched {
			w.settle()
		}
	}
	w.checkSettled()
}

func (w *World) settle() {
	for range settleSteps {
		if w.quiet() {
			return
		}
		w.Step()
	}
	w.fail("does not settle in %d steps: %s", settleSteps, w.unsettled())
}

// quiet tells whether nothing is left to do.
func (w *World) quiet() bool {
	return len(w.feed) == 0 && len(w.running) == 0 && len(w.dueTasks()) == 0 && w.unsettled() == ""
}

// unsettled says what is not as it should be in the end, empty if nothing.
func (w *World) unsettled() string {
	for _, p := range w.savepoints.rows {
		if p.Status.State == resource.SavepointStarted {
			return "savepoint " + p.Metadata.ID + " is still STARTED"
		}
		if p.Spec.Delete && !w.inUse(p) && (!w.opts.Blind || p.Status.State != resource.SavepointFailedDeletion) {
			return "savepoint " + p.Metadata.ID + " is still " + string(p.Status.State) + ", to be removed"
		}
	}
	for _, s := range w.sessions.rows {
		if why := w.unsettledSession(s); why != "" {
			return fmt.Sprintf("session cluster %s (%s, wanted %s, generation %d, %q): %s",
				s.Metadata.Name, s.Status.State, s.Spec.State, s.Metadata.Generation, s.Status.Message, why)
		}
	}
	for _, d := range w.deployments.rows {
		if why := w.unsettledDeployment(d); why != "" {
			return fmt.Sprintf("deployment %s (%s, wanted %s, generation %d, %q): %s",
				d.Metadata.Name, d.Status.State, d.Spec.State, d.Metadata.Generation, d.Status.Message, why)
		}
	}
	return ""
}

// inUse tells whether a job that has not ended was started from a place at or
// near a savepoint, so that its removal waits.
func (w *World) inUse(p *resource.Savepoint) bool {
	for _, j := range w.jobs.rows {
		if j.Status.State.Terminal() {
			continue
		}
		at := j.Spec.SavepointLocation
		if at == p.Spec.SavepointLocation || at != "" && strings.Contains(at, control.TriggerID(p.Metadata.JobID)) {
			return true
		}
	}
	return false
}

func (w *World) unsettledDeployment(d *resource.Deployment) string {
	var active *resource.Job
	for _, j := range w.jobs.owned[d.Metadata.ID] {
		if control.OnStandby(*j) {
			if !j.Status.State.Terminal() {
				return "a cluster waits for job " + j.Metadata.ID
			}
			continue
		}
		if !j.Status.State.Terminal() {
			active = j
		}
	}
	switch s := d.Status.State; {
	case s == resource.StateFailed:
		if t := d.Status.Transition; t.WantedState != d.Spec.State || t.SpecVersion != d.SpecVersion() {
			return "it is FAILED for an older wish"
		}
		return ""
	case d.Spec.State == resource.StateRunning && (active == nil || active.Metadata.SpecVersion() != d.SpecVersion()) && w.waits(d):
		return ""
	case s == resource.StateFinished && d.Spec.State == resource.StateRunning && active == nil:
		return ""
	case s != d.Spec.State:
		return "it is not as wanted"
	case s != resource.StateRunning:
		if active != nil {
			return "job " + active.Metadata.ID + " is " + string(active.Status.State)
		}
		return ""
	case active == nil || active.Status.State != resource.JobStarted:
		return "no job is STARTED"
	case active.Metadata.ID != d.Status.Running.JobID:
		return "status.running names another job"
	case active.Metadata.SpecVersion() != d.SpecVersion() && d.Spec.UpgradeStrategy.Kind != resource.UpgradeNone:
		return "an old spec runs"
	}
	c := w.byJob[active.Metadata.ID]
	if c == nil || c.gone {
		return "the cluster of job " + active.Metadata.ID + " is not there"
	}
	c.catchUp()
	if c.status != flink.JobRunning {
		return "the Flink job is " + string(c.status)
	}
	if n := cmp.Or(c.rescaled, c.job.Spec.Parallelism); n != active.Spec.Parallelism {
		return fmt.Sprintf("job %s runs at parallelism %d, not %d", active.Metadata.ID, n, active.Spec.Parallelism)
	}
	return ""
}

// checkSettled looks at what is left when all is quiet.
func (w *World) checkSettled() {
	w.checkSessionsSettled()
	for _, c := range w.clusters {
		j := w.jobs.byID[c.job.Metadata.ID]
		if j == nil {
			if !c.gone {
				w.fail("job %s is forgotten, and its cluster is left over", c.job.Metadata.ID)
			}
			continue
		}
		if !c.gone && j.Status.State.Terminal() {
			w.fail("the cluster of job %s is left over", j.Metadata.ID)
		}
		if j.Status.State.Terminal() && j.Metadata.TerminatedAt.IsZero() {
			w.fail("job %s is %s without a time", j.Metadata.ID, j.Status.State)
		}
	}
	for _, p := range w.savepoints.rows {
		if p.Status.State == resource.SavepointCompleted && w.storage[p.Spec.SavepointLocation] == nil && !w.lastResort(p.Spec.SavepointLocation) {
			w.fail("savepoint %s (%s) is COMPLETED, but there is nothing at %s", p.Metadata.ID, p.Metadata.Origin, p.Spec.SavepointLocation)
		}
	}
	for _, d := range w.deployments.rows {
		byUs, byUser := 0, 0
		for _, r := range w.revisions[d.Metadata.ID] {
			if r.Author == "user" {
				byUser++
			} else {
				byUs++
			}
		}
		if byUs > byUser {
			w.fail("deployment %s was rolled back %d times after %d edits: that is a circle", d.Metadata.Name, byUs, byUser)
		}
		if d.Status.State == resource.StateFailed && d.Spec.Template.Spec.FlinkConfiguration["sim.broken"] == "" && !w.stateIsGone(d) {
			w.fail("deployment %s is FAILED though nothing is wrong any more: %s", d.Metadata.Name, d.Status.Message)
		}
	}
}

// stateIsGone tells whether a deployment cannot go on because the state it was
// to go on from is no more.
func (w *World) stateIsGone(d *resource.Deployment) bool {
	jobs := w.jobs.owned[d.Metadata.ID]
	last := jobs[len(jobs)-1]
	return w.storage[last.Spec.SavepointLocation] == nil && w.lastResort(last.Spec.SavepointLocation)
}
