package e2e

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/weir-streams/weir/client"
	"github.com/weir-streams/weir/resource"
)

var engineCount = flag.Int("engines", 200, "how many jobs BenchmarkEngines runs at once")

// BenchmarkEngines: many tiny jobs, each a process of its own, started at once.
// It tells how long until all run and what each of them holds; the goal is
// under 40 MB.
func BenchmarkEngines(b *testing.B) {
	for b.Loop() {
		manyEngines(b, *engineCount)
	}
}

const tinyScript = `CREATE TEMPORARY TABLE s (x INT) WITH ('connector' = 'datagen', 'rows-per-second' = '1');
CREATE TEMPORARY TABLE t (x INT) WITH ('connector' = 'blackhole');
INSERT INTO t SELECT x FROM s;`

func manyEngines(b *testing.B, n int) {
	p := startPlatform(b)
	began := time.Now()
	for i := range n {
		_, err := p.api.Deployments("default").Create(p.ctx(), map[string]any{
			"metadata": map[string]any{"name": fmt.Sprint("tiny-", i)},
			"spec": map[string]any{"state": "RUNNING", "template": map[string]any{"spec": map[string]any{
				"artifact": map[string]any{"kind": "SQLSCRIPT", "sqlScript": tinyScript},
			}}},
		})
		if err != nil {
			b.Fatal(err)
		}
	}
	for end := time.Now().Add(10 * time.Minute); ; time.Sleep(200 * time.Millisecond) {
		all, err := p.api.Deployments("default").List(p.ctx(), client.Query{})
		if err != nil {
			b.Fatal(err)
		}
		running := 0
		for _, d := range all {
			if d.Status.State == resource.StateRunning {
				running++
			}
		}
		if running == n {
			break
		}
		if time.Now().After(end) {
			b.Fatalf("%d of %d jobs run after ten minutes", running, n)
		}
	}
	b.ReportMetric(time.Since(began).Seconds(), "s/all-run")
	time.Sleep(15 * time.Second) // a checkpoint of each, and what garbage there is collected
	var resident, proportional []int64
	for _, pid := range p.engines() {
		resident = append(resident, sizeOf(pid, "Rss:"))
		proportional = append(proportional, sizeOf(pid, "Pss:"))
	}
	if len(resident) != n {
		b.Errorf("%d engines, want %d", len(resident), n)
	}
	slices.Sort(resident)
	slices.Sort(proportional)
	b.ReportMetric(mb(resident[len(resident)/2]), "MB/rss-p50")
	b.ReportMetric(mb(resident[len(resident)-1]), "MB/rss-most")
	b.ReportMetric(mb(proportional[len(proportional)/2]), "MB/pss-p50")
	b.ReportMetric(mb(sizeOf(p.cmd.Process.Pid, "Rss:")), "MB/server")
}

// sizeOf reads a line of smaps_rollup: Rss counts shared pages whole, Pss by
// the share of the process. Bytes.
func sizeOf(pid int, line string) int64 {
	text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/smaps_rollup", pid))
	for l := range strings.Lines(string(text)) {
		if words := strings.Fields(l); len(words) > 1 && words[0] == line {
			n, _ := strconv.ParseInt(words[1], 10, 64)
			return n << 10
		}
	}
	return 0
}

func mb(bytes int64) float64 { return float64(bytes) / (1 << 20) }
