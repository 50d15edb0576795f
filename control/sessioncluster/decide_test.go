package sessioncluster

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/datadriven"

	"github.com/weir-streams/weir/cluster"
	"github.com/weir-streams/weir/control"
	"github.com/weir-streams/weir/resource"
)

var noon = time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)

// Snapshots in words, plans in words. Rewrite with: go test ./control/sessioncluster -rewrite
func TestDecide(t *testing.T) {
	datadriven.Walk(t, "testdata", func(t *testing.T, path string) {
		datadriven.RunTest(t, path, func(t *testing.T, td *datadriven.TestData) string {
			seen := parse(t, td.Input)
			return describe(seen.Status, decide(noon, seen))
		})
	})
}

// parse reads lines of words: "wanted RUNNING", "is STARTING since=3 launched=3
// attempts=1 generation=1", "cluster answers", "job orders", "target missing".
func parse(t *testing.T, input string) *snapshot {
	seen := &snapshot{target: target{launcher: "process"}}
	seen.Metadata = resource.Metadata{ID: "c", Name: "shared", Namespace: "default", Generation: 1}
	seen.Spec.NumberOfTaskManagers = 1
	for line := range strings.Lines(input) {
		words, set := []string{}, map[string]string{}
		for _, w := range strings.Fields(line) {
			if k, v, ok := strings.Cut(w, "="); ok {
				set[k] = v
			} else {
				words = append(words, w)
			}
		}
		number := func(key string) int { n, _ := strconv.Atoi(set[key]); return n }
		ago := func(key string) resource.Time {
			if set[key] == "" {
				return resource.Time{}
			}
			return resource.At(noon.Add(-time.Duration(number(key)) * time.Second))
		}
		switch words[0] {
		case "wanted":
			seen.Spec.State = resource.SessionState(words[1])
			seen.Spec.NumberOfTaskManagers = max(number("managers"), 1)
			seen.Metadata.Generation = max(number("generation"), 1)
		case "is":
			seen.Status = resource.SessionClusterStatus{
				State: resource.SessionState(words[1]), Since: ago("since"), LaunchedAt: ago("launched"), Attempts: number("attempts"),
				Generation: max(number("generation"), 1), Incarnation: "before", Launcher: "process", NumberOfTaskManagers: max(number("managers"), 1),
				Running: resource.SessionClusterRunning{StartedAt: ago("started")}, Failure: resource.Failure{Reason: set["failure"]},
			}
		case "message":
			seen.Status.Message = strings.TrimSpace(strings.TrimPrefix(line, "message "))
		case "cluster":
			switch words[1] {
			case "answers":
				seen.sight = control.Sight{Presence: cluster.Present, Answers: true}
			case "silent":
				seen.sight = control.Sight{Presence: cluster.Present, Message: "no answer"}
			case "broken":
				seen.sight = control.Sight{Presence: cluster.Present, Broken: true, Message: "exited with status 1"}
			case "absent":
				seen.sight = control.Sight{Presence: cluster.Absent}
			case "unknown":
				seen.sight = control.Sight{Message: "the machine does not answer"}
			default:
				t.Fatalf("what is a cluster that is %q?", words[1])
			}
		case "job":
			seen.jobs = append(seen.jobs, resource.Job{Metadata: resource.Metadata{ID: words[1], DeploymentName: words[1]}})
		case "target":
			seen.target = target{problem: `deployment target "far" does not exist`}
		default:
			t.Fatalf("what is a %q?", words[0])
		}
	}
	return seen
}

func describe(was resource.SessionClusterStatus, p plan) string {
	var b strings.Builder
	if p.terminate {
		b.WriteString("terminate\n")
	}
	s := p.status
	fmt.Fprintf(&b, "status %s", s.State)
	if s.Incarnation != was.Incarnation {
		b.WriteString(" new incarnation")
	}
	if s.Attempts > 0 {
		fmt.Fprintf(&b, " attempts=%d", s.Attempts)
	}
	if s.NumberOfTaskManagers != was.NumberOfTaskManagers {
		fmt.Fprintf(&b, " managers=%d", s.NumberOfTaskManagers)
	}
	if s.Failure.Reason != "" {
		fmt.Fprintf(&b, " failure=%s", s.Failure.Reason)
	}
	if s.Message != "" {
		fmt.Fprintf(&b, " %q", s.Message)
	}
	b.WriteString("\n")
	if p.launch {
		b.WriteString("launch\n")
	}
	for _, e := range p.events {
		fmt.Fprintf(&b, "event %s: %s\n", e.Name, e.Message)
	}
	if p.again.IsZero() {
		b.WriteString("sleep\n")
	} else {
		fmt.Fprintf(&b, "again in %s\n", p.again.Sub(noon))
	}
	return b.String()
}
