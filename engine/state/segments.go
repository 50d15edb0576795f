package state

import (
	"fmt"
	"sync"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Segments are the memory of arenas. Big ones lie off the Go heap in huge pages
// where the system has them. Freed ones are kept for the next arena: touching
// fresh memory costs more than anything done with it.

const (
	firstSegment  = 4 << 10
	mappedSegment = 64 << 10 // from this size on segments lie off the heap and can be spilled
	bigSegment    = 2 << 20
	keptSegments  = 128
	keptSpilling  = 4  // while memory is short
	reserved      = 64 // big segments whose addresses are taken at once
)

// pool holds big segments that nobody uses: with their memory, and mere addresses.
var pool struct {
	sync.Mutex
	kept, bare [][]byte
	spilling   int // budgets that have spilled
}

// spilling says that one more budget is short of memory, or one less.
func spilling(n int) {
	pool.Lock()
	defer pool.Unlock()
	if pool.spilling += n; pool.spilling > 0 {
		for _, m := range pool.kept {
			_ = unix.Madvise(m, unix.MADV_DONTNEED)
			pool.bare = append(pool.bare, m)
		}
		pool.kept = nil
	}
}

// takeSegment returns zeroed memory off the heap, n a power of two up to bigSegment.
func takeSegment(n int) ([]byte, error) {
	if n < bigSegment {
		return mapAligned(n)
	}
	pool.Lock()
	defer pool.Unlock()
	if k := len(pool.kept); k > 0 {
		m := pool.kept[k-1]
		pool.kept = pool.kept[:k-1]
		clear(m)
		return m, nil
	}
	if len(pool.bare) == 0 {
		all, err := mapAnonymous((reserved + 1) * bigSegment)
		if err != nil {
			return nil, err
		}
		head := int(-uintptr(unsafe.Pointer(&all[0])) & (bigSegment - 1))
		all = all[head:]
		// Advice only: without huge pages the table is slower, not wrong.
		_ = unix.Madvise(all, unix.MADV_HUGEPAGE)
		for i := reserved - 1; i >= 0; i-- {
			pool.bare = append(pool.bare, all[i*bigSegment:(i+1)*bigSegment:(i+1)*bigSegment])
		}
	}
	k := len(pool.bare)
	m := pool.bare[k-1]
	pool.bare = pool.bare[:k-1]
	return m, nil
}

// giveSegment takes back what takeSegment gave.
func giveSegment(m []byte) {
	if len(m) < bigSegment {
		if err := unix.MunmapPtr(unsafe.Pointer(&m[0]), uintptr(len(m))); err != nil {
			panic(fmt.Sprintf("giving back memory of state: %v", err))
		}
		return
	}
	pool.Lock()
	defer pool.Unlock()
	if len(pool.kept) < keptSpilling || pool.spilling == 0 && len(pool.kept) < keptSegments {
		pool.kept = append(pool.kept, m)
		return
	}
	_ = unix.Madvise(m, unix.MADV_DONTNEED)
	pool.bare = append(pool.bare, m)
}

// giveBare takes back the addresses of a big segment whose memory is gone.
func giveBare(m []byte) {
	pool.Lock()
	defer pool.Unlock()
	pool.bare = append(pool.bare, m)
}

func mapAnonymous(n int) ([]byte, error) {
	p, err := unix.MmapPtr(-1, 0, nil, uintptr(n), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_ANON|unix.MAP_PRIVATE|unix.MAP_NORESERVE)
	if err != nil {
		return nil, fmt.Errorf("memory for state: %w", err)
	}
	return unsafe.Slice((*byte)(p), n), nil
}

// mapAligned maps n bytes, a power of two, at a multiple of n.
func mapAligned(n int) ([]byte, error) {
	all, err := mapAnonymous(2 * n)
	if err != nil {
		return nil, err
	}
	head := int(-uintptr(unsafe.Pointer(&all[0])) & uintptr(n-1))
	if head > 0 {
		giveSegment(all[:head:head])
	}
	if rest := all[head+n:]; len(rest) > 0 {
		giveSegment(rest)
	}
	return all[head : head+n : head+n], nil
}

// takeIndex returns n zeroed slots. Large indexes lie off the heap: they come
// with huge pages, and their memory goes back when they are outgrown, not when
// the collector finds out.
func takeIndex(n int) ([]uint64, error) {
	if 8*n < bigSegment {
		return make([]uint64, n), nil
	}
	m, err := mapAnonymous(8 * n)
	if err != nil {
		return nil, err
	}
	_ = unix.Madvise(m, unix.MADV_HUGEPAGE)
	return unsafe.Slice((*uint64)(unsafe.Pointer(&m[0])), n), nil
}

func giveIndex(index []uint64) {
	if 8*len(index) < bigSegment { // none, or on the Go heap
		return
	}
	if err := unix.MunmapPtr(unsafe.Pointer(&index[0]), 8*uintptr(len(index))); err != nil {
		// The slice is not one that takeIndex gave: memory is about to be corrupted.
		panic(fmt.Sprintf("giving back an index of state: %v", err))
	}
}
