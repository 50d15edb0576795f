package platform_test

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/weir-streams/weir/test/kubernetes"
)

// volume makes a volume for the claim of the chart, since no provisioner is there.
func volume(t *testing.T, namespace string) {
	t.Helper()
	dir, err := os.MkdirTemp("", "weir-volume")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o777); err != nil { // such volumes have no owner of their own
		t.Fatal(err)
	}
	name := "weir-" + namespace
	if _, err := kubernetes.Kubectl(fmt.Sprintf(`{"apiVersion":"v1","kind":"PersistentVolume","metadata":{"name":%q},"spec":{"capacity":{"storage":"8Gi"},"accessModes":["ReadWriteOnce"],
"hostPath":{"path":%q},"claimRef":{"namespace":%q,"name":"streams-weir"}}}`, name, dir, namespace), "create", "-f", "-"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = kubernetes.Kubectl("", "delete", "persistentvolume", name, "--wait=false") })
}

// TestJobsDoNotNoticeThePlatform installs the platform with its database in a
// volume, as a user that nobody chose, upgrades it and kills it while a job runs
// in a pod with its state in a bucket.
func TestJobsDoNotNoticeThePlatform(t *testing.T) {
	const rows = 6_000
	ns := newNamespace(t, "users=chosen")
	chosenUsers(t, ns)
	volume(t, ns)
	s := newServers(t)
	values := s.blobs()
	merge(values, map[string]any{"openshift": true, "vvp": map[string]any{"flinkUser": 0}})
	p := install(t, ns, values)
	for _, pod := range strings.Fields(p.kubectl("get", "pods", "-o", "jsonpath={.items[*].metadata.name}")) {
		if user := p.kubectl("get", "pod", pod, "-o", "jsonpath={.spec.securityContext.runAsUser}"); user != chosenUser {
			t.Errorf("pod %s runs as user %q", pod, user)
		}
	}
	// The server looks nowhere else, and into nothing that is not its own.
	account := "system:serviceaccount:" + ns + ":" + p.name
	for _, cannot := range []string{"list pods --all-namespaces", "get secrets -n kube-system", "list nodes", "list secrets", "create pods --subresource=exec", "get pods --subresource=proxy", "patch pods", "list namespaces"} {
		out, _ := kubernetes.Kubectl("", append([]string{"-n", ns, "auth", "can-i", "--as", account}, strings.Fields(cannot)...)...)
		if strings.TrimSpace(out) != "no" {
			t.Errorf("the server may %s: %s", cannot, out)
		}
	}

	p.deploy("orders", s.numbered(rows, 100))
	p.weir("wait", "orders", "--for", "running")
	l := p.lifeOf()
	s.grows(t)
	unharmed := func(after string) {
		t.Helper()
		p.ready()
		p.weir("wait", "orders", "--for", "running")
		s.grows(t)
		if now := p.lifeOf(); now != l {
			t.Fatalf("after %s the job is %+v, was %+v", after, now, l)
		}
	}

	p.upgrade(map[string]any{"image": map[string]any{"tag": nextTag}})
	if image := p.kubectl("get", "pods", "-l", "app.kubernetes.io/component=server", "-o", "jsonpath={.items[*].spec.containers[0].image}"); !strings.Contains(image, nextTag) {
		t.Errorf("after the upgrade the server is %s", image)
	}
	unharmed("an upgrade")

	p.kubectl("delete", "pods", "-l", "app.kubernetes.io/component=server", "--grace-period=0", "--force")
	unharmed("its server's pod was deleted")

	killServer(t, ns)
	unharmed("its server was killed")

	if keys := s.s3.Keys(t, "streams", "weir/state/"); len(keys) == 0 {
		t.Error("no state is in the bucket")
	}

	// With the state that it left, on another parallelism.
	began := time.Now()
	p.weir("scale", "orders", "--parallelism", "2")
	p.weir("wait", "orders", "--for", "running")
	t.Logf("at another parallelism, with its state from the bucket, after %s", time.Since(began).Round(10*time.Millisecond))
	if now := p.lifeOf(); now.job == l.job {
		t.Errorf("after scaling, job %s still runs", now.job)
	}
	p.weir("wait", "orders", "--for", "finished")
	s.wantAll(t, rows)
	p.remove("orders")

	p.makesFlink()

	p.helm("uninstall", "streams", "--wait")
	if out := p.kubectl("get", "secret,persistentvolumeclaim", "-o", "name"); !strings.Contains(out, "secret/streams-weir") || !strings.Contains(out, "persistentvolumeclaim/streams-weir") {
		t.Errorf("keys and database should outlive the release: %s", out)
	}
}

// makesFlink wants that the server may make all objects of a highly available
// Flink, and remove them. No registry is there to have its image from, which is
// the first thing that goes wrong.
func (p *platform) makesFlink() {
	p.t.Helper()
	target := fmt.Sprintf(`{"kind":"DeploymentTarget","apiVersion":"v1","metadata":{"name":"flink"},"spec":{"launcher":"kubernetes","kubernetes":{"namespace":%q,"engine":"flink"}}}`, p.namespace)
	if out, err := p.try(target, "apply", "-f", "-"); err != nil {
		p.t.Fatalf("apply: %v: %s", err, out)
	}
	d := deployment("available", p.team, "CREATE TEMPORARY TABLE n (i BIGINT) WITH ('connector' = 'datagen');\nCREATE TEMPORARY TABLE o (i BIGINT) WITH ('connector' = 'blackhole');\nINSERT INTO o SELECT i FROM n;")
	spec := d["spec"].(map[string]any)
	spec["deploymentTargetName"] = "flink"
	spec["template"].(map[string]any)["spec"].(map[string]any)["flinkConfiguration"] = map[string]any{
		"high-availability.type": "kubernetes", "high-availability.storageDir": "s3://streams/available",
	}
	b, err := json.Marshal(d)
	if err != nil {
		p.t.Fatal(err)
	}
	if out, err := p.try(string(b), "apply", "-f", "-"); err != nil {
		p.t.Fatalf("apply: %v: %s", err, out)
	}
	until(p.t, "be told that the image cannot be had", func() bool {
		out, err := p.try("", "describe", "deployment", "available")
		if strings.Contains(out, "forbidden") {
			p.t.Fatalf("a right is missing: %s", out)
		}
		return err == nil && strings.Contains(out, "ImagePull")
	})
	if out := p.kubectl("get", "serviceaccounts,roles,rolebindings,services,deployments", "-l", "app.kubernetes.io/managed-by=weir", "-o", "name"); strings.Count(out, "/") < 6 {
		p.t.Errorf("of Flink there are only %s", out)
	}
	p.remove("available")
}

// killServer ends the server's process from outside.
func killServer(t *testing.T, namespace string) {
	t.Helper()
	uids, err := kubernetes.Kubectl("", "-n", namespace, "get", "pods", "-l", "app.kubernetes.io/component=server", "-o", "jsonpath={.items[*].metadata.uid}")
	if err != nil {
		t.Fatal(err)
	}
	if n := killPods(t, strings.Fields(uids)...); n == 0 {
		t.Fatal("no process of the server is found")
	}
}
