package operator

import (
	"slices"
	"testing"

	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/expr"
	"github.com/weir-streams/weir/engine/function"
	"github.com/weir-streams/weir/engine/graph"
)

type numbers struct{ got []int64 }

func (n *numbers) Emit(b *data.Batch) error {
	for i := range b.Len() {
		n.got = append(n.got, b.Cols[0].I64[b.Row(i)])
	}
	b.Release()
	return nil
}
func (n *numbers) Watermark(int64) error { return nil }

// TestCalcFilters passes all, some and none of the rows, of batches with and
// without a selection.
func TestCalcFilters(t *testing.T) {
	bigint := data.Of(data.BigInt).NotNull()
	for _, tt := range []struct {
		name      string
		threshold int64
		sel       []int32
		want      []int64
	}{
		{"all rows", -1, nil, []int64{0, 1, 2, 3}},
		{"some rows", 1, nil, []int64{2, 3}},
		{"no row", 9, nil, nil},
		{"all selected rows", -1, []int32{1, 3}, []int64{1, 3}},
		{"some selected rows", 1, []int32{1, 3}, []int64{3}},
		{"no selected row", 9, []int32{1, 3}, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			keep := expr.Call(">", data.Of(data.Boolean).NotNull(), expr.Column(0, bigint), expr.Literal(data.Value{I: tt.threshold}, bigint))
			op := graph.Op{Calc: &graph.Calc{Filter: &keep, Project: []expr.Expr{expr.Column(0, bigint)}}}
			c, err := NewCalc(op, []data.Column{{Name: "x", Type: bigint}}, function.NewSet(nil, nil))
			if err != nil {
				t.Fatal(err)
			}
			if err := c.Open(&Context{Env: &function.Env{}}); err != nil {
				t.Fatal(err)
			}
			b := data.MakeBatch([]data.Type{bigint}, 4)
			copy(b.Cols[0].I64, []int64{0, 1, 2, 3})
			b.Sel = tt.sel
			out := &numbers{}
			if err := c.Process(0, b, out); err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(out.got, tt.want) {
				t.Errorf("got %v, want %v", out.got, tt.want)
			}
		})
	}
}
