package state

import (
	"fmt"
	"unsafe"
)

// arena gives out pieces of memory that never move. An address is the number of
// a segment, from 1, and the offset in it in units of 8 bytes; 40 bits in all,
// and never 0.
//
// Segments that are over the budget are written to its file. Those of a movable
// arena are then no longer in memory; others are mapped where they were, so that
// pointers into them stay good.
type arena struct {
	segments []segment        // the first stands for no segment
	bases    []unsafe.Pointer // where segments begin, nil if not in memory
	byBase   map[uintptr]int  // those off the heap, which begin at multiples of their size
	budget   *Budget
	movable  bool
	dirty    bool // what is given out need not be zeroed

	total   int64 // bytes of all segments
	memory  int64 // bytes in memory of segments that can be spilled
	spilled int64
	hand    int // before it no segment can be spilled
	grown   int // size of the last segment made

	// Of movable arenas: bytes of segments outside, and of records that count there.
	outside, living int64
}

type segment struct {
	mem   []byte // nil: freed, or in the file and not mapped
	used  int
	place place
	hot   bool   // looked at since the hand came by
	epoch uint32 // the last in which a record of it was changed
	stamp int64  // no record of it was written later, when it went to the file or was swept

	size int   // of a segment in the file
	at   int64 // where it is there
	live int   // bytes of records that were not moved or deleted since it went there
}

// place is where a segment is.
type place uint8

const (
	freed   place = iota
	onHeap        // small, on the Go heap
	inRoom        // in memory off the heap
	mapped        // in the file, mapped over the memory it had
	outside       // in the file only
)

const (
	offsetBits  = 18 // of an address: a big segment in units of 8 bytes
	offsetMask  = 1<<offsetBits - 1
	addressBits = 40
	addressMask = 1<<addressBits - 1
	maxSegments = 1 << (addressBits - offsetBits)
)

// alloc returns n bytes, zeroed if they must be, n a multiple of 8 and at most bigSegment.
func (a *arena) alloc(n int) (uint64, unsafe.Pointer, error) {
	k := len(a.segments) - 1
	if k < 0 || len(a.segments[k].mem)-a.segments[k].used < n {
		if err := a.grow(n); err != nil {
			return 0, nil, err
		}
		k = len(a.segments) - 1
	}
	s := &a.segments[k]
	off := s.used
	s.used += n
	return uint64(k)<<offsetBits | uint64(off)>>3, unsafe.Add(a.bases[k], off), nil
}

func (a *arena) grow(n int) error {
	if n > bigSegment {
		return fmt.Errorf("a state entry of %d bytes is over the limit of %d bytes", n, bigSegment)
	}
	if len(a.segments) == maxSegments {
		return fmt.Errorf("state table is full at %d segments of %d bytes", maxSegments, bigSegment)
	}
	if len(a.segments) == 0 {
		a.segments, a.bases = append(a.segments, segment{}), append(a.bases, nil)
		a.hand = 1
	}
	size := min(max(2*a.grown, firstSegment), a.budget.segmentSize())
	for size < n {
		size *= 2
	}
	if size < mappedSegment {
		if err := a.budget.Take(int64(size)); err != nil {
			return err
		}
		words := make([]uint64, size/8)
		a.add(segment{mem: unsafe.Slice((*byte)(unsafe.Pointer(&words[0])), size), size: size, place: onHeap})
		return nil
	}
	if err := a.claim(int64(size)); err != nil {
		return err
	}
	m, err := takeSegment(size, a.dirty)
	if err != nil {
		a.release(int64(size))
		return err
	}
	a.add(segment{mem: m, size: size, place: inRoom})
	return nil
}

func (a *arena) add(s segment) {
	a.grown = s.size
	if s.place == inRoom {
		if a.byBase == nil {
			a.byBase = map[uintptr]int{}
		}
		a.byBase[uintptr(unsafe.Pointer(&s.mem[0]))] = len(a.segments)
	}
	a.total += int64(s.size)
	a.segments = append(a.segments, s)
	a.bases = append(a.bases, unsafe.Pointer(&s.mem[0]))
}

// claim accounts memory that can be spilled later, spilling for it if need be.
func (a *arena) claim(n int64) error {
	b := a.budget
	if b != nil && b.limit > 0 {
		if b.folder == "" {
			if used := b.used.Load() + n; used > b.limit {
				return b.refuse(used - b.limit)
			}
		} else if !a.movable {
			if err := a.makeRoom(n); err != nil {
				return err
			}
		}
		// Others who are over their share are still to spill, and movable arenas do so
		// between batches: allow for that.
		most := b.limit + b.limit/4 + int64(4*b.segmentSize())
		if a.movable {
			most = 2*b.limit + int64(16*b.segmentSize())
		}
		if used := b.used.Load() + n; b.folder != "" && used > most {
			return b.refuse(used - b.limit)
		}
	}
	if b != nil {
		b.used.Add(n)
		if a.memory == 0 {
			b.arenas.Add(1)
		}
	}
	a.memory += n
	return nil
}

func (a *arena) release(n int64) {
	a.memory -= n
	if b := a.budget; b != nil {
		b.used.Add(-n)
		if a.memory == 0 {
			b.arenas.Add(-1)
		}
	}
}

// makeRoom spills segments until n bytes more are within the budget, or within
// reach of it and this arena has no more than its share.
func (a *arena) makeRoom(n int64) error {
	b := a.budget
	for rounds := 0; b.used.Load()+n > b.limit; {
		if a.memory+n <= b.share() && b.used.Load()+n <= b.limit+b.limit/8 {
			return nil
		}
		k := a.victim(&rounds)
		if k == 0 {
			return nil
		}
		if err := a.mapOut(k); err != nil {
			return err
		}
	}
	return nil
}

// victim is the next segment to spill, 0 if there is none. The last segment
// stays, and one that was looked at since gets a second chance.
func (a *arena) victim(rounds *int) int {
	for ; *rounds < 2; *rounds++ {
		for k := a.hand; k < len(a.segments)-1; k++ {
			s := &a.segments[k]
			if s.place != inRoom {
				if k == a.hand {
					a.hand++
				}
				continue
			}
			if s.hot && *rounds == 0 {
				s.hot = false
				continue
			}
			return k
		}
	}
	return 0
}

// mapOut writes a segment to the file and maps that in its place.
func (a *arena) mapOut(k int) error {
	f, err := a.budget.file()
	if err != nil {
		return err
	}
	s := &a.segments[k]
	at, err := f.write(s.mem)
	if err != nil {
		return err
	}
	if err := f.mapOver(s.mem, at); err != nil {
		f.drop(at, s.size)
		return err
	}
	s.place, s.at = mapped, at
	a.release(int64(s.size))
	a.spilled += int64(s.size)
	a.budget.tend()
	return nil
}

// tend is called before a batch: it spills if others need the room.
func (a *arena) tend() error {
	if a.spilled > 0 && !a.movable {
		a.budget.tend()
	}
	if !a.budget.over() || a.movable {
		return nil
	}
	return a.makeRoom(0)
}

// at returns the memory at an address.
func (a *arena) at(addr uint64) unsafe.Pointer {
	return unsafe.Add(a.bases[addr>>offsetBits], addr&offsetMask<<3)
}

// addressOf is the address of a pointer into the arena, 0 if it is none.
func (a *arena) addressOf(p unsafe.Pointer) uint64 {
	for size := a.budget.segmentSize(); size >= mappedSegment; size /= 2 {
		base := uintptr(p) &^ uintptr(size-1)
		if k, ok := a.byBase[base]; ok && uintptr(p)-base < uintptr(a.segments[k].size) {
			return uint64(k)<<offsetBits | uint64(uintptr(p)-base)>>3
		}
	}
	for k := 1; k < len(a.bases); k++ {
		if a.bases[k] == nil {
			continue
		}
		if d := uintptr(p) - uintptr(a.bases[k]); d < uintptr(a.segments[k].size) {
			return uint64(k)<<offsetBits | uint64(d)>>3
		}
	}
	return 0
}

// end is the address after the last piece given out.
func (a *arena) end() uint64 {
	k := len(a.segments) - 1
	if k < 0 {
		return 0
	}
	return uint64(k)<<offsetBits + uint64(a.segments[k].used)>>3
}

// bytes is what is held, in memory and in the file.
func (a *arena) bytes() int64 { return a.total }

// freeSegment gives a segment back; its place stays taken.
func (a *arena) freeSegment(k int) {
	s := &a.segments[k]
	a.total -= int64(s.size)
	switch s.place {
	case onHeap:
		a.budget.Give(int64(s.size))
	case inRoom:
		giveSegment(s.mem)
		a.release(int64(s.size))
	case mapped, outside:
		if f, err := a.budget.file(); err == nil {
			if s.place == mapped {
				f.unmap(s.mem)
				if s.size == bigSegment {
					giveBare(s.mem)
				} else {
					giveSegment(s.mem)
				}
			}
			f.drop(s.at, s.size)
		}
		a.spilled -= int64(s.size)
		if s.place == outside {
			a.outside -= int64(s.used)
			a.living -= int64(s.live)
		}
	}
	delete(a.byBase, uintptr(a.bases[k]))
	*s, a.bases[k] = segment{}, nil
}

// free gives everything back; the arena is empty then.
func (a *arena) free() {
	for k := range a.segments {
		a.freeSegment(k)
	}
	a.segments, a.bases, a.byBase, a.hand, a.grown = nil, nil, nil, 0, 0
}
