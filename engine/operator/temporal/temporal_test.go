package temporal

import (
	"fmt"
	"math/rand/v2"
	"slices"
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
		{{Name: "y", Type: bigint}, {Name: "since", Type: bigint}, {Name: "k", Type: text}},
	}
)

func open(t testing.TB, kind graph.JoinKind, cond bool, memory *state.Budget) *join {
	t.Helper()
	op := graph.Op{Name: "TemporalJoin", Temporal: &graph.Temporal{Kind: kind, LeftKeys: []int{0}, RightKeys: []int{2}, LeftTime: 2, RightTime: 1}}
	op.Schema = append(append(op.Schema, input[0]...), input[1]...)
	if cond {
		e := expr.Call(">", data.Of(data.Boolean), expr.Column(3, bigint), expr.Column(1, bigint))
		op.Temporal.Condition = &e
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
	op       data.Op
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
	if side == right {
		x, at, k = b.Cols[0], b.Cols[1], b.Cols[2]
	}
	for i, r := range rows {
		if x.I64[i], at.I64[i] = r.x, r.at; r.k == 0 {
			data.SetNullRow(k, i)
		} else {
			k.SetString(i, r.key().(string))
		}
		b.Ops = append(b.Ops, r.op)
	}
	return b
}

// model is the join as it is meant.
type model struct {
	kind  graph.JoinKind
	cond  bool
	left  []*row
	right []*row // versions by key and time
	out   operatortest.Tape
}

func (m *model) add(side int, rows []*row) {
	for _, r := range rows {
		switch {
		case side == left:
			m.left = append(m.left, r)
		case r.op != data.UpdateBefore:
			m.right = slices.DeleteFunc(m.right, func(o *row) bool { return o.k == r.k && o.at == r.at })
			m.right = append(m.right, r)
		}
	}
}

func (m *model) watermark(wm int64) {
	var rest []*row
	for _, l := range m.left {
		if l.at > wm {
			rest = append(rest, l)
			continue
		}
		var version *row
		for _, v := range m.right {
			if v.k == l.k && v.at <= l.at && (version == nil || v.at > version.at) {
				version = v
			}
		}
		if version != nil && (!version.op.Adds() || l.k == 0 || m.cond && version.x <= l.x) {
			version = nil
		}
		switch {
		case version != nil:
			m.out.Add(l.op, l.key(), l.x, l.at, version.x, version.at, version.key())
		case m.kind == graph.LeftJoin:
			m.out.Add(l.op, l.key(), l.x, l.at, nil, nil, nil)
		}
	}
	m.left = rest
	newest := map[int64]int64{}
	for _, v := range m.right {
		if at, ok := newest[v.k]; v.at <= wm && (!ok || v.at > at) {
			newest[v.k] = v.at
		}
	}
	m.right = slices.DeleteFunc(m.right, func(v *row) bool {
		at, ok := newest[v.k]
		return ok && v.at < at
	})
}

// TestAgainstModel joins rows out of order with versions that come, change and go,
// while snapshots are taken, with memory for all of it or not.
func TestAgainstModel(t *testing.T) {
	for _, kind := range []graph.JoinKind{graph.InnerJoin, graph.LeftJoin} {
		for n := range 4 {
			cond, tight := n&1 != 0, n&2 != 0
			t.Run(fmt.Sprintf("%s, condition %t, tight %t", kind, cond, tight), func(t *testing.T) {
				rnd := rand.New(rand.NewPCG(uint64(n), 9))
				memory, size, keys := state.NewBudget(0), 60, int64(40)
				if tight {
					memory, size, keys = state.NewBudget(1<<20).SpillTo(t.TempDir()), 400, 3000
				}
				j := open(t, kind, cond, memory)
				m := &model{kind: kind, cond: cond}
				chain := &operatortest.Chain{Op: j, Rnd: rnd.IntN}
				now, id := int64(0), int64(0)
				for step := range 100 {
					side := rnd.IntN(2)
					rows := make([]*row, 1+rnd.IntN(size))
					for i := range rows {
						id++
						now += rnd.Int64N(2)
						rows[i] = &row{k: rnd.Int64N(keys), x: id * 7919 % 1000, at: now - rnd.Int64N(100), op: data.Op(rnd.IntN(4))}
						if side == left {
							rows[i].op = data.Op(rnd.IntN(2) * 3)
						}
					}
					m.out = operatortest.Tape{}
					if err := j.Process(side, batchOf(side, rows), m.out); err != nil {
						t.Fatal(err)
					}
					m.add(side, rows)
					chain.Step(t)
					if rnd.IntN(3) == 0 {
						wm := now - 80
						got := operatortest.Tape{}
						if err := j.Watermark(wm, got); err != nil {
							t.Fatal(err)
						}
						m.watermark(wm)
						if diff := got.Difference(m.out); diff != "" {
							t.Fatalf("watermark %d:\n%.2000s", wm, diff)
						}
						chain.Step(t)
					}
					if step == 50 {
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
				if l, r := j.Rows[left].Len(), j.Rows[right].Len(); l != len(m.left) || r != len(m.right) {
					t.Errorf("%d rows and %d versions are kept, not %d and %d", l, r, len(m.left), len(m.right))
				}
				if tight && memory.Spilled() == 0 {
					t.Error("nothing went to the file")
				}
				j.Close()
				if err := memory.Close(); err != nil {
					t.Error(err)
				}
			})
		}
	}
}
