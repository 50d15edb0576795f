package kubernetes_test

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/weir-streams/weir/client"
	"github.com/weir-streams/weir/resource"
	"github.com/weir-streams/weir/test/flink"
)

// jarNumbers is how many numbers the program of a test reads: more than it gets
// to until it is let run fast.
const jarNumbers = 120_000

// countsOf is what the program writes of n numbers.
func countsOf(n int) []string {
	var lines []string
	for k := range 4 {
		sum := 0
		for i := k; i < n; i += 4 {
			sum += i
		}
		for c := 100; c < n/4; c += 100 {
			lines = append(lines, fmt.Sprintf("%d,%d", k, c))
		}
		lines = append(lines, fmt.Sprintf("%d,%d,%d", k, n/4, sum))
	}
	slices.Sort(lines)
	return lines
}

// programs is a platform with the stateful program of a version of Flink, built
// by Maven and uploaded.
type programs struct {
	*platform
	version        string
	first, changed string // URIs
}

func newPrograms(t *testing.T, version string, more ...string) programs {
	t.Helper()
	first, changed, err := flink.BuildPrograms(files(), version)
	if err != nil {
		t.Fatal(err)
	}
	p := newReachablePlatform(t, namespace(t), "", more...)
	return programs{p, version, p.upload(first), p.upload(changed)}
}

// artifact is the program that writes to a folder below that of the platform.
func (p programs) artifact(uri, out string, perSecond int) map[string]any {
	return map[string]any{
		"kind": "JAR", "jarUri": uri, "flinkVersion": p.version[:strings.LastIndexByte(p.version, '.')], "entryClass": "Numbers",
		"mainArgs": fmt.Sprintf("%d %d %s", jarNumbers, perSecond, filepath.Join(p.folder, out)),
	}
}

// patient is the configuration of jobs that are disturbed.
func patient(more map[string]any) map[string]any {
	config := map[string]any{
		"execution.checkpointing.interval": "1 s",
		"restart-strategy.type":            "fixed-delay", "restart-strategy.fixed-delay.attempts": "100", "restart-strategy.fixed-delay.delay": "1 s",
	}
	for k, v := range more {
		config[k] = v
	}
	return config
}

// program deploys the program, which writes to the folder out.
func (p programs) program(name string, config map[string]any, change ...func(template map[string]any)) {
	p.t.Helper()
	template := map[string]any{"artifact": p.artifact(p.first, "out", 50), "parallelism": 2, "flinkConfiguration": patient(config), "kubernetes": sharedFolder(p.folder)}
	for _, f := range change {
		f(template)
	}
	p.apply(map[string]any{
		"kind": "Deployment", "apiVersion": "v1", "metadata": map[string]any{"name": name, "namespace": p.team},
		"spec": map[string]any{
			"state": "RUNNING", "deploymentTargetName": "pods", "upgradeStrategy": map[string]any{"kind": "STATEFUL"},
			"template": map[string]any{"spec": template},
		},
	})
}

// toTheEnd lets a program run fast, to its end.
func (p programs) toTheEnd(name, out string, parallelism int) {
	p.t.Helper()
	p.patch(name, map[string]any{"state": "RUNNING", "template": map[string]any{"spec": map[string]any{"artifact": p.artifact(p.changed, out, 100_000), "parallelism": parallelism}}})
	p.settle(name, resource.StateFinished)
}

// TestJAROnFlinkPods takes a stateful program, built by Maven, through
// everything that happens to a deployment: each number counts once.
func TestJAROnFlinkPods(t *testing.T) {
	for _, version := range []string{flink.Newest, flink.LongTerm} {
		t.Run(version, func(t *testing.T) {
			p := newPrograms(t, version)
			p.program("numbers", nil)
			p.settle("numbers", resource.StateRunning)
			p.saving("numbers")

			p.deletePod(p.pods("taskmanager")[0])
			p.saving("numbers")

			before := p.get("numbers").Status.Running.JobID
			p.patchTemplate("numbers", map[string]any{"parallelism": 3})
			p.until("see the savepoint on the way", func() bool { return p.stopping(before) })
			p.kill() // the server, while it is rescaled
			p.start()
			d := p.runs("numbers", before)
			if j := p.job(d); j.Spec.Parallelism != 3 {
				t.Errorf("after it was rescaled it runs at parallelism %d", j.Spec.Parallelism)
			}
			p.saving("numbers")

			before = d.Status.Running.JobID
			p.patchTemplate("numbers", map[string]any{"artifact": p.artifact(p.changed, "out", 60)})
			d = p.runs("numbers", before)
			p.saving("numbers")

			sp := p.saved("numbers")
			before = d.Status.Running.JobID
			p.deletePod(p.mainPod()) // the JobManager; another one goes on from the newest checkpoint
			d = p.runs("numbers", before)
			p.saving("numbers")
			before = d.Status.Running.JobID
			killMain(t, p.namespace, p.mainPod())
			p.runs("numbers", before)
			p.saving("numbers")

			p.patch("numbers", map[string]any{"state": "SUSPENDED"})
			p.settle("numbers", resource.StateSuspended)
			p.none("while it is suspended")
			p.toTheEnd("numbers", "out", 2)
			whole := countsOf(jarNumbers)
			p.same("all it wrote", p.linesIn(filepath.Join(p.folder, "out")), whole)

			// From the savepoint in the middle, by a fork and by a reset, the same
			// comes out: what it had not written yet.
			if _, err := p.api.Fork(p.ctx(), p.team, "numbers", "fork", sp.Metadata.ID); err != nil {
				t.Fatal(err)
			}
			p.toTheEnd("fork", "forked", 3)
			p.patch("numbers", map[string]any{"state": "CANCELLED"})
			p.settle("numbers", resource.StateCancelled)
			if _, err := p.api.Reset(p.ctx(), p.team, "numbers", sp.Metadata.ID); err != nil {
				t.Fatal(err)
			}
			p.toTheEnd("numbers", "again", 2)
			forked, again := p.linesIn(filepath.Join(p.folder, "forked")), p.linesIn(filepath.Join(p.folder, "again"))
			p.same("from a savepoint, as a fork", forked, again)
			last := slices.DeleteFunc(slices.Clone(whole), func(line string) bool { return strings.Count(line, ",") != 2 })
			if odd := append(minus(again, whole), minus(last, again)...); len(odd) > 0 || len(again) == len(whole) {
				t.Errorf("from the savepoint it writes something else: %d lines, %v", len(again), odd[:min(5, len(odd))])
			}
			p.removeAll("numbers", "fork")
		})
	}
}

// stopping tells whether a savepoint that ends a job was made for it.
func (p *platform) stopping(job string) bool {
	p.t.Helper()
	all, err := p.api.Savepoints(p.team).List(p.ctx(), client.Query{})
	if err != nil {
		p.t.Fatal(err)
	}
	return slices.ContainsFunc(all, func(s resource.Savepoint) bool { return s.Spec.StopJob && s.Metadata.JobID == job })
}

func (p *platform) deletePod(name string) {
	p.t.Helper()
	if out, err := p.kubectl("delete", "pod", name, "--wait=false"); err != nil {
		p.t.Fatal(out, err)
	}
	p.until("see pod "+name+" go", func() bool {
		out, err := p.kubectl("get", "pod", name, "-o", "name", "--ignore-not-found")
		return err == nil && out == ""
	})
}
