package state

import (
	"math/bits"
	"unsafe"
)

// Heap gives out blocks of memory off the Go heap that never move, and takes them
// back one by one. Their sizes are steps of at most an eighth.
type Heap struct {
	mem  arena
	free [heapClasses]uint64 // address of the first free block of a class; 0: none
	len  int
}

const (
	heapHeader  = 8 // the class, 4 bytes; the bytes asked for, 4 bytes
	heapExact   = 16
	heapClasses = heapExact + 16*8 + 1
)

// NewHeap makes an empty heap.
func NewHeap(budget *Budget) *Heap { return &Heap{mem: arena{budget: budget, dirty: true}} }

// heapClass is the class of blocks for n bytes, and how much they hold.
func heapClass(n int) (class, size int) {
	u := max((n+7)>>3, 1)
	if u < heapExact {
		return u, u << 3
	}
	e := bits.Len(uint(u)) - 4
	m := (u + 1<<e - 1) >> e
	return heapExact + (e-1)<<3 + m - 8, m << e << 3
}

// Alloc gives a block for n bytes, whatever is in it, and its address, never 0.
func (h *Heap) Alloc(n int) (uint64, unsafe.Pointer, error) {
	class, size := heapClass(n)
	at := uint64(0)
	if class < heapClasses {
		at = h.free[class]
	}
	if at != 0 {
		p := h.mem.at(at)
		h.free[class] = *(*uint64)(unsafe.Add(p, heapHeader))
		*(*uint32)(unsafe.Add(p, 4)) = uint32(n)
		h.len++
		return at, unsafe.Add(p, heapHeader), nil
	}
	at, p, err := h.mem.alloc(heapHeader + size)
	if err != nil {
		return 0, nil, err
	}
	*(*uint32)(p) = uint32(class)
	*(*uint32)(unsafe.Add(p, 4)) = uint32(n)
	h.len++
	return at, unsafe.Add(p, heapHeader), nil
}

// At is the block at an address.
func (h *Heap) At(at uint64) unsafe.Pointer { return unsafe.Add(h.mem.at(at), heapHeader) }

// Size is how many bytes were asked for.
func (h *Heap) Size(at uint64) int { return int(*(*uint32)(unsafe.Add(h.mem.at(at), 4))) }

// Drop takes a block back.
func (h *Heap) Drop(at uint64) {
	p := h.mem.at(at)
	class := *(*uint32)(p)
	*(*uint64)(unsafe.Add(p, heapHeader)) = h.free[class]
	h.free[class] = at
	h.len--
}

// Len is the number of blocks given out.
func (h *Heap) Len() int { return h.len }

// Bytes is the memory held.
func (h *Heap) Bytes() int64 { return h.mem.bytes() }

// Free gives everything back; the heap is empty then.
func (h *Heap) Free() {
	h.mem.free()
	h.free, h.len = [heapClasses]uint64{}, 0
}
