package lookup

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/weir-streams/weir/engine/connector"
	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/expr"
	"github.com/weir-streams/weir/engine/function"
	"github.com/weir-streams/weir/engine/graph"
	"github.com/weir-streams/weir/engine/operator"
	"github.com/weir-streams/weir/engine/state"
)

var (
	bigint = data.Of(data.BigInt)
	text   = data.String()
	input  = []data.Column{{Name: "id", Type: bigint}, {Name: "k", Type: bigint}, {Name: "s", Type: text}}
	right  = []data.Column{{Name: "name", Type: text}, {Name: "k", Type: bigint}, {Name: "s", Type: text}, {Name: "w", Type: bigint}}
)

// dimension is the table outside: rows by key, of which there may be several.
type dimension struct {
	rows     map[string][]int64 // "k/s" -> w
	asked    int                // keys
	calls    int
	failures int // still to come
	at       int
	closed   int
}

func keyOf(k int64, s string) string { return fmt.Sprintf("%d/%s", k, s) }

func (d *dimension) add(b *data.Batch, k int64, s string, w int64) {
	for i, v := range []data.Value{{S: fmt.Sprintf("the name of %d, which is long", w)}, {I: k}, {S: s}, {I: w}} {
		b.Cols[i].Resize(b.N + 1)
		b.Cols[i].SetValueAt(b.N, v)
	}
	b.N++
}

func (d *dimension) Find(_ context.Context, keys *data.Batch) (*data.Batch, []int32, error) {
	d.calls++
	if d.failures > 0 {
		d.failures--
		return nil, nil, errors.New("no answer")
	}
	b := data.MakeBatch(columnTypes(right), 0)
	var counts []int32
	seen := map[string]bool{}
	for i := range keys.N {
		k, s := keys.Cols[0].I64[i], keys.Cols[1].Str(i)
		key := keyOf(k, s)
		if seen[key] {
			return nil, nil, fmt.Errorf("key %s is asked for twice", key)
		}
		seen[key] = true
		for _, w := range d.rows[key] {
			d.add(b, k, s, w)
		}
		counts = append(counts, int32(len(d.rows[key])))
	}
	d.asked += keys.N
	return b, counts, nil
}

func (d *dimension) Close() error { d.closed++; return nil }

func (d *dimension) Restore([]connector.Split) error { return nil }
func (d *dimension) Splits() []connector.Split       { return nil }

func (d *dimension) Poll(_ context.Context, b *data.Batch) (connector.Status, error) {
	if d.calls++; d.calls%2 == 0 {
		return connector.Idle, nil // nothing now
	}
	for key, list := range d.rows {
		var k int64
		var s string
		fmt.Sscanf(key, "%d/%s", &k, &s)
		for _, w := range list {
			d.add(b, k, s, w)
		}
	}
	b.Cols[1].Resize(b.N + 1) // a row whose key is NULL is none
	d.add(b, 0, "x", 1)
	b.Cols[1].SetNull(b.N - 1)
	return connector.Ended, nil
}

type bag map[string]int

func (b bag) Watermark(int64) error { return nil }

func (b bag) Emit(o *data.Batch) error {
	defer o.Release()
	for i := range o.Len() {
		r := o.Row(i)
		row := o.Op(r).String()
		for _, c := range o.Cols {
			if c.IsNull(r) {
				row += "|NULL"
			} else {
				row += "|" + string(data.AppendText(nil, c, r, nil))
			}
		}
		b[row]++
	}
	return nil
}

type way struct {
	name  string
	full  bool
	cache Cache
}

func open(t *testing.T, d *dimension, w way, kind graph.JoinKind, cond bool, env *function.Env) operator.Operator {
	t.Helper()
	op := graph.Op{Name: "LookupJoin", LookupJoin: &graph.LookupJoin{
		Kind: kind, Table: graph.Table{Name: "dim"}, Output: make([]graph.Path, 4), LeftKeys: []int{1, 2}, RightKeys: []int{1, 2},
	}}
	op.Schema = append(append(op.Schema, input...), right...)
	if cond {
		e := expr.Call(">", data.Of(data.Boolean), expr.Column(6, bigint), expr.Column(0, bigint))
		op.LookupJoin.Condition = &e
	}
	set := function.NewSet(nil, nil)
	var o operator.Operator
	var err error
	if w.full {
		o, err = NewFull(op, input, set, time.Minute, func() (connector.Source, error) { d.at = 0; return d, nil })
	} else {
		o, err = NewAsked(op, input, set, w.cache, func(*operator.Context) (connector.Lookup, error) { return d, nil })
	}
	if err != nil {
		t.Fatal(err)
	}
	if err := o.Open(&operator.Context{Env: env, Metrics: &operator.Metrics{}, Memory: state.NewBudget(0), WakeAt: func(int64) {}}); err != nil {
		t.Fatal(err)
	}
	return o
}

var ways = []way{
	{"full", true, Cache{}},
	{"none", false, Cache{}},
	{"partial", false, Cache{MaxRows: 1000, Missing: true}},
	{"small", false, Cache{MaxRows: 7, Missing: false}},
	{"short", false, Cache{MaxRows: 100, AfterWrite: 3 * time.Millisecond, AfterAccess: 2 * time.Millisecond, Missing: true}},
}

// TestEveryCacheGivesTheSame compares what is given with a model, for every way
// of keeping answers.
func TestEveryCacheGivesTheSame(t *testing.T) {
	for _, w := range ways {
		for _, kind := range []graph.JoinKind{graph.InnerJoin, graph.LeftJoin} {
			for _, cond := range []bool{false, true} {
				t.Run(fmt.Sprintf("%s %s condition=%t", w.name, kind, cond), func(t *testing.T) { compare(t, w, kind, cond) })
			}
		}
	}
}

func compare(t *testing.T, w way, kind graph.JoinKind, cond bool) {
	rnd := rand.New(rand.NewPCG(7, 8))
	d := &dimension{rows: map[string][]int64{}}
	for i := range int64(120) {
		key := keyOf(rnd.Int64N(8), fmt.Sprintf("s%d", rnd.IntN(8)))
		d.rows[key] = append(d.rows[key], i)
	}
	env := &function.Env{Now: 1000}
	o := open(t, d, w, kind, cond, env)
	got, want := bag{}, bag{}
	for range 40 {
		env.Now++
		n := 1 + rnd.IntN(60)
		b := data.MakeBatch(columnTypes(input), n)
		for i := range n {
			id, k, s := rnd.Int64N(100), rnd.Int64N(10), fmt.Sprintf("s%d", rnd.IntN(9))
			b.Cols[0].I64[i], b.Cols[1].I64[i] = id, k
			b.Cols[2].SetString(i, s)
			op := data.Op(rnd.IntN(4))
			b.Ops = append(b.Ops, op)
			null := rnd.IntN(10) == 0
			row := fmt.Sprintf("%s|%d|%d|%s", op, id, k, s)
			if null {
				b.Cols[1].SetNull(i)
				row = fmt.Sprintf("%s|%d|NULL|%s", op, id, s)
			}
			if rnd.IntN(8) == 0 {
				continue // not in Sel
			}
			b.Sel = append(b.Sel, int32(i))
			any := false
			for _, x := range d.rows[keyOf(k, s)] {
				if !null && (!cond || x > id) {
					want[fmt.Sprintf("%s|the name of %d, which is long|%d|%s|%d", row, x, k, s, x)]++
					any = true
				}
			}
			if !any && kind == graph.LeftJoin {
				want[row+"|NULL|NULL|NULL|NULL"]++
			}
		}
		if b.Sel == nil {
			b.Sel = []int32{}
		}
		if err := o.Process(0, b, got); err != nil {
			t.Fatal(err)
		}
	}
	if !maps.Equal(got, want) {
		t.Errorf("got  %v\nwant %v", got, want)
	}
	if w.name == "partial" && d.asked > 10*9 {
		t.Errorf("%d keys were asked for, there are 90", d.asked)
	}
	if err := o.Close(); err != nil || d.closed != 1 {
		t.Errorf("closed %d times: %v", d.closed, err)
	}
}

func one(t *testing.T, o operator.Operator, k int64) (bag, error) {
	t.Helper()
	b := data.MakeBatch(columnTypes(input), 1)
	b.Cols[0].I64[0], b.Cols[1].I64[0] = 5, k
	b.Cols[2].SetString(0, "s")
	got := bag{}
	return got, o.Process(0, b, got)
}

func TestQuestionsAreAskedAgain(t *testing.T) {
	d := &dimension{rows: map[string][]int64{"1/s": {9}}, failures: 2}
	o := open(t, d, way{cache: Cache{Retries: 2}}, graph.InnerJoin, false, &function.Env{Now: 1})
	defer o.Close()
	if got, err := one(t, o, 1); err != nil || len(got) != 1 || d.calls != 3 {
		t.Errorf("%v after %d calls: %v", got, d.calls, err)
	}
	d.failures = 3
	if _, err := one(t, o, 1); err == nil {
		t.Error("three failures of three were not reported")
	}
}

func TestATableIsReadAgain(t *testing.T) {
	d := &dimension{rows: map[string][]int64{"1/s": {9}}}
	env := &function.Env{Now: 1}
	o := open(t, d, way{full: true}, graph.InnerJoin, false, env)
	defer o.Close()
	d.rows["1/s"] = []int64{10, 11}
	if got, err := one(t, o, 1); err != nil || len(got) != 1 {
		t.Errorf("before the time is up: %v, %v", got, err)
	}
	for _, now := range []int64{2, 60_001} {
		env.Now = now
		if err := o.(operator.Timed).Tick(now, bag{}); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := one(t, o, 1); err != nil || len(got) != 2 {
		t.Errorf("after it: %v, %v", got, err)
	}
}
