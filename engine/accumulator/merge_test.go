package accumulator

import (
	"math"
	"math/rand"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/graph"
	"github.com/weir-streams/weir/engine/state"
)

// TestMergedGroupsAreThoseOfAllRows folds rows into parts, joins the parts, and
// compares with the same rows folded into one.
func TestMergedGroupsAreThoseOfAllRows(t *testing.T) {
	mergeable := slices.DeleteFunc(calls(false), func(c graph.AggCall) bool {
		s, err := NewSet([]int{0}, []graph.AggCall{c}, input, nil)
		if err != nil {
			t.Fatal(err)
		}
		return !s.Merges()
	})
	if len(mergeable) < 12 {
		t.Fatalf("only %d kinds of aggregates can be joined", len(mergeable))
	}
	s, err := NewSet([]int{0}, mergeable, input, nil)
	if err != nil {
		t.Fatal(err)
	}
	if !s.Merges() {
		t.Fatal("aggregates that can each be joined cannot be together")
	}
	budget := state.NewBudget(0)
	for seed := range int64(8) {
		rng := rand.New(rand.NewSource(seed))
		whole, joined := s.NewGroups(budget), s.NewGroups(budget)
		var all []row
		for range 1 + rng.Intn(4) {
			var rows []row
			for range 1 + rng.Intn(50) {
				rows = append(rows, row{key: rng.Int63n(6) - 1, value: rng.Int63n(9) - 1})
			}
			all = append(all, rows...)
			part := s.NewGroups(budget)
			feed(t, s, part, rows, false)
			if err := joined.Merge(part); err != nil {
				t.Fatal(err)
			}
			part.Free()
		}
		feed(t, s, whole, all, false)
		got, want := results(s, joined), results(s, whole)
		if len(got) != len(want) {
			t.Fatalf("seed %d: %d groups, want %d", seed, len(got), len(want))
		}
		for k, w := range want {
			if !alike(got[k], w) {
				t.Fatalf("seed %d key %x: got\n%s\nwant\n%s", seed, k, got[k], w)
			}
		}
		whole.Free()
		joined.Free()
	}
	if budget.Used() != 0 {
		t.Errorf("%d bytes still accounted", budget.Used())
	}
}

// TestSetsThatDoNotMerge are those that depend on the order of rows or count
// every value.
func TestSetsThatDoNotMerge(t *testing.T) {
	big := data.Of(data.BigInt)
	for _, c := range []graph.AggCall{
		{Func: "FIRST_VALUE", Args: []int{1}, Type: big, Filter: -1},
		{Func: "LISTAGG", Args: []int{2}, Type: data.String(), Filter: -1},
		{Func: "MAX", Args: []int{1}, Type: big, Filter: -1, Retracts: true},
		{Func: "COUNT", Args: []int{1}, Distinct: true, Type: big.NotNull(), Filter: -1, Retracts: true},
	} {
		s, err := NewSet([]int{0}, []graph.AggCall{c}, input, nil)
		if err != nil {
			t.Fatal(err)
		}
		if s.Merges() {
			t.Errorf("%s (retracting %v) must not merge", c.Func, c.Retracts)
		}
	}
}

// alike compares results as text: numbers that were rounded on different ways
// may end differently.
func alike(a, b string) bool {
	as, bs := strings.FieldsFunc(a, between), strings.FieldsFunc(b, between)
	return slices.EqualFunc(as, bs, func(x, y string) bool {
		if x == y {
			return true
		}
		p, errP := strconv.ParseFloat(x, 64)
		q, errQ := strconv.ParseFloat(y, 64)
		return errP == nil && errQ == nil && math.Abs(p-q) <= 1e-7*max(1, math.Abs(p)) // the root of what is left of a variance
	})
}

func between(r rune) bool { return r == ' ' || r == '=' }
