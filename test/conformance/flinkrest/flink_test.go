package flinkrest

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/weir-streams/weir/cluster"
	"github.com/weir-streams/weir/flink"
	testflink "github.com/weir-streams/weir/test/flink"
)

// TestFlinkAnswersAsRecorded sends the same requests to a real Flink: the
// recordings that others are compared with are what Flink says.
func TestFlinkAnswersAsRecorded(t *testing.T) {
	if os.Getenv("WEIR_E2E_FLINK") == "" {
		t.Skip("WEIR_E2E_FLINK is not set: no real Flink is started (make e2e-flink-all)")
	}
	for _, version := range []string{testflink.Newest, testflink.LongTerm} {
		t.Run(version, func(t *testing.T) {
			real := testflink.StartSession(t, version, map[string]string{"taskmanager.numberOfTaskSlots": "12", "restart-strategy.type": "none"})
			client, ctx := real.Client, t.Context()
			n := 0
			newSubject := func(t *testing.T, label string) subject {
				n++
				storage := "file://" + t.TempDir()
				expression, rows := "v", ""
				switch label {
				case "failed":
					expression = "v / (v - v)"
				case "finished":
					rows = ", 'number-of-rows' = '20'"
				}
				spec := cluster.Spec{
					Ref:            cluster.Ref{Namespace: "default", JobID: fmt.Sprintf("%08x-0123-4567-89ab-cdef01234567", n), Session: testflink.SessionName},
					DeploymentName: "windowed", Parallelism: 1,
					Configuration: map[string]string{"execution.checkpointing.interval": "500 ms", "execution.checkpointing.dir": storage, "state.checkpoints.dir": storage},
					Artifact: cluster.Artifact{Kind: "SQLSCRIPT", SQLScript: fmt.Sprintf(`
CREATE TABLE src (k BIGINT, v BIGINT) WITH ('connector' = 'datagen', 'rows-per-second' = '20', 'fields.k.min' = '0', 'fields.k.max' = '3', 'fields.v.min' = '1', 'fields.v.max' = '9'%s);
CREATE TABLE snk (k BIGINT, s BIGINT) WITH ('connector' = 'print');
INSERT INTO snk SELECT k, SUM(%s) FROM src GROUP BY k;`, rows, expression)},
				}
				id := spec.FlinkJobID()
				if err := client.SubmitJob(ctx, id, spec); err != nil {
					t.Fatal(err)
				}
				ended := func() {
					testflink.Within(t, "the job has ended", func() bool {
						status, err := client.JobStatus(context.Background(), id)
						return err == nil && status.Terminal()
					})
				}
				t.Cleanup(func() { // before its folder goes
					if err := client.Cancel(context.Background(), id); err != nil && !flink.IsConflict(err) {
						t.Errorf("cancel the job: %v", err)
					}
					ended()
				})
				testflink.Within(t, "the job is "+label, func() bool {
					status, err := client.JobStatus(ctx, id)
					if err != nil {
						return false
					}
					switch label {
					case "starting":
						return true
					case "failed", "finished":
						return status.Terminal()
					}
					ck, err := client.Checkpoints(ctx, id)
					return err == nil && ck.Latest.Completed != nil
				})
				d, err := client.Job(ctx, id)
				if err != nil {
					t.Fatal(err)
				}
				s := subject{handler: real, jobID: id, taskManager: "taskmanager-1", storage: storage, settle: ended}
				for _, v := range d.Vertices {
					s.vertices = append(s.vertices, v.ID)
				}
				if label == "running" {
					s.measured(t)
				}
				return s
			}
			skip := func(e exchange) bool {
				return e.Method == http.MethodDelete && e.Path == "/cluster" || // ends it
					strings.Contains(e.Path, "/checkpoints/details/") // the numbers are its own
			}
			t.Run("own", func(t *testing.T) {
				replayOf(t, version, newSubject, []difference{stages}, func(e exchange) bool {
					// How these savepoints were asked for, was not recorded.
					return skip(e) || version == testflink.LongTerm && strings.Contains(e.Path, "/savepoints/") && !strings.HasSuffix(e.Path, noJob)
				})
			})
			if version == testflink.LongTerm {
				t.Run("newest", func(t *testing.T) { replayOf(t, testflink.Newest, newSubject, append(sinceLongTerm, stages), skip) })
			}
		})
	}
}

// stages is how the jobs here differ from the recorded ones.
var stages = difference{label: "failed", path: "GET /jobs/:id(/plan)?$", diff: `inputs: not in`, reason: "the recorded job has one stage, this one several"}

// sinceLongTerm is what the newest version has changed in answers.
var sinceLongTerm = []difference{
	{path: "GET /applications/", diff: "", reason: "applications came with 2.3"},
	{path: "GET /jobs/(:id|overview)$", diff: `(application-id|pending-operators|schedulerType|jobType): missing`, reason: "came with 2.x"},
	{path: "GET /jobs/:id/config$", diff: `execution-mode: not in`, reason: "went with the DataSet API"},
	{path: "GET /jobs/:id/exceptions", diff: `\.(all-exceptions|root-exception|timestamp|truncated): not in`, reason: "deprecated in 1.20, gone since"},
	{label: "failed", path: "GET /jobs/:id/exceptions", diff: `\.location: not in`, reason: "deprecated in 1.20 in favour of endpoint, gone since"},
	{path: "GET /jobs/:id/execution-result$", diff: `\.(application-id|end-time|name|start-time): missing`, reason: "came with 2.x"},
	{path: "GET /jobs/:id/vertices/:id", diff: `\.host: not in`, reason: "deprecated in 1.20 in favour of endpoint, gone since"},
	{path: "GET /taskmanagers", diff: `assignedTasks: missing|memorySegments(Available|Total): not in`, reason: "changed with 2.x"},
}

// measured waits until back pressure of all vertices is known: Flink measures
// when somebody asks, and does not know it the first time.
func (s subject) measured(t *testing.T) {
	t.Helper()
	for _, v := range s.vertices {
		testflink.Within(t, "back pressure is known", func() bool {
			r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://flink/jobs/"+s.jobID+"/vertices/"+v+"/backpressure", nil)
			if err != nil {
				t.Fatal(err)
			}
			res, err := flink.InProcess(s.handler).RoundTrip(r)
			if err != nil {
				return false
			}
			defer res.Body.Close()
			var said struct{ Status string }
			return json.NewDecoder(res.Body).Decode(&said) == nil && said.Status == "ok"
		})
	}
}
