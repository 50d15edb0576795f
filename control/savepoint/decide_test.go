package savepoint

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/datadriven"

	"github.com/weir-streams/weir/cluster"
	"github.com/weir-streams/weir/control"
	"github.com/weir-streams/weir/flink"
	"github.com/weir-streams/weir/resource"
)

var noon = time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)

// Snapshots in words, plans in words. Times are seconds before now. Rewrite
// with: go test ./control/savepoint -rewrite
func TestDecide(t *testing.T) {
	datadriven.Walk(t, "testdata", func(t *testing.T, path string) {
		datadriven.RunTest(t, path, func(t *testing.T, td *datadriven.TestData) string {
			return describe(decide(noon, parse(t, td.Input)))
		})
	})
}

func parse(t *testing.T, input string) *snapshot {
	seen := &snapshot{}
	for line := range strings.Lines(input) {
		words, set := []string{}, map[string]string{}
		for _, w := range strings.Fields(line) {
			if k, v, ok := strings.Cut(w, "="); ok {
				set[k] = strings.ReplaceAll(v, "_", " ")
			} else {
				words = append(words, w)
			}
		}
		number := func(key string) int64 {
			n, err := strconv.ParseInt(set[key], 10, 64)
			if err != nil {
				t.Fatalf("%s: %s: %v", line, key, err)
			}
			return n
		}
		savepoint := func() resource.Savepoint {
			p := resource.Savepoint{Metadata: resource.Metadata{ID: words[1], JobID: "a"}}
			p.Status.State = resource.SavepointState(words[2])
			p.Spec.SavepointLocation = set["into"]
			p.Spec.StopJob = set["stops"] == "yes"
			if set["asked"] != "" {
				p.Status.Asked = resource.At(noon.Add(-time.Duration(number("asked")) * time.Second))
			}
			return p
		}
		if len(words) == 0 {
			continue
		}
		switch words[0] {
		case "savepoint":
			seen.Savepoint = savepoint()
		case "other":
			seen.others = append(seen.others, savepoint())
		case "job":
			seen.job.Metadata.ID = "a"
			seen.job.Status.State = resource.JobState(words[1])
			seen.job.Spec.FlinkConfiguration = map[string]string{control.KeyCheckpointDir: "/ck/a"}
			if set["dir"] != "" {
				seen.job.Spec.FlinkConfiguration[control.KeySavepointDir] = set["dir"]
			}
			if set["known"] != "" {
				seen.job.Status.LatestCheckpoint = resource.CheckpointRef{ID: number("known"), Location: "/ck/a/chk"}
			}
		case "poll":
			seen.poll.answered = true
			switch words[1] {
			case "not-found":
			case "completed":
				seen.poll.known, seen.poll.result = true, flink.SavepointResult{State: flink.Completed, Location: set["at"]}
			case "failed":
				seen.poll.known, seen.poll.result = true, flink.SavepointResult{State: flink.Failed, Failure: set["cause"]}
			default:
				seen.poll.known, seen.poll.result = true, flink.SavepointResult{State: flink.InProgress}
			}
		case "cluster":
			s := &seen.sight
			switch words[1] {
			case "absent":
				s.Presence, s.Message = cluster.Absent, "no such cluster"
			case "broken":
				s.Presence, s.Broken, s.Message = cluster.Present, true, "exited with status 1"
			case "silent":
				s.Presence, seen.poll.err = cluster.Present, "connection refused"
			default:
				s.Presence, s.Answers, s.Points, s.Status = cluster.Present, true, true, flink.JobStatus(words[1])
				if set["lists"] != "" {
					s.Savepoints = []control.SavepointSeen{{CheckpointRef: resource.CheckpointRef{
						ID: number("number"), Location: set["lists"], CompletedAt: resource.At(noon.Add(-time.Second)),
					}, SizeBytes: 77}}
				}
			}
		case "disk":
			seen.searched = true
			seen.stored = set["has"]
		default:
			t.Fatalf("what is a %q?", words[0])
		}
	}
	return seen
}

func describe(p plan) string {
	var b strings.Builder
	fmt.Fprint(&b, p.status.State)
	if !p.status.Asked.IsZero() && p.status.State == resource.SavepointStarted {
		fmt.Fprint(&b, ", asked")
	}
	if p.location != "" {
		fmt.Fprintf(&b, " %s", p.location)
	}
	if n := p.annotations[control.AnnotationCheckpointID]; n != "" {
		fmt.Fprintf(&b, ", number %s, %d bytes", n, p.status.SizeBytes)
	}
	if p.status.Failure.Reason != "" {
		fmt.Fprintf(&b, " (%s): %s", p.status.Failure.Reason, p.status.Failure.Message)
	}
	b.WriteByte('\n')
	if p.trigger {
		fmt.Fprintln(&b, "trigger")
	}
	for _, e := range p.events {
		fmt.Fprintf(&b, "event %s\n", e.Name)
	}
	if !p.again.IsZero() {
		fmt.Fprintf(&b, "again in %s\n", p.again.Sub(noon))
	}
	return b.String()
}
