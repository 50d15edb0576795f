package e2e

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/weir-streams/weir/resource"
	"github.com/weir-streams/weir/test/flink"
)

// TestFlinkJAR takes a stateful program through everything that happens to a
// deployment: what it counts must be exact, whatever is killed on the way.
func TestFlinkJAR(t *testing.T) {
	for _, version := range []string{flink.Newest, flink.LongTerm} {
		t.Run(version, func(t *testing.T) {
			if version != flink.Newest { // TestFlinkKeepsState has the other
				unlessAll(t)
			}
			const n = 40_000
			first, changed := flink.Programs(t, version)
			p := onFlink(t, version)
			out := filepath.Join(p.data, "out")
			program := func(jar, out string, perSecond int) map[string]any {
				return map[string]any{"kind": "JAR", "jarUri": "file://" + jar, "entryClass": "Numbers", "mainArgs": fmt.Sprintf("%d %d %s", n, perSecond, out)}
			}
			p.deployProgram("numbers", program(first, out, 50))
			p.settle("numbers", resource.StateRunning)
			p.saving("numbers")

			p.killJVM(taskManagerClass)
			p.saving("numbers")
			p.killedAtEveryStep("numbers", func() { p.patch("numbers", template(map[string]any{"parallelism": 3})) })
			p.running("numbers", 3)
			p.saving("numbers")

			before := p.get("numbers").Status.Running.JobID
			p.patch("numbers", template(map[string]any{"artifact": program(changed, out, 50)}))
			p.until("numbers", "running in another job", func(d resource.Deployment) bool {
				return d.Status.State == resource.StateRunning && d.Status.Running.JobID != before
			})
			p.saving("numbers")

			sp, err := p.api.Savepoints("default").Create(p.ctx(), map[string]any{"metadata": map[string]any{"deploymentId": p.get("numbers").Metadata.ID}})
			if err != nil {
				t.Fatal(err)
			}
			sp = p.completed(sp.Metadata.ID)
			p.killJVM(jobManagerClass)
			p.runningAgain("numbers")
			p.saving("numbers")
			p.patch("numbers", map[string]any{"spec": map[string]any{"state": "SUSPENDED"}})
			p.settle("numbers", resource.StateSuspended)
			if left := p.processes(); len(left) > 0 {
				t.Errorf("processes of a suspended deployment: %v", left)
			}

			// From the savepoint in the middle, by a fork and by a reset, the same
			// comes out: what it has not counted yet.
			for name, to := range map[string]string{"fork": "forked", "numbers": "again"} {
				if name == "fork" {
					_, err = p.api.Fork(p.ctx(), "default", "numbers", name, sp.Metadata.ID)
				} else {
					_, err = p.api.Reset(p.ctx(), "default", name, sp.Metadata.ID)
				}
				if err != nil {
					t.Fatal(err)
				}
				p.patch(name, map[string]any{"spec": map[string]any{"state": "RUNNING", "template": map[string]any{"spec": map[string]any{
					"artifact": program(changed, filepath.Join(p.data, to), 100_000), "parallelism": 2,
				}}}})
				p.settle(name, resource.StateFinished)
			}
			again := output(t, filepath.Join(p.data, "again"))
			checkOutput(t, p, "fork", output(t, filepath.Join(p.data, "forked")), again)
			// Before the savepoint each hundred was told once.
			whole := append(slices.Clone(again), minus(output(t, out), again)...)
			slices.Sort(whole)
			checkOutput(t, p, "numbers", whole, countsOf(n))
			p.removeAll("numbers", "fork")
		})
	}
}

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

// killedAtEveryStep makes a change of a running deployment and kills the server
// at each step on the way to the next job, as soon as that is seen. Meanwhile
// no two clusters may run a job of it.
func (p *platform) killedAtEveryStep(name string, change func()) {
	p.t.Helper()
	watch := p.watchIncarnations()
	before := p.job(p.get(name))
	change()
	stop := func() resource.Savepoint {
		all, err := p.api.Savepoints("default").List(p.ctx(), clientQuery(before))
		if err != nil {
			p.t.Fatal(err)
		}
		for _, s := range all {
			if s.Spec.StopJob && s.Metadata.JobID == before.Metadata.ID && s.Status.State != resource.SavepointFailed {
				return s
			}
		}
		return resource.Savepoint{}
	}
	old := func() resource.Job {
		j, err := p.api.Jobs("default").Get(p.ctx(), before.Metadata.ID)
		if err != nil {
			p.t.Fatal(err)
		}
		return j
	}
	next := func() resource.Job {
		jobs := p.jobs(name)
		if last := jobs[len(jobs)-1]; last.Metadata.ID != before.Metadata.ID {
			return last
		}
		return resource.Job{}
	}
	for _, step := range []struct {
		what string
		seen func() bool
	}{
		{"the change is accepted", func() bool { return true }},
		{"the next cluster is to be", func() bool { return next().Metadata.ID != "" || stop().Metadata.ID != "" }},
		{"its processes start", func() bool { return len(p.jvms(jobManagerClass)) > 1 || stop().Metadata.ID != "" }},
		{"a savepoint is to be", func() bool { return stop().Metadata.ID != "" }},
		{"it is asked for", func() bool { return !stop().Status.Asked.IsZero() }},
		{"it is complete", func() bool { return stop().Status.State == resource.SavepointCompleted }},
		{"the old job is being ended", func() bool { return old().Status.State != resource.JobStarted }},
		{"the old job has ended", func() bool { return old().Status.State.Terminal() }},
		{"the new job is to start", func() bool { s := next().Status.State; return s != "" && s != resource.JobStandby }},
		{"its launch is asked for", func() bool { return next().Metadata.Annotations["weir.io/launch-asked"] != "" }},
		{"the new job runs", func() bool { return next().Status.State == resource.JobStarted }},
	} {
		p.until(name, step.what, func(resource.Deployment) bool { return step.seen() })
		p.kill()
		p.t.Logf("killed the server when %s", step.what)
		p.start()
	}
	p.until(name, "running in another job", func(d resource.Deployment) bool {
		return d.Status.State == resource.StateRunning && d.Status.Running.JobID != before.Metadata.ID
	})
	watch()
	if n := len(slices.DeleteFunc(p.jobs(name), func(j resource.Job) bool { return j.Status.State != resource.JobFailed })); n > 0 {
		p.t.Logf("%d jobs failed on the way: a launch that is cut short fails, and another job starts", n)
	}
	if strings.Contains(p.log.String(), "panic:") {
		p.t.Errorf("the server panicked")
	}
}
