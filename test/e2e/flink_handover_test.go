package e2e

import (
	"cmp"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/weir-streams/weir/resource"
	"github.com/weir-streams/weir/test/flink"
)

// countingSQL is a small job that never ends.
const countingSQL = `
CREATE TEMPORARY TABLE numbers (id BIGINT, t AS PROCTIME()) WITH ('connector' = 'datagen', 'rows-per-second' = '100', 'fields.id.min' = '0', 'fields.id.max' = '9');
CREATE TEMPORARY TABLE counts (id BIGINT, n BIGINT) WITH ('connector' = 'print');
INSERT INTO counts SELECT id, COUNT(*) FROM TABLE(TUMBLE(TABLE numbers, DESCRIPTOR(t), INTERVAL '1' SECOND)) GROUP BY id, window_start, window_end;`

// TestFlinkHandOver measures for how long a small SQL job does not run in an
// upgrade: the next cluster is up before, so that it takes about as long as
// inside one session cluster. Both are measured in the same way, from the request
// for the savepoint until all tasks of the next job run.
func TestFlinkHandOver(t *testing.T) {
	unlessAll(t)
	const rounds = 3
	p := onFlink(t, flink.Newest)
	took := map[string][]time.Duration{}
	upgrade := func(name string, round int) {
		before := p.job(p.get(name)).Metadata.ID
		p.saving(name)
		p.patch(name, template(map[string]any{"parallelism": 1 + round%2}))
		p.until(name, "running in another job", func(d resource.Deployment) bool {
			return d.Status.State == resource.StateRunning && d.Status.Running.JobID != before
		})
		j := p.job(p.get(name))
		sp, err := p.api.Savepoints("default").Get(p.ctx(), j.Metadata.Annotations["weir.io/savepoint-id"])
		if err != nil {
			t.Fatal(err)
		}
		old, err := p.api.Jobs("default").Get(p.ctx(), before)
		if err != nil {
			t.Fatal(err)
		}
		asked := sp.Status.Asked.Time
		took[name] = append(took[name], j.Status.Started.StartedAt.Sub(asked))
		t.Logf("%-6s %.2f s: savepoint %.2f, old cluster gone %.2f, launch asked %.2f", name, took[name][round].Seconds(),
			sp.Status.CompletedAt.Sub(asked).Seconds(), old.Metadata.TerminatedAt.Sub(asked).Seconds(), launched(j).Sub(asked).Seconds())
	}
	if _, err := p.api.SessionClusters("default").Create(p.ctx(), map[string]any{
		"metadata": map[string]any{"name": "shared"},
		"spec": map[string]any{"state": "RUNNING", "deploymentTargetName": "flink", "flinkConfiguration": map[string]any{
			"execution.checkpointing.interval": "1 s", "taskmanager.numberOfTaskSlots": "2",
		}},
	}); err != nil {
		t.Fatal(err)
	}
	p.sessionSoon("shared", resource.SessionRunning)
	p.deploy("inside", countingSQL, map[string]any{
		"sessionClusterName": "shared", "deploymentTargetName": nil,
		"template": map[string]any{"spec": map[string]any{"parallelism": 2, "artifact": map[string]any{"kind": "SQLSCRIPT", "sqlScript": countingSQL}}},
	})
	p.settle("inside", resource.StateRunning)
	session := p.resident()
	p.deployOnFlink("own", countingSQL)
	p.settle("own", resource.StateRunning)
	p.saving("own")
	rss := p.resident() - session
	for i := range rounds { // by turns: the machine may have other work to do
		upgrade("inside", i)
		upgrade("own", i)
	}
	median := func(all []time.Duration) float64 {
		warm := slices.Sorted(slices.Values(all[1:])) // the first one brings code into the session cluster
		return warm[len(warm)/2].Seconds()
	}
	ratio := median(took["own"]) / median(took["inside"])
	t.Logf("an upgrade stops a job for %.2f s with a cluster of its own, %.2f s inside a session cluster: %.2f times; a pair of JVMs takes %d MiB",
		median(took["own"]), median(took["inside"]), ratio, rss)
	if ratio > 1.5 {
		t.Errorf("with a cluster of its own an upgrade takes %.2f times as long as inside a session cluster", ratio)
	}
	if rss > 600 { // of the 1 GiB for each process that a deployment has by default
		t.Errorf("a small SQL job takes %d MiB, more than 600", rss)
	}
	p.patch("inside", map[string]any{"spec": map[string]any{"state": "CANCELLED"}})
	p.settle("inside", resource.StateCancelled)
	p.patchSession("shared", resource.SessionStopped)
	p.sessionSoon("shared", resource.SessionStopped)
	p.removeAll("own", "inside")
}

func launched(j resource.Job) time.Time {
	at, _ := time.Parse(time.RFC3339Nano, j.Metadata.Annotations["weir.io/launch-asked"])
	return at
}

// resident is the memory of all JVMs, in MiB.
func (p *platform) resident() int {
	p.t.Helper()
	sum := 0
	for _, pid := range p.jvms("org.apache.flink") {
		status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
		if err != nil {
			continue
		}
		for line := range strings.Lines(string(status)) {
			var kb int
			if n, _ := fmt.Sscanf(line, "VmRSS: %d kB", &kb); n == 1 {
				sum += kb
			}
		}
	}
	return cmp.Or(sum/1024, -1)
}
