package aggregate

import (
	"fmt"
	"log/slog"
	"math/rand"
	"sort"
	"strings"
	"testing"

	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/function"
	"github.com/weir-streams/weir/engine/graph"
	"github.com/weir-streams/weir/engine/operator"
	"github.com/weir-streams/weir/engine/operator/operatortest"
	"github.com/weir-streams/weir/engine/state"
)

// sales is the input of these tests: who, how much, and a name.
var sales = []data.Column{
	{Name: "who", Type: data.String()},
	{Name: "amount", Type: data.Of(data.Int)},
	{Name: "price", Type: data.Type{Kind: data.Decimal, Precision: 10, Scale: 2, Nullable: true}},
}

// tape collects what an operator gives, as lines of op and values.
type tape struct{ lines []string }

func (t *tape) Emit(b *data.Batch) error {
	for i := range b.Len() {
		r := b.Row(i)
		fields := []string{b.Op(r).String()}
		for _, c := range b.Cols {
			if c.IsNull(r) {
				fields = append(fields, "NULL")
			} else {
				fields = append(fields, string(data.AppendText(nil, c, r, nil)))
			}
		}
		t.lines = append(t.lines, strings.Join(fields, " "))
	}
	b.Release()
	return nil
}
func (t *tape) Watermark(int64) error { return nil }

func op(spec graph.GroupAggregate) graph.Op {
	o := graph.Op{Name: "test", GroupAggregate: &spec}
	for _, k := range spec.Keys {
		o.Schema = append(o.Schema, sales[k])
	}
	for _, a := range spec.Aggs {
		o.Schema = append(o.Schema, data.Column{Name: a.Func, Type: a.Type})
	}
	return o
}

func open(t *testing.T, spec graph.GroupAggregate) operator.Operator {
	t.Helper()
	g, err := New(op(spec), sales, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := g.Open(&operator.Context{
		Parallelism: 1, MaxParallelism: 128, Env: &function.Env{}, Log: slog.Default(),
		Memory: state.NewBudget(0), Metrics: &operator.Metrics{},
	}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { g.Close() })
	return g
}

// batch reads lines such as "+I ann 3 1.50"; NULL is NULL.
func batch(lines ...string) *data.Batch {
	b := data.MakeBatch([]data.Type{sales[0].Type, sales[1].Type, sales[2].Type}, len(lines))
	b.Ops = make([]data.Op, len(lines))
	for i, l := range lines {
		f := strings.Fields(l)
		b.Ops[i] = data.Op(strings.Index("+I-U+U-D", f[0]) / 2)
		for c, text := range f[1:] {
			switch {
			case text == "NULL":
				data.SetNullRow(b.Cols[c], i)
			case c == 0:
				b.Cols[0].SetString(i, text)
			case c == 1:
				fmt.Sscan(text, &b.Cols[1].I32[i])
			default:
				var whole, cents int64
				fmt.Sscanf(text, "%d.%d", &whole, &cents)
				b.Cols[2].I64[i] = whole*100 + cents
			}
		}
	}
	return b
}

var (
	countAll  = graph.AggCall{Func: "COUNT", Filter: -1, Type: data.Of(data.BigInt).NotNull()}
	sumAmount = graph.AggCall{Func: "SUM", Args: []int{1}, Filter: -1, Type: data.Of(data.Int), Retracts: true}
	avgPrice  = graph.AggCall{Func: "AVG", Args: []int{2}, Filter: -1, Type: data.Type{Kind: data.Decimal, Precision: 38, Scale: 6, Nullable: true}, Retracts: true}
	maxAmount = graph.AggCall{Func: "MAX", Args: []int{1}, Filter: -1, Type: data.Of(data.Int), Retracts: true}
	minWho    = graph.AggCall{Func: "MIN", Args: []int{0}, Filter: -1, Type: data.String(), Retracts: true}
	distinct  = graph.AggCall{Func: "COUNT", Args: []int{1}, Distinct: true, Filter: -1, Type: data.Of(data.BigInt).NotNull(), Retracts: true}
)

func TestChangesOfEachRow(t *testing.T) {
	for _, tt := range []struct {
		name string
		spec graph.GroupAggregate
		in   []string
		want []string
	}{
		{
			name: "counts without keys",
			spec: graph.GroupAggregate{Aggs: []graph.AggCall{countAll}, UpdateBefore: true},
			in:   []string{"+I a 1 1.00", "+I b 2 1.00"},
			want: []string{"+I 1", "-U 1", "+U 2"},
		},
		{
			name: "says nothing where the value does not change",
			spec: graph.GroupAggregate{Keys: []int{0}, Aggs: []graph.AggCall{maxAmount}, UpdateBefore: true},
			in:   []string{"+I a 5 1.00", "+I a 3 1.00", "+I a 7 1.00"},
			want: []string{"+I a 5", "-U a 5", "+U a 7"},
		},
		{
			name: "takes the maximum back",
			spec: graph.GroupAggregate{Keys: []int{0}, Aggs: []graph.AggCall{maxAmount}, UpdateBefore: true},
			in:   []string{"+I a 5 1.00", "+I a 7 1.00", "+I a 7 1.00", "-D a 7 1.00", "-D a 7 1.00", "-D a 5 1.00"},
			want: []string{"+I a 5", "-U a 5", "+U a 7", "-U a 7", "+U a 5", "-D a 5"},
		},
		{
			name: "sums NULLs as nothing, and none as NULL",
			spec: graph.GroupAggregate{Keys: []int{0}, Aggs: []graph.AggCall{sumAmount}, UpdateBefore: true},
			in:   []string{"+I a NULL 1.00", "+I a 2 1.00", "-D a 2 1.00"},
			want: []string{"+I a NULL", "-U a NULL", "+U a 2", "-U a 2", "+U a NULL"},
		},
		{
			name: "groups NULL keys together, leaves out -U where it is not wanted",
			spec: graph.GroupAggregate{Keys: []int{0}, Aggs: []graph.AggCall{countAll, avgPrice}},
			in:   []string{"+I NULL 1 1.00", "+I NULL 1 2.00"},
			want: []string{"+I NULL 1 1.000000", "+U NULL 2 1.500000"},
		},
		{
			name: "ignores the retraction of what is not there",
			spec: graph.GroupAggregate{Keys: []int{0}, Aggs: []graph.AggCall{countAll}, UpdateBefore: true},
			in:   []string{"-D a 1 1.00", "+I a 1 1.00"},
			want: []string{"+I a 1"},
		},
		{
			name: "counts distinct values",
			spec: graph.GroupAggregate{Aggs: []graph.AggCall{distinct}, UpdateBefore: true},
			in:   []string{"+I a 1 1.00", "+I a 1 1.00", "+I a 2 1.00", "+I a NULL 1.00", "-D a 1 1.00", "-D a 1 1.00"},
			want: []string{"+I 1", "-U 1", "+U 2", "-U 2", "+U 1"},
		},
	} {
		for _, together := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s/together=%v", tt.name, together), func(t *testing.T) {
				g, out := open(t, tt.spec), &tape{}
				if together {
					if err := g.Process(0, batch(tt.in...), out); err != nil {
						t.Fatal(err)
					}
				} else {
					for _, l := range tt.in {
						if err := g.Process(0, batch(l), out); err != nil {
							t.Fatal(err)
						}
					}
				}
				if got, want := strings.Join(out.lines, "\n"), strings.Join(tt.want, "\n"); got != want {
					t.Errorf("got\n%s\nwant\n%s", got, want)
				}
			})
		}
	}
}

// TestRandomChangelogs feeds random inserts and deletes, in both emission modes,
// with the state moved to other subtasks now and then, and compares the folded
// output with aggregates computed anew.
func TestRandomChangelogs(t *testing.T) {
	for seed := range int64(40) {
		for _, mini := range []bool{false, true} {
			checkRandom(t, seed, mini)
		}
	}
}

func checkRandom(t *testing.T, seed int64, mini bool) {
	rng := rand.New(rand.NewSource(seed))
	spec := graph.GroupAggregate{
		Keys: []int{0}, MiniBatch: mini, UpdateBefore: true,
		Aggs: []graph.AggCall{countAll, sumAmount, avgPrice, maxAmount, minWho, distinct},
	}
	g, out := open(t, spec), &tape{}
	var rows [][3]string
	for range 30 {
		var lines []string
		for range 1 + rng.Intn(60) {
			if len(rows) > 0 && rng.Intn(3) == 0 {
				k := rng.Intn(len(rows))
				lines = append(lines, "-D "+strings.Join(rows[k][:], " "))
				rows = append(rows[:k], rows[k+1:]...)
				continue
			}
			r := [3]string{fmt.Sprintf("somebody-called-%d", rng.Intn(6)), fmt.Sprint(rng.Intn(9)), fmt.Sprintf("%d.%02d", rng.Intn(5), rng.Intn(100))}
			if rng.Intn(8) == 0 {
				r[1] = "NULL"
			}
			rows = append(rows, r)
			lines = append(lines, "+I "+strings.Join(r[:], " "))
		}
		if err := g.Process(0, batch(lines...), out); err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		if rng.Intn(4) == 0 {
			w := &state.Writer{}
			if err := g.(operator.Stateful).Snapshot(w); err != nil {
				t.Fatal(err)
			}
			g = open(t, spec)
			if err := g.(operator.Stateful).Restore(&state.Reader{Parts: []state.Snapshot{w.Snapshot}}); err != nil {
				t.Fatalf("seed %d: %v", seed, err)
			}
		}
	}
	fresh, want := open(t, graph.GroupAggregate{Keys: spec.Keys, Aggs: spec.Aggs}), &tape{}
	var lines []string
	for _, r := range rows {
		lines = append(lines, "+I "+strings.Join(r[:], " "))
	}
	if len(lines) > 0 {
		if err := fresh.Process(0, batch(lines...), want); err != nil {
			t.Fatal(err)
		}
	}
	if a, b := folded(t, out.lines, true), folded(t, want.lines, false); a != b {
		t.Fatalf("seed %d, mini-batch %v: got\n%s\nwant\n%s", seed, mini, a, b)
	}
}

// TestSnapshotsInSlices writes snapshots while changes go on, whole and of changes
// only, and goes on from one of them.
func TestSnapshotsInSlices(t *testing.T) {
	appends := []graph.AggCall{countAll, sumAmount, maxAmount, minWho, distinct}
	for i := range appends {
		appends[i].Retracts = false
	}
	incremental := 0
	for seed := range int64(30) {
		rng := rand.New(rand.NewSource(seed))
		spec := graph.GroupAggregate{Keys: []int{0}, MiniBatch: seed%3 == 0, Aggs: appends}
		retracts := seed%2 == 0
		if retracts {
			spec.Aggs = []graph.AggCall{countAll, sumAmount, avgPrice, maxAmount, minWho, distinct}
		}
		g, out := open(t, spec), &tape{}
		chain := &operatortest.Chain{Op: g.(operator.Snapshotter), Rnd: rng.Intn}
		var rows []string
		for range 60 {
			var lines []string
			for range 1 + rng.Intn(20) {
				if retracts && len(rows) > 0 && rng.Intn(2) == 0 {
					k := rng.Intn(len(rows))
					lines = append(lines, "-D "+rows[k])
					rows = append(rows[:k], rows[k+1:]...)
					continue
				}
				r := fmt.Sprintf("somebody-called-%d %d %d.%02d", rng.Intn(30), rng.Intn(9), rng.Intn(5), rng.Intn(100))
				rows = append(rows, r)
				lines = append(lines, "+I "+r)
			}
			if err := g.Process(0, batch(lines...), out); err != nil {
				t.Fatal(err)
			}
			chain.Step(t)
			if rng.Intn(20) == 0 {
				r := &state.Reader{Parts: []state.Snapshot{chain.Finish(t)}}
				g = open(t, spec)
				if err := g.(operator.Stateful).Restore(r); err != nil {
					t.Fatal(err)
				}
				g.(operator.Resumer).Resumed(0)
				chain.Op = g.(operator.Snapshotter)
			}
		}
		chain.Finish(t)
		incremental += chain.Incremental
	}
	if incremental < 50 {
		t.Errorf("only %d incremental snapshots were compared", incremental)
	}
}

// TestGroupsLiveForATime lets the clock run: a group that is not written for too
// long begins anew, with what is beside it, and one that is keeps its place.
func TestGroupsLiveForATime(t *testing.T) {
	for _, mini := range []bool{false, true} {
		spec := graph.GroupAggregate{Keys: []int{0}, TTLMillis: 10, UpdateBefore: true, MiniBatch: mini, Aggs: []graph.AggCall{
			countAll,
			{Func: "COUNT", Args: []int{1}, Distinct: true, Filter: -1, Type: data.Of(data.BigInt).NotNull()},
			{Func: "MIN", Args: []int{0}, Filter: -1, Type: data.String()},
		}}
		g := open(t, spec).(*group)
		out := &tape{}
		at := func(now int64, lines ...string) {
			t.Helper()
			g.ctx.Env.Now = now
			if err := g.Process(0, batch(lines...), out); err != nil {
				t.Fatal(err)
			}
		}
		at(100, "+I ann 1 1.00")
		at(105, "+I bob 1 1.00")
		at(109, "+I ann 1 1.00") // the result changes; bob lives until 115
		at(118, "+I ann 2 1.00")
		if n := g.groups.Table.Len(); n != 1 {
			t.Errorf("%d groups are there, bob's time is over", n)
		}
		at(128, "+I ann 2 1.00", "+I bob 3 1.00")
		w := &state.Writer{}
		if err := g.Snapshot(w); err != nil {
			t.Fatal(err)
		}
		g = open(t, spec).(*group)
		g.ctx.Env.Now = 130
		if err := g.Restore(&state.Reader{Parts: []state.Snapshot{w.Snapshot}}); err != nil {
			t.Fatal(err)
		}
		at(139, "+I bob 3 1.00")
		at(150, "-D bob 3 1.00") // of a group that is gone
		want := []string{
			"+I ann 1 1 ann", "+I bob 1 1 bob", "-U ann 1 1 ann", "+U ann 2 1 ann", "-U ann 2 1 ann", "+U ann 3 2 ann",
			"+I ann 1 1 ann", "+I bob 1 1 bob", "-U bob 1 1 bob", "+U bob 2 1 bob",
		}
		if got := strings.Join(out.lines, "\n"); got != strings.Join(want, "\n") {
			t.Errorf("mini-batch %v: got\n%s\nwant\n%s", mini, got, strings.Join(want, "\n"))
		}
		if n := g.groups.Table.Len(); n != 0 {
			t.Errorf("%d groups are there after their time", n)
		}
	}
}

// TestUnchangedResultsAreGivenAgain where state has a time to live, so that what
// is kept of them downstream lives on.
func TestUnchangedResultsAreGivenAgain(t *testing.T) {
	maximum := graph.AggCall{Func: "MAX", Args: []int{1}, Filter: -1, Type: data.Of(data.Int)}
	g, out := open(t, graph.GroupAggregate{Keys: []int{0}, TTLMillis: 10, Aggs: []graph.AggCall{maximum}}), &tape{}
	if err := g.Process(0, batch("+I ann 5 1.00", "+I ann 3 1.00"), out); err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(out.lines, "; "); got != "+I ann 5; +U ann 5" {
		t.Errorf("got %s", got)
	}
}

// folded is the final table of a changelog. A retract stream removes only rows
// that are there; an upsert stream replaces by the first column.
func folded(t *testing.T, lines []string, retract bool) string {
	t.Helper()
	rows := map[string]string{}
	for _, l := range lines {
		o, row, _ := strings.Cut(l, " ")
		key, _, _ := strings.Cut(row, " ")
		switch o {
		case "+I", "+U":
			if retract && rows[key] != "" {
				t.Fatalf("%s while %q is there", l, rows[key])
			}
			rows[key] = row
		default:
			if rows[key] != row {
				t.Fatalf("%s while %q is there", l, rows[key])
			}
			delete(rows, key)
		}
	}
	var all []string
	for _, r := range rows {
		all = append(all, r)
	}
	sort.Strings(all)
	return strings.Join(all, "\n")
}
