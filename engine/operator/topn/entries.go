package topn

import (
	"unsafe"

	"github.com/weir-streams/weir/engine/state"
)

// The rows of a partition in order, off the heap. A partition has a chunk of
// entries or, when they are many, a directory of chunks, so that a row can be put
// in between at little cost however many rows there are.

// entry is a row in its place: the beginning of its sort key, and where it is: a
// block of the heap or, until the end of the batch, a row of the batch.
type entry struct{ prefix, ref uint64 }

const (
	ofBatch   = 1 << 63 // of ref
	entrySize = 16
	maxChunk  = 256 // entries
)

// partition is the value of a key's record.
type partition struct {
	n      uint32
	chunks uint32 // more than 1: block is a directory
	block  uint64
	// prefix is the only entry's where there is one at most; block is its ref then.
	prefix uint64
	wrote  int64 // when it was last changed, in milliseconds, if the state has a time to live
}

const partitionWidth = 32

func partitionOf(rec unsafe.Pointer) *partition { return (*partition)(state.Value(rec)) }

// piece is a chunk in a directory.
type piece struct {
	block uint64
	n     uint32
	_     uint32
}

// chunk is entries that lie together.
func (t *topN) chunk(block uint64, n uint32) []entry {
	return unsafe.Slice((*entry)(t.heap.At(block)), n)
}

func (t *topN) directory(p *partition) []piece {
	return unsafe.Slice((*piece)(t.heap.At(p.block)), p.chunks)
}

// locate gives the chunk that has the entry at a position, and its position in
// it. The position behind the last entry is at the end of the last chunk.
func (t *topN) locate(p *partition, pos int) (which int, entries []entry, at int) {
	if p.chunks <= 1 {
		if p.n == 0 {
			return 0, nil, 0
		}
		return 0, t.chunk(p.block, p.n), pos
	}
	dir := t.directory(p)
	for i := range dir {
		if n := int(dir[i].n); pos < n || i == len(dir)-1 {
			return i, t.chunk(dir[i].block, dir[i].n), pos
		}
		pos -= int(dir[i].n)
	}
	return 0, nil, 0
}

// at is the entry at a position.
func (t *topN) at(p *partition, pos int) *entry {
	_, entries, i := t.locate(p, pos)
	return &entries[i]
}

// get appends the entries at positions [from, to), as far as there are such.
func (t *topN) get(dst []entry, p *partition, from, to int) []entry {
	for to = min(to, int(p.n)); from < to; {
		_, entries, i := t.locate(p, from)
		k := min(len(entries)-i, to-from)
		dst = append(dst, entries[i:i+k]...)
		from += k
	}
	return dst
}

// insert puts an entry at a position.
func (t *topN) insert(p *partition, pos int, e entry) error {
	which, entries, at := t.locate(p, pos)
	if p.n == 0 || len(entries) < maxChunk {
		block, err := t.put(p.blockOf(t, which), entries, at, e)
		if err != nil {
			return err
		}
		if p.chunks > 1 {
			dir := t.directory(p)
			dir[which].block = block
			dir[which].n++
		} else {
			p.block, p.chunks = block, 1
		}
		p.n++
		return nil
	}
	// The chunk is full: half of it becomes a chunk of its own.
	half := len(entries) / 2
	second, mem, err := t.heap.Alloc(maxChunk * entrySize)
	if err != nil {
		return err
	}
	copy(unsafe.Slice((*entry)(mem), maxChunk), entries[half:])
	chunks := max(int(p.chunks), 1)
	dirAt, mem, err := t.heap.Alloc((chunks + 1) * entrySize)
	if err != nil {
		return err
	}
	dir := unsafe.Slice((*piece)(mem), chunks+1)
	if p.chunks > 1 {
		old := t.directory(p)
		copy(dir, old[:which+1])
		copy(dir[which+2:], old[which+1:])
		t.heap.Drop(p.block)
	} else {
		dir[0] = piece{block: p.block}
	}
	dir[which].n = uint32(half)
	dir[which+1] = piece{block: second, n: uint32(len(entries) - half)}
	p.block, p.chunks = dirAt, uint32(chunks+1)
	return t.insert(p, pos, e)
}

func (p *partition) blockOf(t *topN, which int) uint64 {
	if p.chunks > 1 {
		return t.directory(p)[which].block
	}
	return p.block
}

// put puts an entry into a chunk, which may move.
func (t *topN) put(block uint64, entries []entry, at int, e entry) (uint64, error) {
	n := len(entries)
	if block == 0 || (n+1)*entrySize > t.heap.Size(block) {
		size := min(max(4, 2*n), maxChunk)
		if !t.spec.Retracts && t.spec.To < maxChunk {
			size = min(size, int(t.spec.To)+1)
		}
		fresh, mem, err := t.heap.Alloc(max(size, n+1) * entrySize)
		if err != nil {
			return 0, err
		}
		copy(unsafe.Slice((*entry)(mem), n), entries)
		if block != 0 {
			t.heap.Drop(block)
		}
		block = fresh
	}
	all := t.chunk(block, uint32(n+1))
	copy(all[at+1:], all[at:n])
	all[at] = e
	return block, nil
}

// remove takes out the entry at a position.
func (t *topN) remove(p *partition, pos int) entry {
	which, entries, at := t.locate(p, pos)
	e := entries[at]
	copy(entries[at:], entries[at+1:])
	p.n--
	if p.chunks <= 1 {
		if p.n == 0 {
			t.heap.Drop(p.block)
			p.block, p.chunks = 0, 0
		}
		return e
	}
	dir := t.directory(p)
	if dir[which].n--; dir[which].n > 0 {
		return e
	}
	t.heap.Drop(dir[which].block)
	copy(dir[which:], dir[which+1:])
	if p.chunks--; p.chunks == 1 {
		only := dir[0].block
		t.heap.Drop(p.block)
		p.block = only
	}
	return e
}

// find gives the position of the first entry that is not before row r of the
// batch (after: the first that is behind it) in the order.
func (t *topN) find(p *partition, r int32, after bool) int {
	lo := 0
	entries := []entry(nil)
	if p.chunks > 1 {
		dir := t.directory(p)
		for i := range dir {
			entries = t.chunk(dir[i].block, dir[i].n)
			if last := entries[len(entries)-1]; i == len(dir)-1 || !t.isBefore(last, r, after) {
				break
			}
			lo += len(entries)
		}
	} else if p.n > 0 {
		entries = t.chunk(p.block, p.n)
	}
	from, to := 0, len(entries)
	for from < to {
		if m := int(uint(from+to) >> 1); t.isBefore(entries[m], r, after) {
			from = m + 1
		} else {
			to = m
		}
	}
	return lo + from
}

func (t *topN) isBefore(e entry, r int32, after bool) bool {
	c := t.compare(e, r)
	return c < 0 || after && c == 0
}
