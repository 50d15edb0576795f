package kubernetes_test

import (
	"strings"
	"testing"
	"time"

	"github.com/weir-streams/weir/resource"
	"github.com/weir-streams/weir/test/kubernetes"
)

// on puts pods on a node, and gives them so many seconds when it is not reached;
// negative: as many as Kubernetes does.
func on(node string, seconds int) func(map[string]any) {
	return func(template map[string]any) {
		pods := template["kubernetes"].(map[string]any)["pods"].(map[string]any)
		if node != "" {
			pods["nodeSelector"] = map[string]any{"kubernetes.io/hostname": node}
		}
		if seconds >= 0 {
			pods["tolerations"] = []any{map[string]any{"key": "node.kubernetes.io/unreachable", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": seconds}}
		}
	}
}

// many is more numbers than a test gets to until it lets them come fast.
const many = 60_000

// begin deploys a job that writes 100 numbers a second, and looks at it from
// then on.
func begin(t *testing.T, change ...func(map[string]any)) (p *platform, job string) {
	t.Helper()
	p = newPlatform(t, namespace(t), "")
	p.deploy(numbered(p.folder, many, 100), 1, change...)
	job = p.runsNew()
	p.lookAllTheTime()
	p.progress()
	return p, job
}

// TestAJobOnALostNodeIsNotStartedTwice cuts the node of a job off the network.
// The job runs on there, unseen: until Kubernetes knows that its pod has ended,
// no other one is started, and every number comes out once.
func TestAJobOnALostNodeIsNotStartedTwice(t *testing.T) {
	p, first := begin(t, on("node2", 2))
	kubernetes.Must(t, "partition", "2")
	t.Cleanup(func() { _, _ = kubernetes.Run("heal", "2") })
	p.untilSaid("node2", "is being deleted", "may run")
	p.progress() // it does
	kubernetes.Must(t, "heal", "2")
	p.runsNew(first)
	p.finish(many)
}

// TestTheKubeletStops has it hang longer than the node may be silent. The job
// runs on; if its pod may wait, nothing happens to it, and else it is stopped
// when the kubelet is back.
func TestTheKubeletStops(t *testing.T) {
	for _, tt := range []struct {
		name    string
		seconds int
	}{{"pods may wait", -1}, {"pods are to go", 2}} {
		t.Run(tt.name, func(t *testing.T) {
			p, first := begin(t, on("node2", tt.seconds))
			kubernetes.Must(t, "pause", "kubelet2")
			t.Cleanup(func() { _, _ = kubernetes.Run("resume", "kubelet2") })
			p.ready("node2", "Unknown")
			p.untilSaid("node2", "goes on") // its job does
			p.progress()
			if tt.seconds >= 0 {
				p.until("see that the pod is to go", func() bool {
					out, err := p.kubectl("get", "pods", "-l", "weir.io/component=engine", "-o", "jsonpath={.items[0].metadata.deletionTimestamp}")
					return err == nil && out != ""
				})
				p.progress() // nobody tells it
			}
			kubernetes.Must(t, "resume", "kubelet2")
			p.ready("node2", "True")
			if tt.seconds >= 0 {
				p.runsNew(first)
			} else if now := p.runsNew(); now != first {
				t.Errorf("job %s runs in place of %s, whose pod was never in danger", now, first)
			}
			p.progress()
			p.finish(many)
		})
	}
}

// ready waits until a node is said to be ready, or not.
func (p *platform) ready(node, status string) {
	p.t.Helper()
	p.until("see "+node+" ready: "+status, func() bool {
		out, err := p.kubectl("get", "node", node, "-o", `jsonpath={.status.conditions[?(@.type=="Ready")].status}`)
		return err == nil && out == status
	})
}

// TestANodeIsDeleted takes a machine away for good, and its node from
// Kubernetes: that is the proof that the job has ended, and another one starts.
func TestANodeIsDeleted(t *testing.T) {
	p, first := begin(t, on("", -1), func(template map[string]any) {
		pods := template["kubernetes"].(map[string]any)["pods"].(map[string]any)
		pods["affinity"] = map[string]any{"nodeAffinity": map[string]any{"preferredDuringSchedulingIgnoredDuringExecution": []any{map[string]any{
			"weight": 100, "preference": map[string]any{"matchExpressions": []any{map[string]any{"key": "kubernetes.io/hostname", "operator": "In", "values": []any{"node2"}}}},
		}}}}
	})
	pod := p.mainPod()
	if node, err := p.kubectl("get", "pod", pod, "-o", "jsonpath={.spec.nodeName}"); err != nil || node != "node2" {
		t.Fatalf("the pod is on %s, %v", node, err)
	}
	t.Cleanup(func() {
		kubernetes.Must(t, "heal", "2")
		kubernetes.Must(t, "restart", "kubelet2")
		p.ready("node2", "True")
	})
	kubernetes.Must(t, "partition", "2")
	kubernetes.Must(t, "kill", "kubelet2")
	killMain(t, p.namespace, pod) // nobody sees that
	p.untilSaid("node2", "may run")
	if now := p.newestJob().Metadata.ID; now != first {
		t.Errorf("job %s was made although nobody knows how %s ended", now, first)
	}
	if out, err := p.kubectl("delete", "node", "node2"); err != nil {
		t.Fatal(out, err)
	}
	p.runsNew(first)
	p.finish(many)
}

// TestNodesAreDrained upgrades all nodes as administrators do, one after
// another, by the eviction API.
func TestNodesAreDrained(t *testing.T) {
	p, _ := begin(t)
	for _, node := range []string{"node1", "node2", "node1"} {
		if out, err := p.kubectl("drain", node, "--force", "--ignore-daemonsets", "--delete-emptydir-data", "--timeout=300s",
			"--pod-selector=app.kubernetes.io/managed-by=weir"); err != nil {
			t.Fatal(out, err)
		}
		t.Cleanup(func() { _, _ = p.kubectl("uncordon", node) })
		if at, err := p.kubectl("get", "pod", p.mainPod(), "-o", "jsonpath={.spec.nodeName}"); err != nil || at == node {
			t.Errorf("a pod is on %s, which was drained, %v", at, err)
		}
		p.runsNew()
		p.progress()
		if out, err := p.kubectl("uncordon", node); err != nil {
			t.Fatal(out, err)
		}
	}
	if n := len(p.jobs("orders")); n < 3 {
		t.Errorf("%d jobs: no pod was evicted", n)
	}
	p.finish(many)
}

// TestAPodIsPreempted fills the job's node with a pod that counts more.
func TestAPodIsPreempted(t *testing.T) {
	ns := namespace(t)
	p := newPlatform(t, ns, "")
	class := "urgent-" + ns
	if out, err := p.kubectl("create", "priorityclass", class, "--value=1000"); err != nil {
		t.Fatal(out, err)
	}
	t.Cleanup(func() { _, _ = p.kubectl("delete", "priorityclass", class) })
	p.deploy(numbered(p.folder, many, 100), 1, on("node2", -1), func(template map[string]any) {
		template["resources"] = map[string]any{"taskmanager": map[string]any{"cpu": 1.2, "memory": "512m"}}
	})
	first := p.runsNew()
	p.lookAllTheTime()
	p.progress()
	if _, err := kubernetes.Kubectl(`{"apiVersion":"v1","kind":"Pod","metadata":{"name":"urgent"},"spec":{"priorityClassName":"`+class+`","restartPolicy":"Never",
"nodeSelector":{"kubernetes.io/hostname":"node2"},"terminationGracePeriodSeconds":1,
"containers":[{"name":"c","image":"weir.local/busybox:1","imagePullPolicy":"IfNotPresent","command":["sleep","100000"],"resources":{"requests":{"cpu":"1200m"}}}]}}`, "-n", ns, "create", "-f", "-"); err != nil {
		t.Fatal(err)
	}
	p.untilSaid("Insufficient cpu", "resources")
	p.untilTold(first, "higher priority")
	if out, err := p.kubectl("delete", "pod", "urgent"); err != nil {
		t.Fatal(out, err)
	}
	p.runsNew(first)
	p.finish(many)
}

// untilTold waits until the record of a job says how it ended.
func (p *platform) untilTold(job string, text string) {
	p.t.Helper()
	p.until("be told "+text+" of a job that ended", func() bool {
		j, err := p.api.Jobs(p.team).Get(ctx(), job)
		return err == nil && strings.Contains(j.Status.Failure.Message, text)
	})
}

// TestWithoutTheAPIServerJobsRunOn lets the API server hang for a minute: jobs
// run, are seen to run, and what needs it waits.
func TestWithoutTheAPIServerJobsRunOn(t *testing.T) {
	p, first := begin(t)
	kubernetes.Must(t, "pause", "apiserver")
	resumed := false
	resume := func() {
		if !resumed {
			resumed = true
			kubernetes.Must(t, "resume", "apiserver")
		}
	}
	defer resume()
	for end := time.Now().Add(40 * time.Second); time.Now().Before(end); time.Sleep(time.Second) {
		if d := p.get("orders"); d.Status.State != resource.StateRunning || d.Status.Running.JobID != first {
			t.Fatalf("without the API server it is %s: %s", d.Status.State, d.Status.Message)
		}
	}
	p.progress()
	p.weir("scale", "orders", "--parallelism", "2")
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(time.Second) {
		if n := len(p.jobs("orders")); n > 2 {
			t.Fatalf("%d jobs were made while nothing could be started", n)
		}
	}
	resume()
	p.runsNew(first)
	p.finish(many)
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
