package interval

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/expr"
	"github.com/weir-streams/weir/engine/function"
	"github.com/weir-streams/weir/engine/graph"
	"github.com/weir-streams/weir/engine/operator"
	"github.com/weir-streams/weir/engine/operator/operatortest"
	"github.com/weir-streams/weir/engine/state"
)

var (
	bigint = data.Of(data.BigInt)
	text   = data.String()
	input  = [][]data.Column{
		{{Name: "k", Type: text}, {Name: "x", Type: bigint}, {Name: "at", Type: bigint}},
		{{Name: "y", Type: bigint}, {Name: "seen", Type: bigint}, {Name: "k", Type: text}},
	}
)

const lower, upper = -40, 25

func open(t testing.TB, kind graph.JoinKind, cond bool, memory *state.Budget) *join {
	t.Helper()
	op := graph.Op{Name: "IntervalJoin", IntervalJoin: &graph.IntervalJoin{
		Kind: kind, LeftKeys: []int{0}, RightKeys: []int{2}, LeftTime: 2, RightTime: 1, Lower: lower, Upper: upper,
	}}
	op.Schema = append(append(op.Schema, input[0]...), input[1]...)
	if cond {
		e := expr.Call(">", data.Of(data.Boolean), expr.Column(3, bigint), expr.Column(1, bigint))
		op.IntervalJoin.Condition = &e
	}
	j, err := New(op, input, function.NewSet(nil, nil))
	if err != nil {
		t.Fatal(err)
	}
	if err := j.Open(&operator.Context{Input: input, Env: &function.Env{}, MaxParallelism: 128, Metrics: &operator.Metrics{}, Memory: memory}); err != nil {
		t.Fatal(err)
	}
	return j.(*join)
}

// row is a row of either side; the key 0 is NULL.
type row struct {
	k, x, at int64
	matched  bool
}

func (r *row) key() any {
	if r.k == 0 {
		return nil
	}
	return fmt.Sprintf("key %d, which is not short", r.k)
}

func batchOf(side int, rows []*row) *data.Batch {
	types := make([]data.Type, 3)
	for i, c := range input[side] {
		types[i] = c.Type
	}
	b := data.MakeBatch(types, len(rows))
	k, x, at := b.Cols[0], b.Cols[1], b.Cols[2]
	if side == 1 {
		x, at, k = b.Cols[0], b.Cols[1], b.Cols[2]
	}
	for i, r := range rows {
		if x.I64[i], at.I64[i] = r.x, r.at; r.k == 0 {
			data.SetNullRow(k, i)
		} else {
			k.SetString(i, r.key().(string))
		}
	}
	return b
}

// model is the join as it is meant.
type model struct {
	kind  graph.JoinKind
	cond  bool
	sides [2][]*row
	wm    int64
	out   operatortest.Tape
}

func (m *model) keeps(side int) bool {
	return side == 0 && m.kind.KeepsLeft() || side == 1 && m.kind.KeepsRight()
}

func reach(side int) int64 { return [2]int64{-lower, upper}[side] }

func (m *model) give(l, r *row) {
	values := make([]any, 6)
	if l != nil {
		values[0], values[1], values[2] = l.key(), l.x, l.at
	}
	if r != nil {
		values[3], values[4], values[5] = r.x, r.at, r.key()
	}
	m.out.Add(data.Insert, values...)
}

func (m *model) single(side int, r *row) {
	if side == 0 {
		m.give(r, nil)
	} else {
		m.give(nil, r)
	}
}

func (m *model) add(side int, rows []*row) {
	for _, r := range rows {
		for _, o := range m.sides[1-side] {
			l, right := r, o
			if side == 1 {
				l, right = o, r
			}
			if d := l.at - right.at; l.k == right.k && r.k != 0 && d >= lower && d <= upper && (!m.cond || right.x > l.x) {
				m.give(l, right)
				l.matched, right.matched = true, true
			}
		}
		if r.k != 0 && m.wm < r.at+reach(side) {
			m.sides[side] = append(m.sides[side], r)
		} else if !r.matched && m.keeps(side) {
			m.single(side, r)
		}
	}
}

func (m *model) watermark(wm int64) {
	m.wm = wm
	for s := range m.sides {
		var left []*row
		for _, r := range m.sides[s] {
			if r.at+reach(s) >= wm {
				left = append(left, r)
			} else if !r.matched && m.keeps(s) {
				m.single(s, r)
			}
		}
		m.sides[s] = left
	}
}

// TestAgainstModel joins rows out of order, some of them late, while snapshots are
// taken, with a hot key and with memory for all of it or not.
func TestAgainstModel(t *testing.T) {
	for _, kind := range []graph.JoinKind{graph.InnerJoin, graph.LeftJoin, graph.RightJoin, graph.FullJoin} {
		for n := range 4 {
			cond, tight := n&1 != 0, n&2 != 0
			t.Run(fmt.Sprintf("%s, condition %t, tight %t", kind, cond, tight), func(t *testing.T) {
				rnd := rand.New(rand.NewPCG(uint64(n), 7))
				memory, size := state.NewBudget(0), 200
				if tight {
					memory, size = state.NewBudget(1<<20).SpillTo(t.TempDir()), 500
				}
				j := open(t, kind, cond, memory)
				m := &model{kind: kind, cond: cond, wm: data.MinWatermark}
				chain := &operatortest.Chain{Op: j, Rnd: rnd.IntN}
				now, id := int64(0), int64(0)
				for step := range 80 {
					side := rnd.IntN(2)
					rows := make([]*row, 1+rnd.IntN(size))
					for i := range rows {
						id++
						now += rnd.Int64N(2) * rnd.Int64N(2) * rnd.Int64N(2)
						rows[i] = &row{k: rnd.Int64N(60) * rnd.Int64N(20), x: id * 7919 % 1000, at: now - rnd.Int64N(50)}
						if tight {
							rows[i].k = rnd.Int64N(5000)
						}
					}
					got := operatortest.Tape{}
					m.out = operatortest.Tape{}
					if err := j.Process(side, batchOf(side, rows), got); err != nil {
						t.Fatal(err)
					}
					m.add(side, rows)
					if diff := got.Difference(m.out); diff != "" {
						t.Fatalf("step %d:\n%.2000s", step, diff)
					}
					chain.Step(t)
					if rnd.IntN(3) == 0 {
						wm := now - 45
						got, m.out = operatortest.Tape{}, operatortest.Tape{}
						if err := j.Watermark(wm, got); err != nil {
							t.Fatal(err)
						}
						m.watermark(max(wm, m.wm))
						if diff := got.Difference(m.out); diff != "" {
							t.Fatalf("watermark %d:\n%.2000s", wm, diff)
						}
						chain.Step(t)
					}
					if step == 40 {
						whole := chain.Finish(t)
						j.Close()
						if used := memory.Used(); used != 0 {
							t.Errorf("%d bytes accounted with nothing there", used)
						}
						j = open(t, kind, cond, memory)
						if err := j.Restore(&state.Reader{Parts: []state.Snapshot{whole}}); err != nil {
							t.Fatal(err)
						}
						chain = &operatortest.Chain{Op: j, Rnd: rnd.IntN}
					}
				}
				if chain.Incremental == 0 {
					t.Error("no snapshot built on another")
				}
				if n := j.Rows[0].Len() + j.Rows[1].Len(); n != len(m.sides[0])+len(m.sides[1]) {
					t.Errorf("%d rows are kept, not %d", n, len(m.sides[0])+len(m.sides[1]))
				}
				got := operatortest.Tape{}
				m.out = operatortest.Tape{}
				if err := j.Watermark(data.MaxWatermark, got); err != nil {
					t.Fatal(err)
				}
				m.watermark(data.MaxWatermark)
				if diff := got.Difference(m.out); diff != "" {
					t.Fatalf("at the end:\n%.2000s", diff)
				}
				if tight && memory.Spilled() == 0 {
					t.Log("nothing went to the file")
				}
				j.Close()
				if err := memory.Close(); err != nil {
					t.Error(err)
				}
			})
		}
	}
}

// TestOlderForm reads rows that were written without numbers.
func TestOlderForm(t *testing.T) {
	j := open(t, graph.LeftJoin, false, state.NewBudget(0))
	defer j.Close()
	w := &state.Writer{}
	number := bigint.NotNull()
	to := w.Keyed("left", 1, 0, []data.Column{{Name: "k", Type: text}, {Name: "x", Type: bigint}, {Name: "t", Type: bigint}, {Name: "at", Type: number}, {Name: "matched", Type: number}})
	b := data.MakeBatch([]data.Type{text, bigint, bigint, number, number}, 2)
	for i, x := range []int64{7, 8} {
		b.Cols[0].SetString(i, (&row{k: 1}).key().(string))
		b.Cols[1].I64[i], b.Cols[2].I64[i], b.Cols[3].I64[i], b.Cols[4].I64[i] = x, 100, 100, int64(i)
	}
	data.HashKeys(b, []int{0})
	for i := range 2 {
		to.Put(data.KeyGroup(b.Hashes[i], 128), data.EncodeRow(nil, b.Cols, []int{0, 1, 2, 3, 4}, i))
	}
	b.Release()
	w.List("watermark", state.Union, [][]byte{operator.Int64Item(90)})
	if err := j.Restore(&state.Reader{Parts: []state.Snapshot{w.Snapshot}}); err != nil {
		t.Fatal(err)
	}
	m := &model{kind: graph.LeftJoin, wm: 90, out: operatortest.Tape{}}
	m.sides[0] = []*row{{k: 1, x: 7, at: 100}, {k: 1, x: 8, at: 100, matched: true}}
	rows := []*row{{k: 1, x: 1, at: 100}}
	got := operatortest.Tape{}
	if err := j.Process(1, batchOf(1, rows), got); err != nil {
		t.Fatal(err)
	}
	m.add(1, rows)
	if diff := got.Difference(m.out); diff != "" || len(got) != 2 {
		t.Fatal(diff)
	}
	if err := j.Watermark(1000, got); err != nil {
		t.Fatal(err)
	}
	m.watermark(1000)
	if diff := got.Difference(m.out); diff != "" {
		t.Fatal(diff)
	}
}

// BenchmarkRows joins rows of many keys, or few, in order of time.
func BenchmarkRows(b *testing.B) {
	for _, keys := range []int64{100, 100_000} {
		b.Run(fmt.Sprintf("%d keys", keys), func(b *testing.B) {
			j := open(b, graph.InnerJoin, false, state.NewBudget(0))
			defer j.Close()
			rnd := rand.New(rand.NewPCG(1, 1))
			at, done := int64(0), 0
			rows := make([]*row, data.BatchSize)
			for b.Loop() {
				for side := range 2 {
					for i := range rows {
						rows[i] = &row{k: 1 + rnd.Int64N(keys), x: int64(i), at: at + int64(i)*65/int64(len(rows))}
					}
					if err := j.Process(side, batchOf(side, rows), drain{}); err != nil {
						b.Fatal(err)
					}
					done += len(rows)
				}
				if at += 5; at%65 == 0 {
					if err := j.Watermark(at-65, drain{}); err != nil {
						b.Fatal(err)
					}
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(done), "ns/row")
		})
	}
}

type drain struct{}

func (drain) Watermark(int64) error { return nil }

func (drain) Emit(o *data.Batch) error { o.Release(); return nil }
