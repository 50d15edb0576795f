package e2e

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"testing"

	"github.com/weir-streams/weir/resource"
	"github.com/weir-streams/weir/test/flink"
)

// TestFlinkRescalesInPlace changes the parallelism of a job of the adaptive
// scheduler: the same job goes on in the same cluster, also when the server is
// killed meanwhile.
func TestFlinkRescalesInPlace(t *testing.T) {
	unlessAll(t)
	p := onFlink(t, flink.Newest)
	out := filepath.Join(p.data, "out")
	script := func(perSecond int) map[string]any {
		return map[string]any{"kind": "SQLSCRIPT", "sqlScript": numbers(out, lifeLong, perSecond)}
	}
	p.deploy("numbers", "", map[string]any{"deploymentTargetName": "flink", "template": map[string]any{"spec": map[string]any{
		"artifact": script(50), "parallelism": 2,
		"flinkConfiguration": map[string]any{
			"execution.checkpointing.interval": "1 s",
			"restart-strategy.type":            "fixed-delay", "restart-strategy.fixed-delay.attempts": "100", "restart-strategy.fixed-delay.delay": "1 s",
			"jobmanager.scheduler": "adaptive", "jobmanager.adaptive-scheduler.executing.cooldown-after-rescaling": "1 s",
			"jobmanager.adaptive-scheduler.executing.resource-stabilization-timeout": "1 s", "jobmanager.adaptive-scheduler.rescale-trigger.max-delay": "2 s",
		},
	}}})
	p.settle("numbers", resource.StateRunning)
	p.saving("numbers")
	job, cluster := p.get("numbers").Status.Running.JobID, p.jvms(jobManagerClass)
	watch := p.watchIncarnations()
	for _, n := range []int{3, 1, 4} {
		p.patch("numbers", template(map[string]any{"parallelism": n}))
		if n == 4 {
			p.until("numbers", "being rescaled", func(resource.Deployment) bool { return p.jobOf(job).Spec.Parallelism == n })
			p.kill()
			p.start()
		}
		p.until("numbers", fmt.Sprintf("running at parallelism %d", n), func(d resource.Deployment) bool {
			j := p.jobOf(job)
			return d.Status.State == resource.StateRunning && j.Metadata.Annotations["weir.io/parallelism-wanted"] == "" && p.parallelism(j) == n
		})
		p.saving("numbers")
	}
	watch()
	d := p.get("numbers")
	if now := p.jvms(jobManagerClass); d.Status.Running.JobID != job || len(now) != 1 || now[0] != cluster[0] {
		t.Errorf("job %s runs with the JobManagers %v, before %s with %v\n%s", d.Status.Running.JobID, now, job, cluster, p.record("numbers"))
	}
	p.killJVM(taskManagerClass) // all of them
	p.saving("numbers")
	if d := p.get("numbers"); d.Status.Running.JobID != job {
		t.Errorf("after its TaskManagers were killed job %s runs, before %s\n%s", d.Status.Running.JobID, job, p.record("numbers"))
	}
	p.patch("numbers", template(map[string]any{"artifact": script(100_000)}))
	p.settle("numbers", resource.StateFinished)
	checkOutput(t, p, "numbers", output(t, out), totalsOf(lifeLong))
	p.removeAll("numbers")
}

// jobOf is the job of an id.
func (p *platform) jobOf(id string) resource.Job {
	p.t.Helper()
	j, err := p.api.Jobs("default").Get(p.ctx(), id)
	if err != nil {
		p.t.Fatal(err)
	}
	return j
}

// parallelism is that of the stage of the running job that has the most tasks,
// as Flink tells; 0 when it does not.
func (p *platform) parallelism(j resource.Job) int {
	p.t.Helper()
	body, err := p.api.Flink(p.ctx(), "default", j.Metadata.ID, "jobs/"+j.Status.Started.FlinkJobID, nil)
	if err != nil {
		return 0
	}
	defer body.Close()
	var said struct {
		Vertices []struct {
			Parallelism int `json:"parallelism"`
		} `json:"vertices"`
	}
	if json.NewDecoder(body).Decode(&said) != nil {
		return 0
	}
	most := 0
	for _, v := range said.Vertices {
		most = max(most, v.Parallelism)
	}
	return most
}
