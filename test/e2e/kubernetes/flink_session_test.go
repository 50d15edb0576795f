package kubernetes_test

import (
	"fmt"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/weir-streams/weir/resource"
	"github.com/weir-streams/weir/test/flink"
)

// TestSessionOnFlinkPods runs a SQL script and a JAR on one session cluster of
// Flink's pods, which gets more TaskManagers and fewer, loses one and its
// JobManager, and goes: what both write is exact.
func TestSessionOnFlinkPods(t *testing.T) {
	p := newPrograms(t, flink.Newest)
	p.apply(map[string]any{
		"kind": "DeploymentTarget", "apiVersion": "v1", "metadata": map[string]any{"name": "flink", "namespace": p.team},
		"spec": map[string]any{"launcher": "kubernetes", "kubernetes": map[string]any{"namespace": p.namespace, "engine": "flink"}},
	})
	if _, err := p.api.SessionClusters(p.team).Create(p.ctx(), map[string]any{
		"metadata": map[string]any{"name": "shared"},
		"spec": map[string]any{
			"state": "RUNNING", "deploymentTargetName": "flink", "numberOfTaskManagers": 1, "kubernetes": sharedFolder(p.folder),
			"flinkConfiguration": patient(map[string]any{"taskmanager.numberOfTaskSlots": "2"}),
		},
	}); err != nil {
		t.Fatal(err)
	}
	before := p.sessionIs("shared", resource.SessionRunning, "")
	const rows = 3_000
	script := func(perSecond int) map[string]any {
		return map[string]any{"kind": "SQLSCRIPT", "sqlScript": numbered(p.folder, rows, perSecond)}
	}
	jar := func(perSecond int) map[string]any {
		a := p.artifact(p.first, "jar", perSecond)
		delete(a, "flinkVersion") // the session cluster's
		return a
	}
	for name, artifact := range map[string]map[string]any{"script": script(10), "jar": jar(50)} {
		p.apply(map[string]any{
			"kind": "Deployment", "apiVersion": "v1", "metadata": map[string]any{"name": name, "namespace": p.team},
			"spec": map[string]any{
				"state": "RUNNING", "sessionClusterName": "shared", "upgradeStrategy": map[string]any{"kind": "STATEFUL"},
				"template": map[string]any{"spec": map[string]any{"artifact": artifact, "parallelism": 1, "flinkConfiguration": patient(nil)}},
			},
		})
	}
	all := []string{"script", "jar"}
	for _, name := range all {
		p.settle(name, resource.StateRunning)
		p.saving(name)
	}

	// Three slots are needed, and there are two until the cluster grows.
	p.scaleSession("shared", 2)
	job := p.get("jar").Status.Running.JobID
	p.patchTemplate("jar", map[string]any{"parallelism": 3})
	p.runs("jar", job)
	p.saving("jar")
	p.deletePod(p.pods("taskmanager")[0])
	for _, name := range all {
		p.saving(name)
	}
	job = p.get("jar").Status.Running.JobID
	p.patchTemplate("jar", map[string]any{"parallelism": 1})
	p.runs("jar", job)
	p.scaleSession("shared", 1)
	for _, name := range all {
		p.saving(name)
	}

	p.deletePod(p.mainPod()) // the cluster goes with it, and comes again
	p.sessionIs("shared", resource.SessionRunning, before)
	for _, name := range all {
		p.is(name, "running again", func(d resource.Deployment) bool { return d.Status.State == resource.StateRunning })
		p.saving(name)
	}
	p.patchTemplate("script", map[string]any{"artifact": script(1_000)})
	p.patchTemplate("jar", map[string]any{"artifact": jar(100_000)})
	for _, name := range all {
		p.settle(name, resource.StateFinished)
	}
	wantNumbers(t, p.folder, rows)
	p.same("all that the JAR wrote", p.linesIn(filepath.Join(p.folder, "jar")), countsOf(jarNumbers))
	p.removeAll(all...)
	if _, err := p.api.SessionClusters(p.team).Patch(p.ctx(), "shared", map[string]any{"spec": map[string]any{"state": "STOPPED"}}); err != nil {
		t.Fatal(err)
	}
	p.sessionIs("shared", resource.SessionStopped, "")
	p.none("when the session cluster is stopped")
	if err := p.api.SessionClusters(p.team).Delete(p.ctx(), "shared"); err != nil {
		t.Error(err)
	}
}

// scaleSession changes how many TaskManagers a session cluster has, and waits
// until they run.
func (p *platform) scaleSession(name string, n int) {
	p.t.Helper()
	if _, err := p.api.SessionClusters(p.team).Patch(p.ctx(), name, map[string]any{"spec": map[string]any{"numberOfTaskManagers": n}}); err != nil {
		p.t.Fatal(err)
	}
	p.until(fmt.Sprintf("see %d TaskManagers", n), func() bool { return len(p.pods("taskmanager")) == n })
	p.sessionIs(name, resource.SessionRunning, "")
}

// sessionIs waits until a session cluster is in a state, and not the incarnation
// given; it answers with the incarnation.
func (p *platform) sessionIs(name string, want resource.SessionState, not ...string) string {
	p.t.Helper()
	var s resource.SessionCluster
	for end := time.Now().Add(10 * time.Minute); time.Now().Before(end); time.Sleep(100 * time.Millisecond) {
		var err error
		if s, err = p.api.SessionClusters(p.team).Get(p.ctx(), name); err != nil {
			p.t.Fatal(err)
		}
		if s.Status.State == want && (s.Status.Incarnation == "" || !slices.Contains(not, s.Status.Incarnation)) {
			return s.Status.Incarnation
		}
	}
	p.t.Fatalf("session cluster %s is not %s: %+v", name, want, s.Status)
	return ""
}
