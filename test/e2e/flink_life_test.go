package e2e

import (
	"path/filepath"
	"slices"
	"strings"

	"github.com/weir-streams/weir/resource"
)

// lifeLong is how many numbers a program of throughEverything reads: more than
// it gets to until it is let run fast.
const lifeLong = 120_000

// life is a program that counts numbers, each once whatever happens on the way.
type life struct {
	// artifact is the program, or changed code of it, which writes to a folder and
	// reads so many numbers a second.
	artifact func(changed bool, out string, perSecond int) map[string]any
	whole    []string // all that it writes
	last     []string // of that, what it writes at its end
}

// throughEverything takes a deployment through everything that happens to one,
// and compares what it wrote with what it must write.
func (p *platform) throughEverything(l life) {
	t, fast := p.t, 100_000
	t.Helper()
	out := filepath.Join(p.data, "out")
	d := p.deployProgram("numbers", l.artifact(false, out, 50))
	p.settle("numbers", resource.StateRunning)
	p.saving("numbers")

	p.killJVM(taskManagerClass)
	p.saving("numbers")
	p.killedAtEveryStep("numbers", func() { p.patch("numbers", template(map[string]any{"parallelism": 3})) })
	p.running("numbers", 3)
	p.saving("numbers")

	before := p.get("numbers").Status.Running.JobID
	p.patch("numbers", template(map[string]any{"artifact": l.artifact(true, out, 60)}))
	p.until("numbers", "running in another job", func(d resource.Deployment) bool {
		return d.Status.State == resource.StateRunning && d.Status.Running.JobID != before
	})
	p.saving("numbers")

	sp, err := p.api.Savepoints("default").Create(p.ctx(), map[string]any{"metadata": map[string]any{"deploymentId": d.Metadata.ID}})
	if err != nil {
		t.Fatal(err)
	}
	sp = p.completed(sp.Metadata.ID)
	p.killJVM(jobManagerClass) // its cluster goes with it; another one goes on from the newest checkpoint
	p.runningAgain("numbers")
	p.saving("numbers")

	p.kill() // the server; the job does not notice
	if n := len(p.jvms(jobManagerClass)); n != 1 {
		t.Errorf("%d JobManagers run without the server", n)
	}
	p.start()
	p.patch("numbers", map[string]any{"spec": map[string]any{"state": "SUSPENDED"}})
	p.settle("numbers", resource.StateSuspended)
	if left := p.processes(); len(left) > 0 {
		t.Errorf("processes of a suspended deployment: %v", left)
	}
	begin := func(name, out string, parallelism int) {
		p.patch(name, map[string]any{"spec": map[string]any{"state": "RUNNING", "template": map[string]any{"spec": map[string]any{
			"artifact": l.artifact(true, out, fast), "parallelism": parallelism,
		}}}})
		p.settle(name, resource.StateFinished)
	}
	begin("numbers", out, 2)
	checkOutput(t, p, "numbers", output(t, out), l.whole)

	// From the savepoint in the middle, by a fork and by a reset, the same comes
	// out: what it had not written yet.
	forked, again := filepath.Join(p.data, "forked"), filepath.Join(p.data, "again")
	if _, err = p.api.Fork(p.ctx(), "default", "numbers", "fork", sp.Metadata.ID); err != nil {
		t.Fatal(err)
	}
	begin("fork", forked, 3)
	p.patch("numbers", map[string]any{"spec": map[string]any{"state": "CANCELLED"}})
	p.settle("numbers", resource.StateCancelled)
	if _, err = p.api.Reset(p.ctx(), "default", "numbers", sp.Metadata.ID); err != nil {
		t.Fatal(err)
	}
	begin("numbers", again, 2)
	checkOutput(t, p, "fork", output(t, forked), output(t, again))
	if odd := append(minus(output(t, again), l.whole), minus(l.last, output(t, again))...); len(odd) > 0 {
		t.Errorf("from the savepoint it writes something else: %v", odd[:min(5, len(odd))])
	}
	p.removeAll("numbers", "fork")
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
