package state

import (
	"unsafe"

	"github.com/weir-streams/weir/engine/data"
)

// A pair table is keyed by a record of another table, the owner, and a value:
// the values of a group, say. An owner may move (see SetOwner) but not die before
// its pairs.

// NewPairTable makes a pair table for values of one type.
func NewPairTable(value data.Type, width int, salt uint64, budget *Budget) *Table {
	t := NewTable([]data.Type{value}, width, salt, budget)
	t.pair, t.integer, t.pairInteger = true, false, t.integer
	t.layout()
	return t
}

// OwnedBy names the table of the owners, whose keys are part of the pairs' keys.
func (t *Table) OwnedBy(owners *Table) { t.owners = owners }

// ResolvePairs finds the records of (owners[i], row rows[i] of col), making those
// that are missing, into recs. It returns the positions whose record is new,
// valid until the next call.
func (t *Table) ResolvePairs(owners []unsafe.Pointer, col *data.Vector, rows []int32, recs []unsafe.Pointer) (fresh []int32, err error) {
	t.fresh = t.fresh[:0]
	if err := t.reserve(len(rows)); err != nil {
		return nil, err
	}
	if cap(t.hashes) < len(rows) {
		t.hashes = make([]uint64, max(len(rows), data.BatchSize))
	}
	hashes := t.hashes[:len(rows)]
	if t.pairInteger && col.Nulls == nil {
		if col.Type.Phys() == data.PhysI64 {
			for i, r := range rows {
				hashes[i] = pairHash(owners[i], data.HashInt(col.I64[r]))
			}
		} else {
			for i, r := range rows {
				hashes[i] = pairHash(owners[i], data.HashInt(int64(col.I32[r])))
			}
		}
		err = t.pairIntegers(owners, col, rows, recs, hashes)
		if t.millis > 0 && err == nil {
			t.renew(recs[:len(rows)])
		}
		return t.fresh, err
	}
	for i, r := range rows {
		hashes[i] = pairHash(owners[i], data.HashValue(col, int(r)))
	}
	if t.large() {
		t.touchAll(hashes)
	}
	for i, r := range rows {
		k := ident{hash: hashes[i], word: hashes[i], owner: uint64(uintptr(owners[i]))}
		switch {
		case !t.pairInteger:
			t.encoded = data.EncodeValue(t.encoded[:0], col, int(r))
			k.key = t.encoded
		case col.IsNull(int(r)):
		case col.Type.Phys() == data.PhysI64:
			k.word, k.keyed = uint64(col.I64[r]), keyedFlag
		default:
			k.word, k.keyed = uint64(int64(col.I32[r])), keyedFlag
		}
		rec, isNew, err := t.find(&k, true)
		if err != nil {
			return nil, err
		}
		if isNew {
			t.fresh = append(t.fresh, int32(i))
		}
		recs[i] = rec
	}
	if t.millis > 0 {
		t.renew(recs[:len(rows)])
	}
	return t.fresh, nil
}

func (t *Table) pairIntegers(owners []unsafe.Pointer, col *data.Vector, rows []int32, recs []unsafe.Pointer, hashes []uint64) error {
	if t.large() {
		t.touchAll(hashes)
	}
	wide := col.Type.Phys() == data.PhysI64
	slots, homes, bases := t.slots, t.homes, t.log.bases
	now := t.now() | keyedFlag
	grows := t.old.slots != nil
	for i, r := range rows {
		var x int64
		if wide {
			x = col.I64[r]
		} else {
			x = int64(col.I32[r])
		}
		h, owner := hashes[i], uint64(uintptr(owners[i]))
		s := h * t.salt
		if grows && t.old.home(s) >= t.next {
			rec, isNew, err := t.find(&ident{hash: h, word: uint64(x), keyed: keyedFlag, owner: owner}, true)
			if err != nil {
				return err
			}
			if isNew {
				t.fresh = append(t.fresh, int32(i))
			}
			slots, homes, bases, grows = t.slots, t.homes, t.log.bases, t.old.slots != nil
			recs[i] = rec
			continue
		}
		tag := tagOf(s)
		for p := s >> 32 * homes >> 32; ; p++ {
			slot := slots[p]
			if slot == 0 {
				rec, err := t.insert(spot{&t.index, p}, &ident{hash: h, word: uint64(x), keyed: keyedFlag, owner: owner})
				if err != nil {
					return err
				}
				slots, homes, bases, grows = t.slots, t.homes, t.log.bases, t.old.slots != nil
				t.fresh = append(t.fresh, int32(i))
				recs[i] = rec
				break
			}
			if (slot^tag)>>addressBits != 0 {
				continue
			}
			addr := slot & addressMask
			base := bases[addr>>offsetBits]
			if base == nil {
				rec, isNew, err := t.findFrom(spot{&t.index, p}, &ident{hash: h, word: uint64(x), keyed: keyedFlag, owner: owner})
				if err != nil {
					return err
				}
				slots, homes, bases, grows = t.slots, t.homes, t.log.bases, t.old.slots != nil
				if isNew {
					t.fresh = append(t.fresh, int32(i))
				}
				recs[i] = rec
				break
			}
			rec := unsafe.Add(base, addr&offsetMask<<3)
			if *(*int64)(rec) != x || *(*uint64)(unsafe.Add(rec, t.area)) != owner {
				continue
			}
			if e := *(*uint32)(unsafe.Add(rec, recEpoch)); e != now {
				if e&keyedFlag == 0 {
					continue // the record of NULL
				}
				if err := t.changing(addr, rec); err != nil {
					return err
				}
			}
			recs[i] = rec
			break
		}
	}
	return nil
}

// touchAll is touch for hashes in the order of rows. Where many keys are new their
// home often has the slot of another key, whose record is of no use.
func (t *Table) touchAll(hashes []uint64) {
	var sum uint64
	if t.old.slots == nil {
		slots, homes, bases, salt := t.slots, t.homes, t.log.bases, t.salt
		for _, h := range hashes {
			sum += slots[h*salt>>32*homes>>32]
		}
		for _, h := range hashes {
			s := h * salt
			if slot := slots[s>>32*homes>>32]; (slot^tagOf(s))>>addressBits == 0 {
				if base := bases[slot&addressMask>>offsetBits]; base != nil {
					sum += *(*uint64)(unsafe.Add(base, slot&offsetMask<<3))
				}
			}
		}
		t.sum = sum
		return
	}
	for _, h := range hashes {
		at := t.from(h * t.salt)
		sum += at.x.slots[at.p]
	}
	for _, h := range hashes {
		s := h * t.salt
		at := t.from(s)
		if slot := at.x.slots[at.p]; (slot^tagOf(s))>>addressBits == 0 {
			if base := t.log.bases[slot&addressMask>>offsetBits]; base != nil {
				sum += *(*uint64)(unsafe.Add(base, slot&offsetMask<<3))
			}
		}
	}
	t.sum = sum // keeps the loads alive
}

// Owner is the record that a pair belongs to.
func (t *Table) Owner(rec unsafe.Pointer) unsafe.Pointer {
	return *(*unsafe.Pointer)(unsafe.Add(rec, t.area))
}

// SetOwner tells a pair that its owner has moved.
func (t *Table) SetOwner(rec, owner unsafe.Pointer) {
	*(*uint64)(unsafe.Add(rec, t.area)) = uint64(uintptr(owner))
}

// PairValue appends the value of a pair, in the row codec, to dst.
func (t *Table) PairValue(dst []byte, rec unsafe.Pointer) []byte { return t.appendKey(dst, rec) }
