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
	"github.com/weir-streams/weir/engine/state"
)

var input = []data.Column{
	{Name: "x", Type: data.Of(data.Double)}, {Name: "k", Type: data.String()}, {Name: "id", Type: data.Of(data.BigInt).NotNull()},
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

// row has a NULL for a negative x.
type row struct{ x, k, id int64 }

func (r row) String() string {
	x := fmt.Sprintf("%d.0|", r.x)
	if r.x < 0 {
		x = "NULL|"
	}
	return fmt.Sprintf("%skey %d of the test|%d|", x, r.k, r.id)
}

func open(t *testing.T, spec graph.TopN) *topN {
	t.Helper()
	op := graph.Op{Name: "TopN", TopN: &spec, Schema: slices.Clone(input)}
	if spec.Number {
		op.Schema = append(op.Schema, data.Column{Name: "rank", Type: data.Of(data.BigInt).NotNull()})
	}
	o, err := New(op, input)
	if err != nil {
		t.Fatal(err)
	}
	if err := o.Open(&operator.Context{Env: &function.Env{}, MaxParallelism: 128, Metrics: &operator.Metrics{}, Memory: state.NewBudget(0)}); err != nil {
		t.Fatal(err)
	}
	return o.(*topN)
}

func batch(rows []row, ops []data.Op) *data.Batch {
	b := data.MakeBatch([]data.Type{input[0].Type, input[1].Type, input[2].Type}, len(rows))
	for i, r := range rows {
		if b.Cols[0].F64[i] = float64(r.x); r.x < 0 {
			data.SetNullRow(b.Cols[0], i)
		}
		b.Cols[1].SetString(i, fmt.Sprintf("key %d of the test", r.k))
		b.Cols[2].I64[i] = r.id
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
			if spec.Order[0].Desc {
				x = -x
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
// up to with the ranking of what is there, also after a restore.
func TestChangesAddUp(t *testing.T) {
	for _, retracts := range []bool{false, true} {
		for _, number := range []bool{false, true} {
			for _, desc := range []bool{false, true} {
				for _, ranks := range [][2]int64{{1, 1}, {1, 5}, {3, 40}} {
					spec := graph.TopN{
						Keys: []int{1}, Order: []graph.SortKey{{Column: 0, Desc: desc, NullsLast: desc}, {Column: 2}},
						From: ranks[0], To: ranks[1], Number: number, Retracts: retracts,
					}
					t.Run(fmt.Sprintf("%+v", spec), func(t *testing.T) { addUp(t, spec) })
				}
			}
		}
	}
}

func addUp(t *testing.T, spec graph.TopN) {
	rnd := rand.New(rand.NewPCG(3, 4))
	o := open(t, spec)
	defer func() { o.Close() }()
	got := bag{}
	var there []row
	for step := range int64(60) {
		var rows []row
		var ops []data.Op
		for i := range rnd.Int64N(60) + 1 {
			if n := len(there); spec.Retracts && n > 0 && rnd.IntN(20) < 9 {
				k := rnd.IntN(n)
				rows, ops = append(rows, there[k]), append(ops, data.Delete)
				there = slices.Delete(there, k, k+1)
				continue
			}
			r := row{rnd.Int64N(30) - 1, rnd.Int64N(3), step*100 + i}
			rows, ops = append(rows, r), append(ops, data.Insert)
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
		if step == 30 {
			w := &state.Writer{}
			if err := o.Snapshot(w); err != nil {
				t.Fatal(err)
			}
			o.Close()
			o = open(t, spec)
			if err := o.Restore(&state.Reader{Parts: []state.Snapshot{w.Snapshot}}); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// TestListKeepsOrder puts in and takes out more entries than a chunk has.
func TestListKeepsOrder(t *testing.T) {
	rnd := rand.New(rand.NewPCG(5, 6))
	l := &list{}
	var want []entry
	for i := range 5000 {
		if i%3 == 2 {
			k := rnd.IntN(len(want))
			if !l.remove(want[k]) {
				t.Fatalf("entry %v is not there", want[k])
			}
			want = slices.Delete(want, k, k+1)
			continue
		}
		e := entry{key: fmt.Sprintf("%03d", rnd.IntN(300)), row: fmt.Sprint(i)}
		l.insert(e)
		at, _ := slices.BinarySearchFunc(want, e.key, func(x entry, key string) int {
			if x.key <= key {
				return -1
			}
			return 1
		})
		want = slices.Insert(want, at, e)
	}
	if got := l.get(nil, 0, l.n); !slices.Equal(got, want) || l.n != len(want) {
		t.Errorf("%d entries of %d are not in order", len(got), len(want))
	}
	if l.remove(entry{key: "none"}) {
		t.Error("an entry that is not there was removed")
	}
}
