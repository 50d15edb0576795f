package platform_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/weir-streams/weir/test/kubernetes"
)

// inGit is a manifest as it lies in git.
func inGit(namespace, name string, spec string) string {
	return fmt.Sprintf(`apiVersion: weir.io/v1alpha1
kind: WeirDeployment
metadata: {name: %s, namespace: %s}
spec: %s
`, name, namespace, spec)
}

func endless(parallelism int) string {
	b, _ := json.Marshal(map[string]any{ // of strings and numbers
		"state": "RUNNING", "upgradeStrategy": map[string]any{"kind": "STATEFUL"},
		"template": map[string]any{"spec": map[string]any{
			"parallelism": parallelism,
			"artifact": map[string]any{"kind": "SQLSCRIPT", "sqlScript": `CREATE TEMPORARY TABLE n (i BIGINT) WITH ('connector' = 'datagen', 'rows-per-second' = '20');
CREATE TEMPORARY TABLE o (i BIGINT) WITH ('connector' = 'blackhole');
INSERT INTO o SELECT i FROM n;`},
			"flinkConfiguration": map[string]any{"taskmanager.numberOfTaskSlots": 4}, // a number, as people write it
		}},
	})
	return string(b)
}

// mirrored is a field of the resource, as kubectl prints it.
func (p *platform) mirrored(name, path string) string {
	out, err := kubernetes.Kubectl("", "-n", p.namespace, "get", "weirdeployment", name, "-o", "jsonpath="+path)
	if err != nil {
		return ""
	}
	return strings.TrimSpace(out)
}

func (p *platform) condition(name, kind string) string {
	return p.mirrored(name, `{.status.conditions[?(@.type=="`+kind+`")].status}`)
}

func (p *platform) apply(manifest string) {
	p.t.Helper()
	if _, err := kubernetes.Kubectl(manifest, "apply", "-f", "-"); err != nil {
		p.t.Fatal(err)
	}
}

// TestDeploymentsLieInGit has the chart's operator bring a resource of
// Kubernetes to the platform and back, under a Role that lets it do nothing else.
func TestDeploymentsLieInGit(t *testing.T) {
	ns := newNamespace(t)
	volume(t, ns)
	s := newServers(t)
	// As after an upgrade of the chart, which leaves definitions alone.
	if _, err := kubernetes.Kubectl("", "apply", "--server-side", "--force-conflicts", "-f", "../../../../deploy/helm/crds"); err != nil {
		t.Fatal(err)
	}
	values := s.blobs()
	merge(values, map[string]any{"vvp": map[string]any{"k8sOperator": map[string]any{"enabled": true}}})
	p := install(t, ns, values)
	p.kubectl("rollout", "status", "deployment/"+p.name+"-operator", "--timeout=10m")
	account := "system:serviceaccount:" + ns + ":" + p.name + "-operator"
	for _, cannot := range []string{"get secrets", "list pods", "create weirdeployments.weir.io", "delete weirdeployments.weir.io", "list weirdeployments.weir.io --all-namespaces", "create deployments.apps"} {
		out, _ := kubernetes.Kubectl("", append([]string{"-n", ns, "auth", "can-i", "--as", account}, strings.Fields(cannot)...)...)
		if strings.TrimSpace(out) != "no" {
			t.Errorf("the operator may %s: %s", cannot, out)
		}
	}

	// What Kubernetes knows to be wrong is refused at once, the rest by weir.
	if out, err := kubernetes.Kubectl(inGit(ns, "orders", `{state: RUNING}`), "apply", "-f", "-"); err == nil || !strings.Contains(err.Error(), "RUNNING") {
		t.Errorf("a wrong state: %s, %v", out, err)
	}
	p.apply(inGit(ns, "wrong", `{state: CANCELLED, template: {spec: {artifact: {kind: SQLSCRIPT}}}}`))
	until(t, "be told what is wrong", func() bool {
		return p.condition("wrong", "Failed") == "True" && strings.Contains(p.mirrored("wrong", "{.status.message}"), "sqlScript")
	})
	p.apply(inGit(ns, "wrong", `{state: CANCELLED, template: {spec: {paralelism: 2, artifact: {kind: SQLSCRIPT, sqlScript: "SELECT 1;"}}}}`))
	p.kubectl("wait", "--for=condition=Ready", "weirdeployment/wrong", "--timeout=10m")
	until(t, "be told which field means nothing", func() bool {
		out, err := kubernetes.Kubectl("", "-n", ns, "get", "events", "--field-selector", "reason=FieldLeftOut", "-o", "jsonpath={.items[*].message}")
		return err == nil && strings.Contains(out, "paralelism")
	})
	p.kubectl("delete", "weirdeployment", "wrong", "--timeout=5m")

	p.apply(inGit(ns, "orders", endless(1)))
	p.kubectl("wait", "--for=condition=Ready", "weirdeployment/orders", "--timeout=10m")
	until(t, "see it run", func() bool { return p.mirrored("orders", "{.status.state}") == "RUNNING" })
	l := p.lifeOf()
	if job := p.mirrored("orders", "{.status.jobId}"); job != l.job {
		t.Errorf("the status names job %q, and %q runs", job, l.job)
	}
	if out, err := kubernetes.Kubectl("", "-n", ns, "get", "weirdeployments"); err != nil || !strings.Contains(out, "RUNNING") {
		t.Errorf("%s, %v", out, err)
	}

	// An edit in weir stays, and is shown as a patch.
	p.weir("scale", "orders", "--parallelism", "2")
	p.weir("wait", "orders", "--for", "running")
	until(t, "see the edit", func() bool { return p.condition("orders", "Drifted") == "True" })
	if drift := p.mirrored("orders", "{.status.drift}"); drift != `{"template":{"spec":{"parallelism":2}}}` {
		t.Errorf("the drift is %s", drift)
	}
	file := filepath.Join(t.TempDir(), "orders.yaml")
	if err := os.WriteFile(file, []byte(inGit(ns, "orders", endless(1))), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := p.try("", "diff", "-f", file); err == nil || !strings.Contains(out, "edited elsewhere") || !strings.Contains(out, "-    parallelism: 2") {
		t.Errorf("diff: %s, %v", out, err)
	}
	// The operator has looked at everything again once it has brought another
	// resource, and a change that is none, with the same manifest.
	p.apply(inGit(ns, "orders", endless(1)))
	p.apply(inGit(ns, "other", `{state: CANCELLED, template: {spec: {artifact: {kind: SQLSCRIPT, sqlScript: "SELECT 1;"}}}}`))
	p.kubectl("wait", "--for=condition=Ready", "weirdeployment/other", "--timeout=10m")
	if got := p.weir("get", "deployment", "orders", "-o", "yaml"); !strings.Contains(got, "parallelism: 2") || p.condition("orders", "Drifted") != "True" {
		t.Errorf("the edit was taken back: %s", got)
	}
	p.kubectl("delete", "weirdeployment", "other", "--timeout=5m")

	// Git's next change wins, and says what it replaced.
	p.apply(inGit(ns, "orders", endless(3)))
	until(t, "have git's change", func() bool {
		return p.condition("orders", "Drifted") == "False" && strings.Contains(p.weir("get", "deployment", "orders", "-o", "yaml"), "parallelism: 3")
	})
	p.weir("wait", "orders", "--for", "running")
	until(t, "see what was replaced", func() bool {
		out, err := kubernetes.Kubectl("", "-n", ns, "get", "events", "--field-selector", "reason=EditReplaced", "-o", "jsonpath={.items[*].message}")
		return err == nil && strings.Contains(out, `"parallelism":2`)
	})

	// The operator is away, and what happens meanwhile is not lost.
	p.kubectl("scale", "deployment/"+p.name+"-operator", "--replicas=0")
	until(t, "have no operator", func() bool {
		out, err := kubernetes.Kubectl("", "-n", ns, "get", "pods", "-l", "app.kubernetes.io/component=operator", "-o", "name")
		return err == nil && strings.TrimSpace(out) == ""
	})
	p.kubectl("delete", "weirdeployment", "orders", "--wait=false")
	p.kubectl("scale", "deployment/"+p.name+"-operator", "--replicas=1")
	p.kubectl("wait", "--for=delete", "weirdeployment/orders", "--timeout=10m")
	if out, err := p.try("", "get", "deployment", "orders"); err == nil {
		t.Errorf("the deployment is still there: %s", out)
	}
	p.wantNothingLeft()
}
