package job

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
// with: go test ./control/job -rewrite
func TestDecide(t *testing.T) {
	datadriven.Walk(t, "testdata", func(t *testing.T, path string) {
		datadriven.RunTest(t, path, func(t *testing.T, td *datadriven.TestData) string {
			seen := parse(t, td.Input)
			return describe(seen, decide(noon, seen))
		})
	})
}

func parse(t *testing.T, input string) *snapshot {
	seen := &snapshot{}
	for line := range strings.Lines(input) {
		words, set := []string{}, map[string]string{}
		for _, w := range strings.Fields(line) {
			if k, v, ok := strings.Cut(w, "="); ok {
				set[k] = v
			} else {
				words = append(words, w)
			}
		}
		number := func(key string) int64 {
			if set[key] == "" {
				return 0
			}
			n, err := strconv.ParseInt(set[key], 10, 64)
			if err != nil {
				t.Fatalf("%s: %v", line, err)
			}
			return n
		}
		ago := func(key string) resource.Time {
			if set[key] == "" {
				return resource.Time{}
			}
			return resource.At(noon.Add(-time.Duration(number(key)) * time.Second))
		}
		checkpoint := func(key string) resource.CheckpointRef {
			n := number(key)
			if n == 0 {
				return resource.CheckpointRef{}
			}
			return resource.CheckpointRef{ID: n, Location: fmt.Sprintf("/ck/a/chk-%d", n), CompletedAt: resource.At(noon.Add(time.Duration(n) * time.Second))}
		}
		if len(words) == 0 {
			continue
		}
		switch words[0] {
		case "job":
			j := &seen.Job
			j.Metadata = resource.Metadata{ID: "a", Namespace: "default", DeploymentID: "d", Annotations: map[string]string{control.AnnotationLauncher: "process"}}
			j.Status.State = resource.JobState(words[1])
			j.Spec.SavepointLocation = set["from"]
			j.Spec.Stop = resource.StopMode(set["stop"])
			j.Spec.FlinkConfiguration = map[string]string{control.KeyCheckpointDir: "/ck/a"}
			j.Spec.DisasterCheckpointsDelay = int(number("every"))
			j.Spec.FlinkConfiguration[control.KeyNumRetained] = set["kept"]
			if n := number("fallback"); n > 0 {
				j.Metadata.Annotations[control.AnnotationFallback] = fmt.Sprintf("/ck/a/chk-%d", n)
				j.Metadata.Annotations[control.AnnotationFallbackID] = strconv.FormatInt(n, 10)
			}
			j.Metadata.Annotations[control.AnnotationRescale] = set["to"]
			j.Metadata.Annotations[control.AnnotationRescaleFrom] = strings.ReplaceAll(set["before"], ",", " ")
			j.Status.Started.StartedAt = ago("ran")
			j.Status.Started.ObservedFlinkJobStatus = set["flink"]
			j.Status.LatestCheckpoint = checkpoint("known")
			j.Status.Message = strings.ReplaceAll(set["message"], "_", " ")
			if r := set["failed"]; r != "" {
				j.Status.Failure = resource.Failure{Reason: r, Message: "it failed"}
			}
			for key, annotation := range map[string]string{"launched": control.AnnotationLaunched, "ending": control.AnnotationEnding, "warmed": control.AnnotationWarmed, "asked": control.AnnotationRescaleAsked} {
				if at := ago(key); !at.IsZero() {
					j.Metadata.Annotations[annotation] = control.NoteTime(at.Time)
				}
			}
		case "savepoint":
			p := resource.Savepoint{Metadata: resource.Metadata{ID: words[1], JobID: "a", Annotations: map[string]string{}}}
			p.Status.State = resource.SavepointState(words[2])
			p.Status.Asked = ago("asked")
			p.Status.CompletedAt = ago("done")
			p.Status.Failure.Reason = set["reason"]
			p.Spec.StopJob = set["stops"] == "yes"
			p.Spec.SavepointLocation = "/sp/" + words[1]
			if set["number"] != "" {
				p.Metadata.Annotations[control.AnnotationCheckpointID] = set["number"]
			}
			seen.savepoints = append(seen.savepoints, p)
		case "cluster":
			s := &seen.sight
			switch words[1] {
			case "absent":
				s.Presence, s.Message = cluster.Absent, "exited with status 1"
			case "unknown":
				s.Message = "the machine does not answer"
			case "silent":
				s.Presence, s.Message = cluster.Present, "connection refused"
			case "broken":
				s.Presence, s.Broken, s.Message = cluster.Present, true, "table orders not found"
			case "displaced":
				s.Presence, s.Broken, s.Displaced, s.Message = cluster.Present, true, true, "its pod was evicted"
			default:
				s.Presence, s.Answers, s.Points = cluster.Present, true, true
				if words[1] == "standby" {
					s.Standby = &flink.Standby{Ready: set["ready"] == "yes", Refused: strings.ReplaceAll(set["cause"], "_", " ")}
					break
				}
				s.Message = strings.ReplaceAll(set["threat"], "_", " ")
				if words[1] != "idle" {
					s.Status = flink.JobStatus(words[1])
				}
				s.Processing = set["tasks"] == "run"
				s.Parallelism = int(number("at"))
				s.Refused = set["refused"] == "yes"
				s.Failure = strings.ReplaceAll(set["cause"], "_", " ")
				s.Newest = checkpoint("checkpoint")
				s.NewestID = s.Newest.ID
				if s.NewestID > 0 {
					s.Past = []resource.CheckpointRef{s.Newest}
				}
				s.Restored.Location = set["restored"]
				if set["lists"] != "" {
					s.Savepoints = []control.SavepointSeen{{CheckpointRef: resource.CheckpointRef{ID: 99, Location: set["lists"]}}}
				}
			}
		case "disk":
			seen.found = checkpoint("checkpoint")
		default:
			t.Fatalf("what is a %q?", words[0])
		}
	}
	return seen
}

func describe(seen *snapshot, p plan) string {
	var b strings.Builder
	for _, deed := range []struct {
		done bool
		name string
	}{{p.cancel, "cancel the Flink job"}, {p.terminate, "remove the cluster"}} {
		if deed.done {
			fmt.Fprintln(&b, deed.name)
		}
	}
	if p.fallback != nil {
		fmt.Fprintf(&b, "record fallback %s\n", p.fallback.Spec.SavepointLocation)
	}
	if at := p.annotations[control.AnnotationFallback]; at != "" {
		fmt.Fprintf(&b, "keep %s in mind\n", at)
	}
	if p.back != nil {
		fmt.Fprintf(&b, "make it parallelism %d of generation %d again\n", p.back.parallelism, p.back.generation)
	}
	if p.rescale > 0 {
		fmt.Fprintf(&b, "tell the cluster to run it at parallelism %d\n", p.rescale)
	}
	if to, found := p.annotations[control.AnnotationRescale]; found {
		fmt.Fprintf(&b, "note that it is to be at parallelism %q, %q\n", to, p.annotations[control.AnnotationRescaleNo])
	}
	if p.retained != nil {
		fmt.Fprintf(&b, "record %s %s\n", p.retained.Metadata.Origin, p.retained.Spec.SavepointLocation)
	}
	fmt.Fprint(&b, p.status.State)
	if p.status.Failure.Reason != "" {
		fmt.Fprintf(&b, " (%s)", p.status.Failure.Reason)
	}
	if p.status.Message != "" {
		fmt.Fprintf(&b, ": %s", p.status.Message)
	}
	if p.status.LatestCheckpoint != seen.Status.LatestCheckpoint {
		fmt.Fprintf(&b, "; newest checkpoint %s", p.status.LatestCheckpoint.Location)
	}
	if !p.status.Started.StartedAt.IsZero() && p.status.Started.ObservedFlinkJobStatus != seen.Status.Started.ObservedFlinkJobStatus {
		fmt.Fprintf(&b, "; Flink says %s", p.status.Started.ObservedFlinkJobStatus)
	}
	b.WriteByte('\n')
	if p.launch {
		fmt.Fprintln(&b, "launch, having noted it")
	}
	if p.annotations[control.AnnotationReady] != "" {
		fmt.Fprintln(&b, "note that it is ready")
	}
	for _, e := range p.events {
		fmt.Fprintf(&b, "event %s: %s\n", e.Name, e.Message)
	}
	if !p.again.IsZero() {
		fmt.Fprintf(&b, "again in %s\n", p.again.Sub(noon))
	}
	return b.String()
}

func TestSplitArgs(t *testing.T) {
	for _, tt := range []struct {
		line, want, wantErr string
	}{
		{line: ``, want: ``},
		{line: `--topic orders  -n 3`, want: `--topic|orders|-n|3`},
		{line: `--name 'two words' "and \"more\""`, want: `--name|two words|and "more"`},
		{line: `a\ b ''`, want: `a b|`},
		{line: `--x='y z'`, want: `--x=y z`},
		{line: `'open`, wantErr: "not closed"},
		{line: `end\`, wantErr: "backslash"},
	} {
		got, err := splitArgs(tt.line)
		switch {
		case tt.wantErr != "":
			if err == nil || !strings.Contains(err.Error(), tt.wantErr) {
				t.Errorf("%q: error %v, want %q", tt.line, err, tt.wantErr)
			}
		case err != nil || strings.Join(got, "|") != tt.want:
			t.Errorf("%q: %q, %v, want %q", tt.line, got, err, tt.want)
		}
	}
}
