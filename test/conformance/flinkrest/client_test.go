package flinkrest

import (
	"context"
	"encoding/json"
	"net/http"
	"regexp"
	"testing"

	"github.com/weir-streams/weir/flink"
)

// TestClientReadsFlink gives the client every recorded answer it may meet.
func TestClientReadsFlink(t *testing.T) {
	ctx := context.Background()
	path := regexp.MustCompile(`^/jobs/([^/?]+)(?:/([^/?]+))?(?:/([^/?]+))?$`)
	for _, version := range []string{"2.3.0", "1.20.5"} {
		seen := map[string]int{}
		for _, e := range recording(t, version) {
			if e.Method != http.MethodGet {
				continue
			}
			c := flink.NewClient(flink.InProcess(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path != e.Path {
					t.Errorf("asked for %s, want %s", r.URL.Path, e.Path)
				}
				w.WriteHeader(e.Status)
				_ = json.NewEncoder(w).Encode(e.Response)
			})), "http://cluster/")
			var err error
			var empty bool
			part := path.FindStringSubmatch(e.Path)
			switch {
			case e.Path == "/overview":
				var o flink.Overview
				o, err = c.Overview(ctx)
				empty = o.FlinkVersion == ""
			case e.Path == "/jobmanager/config":
				var all []flink.ConfigEntry
				all, err = c.Config(ctx)
				empty = len(all) == 0 || all[0].Key == ""
			case e.Path == "/jobs/overview":
				var jobs []flink.JobSummary
				jobs, err = c.Jobs(ctx)
				empty = len(jobs) == 0 || len(jobs[0].ID) != 32
			case part == nil || e.Path == "/jobs/metrics":
				continue
			case part[2] == "":
				var d flink.JobDetails
				d, err = c.Job(ctx, part[1])
				empty = d.State == "" || len(d.Vertices) == 0 || len(d.Plan.Nodes) == 0 || d.StartTime.Time().IsZero()
				if err == nil && e.Label == "running" && !d.AllTasksRunning() || e.Label != "running" && d.AllTasksRunning() {
					t.Errorf("%s %s %s: all tasks running is %t", version, e.Label, e.Path, d.AllTasksRunning())
				}
			case part[2] == "status":
				var s flink.JobStatus
				s, err = c.JobStatus(ctx, part[1])
				empty = s == ""
			case part[2] == "checkpoints" && part[3] == "":
				var ck flink.Checkpoints
				ck, err = c.Checkpoints(ctx, part[1])
				empty = e.Label == "running" && (ck.Latest.Completed.Path() == "" || ck.Latest.Savepoint.Path() == "" || len(ck.History) == 0)
			case part[2] == "exceptions" && part[3] == "":
				var x flink.Exceptions
				x, err = c.Exceptions(ctx, part[1])
				empty = (e.Label == "failed" || e.Label == "restore-missing") && x.Latest() == ""
			case part[2] == "savepoints" && part[3] != "":
				var r flink.SavepointResult
				r, err = c.SavepointStatus(ctx, part[1], part[3])
				empty = r.State == "" || r.State == flink.Completed && r.Location == ""
			default:
				continue
			}
			seen[e.Label]++
			switch {
			case e.Status >= 400:
				if err == nil || flink.IsNotFound(err) != (e.Status == 404) {
					t.Errorf("%s %s %s: %v, want status %d", version, e.Label, e.Path, err, e.Status)
				}
			case err != nil:
				t.Errorf("%s %s %s: %v", version, e.Label, e.Path, err)
			case empty:
				t.Errorf("%s %s %s: what matters was not read", version, e.Label, e.Path)
			}
		}
		for _, label := range []string{"running", "cluster", "failed", "finished", "cancelled", "stop", "errors"} {
			if seen[label] == 0 {
				t.Errorf("%s: nothing was read of %s", version, label)
			}
		}
	}
}
