package jobmanager_test

import (
	"strings"
	"testing"

	"github.com/weir-streams/weir/engine"
	"github.com/weir-streams/weir/flink/jobmanager"
)

type flame struct {
	Name     string
	Value    int64
	Children []flame
}

// has tells whether a frame with part of this name is below f.
func (f flame) has(part string) bool {
	for _, c := range f.Children {
		if strings.Contains(c.Name, part) || c.has(part) {
			return true
		}
	}
	return false
}

// TestFlameGraph runs a real job and looks at where its tasks are.
func TestFlameGraph(t *testing.T) {
	e := engine.New(engine.Config{})
	config := map[string]string{"parallelism.default": "1"}
	plan, err := e.Compile(`CREATE TABLE n (k BIGINT, v DOUBLE) WITH ('connector' = 'datagen', 'rows-per-second' = '1000000');
		CREATE TABLE o (k BIGINT, s DOUBLE) WITH ('connector' = 'blackhole');
		INSERT INTO o SELECT k, SUM(v) FROM n GROUP BY k;`, config)
	if err != nil {
		t.Fatal(err)
	}
	job, err := e.Start(t.Context(), engine.JobSpec{ID: id(1), Name: "n", Graph: plan.Graph, Config: plan.Config})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		job.Cancel()
		_ = job.Wait(t.Context())
	}()
	m := jobmanager.New(jobmanager.Config{Job: job, Configuration: config})
	defer m.Close()
	var graph struct {
		EndTimestamp int64
		Data         *flame
	}
	seen := map[string]bool{}
	for _, v := range job.Info().Vertices {
		path := "/jobs/" + id(1) + "/vertices/" + v.ID + "/flamegraph?subtaskindex=0&type="
		until(t, func() bool {
			graph.Data = nil
			get(t, m, path+"full", &graph)
			return graph.Data != nil && graph.EndTimestamp > 0
		})
		for _, kind := range []string{"ON_CPU", "OFF_CPU", "FULL"} {
			graph.Data = nil
			get(t, m, path+kind, &graph)
			if graph.Data == nil {
				t.Fatalf("%s of %s: %+v", kind, v.Name, graph)
			}
			seen[kind+" group"] = seen[kind+" group"] || graph.Data.has("aggregate.(*group)")
			seen[kind+" wait"] = seen[kind+" wait"] || graph.Data.has("gopark")
		}
	}
	if !seen["FULL wait"] || !seen["OFF_CPU wait"] || seen["ON_CPU wait"] && !seen["ON_CPU group"] || !seen["FULL group"] {
		t.Errorf("%v", seen)
	}
	for path, want := range map[string]int{"?type=NONE": 400, "?subtaskindex=x": 400, "?subtaskindex=9": 404} {
		if got := get(t, m, "/jobs/"+id(1)+"/vertices/"+job.Info().Vertices[0].ID+"/flamegraph"+path, &graph); got != want {
			t.Errorf("%s: %d, want %d", path, got, want)
		}
	}
}
