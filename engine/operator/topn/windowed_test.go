package topn

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/graph"
	"github.com/weir-streams/weir/engine/operator"
	"github.com/weir-streams/weir/engine/operator/operatortest"
	"github.com/weir-streams/weir/engine/state"
)

var timedInput = []data.Column{
	{Name: "at", Type: data.Of(data.BigInt)}, {Name: "k", Type: data.String()}, {Name: "x", Type: data.Of(data.BigInt)}, {Name: "id", Type: data.Of(data.BigInt)},
}

type timedRow struct{ at, k, x, id int64 }

func (r timedRow) key() string { return fmt.Sprintf("key %d, which is not short", r.k) }

func timedBatch(rows []timedRow) *data.Batch {
	b := data.MakeBatch([]data.Type{timedInput[0].Type, timedInput[1].Type, timedInput[2].Type, timedInput[3].Type}, len(rows))
	for i, r := range rows {
		b.Cols[0].I64[i], b.Cols[2].I64[i], b.Cols[3].I64[i] = r.at, r.x, r.id
		b.Cols[1].SetString(i, r.key())
	}
	return b
}

// kept is an operator with state.
type kept interface {
	operator.Operator
	operator.Snapshotter
}

func opened(t testing.TB, op graph.Op, sort bool, memory *state.Budget) kept {
	t.Helper()
	make := func() (operator.Operator, error) { return New(op, timedInput) }
	if sort {
		make = func() (operator.Operator, error) { return NewSort(op, timedInput) }
	}
	o, err := make()
	if err != nil {
		t.Fatal(err)
	}
	if err := o.Open(&operator.Context{Input: [][]data.Column{timedInput}, MaxParallelism: 128, Metrics: &operator.Metrics{}, Memory: memory}); err != nil {
		t.Fatal(err)
	}
	return o.(kept)
}

// TestWindowsAgainstModel ranks rows of windows while snapshots are taken, with
// memory for all of them or not.
func TestWindowsAgainstModel(t *testing.T) {
	for n, to := range []int64{1, 3, 300, 3} {
		tight := n == 3
		t.Run(fmt.Sprintf("%d rows, tight %t", to, tight), func(t *testing.T) {
			op := graph.Op{Name: "Rank", Schema: append(slices.Clone(timedInput), data.Column{Name: "n", Type: data.Of(data.BigInt).NotNull()}), TopN: &graph.TopN{
				Keys: []int{0, 1}, Order: []graph.SortKey{{Column: 2, Desc: true}}, From: 1 + to/3, To: to, Number: true, Windowed: true, WindowEnd: 0,
			}}
			rnd := rand.New(rand.NewPCG(uint64(n), 3))
			memory, keys, size := state.NewBudget(0), int64(10), 300
			if tight {
				memory, keys, size = state.NewBudget(3<<19).SpillTo(t.TempDir()), 4000, 1500
			}
			o := opened(t, op, false, memory)
			chain := &operatortest.Chain{Op: o, Rnd: rnd.IntN}
			var rows []timedRow
			built := 0
			now, wm, id := int64(0), int64(data.MinWatermark), int64(0)
			for step := range 60 {
				batch := make([]timedRow, 1+rnd.IntN(size))
				for i := range batch {
					id++
					now += rnd.Int64N(2)
					batch[i] = timedRow{at: (now-rnd.Int64N(100))/200*200 + 200, k: rnd.Int64N(keys), x: rnd.Int64N(50), id: id}
					if batch[i].at-1 > wm {
						rows = append(rows, batch[i])
					}
				}
				if err := o.Process(0, timedBatch(batch), nil); err != nil {
					t.Fatal(err)
				}
				chain.Step(t)
				if rnd.IntN(5) == 0 {
					wm = max(wm, now-100)
					got, want := operatortest.Tape{}, operatortest.Tape{}
					if err := o.Watermark(wm, got); err != nil {
						t.Fatal(err)
					}
					slices.SortStableFunc(rows, func(a, b timedRow) int {
						return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.k, b.k), cmp.Compare(b.x, a.x))
					})
					rank := int64(0)
					var rest []timedRow
					for i, r := range rows {
						if r.at-1 > wm {
							rest = append(rest, r)
							continue
						}
						if rank++; i == 0 || rows[i-1].at != r.at || rows[i-1].k != r.k {
							rank = 1
						}
						if rank >= 1+to/3 && rank <= to {
							want.Add(data.Insert, r.at, r.key(), r.x, r.id, rank)
						}
					}
					rows = rest
					if diff := got.Difference(want); diff != "" {
						t.Fatalf("watermark %d:\n%.2000s", wm, diff)
					}
					chain.Step(t)
				}
				if step == 30 {
					whole := chain.Finish(t)
					built = chain.Incremental
					o.Close()
					if used := memory.Used(); used != 0 {
						t.Errorf("%d bytes accounted with nothing there", used)
					}
					o = opened(t, op, false, memory)
					if err := o.Restore(&state.Reader{Parts: []state.Snapshot{whole}}); err != nil {
						t.Fatal(err)
					}
					chain = &operatortest.Chain{Op: o, Rnd: rnd.IntN}
				}
			}
			if built+chain.Incremental == 0 {
				t.Error("no snapshot built on another")
			}
			if tight && memory.Spilled() == 0 {
				t.Error("nothing went to the file")
			}
			o.Close()
			if err := memory.Close(); err != nil {
				t.Error(err)
			}
		})
	}
}

// sequence is an output that keeps what it gets in order.
type sequence struct{ ids []int64 }

func (s *sequence) Watermark(int64) error { return nil }

func (s *sequence) Emit(o *data.Batch) error {
	defer o.Release()
	s.ids = append(s.ids, o.Cols[3].I64[:o.N]...)
	return nil
}

// TestSortAgainstModel sorts rows by time, and by more, while snapshots are taken.
func TestSortAgainstModel(t *testing.T) {
	for n := range 4 {
		more, tight := n&1 != 0, n&2 != 0
		t.Run(fmt.Sprintf("more %t, tight %t", more, tight), func(t *testing.T) {
			op := graph.Op{Name: "Sort", Schema: timedInput, Sort: &graph.Sort{Order: []graph.SortKey{{Column: 0}}}}
			if more {
				op.Sort.Order = append(op.Sort.Order, graph.SortKey{Column: 1, Desc: true}, graph.SortKey{Column: 2})
			}
			rnd := rand.New(rand.NewPCG(uint64(n), 8))
			memory, size, delay := state.NewBudget(0), 300, int64(100)
			if tight {
				memory, size, delay = state.NewBudget(1<<20).SpillTo(t.TempDir()), 1000, 20000
			}
			o := opened(t, op, true, memory)
			chain := &operatortest.Chain{Op: o, Rnd: rnd.IntN}
			var rows []timedRow
			built := 0
			now, passed, id := int64(0), int64(-1<<63), int64(0)
			given := int64(data.MinWatermark)
			give := func(wm int64) (ids []int64) {
				if wm <= given {
					return nil
				}
				given = wm
				slices.SortStableFunc(rows, func(a, b timedRow) int {
					if c := cmp.Compare(a.at, b.at); c != 0 || !more {
						return c
					}
					return cmp.Or(cmp.Compare(b.key(), a.key()), cmp.Compare(a.x, b.x))
				})
				for len(rows) > 0 && rows[0].at <= wm {
					passed, ids, rows = rows[0].at, append(ids, rows[0].id), rows[1:]
				}
				return ids
			}
			for step := range 60 {
				batch := make([]timedRow, 1+rnd.IntN(size))
				b := timedBatch(nil)
				var marks, want []int64
				wm := now - delay
				for i := range batch {
					id++
					now += rnd.Int64N(10) * rnd.Int64N(2)
					batch[i] = timedRow{at: now - rnd.Int64N(150), k: rnd.Int64N(3), x: rnd.Int64N(3), id: id}
					if rnd.IntN(20) == 0 {
						wm = max(wm, now-delay)
					}
					marks = append(marks, wm)
					if step%4 == 0 {
						want = append(want, give(wm)...)
					}
					if batch[i].at > passed {
						rows = append(rows, batch[i])
					}
				}
				b.Release()
				b = timedBatch(batch)
				if step%4 == 0 {
					b.RowWatermarks = marks
				}
				got := &sequence{}
				if err := o.Process(0, b, got); err != nil {
					t.Fatal(err)
				}
				chain.Step(t)
				if step%3 == 0 {
					if err := o.Watermark(now-delay, got); err != nil {
						t.Fatal(err)
					}
					want = append(want, give(now-delay)...)
					chain.Step(t)
				}
				if !slices.Equal(got.ids, want) {
					t.Fatalf("step %d gives %d rows that are not the %d in order", step, len(got.ids), len(want))
				}
				if step == 30 {
					whole := chain.Finish(t)
					built = chain.Incremental
					o.Close()
					if used := memory.Used(); used != 0 {
						t.Errorf("%d bytes accounted with nothing there", used)
					}
					o = opened(t, op, true, memory)
					if err := o.Restore(&state.Reader{Parts: []state.Snapshot{whole}}); err != nil {
						t.Fatal(err)
					}
					chain = &operatortest.Chain{Op: o, Rnd: rnd.IntN}
				}
			}
			if built+chain.Incremental == 0 {
				t.Error("no snapshot built on another")
			}
			if tight && memory.Spilled() == 0 {
				t.Error("nothing went to the file")
			}
			o.Close()
			if err := memory.Close(); err != nil {
				t.Error(err)
			}
		})
	}
}
