package window

import (
	"fmt"
	"unsafe"

	"github.com/weir-streams/weir/engine/accumulator"
	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/graph"
	"github.com/weir-streams/weir/engine/operator"
	"github.com/weir-streams/weir/engine/state"
)

// merging aggregates over SESSION windows whose aggregates can be joined: a row
// is folded in when it comes. A key's record holds one open session; others,
// which only rows out of order make, are pairs of the key and a number, chained
// from its record. Both have the same layout:
//
//	aggregates | start 8 | end 8, 0: nothing is open | next 8 | pairs 8
//
// pairs is how many there are of a key, and -1 in a pair. Every open session has
// one timer, at or before its end; a record stays where it is until its timer
// has gone off, though its session may have been joined to another before.
type merging struct {
	spec  graph.WindowAggregate
	set   *accumulator.Set
	input []data.Type
	types []data.Type
	ctx   *operator.Context
	clock *clock

	groups *accumulator.Groups
	others *state.Table
	number int64 // of the last pair

	timers    timers
	watermark int64
	sent      int64 // watermark given on
	open      int64 // sessions

	start, end, next, pairs int // offsets

	// scratch
	rows    []int32
	recs    []unsafe.Pointer
	todo    []int32 // rows that were put into sessions and are not folded in
	into    []unsafe.Pointer
	ended   []unsafe.Pointer
	empty   []unsafe.Pointer // keys in which nothing was open for a moment
	o       *data.Batch      // what is to be given
	n       int              // rows of it
	key     []byte
	writing writing
	one     *data.Vector
}

func newMerging(op graph.Op, input []data.Column, set *accumulator.Set) *merging {
	s := &merging{spec: *op.WindowAggregate, set: set, watermark: data.MinWatermark, sent: data.MinWatermark}
	s.start = set.Room(32)
	s.end, s.next, s.pairs = s.start+8, s.start+16, s.start+24
	for _, c := range input {
		s.input = append(s.input, c.Type)
	}
	for _, c := range op.Schema {
		s.types = append(s.types, c.Type)
	}
	s.timers = newTimers(s.spec.Window.Gap / 16)
	return s
}

func (s *merging) processingTime() bool { return s.spec.Window.TimeAttr == data.ProcTime }

func (s *merging) Open(c *operator.Context) error {
	s.ctx = c
	if s.spec.Window.LTZ {
		s.clock = &clock{zone: c.Env.TimeZone.Location}
	}
	s.groups = s.set.NewGroups(c.Memory)
	s.others = state.NewPairTable(data.Of(data.BigInt).NotNull(), s.set.Width(), 7, c.Memory)
	s.others.OwnedBy(s.groups.Table)
	s.one = data.NewVector(data.Of(data.BigInt).NotNull(), 1)
	return nil
}

func (s *merging) Close() error {
	if s.groups != nil {
		s.groups.Free()
		s.others.Free()
	}
	if s.o != nil {
		s.o.Release()
		s.o = nil
	}
	return nil
}

// longAgo is before any time there is.
const longAgo = -1 << 55

func word(rec unsafe.Pointer, off int) *int64 { return accumulator.Word(rec, off) }

func (s *merging) isOpen(rec unsafe.Pointer) bool { return *word(rec, s.end) != *word(rec, s.start) }

func (s *merging) isPair(rec unsafe.Pointer) bool { return *word(rec, s.pairs) < 0 }

// chained is the record that a chain goes on with, nil at its end.
func (s *merging) chained(rec unsafe.Pointer) unsafe.Pointer {
	return *(*unsafe.Pointer)(unsafe.Pointer(word(rec, s.next)))
}

func (s *merging) fireAt(rec unsafe.Pointer) int64 { return s.clock.instant(*word(rec, s.end)) - 1 }

func (s *merging) Process(_ int, b *data.Batch, out operator.Output) error {
	defer b.Release()
	if b.Hashes == nil {
		data.HashKeys(b, s.spec.Keys)
	}
	if s.processingTime() {
		if err := s.fire(s.ctx.Env.Now, b, out); err != nil {
			return err
		}
	}
	s.rows = operator.Rows(b, s.rows)
	wm := s.watermark
	if err := s.add(b, s.rows, out); err != nil {
		return err
	}
	if err := s.flush(out); err != nil {
		return err
	}
	if s.watermark > wm { // some sessions ended in between
		if err := s.sendOn(out); err != nil {
			return err
		}
	}
	return s.tidy()
}

// add puts rows into sessions and folds them in.
func (s *merging) add(b *data.Batch, rows []int32, out operator.Output) error {
	if cap(s.recs) < len(rows) {
		s.recs = make([]unsafe.Pointer, max(len(rows), data.BatchSize))
	}
	recs := s.recs[:len(rows)]
	if _, err := s.groups.Table.Resolve(b, s.spec.Keys, rows, recs); err != nil {
		return err
	}
	times, marks, gap := b.Cols[s.spec.Window.TimeColumn], b.RowWatermarks, s.spec.Window.Gap
	proc := s.processingTime()
	wm := s.watermark
	if proc {
		wm, marks = data.MinWatermark, nil
	}
	for i, r := range rows {
		t := s.ctx.Env.Now
		if !proc {
			if marks != nil && marks[r] > wm {
				if wm = marks[r]; s.timers.due(wm) {
					if err := s.fire(wm, b, out); err != nil {
						return err
					}
				}
			}
			if times.Nulls != nil && times.IsNull(int(r)) {
				return fmt.Errorf("the time column of a window is NULL in a row; filter such rows out before the window")
			}
			t = times.I64[r]
		}
		if s.clock != nil {
			t = s.clock.local(t)
		}
		rec := recs[i]
		from, to := word(rec, s.start), word(rec, s.end)
		if *word(rec, s.next) == 0 && *from != *to && t+gap >= *from && t <= *to {
			*from, *to = min(*from, t), max(*to, t+gap)
		} else {
			var err error
			if rec, err = s.place(rec, t, wm, b); err != nil {
				return err
			}
			if rec == nil {
				s.ctx.Metrics.LateDropped.Add(1)
				continue
			}
		}
		s.todo, s.into = append(s.todo, r), append(s.into, rec)
	}
	return s.fold(b)
}

// fold applies the rows that were put into sessions.
func (s *merging) fold(b *data.Batch) error {
	if len(s.todo) == 0 {
		return nil
	}
	err := s.set.Update(s.groups, s.into, s.todo, b)
	s.todo, s.into = s.todo[:0], s.into[:0]
	return err
}

// place finds the session of a key for a row at wall-clock time t: one that it
// opens, or those that it falls into or touches, which become one. It is nil if
// the watermark has passed the end of the session that the row would be in.
func (s *merging) place(rec unsafe.Pointer, t, wm int64, b *data.Batch) (unsafe.Pointer, error) {
	start, end := t, t+s.spec.Window.Gap
	touches := func(x unsafe.Pointer) bool {
		return s.isOpen(x) && *word(x, s.start) <= t+s.spec.Window.Gap && *word(x, s.end) >= t
	}
	var target unsafe.Pointer
	several := false
	for x := rec; x != nil; x = s.chained(x) {
		if touches(x) {
			start, end = min(start, *word(x, s.start)), max(end, *word(x, s.end))
			if target == nil {
				target = x
			} else {
				several = true
			}
		}
	}
	if s.clock.instant(end)-1 <= wm {
		if !s.isOpen(rec) {
			s.empty = append(s.empty, rec)
		}
		return nil, nil
	}
	if target == nil {
		var err error
		if target = rec; s.isOpen(rec) {
			if target, err = s.another(rec); err != nil {
				return nil, err
			}
		}
		s.open++
		s.timers.push(s.clock.instant(end)-1, target)
	}
	if s.isPair(target) {
		if err := s.others.Touch(target); err != nil {
			return nil, err
		}
	}
	if several {
		if err := s.fold(b); err != nil {
			return nil, err
		}
		for x := s.chained(target); x != nil; x = s.chained(x) {
			if touches(x) {
				if err := s.join(target, x); err != nil {
					return nil, err
				}
				s.open--
			}
		}
	}
	*word(target, s.start), *word(target, s.end) = start, end
	return target, nil
}

// another makes a pair of a key and chains it.
func (s *merging) another(rec unsafe.Pointer) (unsafe.Pointer, error) {
	s.number++
	return s.pair(rec, s.number)
}

func (s *merging) pair(rec unsafe.Pointer, number int64) (unsafe.Pointer, error) {
	s.one.I64[0] = number
	var owner, found [1]unsafe.Pointer
	owner[0] = rec
	if _, err := s.others.ResolvePairs(owner[:], s.one, []int32{0}, found[:]); err != nil {
		return nil, err
	}
	x := found[0]
	*word(x, s.pairs) = -1
	s.chain(rec, x)
	*word(rec, s.pairs)++
	return x, nil
}

func (s *merging) chain(rec, x unsafe.Pointer) {
	*word(x, s.next) = *word(rec, s.next)
	*word(rec, s.next) = int64(uintptr(x))
}

// join takes the rows of pair x into rec. The pair is deleted when its timer
// goes off.
func (s *merging) join(rec, x unsafe.Pointer) error {
	if err := s.others.Touch(x); err != nil {
		return err
	}
	if err := s.groups.MergeRecords([]unsafe.Pointer{rec}, s.groups, []unsafe.Pointer{x}); err != nil {
		return err
	}
	s.groups.Reset(x)
	*word(x, s.start), *word(x, s.end) = 0, 0
	return nil
}

// fire ends every session that ends by time t (an instant).
func (s *merging) fire(t int64, b *data.Batch, out operator.Output) error {
	if t > s.watermark && !s.processingTime() {
		s.watermark = t
	}
	for {
		ended := s.ended[:0]
		for len(ended) < data.BatchSize {
			e, ok := s.timers.pop(t)
			if !ok {
				break
			}
			switch {
			case !s.isOpen(e.rec):
				if err := s.remove(e.rec); err != nil {
					return err
				}
			case s.fireAt(e.rec) > e.at:
				s.timers.push(s.fireAt(e.rec), e.rec)
			default:
				ended = append(ended, e.rec)
			}
		}
		s.ended = ended
		if len(ended) == 0 {
			return nil
		}
		if b != nil {
			if err := s.fold(b); err != nil {
				return err
			}
		}
		if err := s.give(ended, out); err != nil {
			return err
		}
		if err := s.shut(ended); err != nil {
			return err
		}
	}
}

// remove deletes a pair whose timer has gone off. Its key goes with the last one
// if nothing else is open in it.
func (s *merging) remove(x unsafe.Pointer) error {
	if !s.isPair(x) {
		return nil
	}
	rec := s.others.Owner(x)
	if err := s.groups.Table.Touch(rec); err != nil {
		return err
	}
	for at := rec; ; at = s.chained(at) {
		if s.chained(at) == x {
			*word(at, s.next) = *word(x, s.next)
			break
		}
	}
	if *word(rec, s.pairs)--; *word(rec, s.pairs) == 0 && !s.isOpen(rec) {
		s.empty = append(s.empty, rec)
	}
	return s.others.Delete(x)
}

// shut makes records of sessions that have ended ready for others: a key gets
// the next of its sessions.
func (s *merging) shut(ended []unsafe.Pointer) error {
	s.open -= int64(len(ended))
	for _, x := range ended {
		if !s.isPair(x) {
			continue
		}
		if err := s.others.Touch(x); err != nil {
			return err
		}
		s.groups.Reset(x)
		if err := s.remove(x); err != nil {
			return err
		}
	}
	for _, rec := range ended {
		if !state.Alive(rec) || s.isPair(rec) {
			continue
		}
		if err := s.groups.Table.Touch(rec); err != nil {
			return err
		}
		s.groups.Reset(rec)
		*word(rec, s.start), *word(rec, s.end) = 0, 0
		for x := s.chained(rec); x != nil; x = s.chained(x) {
			if s.isOpen(x) {
				start, end := *word(x, s.start), *word(x, s.end)
				if err := s.join(rec, x); err != nil {
					return err
				}
				*word(rec, s.start), *word(rec, s.end) = start, end
				s.timers.push(s.fireAt(rec), rec)
				break
			}
		}
		if !s.isOpen(rec) && *word(rec, s.pairs) == 0 {
			s.empty = append(s.empty, rec)
		}
	}
	return nil
}

// give writes the rows of sessions.
func (s *merging) give(recs []unsafe.Pointer, out operator.Output) error {
	kept := recs
	for i, rec := range recs {
		if accumulator.Rows(rec) <= 0 { // every row was taken back
			kept = append([]unsafe.Pointer(nil), recs[:i]...)
			for _, rec := range recs[i:] {
				if accumulator.Rows(rec) > 0 {
					kept = append(kept, rec)
				}
			}
			break
		}
	}
	for len(kept) > 0 {
		if s.o == nil {
			s.o, s.n = data.MakeBatch(s.types, data.BatchSize), 0
		}
		part := kept[:min(len(kept), data.BatchSize-s.n)]
		kept = kept[len(part):]
		keys := s.o.Cols[:len(s.spec.Keys)]
		for i, rec := range part {
			if s.isPair(rec) {
				rec = s.others.Owner(rec)
			}
			s.key = s.groups.Table.Key(s.key[:0], rec)
			if _, err := data.DecodeRow(s.key, keys, s.n+i); err != nil {
				return fmt.Errorf("window key: %w", err)
			}
		}
		at := len(keys)
		if err := s.set.Results(s.groups, part, s.o.Cols[at:at+len(s.spec.Aggs)], s.n, 1); err != nil {
			return err
		}
		at += len(s.spec.Aggs)
		for p, w := range s.spec.Properties {
			v := s.o.Cols[at+p]
			for i, rec := range part {
				v.I64[s.n+i] = property(v.Type, w, *word(rec, s.start), *word(rec, s.end), s.clock)
			}
		}
		if s.n += len(part); s.n == data.BatchSize {
			if err := s.flush(out); err != nil {
				return err
			}
		}
	}
	return nil
}

// flush gives on what give wrote.
func (s *merging) flush(out operator.Output) error {
	if s.o == nil {
		return nil
	}
	o := s.o
	s.o = nil
	for _, c := range o.Cols {
		c.Resize(s.n)
	}
	o.N = s.n
	return out.Emit(o)
}

func (s *merging) sendOn(out operator.Output) error {
	if s.watermark <= s.sent {
		return nil
	}
	s.sent = s.watermark
	return out.Watermark(s.watermark)
}

func (s *merging) Watermark(wm int64, out operator.Output) error {
	if wm > s.watermark {
		s.watermark = wm
		if !s.processingTime() {
			if err := s.fire(wm, nil, out); err != nil {
				return err
			}
			if err := s.flush(out); err != nil {
				return err
			}
			if err := s.tidy(); err != nil {
				return err
			}
		}
	}
	return s.sendOn(out)
}

// Tick fires sessions of processing time.
func (s *merging) Tick(now int64, out operator.Output) error {
	if !s.processingTime() {
		return nil
	}
	if err := s.fire(now, nil, out); err != nil {
		return err
	}
	if err := s.flush(out); err != nil {
		return err
	}
	return s.tidy()
}

// tidy deletes keys without sessions, gives back memory of what was deleted once
// that is worth it, and asks to be woken.
func (s *merging) tidy() error {
	for _, rec := range s.empty {
		if state.Alive(rec) && !s.isOpen(rec) && *word(rec, s.pairs) == 0 {
			if err := s.groups.Table.Delete(rec); err != nil {
				return err
			}
		}
	}
	s.empty = s.empty[:0]
	if s.groups.Table.NeedsCompaction() || s.others.NeedsCompaction() {
		if err := s.compact(); err != nil {
			return err
		}
	}
	s.ctx.Metrics.StateKeys.Store(s.open)
	s.ctx.Metrics.StateBytes.Store(s.groups.Bytes() + s.others.Bytes())
	if s.processingTime() {
		if at, ok := s.timers.earliest(); ok {
			s.ctx.WakeAt(at)
		}
	}
	return nil
}

// compact moves all records, and sets the timers anew.
func (s *merging) compact() error {
	if err := s.groups.Table.Compact(func(_, to unsafe.Pointer) {
		for x := s.chained(to); x != nil; x = s.chained(x) {
			s.others.SetOwner(x, to)
		}
	}); err != nil {
		return err
	}
	s.groups.Table.Each(func(_ uint64, rec unsafe.Pointer) bool {
		*word(rec, s.next) = 0
		return true
	})
	if err := s.others.Compact(func(_, to unsafe.Pointer) { s.chain(s.others.Owner(to), to) }); err != nil {
		return err
	}
	s.timers.reset()
	again := func(_ uint64, rec unsafe.Pointer) bool {
		if s.isOpen(rec) {
			s.timers.push(s.fireAt(rec), rec)
		} else if s.isPair(rec) {
			s.timers.push(max(s.watermark, longAgo), rec)
		}
		return true
	}
	s.groups.Table.Each(again)
	s.others.Each(again)
	return nil
}
