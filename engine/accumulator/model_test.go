package accumulator

import (
	"fmt"
	"math/rand"
	"slices"
	"strings"
	"testing"
	"unsafe"

	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/graph"
	"github.com/weir-streams/weir/engine/state"
)

// input is the columns of these tests: a key, a value as number and as text, and
// two filters. All follow from key and value, so that equal rows are alike.
var input = []data.Column{
	{Name: "k", Type: data.Of(data.BigInt)},
	{Name: "n", Type: data.Of(data.BigInt)},
	{Name: "s", Type: data.String()},
	{Name: "odd", Type: data.Of(data.Boolean)},
	{Name: "small", Type: data.Of(data.Boolean)},
	{Name: "x", Type: data.Of(data.Double)},
}

func arrayOf(t data.Type) data.Type {
	return data.Type{Kind: data.Array, Nullable: true, Args: []data.Type{t}}
}

func multisetOf(t data.Type) data.Type {
	return data.Type{Kind: data.Multiset, Args: []data.Type{t}}
}

// calls has every aggregate; retracts says whether the input takes rows back.
func calls(retracts bool) []graph.AggCall {
	big, text, double := data.Of(data.BigInt), data.String(), data.Of(data.Double)
	count := big.NotNull()
	all := []graph.AggCall{
		{Func: "COUNT", Type: count, Filter: -1},
		{Func: "COUNT", Args: []int{1}, Type: count, Filter: 3},
		{Func: "SUM", Args: []int{1}, Type: big, Filter: -1},
		{Func: "AVG", Args: []int{1}, Type: big, Filter: -1},
		{Func: "AVG", Args: []int{5}, Type: double, Filter: 4},
		{Func: "COUNT", Args: []int{1}, Distinct: true, Type: count, Filter: -1},
		{Func: "COUNT", Args: []int{1}, Distinct: true, Type: count, Filter: 3},
		{Func: "SUM", Args: []int{1}, Distinct: true, Type: big, Filter: 4},
		{Func: "COUNT", Args: []int{2}, Distinct: true, Type: count, Filter: -1},
		{Func: "COUNT", Args: []int{5}, Distinct: true, Type: count, Filter: 4},
		{Func: "MIN", Args: []int{1}, Type: big, Filter: -1},
		{Func: "MAX", Args: []int{2}, Type: text, Filter: 3},
		{Func: "MAX", Args: []int{5}, Type: double, Filter: -1},
		{Func: "FIRST_VALUE", Args: []int{2}, Type: text, Filter: -1},
		{Func: "LAST_VALUE", Args: []int{1}, Type: big, Filter: 4},
		{Func: "LISTAGG", Args: []int{2}, Type: text, Filter: -1},
		{Func: "LISTAGG", Args: []int{2}, Distinct: true, Type: text, Filter: -1},
		{Func: "ARRAY_AGG", Args: []int{1}, Type: arrayOf(big), Filter: -1},
		{Func: "ARRAY_AGG", Args: []int{1}, Distinct: true, Type: arrayOf(big), Filter: 3},
		{Func: "COLLECT", Args: []int{2}, Type: multisetOf(text), Filter: -1},
		{Func: "COLLECT", Args: []int{1}, Distinct: true, Type: multisetOf(big), Filter: -1},
		{Func: "VAR_POP", Args: []int{5}, Type: double, Filter: -1},
		{Func: "STDDEV_SAMP", Args: []int{5}, Type: double, Filter: -1},
	}
	if retracts {
		// The order in which distinct values are given depends on what left between.
		all = slices.DeleteFunc(all, func(c graph.AggCall) bool {
			return c.Distinct && (c.Func == "LISTAGG" || c.Func == "ARRAY_AGG")
		})
	}
	for i := range all {
		all[i].Retracts = retracts
	}
	return all
}

type row struct {
	key, value int64 // -1 is NULL
	op         data.Op
}

func batchOf(rows []row) *data.Batch {
	types := make([]data.Type, len(input))
	for i, c := range input {
		types[i] = c.Type
	}
	b := data.MakeBatch(types, len(rows))
	for i, r := range rows {
		if b.Cols[0].I64[i] = r.key; r.key < 0 {
			data.SetNullRow(b.Cols[0], i)
		}
		b.Cols[3].Bool[i], b.Cols[4].Bool[i] = uint8(r.value&1), 0
		if r.value < 4 {
			b.Cols[4].Bool[i] = 1
		}
		if r.value < 0 {
			for _, v := range b.Cols[1:] {
				data.SetNullRow(v, i)
			}
			continue
		}
		b.Cols[1].I64[i], b.Cols[5].F64[i] = r.value, float64(r.value)/4
		b.Cols[2].SetString(i, strings.Repeat("v", int(r.value)*3)+fmt.Sprint(r.value))
		if r.op != data.Insert && b.Ops == nil {
			b.Ops = make([]data.Op, len(rows))
		}
	}
	for i, r := range rows {
		if r.op != data.Insert && b.Ops == nil {
			b.Ops = make([]data.Op, len(rows))
		}
		if b.Ops != nil {
			b.Ops[i] = r.op
		}
	}
	data.HashKeys(b, []int{0})
	return b
}

// feed folds rows into g, in one of the two ways, and drops what became empty.
func feed(t *testing.T, s *Set, g *Groups, rows []row, step bool) {
	t.Helper()
	b := batchOf(rows)
	defer b.Release()
	which, recs := make([]int32, len(rows)), make([]unsafe.Pointer, len(rows))
	for i := range which {
		which[i] = int32(i)
	}
	if _, err := g.Table.Resolve(b, []int{0}, which, recs); err != nil {
		t.Fatal(err)
	}
	var err error
	if step {
		var outs []*data.Vector
		for _, c := range s.calls[:s.shown] {
			outs = append(outs, data.NewVector(c.Type, 2*len(rows)))
		}
		// A row's "before" is the "after" of the row before it in its group, and the last
		// "after" is the group's result.
		now := map[unsafe.Pointer]string{}
		for _, rec := range recs {
			now[rec] = result(s, g, rec)
		}
		err = s.Step(g, recs, which, b, outs, make([]int64, 2*len(rows)))
		for i, rec := range recs {
			if got := line(s, outs, 2*i); got != now[rec] {
				t.Fatalf("row %d: before is\n%s\nnot\n%s", i, got, now[rec])
			}
			now[rec] = line(s, outs, 2*i+1)
		}
		for rec, last := range now {
			if got := result(s, g, rec); got != last {
				t.Fatalf("after the last row:\n%s\nthe group has\n%s", last, got)
			}
		}
	} else {
		err = s.Update(g, recs, which, b)
	}
	if err != nil {
		t.Fatal(err)
	}
	for _, rec := range recs {
		if state.Alive(rec) && Rows(rec) <= 0 {
			s.Drop(g, rec)
		}
	}
}

// line is row r of the results as text.
func line(s *Set, outs []*data.Vector, r int) string {
	var fields []string
	for i, v := range outs {
		text := "NULL"
		if !v.IsNull(r) {
			text = string(data.AppendText(nil, v, r, nil))
		}
		fields = append(fields, s.calls[i].Func+"="+text)
	}
	return strings.Join(fields, " ")
}

// result is the aggregates of one group.
func result(s *Set, g *Groups, rec unsafe.Pointer) string {
	outs := make([]*data.Vector, s.shown)
	for i := range outs {
		outs[i] = data.NewVector(s.calls[i].Type, 1)
	}
	s.Results(g, []unsafe.Pointer{rec}, outs, 0, 1)
	return line(s, outs, 0)
}

// results is the aggregates of every group, by key.
func results(s *Set, g *Groups) map[string]string {
	all := map[string]string{}
	g.Table.Each(func(_ uint64, rec unsafe.Pointer) bool {
		all[string(g.Table.Key(nil, rec))] = result(s, g, rec)
		return true
	})
	return all
}

func snapshot(s *Set, g *Groups) state.Snapshot {
	w := &state.Writer{}
	s.Snapshot(w, false, 16, func(yield func(int64, *Groups)) { yield(0, g) })
	return w.Snapshot
}

// canonical is a snapshot as text that does not depend on the order of rows.
func canonical(t *testing.T, snap state.Snapshot) string {
	t.Helper()
	var lines []string
	for _, k := range snap.Keyed {
		r := &state.Reader{Parts: []state.Snapshot{snap}}
		if err := r.EachRow(k.Name, func(_ []data.Column, group int, row []byte) error {
			lines = append(lines, fmt.Sprintf("%s %d %x", k.Name, group, row))
			return nil
		}); err != nil {
			t.Fatal(err)
		}
	}
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}

// TestAgainstModel feeds random changes, in both ways of folding, moves state
// through snapshots and compactions, and compares with the same rows folded into
// fresh state; what left must leave nothing behind.
func TestAgainstModel(t *testing.T) {
	for seed := range int64(12) {
		checkModel(t, seed, seed%2 == 0)
	}
}

func checkModel(t *testing.T, seed int64, retracts bool) {
	rng := rand.New(rand.NewSource(seed))
	s, err := NewSet([]int{0}, calls(retracts), input, nil)
	if err != nil {
		t.Fatal(err)
	}
	budget := state.NewBudget(0)
	g := s.NewGroups(budget)
	var alive []row
	remove := func(at int) row {
		// The first equal row leaves.
		r := alive[at]
		i := slices.Index(alive, r)
		alive = slices.Delete(alive, i, i+1)
		r.op = data.Delete
		return r
	}
	check := func(step int) {
		t.Helper()
		fresh := s.NewGroups(budget)
		defer fresh.Free()
		if len(alive) > 0 {
			feed(t, s, fresh, alive, false)
		}
		got, want := results(s, g), results(s, fresh)
		for k, w := range want {
			if !alike(got[k], w) {
				t.Fatalf("seed %d step %d key %x: got\n%s\nwant\n%s", seed, step, k, got[k], w)
			}
		}
		if len(got) != len(want) {
			t.Fatalf("seed %d step %d: %d groups, want %d", seed, step, len(got), len(want))
		}
		for k := range s.sides {
			if a, b := g.sides[k].Len(), fresh.sides[k].Len(); a != b {
				t.Fatalf("seed %d step %d: side table %s has %d records, want %d", seed, step, s.sides[k].name, a, b)
			}
		}
	}
	for step := range 40 {
		var rows []row
		for range 1 + rng.Intn(40) {
			if retracts && len(alive) > 0 && rng.Intn(5) < 2 {
				rows = append(rows, remove(rng.Intn(len(alive))))
				continue
			}
			r := row{key: rng.Int63n(5) - 1, value: rng.Int63n(9) - 1}
			alive = append(alive, r)
			rows = append(rows, r)
		}
		feed(t, s, g, rows, rng.Intn(2) == 0)
		check(step)
		switch rng.Intn(5) {
		case 0:
			snap := snapshot(s, g)
			restored := s.NewGroups(budget)
			if err := s.Restore(&state.Reader{Parts: []state.Snapshot{snap}}, false, func(int64) *Groups { return restored }); err != nil {
				t.Fatalf("seed %d: %v", seed, err)
			}
			if a, b := canonical(t, snap), canonical(t, snapshot(s, restored)); a != b {
				t.Fatalf("seed %d step %d: snapshot\n%s\nafter restore\n%s", seed, step, a, b)
			}
			g.Free()
			g = restored
			check(step)
		case 1:
			if !retracts {
				break
			}
			for k := range g.sides {
				if err := g.compactSide(k); err != nil {
					t.Fatal(err)
				}
			}
			if err := g.compactGroups(); err != nil {
				t.Fatal(err)
			}
			check(step)
		}
	}
	for retracts && len(alive) > 0 {
		var rows []row
		for range min(len(alive), 100) {
			rows = append(rows, remove(rng.Intn(len(alive))))
		}
		feed(t, s, g, rows, false)
	}
	if retracts {
		for k, side := range g.sides {
			if side.Len() != 0 {
				t.Fatalf("seed %d: side table %s keeps %d records of nothing", seed, s.sides[k].name, side.Len())
			}
		}
		if g.Table.Len() != 0 {
			t.Fatalf("seed %d: %d groups are left of nothing", seed, g.Table.Len())
		}
	}
	g.Free()
	if budget.Used() != 0 {
		t.Fatalf("seed %d: %d bytes still accounted after Free", seed, budget.Used())
	}
}

// TestDropTakesWhatNeverBalanced drops a group whose values do not cancel out.
func TestDropTakesWhatNeverBalanced(t *testing.T) {
	s, err := NewSet([]int{0}, calls(true), input, nil)
	if err != nil {
		t.Fatal(err)
	}
	g := s.NewGroups(state.NewBudget(0))
	defer g.Free()
	feed(t, s, g, []row{{1, 2, data.Insert}, {1, 3, data.Insert}, {1, 4, data.Delete}, {1, 5, data.Delete}}, false)
	if g.Table.Len() != 0 {
		t.Fatalf("%d groups are left", g.Table.Len())
	}
	for k, side := range g.sides {
		if side.Len() != 0 {
			t.Errorf("side table %s keeps %d records", s.sides[k].name, side.Len())
		}
	}
}
