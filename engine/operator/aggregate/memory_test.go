package aggregate

import (
	"testing"

	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/function"
	"github.com/weir-streams/weir/engine/graph"
	"github.com/weir-streams/weir/engine/operator"
	"github.com/weir-streams/weir/engine/state"
)

// TestMemoryOfAGroup bounds what a group of COUNT, SUM and MAX over a BIGINT key
// takes, its place in the index included.
func TestMemoryOfAGroup(t *testing.T) {
	big := data.Of(data.BigInt)
	input := []data.Column{{Name: "k", Type: big}, {Name: "v", Type: big}}
	spec := graph.GroupAggregate{Keys: []int{0}, MiniBatch: true, Aggs: []graph.AggCall{
		{Func: "COUNT", Filter: -1, Type: big.NotNull()},
		{Func: "SUM", Args: []int{1}, Filter: -1, Type: big},
		{Func: "MAX", Args: []int{1}, Filter: -1, Type: big},
	}}
	o := graph.Op{Name: "test", GroupAggregate: &spec, Schema: []data.Column{input[0], {Type: big.NotNull()}, {Type: big}, {Type: big}}}
	op, err := New(o, input, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := op.Open(&operator.Context{Parallelism: 1, MaxParallelism: 128, Env: &function.Env{}, Memory: state.NewBudget(0), Metrics: &operator.Metrics{}}); err != nil {
		t.Fatal(err)
	}
	defer op.Close()
	const keys = 500_000
	for from := int64(0); from < keys; from += 2000 {
		b := data.MakeBatch([]data.Type{big, big}, 2000)
		for i := range b.N {
			b.Cols[0].I64[i], b.Cols[1].I64[i] = (from+int64(i))*7919, int64(i)
		}
		if err := op.Process(0, b, &tape{}); err != nil {
			t.Fatal(err)
		}
	}
	g := op.(*group).groups
	if n := float64(g.Bytes()) / float64(g.Table.Len()); n > 64 {
		t.Errorf("%.1f bytes a group, 64 at most", n)
	} else {
		t.Logf("%.1f bytes a group", n)
	}
}
