package window

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/graph"
	"github.com/weir-streams/weir/engine/state"
)

// TestWindowsOverTheBudget keeps windows and sessions in less memory than they
// need, and compares what they give with windows in memory.
func TestWindowsOverTheBudget(t *testing.T) {
	for _, w := range []graph.Window{
		{Kind: graph.Tumble, TimeColumn: 1, Size: 4000, TimeAttr: data.EventTime},
		{Kind: graph.Hop, TimeColumn: 1, Size: 4000, Slide: 1000, TimeAttr: data.EventTime},
		{Kind: graph.Session, TimeColumn: 1, Gap: 3000, TimeAttr: data.EventTime},
	} {
		t.Run(string(w.Kind), func(t *testing.T) {
			tight := state.NewBudget(8 << 20).SpillTo(t.TempDir())
			give := func(budget *state.Budget) []string {
				_, c := open(t, w)
				op, err := New(counting(w), clicks, nil)
				if err != nil {
					t.Fatal(err)
				}
				c.Memory = budget
				if err := op.Open(c); err != nil {
					t.Fatal(err)
				}
				defer op.Close()
				out := &tape{}
				name := strings.Repeat("a-user-with-a-long-name-", 8)
				n, spilled := 0, int64(0)
				for range 40 {
					var lines []string
					for range 1500 {
						n++
						lines = append(lines, fmt.Sprintf("%s-%d %d", name, n*7919%50_000, n/10))
					}
					if err := op.Process(0, rows(false, lines...), out); err != nil {
						t.Fatal(err)
					}
					spilled = max(spilled, budget.Spilled())
					if err := op.Watermark(int64(n/10-500), out); err != nil {
						t.Fatal(err)
					}
				}
				if budget == tight && spilled == 0 {
					t.Error("nothing went to the file")
				}
				if err := op.Watermark(data.MaxWatermark, out); err != nil {
					t.Fatal(err)
				}
				slices.Sort(out.lines)
				return out.lines
			}
			got, want := give(tight), give(state.NewBudget(0))
			if !slices.Equal(got, want) {
				t.Errorf("%d lines of windows over the budget are not the %d of windows in memory", len(got), len(want))
			}
			if used := tight.Used(); used != 0 {
				t.Errorf("%d bytes accounted after Close", used)
			}
			if err := tight.Close(); err != nil {
				t.Error(err)
			}
		})
	}
}
