package kubernetes_test

import (
	"strings"
	"testing"

	"github.com/weir-streams/weir/test/kubernetes"
)

// TestTheImageRuns runs the binary in a pod that restricted pod security admits.
func TestTheImageRuns(t *testing.T) {
	ns := kubernetes.Namespace(t, "image", "pod-security.kubernetes.io/enforce=restricted")
	if _, err := kubernetes.Kubectl(`{"apiVersion":"v1","kind":"Pod","metadata":{"name":"weir"},"spec":{"restartPolicy":"Never",
"securityContext":{"runAsNonRoot":true,"runAsUser":123456,"seccompProfile":{"type":"RuntimeDefault"}},
"containers":[{"name":"weir","image":"`+weirImage+`","args":["version"],
"securityContext":{"allowPrivilegeEscalation":false,"readOnlyRootFilesystem":true,"capabilities":{"drop":["ALL"]}}}]}}`, "-n", ns, "create", "-f", "-"); err != nil {
		t.Fatal(err)
	}
	if _, err := kubernetes.Kubectl("", "-n", ns, "wait", "--for=jsonpath={.status.phase}=Succeeded", "--timeout=120s", "pod/weir"); err != nil {
		t.Fatal(err)
	}
	out, err := kubernetes.Kubectl("", "-n", ns, "logs", "weir")
	if err != nil || !strings.Contains(out, "weir") {
		t.Errorf("the pod says %q, %v", out, err)
	}
}
