package state

import (
	"fmt"
	"sync"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Segments are the memory of tables: small tables begin with little memory on
// the Go heap (without pointers, so the collector does not look into it);
// growing ones take 2 MiB segments off the heap, huge pages where the system
// has them. Freed segments are kept for the next table: touching fresh memory
// costs more than anything done with it.

const (
	firstSegment = 4 << 10
	bigSegment   = 2 << 20
	keptSegments = 128
)

type segment struct {
	mem  []byte
	used int
	big  bool
	// epoch is the last in which a record of it was changed.
	epoch uint32
}

var freeSegments struct {
	sync.Mutex
	list [][]byte
}

func takeBig() ([]byte, error) {
	freeSegments.Lock()
	if n := len(freeSegments.list); n > 0 {
		m := freeSegments.list[n-1]
		freeSegments.list = freeSegments.list[:n-1]
		freeSegments.Unlock()
		clear(m)
		return m, nil
	}
	freeSegments.Unlock()
	// Twice the size, so that an aligned segment lies within; the rest is given back.
	m, err := unix.Mmap(-1, 0, 2*bigSegment, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_ANON|unix.MAP_PRIVATE)
	if err != nil {
		return nil, fmt.Errorf("memory for state: %w", err)
	}
	head := int(-uintptr(unsafe.Pointer(&m[0])) & (bigSegment - 1))
	seg := m[head : head+bigSegment : head+bigSegment]
	// Advice only: without huge pages the table is slower, not wrong.
	_ = unix.Madvise(seg, unix.MADV_HUGEPAGE)
	return seg, nil
}

func giveBig(m []byte) {
	freeSegments.Lock()
	defer freeSegments.Unlock()
	if len(freeSegments.list) < keptSegments {
		freeSegments.list = append(freeSegments.list, m)
		return
	}
	// The mapping stays reserved (it is part of a larger one) but its memory goes
	// back to the system.
	_ = unix.Madvise(m, unix.MADV_DONTNEED)
	released.Lock()
	released.list = append(released.list, m)
	released.Unlock()
}

// released holds address ranges without memory, to be used before new mappings.
var released struct {
	sync.Mutex
	list [][]byte
}

// arena gives out pieces of memory that never move. An address is the number of
// a segment, from 1, and the offset in it in units of 8 bytes; 40 bits in all,
// and never 0.
type arena struct {
	segments []segment        // the first stands for no segment
	bases    []unsafe.Pointer // where segments begin, nil if not in memory
	budget   *Budget
}

const (
	offsetBits  = 18 // of an address: a big segment in units of 8 bytes
	offsetMask  = 1<<offsetBits - 1
	addressBits = 40
	addressMask = 1<<addressBits - 1
	maxSegments = 1 << (addressBits - offsetBits)
)

// alloc returns n zeroed bytes, n a multiple of 8 and at most bigSegment.
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
	}
	size := firstSegment
	if k := len(a.segments); k > 1 {
		size = min(2*len(a.segments[k-1].mem), bigSegment)
	}
	for size < n {
		size *= 2
	}
	if err := a.budget.Take(int64(size)); err != nil {
		return err
	}
	if size < bigSegment {
		words := make([]uint64, size/8)
		a.add(segment{mem: unsafe.Slice((*byte)(unsafe.Pointer(&words[0])), size)})
		return nil
	}
	m, err := takeReleased()
	if m == nil && err == nil {
		m, err = takeBig()
	}
	if err != nil {
		a.budget.Give(int64(size))
		return err
	}
	a.add(segment{mem: m, big: true})
	return nil
}

func (a *arena) add(s segment) {
	a.segments = append(a.segments, s)
	a.bases = append(a.bases, unsafe.Pointer(&s.mem[0]))
}

func takeReleased() ([]byte, error) {
	freeSegments.Lock()
	spare := len(freeSegments.list)
	freeSegments.Unlock()
	if spare > 0 {
		return nil, nil
	}
	released.Lock()
	defer released.Unlock()
	if n := len(released.list); n > 0 {
		m := released.list[n-1]
		released.list = released.list[:n-1]
		return m, nil
	}
	return nil, nil
}

// at returns the memory at an address.
func (a *arena) at(addr uint64) unsafe.Pointer {
	return unsafe.Add(a.bases[addr>>offsetBits], addr&offsetMask<<3)
}

// addressOf is the address of a pointer into the arena, 0 if it is none.
func (a *arena) addressOf(p unsafe.Pointer) uint64 {
	for k := len(a.bases) - 1; k > 0; k-- {
		if d := uintptr(p) - uintptr(a.bases[k]); d < uintptr(len(a.segments[k].mem)) {
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

// bytes is the memory held.
func (a *arena) bytes() int64 {
	var n int64
	for i := range a.segments {
		n += int64(len(a.segments[i].mem))
	}
	return n
}

// free gives everything back; the arena is empty then.
func (a *arena) free() {
	for i := range a.segments {
		a.budget.Give(int64(len(a.segments[i].mem)))
		if a.segments[i].big {
			giveBig(a.segments[i].mem)
		}
	}
	a.segments, a.bases = nil, nil
}

// takeIndex returns n zeroed slots, n a power of two. Large indexes lie off the
// heap: they come with huge pages, and their memory goes back when they are
// outgrown, not when the collector finds out.
func takeIndex(n int) ([]uint64, error) {
	if 8*n < bigSegment {
		return make([]uint64, n), nil
	}
	m, err := unix.Mmap(-1, 0, 8*n, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_ANON|unix.MAP_PRIVATE)
	if err != nil {
		return nil, fmt.Errorf("memory for an index of state: %w", err)
	}
	_ = unix.Madvise(m, unix.MADV_HUGEPAGE)
	return unsafe.Slice((*uint64)(unsafe.Pointer(&m[0])), n), nil
}

func giveIndex(index []uint64) {
	if 8*len(index) < bigSegment {
		return
	}
	m := unsafe.Slice((*byte)(unsafe.Pointer(&index[0])), 8*len(index))
	if err := unix.Munmap(m); err != nil {
		// The slice is not one that takeIndex gave: memory is about to be corrupted.
		panic(fmt.Sprintf("giving back an index of state: %v", err))
	}
}
