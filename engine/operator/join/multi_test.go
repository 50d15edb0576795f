package join

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"testing"

	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/function"
	"github.com/weir-streams/weir/engine/graph"
	"github.com/weir-streams/weir/engine/operator"
	"github.com/weir-streams/weir/engine/operator/operatortest"
	"github.com/weir-streams/weir/engine/state"
)

var three = [][]data.Column{input[0], input[1], {{Name: "y", Type: bigint}, {Name: "k", Type: bigint}}}

// openMulti opens a join of three inputs that gives y, v, w and k of the last one.
func openMulti(t *testing.T, unread ...int) *multi {
	t.Helper()
	output := []int{4, 0, 3, 5}
	op := graph.Op{Name: "MultiJoin", MultiJoin: &graph.MultiJoin{Keys: [][]int{{1}, {0}, {1}}, Output: output, Unread: unread}}
	for _, c := range output {
		op.Schema = append(op.Schema, three[c/2][c%2])
	}
	o, err := NewMulti(op, three)
	if err != nil {
		t.Fatal(err)
	}
	if err := o.Open(&operator.Context{Env: &function.Env{}, MaxParallelism: 128, Metrics: &operator.Metrics{}, Memory: state.NewBudget(0)}); err != nil {
		t.Fatal(err)
	}
	return o.(*multi)
}

func batchOf(side int, rows []row) *data.Batch {
	if side < 2 {
		return batch(side, rows, nil)
	}
	b := data.MakeBatch([]data.Type{bigint, bigint}, len(rows))
	for i, r := range rows {
		b.Cols[0].I64[i], b.Cols[1].I64[i] = r.x, r.k
		if r.k < 0 {
			data.SetNullRow(b.Cols[1], i)
		}
	}
	return b
}

// TestManyInputs feeds random rows to three inputs, some keys of which have more
// combinations than a batch has rows, and compares what is given with the join of
// what is there, also after a restore.
func TestManyInputs(t *testing.T) {
	rnd := rand.New(rand.NewPCG(3, 4))
	m := openMulti(t)
	defer func() { m.Close() }()
	got := bag{}
	var there [3]map[int64][]int64 // by key; those of NULL never count
	for i := range there {
		there[i] = map[int64][]int64{}
	}
	want := bag{}
	chain := &operatortest.Chain{Op: m, Rnd: rnd.IntN}
	for step := range 60 {
		side := rnd.IntN(3)
		rows := make([]row, 1+rnd.IntN(40))
		for i := range rows {
			rows[i] = row{int64(rnd.IntN(12)) - 1, int64(rnd.IntN(10))}
			if rnd.IntN(3) == 0 {
				rows[i].k = 1
			}
			r := rows[i]
			if r.k < 0 {
				continue
			}
			there[side][r.k] = append(there[side][r.k], r.x)
			now := [3][]int64{there[0][r.k], there[1][r.k], there[2][r.k]}
			now[side] = []int64{r.x}
			for _, v := range now[0] {
				for _, w := range now[1] {
					for _, y := range now[2] {
						want[fmt.Sprintf("%d|a text that is not short %d|%d|%d|", y, v, w, r.k)]++
					}
				}
			}
		}
		if err := m.Process(side, batchOf(side, rows), got); err != nil {
			t.Fatal(err)
		}
		if !maps.Equal(got, want) {
			t.Fatalf("after step %d:\ngot  %v\nwant %v", step, got, want)
		}
		chain.Step(t)
		if step%25 == 24 {
			from := chain.Finish(t)
			whole := operatortest.Rows(from)
			m.Close()
			m = openMulti(t)
			if err := m.Restore(&state.Reader{Parts: []state.Snapshot{from}}); err != nil {
				t.Fatal(err)
			}
			m.Resumed(1)
			chain.Op = m
			if again := operatortest.Rows(operatortest.Whole(t, m)); !maps.Equal(whole, again) {
				t.Fatalf("restored %v, was %v", again, whole)
			}
		}
	}
	chain.Finish(t)
	most := 0
	for k := range there[0] {
		most = max(most, len(there[0][k])*len(there[1][k])*len(there[2][k]))
	}
	if most < 2*data.BatchSize {
		t.Errorf("no key has more than %d combinations", most)
	}
}

// TestManyInputsUnread gives blanks for what nobody reads, and refuses changes.
func TestManyInputsUnread(t *testing.T) {
	m := openMulti(t, 1)
	defer m.Close()
	got := bag{}
	for side := range 3 {
		if err := m.Process(side, batchOf(side, []row{{5, int64(side)}}), got); err != nil {
			t.Fatal(err)
		}
	}
	if want := (bag{"2||1|5|": 1}); !maps.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if err := m.Process(0, batch(0, []row{{5, 1}}, []data.Op{data.Delete}), got); err == nil {
		t.Error("a row is taken back from an input that has inserts only")
	}
}
