package accumulator

import (
	"math"
	"math/rand"
	"testing"
	"unsafe"

	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/graph"
	"github.com/weir-streams/weir/engine/state"
)

// distinctSet has distinct counts and sums of one column under some filters.
// Without share each value has a record of its own.
func distinctSet(t *testing.T, filters int, share bool) *Set {
	t.Helper()
	big := data.Of(data.BigInt)
	columns := []data.Column{{Name: "k", Type: big}, {Name: "n", Type: big}}
	all := []graph.AggCall{
		{Func: "COUNT", Args: []int{1}, Distinct: true, Type: big.NotNull(), Filter: -1},
		{Func: "SUM", Args: []int{1}, Distinct: true, Type: big, Filter: -1},
	}
	for i := range filters {
		columns = append(columns, data.Column{Name: "f", Type: data.Of(data.Boolean)})
		all = append(all, graph.AggCall{Func: "COUNT", Args: []int{1}, Distinct: true, Type: big.NotNull(), Filter: i + 2})
	}
	s, err := NewSet([]int{0}, all, columns, nil)
	if err != nil {
		t.Fatal(err)
	}
	if got := s.sides[0].block > 0; got != (filters < 32) {
		t.Fatalf("%d filters: values share records: %v", filters, got)
	}
	if !share {
		s.sides[0].block = 0
	}
	return s
}

// Values that share records give the same results, the same snapshots (whole and
// of what changed) and the same merged groups as those that do not.
func TestValuesThatShareRecords(t *testing.T) {
	for _, c := range []struct{ filters, rows int }{{0, 80}, {1, 80}, {3, 80}, {4, 80}, {12, 80}, {31, 80}, {40, 80}, {0, 2000}, {3, 2000}, {12, 2000}} {
		filters := c.filters // with many rows what came before is remembered
		rng := rand.New(rand.NewSource(int64(filters)))
		sets := []*Set{distinctSet(t, filters, true), distinctSet(t, filters, false)}
		budget := state.NewBudget(0)
		groups, parts := make([]*Groups, 2), make([]*Groups, 2)
		for i, s := range sets {
			groups[i], parts[i] = s.NewGroups(budget), s.NewGroups(budget)
		}
		moving := 0
		value := func() int64 {
			if c.rows > 80 {
				moving++
			}
			switch rng.Intn(12) {
			case 0:
				return rng.Int63() - rng.Int63()
			case 1:
				return []int64{math.MinInt64, math.MaxInt64, -1, 0}[rng.Intn(4)]
			}
			return int64(rng.Intn(60)) - 30 + int64(moving)/3
		}
		fold := func(to []*Groups) {
			t.Helper()
			n := 1 + rng.Intn(c.rows)
			types := []data.Type{data.Of(data.BigInt), data.Of(data.BigInt)}
			for range filters {
				types = append(types, data.Of(data.Boolean))
			}
			b := data.MakeBatch(types, n)
			defer b.Release()
			which := make([]int32, n)
			for i := range n {
				which[i] = int32(i)
				b.Cols[0].I64[i], b.Cols[1].I64[i] = int64(rng.Intn(4)), value()
				for f := range filters {
					b.Cols[f+2].Bool[i] = uint8(rng.Intn(2))
				}
				if rng.Intn(20) == 0 {
					data.SetNullRow(b.Cols[1], i)
				}
			}
			data.HashKeys(b, []int{0})
			update := (*Set).Update
			if rng.Intn(3) == 0 {
				update = func(s *Set, g *Groups, recs []unsafe.Pointer, rows []int32, b *data.Batch) error {
					var types []data.Type
					for _, c := range s.calls {
						types = append(types, c.Type)
					}
					o := data.MakeBatch(types, 2*n)
					defer o.Release()
					return s.Step(g, recs, rows, b, o.Cols, make([]int64, 2*n))
				}
			}
			for i, s := range sets {
				recs := make([]unsafe.Pointer, n)
				if _, err := to[i].Table.Resolve(b, []int{0}, which, recs); err != nil {
					t.Fatal(err)
				}
				if err := update(s, to[i], recs, which, b); err != nil {
					t.Fatal(err)
				}
			}
		}
		same := func(what string) {
			t.Helper()
			one, two := results(sets[0], groups[0]), results(sets[1], groups[1])
			for k, want := range two {
				if one[k] != want {
					t.Fatalf("%d filters, %s: key %x has\n%s\nnot\n%s", filters, what, k, one[k], want)
				}
			}
			if a, b := canonical(t, snapshot(sets[0], groups[0])), canonical(t, snapshot(sets[1], groups[1])); a != b {
				t.Fatalf("%d filters, %s: snapshots differ:\n%s\n--\n%s", filters, what, a, b)
			}
		}
		for range 20 {
			fold(groups)
		}
		same("folded")
		if c.rows > 80 && (groups[0].seen[0].entries == nil || groups[0].seen[0].asked == groups[0].seen[0].missed) {
			t.Fatal("nothing was remembered")
		}
		for range 3 {
			fold(parts)
		}
		for i := range sets {
			if err := groups[i].Merge(parts[i]); err != nil {
				t.Fatal(err)
			}
		}
		same("merged")
		// Each is restored from what the other wrote.
		snaps := []state.Snapshot{snapshot(sets[1], groups[1]), snapshot(sets[0], groups[0])}
		for i, s := range sets {
			groups[i].Free()
			groups[i] = s.NewGroups(budget)
			if err := s.Restore(&state.Reader{Parts: snaps[i : i+1]}, false, func(int64) *Groups { return groups[i] }); err != nil {
				t.Fatal(err)
			}
		}
		fold(groups)
		same("restored")
		// A snapshot under way has the state of its beginning.
		before := canonical(t, snapshot(sets[0], groups[0]))
		w := &state.Writer{}
		if err := groups[0].Begin(w, 16); err != nil {
			t.Fatal(err)
		}
		for done := false; !done; {
			fold(groups)
			var err error
			if _, done, err = groups[0].Continue(7 * c.rows / 80); err != nil {
				t.Fatal(err)
			}
		}
		groups[0].End(true)
		if got := canonical(t, w.Snapshot); got != before {
			t.Fatalf("%d filters: a snapshot in slices has\n%s\nnot\n%s", filters, got, before)
		}
		for i := range sets {
			groups[i].Free()
			parts[i].Free()
		}
		if budget.Used() != 0 {
			t.Errorf("%d bytes still accounted", budget.Used())
		}
	}
}
