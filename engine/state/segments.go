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
	keptIndex     = 32 << 20 // bytes; larger ones are given back bit by bit
	keptSpilling  = 4        // while memory is short
	reserved      = 64       // big segments whose addresses are taken at once
)

// pool holds big segments that nobody uses: with their memory, and mere addresses.
var pool struct {
	sync.Mutex
	kept, bare [][]byte
	indexes    [][]byte // large indexes that nobody uses
	indexed    int      // bytes of these
	spilling   int      // budgets that have spilled

	segments int // how many are kept
	most     int // bytes of indexes that are kept
}

func keptSegments() int { return max(pool.segments, 128) }
func keptIndexes() int  { return max(pool.most, 64<<20) }

// spilling says that one more budget is short of memory, or one less.
func spilling(n int) {
	pool.Lock()
	defer pool.Unlock()
	if pool.spilling += n; pool.spilling > 0 {
		for _, m := range pool.kept {
			_ = unix.Madvise(m, unix.MADV_DONTNEED)
			pool.bare = append(pool.bare, m)
		}
		for _, m := range pool.indexes {
			unmap(m)
		}
		pool.kept, pool.indexes, pool.indexed = nil, nil, 0
	}
}

// Keep sets how many bytes of freed memory are kept for states to come, for good.
// A program that measures keeps all of what a first run has used: on a virtual
// machine memory that the host must back first costs more than anything done
// with it.
func Keep(bytes int64) {
	pool.Lock()
	defer pool.Unlock()
	pool.segments, pool.most = int(bytes/bigSegment), int(bytes)
}

// mapSegments maps n bytes, a multiple of bigSegment, at such a multiple, in huge
// pages where the system has them.
func mapSegments(n int) ([]byte, error) {
	all, err := mapAnonymous(n + bigSegment)
	if err != nil {
		return nil, err
	}
	head := int(-uintptr(unsafe.Pointer(&all[0])) & (bigSegment - 1))
	if head > 0 {
		unmap(all[:head])
	}
	unmap(all[head+n:])
	m := all[head : head+n : head+n]
	// Advice only: without huge pages the table is slower, not wrong.
	_ = unix.Madvise(m, unix.MADV_HUGEPAGE)
	return m, nil
}

// takeSegment returns memory off the heap, n a power of two up to bigSegment,
// zeroed unless it may be dirty.
func takeSegment(n int, dirty bool) ([]byte, error) {
	if n < bigSegment {
		return mapAligned(n)
	}
	m, used, err := takeBig()
	if used && !dirty {
		clear(m)
	}
	return m, err
}

// takeBig returns a big segment, and whether it must be cleared.
func takeBig() (m []byte, used bool, err error) {
	pool.Lock()
	defer pool.Unlock()
	if k := len(pool.kept); k > 0 {
		m := pool.kept[k-1]
		pool.kept = pool.kept[:k-1]
		return m, true, nil
	}
	if len(pool.bare) == 0 {
		all, err := mapSegments(reserved * bigSegment)
		if err != nil {
			return nil, false, err
		}
		for i := reserved - 1; i >= 0; i-- {
			pool.bare = append(pool.bare, all[i*bigSegment:(i+1)*bigSegment:(i+1)*bigSegment])
		}
	}
	k := len(pool.bare)
	m = pool.bare[k-1]
	pool.bare = pool.bare[:k-1]
	return m, false, nil
}

// giveSegment takes back what takeSegment gave.
func giveSegment(m []byte) {
	if len(m) < bigSegment {
		unmap(m)
		return
	}
	pool.Lock()
	defer pool.Unlock()
	if len(pool.kept) < keptSpilling || pool.spilling == 0 && len(pool.kept) < keptSegments() {
		pool.kept = append(pool.kept, m)
		return
	}
	_ = unix.Madvise(m, unix.MADV_DONTNEED)
	pool.bare = append(pool.bare, m)
}

// TakePages gives memory in a huge page, whatever is in it: the disk takes what is
// in such a page many times quicker than from as many small ones. GivePages takes it back.
func TakePages() ([]byte, error) { return takeSegment(bigSegment, true) }

// GivePages takes back what TakePages gave.
func GivePages(m []byte) { giveSegment(m[:bigSegment]) }

// giveBare takes back the addresses of a big segment whose memory is gone.
func giveBare(m []byte) {
	pool.Lock()
	defer pool.Unlock()
	pool.bare = append(pool.bare, m)
}

// unmap gives addresses and memory back to the system.
func unmap(m []byte) {
	if err := unix.MunmapPtr(unsafe.Pointer(&m[0]), uintptr(len(m))); err != nil {
		// They are not what was mapped: memory is about to be corrupted.
		panic(fmt.Sprintf("giving back memory of state: %v", err))
	}
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
		unmap(all[:head])
	}
	if rest := all[head+n:]; len(rest) > 0 {
		unmap(rest)
	}
	return all[head : head+n : head+n], nil
}

// takeIndex returns n zeroed slots. Large indexes lie off the heap: they come
// with huge pages, and their memory does not wait for the collector when they are
// outgrown.
func takeIndex(n int) ([]uint64, error) {
	size := indexSize(n)
	if size == 0 {
		return make([]uint64, n), nil
	}
	m := takeUsed(size)
	used := m != nil
	if !used {
		var err error
		if m, err = mapSegments(size); err != nil {
			return nil, err
		}
	}
	index := unsafe.Slice((*uint64)(unsafe.Pointer(&m[0])), n)
	if used {
		clear(index)
	}
	return index, nil
}

// takeUsed takes the memory of an index that nobody uses; nil: there is none.
func takeUsed(size int) []byte {
	pool.Lock()
	defer pool.Unlock()
	for i, m := range pool.indexes {
		if len(m) == size {
			pool.indexes = append(pool.indexes[:i], pool.indexes[i+1:]...)
			pool.indexed -= size
			return m
		}
	}
	return nil
}

// indexSize is how many bytes an index of n slots has off the heap; 0: it is on it.
func indexSize(n int) int {
	if 8*n < bigSegment {
		return 0
	}
	return (8*n + bigSegment - 1) &^ (bigSegment - 1)
}

// giveIndex takes back what takeIndex gave; whole tells that no part of it was
// given to the system meanwhile.
func giveIndex(index []uint64, whole bool) {
	size := indexSize(len(index))
	if size == 0 {
		return
	}
	m := unsafe.Slice((*byte)(unsafe.Pointer(&index[0])), size)
	pool.Lock()
	defer pool.Unlock()
	if whole && pool.spilling == 0 && pool.indexed+size <= keptIndexes() {
		pool.indexes = append(pool.indexes, m)
		pool.indexed += size
		return
	}
	unmap(m)
}
