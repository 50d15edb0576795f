package state

import "unsafe"

// Gone is the identities of what was deleted, in the order in which that was,
// until a snapshot that knows of it is completed. They lie off the heap. The zero
// Gone has none.
type Gone struct {
	log     *Log   // nil: nothing ever was
	front   uint64 // the first that no completed snapshot knows of
	next    uint64 // of those the snapshot under way has to know, the first it was not told
	leaving uint64 // the end of these
}

// An entry: the hash that gives the key group, the length, the bytes.
const goneHead = 12

// Add notes an identity, with the hash of its key or whatever gives its key group.
func (g *Gone) Add(budget *Budget, hash uint64, id []byte) error {
	if g.log == nil {
		g.log = NewLog(budget)
		g.front = LogStart
	}
	_, p, err := g.log.Append(goneHead + len(id))
	if err != nil {
		return err
	}
	*(*uint64)(p) = hash
	*(*uint32)(unsafe.Add(p, 8)) = uint32(len(id))
	copy(unsafe.Slice((*byte)(unsafe.Add(p, goneHead)), len(id)), id)
	return nil
}

// Begin fixes what there is for a snapshot.
func (g *Gone) Begin() {
	if g.log != nil {
		g.next, g.leaving = g.front, g.log.End()
	}
}

// Some calls f for n entries more of those fixed, and tells whether that were all.
func (g *Gone) Some(n int, f func(hash uint64, id []byte) error) (done bool, err error) {
	if g.log == nil {
		return true, nil
	}
	for ; n > 0; n-- {
		_, p, next := g.log.Next(g.next, g.leaving)
		g.next = next
		if p == nil {
			break
		}
		if err := f(*(*uint64)(p), unsafe.Slice((*byte)(unsafe.Add(p, goneHead)), *(*uint32)(unsafe.Add(p, 8)))); err != nil {
			return false, err
		}
	}
	return g.next >= g.leaving, nil
}

// End says what became of the snapshot.
func (g *Gone) End(completed bool) {
	if g.log != nil && completed && g.leaving > 0 {
		g.front = g.leaving
		g.log.dropBefore(g.leaving)
	}
	g.next, g.leaving = 0, 0
}

// Drop forgets everything.
func (g *Gone) Drop() {
	if g.log != nil {
		g.log.Free()
	}
	*g = Gone{}
}

// Bytes is the memory held.
func (g *Gone) Bytes() int64 {
	if g.log == nil {
		return 0
	}
	return g.log.Bytes()
}
