package kubernetes_test

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/weir-streams/weir/test/flink"
)

// numbered counts up, and writes every number to files, which have it once.
func numbered(folder string, rows, rate int) string {
	return fmt.Sprintf(`CREATE TEMPORARY TABLE n (i BIGINT) WITH ('connector' = 'datagen', 'rows-per-second' = '%d',
  'fields.i.kind' = 'sequence', 'fields.i.start' = '1', 'fields.i.end' = '%d');
CREATE TEMPORARY TABLE o (i BIGINT) WITH ('connector' = 'filesystem', 'path' = '%s', 'format' = 'csv', 'sink.rolling-policy.rollover-interval' = '1 s', 'sink.rolling-policy.check-interval' = '1 s');
INSERT INTO o SELECT i FROM n;`, rate, rows, filepath.Join(folder, "out"))
}

// wantNumbers wants every number in the files, once.
func wantNumbers(t *testing.T, folder string, rows int) {
	t.Helper()
	seen := output(t, folder)
	twice := 0
	for _, n := range seen {
		if n > 1 {
			twice++
		}
	}
	if len(seen) != rows || twice > 0 {
		t.Errorf("%d different rows of %d, %d of them more than once", len(seen), rows, twice)
	}
}

// output is how often each number is in the files that are complete.
func output(t *testing.T, folder string) map[string]int {
	t.Helper()
	seen := map[string]int{}
	err := filepath.WalkDir(filepath.Join(folder, "out"), func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() || strings.HasPrefix(e.Name(), ".") || strings.HasPrefix(e.Name(), "_") {
			return err
		}
		b, err := os.ReadFile(path)
		for _, line := range strings.Fields(string(b)) {
			seen[line]++
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return seen
}

// TestLifeOnEnginePods takes a deployment through all it may meet: every number
// comes out once.
func TestLifeOnEnginePods(t *testing.T) {
	const rows = 12_000
	p := newPlatform(t, namespace(t), "")
	script := numbered(p.folder, rows, 200)
	p.deploy(script, 1)
	p.weir("wait", "orders", "--for", "running")

	first := p.mainPod()
	began := time.Now()
	p.weir("scale", "orders", "--parallelism", "2")
	p.weir("wait", "orders", "--for", "running")
	t.Logf("at another parallelism, with its state, after %s", time.Since(began).Round(10*time.Millisecond))
	if now := p.mainPod(); now == first {
		t.Errorf("after scaling, pod %s still runs", now)
	}

	killed := p.mainPod()
	killMain(t, p.namespace, killed)
	p.until("see another pod after a kill", func() bool { return p.mainPod() != killed })
	p.weir("wait", "orders", "--for", "running")

	deleted := p.mainPod()
	if out, err := p.kubectl("delete", "pod", deleted); err != nil {
		t.Fatal(out, err)
	}
	p.until("see another pod after one was deleted", func() bool { return p.mainPod() != deleted })
	p.weir("wait", "orders", "--for", "running")

	p.weir("suspend", "orders")
	p.weir("wait", "orders", "--for", "suspended")
	// A pod whose containers have ended goes a moment after its job has ended.
	p.until("see nothing left while it is suspended", func() bool {
		out, err := p.kubectl("get", "pods,secrets", "-l", "app.kubernetes.io/managed-by=weir", "-o", "name")
		return err == nil && out == ""
	})
	p.weir("start", "orders")
	p.kill() // while it starts
	p.start()
	p.weir("wait", "orders", "--for", "running")
	p.weir("scale", "orders", "--parallelism", "1")
	p.kill() // while it is upgraded
	p.start()
	p.weir("wait", "orders", "--for", "finished")
	wantNumbers(t, p.folder, rows)
	p.weir("cancel", "orders")
	p.weir("wait", "orders", "--for", "cancelled")
	p.weir("delete", "deployment", "orders")
}

// TestLifeOnFlinkPods does the same on Flink, whose pods fetch a jar as well.
func TestLifeOnFlinkPods(t *testing.T) {
	const rows = 2_000
	p := newReachablePlatform(t, namespace(t), "flink")
	home, err := flink.Install(flink.Newest)
	if err != nil {
		t.Skipf("no Apache Flink: %v", err)
	}
	jars, err := filepath.Glob(filepath.Join(home.LibDir(), "flink-json-*.jar"))
	if err != nil || len(jars) != 1 {
		t.Fatalf("jars %v, %v", jars, err)
	}
	uploaded := strings.Fields(p.weir("artifact", "upload", jars[0]))
	uri := uploaded[len(uploaded)-1]
	p.deploy(numbered(p.folder, rows, 10), 1, func(template map[string]any) {
		template["artifact"].(map[string]any)["additionalDependencies"] = []any{uri}
	})
	p.weir("wait", "orders", "--for", "running")

	killed := p.mainPod()
	killMain(t, p.namespace, killed)
	p.until("see another pod after a kill", func() bool { return p.mainPod() != killed })
	p.weir("wait", "orders", "--for", "running")

	p.weir("suspend", "orders")
	p.weir("wait", "orders", "--for", "suspended")
	p.weir("start", "orders")
	p.weir("wait", "orders", "--for", "finished")
	wantNumbers(t, p.folder, rows)
	p.weir("cancel", "orders")
	p.weir("wait", "orders", "--for", "cancelled")
	p.weir("delete", "deployment", "orders")
}
