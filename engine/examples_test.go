package engine

import (
	"testing"

	"github.com/weir-streams/weir/engine/data"
)

// TestAggregateExamples runs the examples of the reference page: the last row
// that a query gives is its result.
func TestAggregateExamples(t *testing.T) {
	e := New(Config{})
	for _, f := range aggregates {
		t.Run(f.Name, func(t *testing.T) {
			if len(f.Examples) == 0 {
				t.Error("there is no example")
			}
			for _, x := range f.Examples {
				mode := "streaming"
				if f.Batch {
					mode = "batch"
				}
				p, err := e.NewSession(map[string]string{"execution.runtime-mode": mode}).CompileScript("SELECT " + x.SQL)
				if err != nil {
					t.Fatalf("%s: %v", x.SQL, err)
				}
				got := ""
				j, err := e.Start(t.Context(), JobSpec{ID: jobID, Graph: p.Graph, Collect: func(b *data.Batch) error {
					for i := range b.Len() {
						got = string(data.AppendText(nil, b.Cols[0], b.Row(i), nil))
					}
					return nil
				}})
				if err != nil {
					t.Fatal(err)
				}
				if err := j.Wait(t.Context()); err != nil {
					t.Fatal(err)
				}
				if got != x.Want {
					t.Errorf("%s = %s, want %s", x.SQL, got, x.Want)
				}
			}
		})
	}
}
