package state

// The index of a table is one array of slots, probed from a key's home on:
//
//	24 bits of the salted hash | 40 bits of address, 0: empty
//
// Homes are in the order of the salted hash's top 32 bits. A slot has the low 24
// of these; where none is further from its home than a 256th of a large index its
// place tells the rest, and records need not be read to close a gap. Probing does
// not wrap around: behind the homes are some slots more, the last always empty.
type index struct {
	slots []uint64
	homes uint64
	far   bool // a slot may be too far from its home to tell it
}

const (
	smallestIndex = 64
	indexSlack    = 64
	largeIndex    = 1 << 17 // homes
)

func newIndex(homes int) (index, error) {
	slots, err := takeIndex(homes + indexSlack)
	return index{slots: slots, homes: uint64(homes)}, err
}

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

// hashAt is the top half of the salted hash of the slot at p, in its place.
func (t *Table) hashAt(p uint64) (uint64, error) {
	if t.far || t.homes < largeIndex {
		rec, err := t.record(t.slots[p] & addressMask)
		if err != nil {
			return 0, err
		}
		k := t.identOf(rec)
		return k.hash * t.salt, nil
	}
	low := t.slots[p] >> addressBits
	part := min(p<<8/t.homes, 255)
	if (part<<24|low)*t.homes>>32 > p {
		part--
	}
	return (part<<24 | low) << 32, nil
}

// remove empties the slot at p, moving back those behind it that may.
func (t *Table) remove(p uint64) error {
	for q := p + 1; t.slots[q] != 0; q++ {
		s, err := t.hashAt(q)
		if err != nil {
			return err
		}
		if t.home(s) <= p {
			t.slots[p] = t.slots[q]
			p = q
		}
	}
	t.slots[p] = 0
	return nil
}

// slotOf is the place in the index of a record at an address, if it has one.
func (t *Table) slotOf(hash, addr uint64) (p uint64, there bool) {
	s := hash * t.salt
	slot := tagOf(s) | addr
	for p = t.home(s); t.slots[p] != 0; p++ {
		if t.slots[p] == slot {
			return p, true
		}
	}
	return p, false
}

// rebuild makes the index anew with a number of homes.
func (t *Table) rebuild(homes int) error {
	for ; ; homes *= 2 {
		more := int64(8 * (homes + indexSlack))
		if err := t.log.budget.Take(more); err != nil {
			return err
		}
		fresh, err := newIndex(homes)
		ok := err == nil
		for p := 0; ok && p < len(t.slots); p++ {
			if t.slots[p] == 0 {
				continue
			}
			var s uint64
			if s, err = t.hashAt(uint64(p)); err != nil {
				break
			}
			ok = fresh.set(s, t.slots[p]&addressMask)
		}
		if err != nil || !ok {
			giveIndex(fresh.slots)
			t.log.budget.Give(more)
			if err != nil {
				return err
			}
			continue
		}
		t.dropIndex()
		t.index = fresh
		return nil
	}
}

// dropIndex gives the memory of the index back.
func (t *Table) dropIndex() {
	if t.homes > smallestIndex {
		t.log.budget.Give(int64(8 * len(t.slots)))
		giveIndex(t.slots)
	}
}

// Reserve makes room for n more keys, so that filling does not rehash.
func (t *Table) Reserve(n int) error { return t.reserve(n) }

func (t *Table) reserve(n int) error {
	if err := t.tend(n); err != nil {
		return err
	}
	need := uint64(2 * (t.count + n))
	if need <= t.homes {
		return nil
	}
	homes := t.homes
	for homes < need {
		homes *= 2
	}
	return t.rebuild(int(homes))
}
