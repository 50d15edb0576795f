package savepoint

import (
	"errors"
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
	foreign := false
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
			p.Spec.Delete, p.Spec.Force = set["delete"] != "", set["delete"] == "force"
			if set["failed"] != "" {
				p.Status.Failure = resource.Failure{Message: "no", FailedAt: resource.At(noon.Add(-time.Duration(number("failed")) * time.Second))}
			}
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
		case "user":
			seen.removal.users = append(seen.removal.users, words[1])
		case "shared":
			seen.removal.other = words[1]
		case "foreign":
			foreign = true
		case "disk":
			seen.searched = true
			seen.stored = set["has"]
		default:
			t.Fatalf("what is a %q?", words[0])
		}
	}
	seen.removal.place = place{dir: seen.Spec.SavepointLocation, ours: !foreign}
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
	if p.erase != "" {
		fmt.Fprintf(&b, "erase %s\n", p.erase)
	}
	if p.drop {
		fmt.Fprintln(&b, "drop")
	}
	for _, e := range p.events {
		switch e.Name {
		case resource.EventTriggeredSavepointDeletion, resource.EventSuccessfullyDeletedSavepoint, resource.EventFailedToDeleteSavepoint:
			fmt.Fprintf(&b, "event %s: %s\n", e.Name, e.Message)
		default:
			fmt.Fprintf(&b, "event %s\n", e.Name)
		}
	}
	if !p.again.IsZero() {
		fmt.Fprintf(&b, "again in %s\n", p.again.Sub(noon))
	}
	return b.String()
}

func TestWhatAFailedRemovalLeadsTo(t *testing.T) {
	for _, tt := range []struct {
		name, input string
		drop        bool
		events      int
	}{
		{"the first time", "savepoint s DELETING delete=yes into=/sp/s", false, 1},
		{"by force", "savepoint s DELETING delete=force into=/sp/s", true, 1},
	} {
		seen := parse(t, tt.input)
		d := &decision{snapshot: seen, now: noon, plan: decide(noon, seen)}
		d.removalFailed(errors.New("no"))
		if d.drop != tt.drop || d.erase != "" || len(d.events) != tt.events || !tt.drop && (d.status.State != resource.SavepointFailedDeletion || d.again.IsZero()) {
			t.Errorf("%s: %+v", tt.name, d.plan)
		}
	}
	seen := parse(t, "savepoint s DELETING delete=yes into=/sp/s failed=600")
	d := &decision{snapshot: seen, now: noon, plan: decide(noon, seen)}
	if d.removalFailed(errors.New("no")); len(d.events) != 0 {
		t.Errorf("the same failure is told again: %+v", d.events)
	}
}

func TestPlaceOfASavepoint(t *testing.T) {
	const base = "file:///var/weir/state"
	for _, tt := range []struct {
		at, id, job string
		dir         string
		ours        bool
	}{
		{"file:/x/sp/1-2/savepoint-ab", "1-2", "3-4", "file:/x/sp/1-2", true},
		{"s3://b/sp/12/savepoint-ab", "1-2", "3-4", "s3://b/sp/12", true},
		{"file:///var/weir/state/ck/ns/jobs/3-4/34/chk-7", "9-9", "3-4", "file:/var/weir/state/ck/ns/jobs/3-4", true},
		{"/mine/34/chk-7", "9-9", "3-4", "file:/mine/34", true},
		{"file:///var/weir/state/sp/other/savepoint-1", "9-9", "", "file:/var/weir/state/sp/other/savepoint-1", true},
		{"file:///elsewhere/savepoint-1", "9-9", "3-4", "file:/elsewhere/savepoint-1", false},
		{"file:///var/weir/state", "9-9", "3-4", "file:/var/weir/state", false},
		{"file:///var/weir/state/../../../etc", "9-9", "3-4", "file:///var/weir/state/../../../etc", false},
		{"file:///var/weir/state/../1-2/x", "1-2", "3-4", "file:///var/weir/state/../1-2/x", false},
		{"file:///var/weir/state//a", "9-9", "3-4", "file:///var/weir/state//a", false},
		{"1-2", "1-2", "", "1-2", false},
		{"", "1-2", "", "", false},
	} {
		s := resource.Savepoint{Metadata: resource.Metadata{ID: tt.id, JobID: tt.job}, Spec: resource.SavepointSpec{SavepointLocation: tt.at}}
		if got := placeOf(s, base); got != (place{tt.dir, tt.ours}) {
			t.Errorf("%s: %+v, want %s %v", tt.at, got, tt.dir, tt.ours)
		}
	}
	full := resource.Savepoint{Metadata: resource.Metadata{ID: "1-2", JobID: "3-4", Type: resource.SavepointTypeFull}}
	full.Spec.SavepointLocation = "/sp/3-4/1-2/savepoint-1"
	if got := placeOf(full, base); got != (place{"file:/sp/3-4/1-2", true}) {
		t.Errorf("a savepoint below its job: %+v", got)
	}
	if got := placeOf(resource.Savepoint{Spec: resource.SavepointSpec{SavepointLocation: "/a/b"}}, ""); got.ours {
		t.Errorf("without a place of its own: %+v", got)
	}
}
