package e2e

import (
	"path/filepath"
	"testing"

	"github.com/weir-streams/weir/resource"
)

// TestEmbeddedTarget runs a deployment inside the server. It ends with the
// server, and goes on from its newest checkpoint with the next one.
func TestEmbeddedTarget(t *testing.T) {
	t.Parallel()
	p := startPlatform(t)
	in := flights(t, p.data, flightsRead)
	want := undisturbed(t, in)
	out := filepath.Join(p.data, "out")
	if _, err := p.api.Targets("default").Create(p.ctx(), map[string]any{"metadata": map[string]any{"name": "here"}, "spec": map[string]any{"launcher": "embedded"}}); err != nil {
		t.Fatal(err)
	}
	p.deploy("delays", delays(in, out, "", rowsASecond), map[string]any{"deploymentTargetName": "here"})
	p.settle("delays", resource.StateRunning)
	if n := len(p.engines()); n != 0 {
		t.Errorf("%d engine processes run for an embedded deployment", n)
	}
	p.until("delays", "writing", func(resource.Deployment) bool { return len(output(t, out)) > 20 })
	p.patch("delays", template(map[string]any{"parallelism": 2}))
	p.running("delays", 2)
	p.until("delays", "further on", func(resource.Deployment) bool { return len(output(t, out)) > 200 })
	p.stop()
	p.start()
	p.until("delays", "further on", func(resource.Deployment) bool { return len(output(t, out)) > 400 })
	p.kill()
	p.start()
	p.settle("delays", resource.StateFinished)
	checkOutput(t, p, "delays", output(t, out), want)
}
