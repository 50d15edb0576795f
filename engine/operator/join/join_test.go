package join

import (
	"fmt"
	"maps"
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
		{{Name: "v", Type: text}, {Name: "k", Type: bigint}},
		{{Name: "k", Type: bigint}, {Name: "w", Type: bigint}},
	}
)

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

// spec is a join under test: inserts tells which inputs have inserts only.
type spec struct {
	kind       graph.JoinKind
	cond, null bool
	inserts    [2]bool
	ttl        [2]int64
}

func open(t testing.TB, s spec) *join {
	t.Helper()
	return openIn(t, s, state.NewBudget(0))
}

func openIn(t testing.TB, s spec, memory *state.Budget) *join {
	t.Helper()
	kind, cond, null := s.kind, s.cond, s.null
	op := graph.Op{Name: "Join", Join: &graph.Join{
		Kind: kind, LeftKeys: []int{1}, RightKeys: []int{0}, NullKeys: []bool{null}, LeftInserts: s.inserts[0], RightInserts: s.inserts[1],
		LeftTTLMillis: s.ttl[0], RightTTLMillis: s.ttl[1],
	}}
	op.Schema = append(op.Schema, input[0]...)
	if !kind.LeftOnly() {
		op.Schema = append(op.Schema, input[1]...)
	}
	if cond {
		e := expr.Call(">", data.Of(data.Boolean), expr.Column(3, bigint), expr.Literal(data.Value{I: 4}, bigint))
		op.Join.Condition = &e
	}
	j, err := New(op, input, function.NewSet(nil, nil))
	if err != nil {
		t.Fatal(err)
	}
	if err := j.Open(&operator.Context{Env: &function.Env{}, MaxParallelism: 128, Metrics: &operator.Metrics{}, Memory: memory}); err != nil {
		t.Fatal(err)
	}
	return j.(*join)
}

// row is a row of either side: the key (negative: NULL) and a number.
type row struct{ k, x int64 }

func batch(side int, rows []row, ops []data.Op) *data.Batch {
	b := data.MakeBatch([]data.Type{input[side][0].Type, input[side][1].Type}, len(rows))
	for i, r := range rows {
		key := b.Cols[1-side]
		if key.I64[i] = r.k; r.k < 0 {
			data.SetNullRow(key, i)
		}
		if side == 0 {
			b.Cols[0].SetString(i, fmt.Sprintf("a text that is not short %d", r.x))
		} else {
			b.Cols[1].I64[i] = r.x
		}
	}
	b.Ops = ops
	return b
}

// reference is the join of all rows there are.
func reference(sides [2][]row, kind graph.JoinKind, cond, null bool) bag {
	match := func(l, r row) bool {
		return l.k == r.k && (null || l.k >= 0) && (!cond || r.x > 4)
	}
	show := func(k int64) string {
		if k < 0 {
			return "NULL|"
		}
		return fmt.Sprint(k, "|")
	}
	left := func(l row) string { return fmt.Sprintf("a text that is not short %d|", l.x) + show(l.k) }
	right := func(r row) string { return show(r.k) + fmt.Sprint(r.x, "|") }
	nulls := "NULL|"
	out := bag{}
	matched := map[int]bool{}
	for _, l := range sides[0] {
		found := false
		for i, r := range sides[1] {
			if match(l, r) {
				found, matched[i] = true, true
				if !kind.LeftOnly() {
					out[left(l)+right(r)]++
				}
			}
		}
		switch {
		case kind == graph.SemiJoin && found, kind == graph.AntiJoin && !found:
			out[left(l)]++
		case kind.KeepsLeft() && !found:
			out[left(l)+nulls+nulls]++
		}
	}
	for i, r := range sides[1] {
		if kind.KeepsRight() && !matched[i] {
			out[nulls+nulls+right(r)]++
		}
	}
	return out
}

// TestChangesAddUp feeds random changes to both sides and compares what the
// changes given add up to with the join of what is there, also after a restore.
func TestChangesAddUp(t *testing.T) {
	for _, kind := range []graph.JoinKind{graph.InnerJoin, graph.LeftJoin, graph.RightJoin, graph.FullJoin, graph.SemiJoin, graph.AntiJoin} {
		for _, cond := range []bool{false, true} {
			for _, null := range []bool{false, true} {
				for inserts := range 4 {
					s := spec{kind: kind, cond: cond, null: null, inserts: [2]bool{inserts&1 != 0, inserts&2 != 0}}
					t.Run(fmt.Sprintf("%+v", s), func(t *testing.T) { addUp(t, s) })
				}
			}
		}
	}
}

func addUp(t *testing.T, s spec) {
	rnd := rand.New(rand.NewPCG(1, 2))
	j := open(t, s)
	defer func() { j.Close() }()
	got := bag{}
	var there [2][]row
	chain := &operatortest.Chain{Op: j, Rnd: rnd.IntN}
	for step := range 80 {
		side := rnd.IntN(2)
		var rows []row
		var ops []data.Op
		for range 1 + rnd.IntN(12) {
			if n := len(there[side]); n > 0 && !s.inserts[side] && rnd.IntN(20) < 9 {
				i := rnd.IntN(n)
				rows, ops = append(rows, there[side][i]), append(ops, data.Delete)
				there[side] = append(there[side][:i:i], there[side][i+1:]...)
				continue
			}
			r := row{int64(rnd.IntN(12)) - 1, int64(rnd.IntN(10))}
			rows, ops = append(rows, r), append(ops, data.Insert)
			there[side] = append(there[side], r)
		}
		if err := j.Process(side, batch(side, rows, ops), got); err != nil {
			t.Fatal(err)
		}
		if want := reference(there, s.kind, s.cond, s.null); !maps.Equal(got, want) {
			t.Fatalf("after step %d:\ngot  %v\nwant %v", step, got, want)
		}
		chain.Step(t)
		if step%27 == 26 {
			from := chain.Finish(t)
			whole := operatortest.Rows(from)
			if j = restored(t, j, s, from); step == 26 {
				j.Resumed(1)
				chain.Op = j
			} else {
				chain = &operatortest.Chain{Op: j, Rnd: rnd.IntN}
			}
			if again := operatortest.Rows(operatortest.Whole(t, j)); !maps.Equal(whole, again) {
				t.Fatalf("restored %v, was %v", again, whole)
			}
		}
	}
}

func restored(t *testing.T, j *join, s spec, from state.Snapshot) *join {
	now := j.ctx.Env.Now
	j.Close()
	j = open(t, s)
	j.ctx.Env.Now = now
	if err := j.Restore(&state.Reader{Parts: []state.Snapshot{from}}); err != nil {
		t.Fatal(err)
	}
	return j
}

// TestRowsLiveForATime lets the clock run: a row meets those of the other side
// that came, or came again, in the time they live. Snapshots are taken meanwhile,
// and in the end nothing is left.
func TestRowsLiveForATime(t *testing.T) {
	for _, kind := range []graph.JoinKind{graph.InnerJoin, graph.LeftJoin, graph.FullJoin, graph.SemiJoin} {
		for inserts := range 4 {
			for _, ttl := range [][2]int64{{20, 20}, {30, 5}, {0, 10}} {
				s := spec{kind: kind, inserts: [2]bool{inserts&1 != 0, inserts&2 != 0}, ttl: ttl}
				t.Run(fmt.Sprintf("%+v", s), func(t *testing.T) { live(t, s) })
			}
		}
	}
}

func live(t *testing.T, s spec) {
	rnd := rand.New(rand.NewPCG(5, 6))
	j := open(t, s)
	defer func() { j.Close() }()
	type kept struct{ count, at int64 }
	var there [2]map[row]kept // of tables
	var log [2][]map[row]kept // of logs, one row each
	there[0], there[1] = map[row]kept{}, map[row]kept{}
	chain := &operatortest.Chain{Op: j, Rnd: rnd.IntN}
	for now := int64(1); now < 150; now++ {
		j.ctx.Env.Now = now
		side := rnd.IntN(2)
		rows := make([]row, 1+rnd.IntN(8))
		out, want := bag{}, 0
		for i := range rows {
			r := row{rnd.Int64N(6), rnd.Int64N(5)}
			rows[i] = r
			alive := func(k row, x kept) {
				if k.k == r.k && (s.ttl[1-side] == 0 || now-x.at < s.ttl[1-side]) {
					want += int(x.count)
				}
			}
			for k, x := range there[1-side] {
				alive(k, x)
			}
			for _, l := range log[1-side] {
				for k, x := range l {
					alive(k, x)
				}
			}
		}
		for _, r := range rows {
			if s.inserts[side] {
				log[side] = append(log[side], map[row]kept{r: {1, now}})
				continue
			}
			x := there[side][r]
			if s.ttl[side] > 0 && now-x.at >= s.ttl[side] {
				x.count = 0
			}
			there[side][r] = kept{x.count + 1, now}
		}
		sink := &drop{}
		var to operator.Output = sink
		if s.kind == graph.InnerJoin {
			to = out
		}
		if err := j.Process(side, batch(side, rows, nil), to); err != nil {
			t.Fatal(err)
		}
		got := 0
		for _, n := range out {
			got += n
		}
		if s.kind == graph.InnerJoin && got != want {
			t.Fatalf("at %d: %d rows, want %d", now, got, want)
		}
		chain.Step(t)
		if now == 70 {
			from := chain.Finish(t)
			j = restored(t, j, s, from)
			chain.Op = j
			for i := range there { // lives begin anew
				for k, x := range there[i] {
					if s.ttl[i] > 0 && now-x.at >= s.ttl[i] {
						delete(there[i], k)
						continue
					}
					there[i][k] = kept{x.count, 70}
				}
				for _, l := range log[i] {
					for k, x := range l {
						if s.ttl[i] > 0 && now-x.at >= s.ttl[i] {
							delete(l, k)
							continue
						}
						l[k] = kept{1, 70}
					}
				}
			}
			j.Resumed(1)
		}
	}
	chain.Finish(t)
	if s.ttl[0] == 0 {
		return
	}
	for now := int64(1000); now < 1010; now++ {
		j.ctx.Env.Now = 100 * now
		for side := range 2 {
			if err := j.Process(side, batch(side, []row{{7, 7}}, nil), &drop{}); err != nil {
				t.Fatal(err)
			}
		}
	}
	chain.Finish(t)
	if n := j.store.keys.Len(); n != 1 {
		t.Errorf("%d keys are left", n)
	}
	for i := range j.store.sides {
		if side := &j.store.sides[i]; side.inserts && side.log.Len() != 1 || !side.inserts && side.rows.Len() != 1 {
			t.Errorf("more than a row of side %d is left", i)
		}
	}
}

// TestDeletesGiveMemoryBack puts many rows in and takes them out again, a window
// of them at a time.
func TestDeletesGiveMemoryBack(t *testing.T) {
	j := open(t, spec{kind: graph.FullJoin})
	defer j.Close()
	out := bag{}
	const n = 1000
	rows, ops := make([]row, 2*n), make([]data.Op, 2*n)
	var high int64
	for round := range int64(100) {
		for i := range int64(n) {
			rows[i], ops[i] = row{round*n + i, i}, data.Insert
			rows[n+i], ops[n+i] = row{(round-1)*n + i, i}, data.Delete
		}
		upTo := 2 * n
		if round == 0 {
			upTo = n // nothing is there to be taken out
		}
		for side := range 2 {
			if err := j.Process(side, batch(side, rows[:upTo], ops[:upTo]), out); err != nil {
				t.Fatal(err)
			}
		}
		if round == 30 {
			high = j.store.bytes()
		}
	}
	if got := j.store.keys.Len(); got != n {
		t.Errorf("%d keys are left, want %d", got, n)
	}
	if got := j.store.bytes(); got > 2*high {
		t.Errorf("the state holds %d bytes after 100 rounds, %d after 30", got, high)
	}
	if len(out) != n {
		t.Errorf("%d rows are left, want %d", len(out), n)
	}
}

type drop struct{ rows int }

func (d *drop) Emit(b *data.Batch) error { d.rows += b.Len(); b.Release(); return nil }
func (d *drop) Watermark(int64) error    { return nil }

// BenchmarkInner joins a stream of inserts with 100000 stored rows, each input
// row matching one.
func BenchmarkInner(b *testing.B) {
	j := open(b, spec{kind: graph.InnerJoin, inserts: [2]bool{true, true}})
	defer j.Close()
	out := &drop{}
	const keys = 100_000
	rows := make([]row, data.BatchSize)
	for from := int64(0); from < keys; from += data.BatchSize {
		for i := range rows {
			rows[i] = row{from + int64(i), 1}
		}
		if err := j.Process(1, batch(1, rows, nil), out); err != nil {
			b.Fatal(err)
		}
	}
	for i := range rows {
		rows[i] = row{rand.Int64N(keys), int64(i)}
	}
	in := batch(0, rows, nil)
	b.ResetTimer()
	for n := 0; n < b.N; n += data.BatchSize {
		for i := range rows {
			in.Cols[1].I64[i] = rand.Int64N(keys)
		}
		if err := j.Process(0, in.Share(nil), out); err != nil {
			b.Fatal(err)
		}
	}
}

// numbers keeps the changes given, with the columns that are read: the key of
// the left row and the number of the right one.
type numbers []string

func (n *numbers) Watermark(int64) error { return nil }

func (n *numbers) Emit(o *data.Batch) error {
	defer o.Release()
	for i := range o.N {
		row := o.Op(i).String()
		for _, k := range []int{1, 3} {
			if c := o.Cols[k]; c.IsNull(i) {
				row += " NULL"
			} else {
				row += fmt.Sprint(" ", c.I64[i])
			}
		}
		*n = append(*n, row)
	}
	return nil
}

func TestColumnsThatNobodyReads(t *testing.T) {
	for _, kind := range []graph.JoinKind{graph.InnerJoin, graph.LeftJoin, graph.FullJoin} {
		for _, inserts := range []bool{true, false} {
			var given [2]numbers
			for i := range given {
				j := open(t, spec{kind: kind, cond: true, inserts: [2]bool{inserts, inserts}})
				if i == 1 {
					j.out = changes{types: j.out.types}
					j.out.leaveOut([]int{0, 2})
				}
				random := rand.New(rand.NewPCG(3, 7))
				for range 40 {
					side := random.IntN(2)
					rows := make([]row, 1+random.IntN(20))
					for k := range rows {
						rows[k] = row{random.Int64N(9) - 1, random.Int64N(9)}
					}
					if err := j.Process(side, batch(side, rows, nil), &given[i]); err != nil {
						t.Fatal(err)
					}
				}
				if err := j.Close(); err != nil {
					t.Fatal(err)
				}
			}
			if len(given[0]) < 100 || !slices.Equal(given[0], given[1]) {
				t.Errorf("%s: %d and %d changes, which are not the same", kind, len(given[0]), len(given[1]))
			}
		}
	}
}
