package aggregate

import (
	"fmt"
	"log/slog"
	"math/rand"
	"slices"
	"testing"

	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/function"
	"github.com/weir-streams/weir/engine/graph"
	"github.com/weir-streams/weir/engine/operator"
	"github.com/weir-streams/weir/engine/state"
)

// TestStateOverTheBudget holds groups in far less memory than they need, with
// and without tables beside them, and compares every change with those of groups
// in memory; then it goes on from a snapshot.
func TestStateOverTheBudget(t *testing.T) {
	const keys = 60_000
	for _, tt := range []struct {
		name  string
		limit int64
		aggs  []graph.AggCall
	}{
		{"records that move", 2 << 20, []graph.AggCall{countAll, {Func: "SUM", Args: []int{1}, Filter: -1, Type: data.Of(data.Int)}, {Func: "MAX", Args: []int{0}, Filter: -1, Type: data.String()}}},
		{"records with values beside them", 12 << 20, []graph.AggCall{countAll, maxAmount, minWho, distinct}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			spec := graph.GroupAggregate{Keys: []int{0}, MiniBatch: true, UpdateBefore: true, Aggs: tt.aggs}
			start := func(budget *state.Budget) operator.Operator {
				g, err := New(op(spec), sales, nil)
				if err != nil {
					t.Fatal(err)
				}
				if err := g.Open(&operator.Context{
					Parallelism: 1, MaxParallelism: 128, Env: &function.Env{}, Log: slog.Default(), Memory: budget, Metrics: &operator.Metrics{},
				}); err != nil {
					t.Fatal(err)
				}
				return g
			}
			tight := state.NewBudget(tt.limit).SpillTo(t.TempDir())
			small, large := start(tight), start(state.NewBudget(0))
			defer func() {
				small.Close()
				large.Close()
				if err := tight.Close(); err != nil {
					t.Error(err)
				}
			}()
			rng := rand.New(rand.NewSource(1))
			feed := func() {
				t.Helper()
				var lines []string
				for range 2000 {
					k := rng.Intn(keys)
					if rng.Intn(2) == 0 {
						k = rng.Intn(500)
					}
					lines = append(lines, fmt.Sprintf("+I somebody-called-%d %d 1.00", k, rng.Intn(200)))
				}
				a, b := &tape{}, &tape{}
				if err := small.Process(0, batch(lines...), a); err != nil {
					t.Fatal(err)
				}
				if err := large.Process(0, batch(lines...), b); err != nil {
					t.Fatal(err)
				}
				if !slices.Equal(a.lines, b.lines) {
					t.Fatalf("%d changes of groups over the budget are not the %d of groups in memory", len(a.lines), len(b.lines))
				}
			}
			for range 60 {
				feed()
			}
			if tight.Spilled() == 0 {
				t.Fatal("nothing went to the file")
			}
			w := &state.Writer{}
			s := small.(operator.Snapshotter)
			if err := s.Begin(w); err != nil {
				t.Fatal(err)
			}
			for done := false; !done; {
				var err error
				if done, err = s.Continue(); err != nil {
					t.Fatal(err)
				}
			}
			s.End(1, true)
			small.Close()
			if used := tight.Used(); used != 0 {
				t.Errorf("%d bytes accounted with nothing there", used)
			}
			small = start(tight)
			if err := small.(operator.Stateful).Restore(&state.Reader{Parts: []state.Snapshot{w.Snapshot}}); err != nil {
				t.Fatal(err)
			}
			for range 10 {
				feed()
			}
			if used := tight.Used(); used > 2*tt.limit {
				t.Errorf("%d bytes are in memory, the budget is %d", used, tt.limit)
			}
		})
	}
}
