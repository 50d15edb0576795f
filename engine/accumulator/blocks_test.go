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
	for _, filters := range []int{0, 1, 3, 4, 12, 31, 40} {
		rng := rand.New(rand.NewSource(int64(filters)))
		sets := []*Set{distinctSet(t, filters, true), distinctSet(t, filters, false)}
		budget := state.NewBudget(0)
		groups, parts := make([]*Groups, 2), make([]*Groups, 2)
		for i, s := range sets {
			groups[i], parts[i] = s.NewGroups(budget), s.NewGroups(budget)
		}
		value := func() int64 {
			switch rng.Intn(12) {
			case 0:
				return rng.Int63() - rng.Int63()
			case 1:
				return []int64{math.MinInt64, math.MaxInt64, -1, 0}[rng.Intn(4)]
			}
			return int64(rng.Intn(60)) - 30
		}
		fold := func(to []*Groups) {
			t.Helper()
			n := 1 + rng.Intn(80)
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
			for i, s := range sets {
				recs := make([]unsafe.Pointer, n)
				if _, err := to[i].Table.Resolve(b, []int{0}, which, recs); err != nil {
					t.Fatal(err)
				}
				if err := s.Update(to[i], recs, which, b); err != nil {
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
		for range 10 {
			fold(groups)
		}
		same("folded")
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
			if _, done, err = groups[0].Continue(7); err != nil {
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
