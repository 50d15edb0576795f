package e2e

import (
	"fmt"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/weir-streams/weir/resource"
	"github.com/weir-streams/weir/test/flink"
)

// TestFlinkSession runs a SQL script and a JAR on one session cluster of Flink,
// upgrades each, kills everything once, stops the cluster, starts it again and
// deletes it: what the two count must be exact.
func TestFlinkSession(t *testing.T) {
	unlessAll(t)
	first, changed := flink.Programs(t, flink.Newest)
	p := onFlink(t, flink.Newest)
	out := func(name string) string { return filepath.Join(p.data, "out-"+name) }
	artifacts := map[string]func(changed bool, perSecond int) map[string]any{
		"script": func(_ bool, perSecond int) map[string]any {
			return map[string]any{"kind": "SQLSCRIPT", "sqlScript": numbers(out("script"), lifeLong, perSecond)}
		},
		"jar": func(c bool, perSecond int) map[string]any {
			uri := "file://" + first
			if c {
				uri = "file://" + changed
			}
			return map[string]any{"kind": "JAR", "jarUri": uri, "entryClass": "Numbers", "mainArgs": fmt.Sprintf("%d %d %s", lifeLong, perSecond, out("jar"))}
		},
	}
	want := map[string][]string{"script": totalsOf(lifeLong), "jar": countsOf(lifeLong)}
	if _, err := p.api.SessionClusters("default").Create(p.ctx(), map[string]any{
		"metadata": map[string]any{"name": "shared"},
		"spec": map[string]any{"state": "RUNNING", "deploymentTargetName": "flink", "numberOfTaskManagers": 2, "flinkConfiguration": map[string]any{
			"execution.checkpointing.interval": "1 s", "taskmanager.numberOfTaskSlots": "4",
			"restart-strategy.type": "fixed-delay", "restart-strategy.fixed-delay.attempts": "100", "restart-strategy.fixed-delay.delay": "1 s",
		}},
	}); err != nil {
		t.Fatal(err)
	}
	p.sessionSoon("shared", resource.SessionRunning)
	all := func(do func(name string)) {
		for _, name := range []string{"script", "jar"} {
			do(name)
		}
	}
	all(func(name string) {
		p.deploy(name, "", map[string]any{
			"sessionClusterName": "shared", "deploymentTargetName": nil,
			"template": map[string]any{"spec": map[string]any{"artifact": artifacts[name](false, 50), "parallelism": 2}},
		})
	})
	all(func(name string) { p.settle(name, resource.StateRunning); p.saving(name) })
	if n := len(p.jvms(jobManagerClass)); n != 1 {
		t.Errorf("%d JobManagers for two deployments on one session cluster", n)
	}

	p.killJVM(taskManagerClass)
	all(p.saving)
	jobs := map[string]string{}
	all(func(name string) { jobs[name] = p.get(name).Status.Running.JobID })
	another := func(name string) {
		p.until(name, "running in another job", func(d resource.Deployment) bool {
			return d.Status.State == resource.StateRunning && d.Status.Running.JobID != jobs[name]
		})
		jobs[name] = p.get(name).Status.Running.JobID
		if from := p.job(p.get(name)).Spec.SavepointLocation; from == "" {
			t.Errorf("deployment %s started empty", name)
		}
		p.saving(name)
	}
	p.patch("script", template(map[string]any{"parallelism": 3}))
	p.patch("jar", template(map[string]any{"artifact": artifacts["jar"](true, 50)}))
	all(another)

	before := p.sessionSoon("shared", resource.SessionRunning).Status.Incarnation
	p.killJVM(jobManagerClass) // the cluster goes with it, and comes again
	p.sessionSoon("shared", resource.SessionRunning, before)
	all(another)

	p.kill()
	p.start()
	p.patchSession("shared", resource.SessionStopped)
	all(func(name string) { p.patch(name, map[string]any{"spec": map[string]any{"state": "SUSPENDED"}}) })
	p.sessionSoon("shared", resource.SessionStopped)
	for deadline := time.Now().Add(time.Minute); len(p.processes()) > 0; time.Sleep(50 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("processes of a stopped session cluster: %v", p.processes())
		}
	}
	p.patchSession("shared", resource.SessionRunning)
	all(func(name string) {
		p.settle(name, resource.StateSuspended)
		p.patch(name, map[string]any{"spec": map[string]any{"state": "RUNNING", "template": map[string]any{"spec": map[string]any{"artifact": artifacts[name](true, 100_000)}}}})
	})
	all(func(name string) {
		p.settle(name, resource.StateFinished)
		checkOutput(t, p, name, output(t, out(name)), want[name])
		p.patch(name, map[string]any{"spec": map[string]any{"state": "CANCELLED"}})
		p.settle(name, resource.StateCancelled)
		if err := p.api.Deployments("default").Delete(p.ctx(), name); err != nil {
			t.Error(err)
		}
	})
	p.patchSession("shared", resource.SessionStopped)
	p.sessionSoon("shared", resource.SessionStopped)
	if err := p.api.SessionClusters("default").Delete(p.ctx(), "shared"); err != nil {
		t.Error(err)
	}
	p.removeAll()
}

// sessionSoon is sessionIs for a cluster of JVMs.
func (p *platform) sessionSoon(name string, want resource.SessionState, not ...string) resource.SessionCluster {
	p.t.Helper()
	for deadline := time.Now().Add(flinkPatience); ; time.Sleep(50 * time.Millisecond) {
		s, err := p.api.SessionClusters("default").Get(p.ctx(), name)
		if err != nil {
			p.t.Fatal(err)
		}
		if s.Status.State == want && !slices.Contains(not, s.Status.Incarnation) {
			return s
		}
		if time.Now().After(deadline) {
			p.t.Fatalf("session cluster %s is not %s: %+v", name, want, s.Status)
		}
	}
}
