package deployment

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/datadriven"

	"github.com/weir-streams/weir/control"
	"github.com/weir-streams/weir/resource"
)

var noon = time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)

// Snapshots in words, plans in words. Times are seconds before now. Rewrite
// with: go test ./control/deployment -rewrite
func TestDecide(t *testing.T) {
	datadriven.Walk(t, "testdata", func(t *testing.T, path string) {
		datadriven.RunTest(t, path, func(t *testing.T, td *datadriven.TestData) string {
			seen := parse(t, td.Input)
			return describe(seen, decide(noon, seen))
		})
	})
}

// fact is one line: a noun, words, and settings.
type fact struct {
	t     *testing.T
	words []string
	set   map[string]string
}

func (f fact) word(i int) string {
	if i < len(f.words) {
		return f.words[i]
	}
	return ""
}

func (f fact) has(word string) bool {
	for _, w := range f.words {
		if w == word {
			return true
		}
	}
	return false
}

func (f fact) number(key string, otherwise int) int {
	v, ok := f.set[key]
	if !ok {
		return otherwise
	}
	n, err := strconv.Atoi(v)
	if err != nil {
		f.t.Fatalf("%s=%s: %v", key, v, err)
	}
	return n
}

// ago is a time so many seconds before now; zero if not given.
func (f fact) ago(key string) resource.Time {
	if _, ok := f.set[key]; !ok {
		return resource.Time{}
	}
	return resource.At(noon.Add(-time.Duration(f.number(key, 0)) * time.Second))
}

func (f fact) text(key, otherwise string) string {
	if v, ok := f.set[key]; ok {
		return strings.ReplaceAll(v, "_", " ")
	}
	return otherwise
}

func parse(t *testing.T, input string) *snapshot {
	var standbys, adaptive []fact
	seen := &snapshot{config: Config{StateBase: "file:/s"}, target: target{name: "local", launcher: "process"}}
	for line := range strings.Lines(input) {
		f := fact{t: t, set: map[string]string{}}
		for _, w := range strings.Fields(line) {
			if k, v, ok := strings.Cut(w, "="); ok {
				f.set[k] = v
			} else {
				f.words = append(f.words, w)
			}
		}
		switch f.word(0) {
		case "deployment":
			seen.Deployment = parseDeployment(f)
		case "job":
			seen.jobs = append(seen.jobs, parseJob(f))
		case "savepoint":
			seen.savepoints = append(seen.savepoints, parseSavepoint(f))
		case "revision":
			spec := parseDeployment(f).Spec
			raw, err := json.Marshal(spec)
			if err != nil {
				t.Fatal(err)
			}
			seen.history = append(seen.history, resource.Revision{Generation: f.number("gen", 1), Spec: raw})
		case "session":
			seen.target = target{launcher: "process", session: session{name: "shared", id: "s", incarnation: "s1", wait: strings.Join(f.words[1:], " ")}}
		case "secrets":
			seen.secrets = strings.Join(f.words[1:], " ")
		case "adaptive":
			adaptive = append(adaptive, f)
		case "warm":
			seen.target.warms = true
		case "standby":
			standbys = append(standbys, f)
		case "target":
			seen.target = target{problem: strings.Join(f.words[1:], " ")}
		case "":
		default:
			t.Fatalf("what is a %q?", f.word(0))
		}
	}
	for _, f := range adaptive {
		seen.jobs = append(seen.jobs, parseAdaptive(f, seen))
	}
	for _, f := range standbys {
		seen.standbys = append(seen.standbys, parseStandby(f, seen))
	}
	return seen
}

// parseAdaptive makes the job that would be, as it was at an earlier generation
// and parallelism, with the scheduler that can change that.
func parseAdaptive(f fact, seen *snapshot) resource.Job {
	seen.target = target{launcher: "flink", warms: true, rescales: true}
	config := map[string]string{keyScheduler: "Adaptive"}
	seen.Spec.Template.Spec.FlinkConfiguration = config
	was := parseJob(f)
	j := (&decision{snapshot: seen}).job(resource.Savepoint{})
	j.Metadata.ID = was.Metadata.ID
	j.Spec.FlinkConfiguration = (&decision{snapshot: seen}).configuration(j.Metadata.ID)
	j.Spec.FlinkConfiguration[keyParallelism] = strconv.Itoa(f.number("p", 1))
	j.Spec.Parallelism, j.Spec.Generation, j.Spec.Stop, j.Status = f.number("p", 1), was.Spec.Generation, was.Spec.Stop, was.Status
	j.Metadata.Annotations[resource.AnnotationSpecVersion] = was.Metadata.Annotations[resource.AnnotationSpecVersion]
	j.Metadata.Annotations[control.AnnotationRescale] = f.set["to"]
	j.Metadata.Annotations[control.AnnotationRescaleNo] = f.text("no", "")
	if f.has("other") {
		j.Spec.FlinkConfiguration["pipeline.object-reuse"] = "true"
	}
	return j
}

// parseStandby makes the next job, or that of another parallelism.
func parseStandby(f fact, seen *snapshot) resource.Job {
	j := (&decision{snapshot: seen}).job(resource.Savepoint{})
	j.Status.State = resource.JobState(f.word(1))
	j.Metadata.CreatedAt = f.ago("made")
	j.Spec.Generation = f.number("gen", seen.Metadata.Generation)
	j.Spec.Parallelism = f.number("p", j.Spec.Parallelism)
	j.Spec.Stop = resource.StopMode(f.set["stop"])
	j.Status.Failure = resource.Failure{Reason: f.set["reason"], Message: f.text("failure", "")}
	j.Metadata.Annotations[control.AnnotationStandby] = "true"
	if f.has("ready") {
		j.Metadata.Annotations[control.AnnotationReady] = control.NoteTime(noon)
	}
	return j
}

func parseDeployment(f fact) resource.Deployment {
	d := resource.Deployment{
		Metadata: resource.Metadata{
			ID: "d", Name: "orders", Namespace: "default", Generation: f.number("gen", 1),
			Annotations: map[string]string{resource.AnnotationSpecVersion: strconv.Itoa(f.number("ver", f.number("gen", 1)))},
		},
		Spec: resource.DeploymentSpec{
			State:                        resource.State(f.word(1)),
			UpgradeStrategy:              resource.UpgradeStrategy{Kind: resource.UpgradeKind(f.text("upgrade", "STATEFUL"))},
			RestoreStrategy:              resource.RestoreStrategy{Kind: resource.RestoreKind(strings.ReplaceAll(f.text("restore", "LATEST_STATE"), " ", "_"))},
			MaxSavepointCreationAttempts: f.number("savepoints", 4),
			MaxJobCreationAttempts:       f.number("jobs", 4),
			JobFailureExpirationTime:     f.text("expires", ""),
		},
		Status: resource.DeploymentStatus{State: resource.State(f.text("is", "")), Message: f.text("message", "")},
	}
	d.Spec.Template.Spec.Parallelism = f.number("p", 1)
	d.Spec.Savepoints = resource.SavepointPolicy{Every: f.text("every", ""), Keep: f.number("keep", 0), KeepFor: f.text("for", "")}
	if f.set["running"] != "" {
		d.Status.Running = resource.DeploymentRunning{JobID: f.set["running"], TransitionTime: f.ago("since"), Conditions: []resource.Condition{}}
	}
	if f.set["began"] != "" {
		d.Status.Transition = resource.Transition{SpecVersion: d.SpecVersion(), WantedState: d.Spec.State, StartedAt: f.ago("began"), RolledBackFrom: f.number("back", 0)}
	}
	return d
}

func parseJob(f fact) resource.Job {
	j := resource.Job{
		Metadata: resource.Metadata{
			ID: f.word(1), Namespace: "default", DeploymentID: "d", CreatedAt: f.ago("made"),
			Annotations: map[string]string{resource.AnnotationSpecVersion: strconv.Itoa(f.number("ver", f.number("gen", 1)))},
		},
		Spec: resource.JobSpec{Generation: f.number("gen", 1), SavepointLocation: f.set["from"], Stop: resource.StopMode(f.set["stop"])},
		Status: resource.JobStatus{
			State: resource.JobState(f.word(2)), Message: f.text("message", ""),
			Started:          resource.StartedInfo{StartedAt: f.ago("ran"), ObservedFlinkJobStatus: f.set["flink"], LastUpdateTime: f.ago("updated")},
			LatestCheckpoint: resource.CheckpointRef{Location: f.set["checkpoint"]},
			Failure:          resource.Failure{Reason: f.set["reason"], Message: f.text("failure", ""), FailedAt: f.ago("failed")},
		},
	}
	j.Spec.FlinkConfiguration = map[string]string{control.KeySavepointDir: "file:/s/sp"}
	if f.set["seen"] != "" {
		j.Metadata.Annotations[control.AnnotationSeenUntil] = control.NoteTime(f.ago("seen").Time)
	}
	if f.set["startedfrom"] != "" {
		j.Metadata.Annotations[control.AnnotationStartedFrom] = f.set["startedfrom"]
	}
	return j
}

func parseSavepoint(f fact) resource.Savepoint {
	p := resource.Savepoint{
		Metadata: resource.Metadata{
			ID: f.word(1), DeploymentID: "d", JobID: f.set["of"], CreatedAt: f.ago("made"),
			Origin: resource.SavepointOrigin(strings.ReplaceAll(f.text("origin", "USER_REQUEST"), " ", "_")), Annotations: map[string]string{},
		},
		Spec:   resource.SavepointSpec{SavepointLocation: "/" + f.word(1), StopJob: f.has("stops")},
		Status: resource.SavepointStatus{State: resource.SavepointState(f.word(2)), CompletedAt: f.ago("done")},
	}
	if f.has("stops") {
		p.Metadata.Annotations[control.AnnotationGeneration] = strconv.Itoa(f.number("gen", 1))
	}
	if f.set["number"] != "" {
		p.Metadata.Annotations[control.AnnotationCheckpointID] = f.set["number"]
	}
	p.Spec.Delete = f.has("unwanted")
	if at, ok := f.set["at"]; ok {
		p.Spec.SavepointLocation = at
	}
	if f.has("reset") {
		p.Metadata.Annotations[control.AnnotationReset] = "true"
	}
	p.Status.Failure = resource.Failure{Message: f.text("failure", ""), FailedAt: f.ago("failed")}
	return p
}

func describe(seen *snapshot, p plan) string {
	var b strings.Builder
	switch {
	case p.create != nil && control.OnStandby(*p.create):
		fmt.Fprintf(&b, "bring up the cluster of a job of generation %d\n", p.create.Spec.Generation)
	case p.promote != nil:
		fmt.Fprintf(&b, "start the job of generation %d on the cluster that is up, from %s\n", p.promote.Spec.Generation, p.promote.Spec.SavepointLocation)
	case p.create != nil:
		from := p.create.Spec.SavepointLocation
		if from == "" {
			from = "empty state"
		}
		fmt.Fprintf(&b, "start a job of generation %d from %s\n", p.create.Spec.Generation, from)
	case p.rescale != nil:
		fmt.Fprintf(&b, "run %s at parallelism %d (%s), as generation %d\n", p.rescale.Metadata.ID, p.rescale.Spec.Parallelism,
			p.rescale.Metadata.Annotations[control.AnnotationRescale], p.rescale.Spec.Generation)
	case p.savepoint != nil && !p.savepoint.Spec.StopJob:
		fmt.Fprintf(&b, "take a savepoint of %s: %s\n", p.savepoint.Metadata.JobID, p.savepoint.Metadata.Origin)
	case p.discard != "":
		fmt.Fprintf(&b, "give up savepoint %s: %s\n", p.discard, p.discardWhy)
	case p.savepoint != nil:
		fmt.Fprintf(&b, "take a savepoint of %s, which stops it: %s, into %s\n", p.savepoint.Metadata.JobID, p.savepoint.Metadata.Origin,
			strings.ReplaceAll(p.savepoint.Spec.SavepointLocation, p.savepoint.Metadata.ID, "ITS-ID"))
	case p.stop != "":
		fmt.Fprintf(&b, "cancel %s\n", p.stop)
	case p.rollBack != nil:
		fmt.Fprintf(&b, "write back generation %d for generation %d\n", p.rollBack.to, p.rollBack.from)
	}
	fmt.Fprintf(&b, "%s", p.status.State)
	if p.status.Running.JobID != "" {
		fmt.Fprintf(&b, " with %s", p.status.Running.JobID)
		for _, c := range p.status.Running.Conditions {
			fmt.Fprintf(&b, " (%s %s)", c.Type, c.Reason)
		}
	}
	if p.status.Message != "" {
		fmt.Fprintf(&b, ": %s", p.status.Message)
	}
	b.WriteByte('\n')
	for _, e := range append(p.done, p.news...) {
		fmt.Fprintf(&b, "event %s: %s\n", e.Name, e.Message)
	}
	if !p.again.IsZero() {
		fmt.Fprintf(&b, "again in %s\n", p.again.Sub(noon))
	}
	text := b.String()
	for _, s := range seen.standbys {
		text = strings.ReplaceAll(text, s.Metadata.ID, "NEXT")
	}
	if p.create != nil {
		text = strings.ReplaceAll(text, p.create.Metadata.ID, "NEW")
	}
	if p.savepoint != nil {
		text = strings.ReplaceAll(text, p.savepoint.Metadata.ID, "NEW")
	}
	return text
}

func TestConfigurationOfAJob(t *testing.T) {
	d := &decision{snapshot: parse(t, "deployment RUNNING gen=3 p=4")}
	d.Spec.Template.Spec.FlinkConfiguration = map[string]string{
		"x":                           "{{namespace}}/{{deploymentName}}/{{deploymentId}}/{{jobId}}",
		"state.savepoints.dir":        "s3://{{namespace}}",
		"parallelism.default":         "99",
		"weir.cluster.incarnation":    "forged",
		"execution.checkpointing.dir": "",
	}
	j := d.job(resource.Savepoint{})
	for k, want := range map[string]string{
		"x":                                "{{namespace}}/{{deploymentName}}/{{deploymentId}}/{{jobId}}",
		"state.savepoints.dir":             "s3://{{namespace}}",
		"parallelism.default":              "4",
		"pipeline.name":                    "orders",
		"weir.cluster.incarnation":         j.Metadata.ID,
		"execution.checkpointing.interval": "10 s",
		"execution.checkpointing.dir":      "file:/s/checkpoints/namespaces/default/jobs/" + j.Metadata.ID,
		"execution.checkpointing.externalized-checkpoint-retention": "RETAIN_ON_CANCELLATION",
	} {
		if got := j.Spec.FlinkConfiguration[k]; got != want {
			t.Errorf("%s = %q, want %q", k, got, want)
		}
	}
	if _, both := j.Spec.FlinkConfiguration[control.KeySavepointDir]; both {
		t.Error("the user's savepoint directory has a rival")
	}
	if got := control.SavepointDirectory(j, "1-2"); got != "s3://default/1-2" {
		t.Errorf("savepoint directory %q", got)
	}
	if d.Spec.Template.Spec.FlinkConfiguration["x"] != "{{namespace}}/{{deploymentName}}/{{deploymentId}}/{{jobId}}" {
		t.Error("the spec was written into")
	}
}
