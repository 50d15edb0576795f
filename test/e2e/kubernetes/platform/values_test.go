package platform_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/weir-streams/weir/test/kubernetes"
)

// serviceMonitors is as much of Prometheus' operator as it takes to have its
// resource accepted.
const serviceMonitors = `{"apiVersion":"apiextensions.k8s.io/v1","kind":"CustomResourceDefinition","metadata":{"name":"servicemonitors.monitoring.coreos.com"},
"spec":{"group":"monitoring.coreos.com","scope":"Namespaced","names":{"kind":"ServiceMonitor","listKind":"ServiceMonitorList","plural":"servicemonitors","singular":"servicemonitor"},
"versions":[{"name":"v1","served":true,"storage":true,"schema":{"openAPIV3Schema":{"type":"object","properties":{"spec":{"type":"object","required":["selector","endpoints"],"properties":{
"selector":{"type":"object","properties":{"matchLabels":{"type":"object","additionalProperties":{"type":"string"}}}},
"endpoints":{"type":"array","items":{"type":"object","properties":{"port":{"type":"string"},"path":{"type":"string"},"interval":{"type":"string","pattern":"^[0-9]+(s|m|h)$"}}}}}}}}}}]}}`

// TestEverySetOfValuesIsTaken has the API server check all objects that the
// chart makes of its sets of values, network policies, ingresses and monitors
// among them, in namespaces that want restricted pods.
func TestEverySetOfValuesIsTaken(t *testing.T) {
	for _, name := range []string{"weir", "team-a", "team-b"} {
		kubernetes.Namespace(t, name, "pod-security.kubernetes.io/enforce=restricted", "pod-security.kubernetes.io/warn=restricted")
	}
	if _, err := kubernetes.Kubectl(serviceMonitors, "apply", "-f", "-"); err != nil {
		t.Fatal(err)
	}
	if _, err := kubernetes.Kubectl("", "wait", "--for=condition=Established", "--timeout=120s", "crd/servicemonitors.monitoring.coreos.com"); err != nil {
		t.Fatal(err)
	}
	sets, err := filepath.Glob("../../../../deploy/helm/ci/*.yaml")
	if err != nil || len(sets) < 5 {
		t.Fatalf("%d sets of values, %v", len(sets), err)
	}
	for _, set := range sets {
		t.Run(filepath.Base(set), func(t *testing.T) {
			render := exec.Command(helmProgram, "template", "streams", "../../../../deploy/helm", "--namespace", "weir", "--kube-version", "1.34.0", "-f", set)
			render.Env = append(os.Environ(), "HOME="+t.TempDir())
			manifests, err := render.Output()
			if err != nil {
				t.Fatal(err)
			}
			apply := exec.Command("kubectl", "apply", "--dry-run=server", "--validate=strict", "-f", "-")
			apply.Stdin = strings.NewReader(string(manifests))
			out, err := apply.CombinedOutput()
			if err != nil || strings.Contains(string(out), "Warning") {
				t.Errorf("%v: %s", err, out)
			}
		})
	}
}
