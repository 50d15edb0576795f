package window

import (
	"math"
	"unsafe"

	"github.com/weir-streams/weir/engine/state"
)

// The sessions of a key are spans, blocks chained from the key's record by start.
// They neither overlap nor touch. Rows refer to their span, which has a list of
// them: by the order in which they came or, where a session was joined to another
// before it, came to be in it.

// span is one session.
type span struct {
	at         uint64 // its own address
	next       uint64
	key        uintptr
	start, end int64 // wall clock
	fireAt     int64 // instant
	rows       state.Sorted
}

// merged is when a span fires that is part of another now. Its block is given
// back when its entry in the queue comes up.
const merged = math.MinInt64

// A row's head.
const (
	rowSpan  = 0
	rowTime  = 8  // wall clock, of the row
	rowOrder = 16 // in its session
	rowOp    = 24
	rowHead  = 32
)

func word8(rec unsafe.Pointer, off int) *int64 { return (*int64)(unsafe.Add(rec, off)) }

// firstOf is the address of a key's first span, 0 if it has none.
func firstOf(key unsafe.Pointer) *uint64 { return (*uint64)(state.Value(key)) }

func spanOf(rec unsafe.Pointer) *span { return *(**span)(unsafe.Add(rec, rowSpan)) }

// setSpan writes a reference as a number: the collector neither follows nor minds it.
func setSpan(rec unsafe.Pointer, w *span) {
	*(*uintptr)(unsafe.Add(rec, rowSpan)) = uintptr(unsafe.Pointer(w))
}

func (w *span) keyRec() unsafe.Pointer { return *(*unsafe.Pointer)(unsafe.Pointer(&w.key)) }

func (w *span) setKey(key unsafe.Pointer) { w.key = uintptr(key) }

func (s *session) span(at uint64) *span { return (*span)(s.spans.At(at)) }

// add puts a row into the session of its key that it falls into or touches,
// joining the sessions that it connects. A row is late if the watermark has
// passed the end of the session it would be in; placed is false then.
func (s *session) add(key unsafe.Pointer, start, end, wm int64, addr uint64, rec unsafe.Pointer) (placed bool, err error) {
	// Those that end before it starts come first; those that start after it ends, last.
	before := firstOf(key)
	for *before != 0 && s.span(*before).end < start {
		before = &s.span(*before).next
	}
	for at := *before; at != 0 && s.span(at).start <= end; at = s.span(at).next {
		start, end = min(start, s.span(at).start), max(end, s.span(at).end)
	}
	fireAt := s.clock.instant(end) - 1
	if fireAt <= wm {
		return false, nil
	}
	var w *span
	if at := *before; at != 0 && s.span(at).start <= end {
		w = s.span(at)
		for at := w.next; at != 0 && s.span(at).start <= end; at = w.next {
			if err := s.join(w, s.span(at)); err != nil {
				return false, err
			}
		}
		w.start, w.end, w.fireAt = start, end, fireAt // its entry in the queue is put back when it comes up
	} else {
		at, mem, err := s.spans.Alloc(int(unsafe.Sizeof(span{})))
		if err != nil {
			return false, err
		}
		w = (*span)(mem)
		*w = span{at: at, next: *before, start: start, end: end, fireAt: fireAt}
		w.setKey(key)
		*before = at
		s.count++
		if err := s.queue.Add(fireAt, mem); err != nil {
			return false, err
		}
	}
	setSpan(rec, w)
	if !s.restoring {
		s.order++
		*word8(rec, rowOrder) = s.order
	}
	return true, s.lists.Insert(&w.rows, state.Entry{At: *word8(rec, rowOrder), Ref: addr})
}

// join brings the rows of the session after w into it, behind its own.
func (s *session) join(w, next *span) error {
	for entries, place := s.lists.From(&next.rows, state.Place{}); entries != nil; entries, place = s.lists.From(&next.rows, place) {
		for _, e := range entries {
			rec := s.kept.At(e.Ref)
			if !s.restoring { // then the order is known
				if err := s.kept.Touch(e.Ref); err != nil {
					return err
				}
				s.order++
				*word8(rec, rowOrder) = s.order
			}
			setSpan(rec, w)
			if err := s.lists.Insert(&w.rows, state.Entry{At: *word8(rec, rowOrder), Ref: e.Ref}); err != nil {
				return err
			}
		}
	}
	s.lists.DropFirst(&next.rows, next.rows.Len())
	w.next = next.next
	next.fireAt = merged
	s.count--
	return nil
}

// forget drops a session that has ended; its entry in the queue has come up.
func (s *session) forget(w *span) error {
	for entries, next := s.lists.From(&w.rows, state.Place{}); entries != nil; entries, next = s.lists.From(&w.rows, next) {
		for _, e := range entries {
			if err := s.kept.Drop(e.Ref); err != nil {
				return err
			}
		}
	}
	s.lists.DropFirst(&w.rows, w.rows.Len())
	key := w.keyRec()
	at := firstOf(key)
	for *at != w.at {
		at = &s.span(*at).next
	}
	if *at = w.next; *firstOf(key) == 0 {
		s.empty = append(s.empty, key)
	}
	s.spans.Drop(w.at)
	s.count--
	return nil
}
