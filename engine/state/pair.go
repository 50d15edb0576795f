package state

import (
	"encoding/binary"
	"math/bits"
	"unsafe"

	"github.com/weir-streams/weir/engine/data"
)

// A pair table is keyed by a record of another table, the owner, and a value:
// the values of a group, say. The key is the owner's address and then the value,
// 8 bytes for integers, else in the row codec. An owner may move (see SetOwner)
// but not die before its pairs.

// NewPairTable makes a pair table for values of one type.
func NewPairTable(value data.Type, width int, salt uint64, budget *Budget) *Table {
	t := NewTable([]data.Type{value}, width, salt, budget)
	t.integer = false // the codec of keys is the pair's own
	p := value.Phys()
	t.pairInteger = p == data.PhysI64 || p == data.PhysI32
	return t
}

func pairHash(owner unsafe.Pointer, value uint64) uint64 {
	hi, lo := bits.Mul64(Hash(owner)^0x243F6A8885A308D3, value^0x9E3779B97F4A7C15)
	return hi ^ lo
}

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
		return t.fresh, err
	}
	for i, r := range rows {
		hashes[i] = pairHash(owners[i], data.HashValue(col, int(r)))
	}
	if len(t.index) > 1<<15 {
		t.touchAll(hashes)
	}
	key := t.encoded
	for i, r := range rows {
		key = binary.NativeEndian.AppendUint64(key[:0], uint64(uintptr(owners[i])))
		switch {
		case !t.pairInteger:
			key = data.EncodeValue(key, col, int(r))
		case col.IsNull(int(r)):
			key = append(key, 0)
		case col.Type.Phys() == data.PhysI64:
			key = binary.NativeEndian.AppendUint64(key, uint64(col.I64[r]))
		default:
			key = binary.NativeEndian.AppendUint64(key, uint64(int64(col.I32[r])))
		}
		rec, isNew, err := t.find(hashes[i], key, true)
		if err != nil {
			return nil, err
		}
		if isNew {
			t.fresh = append(t.fresh, int32(i))
		}
		recs[i] = rec
	}
	t.encoded = key
	return t.fresh, nil
}

func (t *Table) pairIntegers(owners []unsafe.Pointer, col *data.Vector, rows []int32, recs []unsafe.Pointer, hashes []uint64) error {
	if len(t.index) > 1<<15 {
		t.touchAll(hashes)
	}
	mask := len(t.index) - 1
	wide := col.Type.Phys() == data.PhysI64
	at := recValue + t.width
	for i, r := range rows {
		var x int64
		if wide {
			x = col.I64[r]
		} else {
			x = int64(col.I32[r])
		}
		h, owner := hashes[i], uint64(uintptr(owners[i]))
		s := h * t.salt
		tag := s << (64 - t.shift) >> 48 << 48
		for p := int(s >> t.shift); ; p = (p + 1) & mask {
			slot := t.index[p]
			if slot == 0 {
				rec, err := t.insert(p, tag, h, 16)
				if err != nil {
					return err
				}
				*(*uint64)(unsafe.Add(rec, at)) = owner
				*(*int64)(unsafe.Add(rec, at+8)) = x
				t.fresh = append(t.fresh, int32(i))
				recs[i] = rec
				break
			}
			if (slot^tag)>>48 != 0 {
				continue
			}
			rec := t.log.at(slot&(1<<48-1) - 1)
			if *(*uint64)(rec) == h && *(*uint64)(unsafe.Add(rec, at)) == owner &&
				*(*uint32)(unsafe.Add(rec, recKeyLen)) == 16 && *(*int64)(unsafe.Add(rec, at+8)) == x {
				recs[i] = rec
				break
			}
		}
	}
	return nil
}

// touchAll is touch for hashes in the order of rows.
func (t *Table) touchAll(hashes []uint64) {
	var sum uint64
	for _, h := range hashes {
		sum += t.index[h*t.salt>>t.shift]
	}
	for _, h := range hashes {
		if slot := t.index[h*t.salt>>t.shift]; slot != 0 {
			sum += *(*uint64)(t.log.at(slot&(1<<48-1) - 1))
		}
	}
	t.mark = uint32(sum) // keeps the loads alive
}

// Owner is the record that a pair belongs to.
func (t *Table) Owner(rec unsafe.Pointer) unsafe.Pointer {
	return *(*unsafe.Pointer)(unsafe.Add(rec, recValue+t.width))
}

// SetOwner tells a pair that its owner has moved.
func (t *Table) SetOwner(rec, owner unsafe.Pointer) {
	*(*uint64)(unsafe.Add(rec, recValue+t.width)) = uint64(uintptr(owner))
}

// PairValue appends the value of a pair, in the row codec, to dst.
func (t *Table) PairValue(dst []byte, rec unsafe.Pointer) []byte {
	key := t.rawKey(rec)[8:]
	switch {
	case !t.pairInteger:
		return append(dst, key...)
	case len(key) == 1:
		return append(dst, 0)
	}
	return binary.AppendVarint(append(dst, 1), int64(binary.NativeEndian.Uint64(key)))
}
