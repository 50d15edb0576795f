package window

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"math"
	"slices"
	"unsafe"

	"github.com/weir-streams/weir/engine/accumulator"
	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/graph"
	"github.com/weir-streams/weir/engine/operator"
	"github.com/weir-streams/weir/engine/state"
)

// session aggregates over SESSION windows with aggregates that cannot be joined
// (see merging for the others): the rows of a key, each no more than the gap
// after another. The planner sees to it that PARTITION BY and the keys are
// the same columns. Rows are kept as they came until their session ends, and
// only then aggregated: sessions merge, and most aggregates cannot.
type session struct {
	spec  graph.WindowAggregate
	set   *accumulator.Set // over the input's columns and, as its key, the session's number
	input []data.Type
	types []data.Type
	ctx   *operator.Context
	clock *clock
	whole bool // the rows themselves are given, with their session

	keys      map[string]*keySessions
	queue     []entry // heap by time of firing; an entry is stale when its session has moved on
	count     int64
	held      int64
	watermark int64

	rows []int32
	key  []byte
}

// keySessions is the open sessions of a key, by start. They neither overlap nor touch.
type keySessions struct {
	hash uint64
	open []*span
}

// span is one session.
type span struct {
	key        string
	start, end int64 // wall clock
	fireAt     int64 // instant
	rows       []byte
	n          int
}

type entry struct {
	at int64
	of *span
}

func newSession(op graph.Op, input []data.Column) (operator.Operator, error) {
	spec := *op.WindowAggregate
	if spec.Window.Gap <= 0 {
		return nil, fmt.Errorf("SESSION window with a gap of %d ms: it must be positive", spec.Window.Gap)
	}
	set, err := accumulator.NewSet(spec.Keys, spec.Aggs, input)
	if err != nil {
		return nil, err
	}
	if set.Merges() && !set.Sides() {
		return newMerging(op, input, set), nil
	}
	return newKept(op, input)
}

func newKept(op graph.Op, input []data.Column) (*session, error) {
	spec := *op.WindowAggregate
	number := data.Column{Name: "session", Type: data.Of(data.BigInt).NotNull()}
	set, err := accumulator.NewSet([]int{len(input)}, spec.Aggs, append(slices.Clone(input), number))
	if err != nil {
		return nil, err
	}
	s := &session{spec: spec, set: set, keys: map[string]*keySessions{}, watermark: data.MinWatermark}
	for _, c := range input {
		s.input = append(s.input, c.Type)
	}
	for _, c := range op.Schema {
		s.types = append(s.types, c.Type)
	}
	return s, nil
}

func (s *session) processingTime() bool { return s.spec.Window.TimeAttr == data.ProcTime }

func (s *session) Open(c *operator.Context) error {
	s.ctx = c
	if s.spec.Window.LTZ {
		s.clock = &clock{zone: c.Env.TimeZone.Location}
	}
	return nil
}

func (s *session) Close() error {
	if s.ctx != nil {
		s.ctx.Memory.Give(s.held)
	}
	s.keys, s.queue, s.held = nil, nil, 0
	return nil
}

func (s *session) Process(_ int, b *data.Batch, out operator.Output) error {
	defer b.Release()
	if b.Hashes == nil {
		data.HashKeys(b, s.spec.Keys)
	}
	s.rows = operator.Rows(b, s.rows)
	all := everyColumn(len(b.Cols))
	times := b.Cols[s.spec.Window.TimeColumn]
	wm := s.watermark
	if s.processingTime() {
		wm = data.MinWatermark
		if err := s.fire(s.ctx.Env.Now, out); err != nil {
			return err
		}
	}
	for _, r := range s.rows {
		t := s.ctx.Env.Now
		if !s.processingTime() {
			if b.RowWatermarks != nil && b.RowWatermarks[r] > wm {
				wm = b.RowWatermarks[r]
				if len(s.queue) > 0 && s.queue[0].at <= wm {
					if err := s.Watermark(wm, out); err != nil {
						return err
					}
				}
			}
			if times.IsNull(int(r)) {
				return fmt.Errorf("the time column of a window is NULL in a row; filter such rows out before the window")
			}
			t = times.I64[r]
		}
		if err := s.add(b, all, r, s.clock.local(t), wm); err != nil {
			return err
		}
	}
	s.ctx.Metrics.StateKeys.Store(s.count)
	s.ctx.Metrics.StateBytes.Store(s.held)
	s.wake()
	return nil
}

func everyColumn(n int) []int {
	all := make([]int, n)
	for i := range all {
		all[i] = i
	}
	return all
}

// add puts a row into the session of its key that it falls into or touches,
// joining the sessions that it connects. A row is late if the watermark has
// passed the end of the session it would be in.
func (s *session) add(b *data.Batch, all []int, r int32, t, wm int64) error {
	s.key = data.EncodeRow(s.key[:0], b.Cols, s.spec.Keys, int(r))
	k := s.keys[string(s.key)]
	start, end := t, t+s.spec.Window.Gap
	first, last := 0, 0
	if k != nil {
		// Those that end before it starts come first; those that start after it ends, last.
		for first < len(k.open) && k.open[first].end < start {
			first++
		}
		for last = first; last < len(k.open) && k.open[last].start <= end; last++ {
			start, end = min(start, k.open[last].start), max(end, k.open[last].end)
		}
	}
	fireAt := s.clock.instant(end) - 1
	if fireAt <= wm {
		s.ctx.Metrics.LateDropped.Add(1)
		return nil
	}
	if k == nil {
		k = &keySessions{hash: b.Hashes[r]}
		s.keys[string(s.key)] = k
	}
	before := 0
	for _, of := range k.open[first:last] {
		before += cap(of.rows)
	}
	w := s.span(k, string(s.key), first, last, start, end, fireAt)
	w.rows = append(w.rows, byte(b.Op(int(r))))
	w.rows = data.EncodeRow(w.rows, b.Cols, all, int(r))
	w.n++
	return s.hold(int64(cap(w.rows) - before))
}

// hold accounts for memory.
func (s *session) hold(n int64) error {
	if n > 0 {
		if err := s.ctx.Memory.Take(n); err != nil {
			return err
		}
	} else {
		s.ctx.Memory.Give(-n)
	}
	s.held += n
	return nil
}

// span makes the sessions [first, last) of k one, or a new one if there is none.
func (s *session) span(k *keySessions, key string, first, last int, start, end, fireAt int64) *span {
	if first == last {
		w := &span{key: key, start: start, end: end, fireAt: fireAt}
		k.open = slices.Insert(k.open, first, w)
		s.count++
		s.push(entry{fireAt, w})
		return w
	}
	w := k.open[first]
	for _, other := range k.open[first+1 : last] {
		w.rows = append(w.rows, other.rows...)
		w.n += other.n
		other.fireAt = math.MinInt64 // its entry in the queue is stale
		other.rows = nil
		s.count--
	}
	k.open = slices.Delete(k.open, first+1, last)
	w.start, w.end = start, end
	if w.fireAt != fireAt {
		// The entry in the queue is early; when it comes up it is put back.
		w.fireAt = fireAt
	}
	return w
}

func (s *session) wake() {
	if s.processingTime() && len(s.queue) > 0 {
		s.ctx.WakeAt(s.queue[0].at)
	}
}

func (s *session) Watermark(wm int64, out operator.Output) error {
	if wm <= s.watermark {
		return nil
	}
	s.watermark = wm
	if !s.processingTime() {
		if err := s.fire(wm, out); err != nil {
			return err
		}
	}
	return out.Watermark(wm)
}

// Tick fires sessions of processing time.
func (s *session) Tick(now int64, out operator.Output) error {
	if !s.processingTime() {
		return nil
	}
	err := s.fire(now, out)
	s.wake()
	return err
}

// fire gives every session that ends by time t (an instant), in order of their ends.
func (s *session) fire(t int64, out operator.Output) error {
	var ended []*span
	rows := 0
	flush := func() error {
		err := s.give(ended, out)
		ended, rows = ended[:0], 0
		return err
	}
	for len(s.queue) > 0 && s.queue[0].at <= t {
		e := s.pop()
		if e.of.fireAt != e.at {
			if e.of.fireAt != math.MinInt64 {
				s.push(entry{e.of.fireAt, e.of})
			}
			continue
		}
		ended = append(ended, e.of)
		if rows += e.of.n; rows >= data.BatchSize || len(ended) == data.BatchSize {
			if err := flush(); err != nil {
				return err
			}
		}
	}
	return flush()
}

// give aggregates the rows of sessions, emits what comes of it and forgets them.
func (s *session) give(ended []*span, out operator.Output) error {
	if len(ended) == 0 {
		return nil
	}
	if s.whole {
		return s.giveRows(ended, out)
	}
	g := s.set.NewGroups(s.ctx.Memory)
	defer g.Free()
	number := len(s.input)
	types := append(slices.Clone(s.input), data.Of(data.BigInt).NotNull())
	b := data.MakeBatch(types, data.BatchSize)
	defer func() { b.Release() }()
	b.Ops = make([]data.Op, data.BatchSize)
	n := 0
	recs := make([]unsafe.Pointer, data.BatchSize)
	rows := operator.Rows(b, nil)
	fold := func() error {
		if n == 0 {
			return nil
		}
		b.N, b.Sel = n, nil
		data.HashKeys(b, []int{number})
		if _, err := g.Table.Resolve(b, []int{number}, rows[:n], recs[:n]); err != nil {
			return err
		}
		err := s.set.Update(g, recs[:n], rows[:n], b)
		b.Release()
		b = data.MakeBatch(types, data.BatchSize)
		b.Ops = make([]data.Op, data.BatchSize)
		n = 0
		return err
	}
	for i, w := range ended {
		for left := w.rows; len(left) > 0; {
			b.Ops[n] = data.Op(left[0])
			var err error
			if left, err = data.DecodeRow(left[1:], b.Cols[:number], n); err != nil {
				return fmt.Errorf("row of a session: %w", err)
			}
			b.Cols[number].I64[n] = int64(i)
			if n++; n == data.BatchSize {
				if err := fold(); err != nil {
					return err
				}
			}
		}
		s.forget(w)
	}
	if err := fold(); err != nil {
		return err
	}
	return s.emit(g, ended, out)
}

// emit gives the rows of sessions; g has a group for each, keyed by its index.
func (s *session) emit(g *accumulator.Groups, ended []*span, out operator.Output) error {
	var recs []unsafe.Pointer
	g.Table.Each(func(_ uint64, rec unsafe.Pointer) bool {
		recs = append(recs, rec) // in the order in which they were made, that of ended
		return true
	})
	kept := make([]*span, 0, len(ended))
	alive := recs[:0]
	for i, rec := range recs {
		if accumulator.Rows(rec) > 0 {
			alive, kept = append(alive, rec), append(kept, ended[i])
		}
	}
	if len(kept) == 0 {
		return nil
	}
	o := data.MakeBatch(s.types, len(kept))
	keys := o.Cols[:len(s.spec.Keys)]
	for i, w := range kept {
		if _, err := data.DecodeRow([]byte(w.key), keys, i); err != nil {
			o.Release()
			return fmt.Errorf("window key: %w", err)
		}
	}
	at := len(keys)
	s.set.Results(g, alive, o.Cols[at:at+len(s.spec.Aggs)], 0, 1)
	at += len(s.spec.Aggs)
	for p, w := range s.spec.Properties {
		v := o.Cols[at+p]
		for i, of := range kept {
			v.I64[i] = property(v.Type, w, of.start, of.end, s.clock)
		}
	}
	return out.Emit(o)
}

func (s *session) forget(w *span) {
	k := s.keys[w.key]
	if i := slices.Index(k.open, w); i >= 0 {
		k.open = slices.Delete(k.open, i, i+1)
	}
	if len(k.open) == 0 {
		delete(s.keys, w.key)
	}
	s.count--
	s.ctx.Memory.Give(int64(cap(w.rows)))
	s.held -= int64(cap(w.rows))
}

// The queue is a binary heap.

func (s *session) push(e entry) {
	s.queue = append(s.queue, e)
	for i := len(s.queue) - 1; i > 0; {
		up := (i - 1) / 2
		if s.queue[up].at <= s.queue[i].at {
			return
		}
		s.queue[up], s.queue[i] = s.queue[i], s.queue[up]
		i = up
	}
}

func (s *session) pop() entry {
	top := s.queue[0]
	n := len(s.queue) - 1
	s.queue[0], s.queue[n] = s.queue[n], entry{}
	s.queue = s.queue[:n]
	for i := 0; ; {
		c := 2*i + 1
		if c >= n {
			return top
		}
		if c+1 < n && s.queue[c+1].at < s.queue[c].at {
			c++
		}
		if s.queue[i].at <= s.queue[c].at {
			return top
		}
		s.queue[i], s.queue[c] = s.queue[c], s.queue[i]
		i = c
	}
}

// The canonical form of a session is one row for each of its rows, in order: the
// key, start and end of the session, the change, and the input's columns.

const keptState = "sessions"

func keptSchema(keys []int, input []data.Type) []data.Column {
	var schema []data.Column
	number := data.Of(data.BigInt).NotNull()
	for i, k := range keys {
		schema = append(schema, data.Column{Name: fmt.Sprintf("key%d", i), Type: input[k]})
	}
	schema = append(schema, data.Column{Name: "start", Type: number}, data.Column{Name: "end", Type: number}, data.Column{Name: "op", Type: number})
	for i, t := range input {
		schema = append(schema, data.Column{Name: fmt.Sprintf("column%d", i), Type: t})
	}
	return schema
}

func (s *session) Snapshot(w *state.Writer) error {
	rows := w.Keyed(keptState, len(s.spec.Keys), 0, keptSchema(s.spec.Keys, s.input))
	w.List("watermark", state.Union, [][]byte{operator.Int64Item(s.watermark)})
	var row []byte
	for _, k := range s.keys {
		group := data.KeyGroup(k.hash, s.ctx.MaxParallelism)
		for _, of := range k.open {
			for left := of.rows; len(left) > 0; {
				rest, err := data.SkipValues(left[1:], s.input)
				if err != nil {
					return fmt.Errorf("row of a session: %w", err)
				}
				row = append(row[:0], of.key...)
				for _, x := range [...]int64{of.start, of.end, int64(left[0])} {
					row = binary.AppendVarint(append(row, 1), x)
				}
				rows.Append(group, append(row, left[1:len(left)-len(rest)]...))
				left = rest
			}
		}
	}
	return nil
}

func (s *session) Restore(r *state.Reader) error {
	for i, item := range r.Items("watermark") {
		wm, err := operator.Int64Of(item)
		if err != nil {
			return err
		}
		if i == 0 || wm < s.watermark {
			s.watermark = wm
		}
	}
	schema := keptSchema(s.spec.Keys, s.input)
	var keyTypes []data.Type
	for _, k := range s.spec.Keys {
		keyTypes = append(keyTypes, s.input[k])
	}
	number := data.Of(data.BigInt).NotNull()
	head := data.MakeBatch(append(slices.Clone(keyTypes), number, number, number), 1)
	defer head.Release()
	at := len(keyTypes)
	err := r.EachRow(keptState, func(written []data.Column, _ int, row []byte) error {
		if !slices.EqualFunc(written, schema, func(a, b data.Column) bool { return a.Type.SameAs(b.Type) }) {
			return fmt.Errorf("state was written with columns %v, this query needs %v", written, schema)
		}
		afterKey, err := data.SkipValues(row, keyTypes)
		if err != nil {
			return err
		}
		key := string(row[:len(row)-len(afterKey)])
		values, err := data.DecodeRow(row, head.Cols, 0)
		if err != nil {
			return err
		}
		start, end, op := head.Cols[at].I64[0], head.Cols[at+1].I64[0], head.Cols[at+2].I64[0]
		k := s.keys[key]
		if k == nil {
			data.HashKeys(head, everyColumn(at))
			k = &keySessions{hash: head.Hashes[0]}
			s.keys[key] = k
		}
		i, found := slices.BinarySearchFunc(k.open, start, func(w *span, t int64) int { return cmp.Compare(w.start, t) })
		var w *span
		if found {
			w = k.open[i]
		} else {
			w = s.span(k, key, i, i, start, end, s.clock.instant(end)-1)
		}
		before := cap(w.rows)
		w.rows = append(append(w.rows, byte(op)), values...)
		w.n++
		return s.hold(int64(cap(w.rows) - before))
	})
	s.wake()
	return err
}
