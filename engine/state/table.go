package state

import (
	"bytes"
	"encoding/binary"
	"math/bits"
	"unsafe"

	"github.com/weir-streams/weir/engine/data"
)

// Table maps keys to records of a fixed width, off the heap. An index of 8-byte
// slots (16 bits of tag, 48 of address) points at records in an append log:
//
//	hash 8 | key length 4 | mark 4 | value width | key bytes, padded to 8
//
// A single integer key is 8 bytes as it is; other keys are rows in the row
// codec. Records never move while they live, so their addresses can be kept
// for the time of a batch. A table is used by one goroutine.
type Table struct {
	types   []data.Type
	width   int
	integer bool // one key column of 32 or 64 bit integers
	// pairInteger tells that the values of a pair table are such integers.
	pairInteger bool
	salt        uint64

	index []uint64
	shift uint
	count int
	log   arena
	dead  int64          // bytes of deleted records in the log
	null  unsafe.Pointer // record of the NULL key of an integer table

	// scratch for one batch
	encoded []byte
	recent  [recentRows]int32
	fresh   []int32
	hashes  []uint64
	mark    uint32
}

// ValueOffset is where the value part of a record begins.
const ValueOffset = 16

const (
	recHash   = 0
	recKeyLen = 8
	recMark   = 12
	recValue  = ValueOffset

	deadKey = ^uint32(0)
	nullKey = deadKey - 1 // NULL of an integer table
)

// NewTable makes a table for keys of the given types, with records of width
// bytes (rounded up to 8), all zero when new. salt should differ between tables
// that are filled from one another.
func NewTable(types []data.Type, width int, salt uint64, budget *Budget) *Table {
	t := &Table{types: types, width: (width + 7) &^ 7, salt: salt<<1 | 1}
	t.log.budget = budget
	if len(types) == 1 {
		p := types[0].Phys()
		t.integer = p == data.PhysI64 || p == data.PhysI32
	}
	t.salt *= 0x9E3779B97F4A7C15
	t.salt |= 1
	t.index = make([]uint64, smallestIndex)
	t.setShift()
	return t
}

const smallestIndex = 64

// setIndex replaces the index by an empty one of n slots.
func (t *Table) setIndex(n int) error {
	fresh, err := takeIndex(n)
	if err != nil {
		return err
	}
	giveIndex(t.index)
	t.index = fresh
	t.setShift()
	return nil
}

func (t *Table) setShift() { t.shift = uint(64 - bits.TrailingZeros(uint(len(t.index)))) }

// Len is the number of keys.
func (t *Table) Len() int { return t.count }

// Bytes is the memory held, in bytes.
func (t *Table) Bytes() int64 { return t.log.bytes() + int64(len(t.index))*8 }

// Free gives the memory back; the table is empty and usable afterwards.
func (t *Table) Free() {
	t.log.free()
	giveIndex(t.index)
	t.index = make([]uint64, smallestIndex)
	t.setShift()
	t.count, t.dead, t.null = 0, 0, nil
}

// Value returns the value part of a record.
func Value(rec unsafe.Pointer) unsafe.Pointer { return unsafe.Add(rec, recValue) }

// Hash returns the key hash stored in a record.
func Hash(rec unsafe.Pointer) uint64 { return *(*uint64)(rec) }

// Mark is a word of a record for the operator's own use within a batch.
func Mark(rec unsafe.Pointer) *uint32 { return (*uint32)(unsafe.Add(rec, recMark)) }

// Resolve finds the records of the rows of b that count, making those that are
// missing, into recs[0:len(rows)]; keys are the columns of the key. rows lists
// rows of the columns. It returns the positions in rows whose record is new.
// b.Hashes must be set (data.HashKeys over the same columns).
func (t *Table) Resolve(b *data.Batch, keys []int, rows []int32, recs []unsafe.Pointer) (fresh []int32, err error) {
	t.fresh = t.fresh[:0]
	if t.integer {
		err = t.resolveIntegers(b, b.Cols[keys[0]], rows, recs)
	} else {
		err = t.resolveRows(b, keys, rows, recs)
	}
	return t.fresh, err
}

func (t *Table) resolveIntegers(b *data.Batch, col *data.Vector, rows []int32, recs []unsafe.Pointer) error {
	if err := t.reserve(len(rows)); err != nil {
		return err
	}
	wide := col.Type.Phys() == data.PhysI64
	if len(t.index) > 1<<15 {
		t.touch(b.Hashes, rows)
	}
	mask := len(t.index) - 1
	for i, r := range rows {
		if col.Nulls != nil && col.IsNull(int(r)) {
			rec, err := t.nullRecord(b.Hashes[r], int32(i))
			if err != nil {
				return err
			}
			recs[i] = rec
			continue
		}
		var key int64
		if wide {
			key = col.I64[r]
		} else {
			key = int64(col.I32[r])
		}
		h := b.Hashes[r]
		s := h * t.salt
		tag := s << (64 - t.shift) >> 48 << 48
		for p := int(s >> t.shift); ; p = (p + 1) & mask {
			slot := t.index[p]
			if slot == 0 {
				rec, err := t.insert(p, tag, h, 8)
				if err != nil {
					return err
				}
				*(*int64)(unsafe.Add(rec, recValue+t.width)) = key
				t.fresh = append(t.fresh, int32(i))
				recs[i] = rec
				break
			}
			if (slot^tag)>>48 == 0 {
				rec := t.log.at(slot&(1<<48-1) - 1)
				if *(*int64)(unsafe.Add(rec, recValue+t.width)) == key && *(*uint32)(unsafe.Add(rec, recKeyLen)) != nullKey {
					recs[i] = rec
					break
				}
			}
		}
	}
	return nil
}

// touch loads the index slots and records of a batch, so that the misses of
// independent rows overlap instead of following one another.
func (t *Table) touch(hashes []uint64, rows []int32) {
	var sum uint64
	for _, r := range rows {
		sum += t.index[hashes[r]*t.salt>>t.shift]
	}
	for _, r := range rows {
		if slot := t.index[hashes[r]*t.salt>>t.shift]; slot != 0 {
			sum += *(*uint64)(t.log.at(slot&(1<<48-1) - 1))
		}
	}
	t.mark = uint32(sum) // keeps the loads alive
}

func (t *Table) nullRecord(h uint64, position int32) (unsafe.Pointer, error) {
	if t.null != nil {
		return t.null, nil
	}
	_, rec, err := t.log.alloc(recValue + t.width + 8)
	if err != nil {
		return nil, err
	}
	*(*uint64)(rec) = h
	*(*uint32)(unsafe.Add(rec, recKeyLen)) = nullKey
	t.null = rec
	t.count++
	t.fresh = append(t.fresh, position)
	return rec, nil
}

func (t *Table) resolveRows(b *data.Batch, keys []int, rows []int32, recs []unsafe.Pointer) error {
	if err := t.reserve(len(rows)); err != nil {
		return err
	}
	if len(t.index) > 1<<15 {
		t.touch(b.Hashes, rows)
	}
	// Rows whose key came before in the batch need no look-up: recent has, by hash,
	// positions of rows already resolved.
	recent := &t.recent
	clear(recent[:])
	for i, r := range rows {
		h := b.Hashes[r]
		place := &recent[h>>32&(recentRows-1)]
		if *place > 0 {
			if like := rows[*place-1]; b.Hashes[like] == h && sameKey(b, keys, int(like), int(r)) {
				recs[i] = recs[*place-1]
				continue
			}
		}
		*place = int32(i) + 1
		key := data.EncodeRow(t.encoded[:0], b.Cols, keys, int(r))
		t.encoded = key
		rec, isNew, err := t.find(h, key, true)
		if err != nil {
			return err
		}
		if isNew {
			t.fresh = append(t.fresh, int32(i))
		}
		recs[i] = rec
	}
	return nil
}

const recentRows = 256

// sameKey tells whether two rows surely have the same key.
func sameKey(b *data.Batch, keys []int, i, j int) bool {
	for _, k := range keys {
		if c := b.Cols[k]; !data.EqualAt(c, i, c, j) {
			return false
		}
	}
	return true
}

// Find returns the record of an encoded key, nil if there is none; with make it
// is made. Integer tables encode their key in the row codec here as well.
func (t *Table) Find(hash uint64, key []byte, make bool) (rec unsafe.Pointer, isNew bool, err error) {
	if !t.integer {
		if make {
			if err := t.reserve(1); err != nil {
				return nil, false, err
			}
		}
		return t.find(hash, key, make)
	}
	if key[0] == 0 {
		if t.null == nil && make {
			t.fresh = t.fresh[:0]
			rec, err = t.nullRecord(hash, 0)
			return rec, err == nil, err
		}
		return t.null, false, nil
	}
	x, _ := binary.Varint(key[1:])
	if make {
		if err := t.reserve(1); err != nil {
			return nil, false, err
		}
	}
	var raw [8]byte
	binary.NativeEndian.PutUint64(raw[:], uint64(x))
	return t.find(hash, raw[:], make)
}

func (t *Table) find(h uint64, key []byte, make bool) (unsafe.Pointer, bool, error) {
	s := h * t.salt
	tag := s << (64 - t.shift) >> 48 << 48
	mask := len(t.index) - 1
	for p := int(s >> t.shift); ; p = (p + 1) & mask {
		slot := t.index[p]
		if slot == 0 {
			if !make {
				return nil, false, nil
			}
			rec, err := t.insert(p, tag, h, len(key))
			if err != nil {
				return nil, false, err
			}
			copy(unsafe.Slice((*byte)(unsafe.Add(rec, recValue+t.width)), len(key)), key)
			return rec, true, nil
		}
		if (slot^tag)>>48 != 0 {
			continue
		}
		rec := t.log.at(slot&(1<<48-1) - 1)
		if *(*uint64)(rec) == h && bytes.Equal(t.rawKey(rec), key) {
			return rec, false, nil
		}
	}
}

func (t *Table) insert(p int, tag, h uint64, keyLen int) (unsafe.Pointer, error) {
	addr, rec, err := t.log.alloc((recValue + t.width + keyLen + 7) &^ 7)
	if err != nil {
		return nil, err
	}
	*(*uint64)(rec) = h
	*(*uint32)(unsafe.Add(rec, recKeyLen)) = uint32(keyLen)
	t.index[p] = tag | (addr + 1)
	t.count++
	return rec, nil
}

func (t *Table) rawKey(rec unsafe.Pointer) []byte {
	n := *(*uint32)(unsafe.Add(rec, recKeyLen))
	return unsafe.Slice((*byte)(unsafe.Add(rec, recValue+t.width)), n)
}

// Key appends the key of a record, in the row codec, to dst.
func (t *Table) Key(dst []byte, rec unsafe.Pointer) []byte {
	if !t.integer {
		return append(dst, t.rawKey(rec)...)
	}
	if *(*uint32)(unsafe.Add(rec, recKeyLen)) == nullKey {
		return append(dst, 0)
	}
	return binary.AppendVarint(append(dst, 1), *(*int64)(unsafe.Add(rec, recValue+t.width)))
}

// Alive tells whether a record has not been deleted.
func Alive(rec unsafe.Pointer) bool { return *(*uint32)(unsafe.Add(rec, recKeyLen)) != deadKey }

// Reserve makes room for n more keys, so that filling does not rehash.
func (t *Table) Reserve(n int) error { return t.reserve(n) }

func (t *Table) reserve(n int) error {
	need := 2 * (t.count + n)
	if need <= len(t.index) {
		return nil
	}
	size := len(t.index)
	for size < need {
		size *= 2
	}
	if err := t.setIndex(size); err != nil {
		return err
	}
	t.Each(func(addr uint64, rec unsafe.Pointer) bool {
		t.link(addr, rec)
		return true
	})
	return nil
}

func (t *Table) link(addr uint64, rec unsafe.Pointer) {
	if rec == t.null {
		return
	}
	s := *(*uint64)(rec) * t.salt
	tag := s << (64 - t.shift) >> 48 << 48
	mask := len(t.index) - 1
	p := int(s >> t.shift)
	for t.index[p] != 0 {
		p = (p + 1) & mask
	}
	t.index[p] = tag | (addr + 1)
}

// Each calls f for every record, in the order in which they were made, until f
// returns false. f may delete the record it is given.
func (t *Table) Each(f func(addr uint64, rec unsafe.Pointer) bool) {
	for k := range t.log.segments {
		s := &t.log.segments[k]
		for off := 0; off < s.used; {
			rec := unsafe.Pointer(&s.mem[off])
			keyLen := *(*uint32)(unsafe.Add(rec, recKeyLen))
			size := recValue + t.width
			switch keyLen {
			case nullKey:
				size += 8
			case deadKey:
				size = int(*(*uint32)(unsafe.Add(rec, recMark)))
				off += size
				continue
			default:
				size += int(keyLen)
			}
			if !f(uint64(k)<<32|uint64(off), rec) {
				return
			}
			off += (size + 7) &^ 7
		}
	}
}

// Delete removes a record. Its memory comes back when half of the log is dead.
func (t *Table) Delete(rec unsafe.Pointer) {
	size := recValue + t.width + 8
	if rec == t.null {
		t.null = nil
	} else {
		t.unlink(rec)
		size = (recValue + t.width + int(*(*uint32)(unsafe.Add(rec, recKeyLen))) + 7) &^ 7
	}
	*(*uint32)(unsafe.Add(rec, recKeyLen)) = deadKey
	*(*uint32)(unsafe.Add(rec, recMark)) = uint32(size)
	t.count--
	t.dead += int64(size)
}

func (t *Table) unlink(rec unsafe.Pointer) {
	s := *(*uint64)(rec) * t.salt
	mask := len(t.index) - 1
	p := int(s >> t.shift)
	for t.log.at(t.index[p]&(1<<48-1)-1) != rec {
		p = (p + 1) & mask
	}
	// Close the gap: move back every later entry of the cluster that may not stand
	// after an empty slot.
	for q := (p + 1) & mask; t.index[q] != 0; q = (q + 1) & mask {
		other := t.log.at(t.index[q]&(1<<48-1) - 1)
		home := int(*(*uint64)(other) * t.salt >> t.shift)
		if (q-home)&mask >= (q-p)&mask {
			t.index[p] = t.index[q]
			p = q
		}
	}
	t.index[p] = 0
}

// NeedsCompaction tells whether more than half of the log, and at least 1 MiB, is dead.
func (t *Table) NeedsCompaction() bool {
	return t.dead > 1<<20 && 2*t.dead > t.log.bytes()
}

// Compact copies the live records into fresh memory. Every address and pointer
// into the table changes; moved is told of each record.
func (t *Table) Compact(moved func(from, to unsafe.Pointer)) error {
	old := t.log
	fresh := Table{types: t.types, width: t.width, integer: t.integer, pairInteger: t.pairInteger, salt: t.salt, log: arena{budget: old.budget}}
	err := fresh.setIndex(len(t.index))
	if err != nil {
		return err
	}
	t.Each(func(_ uint64, rec unsafe.Pointer) bool {
		size := recValue + t.width + 8
		if rec != t.null {
			size = (recValue + t.width + int(*(*uint32)(unsafe.Add(rec, recKeyLen))) + 7) &^ 7
		}
		var addr uint64
		var to unsafe.Pointer
		if addr, to, err = fresh.log.alloc(size); err != nil {
			return false
		}
		copy(unsafe.Slice((*byte)(to), size), unsafe.Slice((*byte)(rec), size))
		if rec == t.null {
			fresh.null = to
		} else {
			fresh.link(addr, to)
		}
		moved(rec, to)
		return true
	})
	if err != nil {
		fresh.log.free()
		giveIndex(fresh.index)
		return err
	}
	giveIndex(t.index)
	t.index, t.shift, t.log, t.null, t.dead = fresh.index, fresh.shift, fresh.log, fresh.null, 0
	old.free()
	return nil
}
