package topn

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/function"
	"github.com/weir-streams/weir/engine/graph"
	"github.com/weir-streams/weir/engine/operator"
	"github.com/weir-streams/weir/engine/operator/operatortest"
	"github.com/weir-streams/weir/engine/state"
)

var input = []data.Column{
	{Name: "x", Type: data.Of(data.Double)}, {Name: "k", Type: data.String()}, {Name: "id", Type: data.Of(data.BigInt).NotNull()}, {Name: "y", Type: data.Of(data.BigInt)},
}

// bag counts rows, as text.
type bag map[string]int

func (b bag) Watermark(int64) error { return nil }

func (b bag) Emit(o *data.Batch) error {
	defer o.Release()
	for i := range o.Len() {
		r := o.Row(i)
		row := ""
		for _, c := range o.Cols {
			if c.IsNull(r) {
				row += "NULL|"
			} else {
				row += string(data.AppendText(nil, c, r, nil)) + "|"
			}
		}
		if o.Op(r).Adds() {
			b[row]++
		} else if b[row]--; b[row] < 0 {
			return fmt.Errorf("row %s is taken back and was not there", row)
		}
		if b[row] == 0 {
			delete(b, row)
		}
	}
	return nil
}

// lines counts changes, as text.
type lines map[string]int

func (l lines) Watermark(int64) error { return nil }

func (l lines) Emit(o *data.Batch) error {
	ops := o.Ops
	o.Ops = nil
	defer func() { o.Release() }()
	for i := range o.N {
		one := bag{}
		if err := one.Emit(o.Share([]int32{int32(i)})); err != nil {
			return err
		}
		for row := range one {
			l[ops[i].String()+" "+row]++
		}
	}
	return nil
}

// row has a NULL for a negative x.
type row struct{ x, k, id int64 }

func (r row) String() string {
	x, y := fmt.Sprintf("%d.0|", r.x), fmt.Sprintf("%d|", r.x)
	if r.x < 0 {
		x, y = "NULL|", "NULL|"
	}
	return fmt.Sprintf("%skey %d of the test|%d|%s", x, r.k, r.id, y)
}

func open(t *testing.T, spec graph.TopN) *topN {
	t.Helper()
	return openIn(t, spec, state.NewBudget(0))
}

func openIn(t *testing.T, spec graph.TopN, memory *state.Budget) *topN {
	t.Helper()
	op := graph.Op{Name: "TopN", TopN: &spec, Schema: slices.Clone(input)}
	if spec.Number {
		op.Schema = append(op.Schema, data.Column{Name: "rank", Type: data.Of(data.BigInt).NotNull()})
	}
	o, err := New(op, input)
	if err != nil {
		t.Fatal(err)
	}
	if err := o.Open(&operator.Context{Env: &function.Env{}, MaxParallelism: 128, Metrics: &operator.Metrics{}, Memory: memory}); err != nil {
		t.Fatal(err)
	}
	return o.(*topN)
}

func batch(rows []row, ops []data.Op) *data.Batch {
	b := data.MakeBatch([]data.Type{input[0].Type, input[1].Type, input[2].Type, input[3].Type}, len(rows))
	for i, r := range rows {
		if b.Cols[0].F64[i] = float64(r.x); r.x < 0 {
			data.SetNullRow(b.Cols[0], i)
		}
		b.Cols[1].SetString(i, fmt.Sprintf("key %d of the test", r.k))
		b.Cols[2].I64[i] = r.id
		if b.Cols[3].I64[i] = r.x; r.x < 0 {
			data.SetNullRow(b.Cols[3], i)
		}
	}
	b.Ops = ops
	return b
}

// reference is the result over all rows there are, in the order x (NULLs last
// when descending, else first), id.
func reference(there []row, spec graph.TopN) bag {
	groups := map[int64][]row{}
	for _, r := range there {
		groups[r.k] = append(groups[r.k], r)
	}
	out := bag{}
	for _, g := range groups {
		slices.SortFunc(g, func(a, b row) int {
			x := int(max(a.x, -1) - max(b.x, -1))
			if by := spec.Order[0]; by.Desc {
				if x = -x; !by.NullsLast && (a.x < 0) != (b.x < 0) { // NULLs first all the same
					x = -x
				}
			}
			if x == 0 {
				x = int(a.id - b.id)
			}
			return x
		})
		for i, r := range g {
			if rank := int64(i + 1); rank >= spec.From && rank <= spec.To {
				text := r.String()
				if spec.Number {
					text += fmt.Sprint(rank, "|")
				}
				out[text]++
			}
		}
	}
	return out
}

// TestChangesAddUp feeds random changes and compares what the changes given add
// up to with the ranking of what is there, also after a restore, while snapshots
// are taken.
func TestChangesAddUp(t *testing.T) {
	for _, retracts := range []bool{false, true} {
		for _, number := range []bool{false, true} {
			for _, order := range []graph.SortKey{{Column: 0}, {Column: 0, Desc: true, NullsLast: true}, {Column: 3}, {Column: 3, Desc: true}} {
				for _, more := range []bool{false, true} {
					for _, ranks := range [][2]int64{{1, 1}, {1, 5}, {3, 40}} {
						spec := graph.TopN{Keys: []int{1}, Order: []graph.SortKey{order}, From: ranks[0], To: ranks[1], Number: number, Retracts: retracts}
						if more {
							spec.Order = append(spec.Order, graph.SortKey{Column: 2})
						}
						for _, spec.MiniBatch = range []bool{false, true} {
							t.Run(fmt.Sprintf("%+v", spec), func(t *testing.T) { addUp(t, spec, 60, 60, 3) })
						}
					}
				}
			}
		}
	}
}

// TestPartitionsLiveForATime lets the clock run: a partition that is not changed
// for too long is as if it had never been, and its memory comes back.
func TestPartitionsLiveForATime(t *testing.T) {
	for _, to := range []int64{1, 3} {
		o := open(t, graph.TopN{Keys: []int{1}, Order: []graph.SortKey{{Column: 3}}, From: 1, To: to, TTLMillis: 10})
		defer o.Close()
		give := func(now int64, rows ...row) lines {
			out := lines{}
			o.ctx.Env.Now = now
			if err := o.Process(0, batch(rows, nil), out); err != nil {
				t.Fatal(err)
			}
			return out
		}
		give(0, row{5, 1, 1}, row{5, 2, 2})
		if out := give(9, row{4, 2, 3}); len(out) == 0 {
			t.Error("a better row was not seen")
		}
		if out := give(10, row{6, 1, 4}, row{7, 1, 5}); to == 1 && !maps.Equal(out, lines{"+I " + row{6, 1, 4}.String(): 1}) {
			t.Errorf("after the time of a partition: %v", out)
		}
		if out := give(18, row{6, 2, 6}); to == 1 && len(out) != 0 {
			t.Errorf("before the time of a partition: %v", out)
		}
		for now := int64(100); now < 200; now++ {
			give(now, row{1, 3, now})
		}
		if n := o.keys.Len(); n != 1 {
			t.Errorf("%d partitions are left", n)
		}
		if n := int64(o.heap.Len()); n > to+1 {
			t.Errorf("%d blocks are left", n)
		}
	}
}

// TestStateOverTheBudget ranks far more rows than fit into the memory there is,
// and compares with a ranking in memory, also after a restore.
func TestStateOverTheBudget(t *testing.T) {
	const limit = 3 << 20
	for _, spec := range []graph.TopN{{To: 1}, {To: 3, Number: true}, {To: 2, Retracts: true}} {
		spec.Keys, spec.Order, spec.From = []int{1}, []graph.SortKey{{Column: 3}}, 1
		t.Run(fmt.Sprintf("%+v", spec), func(t *testing.T) {
			tight := state.NewBudget(limit).SpillTo(t.TempDir())
			small, large := openIn(t, spec, tight), open(t, spec)
			defer func() {
				small.Close()
				large.Close()
				if err := tight.Close(); err != nil {
					t.Error(err)
				}
			}()
			rnd := rand.New(rand.NewPCG(1, 2))
			id := int64(0)
			feed := func() {
				t.Helper()
				rows := make([]row, data.BatchSize)
				for i := range rows {
					id++
					rows[i] = row{rnd.Int64N(1000), rnd.Int64N(60_000), id}
				}
				a, b := lines{}, lines{}
				if err := small.Process(0, batch(rows, nil), a); err != nil {
					t.Fatal(err)
				}
				if err := large.Process(0, batch(rows, nil), b); err != nil {
					t.Fatal(err)
				}
				if !maps.Equal(a, b) {
					t.Fatalf("%d changes of a ranking over the budget are not the %d of one in memory", len(a), len(b))
				}
			}
			for range 50 {
				feed()
			}
			if tight.Spilled() == 0 {
				t.Fatal("nothing went to the file")
			}
			whole := operatortest.Whole(t, small)
			small.Close()
			if used := tight.Used(); used != 0 {
				t.Errorf("%d bytes accounted with nothing there", used)
			}
			small = openIn(t, spec, tight)
			if err := small.Restore(&state.Reader{Parts: []state.Snapshot{whole}}); err != nil {
				t.Fatal(err)
			}
			for range 6 {
				feed()
			}
		})
	}
}

// TestRowsThatOnlyRise updates rows to greater values alone, some of them cut in two
// by the end of a batch, and compares with the ranking of all rows.
func TestRowsThatOnlyRise(t *testing.T) {
	for _, number := range []bool{false, true} {
		for _, ranks := range [][2]int64{{1, 1}, {1, 3}, {2, 4}} {
			for _, folds := range []bool{false, true} {
				spec := graph.TopN{
					Keys: []int{1}, Order: []graph.SortKey{{Column: 3, Desc: true, NullsLast: true}, {Column: 2}},
					From: ranks[0], To: ranks[1], Number: number, Improves: true, Replaces: ranks[1] == 1 && !number, MiniBatch: folds,
				}
				t.Run(fmt.Sprintf("%+v", spec), func(t *testing.T) {
					rnd := rand.New(rand.NewPCG(5, 6))
					o := open(t, spec)
					defer func() { o.Close() }()
					got, now := bag{}, map[int64]row{}
					var rows []row
					var ops []data.Op
					give := func() {
						if err := o.Process(0, batch(rows, ops), got); err != nil {
							t.Fatal(err)
						}
						rows, ops = nil, nil
					}
					for step := range 2000 {
						id := rnd.Int64N(30)
						old, there := now[id]
						r := row{old.x + rnd.Int64N(4), id % 3, id}
						if now[id] = r; there {
							if rows, ops = append(rows, old), append(ops, data.UpdateBefore); rnd.IntN(10) == 0 {
								give()
							}
							rows, ops = append(rows, r), append(ops, data.UpdateAfter)
						} else {
							rows, ops = append(rows, r), append(ops, data.Insert)
						}
						if len(rows) < 5 {
							continue
						}
						give()
						if want := reference(slices.Collect(maps.Values(now)), spec); !maps.Equal(got, want) {
							t.Fatalf("after step %d:\ngot  %v\nwant %v", step, got, want)
						}
						if int64(o.heap.Len()) > 3*(spec.To+2) {
							t.Fatalf("%d blocks are kept of 30 rows", o.heap.Len())
						}
						if step%500 == 0 {
							whole := operatortest.Whole(t, o)
							o.Close()
							o = open(t, spec)
							if err := o.Restore(&state.Reader{Parts: []state.Snapshot{whole}}); err != nil {
								t.Fatal(err)
							}
						}
					}
				})
			}
		}
	}
}

// TestManyRowsOfAPartition has more rows in a partition than a chunk has.
func TestManyRowsOfAPartition(t *testing.T) {
	for _, retracts := range []bool{false, true} {
		spec := graph.TopN{Keys: []int{1}, Order: []graph.SortKey{{Column: 3}}, From: 2, To: 1500, Retracts: retracts}
		t.Run(fmt.Sprintf("%+v", spec), func(t *testing.T) { addUp(t, spec, 30, 1000, 2) })
	}
}

func addUp(t *testing.T, spec graph.TopN, steps int64, rowsMost, keys int64) {
	rnd := rand.New(rand.NewPCG(3, 4))
	o := open(t, spec)
	defer func() { o.Close() }()
	got := bag{}
	var there []row
	chain := &operatortest.Chain{Op: o, Rnd: rnd.IntN}
	for step := range steps {
		var rows []row
		var ops []data.Op
		for i := range rnd.Int64N(rowsMost) + 1 {
			remove := func() {
				k := rnd.IntN(len(there))
				rows, ops = append(rows, there[k]), append(ops, data.Delete)
				there = slices.Delete(there, k, k+1)
			}
			if spec.Retracts && len(there) > 0 && rnd.IntN(20) < 9 {
				remove()
				continue
			}
			r := row{rnd.Int64N(30) - 1, rnd.Int64N(keys), step*rowsMost + i}
			op := data.Insert
			if spec.Retracts && len(there) > 0 && rnd.IntN(4) == 0 {
				remove()
				ops[len(ops)-1], op = data.UpdateBefore, data.UpdateAfter
				r.k = rows[len(rows)-1].k
			}
			rows, ops = append(rows, r), append(ops, op)
			there = append(there, r)
		}
		if !spec.Retracts {
			ops = nil
		}
		if err := o.Process(0, batch(rows, ops), got); err != nil {
			t.Fatal(err)
		}
		if want := reference(there, spec); !maps.Equal(got, want) {
			t.Fatalf("after step %d:\ngot  %v\nwant %v", step, got, want)
		}
		chain.Step(t)
		if step%20 == 19 {
			from := chain.Finish(t)
			whole := operatortest.Rows(from)
			o.Close()
			o = open(t, spec)
			if err := o.Restore(&state.Reader{Parts: []state.Snapshot{from}}); err != nil {
				t.Fatal(err)
			}
			if step == 19 {
				o.Resumed(1)
				chain.Op = o
			} else {
				chain = &operatortest.Chain{Op: o, Rnd: rnd.IntN}
			}
			if again := operatortest.Rows(operatortest.Whole(t, o)); !maps.Equal(whole, again) {
				t.Fatalf("restored %v, was %v", again, whole)
			}
		}
	}
}
