package namespace

import (
	"fmt"
	"time"

	"github.com/weir-streams/weir/resource"
)

// grace is how long a namespace is kept at least after nothing can be written
// to it any more: requests to another server that saw it active have ended.
const grace = 2 * time.Second

// plan is what to do now. Nothing is removed while something is to be stopped
// or waited for.
type plan struct {
	cancel  []string // deployments to want CANCELLED
	stop    []string // session clusters to want STOPPED
	message string   // what is waited for
	empty   bool     // remove all contents
	finish  bool     // and the namespace itself
	again   time.Time
}

// decide is the whole policy of deletions. Same snapshot and time, same plan.
func decide(now time.Time, seen snapshot) plan {
	p := plan{again: now.Add(time.Second)}
	for _, d := range seen.deployments {
		if d.Spec.State != resource.StateCancelled {
			p.cancel = append(p.cancel, d.Metadata.ID)
		}
	}
	if d, busy := busyDeployment(seen); busy {
		p.message = d
		return p
	}
	for _, s := range seen.clusters {
		if s.Spec.State != resource.SessionStopped {
			p.stop = append(p.stop, s.Metadata.ID)
		}
	}
	for _, s := range seen.clusters {
		if s.Spec.State != resource.SessionStopped || !settled(s.Status.State) {
			p.message = fmt.Sprintf("waiting for session cluster %s to stop; it is %s", s.Metadata.Name, orUnknown(string(s.Status.State)))
			return p
		}
	}
	p.empty = true
	end := seen.Status.Since.Add(grace)
	if now.Before(end) {
		p.message = "removing what is in it"
		p.again = end
		return p
	}
	p.finish = true
	return p
}

// busyDeployment says what still runs.
func busyDeployment(seen snapshot) (string, bool) {
	for _, j := range seen.live {
		return fmt.Sprintf("waiting for job %s of deployment %s to end; it is %s", j.Metadata.ID, j.Metadata.DeploymentName, orUnknown(string(j.Status.State))), true
	}
	for _, d := range seen.deployments {
		switch d.Status.State {
		case resource.StateRunning, resource.StateTransitioning:
			return fmt.Sprintf("waiting for deployment %s to stop; it is %s", d.Metadata.Name, d.Status.State), true
		}
		if d.Spec.State == resource.StateRunning {
			return fmt.Sprintf("stopping deployment %s", d.Metadata.Name), true
		}
	}
	return "", false
}

func settled(s resource.SessionState) bool {
	return s == resource.SessionStopped || s == resource.SessionFailed || s == ""
}

func orUnknown(state string) string {
	if state == "" {
		return "in no known state"
	}
	return state
}
