package kubernetes_test

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/weir-streams/weir/resource"
	"github.com/weir-streams/weir/test/flink"
)

// TestForkIntoAnotherNamespace copies a JAR with its state into another
// namespace of weir, whose pods are in another namespace of Kubernetes: from the
// same savepoint both write the same.
func TestForkIntoAnotherNamespace(t *testing.T) {
	p := newPrograms(t, flink.Newest)
	elsewhere := namespace(t)
	p.weir("namespace", "create", "staging", "--owner", "user:bootstrap")
	p.apply(map[string]any{
		"kind": "DeploymentTarget", "apiVersion": "v1", "metadata": map[string]any{"name": "pods", "namespace": "staging"},
		"spec": map[string]any{"launcher": "kubernetes", "kubernetes": map[string]any{"namespace": elsewhere}},
	})
	p.program("numbers", nil)
	p.settle("numbers", resource.StateRunning)
	p.until("see what it wrote", func() bool { return len(p.linesIn(filepath.Join(p.folder, "out"))) > 0 })
	sp := p.saved("numbers")
	p.weir("fork", "numbers", "copy", "--into", "staging", "--savepoint", sp.Metadata.ID)

	if d := p.get("numbers"); d.Status.State != resource.StateRunning {
		t.Errorf("what was forked is %s", d.Status.State)
	}
	p.toTheEnd("numbers", "out", 2)

	copied := p
	other := *p.platform
	other.team, other.namespace = "staging", elsewhere
	copied.platform = &other
	copied.patch("copy", map[string]any{"state": "RUNNING", "template": map[string]any{"spec": map[string]any{"artifact": p.artifact(p.changed, "copied", 50), "parallelism": 3}}})
	copied.settle("copy", resource.StateRunning)
	if pods := copied.pods("jobmanager"); len(pods) != 1 {
		t.Errorf("in the other namespace of Kubernetes there are JobManagers %v", pods)
	}
	copied.toTheEnd("copy", "copied", 3)
	whole := countsOf(jarNumbers)
	p.same("all that the first wrote", p.linesIn(filepath.Join(p.folder, "out")), whole)
	lines := p.linesIn(filepath.Join(p.folder, "copied"))
	last := slices.DeleteFunc(slices.Clone(whole), func(line string) bool { return strings.Count(line, ",") != 2 })
	if odd := append(minus(lines, whole), minus(last, lines)...); len(odd) > 0 || len(lines) == len(whole) {
		t.Errorf("from the savepoint the copy writes something else: %d lines, %v", len(lines), odd[:min(5, len(odd))])
	}
	copied.removeAll("copy")
	p.removeAll("numbers")
}
