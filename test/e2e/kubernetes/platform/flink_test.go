package platform_test

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/weir-streams/weir/test/flink"
	"github.com/weir-streams/weir/test/kubernetes"
)

// stateVolume makes a volume that pods on all nodes can mount, and its claim,
// named state; it answers with the folder.
func stateVolume(t *testing.T, namespace string) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "weir-state")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o777); err != nil { // such volumes have no owner of their own
		t.Fatal(err)
	}
	name := "state-" + namespace
	for _, object := range []string{
		fmt.Sprintf(`{"apiVersion":"v1","kind":"PersistentVolume","metadata":{"name":%q},"spec":{"capacity":{"storage":"8Gi"},"accessModes":["ReadWriteMany"],
"hostPath":{"path":%q},"claimRef":{"namespace":%q,"name":"state"}}}`, name, dir, namespace),
		fmt.Sprintf(`{"apiVersion":"v1","kind":"PersistentVolumeClaim","metadata":{"name":"state","namespace":%q},"spec":{"storageClassName":"","volumeName":%q,
"accessModes":["ReadWriteMany"],"resources":{"requests":{"storage":"8Gi"}}}}`, namespace, name),
	} {
		if _, err := kubernetes.Kubectl(object, "create", "-f", "-"); err != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(func() { _, _ = kubernetes.Kubectl("", "delete", "persistentvolume", name, "--wait=false") })
	return dir
}

// onFlink is a deployment on pods of Flink that have the volume at /state.
func onFlink(name string, artifact map[string]any, parallelism int, config map[string]any) map[string]any {
	configuration := map[string]any{"execution.checkpointing.interval": "1 s"}
	maps.Copy(configuration, config)
	return map[string]any{
		"kind": "Deployment", "apiVersion": "v1", "metadata": map[string]any{"name": name, "namespace": "default"},
		"spec": map[string]any{
			"state": "RUNNING", "deploymentTargetName": "flink", "upgradeStrategy": map[string]any{"kind": "STATEFUL"},
			"template": map[string]any{"spec": map[string]any{
				"artifact": artifact, "parallelism": parallelism, "flinkConfiguration": configuration,
				"resources": map[string]any{ // all find room on two nodes
					"jobmanager": map[string]any{"cpu": 0.3, "memory": "1g"}, "taskmanager": map[string]any{"cpu": 0.4, "memory": "1g"},
				},
				"kubernetes": map[string]any{"pods": map[string]any{"volumeMounts": []any{map[string]any{
					"name": "state", "volume": map[string]any{"persistentVolumeClaim": map[string]any{"claimName": "state"}}, "volumeMount": map[string]any{"mountPath": "/state"},
				}}}},
			}},
		},
	}
}

func (p *platform) applied(document map[string]any) {
	p.t.Helper()
	b, err := json.Marshal(document)
	if err != nil {
		p.t.Fatal(err)
	}
	if out, err := p.try(string(b), "apply", "-f", "-"); err != nil {
		p.t.Fatalf("apply: %v: %s", err, out)
	}
}

func (p *platform) upload(file string) string {
	p.t.Helper()
	said := strings.Fields(p.weir("artifact", "upload", file))
	return said[len(said)-1]
}

// linesBelow are the lines of all committed files below a folder, sorted.
func linesBelow(t *testing.T, folder string) []string {
	t.Helper()
	var lines []string
	err := filepath.WalkDir(folder, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() || strings.HasPrefix(e.Name(), ".") || strings.HasPrefix(e.Name(), "_") {
			return nil // it may not be there yet
		}
		b, err := os.ReadFile(path)
		lines = append(lines, strings.Fields(string(b))...)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(lines)
	return lines
}

// TestFlinkUnderTheChart runs a stateful program and a script on Flink's pods,
// in a namespace that admits restricted pods alone, started by a server that has
// the rights of the chart and no others. The program is highly available, whose
// right on config maps the server passes on; its state lies in a volume.
func TestFlinkUnderTheChart(t *testing.T) {
	const numbers, rows = 40_000, 1_500
	ns := newNamespace(t)
	volume(t, ns)
	folder := stateVolume(t, ns)
	p := install(t, ns, map[string]any{
		"stateVolume": map[string]any{"claim": "state"},
		"vvp":         map[string]any{"flinkImages": []any{"2.3=weir.local/flink:" + flink.Newest}},
	})
	p.applied(map[string]any{
		"kind": "DeploymentTarget", "apiVersion": "v1", "metadata": map[string]any{"name": "flink"},
		"spec": map[string]any{"launcher": "kubernetes", "kubernetes": map[string]any{"namespace": ns, "engine": "flink"}},
	})
	_, changed, err := flink.BuildPrograms(programs, flink.Newest)
	if err != nil {
		t.Fatal(err)
	}
	jar := p.upload(changed)
	program := func(perSecond, parallelism int) map[string]any {
		return onFlink("numbers", map[string]any{
			"kind": "JAR", "jarUri": jar, "flinkVersion": "2.3", "entryClass": "Numbers", "mainArgs": fmt.Sprintf("%d %d /state/counts", numbers, perSecond),
		}, parallelism, map[string]any{"high-availability.type": "kubernetes"})
	}
	script := func(parallelism int) map[string]any {
		return onFlink("orders", map[string]any{"kind": "SQLSCRIPT", "sqlScript": fmt.Sprintf(`CREATE TEMPORARY TABLE n (i BIGINT) WITH ('connector' = 'datagen', 'rows-per-second' = '20',
  'fields.i.kind' = 'sequence', 'fields.i.start' = '1', 'fields.i.end' = '%d');
CREATE TEMPORARY TABLE o (i BIGINT) WITH ('connector' = 'filesystem', 'path' = '/state/numbers', 'format' = 'csv', 'sink.rolling-policy.rollover-interval' = '1 s', 'sink.rolling-policy.check-interval' = '1 s');
INSERT INTO o SELECT i FROM n;`, rows)}, parallelism, nil)
	}
	p.applied(program(50, 1))
	p.applied(script(1))
	p.weir("wait", "numbers", "--for", "running")
	p.weir("wait", "orders", "--for", "running")
	for _, out := range []string{"counts", "numbers"} {
		until(t, "see what is written to "+out, func() bool { return len(linesBelow(t, filepath.Join(folder, out))) > 0 })
	}
	// Pods have a token of Kubernetes only where high availability needs one.
	tokens := p.kubectl("get", "pods", "-l", "app.kubernetes.io/managed-by=weir", "-o", `jsonpath={range .items[*]}{.metadata.labels.deploymentName} {.spec.automountServiceAccountToken}{"\n"}{end}`)
	if n := strings.Count(tokens, "orders false"); n != 2 {
		t.Errorf("two pods of orders should have no token:\n%s", tokens)
	}

	// The JobManager that follows a lost one goes on from what config maps keep.
	job := func() string { return p.weir("get", "deployment", "numbers", "-o", "jsonpath={.status.running.jobId}") }
	before, lost := job(), p.kubectl("get", "pods", "-l", "weir.io/component=jobmanager,deploymentName=numbers", "-o", "jsonpath={.items[*].metadata.name}")
	p.kubectl("delete", "pod", lost)
	more := len(linesBelow(t, filepath.Join(folder, "counts")))
	until(t, "see more after the JobManager was lost", func() bool { return len(linesBelow(t, filepath.Join(folder, "counts"))) > more+4 })
	if now := job(); now != before {
		t.Errorf("after the JobManager was lost job %s runs, before %s", now, before)
	}

	p.applied(script(2))
	p.applied(program(100_000, 2))
	p.weir("wait", "numbers", "--for", "finished")
	p.weir("wait", "orders", "--for", "finished")
	if got, want := linesBelow(t, filepath.Join(folder, "counts")), countsOf(numbers); !slices.Equal(got, want) {
		t.Errorf("the program wrote %d lines, want %d", len(got), len(want))
	}
	got := linesBelow(t, filepath.Join(folder, "numbers"))
	if n := len(got); n != rows || len(slices.Compact(got)) != rows {
		t.Errorf("the script wrote %d rows, %d different ones, want %d", n, len(slices.Compact(got)), rows)
	}
	for _, name := range []string{"numbers", "orders"} {
		p.weir("cancel", name)
		p.weir("wait", name, "--for", "cancelled")
		p.weir("delete", "deployment", name)
	}
	p.wantNothingLeft()
	if out := p.kubectl("get", "configmaps", "-l", "type=flink-native-kubernetes", "-o", "name"); out != "" {
		t.Errorf("config maps of Flink's are left: %s", out)
	}
	p.helm("uninstall", "streams", "--wait")
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
