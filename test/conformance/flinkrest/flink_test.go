package flinkrest

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/weir-streams/weir/cluster"
	"github.com/weir-streams/weir/cluster/standalone"
	"github.com/weir-streams/weir/flink"
	"github.com/weir-streams/weir/flink/distribution"
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
			home := testflink.Home(t, version)
			java, err := distribution.FindJava(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			session := cluster.Spec{
				Ref: cluster.Ref{Namespace: "default", Session: "conformance"}, Parallelism: 1,
				Configuration: map[string]string{"taskmanager.numberOfTaskSlots": "12", "restart-strategy.type": "none"},
			}
			c, err := standalone.New(standalone.Config{
				Dir: t.TempDir(), Spec: session, Home: home, Java: java, Hide: func([]string) {}, Log: slog.New(slog.DiscardHandler),
				Waiting: func(standalone.Waiting) http.Handler {
					return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) })
				},
			})
			if err != nil {
				t.Fatal(err)
			}
			ctx, end := context.WithCancel(context.Background())
			var wg sync.WaitGroup
			wg.Go(func() {
				if err := c.Run(ctx); err != nil {
					t.Errorf("the cluster ended: %v", err)
				}
			})
			t.Cleanup(func() { end(); wg.Wait() })
			client := flink.NewClient(flink.InProcess(c), "http://flink")
			within(t, "Flink is up", func() bool {
				o, err := client.Overview(ctx)
				return err == nil && o.SlotsTotal == 12
			})
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
					Ref:            cluster.Ref{Namespace: "default", JobID: fmt.Sprintf("%08x-0123-4567-89ab-cdef01234567", n), Session: "conformance"},
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
				within(t, "the job is "+label, func() bool {
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
				s := subject{handler: c, jobID: id, taskManager: "taskmanager-1", storage: storage, settle: func() {
					within(t, "the job has ended", func() bool {
						status, err := client.JobStatus(ctx, id)
						return err == nil && status.Terminal()
					})
				}}
				for _, v := range d.Vertices {
					s.vertices = append(s.vertices, v.ID)
				}
				return s
			}
			replayOf(t, version, newSubject, nil, func(e exchange) bool {
				return e.Method == http.MethodDelete && e.Path == "/cluster" || // ends it
					strings.Contains(e.Path, "/checkpoints/details/") // the numbers are its own
			})
		})
	}
}

func within(t *testing.T, what string, is func() bool) {
	t.Helper()
	for deadline := time.Now().Add(5 * time.Minute); !is(); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("not in 5 minutes: %s", what)
		}
	}
}
