package window

import (
	"fmt"
	"math/rand"
	"slices"
	"strings"
	"testing"

	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/graph"
	"github.com/weir-streams/weir/engine/operator"
	"github.com/weir-streams/weir/engine/operator/operatortest"
	"github.com/weir-streams/weir/engine/state"
)

// lines collects rows as text.
type lines struct{ got []string }

func (l *lines) Emit(b *data.Batch) error {
	for i := range b.Len() {
		var fields []string
		for _, c := range b.Cols {
			if c.IsNull(b.Row(i)) {
				fields = append(fields, "NULL")
			} else {
				fields = append(fields, string(data.AppendText(nil, c, b.Row(i), nil)))
			}
		}
		l.got = append(l.got, strings.Join(fields, " "))
	}
	b.Release()
	return nil
}

func (l *lines) Watermark(int64) error { return nil }

// joinColumns are a user, who may be NULL, a number, and the end of the window.
var joinColumns = []data.Column{
	{Name: "user", Type: data.String()},
	{Name: "n", Type: data.Of(data.BigInt)},
	{Name: "window_end", Type: data.Type{Kind: data.Timestamp, Precision: 3}},
}

func openJoin(t *testing.T, kind graph.JoinKind) (operator.Operator, *operator.Context) {
	t.Helper()
	_, c := open(t, gap10)
	schema := slices.Clone(joinColumns)
	if !kind.LeftOnly() {
		for _, col := range joinColumns {
			col.Type.Nullable = true
			schema = append(schema, col)
		}
	}
	op, err := NewJoin(graph.Op{Name: "join", Schema: schema, WindowJoin: &graph.WindowJoin{
		Kind: kind, LeftKeys: []int{0, 2}, RightKeys: []int{0, 2}, LeftEnd: 2, RightEnd: 2,
	}}, [][]data.Column{joinColumns, joinColumns}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := op.Open(c); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { op.Close() })
	return op, c
}

type joinRow struct {
	user   int // 0: NULL
	n, end int64
}

func (r joinRow) text() string {
	user := "NULL"
	if r.user > 0 {
		user = fmt.Sprintf("a-user-with-a-long-name-%d", r.user)
	}
	b := data.MakeBatch([]data.Type{joinColumns[2].Type}, 1)
	b.Cols[0].I64[0] = r.end
	return fmt.Sprintf("%s %d %s", user, r.n, data.AppendText(nil, b.Cols[0], 0, nil))
}

func joinBatch(rows []joinRow) *data.Batch {
	b := data.MakeBatch([]data.Type{joinColumns[0].Type, joinColumns[1].Type, joinColumns[2].Type}, len(rows))
	for i, r := range rows {
		if r.user == 0 {
			data.SetNullRow(b.Cols[0], i)
		} else {
			b.Cols[0].SetString(i, fmt.Sprintf("a-user-with-a-long-name-%d", r.user))
		}
		b.Cols[1].I64[i], b.Cols[2].I64[i] = r.n, r.end
	}
	return b
}

// TestWindowJoinsAgainstModel joins random rows, with snapshots going on and
// restored, and compares with every pair looked at.
func TestWindowJoinsAgainstModel(t *testing.T) {
	kinds := []graph.JoinKind{graph.InnerJoin, graph.LeftJoin, graph.RightJoin, graph.FullJoin, graph.SemiJoin, graph.AntiJoin}
	incremental := 0
	for seed := range int64(36) {
		kind := kinds[seed%6]
		rng := rand.New(rand.NewSource(seed))
		op, c := openJoin(t, kind)
		out, chain := &lines{}, &operatortest.Chain{Op: op.(operator.Snapshotter), Rnd: rng.Intn}
		var kept [2][]joinRow
		now, late, dropped := int64(0), int64(0), int64(0)
		for range 40 {
			s := rng.Intn(2)
			var rows []joinRow
			for range 1 + rng.Intn(15) {
				r := joinRow{rng.Intn(6), rng.Int63n(100), (now/10 + rng.Int63n(4) - 1) * 10}
				rows = append(rows, r)
				if r.end-1 <= now-1 && now > 0 {
					late++
				} else {
					kept[s] = append(kept[s], r)
				}
			}
			if err := op.Process(s, joinBatch(rows), out); err != nil {
				t.Fatal(err)
			}
			chain.Step(t)
			if rng.Intn(3) == 0 {
				now += rng.Int63n(15)
				if now > 0 {
					if err := op.Watermark(now-1, out); err != nil {
						t.Fatal(err)
					}
				}
			}
			if rng.Intn(15) == 0 {
				r := &state.Reader{Parts: []state.Snapshot{chain.Finish(t)}}
				dropped += c.Metrics.LateDropped.Load()
				op, c = openJoin(t, kind)
				if err := op.(operator.Stateful).Restore(r); err != nil {
					t.Fatal(err)
				}
				op.(operator.Resumer).Resumed(0)
				chain.Op = op.(operator.Snapshotter)
			}
		}
		chain.Finish(t)
		incremental += chain.Incremental
		if err := op.Watermark(data.MaxWatermark, out); err != nil {
			t.Fatal(err)
		}
		want := modelJoin(kind, kept)
		slices.Sort(want)
		slices.Sort(out.got)
		if !slices.Equal(out.got, want) {
			t.Fatalf("seed %d, %s: got\n%s\nwant\n%s", seed, kind, strings.Join(out.got, "\n"), strings.Join(want, "\n"))
		}
		if got := dropped + c.Metrics.LateDropped.Load(); got != late {
			t.Fatalf("seed %d: %d late rows, want %d", seed, got, late)
		}
	}
	if incremental < 30 {
		t.Errorf("only %d incremental snapshots were compared", incremental)
	}
}

func modelJoin(kind graph.JoinKind, rows [2][]joinRow) []string {
	var want []string
	met := make([]bool, len(rows[1]))
	for _, l := range rows[0] {
		any := false
		for i, r := range rows[1] {
			if l.user == 0 || l.user != r.user || l.end != r.end {
				continue
			}
			any, met[i] = true, true
			if !kind.LeftOnly() {
				want = append(want, l.text()+" "+r.text())
			}
		}
		switch {
		case kind == graph.SemiJoin && any, kind == graph.AntiJoin && !any:
			want = append(want, l.text())
		case kind.KeepsLeft() && !any:
			want = append(want, l.text()+" NULL NULL NULL")
		}
	}
	for i, r := range rows[1] {
		if kind.KeepsRight() && !met[i] {
			want = append(want, "NULL NULL NULL "+r.text())
		}
	}
	return want
}
