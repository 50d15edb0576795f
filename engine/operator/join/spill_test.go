package join

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"testing"

	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/graph"
	"github.com/weir-streams/weir/engine/operator"
	"github.com/weir-streams/weir/engine/state"
)

// TestStateOverTheBudget joins far more rows than fit into the memory there is,
// and compares with a join in memory, also after a restore.
func TestStateOverTheBudget(t *testing.T) {
	for inserts := range 4 {
		s := spec{kind: graph.LeftJoin, inserts: [2]bool{inserts&1 != 0, inserts&2 != 0}}
		t.Run(fmt.Sprintf("%+v", s), func(t *testing.T) {
			limit := int64(3 << 20)
			for _, log := range s.inserts {
				if !log {
					limit += 3 << 19 // an index of whole rows stays in memory
				}
			}
			tight := state.NewBudget(limit).SpillTo(t.TempDir())
			small, large := openIn(t, s, tight), open(t, s)
			defer func() {
				small.Close()
				large.Close()
				if err := tight.Close(); err != nil {
					t.Error(err)
				}
			}()
			rnd := rand.New(rand.NewPCG(1, 2))
			id := int64(0)
			feed := func(side int) {
				t.Helper()
				rows := make([]row, data.BatchSize)
				for i := range rows {
					id++
					rows[i] = row{rnd.Int64N(30_000), id}
				}
				a, b := tape{}, tape{}
				if err := small.Process(side, batch(side, rows, nil), a); err != nil {
					t.Fatal(err)
				}
				if err := large.Process(side, batch(side, rows, nil), b); err != nil {
					t.Fatal(err)
				}
				if !maps.Equal(a, b) {
					t.Fatalf("%d rows of a join over the budget are not the %d of one in memory", len(a), len(b))
				}
			}
			for i := range 50 {
				feed(i % 2)
			}
			if tight.Spilled() == 0 {
				t.Fatal("nothing went to the file")
			}
			w := &state.Writer{}
			if err := operator.SnapshotWhole(small, w); err != nil {
				t.Fatal(err)
			}
			small.Close()
			if used := tight.Used(); used != 0 {
				t.Errorf("%d bytes accounted with nothing there", used)
			}
			small = openIn(t, s, tight)
			if err := small.Restore(&state.Reader{Parts: []state.Snapshot{w.Snapshot}}); err != nil {
				t.Fatal(err)
			}
			for i := range 6 {
				feed(i % 2)
			}
		})
	}
}

// tape counts changes, as text.
type tape map[string]int

func (x tape) Watermark(int64) error { return nil }

func (x tape) Emit(o *data.Batch) error {
	defer o.Release()
	for i := range o.Len() {
		r := o.Row(i)
		line := o.Op(r).String()
		for _, c := range o.Cols {
			if line += "|"; c.IsNull(r) {
				line += "NULL"
			} else {
				line += string(data.AppendText(nil, c, r, nil))
			}
		}
		x[line]++
	}
	return nil
}
