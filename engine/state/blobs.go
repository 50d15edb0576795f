package state

import (
	"math/bits"
	"unsafe"
)

// Blobs keeps byte strings of changing length off the heap, such as the value
// of MAX over a string column. Blocks are powers of two and reused.
type Blobs struct {
	mem  arena
	free [32]uint64 // by size class: address of the first free block, 0: none
}

// NewBlobs makes an empty store.
func NewBlobs(budget *Budget) *Blobs { return &Blobs{mem: arena{budget: budget}} }

// Put stores p and returns a handle, never 0. If old is not 0 it is replaced.
func (b *Blobs) Put(old uint64, p []byte) (uint64, error) {
	class := bits.Len(uint(max(len(p), 8) + 7))
	if old != 0 {
		if head := (*uint32)(b.mem.at(old)); int(*head>>27) == class {
			b.write(old, class, p)
			return old, nil
		}
		b.Drop(old)
	}
	if first := b.free[class]; first != 0 {
		b.free[class] = *(*uint64)(unsafe.Add(b.mem.at(first), 8))
		b.write(first, class, p)
		return first, nil
	}
	addr, _, err := b.mem.alloc(8 + 1<<class)
	if err != nil {
		return 0, err
	}
	b.write(addr, class, p)
	return addr, nil
}

// Append adds p to the bytes of a handle (0: a new one) and returns the handle
// to use from now on.
func (b *Blobs) Append(h uint64, p []byte) (uint64, error) {
	if h == 0 {
		return b.Put(0, p)
	}
	at := b.mem.at(h)
	n, class := int(*(*uint32)(unsafe.Add(at, 4))), int(*(*uint32)(at)>>27)
	if n+len(p) <= 1<<class {
		copy(unsafe.Slice((*byte)(unsafe.Add(at, 8+n)), len(p)), p)
		*(*uint32)(unsafe.Add(at, 4)) = uint32(n + len(p))
		return h, nil
	}
	longer := make([]byte, n+len(p))
	copy(longer, b.Get(h))
	copy(longer[n:], p)
	return b.Put(h, longer)
}

// Cut takes the bytes [from, to) out of a handle.
func (b *Blobs) Cut(h uint64, from, to int) {
	p := b.Get(h)
	copy(p[from:], p[to:])
	*(*uint32)(unsafe.Add(b.mem.at(h), 4)) = uint32(len(p) - (to - from))
}

func (b *Blobs) write(addr uint64, class int, p []byte) {
	at := b.mem.at(addr)
	*(*uint32)(at) = uint32(class) << 27
	*(*uint32)(unsafe.Add(at, 4)) = uint32(len(p))
	copy(unsafe.Slice((*byte)(unsafe.Add(at, 8)), len(p)), p)
}

// Get returns the bytes of a handle, valid until it is put or dropped.
func (b *Blobs) Get(h uint64) []byte {
	at := b.mem.at(h)
	return unsafe.Slice((*byte)(unsafe.Add(at, 8)), *(*uint32)(unsafe.Add(at, 4)))
}

// Drop frees a handle.
func (b *Blobs) Drop(h uint64) {
	at := b.mem.at(h)
	class := *(*uint32)(at) >> 27
	*(*uint64)(unsafe.Add(at, 8)) = b.free[class]
	b.free[class] = h
}

// Bytes is the memory held.
func (b *Blobs) Bytes() int64 { return b.mem.bytes() }

// Free gives everything back.
func (b *Blobs) Free() {
	b.mem.free()
	b.free = [32]uint64{}
}
