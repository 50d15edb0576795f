package kubernetes_test

import "testing"

// TestPodsAreRestricted runs an engine in a namespace that admits only
// restricted pods, as a user that no image knows.
func TestPodsAreRestricted(t *testing.T) {
	ns := namespace(t, "pod-security.kubernetes.io/enforce=restricted")
	p := newPlatform(t, ns, "")
	inPod := func(template map[string]any) {
		template["flinkConfiguration"] = map[string]any{"execution.checkpointing.dir": "file:///tmp/checkpoints"}
		template["kubernetes"] = map[string]any{"pods": map[string]any{"securityContext": map[string]any{"runAsUser": 1234567}}}
	}
	p.deploy(endlessSQL, 1, inPod)
	p.weir("wait", "orders", "--for", "running")
	p.weir("cancel", "orders")
	p.weir("wait", "orders", "--for", "cancelled")
	p.weir("delete", "deployment", "orders")
}
