package kubernetes_test

import (
	"strings"
	"testing"
	"time"

	"github.com/weir-streams/weir/test/kubernetes"
)

// TestAJobOnALostNodeIsNotStartedTwice cuts the node of a job off the network.
// The job runs on there, unseen: until Kubernetes knows that its pod has ended,
// no other one is started, and every number comes out once.
func TestAJobOnALostNodeIsNotStartedTwice(t *testing.T) {
	const rows = 6_000
	p := newPlatform(t, namespace(t), "")
	onNode2 := func(template map[string]any) {
		pods := template["kubernetes"].(map[string]any)["pods"].(map[string]any)
		pods["nodeSelector"] = map[string]any{"kubernetes.io/hostname": "node2"}
		pods["tolerations"] = []any{map[string]any{"key": "node.kubernetes.io/unreachable", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 2}}
	}
	p.deploy(numbered(p.folder, rows, 100), 1, onNode2)
	p.weir("wait", "orders", "--for", "running")
	pod := p.mainPod()
	kubernetes.Must(t, "partition", "2")
	t.Cleanup(func() { _, _ = kubernetes.Run("heal", "2") })
	p.untilSaid("node2", "may run")
	for range 20 {
		if out, err := p.kubectl("get", "pods", "-l", "weir.io/component=engine", "-o", "name"); err != nil || out != "pod/"+pod {
			t.Fatalf("while the node is lost there are %s, %v", out, err)
		}
		time.Sleep(100 * time.Millisecond)
	}
	kubernetes.Must(t, "heal", "2")
	p.weir("wait", "orders", "--for", "finished")
	wantNumbers(t, p.folder, rows)
	p.weir("cancel", "orders")
	p.weir("wait", "orders", "--for", "cancelled")
	p.weir("delete", "deployment", "orders")
}

// TestWithoutTheAPIServerJobsRunOn lets the API server hang: jobs run, are seen
// to run, and what needs it waits.
func TestWithoutTheAPIServerJobsRunOn(t *testing.T) {
	const rows = 6_000
	p := newPlatform(t, namespace(t), "")
	p.deploy(numbered(p.folder, rows, 100), 1)
	p.weir("wait", "orders", "--for", "running")
	pod := p.mainPod()
	kubernetes.Must(t, "pause", "apiserver")
	resume := func() { kubernetes.Must(t, "resume", "apiserver") }
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(time.Second) {
		if out, err := p.try("", "get", "deployment", "orders"); err != nil || !strings.Contains(out, "RUNNING") {
			resume()
			t.Fatalf("without the API server: %s, %v", out, err)
		}
	}
	if out, err := p.try("", "scale", "orders", "--parallelism", "2"); err != nil {
		resume()
		t.Fatal(out, err)
	}
	time.Sleep(3 * time.Second) // it is stopped, and cannot be removed
	resume()
	p.weir("wait", "orders", "--for", "running")
	if now := p.mainPod(); now == pod {
		t.Errorf("pod %s runs on after it was to be scaled", now)
	}
	p.weir("wait", "orders", "--for", "finished")
	wantNumbers(t, p.folder, rows)
	p.weir("cancel", "orders")
	p.weir("wait", "orders", "--for", "cancelled")
	p.weir("delete", "deployment", "orders")
}

// TestAPodThatNeedsTooMuchMemoryIsTold has the kernel end an engine.
func TestAPodThatNeedsTooMuchMemoryIsTold(t *testing.T) {
	p := newPlatform(t, namespace(t), "")
	p.deploy(endlessSQL, 1, func(template map[string]any) {
		template["kubernetes"] = map[string]any{"jobManagerPodTemplate": map[string]any{"spec": map[string]any{"containers": []any{map[string]any{
			"name": "engine", "resources": map[string]any{"requests": map[string]any{"memory": "8Mi"}, "limits": map[string]any{"memory": "8Mi"}},
		}}}}}
	})
	p.untilSaid("more memory than its limit of 8 MiB", "raise resources.taskmanager.memory")
	p.weir("cancel", "orders")
	p.weir("wait", "orders", "--for", "cancelled")
	p.weir("delete", "deployment", "orders")
}
