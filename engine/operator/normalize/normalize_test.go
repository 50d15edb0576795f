package normalize

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/format/formattest"
	"github.com/weir-streams/weir/engine/function"
	"github.com/weir-streams/weir/engine/graph"
	"github.com/weir-streams/weir/engine/operator"
	"github.com/weir-streams/weir/engine/operator/operatortest"
	"github.com/weir-streams/weir/engine/state"
)

// table folds changes by key and refuses those that do not follow from the ones
// before.
type table struct {
	t       *testing.T
	rows    map[string]string
	pending string // key of a -U that waits for its +U
}

func (x *table) Watermark(int64) error { return nil }

func (x *table) Emit(b *data.Batch) error {
	if b.N == 0 || b.N > data.BatchSize {
		x.t.Fatalf("a batch of %d rows", b.N)
	}
	ops := b.Ops
	b.Ops = nil
	for i, row := range formattest.Rows(b) {
		_, rest, _ := strings.Cut(row, "|")
		key, _, _ := strings.Cut(rest, "|")
		old, there := x.rows[key]
		ok := x.pending == "" || x.pending == key && ops[i] == data.UpdateAfter
		switch ops[i] {
		case data.Insert:
			ok = ok && !there
			x.rows[key] = row
		case data.UpdateBefore:
			ok = ok && old == row
			x.pending = key
		case data.UpdateAfter:
			ok = ok && there && old != row && x.pending == key
			x.rows[key], x.pending = row, ""
		case data.Delete:
			ok = ok && old == row
			delete(x.rows, key)
		}
		if !ok {
			x.t.Fatalf("%s %s follows on %q (waiting for %q)", ops[i], row, old, x.pending)
		}
	}
	b.Release()
	return nil
}

// TestRandomChanges feeds changes that make no sense, in batches, over a
// restored state, and compares with a map.
func TestRandomChanges(t *testing.T) {
	for _, key := range []data.Type{data.Of(data.BigInt).NotNull(), data.String().NotNull()} {
		t.Run(key.String(), func(t *testing.T) {
			columns := []data.Column{{Name: "v", Type: data.String()}, {Name: "k", Type: key}, {Name: "n", Type: data.Of(data.Int)}}
			open := func() *normalize {
				op, err := New(graph.Op{Name: "n", Schema: columns, Normalize: &graph.Normalize{Keys: []int{1}}})
				if err != nil {
					t.Fatal(err)
				}
				if err := op.Open(&operator.Context{MaxParallelism: 128, Metrics: &operator.Metrics{}, Memory: state.NewBudget(0)}); err != nil {
					t.Fatal(err)
				}
				return op.(*normalize)
			}
			n := open()
			defer func() { n.Close() }()
			out, want := &table{t: t, rows: map[string]string{}}, map[string]string{}
			r := rand.New(rand.NewPCG(1, 2))
			chain := &operatortest.Chain{Op: n, Rnd: r.IntN}
			for round := range 300 {
				b := formattest.Batch(columns)
				size := 1 + r.IntN(1500)
				for _, v := range b.Cols {
					v.Resize(size)
				}
				b.N, b.Ops = size, make([]data.Op, size)
				from := 0
				if round%3 == 0 {
					from = round * 100 // keys that come and go: memory must come back
				}
				for i := range size {
					k := data.Value{I: int64(from + r.IntN(2000))}
					if key.Kind == data.VarChar {
						k = data.Value{S: fmt.Sprintf("the key with number %d", k.I)}
					}
					v := data.Value{S: strings.Repeat("v", r.IntN(30))}
					if r.IntN(4) == 0 {
						v = data.NullValue()
					}
					b.Cols[0].SetValueAt(i, v)
					b.Cols[1].SetValueAt(i, k)
					b.Cols[2].SetValueAt(i, data.Value{I: int64(r.IntN(3))})
					b.Ops[i] = data.Op(r.IntN(4))
					if round%3 == 1 {
						b.Ops[i] = data.Delete
					}
				}
				for i := range size {
					one := *b
					one.Sel, one.Ops = []int32{int32(i)}, nil
					row := formattest.Rows(&one)[0]
					id := strings.Split(row, "|")[1]
					switch b.Ops[i] {
					case data.Insert, data.UpdateAfter:
						want[id] = row
					case data.Delete:
						delete(want, id)
					}
				}
				if err := n.Process(0, b, out); err != nil {
					t.Fatal(err)
				}
				if !maps.Equal(out.rows, want) {
					t.Fatalf("round %d: %d rows, want %d", round, len(out.rows), len(want))
				}
				if n.table.Len() != len(want) {
					t.Fatalf("round %d: %d keys kept of %d rows", round, n.table.Len(), len(want))
				}
				chain.Step(t)
				if round%60 == 59 {
					from := chain.Finish(t)
					n.Close()
					n = open()
					if err := n.Restore(&state.Reader{Parts: []state.Snapshot{from}}); err != nil {
						t.Fatal(err)
					}
					if round == 59 {
						n.Resumed(1)
						chain.Op = n
					} else {
						chain = &operatortest.Chain{Op: n, Rnd: r.IntN}
					}
				}
			}
		})
	}
}

// TestRowsLiveForATime lets the clock run: a key that is not written for too long
// is as if it had never been.
func TestRowsLiveForATime(t *testing.T) {
	columns := []data.Column{{Name: "k", Type: data.Of(data.BigInt)}, {Name: "v", Type: data.Of(data.BigInt)}}
	op, err := New(graph.Op{Name: "n", Schema: columns, Normalize: &graph.Normalize{Keys: []int{0}, TTLMillis: 10}})
	if err != nil {
		t.Fatal(err)
	}
	env := &function.Env{}
	if err := op.Open(&operator.Context{Env: env, MaxParallelism: 128, Metrics: &operator.Metrics{}, Memory: state.NewBudget(0)}); err != nil {
		t.Fatal(err)
	}
	defer op.Close()
	n := op.(*normalize)
	for _, step := range []struct {
		now, key, value int64
		want            string
	}{
		{0, 1, 1, "+I"}, {0, 2, 1, "+I"}, {9, 1, 2, "-U+U"}, {12, 2, 2, "+I"}, {18, 1, 3, "-U+U"}, {40, 1, 4, "+I"}, {41, 3, 1, "+I"}, {42, 3, 1, ""},
	} {
		env.Now = step.now
		var got ops
		if err := n.Process(0, formattest.Batch(columns, []data.Value{{I: step.key}, {I: step.value}}), &got); err != nil {
			t.Fatal(err)
		}
		if string(got) != step.want {
			t.Errorf("at %d, key %d: %s, want %s", step.now, step.key, got, step.want)
		}
	}
	if n.table.Len() != 2 || n.rows.Len() != 2 {
		t.Errorf("%d keys and %d rows are left of 2", n.table.Len(), n.rows.Len())
	}
}

// ops are the changes given.
type ops string

func (o *ops) Watermark(int64) error { return nil }

func (o *ops) Emit(b *data.Batch) error {
	for _, op := range b.Ops {
		*o += ops(op.String())
	}
	b.Release()
	return nil
}

func TestRestoreRefusesAnotherTable(t *testing.T) {
	open := func(columns ...data.Column) *normalize {
		op, err := New(graph.Op{Name: "n", Schema: columns, Normalize: &graph.Normalize{Keys: []int{0}}})
		if err != nil {
			t.Fatal(err)
		}
		if err := op.Open(&operator.Context{MaxParallelism: 128, Metrics: &operator.Metrics{}, Memory: state.NewBudget(0)}); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { op.Close() })
		return op.(*normalize)
	}
	id := data.Column{Name: "id", Type: data.Of(data.Int).NotNull()}
	v := data.Column{Name: "v", Type: data.Of(data.Int)}
	n := open(id, v)
	if err := n.Process(0, formattest.Batch(n.columns, []data.Value{{I: 1}, {I: 2}}), &table{t: t, rows: map[string]string{}}); err != nil {
		t.Fatal(err)
	}
	w := &state.Writer{}
	if err := n.Snapshot(w); err != nil {
		t.Fatal(err)
	}
	v.Type = data.String()
	for _, columns := range [][]data.Column{{id}, {id, v}} {
		if err := open(columns...).Restore(&state.Reader{Parts: []state.Snapshot{w.Snapshot}}); err == nil {
			t.Errorf("state of (id INT, v INT) was taken for %v", columns)
		}
	}
}
