package e2e

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/weir-streams/weir/resource"
	"github.com/weir-streams/weir/test/flink"
)

// flinkPatience is how long a deployment on Flink may take to get anywhere, on a
// machine with other work to do.
const flinkPatience = 5 * time.Minute

// numbers counts a sequence in windows that close only at its end, into files:
// each number counts once, whatever happens on the way.
func numbers(out string, n, perSecond int) string {
	return fmt.Sprintf(`
CREATE TEMPORARY TABLE numbers (
  id BIGINT, ts AS TO_TIMESTAMP_LTZ(id * 100, 3), WATERMARK FOR ts AS ts - INTERVAL '10' DAY
) WITH ('connector' = 'datagen', 'fields.id.kind' = 'sequence', 'fields.id.start' = '0', 'fields.id.end' = '%d', 'rows-per-second' = '%d');

CREATE TEMPORARY TABLE totals (k BIGINT, tenth BIGINT, n BIGINT, total BIGINT)
WITH ('connector' = 'filesystem', 'path' = '%s', 'format' = 'csv');

INSERT INTO totals
SELECT k, MIN(id) / 10, COUNT(*), SUM(id) FROM (
  SELECT MOD(id, 4) AS k, id, window_start, window_end FROM TABLE(TUMBLE(TABLE numbers, DESCRIPTOR(ts), INTERVAL '10' SECOND)))
GROUP BY k, window_start, window_end;`, n-1, perSecond, out)
}

// totalsOf is what numbers writes.
func totalsOf(n int) []string {
	type key struct{ k, window int }
	type total struct{ least, n, sum int }
	all := map[key]*total{}
	for id := range n {
		k := key{id % 4, id / 100}
		if all[k] == nil {
			all[k] = &total{least: id}
		}
		all[k].n++
		all[k].sum += id
	}
	var lines []string
	for k, t := range all {
		lines = append(lines, fmt.Sprintf("%d,%d,%d,%d", k.k, t.least/10, t.n, t.sum))
	}
	slices.Sort(lines)
	return lines
}

// unlessAll skips what is not a part of every run: make e2e-flink-all sets the
// variable.
func unlessAll(t *testing.T) {
	t.Helper()
	if os.Getenv("WEIR_E2E_FLINK") != "all" {
		t.Skip("a part of make e2e-flink-all")
	}
}

// onFlink is a platform with a deployment target that runs a version of Flink.
func onFlink(t *testing.T, version string) *platform {
	t.Helper()
	home := flink.Home(t, version)
	t.Setenv("WEIR_FLINK_PATH", home.Dir)
	p := startPlatform(t)
	p.patience = flinkPatience
	if _, err := p.api.Targets("default").Create(p.ctx(), map[string]any{
		"kind": "DeploymentTarget", "apiVersion": "v1", "metadata": map[string]any{"name": "flink"}, "spec": map[string]any{"launcher": "flink"},
	}); err != nil {
		t.Fatal(err)
	}
	return p
}

func (p *platform) deployOnFlink(name, script string) resource.Deployment {
	p.t.Helper()
	return p.deployProgram(name, map[string]any{"kind": "SQLSCRIPT", "sqlScript": script})
}

func (p *platform) deployProgram(name string, artifact map[string]any) resource.Deployment {
	p.t.Helper()
	return p.deploy(name, "", map[string]any{
		"deploymentTargetName": "flink",
		"template": map[string]any{"spec": map[string]any{
			"artifact": artifact,
			// At parallelism 1 Flink chains the filesystem sink's two operators, which
			// changes the ids of all before them.
			"parallelism": 2,
			"flinkConfiguration": map[string]any{
				"execution.checkpointing.interval": "1 s",
				"restart-strategy.type":            "fixed-delay", "restart-strategy.fixed-delay.attempts": "100", "restart-strategy.fixed-delay.delay": "1 s",
			},
		}},
	})
}

// jvms are the processes of a role in this data folder.
func (p *platform) jvms(class string) []int {
	var pids []int
	for _, pid := range p.processes() {
		line, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
		if err == nil && strings.Contains(string(line), class) {
			pids = append(pids, pid)
		}
	}
	return pids
}

func (p *platform) killJVM(class string) {
	p.t.Helper()
	p.signalJVM(class, syscall.SIGKILL)
}

const (
	jobManagerClass  = "StandaloneSessionClusterEntrypoint"
	taskManagerClass = "TaskManagerRunner"
)

// saving waits until the running job of a deployment has completed another
// checkpoint, and one more: it may have begun before what came before.
func (p *platform) saving(name string) {
	p.t.Helper()
	for seen, n := p.newestCheckpoint(p.get(name)), 0; n < 2; n++ {
		p.until(name, "checkpointing", func(d resource.Deployment) bool {
			now := p.newestCheckpoint(d)
			if now == "" || now == seen {
				return false
			}
			seen = now
			return true
		})
	}
}

// newestCheckpoint is where the newest checkpoint of the running job lies.
func (p *platform) newestCheckpoint(d resource.Deployment) string {
	for _, j := range p.jobs(d.Metadata.Name) {
		if j.Metadata.ID == d.Status.Running.JobID {
			return j.Status.LatestCheckpoint.Location
		}
	}
	return ""
}

// TestFlinkKeepsState takes a SQL script through everything that happens to a
// deployment.
func TestFlinkKeepsState(t *testing.T) {
	for _, version := range []string{flink.Newest, flink.LongTerm} {
		t.Run(version, func(t *testing.T) {
			if version != flink.LongTerm { // TestFlinkJAR has the newest
				unlessAll(t)
			}
			onFlink(t, version).throughEverything(life{
				artifact: func(_ bool, out string, perSecond int) map[string]any {
					return map[string]any{"kind": "SQLSCRIPT", "sqlScript": numbers(out, lifeLong, perSecond)}
				},
				whole: totalsOf(lifeLong), last: totalsOf(lifeLong),
			})
		})
	}
}
