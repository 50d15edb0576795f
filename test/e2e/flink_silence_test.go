package e2e

import (
	"path/filepath"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/weir-streams/weir/resource"
	"github.com/weir-streams/weir/test/flink"
)

// TestFlinkFallsSilent stops the JobManager without ending it: that nothing is
// known of a job is never taken for its end. And it upgrades a job whose
// TaskManager has just died, before Flink has noticed.
func TestFlinkFallsSilent(t *testing.T) {
	unlessAll(t)
	const n = 40_000
	const silence = 2 * time.Minute
	p := onFlink(t, flink.Newest)
	out := filepath.Join(p.data, "out")
	p.deployOnFlink("numbers", numbers(out, n, 50))
	p.settle("numbers", resource.StateRunning)
	p.saving("numbers")
	job, processes := p.get("numbers").Status.Running.JobID, p.processes()

	p.signalJVM(jobManagerClass, syscall.SIGSTOP)
	stopped := time.Now()
	unreachable := func(d resource.Deployment) bool {
		return slices.ContainsFunc(d.Status.Running.Conditions, func(c resource.Condition) bool { return c.Type == "ClusterUnreachable" })
	}
	p.until("numbers", "unreachable", unreachable)
	since := p.get("numbers").Status.Running.Conditions[0].LastTransitionTime
	for time.Since(stopped) < silence { // nothing may happen for so long
		time.Sleep(time.Second)
		if d := p.get("numbers"); d.Status.State != resource.StateRunning || d.Status.Running.JobID != job || !unreachable(d) || d.Status.Running.Conditions[0].LastTransitionTime != since {
			t.Fatalf("while the JobManager is silent: %+v", d.Status)
		}
		if len(p.jobs("numbers")) != 1 || !slices.Equal(p.processes(), processes) {
			t.Fatalf("while the JobManager is silent there are %d jobs, processes %v, before %v", len(p.jobs("numbers")), p.processes(), processes)
		}
	}
	p.signalJVM(jobManagerClass, syscall.SIGCONT)
	p.until("numbers", "reached again", func(d resource.Deployment) bool {
		return d.Status.State == resource.StateRunning && len(d.Status.Running.Conditions) == 0
	})
	p.saving("numbers")
	if got := p.get("numbers").Status.Running.JobID; got != job {
		t.Errorf("another job runs after the silence: %s, before %s", got, job)
	}

	p.killJVM(taskManagerClass)
	p.patch("numbers", template(map[string]any{"parallelism": 3}))
	p.until("numbers", "upgraded", func(d resource.Deployment) bool {
		if d.Status.State == resource.StateFailed {
			t.Fatalf("the upgrade of a job whose TaskManager died has failed: %s\n%s", d.Status.Message, p.record("numbers"))
		}
		return d.Status.State == resource.StateRunning && p.job(d).Spec.Parallelism == 3
	})
	p.patch("numbers", template(map[string]any{"artifact": map[string]any{"sqlScript": numbers(out, n, 100_000)}}))
	p.settle("numbers", resource.StateFinished)
	checkOutput(t, p, "numbers", output(t, out), totalsOf(n))
	p.removeAll("numbers")
}
