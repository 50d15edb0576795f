package e2e

import (
	"path/filepath"
	"testing"

	"github.com/weir-streams/weir/resource"
	"github.com/weir-streams/weir/test/flink"
)

// TestFlinkHighAvailability kills the JobManager of a cluster whose high
// availability a real ZooKeeper gives: the job goes on, as the same one, and can
// be upgraded.
func TestFlinkHighAvailability(t *testing.T) {
	unlessAll(t)
	const n = 40_000
	zooKeeper := flink.ZooKeeper(t, flink.Home(t, flink.Newest))
	p := onFlink(t, flink.Newest)
	out := filepath.Join(p.data, "out")
	config := map[string]any{
		"high-availability.type": "zookeeper", "high-availability.zookeeper.quorum": zooKeeper,
		"high-availability.storageDir": "file://" + filepath.Join(p.data, "ha"),
	}
	p.deploy("numbers", "", map[string]any{"deploymentTargetName": "flink", "template": map[string]any{"spec": map[string]any{
		"artifact": map[string]any{"kind": "SQLSCRIPT", "sqlScript": numbers(out, n, 50)}, "parallelism": 2,
		"flinkConfiguration": merge(config, map[string]any{
			"execution.checkpointing.interval": "1 s",
			"restart-strategy.type":            "fixed-delay", "restart-strategy.fixed-delay.attempts": "100", "restart-strategy.fixed-delay.delay": "1 s",
		}),
	}}})
	p.settle("numbers", resource.StateRunning)
	p.saving("numbers")
	job, supervisors := p.get("numbers").Status.Running.JobID, len(p.processes())

	p.killJVM(jobManagerClass)
	p.saving("numbers")
	d := p.get("numbers")
	if d.Status.Running.JobID != job || len(p.jobs("numbers")) != 1 || len(p.processes()) != supervisors {
		t.Errorf("after the JobManager was killed job %s runs, before %s; %d jobs, processes %v", d.Status.Running.JobID, job, len(p.jobs("numbers")), p.processes())
	}
	p.patch("numbers", template(map[string]any{"parallelism": 3, "artifact": map[string]any{"sqlScript": numbers(out, n, 100_000)}}))
	p.settle("numbers", resource.StateFinished)
	checkOutput(t, p, "numbers", output(t, out), totalsOf(n))
	p.removeAll("numbers")
}

func merge(all ...map[string]any) map[string]any {
	out := map[string]any{}
	for _, m := range all {
		for k, v := range m {
			out[k] = v
		}
	}
	return out
}
