package window

import (
	"fmt"
	"slices"
	"unsafe"

	"github.com/weir-streams/weir/engine/accumulator"
	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/function"
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

	table     *state.Table // of keys: where their first span is
	spans     *state.Heap
	lists     *state.Lists // rows of spans, in order
	kept      *operator.RowStore
	queue     operator.Agenda // every span has one entry
	count     int64           // of sessions
	order     int64           // of the last row
	restoring bool
	watermark int64

	rows  []int32
	keys  []unsafe.Pointer
	ended []*span
	empty []unsafe.Pointer // keys in which nothing was open for a moment
	recs  []unsafe.Pointer
	key   []byte
}

func newSession(op graph.Op, input []data.Column, functions *function.Set) (operator.Operator, error) {
	spec := *op.WindowAggregate
	if spec.Window.Gap <= 0 {
		return nil, fmt.Errorf("SESSION window with a gap of %d ms: it must be positive", spec.Window.Gap)
	}
	set, err := accumulator.NewSet(spec.Keys, spec.Aggs, input, functions)
	if err != nil {
		return nil, err
	}
	if set.Merges() && !set.Sides() {
		return newMerging(op, input, set), nil
	}
	return newKept(op, input, functions)
}

func newKept(op graph.Op, input []data.Column, functions *function.Set) (*session, error) {
	spec := *op.WindowAggregate
	number := data.Column{Name: "session", Type: data.Of(data.BigInt).NotNull()}
	set, err := accumulator.NewSet([]int{len(input)}, spec.Aggs, append(slices.Clone(input), number), functions)
	if err != nil {
		return nil, err
	}
	s := &session{spec: spec, set: set, watermark: data.MinWatermark}
	for _, c := range input {
		s.input = append(s.input, c.Type)
	}
	for _, c := range op.Schema {
		s.types = append(s.types, c.Type)
	}
	s.kept = operator.NewRowStore(sessionRowsState, input, spec.Keys, rowHead, "time", "order", "op")
	s.kept.Hash = func(rec unsafe.Pointer) uint64 { return state.Hash(spanOf(rec).keyRec()) }
	s.kept.Extra = func(to []int64, rec unsafe.Pointer) {
		to[0], to[1], to[2] = *word8(rec, rowTime), *word8(rec, rowOrder), *word8(rec, rowOp)
	}
	return s, nil
}

func (s *session) processingTime() bool { return s.spec.Window.TimeAttr == data.ProcTime }

func (s *session) Open(c *operator.Context) error {
	s.ctx = c
	if s.spec.Window.LTZ {
		s.clock = &clock{zone: c.Env.TimeZone.Location}
	}
	types := make([]data.Type, len(s.spec.Keys))
	for i, k := range s.spec.Keys {
		types[i] = s.input[k]
	}
	s.table = state.NewTable(types, 8, 0x73, c.Memory)
	s.spans, s.lists = state.NewHeap(c.Memory), state.NewLists(c.Memory)
	s.queue.Budget = c.Memory
	s.kept.Open(c)
	return nil
}

func (s *session) Close() error {
	if s.table != nil {
		s.table.Free()
		s.spans.Free()
		s.lists.Free()
		s.queue.Free()
		s.kept.Close()
	}
	return nil
}

func (s *session) Process(_ int, b *data.Batch, out operator.Output) error {
	defer b.Release()
	if b.Hashes == nil {
		data.HashKeys(b, s.spec.Keys)
	}
	s.rows = operator.Rows(b, s.rows)
	times := b.Cols[s.spec.Window.TimeColumn]
	wm := s.watermark
	if s.processingTime() {
		wm = data.MinWatermark
		if err := s.fire(s.ctx.Env.Now, out); err != nil {
			return err
		}
	}
	if err := s.resolve(b, s.rows); err != nil {
		return err
	}
	addrs, recs, err := s.kept.Keep(b.Cols, s.rows)
	if err != nil {
		return err
	}
	for i, r := range s.rows {
		t := s.ctx.Env.Now
		if !s.processingTime() {
			if b.RowWatermarks != nil && b.RowWatermarks[r] > wm {
				wm = b.RowWatermarks[r]
				if at, ok := s.queue.First(); ok && at <= wm {
					if err := s.advance(wm, out); err != nil {
						return err
					}
				}
			}
			if times.IsNull(int(r)) {
				return fmt.Errorf("the time column of a window is NULL in a row; filter such rows out before the window")
			}
			t = times.I64[r]
		}
		local := s.clock.local(t)
		*word8(recs[i], rowTime), *word8(recs[i], rowOp) = local, int64(b.Op(int(r)))
		placed, err := s.add(s.keys[i], local, local+s.spec.Window.Gap, wm, addrs[i], recs[i])
		if err != nil {
			return err
		}
		if !placed {
			s.ctx.Metrics.LateDropped.Add(1)
			if err := s.kept.Drop(addrs[i]); err != nil {
				return err
			}
		}
	}
	return s.settle()
}

func everyColumn(n int) []int {
	all := make([]int, n)
	for i := range all {
		all[i] = i
	}
	return all
}

// resolve finds the records of the keys of rows, in s.keys. Those of new keys are
// empty for now.
func (s *session) resolve(b *data.Batch, rows []int32) error {
	if cap(s.keys) < len(rows) {
		s.keys = make([]unsafe.Pointer, max(len(rows), data.BatchSize))
	}
	s.keys = s.keys[:len(rows)]
	fresh, err := s.table.Resolve(b, s.spec.Keys, rows, s.keys)
	for _, i := range fresh {
		s.empty = append(s.empty, s.keys[i])
	}
	return err
}

// settle forgets keys without sessions, gives memory back and asks to be woken.
func (s *session) settle() error {
	for _, key := range s.empty {
		if state.Alive(key) && *firstOf(key) == 0 {
			if err := s.table.Delete(key); err != nil {
				return err
			}
		}
	}
	s.empty = s.empty[:0]
	if err := s.kept.Settle(func(from, to uint64, rec unsafe.Pointer) {
		s.lists.Redirect(&spanOf(rec).rows, *word8(rec, rowOrder), from, to)
	}); err != nil {
		return err
	}
	if s.table.NeedsCompaction() {
		if err := s.table.Compact(func(_, key unsafe.Pointer) {
			for at := *firstOf(key); at != 0; at = s.span(at).next {
				s.span(at).setKey(key)
			}
		}); err != nil {
			return err
		}
	}
	s.ctx.Metrics.StateKeys.Store(s.count)
	s.ctx.Metrics.StateBytes.Store(s.table.Bytes() + s.spans.Bytes() + s.lists.Bytes() + s.kept.Bytes() + s.queue.Bytes())
	if at, ok := s.queue.First(); ok && s.processingTime() {
		s.ctx.WakeAt(at)
	}
	return nil
}

func (s *session) Watermark(wm int64, out operator.Output) error {
	if err := s.advance(wm, out); err != nil {
		return err
	}
	return s.settle()
}

// advance moves time on.
func (s *session) advance(wm int64, out operator.Output) error {
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
	if err := s.fire(now, out); err != nil {
		return err
	}
	return s.settle()
}

// fire gives every session that ends by time t (an instant), in order of their ends.
func (s *session) fire(t int64, out operator.Output) error {
	s.ended = s.ended[:0]
	rows := 0
	for {
		at, p, ok := s.queue.Next(t)
		if !ok {
			break
		}
		w := (*span)(p)
		switch {
		case w.fireAt == merged:
			s.spans.Drop(w.at)
			continue
		case w.fireAt != at: // it has grown since
			if err := s.queue.Add(w.fireAt, p); err != nil {
				return err
			}
			continue
		}
		s.ended = append(s.ended, w)
		if rows += w.rows.Len(); rows >= data.BatchSize || len(s.ended) == data.BatchSize {
			if err := s.give(out); err != nil {
				return err
			}
			rows = 0
		}
	}
	return s.give(out)
}

// give aggregates the rows of sessions that have ended, emits what comes of it
// and forgets them.
func (s *session) give(out operator.Output) error {
	if len(s.ended) == 0 {
		return nil
	}
	err := s.giveRows
	if !s.whole {
		err = s.aggregate
	}
	if err := err(s.ended, out); err != nil {
		return err
	}
	for _, w := range s.ended {
		if err := s.forget(w); err != nil {
			return err
		}
	}
	s.ended = s.ended[:0]
	return nil
}

// eachRows calls f with the rows of sessions, in order, up to a batch at a time:
// their columns, what they say, and the place of each one's session in ended.
func (s *session) eachRows(ended []*span, f func(b *data.Batch, of []int32) error) error {
	s.recs = s.recs[:0]
	var of []int32
	var ops []data.Op
	flush := func() error {
		if len(s.recs) == 0 {
			return nil
		}
		b := data.NewBatch(len(s.input) + 1)
		defer func() { b.Release() }()
		b.N, b.Ops = len(s.recs), append([]data.Op(nil), ops...)
		if err := s.kept.Gather(b, s.recs, nil, s.input); err != nil {
			return err
		}
		err := f(b, of)
		s.recs, of, ops = s.recs[:0], of[:0], ops[:0]
		return err
	}
	for i, w := range ended {
		for entries, next := s.lists.From(&w.rows, state.Place{}); entries != nil; entries, next = s.lists.From(&w.rows, next) {
			for _, e := range entries {
				rec := s.kept.At(e.Ref)
				s.recs, of, ops = append(s.recs, rec), append(of, int32(i)), append(ops, data.Op(*word8(rec, rowOp)))
				if len(s.recs) == data.BatchSize {
					if err := flush(); err != nil {
						return err
					}
				}
			}
		}
	}
	return flush()
}

func (s *session) aggregate(ended []*span, out operator.Output) error {
	g := s.set.NewGroups(s.ctx.Memory)
	defer g.Free()
	number := data.Of(data.BigInt).NotNull()
	which := []int{len(s.input)}
	recs := make([]unsafe.Pointer, data.BatchSize)
	if err := s.eachRows(ended, func(b *data.Batch, of []int32) error {
		v := data.NewVector(number, b.N)
		for i, n := range of {
			v.I64[i] = int64(n)
		}
		b.Cols = append(b.Cols, v)
		data.HashKeys(b, which)
		rows := operator.Rows(b, nil)
		if _, err := g.Table.Resolve(b, which, rows, recs[:b.N]); err != nil {
			return err
		}
		return s.set.Update(g, recs[:b.N], rows, b)
	}); err != nil {
		return err
	}
	return s.emit(g, ended, out)
}

// emit gives the rows of sessions; g has a group for each, keyed by its index.
func (s *session) emit(g *accumulator.Groups, ended []*span, out operator.Output) error {
	var recs []unsafe.Pointer
	if err := g.Table.Each(func(_ uint64, rec unsafe.Pointer) bool {
		recs = append(recs, rec) // in the order in which they were made, that of ended
		return true
	}); err != nil {
		return err
	}
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
		s.key = s.table.Key(s.key[:0], w.keyRec())
		if _, err := data.DecodeRow(s.key, keys, i); err != nil {
			o.Release()
			return fmt.Errorf("window key: %w", err)
		}
	}
	at := len(keys)
	if err := s.set.Results(g, alive, o.Cols[at:at+len(s.spec.Aggs)], 0, 1); err != nil {
		o.Release()
		return err
	}
	at += len(s.spec.Aggs)
	for p, w := range s.spec.Properties {
		v := o.Cols[at+p]
		for i, of := range kept {
			v.I64[i] = property(v.Type, w, of.start, of.end, s.clock)
		}
	}
	return out.Emit(o)
}
