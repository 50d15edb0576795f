package kubernetes_test

import (
	"path/filepath"
	"testing"

	"github.com/weir-streams/weir/resource"
	"github.com/weir-streams/weir/test/flink"
)

// TestFlinkPodsRescaleInPlace changes the parallelism of a job of the adaptive
// scheduler: the same job goes on in the same pods, and more TaskManagers come.
func TestFlinkPodsRescaleInPlace(t *testing.T) {
	p := newPrograms(t, flink.Newest)
	p.program("numbers", map[string]any{
		"jobmanager.scheduler": "adaptive", "jobmanager.adaptive-scheduler.executing.cooldown-after-rescaling": "1 s",
		"jobmanager.adaptive-scheduler.executing.resource-stabilization-timeout": "1 s", "jobmanager.adaptive-scheduler.rescale-trigger.max-delay": "2 s",
	})
	d := p.settle("numbers", resource.StateRunning)
	p.saving("numbers")
	job, pod := d.Status.Running.JobID, p.mainPod()
	if n := len(p.pods("taskmanager")); n != 1 {
		t.Errorf("at parallelism 2 it has %d TaskManagers", n)
	}
	for _, n := range []int{3, 1} {
		p.patchTemplate("numbers", map[string]any{"parallelism": n})
		p.is("numbers", "running at another parallelism", func(d resource.Deployment) bool {
			if d.Status.State != resource.StateRunning || d.Status.Running.JobID != job {
				return d.Status.State == resource.StateRunning // another job: told below
			}
			j := p.job(d)
			return j.Spec.Parallelism == n && j.Metadata.Annotations["weir.io/parallelism-wanted"] == ""
		})
		p.saving("numbers")
	}
	if d := p.get("numbers"); d.Status.Running.JobID != job || p.mainPod() != pod {
		t.Errorf("job %s runs with %s, before %s with %s\n%s", d.Status.Running.JobID, p.mainPod(), job, pod, p.record("numbers"))
	}
	if n := len(p.pods("taskmanager")); n != 2 {
		t.Errorf("after parallelism 3 it has %d TaskManagers", n)
	}
	p.toTheEnd("numbers", "out", 2)
	p.same("all it wrote", p.linesIn(filepath.Join(p.folder, "out")), countsOf(jarNumbers))
	p.removeAll("numbers")
}
