package state

import (
	"unsafe"
)

// Records of a movable table that are over the budget lie in the file alone. One
// that is resolved comes back to the end of the log, so those in use gather in
// memory. The oldest segment in memory is the next to go; what was resolved more
// than once since it came is copied to the end instead. A segment in the file of
// which little is left is read and what is left is copied.

// Movable says that nobody keeps pointers into the table from one batch to the
// next. It must be called before the table is used.
func (t *Table) Movable() { t.log.movable = true }

// now is the epoch word of a record that needs nothing done before it is changed.
func (t *Table) now() uint32 {
	if t.log.movable {
		return t.epoch | hotFlag
	}
	return t.epoch
}

// cold is room for records that were read from the file.
type cold struct {
	one     []uint64 // the last one
	segment []uint64
	kept    [][]uint64 // those of a batch
	used    int        // words of kept
}

const keptChunk = 8 << 10 // words

func (c *cold) drop() { *c = cold{} }

// keep copies a record to where it stays until used is set back.
func (c *cold) keep(rec unsafe.Pointer, size int) unsafe.Pointer {
	words := size / 8
	var to []uint64
	if words > keptChunk {
		to = make([]uint64, words)
	} else {
		if c.used%keptChunk+words > keptChunk {
			c.used = (c.used/keptChunk + 1) * keptChunk
		}
		if c.used/keptChunk == len(c.kept) {
			c.kept = append(c.kept, make([]uint64, keptChunk))
		}
		to = c.kept[c.used/keptChunk][c.used%keptChunk:][:words]
		c.used += words
	}
	copy(to, unsafe.Slice((*uint64)(rec), words))
	return unsafe.Pointer(&to[0])
}

// guess is how many bytes are read of a record whose size is not known.
const guess = 512

// record returns the record at an address; one from the file is valid until the
// next call.
func (t *Table) record(addr uint64) (unsafe.Pointer, error) {
	k := addr >> offsetBits
	if t.log.bases[k] != nil {
		return t.log.at(addr), nil
	}
	s := &t.log.segments[k]
	off := int(addr & offsetMask << 3)
	n := t.fixed
	if n == 0 {
		n = min(max(guess, t.keyAt+8), s.used-off)
	}
	f, err := t.log.budget.file()
	if err != nil {
		return nil, err
	}
	for {
		if 8*len(t.cold.one) < n {
			t.cold.one = make([]uint64, n/8)
		}
		rec := unsafe.Pointer(&t.cold.one[0])
		if err := f.read(unsafe.Slice((*byte)(rec), n), s.at+int64(off)); err != nil {
			return nil, err
		}
		if size := t.sizeOf(rec); size > n {
			n = size
			continue
		}
		return rec, nil
	}
}

// load reads a segment from the file.
func (t *Table) load(buffer []uint64, k int) ([]uint64, error) {
	s := &t.log.segments[k]
	if 8*cap(buffer) < s.used {
		buffer = make([]uint64, s.size/8)
	}
	buffer = buffer[:s.used/8]
	f, err := t.log.budget.file()
	if err != nil {
		return nil, err
	}
	return buffer, f.read(unsafe.Slice((*byte)(unsafe.Pointer(&buffer[0])), s.used), s.at)
}

// counts tells whether a record of a segment is the one of its key: in the file
// those that came back or were deleted are not marked.
func (t *Table) counts(k int, addr uint64, rec unsafe.Pointer) bool {
	if t.log.segments[k].place != outside {
		return true
	}
	id := t.identOf(rec)
	_, there := t.spotOf(id.hash, addr)
	return there
}

// bring copies a record, which was read from the file, to the end of the log to
// be changed there.
func (t *Table) bring(at spot, rec unsafe.Pointer) (unsafe.Pointer, error) {
	from := at.address()
	if err := t.remember(from, rec); err != nil {
		return nil, err
	}
	e := (*uint32)(unsafe.Add(rec, recEpoch))
	*e = *e&keyedFlag | t.epoch
	to, err := t.move(at, rec)
	if err == nil {
		t.leave(&t.log.segments[from>>offsetBits], t.sizeOf(to))
	}
	return to, err
}

// move copies a record to the end of the log, where its slot then points.
func (t *Table) move(at spot, rec unsafe.Pointer) (unsafe.Pointer, error) {
	size := t.sizeOf(rec)
	addr, to, err := t.log.alloc(size)
	if err != nil {
		return nil, err
	}
	copy(unsafe.Slice((*uint64)(to), size/8), unsafe.Slice((*uint64)(rec), size/8))
	seg := &t.log.segments[addr>>offsetBits]
	seg.epoch = max(seg.epoch, epochOf(to))
	at.point(addr)
	return to, nil
}

// leave counts a record out of a segment in the file.
func (t *Table) leave(s *segment, size int) {
	s.live -= size
	t.log.living -= int64(size)
}

// tend is called before n keys are resolved: the only time at which records move.
func (t *Table) tend(n int) error {
	if t.millis > 0 {
		if err := t.sweepSome(); err != nil {
			return err
		}
	}
	if !t.log.movable {
		return t.log.tend()
	}
	if t.dead > 1<<20 && 2*t.dead > t.log.memory {
		if k := t.log.oldest(); k != 0 {
			if err := t.clear(k); err != nil {
				return err
			}
		}
	}
	b := t.log.budget
	if b == nil || b.folder == "" {
		return nil
	}
	room := max(int64(n*t.recordSize(16)), int64(b.segmentSize()))
	for tries := len(t.log.segments); tries > 0 && b.used.Load()+room > b.limit; tries-- {
		if t.log.memory <= b.share() && b.used.Load()+room <= b.limit+b.limit/8 {
			break
		}
		k := t.log.oldest()
		if k == 0 {
			break
		}
		if err := t.evict(k); err != nil {
			return err
		}
	}
	if t.log.outside > 2*t.log.living+int64(2*b.segmentSize()) {
		return t.gather()
	}
	return nil
}

// oldest is the first segment in memory that may go, 0 if there is none.
func (a *arena) oldest() int {
	for ; a.hand < len(a.segments)-1; a.hand++ {
		if a.segments[a.hand].place == inRoom {
			return a.hand
		}
	}
	return 0
}

// evict moves a segment to the file, but for the records in use.
func (t *Table) evict(k int) error {
	left := 0
	t.touchHot(k, 0)
	err := t.eachIn(k, func(addr uint64, rec unsafe.Pointer) error {
		if off := int(addr & offsetMask << 3); off >= t.touched {
			t.touchHot(k, off)
		}
		e := (*uint32)(unsafe.Add(rec, recEpoch))
		if *e&hotFlag == 0 {
			left += t.sizeOf(rec)
			return nil
		}
		*e &^= hotFlag
		return t.toEnd(addr, rec)
	})
	if err != nil {
		return err
	}
	used := t.log.segments[k].used
	if 4*left < used {
		return t.clear(k)
	}
	t.dead -= int64(used - left)
	t.log.segments[k].stamp = t.Now
	return t.log.moveOut(k, left)
}

// touchHot looks at where the index has the records in use of a part of a segment
// that begins at off, so that the misses overlap.
func (t *Table) touchHot(k, off int) {
	const many = 8 << 10
	base, used := t.log.bases[k], t.log.segments[k].used
	var sum uint64
	t.touched = min(off+many, used)
	for ; off < t.touched; off += t.sizeOf(unsafe.Add(base, off)) {
		rec := unsafe.Add(base, off)
		if e := epochOf(rec); e == deadEpoch || *(*uint32)(unsafe.Add(rec, recEpoch))&hotFlag == 0 {
			continue
		}
		id := t.identOf(rec)
		at := t.from(id.hash * t.salt)
		sum += at.x.slots[at.p]
	}
	t.sum = sum // keeps the loads alive
}

// clear frees a segment in memory; its records go to the end of the log.
func (t *Table) clear(k int) error {
	if err := t.eachIn(k, t.toEnd); err != nil {
		return err
	}
	t.dead -= int64(t.log.segments[k].used)
	t.log.freeSegment(k)
	return nil
}

func (t *Table) eachIn(k int, f func(addr uint64, rec unsafe.Pointer) error) error {
	base, used := t.log.bases[k], t.log.segments[k].used
	for off := 0; off < used; {
		rec := unsafe.Add(base, off)
		addr := uint64(k)<<offsetBits | uint64(off)>>3
		off += t.sizeOf(rec)
		if epochOf(rec) == deadEpoch {
			continue
		}
		if err := f(addr, rec); err != nil {
			return err
		}
	}
	return nil
}

func (t *Table) toEnd(addr uint64, rec unsafe.Pointer) error {
	if err := t.remember(addr, rec); err != nil {
		return err
	}
	id := t.identOf(rec)
	at, _ := t.spotOf(id.hash, addr)
	if _, err := t.move(at, rec); err != nil {
		return err
	}
	setEpoch(rec, deadEpoch)
	t.dead += int64(t.sizeOf(rec))
	return nil
}

// moveOut writes a segment to the file and frees its memory.
func (a *arena) moveOut(k, live int) error {
	f, err := a.budget.file()
	if err != nil {
		return err
	}
	s := &a.segments[k]
	at, err := f.write(s.mem)
	if err != nil {
		return err
	}
	giveSegment(s.mem)
	s.mem, s.place, s.at, s.live = nil, outside, at, live
	delete(a.byBase, uintptr(a.bases[k]))
	a.bases[k] = nil
	a.release(int64(s.size))
	a.spilled += int64(s.size)
	a.outside += int64(s.used)
	a.living += int64(live)
	return nil
}

// gather copies what is left of the emptiest segment in the file to the end.
func (t *Table) gather() error {
	worst, most := 0, 0
	for k := range t.log.segments {
		s := &t.log.segments[k]
		if s.place == outside && s.used-s.live > most {
			worst, most = k, s.used-s.live
		}
	}
	if worst == 0 {
		return nil
	}
	s := &t.log.segments[worst]
	if s.live > 0 {
		var err error
		if t.cold.segment, err = t.load(t.cold.segment, worst); err != nil {
			return err
		}
		if err := t.copyLeft(worst, unsafe.Pointer(&t.cold.segment[0])); err != nil {
			return err
		}
	}
	t.log.freeSegment(worst)
	return nil
}

// copyLeft copies the records of a segment, which were read, that count.
func (t *Table) copyLeft(k int, base unsafe.Pointer) error {
	used := t.log.segments[k].used
	var sum uint64
	for from := 0; from < used; {
		const many = 16 << 10
		off := from
		for ; off < used && off < from+many; off += t.sizeOf(unsafe.Add(base, off)) {
			id := t.identOf(unsafe.Add(base, off))
			at := t.from(id.hash * t.salt)
			sum += at.x.slots[at.p] // so that the misses overlap
		}
		for end := off; from < end; {
			rec := unsafe.Add(base, from)
			addr := uint64(k)<<offsetBits | uint64(from)>>3
			from += t.sizeOf(rec)
			id := t.identOf(rec)
			at, there := t.spotOf(id.hash, addr)
			if !there || epochOf(rec) == deadEpoch {
				continue
			}
			if t.Expired(rec) {
				if err := t.expire(rec); err != nil {
					return err
				}
				continue
			}
			if err := t.remember(addr, rec); err != nil {
				return err
			}
			to, err := t.move(at, rec)
			if err != nil {
				return err
			}
			*(*uint32)(unsafe.Add(to, recEpoch)) &^= hotFlag
		}
	}
	t.sum = sum
	return nil
}
