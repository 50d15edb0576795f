package state

import "unsafe"

// Lists are sorted lists of times with a reference each, off the heap. A list has
// a chunk of entries or, when they are many, a directory of chunks, so that an
// entry can be put in between at little cost however many there are.
type Lists struct{ heap *Heap }

// Sorted is the head of a list, which lies wherever its owner keeps it. The zero
// one is empty.
type Sorted struct {
	n      uint32
	chunks uint32 // more than 1: block is a directory
	block  uint64
}

// SortedSize is the size of a Sorted.
const SortedSize = 16

// Entry is a time and a reference that is the owner's.
type Entry struct {
	At  int64
	Ref uint64
}

const (
	entrySize = 16
	maxChunk  = 256 // entries
)

// piece is a chunk in a directory.
type piece struct {
	block uint64
	n     uint32
	_     uint32
}

// NewLists makes room for lists.
func NewLists(budget *Budget) *Lists { return &Lists{NewHeap(budget)} }

// Len is the number of entries.
func (p *Sorted) Len() int { return int(p.n) }

func (l *Lists) chunk(block uint64, n uint32) []Entry {
	return unsafe.Slice((*Entry)(l.heap.At(block)), n)
}

func (l *Lists) directory(p *Sorted) []piece {
	return unsafe.Slice((*piece)(l.heap.At(p.block)), p.chunks)
}

// piece is a chunk of a list.
func (l *Lists) piece(p *Sorted, which int) []Entry {
	if p.chunks <= 1 {
		if p.n == 0 {
			return nil
		}
		return l.chunk(p.block, p.n)
	}
	x := &l.directory(p)[which]
	return l.chunk(x.block, x.n)
}

func (p *Sorted) pieces() int { return min(max(int(p.chunks), 1), int(p.n)) }

// Place is that of an entry in a list, until the list is changed.
type Place struct{ chunk, at int }

// Find is the place of the first entry at a time or later; with after, later.
func (l *Lists) Find(p *Sorted, at int64, after bool) Place {
	before := func(e *Entry) bool { return e.At < at || after && e.At == at }
	from, to := 0, max(p.pieces()-1, 0)
	if to > 0 {
		if first := l.piece(p, to); before(&first[0]) { // the commonest: near the end
			from = to
		}
	}
	for from < to { // the first chunk whose last entry is not before, or the last chunk
		m := int(uint(from+to) >> 1)
		if c := l.piece(p, m); before(&c[len(c)-1]) {
			from = m + 1
		} else {
			to = m
		}
	}
	which := from
	c := l.piece(p, which)
	from, to = 0, len(c)
	for from < to {
		if m := int(uint(from+to) >> 1); before(&c[m]) {
			from = m + 1
		} else {
			to = m
		}
	}
	return Place{which, from}
}

// From gives the entries from a place on, as many as lie together, and where to
// go on; none at the end. They may be changed but for their times.
func (l *Lists) From(p *Sorted, at Place) ([]Entry, Place) {
	for ; at.chunk < p.pieces(); at = (Place{at.chunk + 1, 0}) {
		if c := l.piece(p, at.chunk); at.at < len(c) {
			return c[at.at:], Place{at.chunk + 1, 0}
		}
	}
	return nil, at
}

// First is the first entry; the list must not be empty.
func (l *Lists) First(p *Sorted) *Entry { return &l.piece(p, 0)[0] }

// Insert puts an entry behind those of its time.
func (l *Lists) Insert(p *Sorted, e Entry) error { return l.insert(p, l.Find(p, e.At, true), e) }

func (l *Lists) insert(p *Sorted, at Place, e Entry) error {
	which := at.chunk
	entries := l.piece(p, which)
	if len(entries) < maxChunk {
		block := p.block
		if p.chunks > 1 {
			block = l.directory(p)[which].block
		}
		block, err := l.put(block, entries, at.at, e)
		if err != nil {
			return err
		}
		if p.chunks > 1 {
			dir := l.directory(p)
			dir[which].block = block
			dir[which].n++
		} else {
			p.block, p.chunks = block, 1
		}
		p.n++
		return nil
	}
	// The chunk is full: half of it becomes a chunk of its own, or, at the end, none
	// of it: what comes in order fills chunks.
	half := len(entries) / 2
	if which == p.pieces()-1 && at.at == len(entries) {
		half = len(entries) - 1
	}
	second, mem, err := l.heap.Alloc(maxChunk * entrySize)
	if err != nil {
		return err
	}
	chunks := max(int(p.chunks), 1)
	dirAt, dirMem, err := l.heap.Alloc((chunks + 1) * entrySize)
	if err != nil {
		l.heap.Drop(second)
		return err
	}
	copy(unsafe.Slice((*Entry)(mem), maxChunk), entries[half:])
	dir := unsafe.Slice((*piece)(dirMem), chunks+1)
	if p.chunks > 1 {
		old := l.directory(p)
		copy(dir, old[:which+1])
		copy(dir[which+2:], old[which+1:])
		l.heap.Drop(p.block)
	} else {
		dir[0] = piece{block: p.block}
	}
	dir[which].n = uint32(half)
	dir[which+1] = piece{block: second, n: uint32(len(entries) - half)}
	p.block, p.chunks = dirAt, uint32(chunks+1)
	if at.at > half {
		at = Place{which + 1, at.at - half}
	}
	return l.insert(p, at, e)
}

// put puts an entry into a chunk, which may move.
func (l *Lists) put(block uint64, entries []Entry, at int, e Entry) (uint64, error) {
	n := len(entries)
	if block == 0 || (n+1)*entrySize > l.heap.Size(block) {
		size := min(max(1, 2*n), maxChunk)
		fresh, mem, err := l.heap.Alloc(size * entrySize)
		if err != nil {
			return 0, err
		}
		copy(unsafe.Slice((*Entry)(mem), n), entries)
		if block != 0 {
			l.heap.Drop(block)
		}
		block = fresh
	}
	all := l.chunk(block, uint32(n+1))
	copy(all[at+1:], all[at:n])
	all[at] = e
	return block, nil
}

// DropFirst takes out the first n entries.
func (l *Lists) DropFirst(p *Sorted, n int) {
	gone := 0 // chunks
	for n > 0 && p.n > 0 {
		if p.chunks <= 1 {
			c := l.piece(p, 0)
			k := min(n, len(c))
			copy(c, c[k:])
			n -= k
			if p.n -= uint32(k); p.n == 0 {
				l.heap.Drop(p.block)
				*p = Sorted{}
			}
			return
		}
		x := &l.directory(p)[gone]
		if n < int(x.n) {
			c := l.chunk(x.block, x.n)
			copy(c, c[n:])
			x.n -= uint32(n)
			p.n -= uint32(n)
			break
		}
		n -= int(x.n)
		p.n -= x.n
		l.heap.Drop(x.block)
		gone++
	}
	if gone == 0 {
		return
	}
	if p.n == 0 {
		l.heap.Drop(p.block)
		*p = Sorted{}
		return
	}
	dir := l.directory(p)
	copy(dir, dir[gone:])
	if p.chunks -= uint32(gone); p.chunks == 1 {
		only := dir[0].block
		l.heap.Drop(p.block)
		p.block = only
	}
}

// Redirect makes the entry at a time with one reference have another.
func (l *Lists) Redirect(p *Sorted, at int64, from, to uint64) bool {
	place := l.Find(p, at, false)
	for {
		entries, next := l.From(p, place)
		if entries == nil {
			return false
		}
		for i := range entries {
			if entries[i].At != at {
				return false
			}
			if entries[i].Ref == from {
				entries[i].Ref = to
				return true
			}
		}
		place = next
	}
}

// Bytes is the memory held.
func (l *Lists) Bytes() int64 { return l.heap.Bytes() }

// Free gives everything back.
func (l *Lists) Free() { l.heap.Free() }

// Before is the entry before a place; false: there is none.
func (l *Lists) Before(p *Sorted, at Place) (Entry, bool) {
	if at.at == 0 {
		if at.chunk == 0 {
			return Entry{}, false
		}
		at.chunk--
		at.at = len(l.piece(p, at.chunk))
	}
	return l.piece(p, at.chunk)[at.at-1], true
}
