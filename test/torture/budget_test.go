package torture

import (
	"context"
	"maps"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/weir-streams/weir/engine"
	"github.com/weir-streams/weir/test/bench/nexmark"
)

// TestResultsWithLittleMemory runs joins of a benchmark with far less memory than
// their state needs, with checkpoints all the while, and compares the final tables
// with those of runs that have enough.
func TestResultsWithLittleMemory(t *testing.T) {
	for _, tt := range []struct {
		query       string
		events      int
		parallelism int
		memory      int64 // MiB
	}{
		{"q4", 300_000, 2, 8},
		{"q9", 150_000, 1, 12}, // bids of the same price and time: the first one wins
	} {
		t.Run(tt.query, func(t *testing.T) {
			run := func(memory string) (map[string]int, int64) {
				dir := t.TempDir()
				script, err := nexmark.Script(tt.query, nexmark.Options{
					Source: "'connector' = 'nexmark', 'generator' = 'fast', 'events.num' = '" + strconv.Itoa(tt.events) + "'",
					Sink:   "'connector' = 'filesystem', 'path' = 'out', 'format' = 'debezium-json'",
				})
				if err != nil {
					t.Fatal(err)
				}
				config := map[string]string{
					"parallelism.default": strconv.Itoa(tt.parallelism), "execution.checkpointing.dir": filepath.Join(dir, "checkpoints"),
					"execution.checkpointing.interval": "200 ms", "table.local-time-zone": "UTC", "restart-strategy.type": "none",
				}
				if memory != "" {
					spill := filepath.Join(dir, "spill")
					maps.Copy(config, map[string]string{"state.backend.memory": memory, "state.backend.local-dir": spill})
					defer func() {
						if left, err := os.ReadDir(spill); err != nil || len(left) > 0 {
							t.Errorf("the folder of the file of state has %d entries, %v", len(left), err)
						}
					}()
				}
				e := engine.New(engine.Config{Dir: dir})
				plan, err := e.Compile(script, config)
				if err != nil {
					t.Fatal(err)
				}
				job, err := e.Start(context.Background(), engine.JobSpec{ID: jobID, Name: tt.query, Graph: plan.Graph, Config: plan.Config})
				if err != nil {
					t.Fatal(err)
				}
				if err := job.Wait(context.Background()); err != nil {
					t.Fatal(err)
				}
				bytes := int64(0)
				for _, v := range job.Info().Vertices {
					for _, s := range v.Subtasks {
						bytes += s.StateBytes
					}
				}
				s := &schedule{t: t, dir: dir, query: "groups"} // a changelog
				return s.result(), bytes
			}
			want, _ := run("")
			got, bytes := run(strconv.FormatInt(tt.memory, 10) + " mb")
			t.Logf("%d rows, %d bytes of state", len(got), bytes)
			if bytes < 2*tt.memory<<20 {
				t.Errorf("%d bytes of state could have fit into memory", bytes)
			}
			if !maps.Equal(got, want) {
				t.Errorf("%d rows, of which not all are among the %d with enough memory", len(got), len(want))
			}
		})
	}
}
