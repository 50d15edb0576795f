package kubernetes_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/weir-streams/weir/test/kubernetes"
)

// limitedRights are those of decision 31 without the ones that only Flink's high
// availability needs.
const limitedRights = `
apiVersion: v1
kind: ServiceAccount
metadata: {name: limited}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: limited}
rules:
- {apiGroups: [""], resources: [pods, secrets, services, configmaps], verbs: ["*"]}
- {apiGroups: [""], resources: [events], verbs: [get, list]}
- {apiGroups: [apps], resources: [deployments], verbs: ["*"]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: limited}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: limited}
subjects: [{kind: ServiceAccount, name: limited}]
`

// TestHighAvailabilityNeedsRights has a server without the right to pass rights
// on: it refuses, and says what to do.
func TestHighAvailabilityNeedsRights(t *testing.T) {
	ns := namespace(t)
	if _, err := kubernetes.Kubectl(limitedRights, "-n", ns, "apply", "-f", "-"); err != nil {
		t.Fatal(err)
	}
	token, err := kubernetes.Kubectl("", "-n", ns, "create", "token", "limited")
	if err != nil {
		t.Fatal(err)
	}
	admin, err := os.ReadFile(os.Getenv("KUBECONFIG"))
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "limited")
	if err := os.WriteFile(file, admin, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{
		{"config", "set-credentials", "limited", "--token=" + strings.TrimSpace(token)},
		{"config", "set-context", "--current", "--user=limited"},
	} {
		if _, err := kubernetes.Kubectl("", append([]string{"--kubeconfig", file}, args...)...); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("KUBECONFIG", file)
	p := newPlatform(t, ns, "flink")
	p.deploy(endlessSQL, 1, func(template map[string]any) {
		template["flinkConfiguration"] = map[string]any{"high-availability.type": "kubernetes"}
	})
	p.untilSaid("needs a service account with all rights on config maps", "kubernetes.pods.serviceAccountName")
	p.weir("cancel", "orders")
	p.weir("wait", "orders", "--for", "cancelled")
	if out, err := p.kubectl("get", "pods,secrets,services,deployments", "-l", "app.kubernetes.io/managed-by=weir", "-o", "name"); err != nil || out != "" {
		t.Errorf("after it was refused there is %s, %v", out, err)
	}
	p.weir("delete", "deployment", "orders")
}

// TestPythonNeedsAnImageThatHasIt runs a Python program on an image without
// Python.
func TestPythonNeedsAnImageThatHasIt(t *testing.T) {
	p := newReachablePlatform(t, namespace(t), "flink")
	file := filepath.Join(t.TempDir(), "orders.py")
	if err := os.WriteFile(file, []byte("print('never')\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	uri := p.upload(file)
	p.deploy("", 1, func(template map[string]any) {
		template["artifact"] = map[string]any{"kind": "PYTHON", "pythonArtifactUri": uri}
	})
	p.untilSaid("there is no Python", "use an image that has Python and `apache-flink==")
	p.weir("cancel", "orders")
	p.weir("wait", "orders", "--for", "cancelled")
	p.weir("delete", "deployment", "orders")
}
