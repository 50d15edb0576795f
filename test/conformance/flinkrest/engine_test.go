package flinkrest

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/weir-streams/weir/cluster"
	"github.com/weir-streams/weir/cluster/embedded"
	"github.com/weir-streams/weir/engine"
	"github.com/weir-streams/weir/flink/jobmanager"
)

// TestTheEngineAnswersAsFlink compares a real job of the engine.
func TestTheEngineAnswersAsFlink(t *testing.T) {
	newSubject := func(t *testing.T, label string) subject {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "a.csv"), []byte("1,10\n2,20\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		monitor := ", 'source.monitor-interval' = '10 ms'"
		expression := "v"
		switch label {
		case "finished":
			monitor = ""
		case "failed":
			expression = "v / (v - v)"
		}
		script := fmt.Sprintf(`
CREATE TABLE src (k BIGINT, v BIGINT) WITH ('connector' = 'filesystem', 'path' = '%s', 'format' = 'csv'%s);
CREATE TABLE snk (k BIGINT, s BIGINT) WITH ('connector' = 'print');
INSERT INTO snk SELECT k, SUM(%s) FROM src GROUP BY k;`, dir, monitor, expression)
		spec := cluster.Spec{
			Ref: cluster.Ref{JobID: ourJob}, DeploymentName: "windowed", Parallelism: 1,
			Artifact: cluster.Artifact{Kind: "SQLSCRIPT", SQLScript: script},
			Configuration: map[string]string{
				"execution.checkpointing.interval": "10 ms", "execution.checkpointing.dir": filepath.Join(t.TempDir(), "ck"),
				"restart-strategy.type": "none",
			},
		}
		ctx, end := context.WithCancel(context.Background())
		job, err := embedded.Engine(engine.New(engine.Config{}))(ctx, spec)
		if err != nil {
			t.Fatal(err)
		}
		m := jobmanager.New(jobmanager.Config{Job: job, Configuration: spec.Configuration})
		t.Cleanup(func() {
			m.Close()
			end()
			_ = job.Wait(context.Background()) // it was cancelled, or ended before
		})
		ready(t, job, label)
		s := subject{handler: m, jobID: ourJob, settle: func() {
			bound, stop := context.WithTimeout(context.Background(), time.Minute)
			defer stop()
			_ = job.Wait(bound) // a job that does not end shows in the comparison
		}}
		for _, v := range job.Info().Vertices {
			s.vertices = append(s.vertices, v.ID)
		}
		if len(s.vertices) < 2 {
			t.Fatalf("the job has the vertices %v", s.vertices)
		}
		return s
	}
	skip := func(e exchange) bool {
		return strings.Contains(e.Path, "/checkpoints/details/") // numbers of checkpoints are the engine's own
	}
	replay(t, newSubject, []difference{
		{label: "failed", path: "GET /jobs/:id/exceptions", diff: `concurrentExceptions: missing|\.(taskName|endpoint|taskManagerId): not in`, reason: "a failure of a task is listed by itself: no exception about missing restarts is wrapped around it"},
		{label: "failed", path: "GET /jobs/:id(/plan)?$", diff: `inputs: not in`, reason: "the recorded job has one stage, this one several"},
		{path: "GET /jobs/:id/checkpoints$", diff: `history\[\]\.(discarded|external_path): missing`, reason: "a checkpoint is under way; none was when Flink was recorded", chance: true},
	}, skip)
}

// ready waits until the job is in the situation of the label.
func ready(t *testing.T, job embedded.Job, label string) {
	t.Helper()
	for end := time.Now().Add(time.Minute); ; time.Sleep(time.Millisecond) {
		info := job.Info()
		ck := job.Checkpoints()
		switch label {
		case "finished", "failed":
			if info.State.Terminal() {
				return
			}
		case "starting":
			return
		default:
			if ck.Completed > 0 {
				return
			}
		}
		if label != "failed" && info.State == engine.Failed || time.Now().After(end) {
			t.Fatalf("%s: the job is %s, checkpoints %+v, failures %+v", label, info.State, ck, info.Failures)
		}
	}
}
