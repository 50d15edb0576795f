package namespace

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/datadriven"

	"github.com/weir-streams/weir/resource"
)

var noon = time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)

// Snapshots in words, plans in words. Rewrite with: go test ./control/namespace -rewrite
func TestDecide(t *testing.T) {
	datadriven.RunTest(t, "testdata/decide.txt", func(t *testing.T, td *datadriven.TestData) string {
		var since int
		td.MaybeScanArgs(t, "since", &since)
		seen := parse(t, td.Input)
		seen.Status = resource.NamespaceStatus{Phase: resource.NamespaceTerminating, Since: resource.At(noon.Add(-time.Duration(since) * time.Second))}
		return describe(decide(noon, seen))
	})
}

func parse(t *testing.T, input string) (seen snapshot) {
	for line := range strings.Lines(input) {
		set, words := map[string]string{}, []string{}
		for _, w := range strings.Fields(line) {
			if k, v, ok := strings.Cut(w, "="); ok {
				set[k] = v
			} else {
				words = append(words, w)
			}
		}
		m := resource.Metadata{ID: words[1], Name: words[1]}
		switch words[0] {
		case "deployment":
			d := resource.Deployment{Metadata: m}
			d.Spec.State, d.Status.State = resource.State(set["wanted"]), resource.State(set["is"])
			seen.deployments = append(seen.deployments, d)
		case "cluster":
			s := resource.SessionCluster{Metadata: m}
			s.Spec.State, s.Status.State = resource.SessionState(set["wanted"]), resource.SessionState(set["is"])
			seen.clusters = append(seen.clusters, s)
		case "job":
			m.DeploymentName = "orders"
			j := resource.Job{Metadata: m}
			j.Status.State = resource.JobState(words[2])
			seen.live = append(seen.live, j)
		default:
			t.Fatalf("what is a %q?", words[0])
		}
	}
	return seen
}

func describe(p plan) string {
	var b strings.Builder
	for _, id := range p.cancel {
		fmt.Fprintln(&b, "cancel", id)
	}
	for _, id := range p.stop {
		fmt.Fprintln(&b, "stop", id)
	}
	if p.empty {
		fmt.Fprintln(&b, "remove all that is in it")
	}
	if p.finish {
		fmt.Fprintln(&b, "remove the namespace")
		return b.String()
	}
	fmt.Fprintf(&b, "%s\nagain in %s\n", p.message, p.again.Sub(noon))
	return b.String()
}
