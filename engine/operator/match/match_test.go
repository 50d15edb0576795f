package match

import (
	"fmt"
	"log/slog"
	"maps"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/expr"
	"github.com/weir-streams/weir/engine/function"
	"github.com/weir-streams/weir/engine/graph"
	"github.com/weir-streams/weir/engine/operator"
	"github.com/weir-streams/weir/engine/operator/operatortest"
	"github.com/weir-streams/weir/engine/state"
)

var (
	tInt   = data.Of(data.Int)
	tBig   = data.Of(data.BigInt)
	trades = []data.Column{
		{Name: "who", Type: tBig},
		{Name: "amount", Type: tInt},
		{Name: "name", Type: data.String()},
		{Name: "at", Type: data.Type{Kind: data.Timestamp, Precision: 3, Nullable: true, TimeAttr: data.EventTime}},
	}
)

// bag counts the rows given.
type bag map[string]int

func (g bag) Emit(b *data.Batch) error {
	for i := range b.Len() {
		var fields []string
		for _, c := range b.Cols {
			if r := b.Row(i); c.IsNull(r) {
				fields = append(fields, "NULL")
			} else {
				fields = append(fields, string(data.AppendText(nil, c, r, nil)))
			}
		}
		g[strings.Join(fields, " ")]++
	}
	b.Release()
	return nil
}
func (g bag) Watermark(int64) error { return nil }

// pattern is A B+ C: B above what A had, C below.
func pattern(skip graph.MatchSkip) graph.Op {
	limit := func(op string, ref int) *expr.Expr {
		e := expr.Call(op, data.Of(data.Boolean), expr.Column(ref, tInt), expr.Column(0, tInt))
		return &e
	}
	count := &graph.AggCall{Func: "COUNT", Args: []int{2}, Filter: -1, Type: tBig.NotNull()}
	m := &graph.Match{
		Keys: []int{0}, Order: []graph.SortKey{{Column: 3}}, Time: data.EventTime, Vars: []string{"A", "B", "C"},
		Pattern: []graph.MatchItem{{Var: 0, Min: 1, Max: 1}, {Var: 1, Min: 1, Max: -1, Greedy: true}, {Var: 2, Min: 1, Max: 1}},
		Skip:    skip, WithinMillis: 300,
		Refs: []graph.MatchRef{
			{Vars: []int{0}, Column: 1, Type: tInt},
			{Vars: []int{1}, Column: 1, Type: tInt},
			{Vars: []int{2}, Column: 1, Type: tInt},
			{Vars: []int{1}, Agg: count, Type: tBig.NotNull()},
			{Vars: []int{1}, Column: 2, First: true, Type: data.String()},
		},
		Define:   []*expr.Expr{nil, limit(">", 1), limit("<=", 2)},
		Measures: []expr.Expr{expr.Column(0, tInt), expr.Column(2, tInt), expr.Column(3, tBig.NotNull()), expr.Column(4, data.String())},
	}
	schema := []data.Column{trades[0], trades[1], trades[1], {Name: "n", Type: tBig}, trades[2]}
	return graph.Op{Name: "match", Match: m, Schema: schema}
}

func open(t testing.TB, o graph.Op, memory int64) operator.Operator {
	t.Helper()
	m, err := New(o, trades, function.NewSet(nil, nil))
	if err != nil {
		t.Fatal(err)
	}
	if err := m.Open(&operator.Context{
		Parallelism: 1, MaxParallelism: 8, Env: &function.Env{}, Log: slog.Default(), Input: [][]data.Column{trades},
		Memory: state.NewBudget(memory), Metrics: &operator.Metrics{},
	}); err != nil {
		t.Fatal(err)
	}
	return m
}

// some makes random rows around a time; every sixth key is NULL.
func some(rnd *rand.Rand, n int, at int64) *data.Batch {
	types := make([]data.Type, len(trades))
	for i, c := range trades {
		types[i] = c.Type
	}
	b := data.MakeBatch(types, n)
	for i := range n {
		if b.Cols[0].I64[i] = int64(rnd.IntN(6)); b.Cols[0].I64[i] == 5 {
			data.SetNullRow(b.Cols[0], i)
		}
		b.Cols[1].I32[i] = int32(rnd.IntN(20))
		b.Cols[2].SetString(i, strings.Repeat("name", rnd.IntN(6))+fmt.Sprint(rnd.IntN(100)))
		b.Cols[3].I64[i] = at + int64(rnd.IntN(40)) - 20
	}
	return b
}

// TestSnapshotsAddUp takes snapshots in slices all along and goes on from them.
func TestSnapshotsAddUp(t *testing.T) {
	for _, skip := range []graph.MatchSkip{graph.SkipPastLast, graph.SkipToNext} {
		t.Run(string(skip), func(t *testing.T) {
			rnd, same := rand.New(rand.NewPCG(3, 4)), rand.New(rand.NewPCG(3, 4))
			moments := rand.New(rand.NewPCG(5, 6))
			o, undisturbed := open(t, pattern(skip), 0), open(t, pattern(skip), 0)
			defer func() { o.Close(); undisturbed.Close() }()
			chain := &operatortest.Chain{Op: o.(operator.Snapshotter), Rnd: moments.IntN}
			got, want, incremental := bag{}, bag{}, 0
			for step := range 200 {
				n, at := 1+rnd.IntN(10), int64(step*10)
				same.IntN(10)
				feed := func(x operator.Operator, r *rand.Rand, out bag) {
					if err := x.Process(0, some(r, n, at), out); err != nil {
						t.Fatal(err)
					}
					if step%3 == 0 {
						if err := x.Watermark(at-5, out); err != nil {
							t.Fatal(err)
						}
					}
				}
				feed(o, rnd, got)
				feed(undisturbed, same, want)
				if !maps.Equal(got, want) {
					t.Fatalf("after step %d:\ngot  %v\nwant %v", step, got, want)
				}
				chain.Step(t)
				if step%50 != 49 {
					continue
				}
				from := chain.Finish(t)
				incremental += chain.Incremental
				whole := operatortest.Rows(from)
				o.Close()
				o = open(t, pattern(skip), 0)
				if err := o.(operator.Stateful).Restore(&state.Reader{Parts: []state.Snapshot{from}}); err != nil {
					t.Fatal(err)
				}
				if step == 49 {
					o.(operator.Resumer).Resumed(1)
					chain.Op = o.(operator.Snapshotter)
				} else {
					chain = &operatortest.Chain{Op: o.(operator.Snapshotter), Rnd: moments.IntN}
				}
				if again := operatortest.Rows(operatortest.Whole(t, o.(operator.Stateful))); !maps.Equal(whole, again) {
					t.Fatalf("restored %v, was %v", again, whole)
				}
			}
			if len(got) == 0 {
				t.Error("nothing was found")
			}
			if incremental == 0 {
				t.Error("no snapshot was of changes only")
			}
		})
	}
}

func TestTinyBudgetIsRefused(t *testing.T) {
	o, out := open(t, pattern(graph.SkipToNext), 64<<10), bag{}
	defer o.Close()
	rnd := rand.New(rand.NewPCG(1, 1))
	var err error
	for step := 0; step < 400 && err == nil; step++ {
		err = o.Process(0, some(rnd, 50, int64(step)), out)
	}
	if err == nil || !strings.Contains(err.Error(), "state.backend.memory") {
		t.Error(err)
	}
}
