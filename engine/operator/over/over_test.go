package over

import (
	"fmt"
	"log/slog"
	"maps"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/function"
	"github.com/weir-streams/weir/engine/graph"
	"github.com/weir-streams/weir/engine/operator"
	"github.com/weir-streams/weir/engine/operator/operatortest"
	"github.com/weir-streams/weir/engine/state"
)

// trades is the input: who, how much, a name, and when.
var trades = []data.Column{
	{Name: "who", Type: data.Of(data.BigInt)},
	{Name: "amount", Type: data.Of(data.Int)},
	{Name: "name", Type: data.String()},
	{Name: "at", Type: data.Type{Kind: data.Timestamp, Precision: 3, Nullable: true, TimeAttr: data.EventTime}},
}

// bag counts rows: what is given less what is taken back.
type bag map[string]int

func (g bag) Emit(b *data.Batch) error {
	for i := range b.Len() {
		r := b.Row(i)
		var fields []string
		for _, c := range b.Cols {
			if c.IsNull(r) {
				fields = append(fields, "NULL")
			} else {
				fields = append(fields, string(data.AppendText(nil, c, r, nil)))
			}
		}
		row, n := strings.Join(fields, " "), 1
		if !b.Op(r).Adds() {
			n = -1
		}
		if g[row] += n; g[row] == 0 {
			delete(g, row)
		}
	}
	b.Release()
	return nil
}
func (g bag) Watermark(int64) error { return nil }

func calls(bounded bool) []graph.OverCall {
	agg := func(name string, t data.Type, args ...int) graph.OverCall {
		return graph.OverCall{Agg: &graph.AggCall{Func: name, Args: args, Filter: -1, Type: t, Retracts: bounded}, Type: t}
	}
	return []graph.OverCall{
		agg("COUNT", data.Of(data.BigInt).NotNull()), agg("SUM", data.Of(data.Int), 1), agg("MAX", data.String(), 2),
		{Func: "LAG", Arg: 1, Default: -1, Offset: 2, Type: data.Of(data.Int)},
	}
}

func over(spec graph.Over) graph.Op {
	o := graph.Op{Name: "over", Over: &spec, Schema: append([]data.Column{}, trades...)}
	for i, c := range spec.Calls {
		o.Schema = append(o.Schema, data.Column{Name: fmt.Sprint("c", i), Type: c.Type})
	}
	return o
}

func open(t testing.TB, spec graph.Over, memory int64) operator.Operator {
	t.Helper()
	o, err := New(over(spec), trades, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := o.Open(&operator.Context{
		Parallelism: 1, MaxParallelism: 8, Env: &function.Env{}, Log: slog.Default(), Input: [][]data.Column{trades},
		Memory: state.NewBudget(memory), Metrics: &operator.Metrics{},
	}); err != nil {
		t.Fatal(err)
	}
	return o
}

type trade struct {
	who, amount int64 // who -1: NULL
	name        string
	at          int64
}

func batch(rows []trade, ops []data.Op) *data.Batch {
	var types []data.Type
	for _, c := range trades {
		types = append(types, c.Type)
	}
	b := data.MakeBatch(types, len(rows))
	b.Ops = ops
	for i, r := range rows {
		if b.Cols[0].I64[i] = r.who; r.who < 0 {
			data.SetNullRow(b.Cols[0], i)
		}
		b.Cols[1].I32[i], b.Cols[3].I64[i] = int32(r.amount), r.at
		b.Cols[2].SetString(i, r.name)
	}
	return b
}

func randomTrade(rnd *rand.Rand, at int64) trade {
	return trade{int64(rnd.IntN(6)) - 1, int64(rnd.IntN(20)), strings.Repeat("n", rnd.IntN(30)) + fmt.Sprint(rnd.IntN(5)), at}
}

// specs are one of each kind of frame.
func specs() map[string]graph.Over {
	byTime := []graph.SortKey{{Column: 3}}
	byAmount := []graph.SortKey{{Column: 1}}
	out := map[string]graph.Over{}
	for _, preceding := range []int64{-1, 3} {
		out[fmt.Sprintf("rows by time %d", preceding)] = graph.Over{Keys: []int{0}, Order: byTime, Time: data.EventTime, Rows: true, Preceding: preceding, Calls: calls(preceding >= 0)}
		out[fmt.Sprintf("rows by amount %d", preceding)] = graph.Over{Keys: []int{0}, Order: byAmount, Rows: true, Preceding: preceding, Calls: calls(preceding >= 0)}
	}
	out["range by time"] = graph.Over{Keys: []int{0}, Order: byTime, Time: data.EventTime, Preceding: -1, Calls: calls(false)}
	out["interval by time"] = graph.Over{Keys: []int{0}, Order: byTime, Time: data.EventTime, Preceding: 40, Calls: calls(true)}
	out["range by amount"] = graph.Over{Keys: []int{0}, Order: byAmount, Preceding: -1, Calls: calls(false)}
	out["no key"] = graph.Over{Order: byAmount, Preceding: -1, Calls: calls(false)}
	return out
}

// TestSnapshotsAddUp feeds random rows, some late, some taken back where that
// may be, takes snapshots in slices all along, and goes on from them.
func TestSnapshotsAddUp(t *testing.T) {
	for name, spec := range specs() {
		t.Run(name, func(t *testing.T) { addUp(t, spec) })
	}
}

func addUp(t *testing.T, spec graph.Over) {
	rnd := rand.New(rand.NewPCG(3, 4))
	o, undisturbed := open(t, spec, 0), open(t, spec, 0)
	defer func() { o.Close(); undisturbed.Close() }()
	chain := &operatortest.Chain{Op: o.(operator.Snapshotter), Rnd: rnd.IntN}
	got, want := bag{}, bag{}
	var there []trade
	for step := range 150 {
		var rows []trade
		var ops []data.Op
		for range 1 + rnd.IntN(12) {
			if n := len(there); n > 0 && spec.Time == data.NoTimeAttr && rnd.IntN(20) < 8 {
				i := rnd.IntN(n)
				rows, ops = append(rows, there[i]), append(ops, data.Delete)
				there = append(there[:i:i], there[i+1:]...)
				continue
			}
			r := randomTrade(rnd, int64(step*10+rnd.IntN(40)-20))
			rows, ops, there = append(rows, r), append(ops, data.Insert), append(there, r)
		}
		for out, x := range map[*bag]operator.Operator{&got: o, &want: undisturbed} {
			if err := x.Process(0, batch(rows, ops), *out); err != nil {
				t.Fatal(err)
			}
			if step%3 == 0 {
				if err := x.Watermark(int64(step*10-5), *out); err != nil {
					t.Fatal(err)
				}
			}
		}
		if !maps.Equal(got, want) {
			t.Fatalf("after step %d:\ngot  %v\nwant %v", step, got, want)
		}
		if spec.Time == data.NoTimeAttr && step%10 == 0 {
			checkFresh(t, spec, there, got)
		}
		chain.Step(t)
		if step%40 == 39 {
			from := chain.Finish(t)
			whole := operatortest.Rows(from)
			o.Close()
			o = open(t, spec, 0)
			if err := o.(operator.Stateful).Restore(&state.Reader{Parts: []state.Snapshot{from}}); err != nil {
				t.Fatal(err)
			}
			if step == 39 {
				o.(operator.Resumer).Resumed(1)
				chain.Op = o.(operator.Snapshotter)
			} else {
				chain = &operatortest.Chain{Op: o.(operator.Snapshotter), Rnd: rnd.IntN}
			}
			if again := operatortest.Rows(operatortest.Whole(t, o.(operator.Stateful))); !maps.Equal(whole, again) {
				t.Fatalf("restored %v, was %v", again, whole)
			}
		}
	}
	if chain.Incremental == 0 {
		t.Error("no snapshot was of changes only")
	}
}

// checkFresh compares what was given so far with what an operator gives that
// sees the rows that are left, all at once and in their order of arrival.
func checkFresh(t *testing.T, spec graph.Over, there []trade, got bag) {
	t.Helper()
	o, want := open(t, spec, 0), bag{}
	defer o.Close()
	if err := o.Process(0, batch(there, nil), want); err != nil {
		t.Fatal(err)
	}
	if !maps.Equal(got, want) {
		t.Fatalf("got  %v\nwant %v", got, want)
	}
}

// A partition that no row came to for its time to live begins anew, and its
// memory comes back.
func TestTimeToLive(t *testing.T) {
	for name, spec := range specs() {
		spec.TTLMillis = 1000
		env := &function.Env{Now: 1000}
		x, err := New(over(spec), trades, nil)
		if err != nil {
			t.Fatal(err)
		}
		metrics := &operator.Metrics{}
		if err := x.Open(&operator.Context{
			Parallelism: 1, MaxParallelism: 8, Env: env, Log: slog.Default(), Input: [][]data.Column{trades}, Memory: state.NewBudget(0), Metrics: metrics,
		}); err != nil {
			t.Fatal(err)
		}
		out := bag{}
		at := int64(1)
		feed := func(rows ...trade) {
			t.Helper()
			for i := range rows {
				at++
				rows[i].at = at
			}
			if err := x.Process(0, batch(rows, nil), out); err != nil {
				t.Fatal(err)
			}
			if err := x.Watermark(at, out); err != nil {
				t.Fatal(err)
			}
		}
		feed(trade{who: 1, amount: 5, name: "a"}, trade{who: 2, amount: 5, name: "b"})
		env.Now += 999
		feed(trade{who: 1, amount: 6, name: "c"})
		env.Now += 999
		feed(trade{who: 1, amount: 7, name: "d"}) // kept all along; 2 is not
		keys := int64(1)
		if len(spec.Keys) > 0 && metrics.StateKeys.Load() != keys {
			t.Errorf("%s: %d partitions are kept, want %d", name, metrics.StateKeys.Load(), keys)
		}
		env.Now += 1000
		feed(trade{who: 1, amount: 8, name: "e"})
		found := 0
		for row := range out {
			if strings.Contains(row, " e ") && strings.Contains(row, " 1 8 e NULL") {
				found++
			}
		}
		if found != 1 {
			t.Errorf("%s: the row after the time to live is not the first of its partition: %v", name, out)
		}
		x.Close()
	}
}

// A budget that is too small is an error that says what to raise; nothing is lost silently.
func TestTinyBudgetIsRefused(t *testing.T) {
	for name, spec := range specs() {
		o, out := open(t, spec, 64<<10), bag{}
		var err error
		rnd := rand.New(rand.NewPCG(1, 1))
		for step := 0; step < 400 && err == nil; step++ {
			var rows []trade
			for range 50 {
				r := randomTrade(rnd, int64(step))
				r.name = fmt.Sprint(step, strings.Repeat("x", 100))
				rows = append(rows, r)
			}
			err = o.Process(0, batch(rows, nil), out)
		}
		if err == nil || !strings.Contains(err.Error(), "state.backend.memory") {
			t.Errorf("%s: %v", name, err)
		}
		o.Close()
	}
}

// BenchmarkAppend adds rows behind those of a large partition that is not
// ordered by time: the cost of a row does not grow with the partition.
func BenchmarkAppend(b *testing.B) {
	for _, size := range []int{1000, 100000} {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			spec := graph.Over{Keys: []int{0}, Order: []graph.SortKey{{Column: 1}}, Rows: true, Preceding: -1, Calls: calls(false)}
			o := open(b, spec, 0)
			defer o.Close()
			n := int64(0)
			next := func(k int) *data.Batch {
				rows := make([]trade, k)
				for i := range rows {
					n++
					rows[i] = trade{1, n, "name", n}
				}
				return batch(rows, nil)
			}
			for range size / 1000 {
				if err := o.Process(0, next(1000), dropped{}); err != nil {
					b.Fatal(err)
				}
			}
			for b.Loop() {
				if err := o.Process(0, next(10), dropped{}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

type dropped struct{}

func (dropped) Emit(b *data.Batch) error { b.Release(); return nil }
func (dropped) Watermark(int64) error    { return nil }
