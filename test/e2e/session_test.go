package e2e

import (
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/weir-streams/weir/resource"
)

// session makes a session cluster and waits until it runs.
func (p *platform) session(name string) {
	p.t.Helper()
	_, err := p.api.SessionClusters("default").Create(p.ctx(), map[string]any{
		"metadata": map[string]any{"name": name},
		"spec":     map[string]any{"state": "RUNNING", "flinkConfiguration": map[string]any{"execution.checkpointing.interval": "200 ms"}},
	})
	if err != nil {
		p.t.Fatal(err)
	}
	p.sessionIs(name, resource.SessionRunning)
}

// sessionIs waits until a session cluster is in a state, with another
// incarnation than those given.
func (p *platform) sessionIs(name string, want resource.SessionState, not ...string) resource.SessionCluster {
	p.t.Helper()
	var s resource.SessionCluster
	var err error
	for deadline := time.Now().Add(90 * time.Second); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		if s, err = p.api.SessionClusters("default").Get(p.ctx(), name); err != nil {
			p.t.Fatal(err)
		}
		old := false
		for _, id := range not {
			old = old || s.Status.Incarnation == id
		}
		if s.Status.State == want && !old {
			return s
		}
	}
	p.t.Fatalf("session cluster %s is not %s: %+v", name, want, s.Status)
	return s
}

func (p *platform) patchSession(name string, state resource.SessionState) {
	p.t.Helper()
	if _, err := p.api.SessionClusters("default").Patch(p.ctx(), name, map[string]any{"spec": map[string]any{"state": state}}); err != nil {
		p.t.Fatal(err)
	}
}

// saved waits until the deployment's job has a checkpoint.
func (p *platform) saved(name string) {
	p.t.Helper()
	p.until(name, "running with a checkpoint", func(d resource.Deployment) bool {
		return d.Status.State == resource.StateRunning && p.job(d).Status.LatestCheckpoint.Location != ""
	})
}

// TestASessionClusterIsKilled runs two deployments on one session cluster,
// disturbs all of them, and compares their files with those of a run that
// nobody disturbed.
func TestASessionClusterIsKilled(t *testing.T) {
	t.Parallel()
	p := startPlatform(t)
	in := flights(t, p.data, flightsRead)
	want := undisturbed(t, in)
	names := []string{"one", "two"}
	const rate = rowsASecond / 4 // slow enough to be running until the end of the disturbances
	out := func(name string) string { return filepath.Join(p.data, "out-"+name) }
	p.session("shared")
	for _, name := range names {
		p.deploy(name, delays(in, out(name), "", rate), map[string]any{
			"sessionClusterName": "shared", "deploymentTargetName": nil,
			"template": map[string]any{"spec": map[string]any{
				"artifact": map[string]any{"kind": "SQLSCRIPT", "sqlScript": delays(in, out(name), "", rate)},
			}},
		})
	}
	for _, name := range names {
		p.settle(name, resource.StateRunning)
	}
	if n := len(p.engines()); n != 1 {
		t.Errorf("%d engine processes for two deployments on one session cluster", n)
	}
	before := p.sessionIs("shared", resource.SessionRunning).Status.Incarnation
	if j := p.job(p.get("one")); j.Metadata.SessionClusterName != "shared" {
		t.Errorf("the job is on session cluster %q", j.Metadata.SessionClusterName)
	}

	// The process is killed: both come back on another.
	jobs := map[string]int{}
	for _, name := range names {
		p.saved(name)
		jobs[name] = len(p.jobs(name))
	}
	for _, pid := range p.engines() {
		_ = syscall.Kill(pid, syscall.SIGKILL) // it may just have ended
	}
	after := p.sessionIs("shared", resource.SessionRunning, before)
	for _, name := range names {
		p.until(name, "running in a new job", func(d resource.Deployment) bool {
			return d.Status.State == resource.StateRunning && len(p.jobs(name)) > jobs[name]
		})
		if from := p.job(p.get(name)).Spec.SavepointLocation; from == "" {
			t.Errorf("deployment %s started empty after the process was killed", name)
		}
	}

	// Server and process are killed together.
	p.kill()
	for _, pid := range p.engines() {
		_ = syscall.Kill(pid, syscall.SIGKILL) // it may just have ended
	}
	p.start()
	p.sessionIs("shared", resource.SessionRunning, before, after.Status.Incarnation)
	p.settle("one", resource.StateRunning)

	// The server alone is killed: nothing happens to the jobs.
	p.kill()
	p.start()

	// One moves to a process of its own and back, the other is scaled.
	p.patch("one", map[string]any{"spec": map[string]any{"deploymentTargetName": "local"}})
	p.patch("two", template(map[string]any{"parallelism": 3}))
	p.running("two", 3)
	p.settle("one", resource.StateRunning)
	p.patch("one", map[string]any{"spec": map[string]any{"sessionClusterName": "shared"}})
	p.settle("one", resource.StateRunning)

	// It stops when nothing runs on it, and the deployments wait for it.
	p.patchSession("shared", resource.SessionStopped)
	for _, name := range names {
		p.patch(name, map[string]any{"spec": map[string]any{"state": "SUSPENDED"}})
	}
	p.sessionIs("shared", resource.SessionStopped)
	for deadline := time.Now().Add(30 * time.Second); len(p.engines()) > 0; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%d engine processes after the session cluster stopped", len(p.engines()))
		}
	}
	for _, name := range names {
		if jobs := p.jobs(name); jobs[len(jobs)-1].Status.State == resource.JobFinished {
			t.Fatalf("deployment %s has finished before the end of the disturbances", name)
		}
		p.settle(name, resource.StateSuspended)
		p.patch(name, map[string]any{"spec": map[string]any{"state": "RUNNING"}})
	}
	p.patchSession("shared", resource.SessionRunning)
	for _, name := range names {
		p.settle(name, resource.StateFinished)
		checkOutput(t, p, name, output(t, out(name)), want)
	}
	if err := p.api.SessionClusters("default").Delete(p.ctx(), "shared"); err == nil {
		t.Error("a session cluster that deployments name is deleted")
	}
}
