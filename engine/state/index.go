package state

import "unsafe"

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

// homeAt is the home of the slot at p.
func (t *Table) homeAt(p uint64) uint64 {
	if t.far || t.homes < largeIndex {
		k := t.identOf(t.log.at(t.slots[p] & addressMask))
		return t.home(k.hash * t.salt)
	}
	low := t.slots[p] >> addressBits
	part := min(p<<8/t.homes, 255)
	home := (part<<24 | low) * t.homes >> 32
	if home > p {
		home = ((part-1)<<24 | low) * t.homes >> 32
	}
	return home
}

// remove empties the slot at p, moving back those behind it that may.
func (t *Table) remove(p uint64) {
	for q := p + 1; t.slots[q] != 0; q++ {
		if t.homeAt(q) <= p {
			t.slots[p] = t.slots[q]
			p = q
		}
	}
	t.slots[p] = 0
}

// rebuild makes the index anew with a number of homes, from the log.
func (t *Table) rebuild(homes int) error {
	for {
		fresh, err := newIndex(homes)
		if err != nil {
			return err
		}
		ok := true
		t.eachAddress(func(addr uint64, rec unsafe.Pointer) bool {
			k := t.identOf(rec)
			ok = fresh.set(k.hash*t.salt, addr)
			return ok
		})
		if ok {
			giveIndex(t.slots)
			t.index = fresh
			return nil
		}
		giveIndex(fresh.slots)
		homes *= 2
	}
}

// Reserve makes room for n more keys, so that filling does not rehash.
func (t *Table) Reserve(n int) error { return t.reserve(n) }

func (t *Table) reserve(n int) error {
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
