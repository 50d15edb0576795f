package state

import (
	"bytes"
	"hash/maphash"
)

// identities is a set of byte strings without pointers: a table of places in one
// buffer that holds them all, each after its length.
type identities struct {
	n     int
	table []uint64 // 24 bits of hash, 40 bits of place plus one; 0: free
	bytes []byte
	// filter has a bit for each string by its hash, 8 for each slot of the table: it
	// answers for most that are not there from little memory.
	filter []uint64
}

var identitySeed = maphash.MakeSeed()

const placeBits = 40

// has tells whether p is in the set.
func (s *identities) has(p []byte) bool {
	if s.n == 0 {
		return false
	}
	h := maphash.Bytes(identitySeed, p)
	if at := s.bit(h); s.filter[at>>6]&(1<<(at&63)) == 0 {
		return false
	}
	_, found := s.find(h, p)
	return found
}

// add puts p into the set. It returns false if it was there.
func (s *identities) add(p []byte) bool {
	if 2*(s.n+1) > len(s.table) {
		s.grow()
	}
	h := maphash.Bytes(identitySeed, p)
	at, found := s.find(h, p)
	if found {
		return false
	}
	s.table[at] = h>>placeBits<<placeBits | uint64(len(s.bytes)+1)
	s.bytes = append(appendUvarint(s.bytes, uint64(len(p))), p...)
	s.n++
	bit := s.bit(h)
	s.filter[bit>>6] |= 1 << (bit & 63)
	return true
}

// bit is the place of a hash in the filter.
func (s *identities) bit(h uint64) uint64 { return h >> 17 & (uint64(len(s.filter))*64 - 1) }

func (s *identities) find(h uint64, p []byte) (at int, found bool) {
	mask := len(s.table) - 1
	for i := int(h) & mask; ; i = (i + 1) & mask {
		slot := s.table[i]
		if slot == 0 {
			return i, false
		}
		if (slot^h)>>placeBits == 0 && bytes.Equal(s.at(slot), p) {
			return i, true
		}
	}
}

func (s *identities) at(slot uint64) []byte {
	b := s.bytes[slot&(1<<placeBits-1)-1:]
	n, w := uvarint(b)
	return b[w : w+int(n)]
}

func (s *identities) grow() {
	old := s.table
	s.table = make([]uint64, max(64, 2*len(old)))
	s.filter = make([]uint64, len(s.table)/8)
	mask := len(s.table) - 1
	for _, slot := range old {
		if slot == 0 {
			continue
		}
		h := maphash.Bytes(identitySeed, s.at(slot))
		bit := s.bit(h)
		s.filter[bit>>6] |= 1 << (bit & 63)
		i := int(h) & mask
		for s.table[i] != 0 {
			i = (i + 1) & mask
		}
		s.table[i] = slot
	}
}
