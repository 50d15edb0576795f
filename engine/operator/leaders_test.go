package operator

import (
	"math/rand/v2"
	"testing"

	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/expr"
	"github.com/weir-streams/weir/engine/function"
	"github.com/weir-streams/weir/engine/graph"
	"github.com/weir-streams/weir/engine/state"
)

var wall = data.Type{Kind: data.Timestamp, Precision: 3}

type contender struct{ value, time int64 }

// passing notes the values of what passes, and the watermarks that rows met.
type passing struct {
	rows   []contender
	marks  []int64
	leader *leaders
	out    *passing
}

func (p *passing) Emit(b *data.Batch) error {
	if p.leader != nil {
		return p.leader.Process(0, b, p.out)
	}
	for i := range b.Len() {
		r := b.Row(i)
		p.rows = append(p.rows, contender{b.Cols[0].I64[r], b.Cols[1].I64[r]})
		p.marks = append(p.marks, b.RowWatermarks[r])
	}
	b.Release()
	return nil
}

func (p *passing) Watermark(wm int64) error {
	if p.leader != nil {
		return p.leader.Watermark(wm, p.out)
	}
	return nil
}

// marked is a watermark operator over a batch's two columns, value and time.
func marked(t *testing.T, emit int64) (*watermark, *Context) {
	t.Helper()
	columns := []data.Column{{Name: "v", Type: data.Of(data.BigInt)}, {Name: "at", Type: wall}}
	op, err := NewWatermark(graph.Op{Watermark: &graph.Watermark{TimeColumn: 1, Expr: expr.Column(1, wall), EmitMillis: emit}}, columns, function.NewSet(nil, nil))
	if err != nil {
		t.Fatal(err)
	}
	c := &Context{Env: &function.Env{Now: 1000}, WakeAt: func(int64) {}}
	if err := op.Open(c); err != nil {
		t.Fatal(err)
	}
	return op.(*watermark), c
}

func again(t *testing.T, from, to Stateful) {
	t.Helper()
	var w state.Writer
	if err := from.Snapshot(&w); err != nil {
		t.Fatal(err)
	}
	if err := to.Restore(&state.Reader{Parts: []state.Snapshot{w.Snapshot}}); err != nil {
		t.Fatal(err)
	}
}

// Whatever comes in whatever order, with restarts between: a row that has the
// greatest value counted in a window it may be matched with has passed. What
// counts rows has a watermark of its own, which ticks at other times.
func TestLeadersKeepEveryRowThatMayMatch(t *testing.T) {
	const size, emit = 1000, 200
	left := 0
	for seed := range uint64(300) {
		r := rand.New(rand.NewPCG(seed, 1))
		spec := graph.Leaders{Value: 0, Time: 1, Least: seed%3 == 0, Size: size, Offset: int64(seed % 2 * 300), Upper: size, Slack: 2 * emit}
		if seed%5 == 0 {
			spec.Lower, spec.Upper = -700, 1900
		}
		fresh := func() *leaders {
			op, err := NewLeaders(graph.Op{Leaders: &spec}, []data.Column{{Type: data.Of(data.BigInt)}, {Type: wall}})
			if err != nil {
				t.Fatal(err)
			}
			return op.(*leaders)
		}
		ours, c := marked(t, emit)
		theirs, c2 := marked(t, emit)
		chain := &passing{leader: fresh(), out: &passing{}}
		counts := &passing{}
		reached := int64(data.MinWatermark)
		var all []contender
		best := map[int64]int64{} // of windows, by their end
		at := int64(r.IntN(3)) * 5000
		for range 60 {
			n := 1 + r.IntN(20)
			rows := make([]contender, n)
			for i := range rows {
				at += int64(r.IntN(60))
				rows[i] = contender{int64(r.IntN(50)), max(0, at-int64(r.IntN(1+r.IntN(4000)))/100*100)}
			}
			all = append(all, rows...)
			for k, w := range []*watermark{ours, theirs} {
				v := []*data.Vector{data.NewVector(data.Of(data.BigInt), n), data.NewVector(wall, n)}
				for i, x := range rows {
					v[0].I64[i], v[1].I64[i] = x.value, x.time
				}
				b := data.NewBatch(2)
				b.Cols, b.N = append(b.Cols, v...), n
				var out Output = chain
				if k == 1 {
					out = counts
				}
				if err := w.Process(0, b, out); err != nil {
					t.Fatal(err)
				}
			}
			for i, x := range counts.rows {
				reached = max(reached, counts.marks[i])
				end := fresh().endAfter(x.time)
				if end-1 <= reached {
					continue // late
				}
				if was, ok := best[end]; !ok || x.value > was != spec.Least {
					best[end] = x.value
				}
			}
			counts.rows, counts.marks = nil, nil
			switch r.IntN(12) {
			case 0, 1:
				c.Env.Now += 500
				if err := ours.Tick(c.Env.Now, chain); err != nil {
					t.Fatal(err)
				}
			case 2, 3:
				c2.Env.Now += 500
				if err := theirs.Tick(c2.Env.Now, counts); err != nil {
					t.Fatal(err)
				}
				reached = max(reached, theirs.emitted)
			case 4: // a restart
				next, nc := marked(t, emit)
				again(t, ours, next)
				ours, c = next, nc
				next, nc = marked(t, emit)
				again(t, theirs, next)
				theirs, c2 = next, nc
				l := fresh()
				again(t, chain.leader, l)
				chain.leader = l
			}
		}
		passed := map[contender]int{}
		for _, x := range chain.out.rows {
			passed[x]++
		}
		for _, x := range all {
			if passed[x] > 0 {
				passed[x]--
				continue
			}
			left++
			for end, v := range best {
				if d := end - x.time; d >= spec.Lower && d <= spec.Upper && x.value == v {
					t.Fatalf("seed %d: value %d at %d is left out, but is the greatest of the window that ends at %d", seed, x.value, x.time, end)
				}
			}
		}
	}
	if left < 1000 {
		t.Fatalf("only %d rows were left out", left)
	}
}

// After an idle time others may be ahead: nothing is counted from then on.
func TestLeadersCountNothingAfterIdleness(t *testing.T) {
	l := &leaders{spec: graph.Leaders{Time: 1, Size: 1000, Upper: 1000}, wide: true, now: data.MinWatermark}
	out := &passing{}
	give := func(v int64) {
		b := data.MakeBatch([]data.Type{data.Of(data.BigInt), wall}, 1)
		b.Cols[0].I64[0], b.Cols[1].I64[0] = v, 5500
		b.RowWatermarks = []int64{0}
		if err := l.Process(0, b, out); err != nil {
			t.Fatal(err)
		}
	}
	give(5)
	give(4)
	if len(out.rows) != 1 {
		t.Fatalf("%d rows passed, want 1", len(out.rows))
	}
	l.Idle(true)
	l.Idle(false)
	give(9)
	give(7)
	if len(out.rows) != 3 {
		t.Fatalf("%d rows passed, want 3", len(out.rows))
	}
}
