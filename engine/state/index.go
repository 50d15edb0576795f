package state

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// The index of a table is one array of slots, probed from a key's home on:
//
//	24 bits of the salted hash | 40 bits of address, 0: empty
//
// Homes are in the order of the salted hash's top 32 bits. A slot has the low 24
// of these; where none is further from its home than a 256th of a large index its
// place tells the rest, and records need not be read to close a gap or to grow.
// Probing does not wrap around: behind the homes are some slots more, the last
// always empty.
//
// A large index grows bit by bit: a new one is filled in the order of the old
// one's slots, along with the batches. Keys whose old home is before next are in
// the new one, the others still in the old one; next is always at an empty slot
// or the end, so no search crosses it.
type index struct {
	slots []uint64
	homes uint64
	far   bool // a slot may be too far from its home to tell it
}

// growing is an index that is being replaced.
type growing struct {
	old      index // no slots: none is
	next     uint64
	released uint64 // bytes of it given back to the system
	last     int    // count of keys at the last step
	account  int64  // bytes accounted for indexes
}

const (
	smallestIndex = 64
	indexSlack    = 64
	largeIndex    = 1 << 17 // homes
)

// newIndex makes an index with room for slack slots behind the homes, whose
// number is a multiple of 256 if they are many.
func newIndex(homes, slack uint64) (index, error) {
	slots, err := takeIndex(int(homes + slack))
	return index{slots: slots, homes: homes}, err
}

// slack is how many slots are behind the homes.
func (x *index) slack() uint64 { return uint64(len(x.slots)) - x.homes }

// home is where the search for a salted hash begins.
func (x *index) home(s uint64) uint64 { return s >> 32 * x.homes >> 32 }

func tagOf(s uint64) uint64 { return s << 8 &^ addressMask }

// set enters an address; it returns false if there was no room behind the homes.
func (x *index) set(s, addr uint64) bool {
	home := x.home(s)
	p := home
	for x.slots[p] != 0 {
		p++
	}
	return x.put(s, addr, home, p)
}

// put enters an address at the empty slot p.
func (x *index) put(s, addr, home, p uint64) bool {
	if p == uint64(len(x.slots)-1) {
		return false
	}
	if p-home >= x.homes>>8 {
		x.far = true
	}
	x.slots[p] = tagOf(s) | addr
	return true
}

// spot is a place in one of a table's indexes.
type spot struct {
	x *index
	p uint64
}

func (s spot) address() uint64 { return s.x.slots[s.p] & addressMask }

func (s spot) point(addr uint64) { s.x.slots[s.p] = s.x.slots[s.p]&^addressMask | addr }

// from is where the search for a salted hash begins.
func (t *Table) from(s uint64) spot {
	if t.old.slots != nil {
		if p := t.old.home(s); p >= t.next {
			return spot{&t.old, p}
		}
	}
	return spot{&t.index, t.home(s)}
}

// hashAt is the top half of the salted hash of the slot at p, in its place.
func (t *Table) hashAt(x *index, p uint64) (uint64, error) {
	if x.far || x.homes < largeIndex {
		rec, err := t.record(x.slots[p] & addressMask)
		if err != nil {
			return 0, err
		}
		k := t.identOf(rec)
		return k.hash * t.salt, nil
	}
	low := x.slots[p] >> addressBits
	part := min(p<<8/x.homes, 255)
	if (part<<24|low)*x.homes>>32 > p {
		part--
	}
	return (part<<24 | low) << 32, nil
}

// remove empties a slot, moving back those behind it that may.
func (t *Table) remove(s spot) error {
	x, p := s.x, s.p
	for q := p + 1; x.slots[q] != 0; q++ {
		h, err := t.hashAt(x, q)
		if err != nil {
			return err
		}
		if x.home(h) <= p {
			x.slots[p] = x.slots[q]
			p = q
		}
	}
	x.slots[p] = 0
	return nil
}

// spotOf is the place of a record at an address, if it has one.
func (t *Table) spotOf(hash, addr uint64) (s spot, there bool) {
	h := hash * t.salt
	slot := tagOf(h) | addr
	for s = t.from(h); s.x.slots[s.p] != 0; s.p++ {
		if s.x.slots[s.p] == slot {
			return s, true
		}
	}
	return s, false
}

// accounted makes n bytes the memory accounted for indexes.
func (t *Table) accounted(n int64) error {
	if n > t.account {
		if err := t.log.budget.Take(n - t.account); err != nil {
			return err
		}
	} else {
		t.log.budget.Give(t.account - n)
	}
	t.account = n
	return nil
}

// Reserve makes room for n more keys, so that filling does not rehash.
func (t *Table) Reserve(n int) error { return t.reserve(n) }

func (t *Table) reserve(n int) error {
	if err := t.tend(n); err != nil {
		return err
	}
	if t.old.slots != nil {
		// An index begins to grow when it is three quarters full and has at least a
		// third more homes then: it is done long before that is so again.
		step := 8*max(t.count-t.last, 0) + 4096
		t.last = t.count
		if err := t.grow(uint64(step)); err != nil {
			return err
		}
	}
	need := uint64(t.count + n)
	if 2*need <= t.homes || t.homes >= largeIndex && 4*need <= 3*t.homes {
		return nil
	}
	homes := t.homes
	for homes < 2*need && homes < largeIndex {
		homes *= 2
	}
	if t.homes < largeIndex || 16*need > 17*t.homes {
		// All at once: it is small, or much is to come.
		if 4*need > 3*homes {
			homes = (need + need/2 + 255) &^ 255
		}
		return t.rebuild(homes, t.slack())
	}
	if t.old.slots != nil {
		if err := t.grow(uint64(len(t.old.slots))); err != nil {
			return err
		}
	}
	switch b := t.log.budget; {
	case b == nil || b.limit == 0 || b.used.Load() < b.limit/4:
		homes += homes // every slot that is moved costs two misses
	case b.used.Load() < b.limit/2:
		homes += homes / 2
	default:
		homes += homes / 3
	}
	homes &^= 255
	if err := t.accounted(int64(8 * (homes + t.slack()))); err != nil {
		return err
	}
	fresh, err := newIndex(homes, t.slack())
	if err != nil {
		return err
	}
	t.old, t.index = t.index, fresh
	t.next, t.released, t.last = 0, 0, t.count
	return nil
}

// grow moves n slots, and up to the next empty one, from the old to the new index.
func (t *Table) grow(n uint64) error {
	x := &t.old
	p, size := t.next, uint64(len(x.slots))
	for end := min(p+n, size); p < size && (p < end || x.slots[p] != 0); p++ {
		if x.slots[p] == 0 {
			continue
		}
		s, err := t.hashAt(x, p)
		if err != nil {
			return err
		}
		if !t.set(s, x.slots[p]&addressMask) {
			// What was moved since next is in both; a rebuild enters it once.
			t.unset(t.next, p)
			return t.rebuild(t.homes, 2*t.slack())
		}
	}
	t.next = p
	if p == size {
		giveIndex(x.slots, t.released == 0)
		t.old = index{}
		return nil
	}
	// Memory of the old one goes back as that of the new one comes into use.
	const chunk = 4 << 20
	if done := 8 * p / chunk * chunk; done > t.released && 8*size >= bigSegment && (8*size > uint64(keptIndex) || t.log.budget.tight()) {
		from := unsafe.Pointer(&x.slots[t.released/8])
		_ = unix.Madvise(unsafe.Slice((*byte)(from), done-t.released), unix.MADV_DONTNEED)
		t.released = done
	}
	return nil
}

// unset takes from the new index what is in slots of the old one.
func (t *Table) unset(from, to uint64) {
	gone := map[uint64]bool{}
	for p := from; p < to; p++ {
		gone[t.old.slots[p]&addressMask] = true
	}
	for p, slot := range t.slots {
		if slot != 0 && gone[slot&addressMask] {
			// The slots behind stay where they are: all are entered anew at once.
			t.slots[p] = 0
		}
	}
}

// rebuild makes the index anew, all at once. Where many hashes are the same there
// must be more slots behind the homes.
func (t *Table) rebuild(homes, slack uint64) error {
	for ; ; slack *= 2 {
		fresh, err := t.copyIndex(homes, slack)
		if err != nil {
			return err
		}
		if fresh.slots != nil {
			t.drop()
			t.index = fresh
			return t.accounted(int64(8 * len(fresh.slots)))
		}
	}
}

// copyIndex makes an index with all there is; it has no slots if it was too small.
func (t *Table) copyIndex(homes, slack uint64) (index, error) {
	before := t.account
	if err := t.accounted(before + int64(8*(homes+slack))); err != nil {
		return index{}, err
	}
	fresh, err := newIndex(homes, slack)
	ok := err == nil
	enter := func(x *index, p int) {
		for ; p < len(x.slots) && ok; p++ {
			if x.slots[p] == 0 {
				continue
			}
			var s uint64
			if s, err = t.hashAt(x, uint64(p)); err != nil {
				ok = false
				return
			}
			ok = fresh.set(s, x.slots[p]&addressMask)
		}
	}
	enter(&t.index, 0)
	enter(&t.old, int(t.next))
	if !ok {
		giveIndex(fresh.slots, true)
		_ = t.accounted(before) // it gives
		return index{}, err
	}
	return fresh, nil
}

// drop gives the memory of the indexes back, but for accounting it.
func (t *Table) drop() {
	giveIndex(t.slots, true)
	giveIndex(t.old.slots, t.released == 0)
	t.index, t.old = index{}, index{}
}
