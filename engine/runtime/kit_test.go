package runtime

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/weir-streams/weir/engine/checkpoint"
	"github.com/weir-streams/weir/engine/connector"
	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/graph"
	"github.com/weir-streams/weir/engine/operator"
	"github.com/weir-streams/weir/engine/state"
)

// The kit: a world of tiny sources, operators and sinks. What an operator does
// is said by Op.Name.

var rowSchema = []data.Column{
	{Name: "id", Type: data.Of(data.BigInt).NotNull()},  // unique
	{Name: "key", Type: data.Of(data.BigInt).NotNull()}, // id % keys
	{Name: "n", Type: data.Of(data.BigInt).NotNull()},
}

type world struct {
	t       *testing.T
	splits  int
	rows    int64 // of each split
	keys    int64
	bounded bool
	batch   int          // rows of a poll
	pause   atomic.Int64 // nanoseconds a sink takes for a batch
	limit   atomic.Int64 // rows of each split that may be read now; 0: all
	bombs   atomic.Int64 // failures left
	fuse    func() bool  // whether this batch fails
	ticks   atomic.Int64
	hidden  atomic.Bool  // no split is known yet
	sliced  bool         // sums write their snapshots in slices
	deltas  atomic.Int64 // incremental snapshots begun
	resumed atomic.Int64

	mu        sync.Mutex
	committed map[string][][3]int64 // by transaction
	results   map[int64][2]int64    // key -> count, sum, as given at the end
	open      int                   // operators that were opened and not closed
	prepares  int
	commits   []int64 // checkpoints that sinks were told of
	failPrep  func() error
	commitErr func() error
}

func newWorld(t *testing.T) *world {
	return &world{
		t: t, splits: 4, rows: 5000, keys: 37, bounded: true, batch: 64,
		committed: map[string][][3]int64{}, results: map[int64][2]int64{},
	}
}

func (w *world) Build(op *graph.Op, p Place) (operator.Operator, connector.Source, error) {
	switch op.Name {
	case "source":
		return nil, newNumbers(w, p), nil
	case "pass":
		return &pass{w: w}, nil, nil
	case "bomb":
		return &pass{w: w, bomb: true}, nil, nil
	case "sum":
		if w.sliced {
			return &slicedSum{sum: sum{w: w, by: map[int64]*[2]int64{}}, epoch: 1, changed: map[int64]int64{}}, nil, nil
		}
		return &sum{w: w, by: map[int64]*[2]int64{}}, nil, nil
	case "sink":
		return &txnSink{w: w}, nil, nil
	case "stamp":
		return &stamp{pass{w: w}}, nil, nil
	case "clock":
		return &clockwork{pass: pass{w: w}}, nil, nil
	case "results":
		return &resultSink{w: w}, nil, nil
	}
	return nil, nil, fmt.Errorf("no operator %q", op.Name)
}

// op makes an operator with a uid from its name.
func op(name string) graph.Op { return graph.Op{Name: name, UID: "uid-" + name, Schema: rowSchema} }

func vertex(name string, inputs []graph.Edge, names ...string) graph.Vertex {
	v := graph.Vertex{ID: fmt.Sprintf("%032x", name), Name: name, Inputs: inputs}
	for _, n := range names {
		v.Ops = append(v.Ops, op(n))
	}
	return v
}

func edge(from int, p graph.Partitioning, keys ...int) []graph.Edge {
	return []graph.Edge{{From: from, Partitioning: p, Keys: keys}}
}

// keyed is source -> hash -> sum -> results, and the rows themselves to sink.
func keyed(first ...string) *graph.Graph {
	return &graph.Graph{Vertices: []graph.Vertex{
		vertex("Source", nil, append([]string{"source"}, first...)...),
		vertex("Sum", edge(0, graph.Hash, 1), "sum", "results"),
		vertex("Sink", edge(0, graph.Rebalance), "sink"),
	}}
}

// numbers gives the ids of its splits.
type numbers struct {
	w      *world
	p      Place
	splits []*numberSplit
	turn   int
}

type numberSplit struct {
	id   string
	no   int64
	next int64
}

func newNumbers(w *world, p Place) *numbers {
	s := &numbers{w: w, p: p}
	for k := range w.splits {
		id := "split-" + strconv.Itoa(k)
		if connector.Owns(id, p.Subtask, p.Parallelism) {
			s.splits = append(s.splits, &numberSplit{id: id, no: int64(k)})
		}
	}
	s.w.count(1)
	return s
}

func (w *world) count(n int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.open += n
}

func (s *numbers) Restore(splits []connector.Split) error {
	if len(splits) != s.w.splits {
		return fmt.Errorf("restored %d splits of %d", len(splits), s.w.splits)
	}
	for _, sp := range splits {
		for _, mine := range s.splits {
			if mine.id == sp.ID {
				mine.next = int64(binary.BigEndian.Uint64(sp.Position))
			}
		}
	}
	return nil
}

func (s *numbers) Poll(_ context.Context, b *data.Batch) (connector.Status, error) {
	if s.w.hidden.Load() {
		return connector.Idle, nil
	}
	limit := s.w.rows
	if l := s.w.limit.Load(); l > 0 {
		limit = min(limit, l)
	}
	for range s.splits {
		s.turn = (s.turn + 1) % len(s.splits)
		sp := s.splits[s.turn]
		n := int(min(int64(s.w.batch), limit-sp.next))
		if n <= 0 {
			continue
		}
		for _, c := range b.Cols {
			c.Resize(n)
		}
		b.N = n
		for i := range n {
			id := sp.no*s.w.rows + sp.next + int64(i)
			b.Cols[0].I64[i], b.Cols[1].I64[i], b.Cols[2].I64[i] = id, id%s.w.keys, 1
		}
		sp.next += int64(n)
		return connector.More, nil
	}
	for _, sp := range s.splits {
		if sp.next < s.w.rows {
			return connector.Idle, nil
		}
	}
	if s.w.bounded {
		return connector.Ended, nil
	}
	return connector.Idle, nil
}

func (s *numbers) Splits() []connector.Split {
	var out []connector.Split
	if s.w.hidden.Load() {
		return nil
	}
	for _, sp := range s.splits {
		out = append(out, connector.Split{ID: sp.id, Position: binary.BigEndian.AppendUint64(nil, uint64(sp.next)), Done: sp.next >= s.w.rows})
	}
	return out
}

func (s *numbers) Close() error { s.w.count(-1); return nil }

// pass gives on what it gets; as a bomb it fails now and then.
type pass struct {
	w    *world
	bomb bool
}

func (p *pass) Open(*operator.Context) error { p.w.count(1); return nil }
func (p *pass) Process(_ int, b *data.Batch, out operator.Output) error {
	if p.bomb && p.w.fuse() && p.w.bombs.Add(-1) >= 0 {
		if p.w.bombs.Load()%2 == 0 {
			panic("boom")
		}
		return errors.New("bang")
	}
	return out.Emit(b)
}
func (p *pass) Watermark(wm int64, out operator.Output) error { return out.Watermark(wm) }
func (p *pass) Close() error                                  { p.w.count(-1); return nil }

// stamp makes watermarks of ids.
type stamp struct{ pass }

func (p *stamp) Process(_ int, b *data.Batch, out operator.Output) error {
	last := b.Cols[0].I64[b.N-1]
	if err := out.Emit(b); err != nil {
		return err
	}
	return out.Watermark(last)
}

// clockwork ticks every millisecond, and counts.
type clockwork struct {
	pass
	c    *operator.Context
	last int64
}

func (p *clockwork) Open(c *operator.Context) error {
	p.c = c
	c.WakeAt(c.Env.Now + 1)
	return p.pass.Open(c)
}

func (p *clockwork) Tick(now int64, _ operator.Output) error {
	if now < p.last || now != p.c.Env.Now {
		return fmt.Errorf("tick at %d after %d, now is %d", now, p.last, p.c.Env.Now)
	}
	p.last = now
	p.w.ticks.Add(1)
	p.c.WakeAt(now + 1)
	return nil
}

// sum counts and sums by key, and gives all at the end.
type sum struct {
	w  *world
	c  *operator.Context
	by map[int64]*[2]int64
}

func (s *sum) Open(c *operator.Context) error { s.c = c; s.w.count(1); return nil }
func (s *sum) Process(_ int, b *data.Batch, _ operator.Output) error {
	for i := range b.Len() {
		r := b.Row(i)
		k := b.Cols[1].I64[r]
		if g := data.KeyGroup(data.HashInt(k), s.c.MaxParallelism); data.GroupOwner(g, s.c.Parallelism, s.c.MaxParallelism) != s.c.Subtask {
			return fmt.Errorf("key %d came to subtask %d", k, s.c.Subtask)
		}
		a := s.by[k]
		if a == nil {
			a = &[2]int64{}
			s.by[k] = a
		}
		a[0]++
		a[1] += b.Cols[0].I64[r]
	}
	b.Release()
	return nil
}
func (s *sum) Watermark(wm int64, out operator.Output) error { return out.Watermark(wm) }
func (s *sum) Finish(out operator.Output) error {
	var types []data.Type
	for _, c := range rowSchema {
		types = append(types, c.Type)
	}
	b := data.MakeBatch(types, len(s.by))
	i := 0
	for k, a := range s.by {
		b.Cols[0].I64[i], b.Cols[1].I64[i], b.Cols[2].I64[i] = k, a[0], a[1]
		i++
	}
	return out.Emit(b)
}
func (s *sum) Close() error { s.w.count(-1); return nil }
func (s *sum) Snapshot(w *state.Writer) error {
	k := w.Keyed("sums", 1, 0, rowSchema)
	for key, a := range s.by {
		row := binary.BigEndian.AppendUint64(nil, uint64(key))
		row = binary.BigEndian.AppendUint64(row, uint64(a[0]))
		row = binary.BigEndian.AppendUint64(row, uint64(a[1]))
		k.Put(data.KeyGroup(data.HashInt(key), s.c.MaxParallelism), row)
	}
	return nil
}

func (s *sum) Restore(r *state.Reader) error {
	return r.EachRow("sums", func(_ []data.Column, _ int, row []byte) error {
		key := int64(binary.BigEndian.Uint64(row))
		if s.by[key] != nil {
			return fmt.Errorf("key %d restored twice", key)
		}
		s.by[key] = &[2]int64{int64(binary.BigEndian.Uint64(row[8:])), int64(binary.BigEndian.Uint64(row[16:]))}
		return nil
	})
}

// resultSink keeps what sum gives.
type resultSink struct{ w *world }

func (s *resultSink) Open(*operator.Context) error { s.w.count(1); return nil }
func (s *resultSink) Process(_ int, b *data.Batch, _ operator.Output) error {
	s.w.mu.Lock()
	defer s.w.mu.Unlock()
	for i := range b.Len() {
		r := b.Row(i)
		s.w.results[b.Cols[0].I64[r]] = [2]int64{b.Cols[1].I64[r], b.Cols[2].I64[r]}
	}
	b.Release()
	return nil
}
func (s *resultSink) Watermark(int64, operator.Output) error { return nil }
func (s *resultSink) Close() error                           { s.w.count(-1); return nil }

// txnSink publishes in two phases.
type txnSink struct {
	w       *world
	c       *operator.Context
	rows    [][3]int64
	pending []txn
	no      int
}

type txn struct {
	ID         string
	Checkpoint int64
	Rows       [][3]int64
}

func (s *txnSink) Open(c *operator.Context) error { s.c = c; s.w.count(1); return nil }
func (s *txnSink) Process(_ int, b *data.Batch, _ operator.Output) error {
	if d := s.w.pause.Load(); d > 0 {
		time.Sleep(time.Duration(d))
	}
	for i := range b.Len() {
		r := b.Row(i)
		s.rows = append(s.rows, [3]int64{b.Cols[0].I64[r], b.Cols[1].I64[r], b.Cols[2].I64[r]})
	}
	b.Release()
	return nil
}
func (s *txnSink) Watermark(int64, operator.Output) error { return nil }
func (s *txnSink) Close() error                           { s.w.count(-1); return nil }
func (s *txnSink) Snapshot(w *state.Writer) error {
	s.w.mu.Lock()
	s.w.prepares++
	f := s.w.failPrep
	s.w.mu.Unlock()
	if f != nil {
		if err := f(); err != nil {
			return err
		}
	}
	if len(s.rows) > 0 {
		s.no++
		id := fmt.Sprintf("%s-%d-%d-%d-%d", s.c.JobID, s.c.Attempt, s.c.Subtask, w.Checkpoint, s.no)
		s.pending = append(s.pending, txn{id, w.Checkpoint, s.rows})
		s.rows = nil
	}
	var items [][]byte
	for _, x := range s.pending {
		p, err := json.Marshal(x)
		if err != nil {
			return err
		}
		items = append(items, p)
	}
	w.List("txns", state.Split, items)
	return nil
}

func (s *txnSink) Restore(r *state.Reader) error {
	for _, p := range r.Items("txns") {
		var x txn
		if err := json.Unmarshal(p, &x); err != nil {
			return err
		}
		s.w.publish(x)
	}
	return nil
}

func (s *txnSink) Commit(id int64) error {
	s.w.mu.Lock()
	s.w.commits = append(s.w.commits, id)
	s.w.mu.Unlock()
	if f := s.w.commitErr; f != nil {
		if err := f(); err != nil {
			return err
		}
	}
	rest := s.pending[:0]
	for _, x := range s.pending {
		if x.Checkpoint <= id {
			s.w.publish(x)
		} else {
			rest = append(rest, x)
		}
	}
	s.pending = rest
	return nil
}

func (w *world) publish(x txn) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.committed[x.ID] = x.Rows
}

// check compares what was published with what every row exactly once gives.
func (w *world) check() {
	w.t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	seen := map[int64]int{}
	for _, rows := range w.committed {
		for _, r := range rows {
			seen[r[0]]++
		}
	}
	total := int64(w.splits) * w.rows
	for id := range total {
		if seen[id] != 1 {
			w.t.Fatalf("row %d was published %d times (%d rows in all, %d wanted)", id, seen[id], len(seen), total)
		}
	}
	if int64(len(seen)) != total {
		w.t.Fatalf("%d rows published, %d wanted", len(seen), total)
	}
	w.checkSums()
	if w.open != 0 {
		w.t.Fatalf("%d operators were not closed", w.open)
	}
}

func (w *world) checkSums() {
	w.t.Helper()
	want := map[int64][2]int64{}
	for id := range int64(w.splits) * w.rows {
		a := want[id%w.keys]
		want[id%w.keys] = [2]int64{a[0] + 1, a[1] + id}
	}
	for k, a := range want {
		if w.results[k] != a {
			w.t.Fatalf("key %d: count and sum %v, want %v", k, w.results[k], a)
		}
	}
	if len(w.results) != len(want) {
		w.t.Fatalf("%d keys, want %d", len(w.results), len(want))
	}
}

func (w *world) spec(g *graph.Graph, parallelism int) Spec {
	return Spec{ID: fmt.Sprintf("%032x", rand.Uint64()), Name: "test", Graph: g, Parallelism: parallelism, Build: w}
}

func (w *world) start(s Spec) *Job {
	w.t.Helper()
	j, err := Start(w.t.Context(), s)
	if err != nil {
		w.t.Fatal(err)
	}
	return j
}

func (w *world) finish(j *Job) {
	w.t.Helper()
	if err := j.Wait(w.t.Context()); err != nil {
		w.t.Fatalf("job: %v (%+v)", err, j.Info().Failures)
	}
	if s := j.Info().State; s != Finished {
		w.t.Fatalf("job is %s", s)
	}
}

// until waits for something that others bring about.
func until(t *testing.T, what string, f func() bool) {
	t.Helper()
	for !f() {
		select {
		case <-t.Context().Done():
			t.Fatalf("waiting for %s", what)
		case <-time.After(time.Millisecond):
		}
	}
}

func frequent(dir string) checkpoint.Config {
	return checkpoint.Config{Interval: 2 * time.Millisecond, Timeout: time.Minute, Dir: dir, Tolerable: 3, Incremental: true}
}
