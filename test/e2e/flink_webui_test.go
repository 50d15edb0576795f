package e2e

import (
	"testing"

	"github.com/weir-streams/weir/resource"
	"github.com/weir-streams/weir/test/flink"
)

// TestFlinkWebUI looks at a job of the engine and at one of Flink in Flink's own
// web UI, by the links of their deployments. WEIR_LOOK may name a folder for
// pictures of what is seen.
func TestFlinkWebUI(t *testing.T) {
	unlessAll(t)
	p := onFlink(t, flink.Newest)
	p.deployOnFlink("on-flink", countingSQL)
	p.deploy("on-engine", countingSQL, nil)
	for _, name := range []string{"on-flink", "on-engine"} {
		p.settle(name, resource.StateRunning)
		p.saved(name)
	}
	play(t, p, "flinkUI")
	p.removeAll("on-flink", "on-engine")
}
