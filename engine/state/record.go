package state

import (
	"encoding/binary"
	"math/bits"
	"unsafe"

	"github.com/weir-streams/weir/engine/data"
)

// A record lies in the log as
//
//	word 8 | epoch 4 | mark 4 | value width | time of the last write 8, with a time to live | key area
//
// The word is the key itself where that is an integer, which a bit of the epoch
// tells, else the hash of the key. The key area is nothing for integers, else
// the key in the row codec behind its length (4 bytes), padded to 8. That of a
// pair begins with the address of its owner.

// ValueOffset is where the value part of a record begins.
const ValueOffset = 16

const (
	recEpoch = 8
	recMark  = 12
	recValue = ValueOffset

	keyedFlag = 1 << 31 // the word is the key
	hotFlag   = 1 << 30 // resolved more than once since eviction came by; movable tables only
	epochMask = hotFlag - 1
	deadEpoch = epochMask // the record was deleted
)

// Value returns the value part of a record.
func Value(rec unsafe.Pointer) unsafe.Pointer { return unsafe.Add(rec, recValue) }

// Hash returns the hash of a record's key. It must not be used on pairs.
func Hash(rec unsafe.Pointer) uint64 {
	word := *(*uint64)(rec)
	if *(*uint32)(unsafe.Add(rec, recEpoch))&keyedFlag != 0 {
		return data.HashInt(int64(word))
	}
	return word
}

// Mark is a word of a record for the operator's own use within a batch.
func Mark(rec unsafe.Pointer) *uint32 { return (*uint32)(unsafe.Add(rec, recMark)) }

// Alive tells whether a record has not been deleted.
func Alive(rec unsafe.Pointer) bool { return epochOf(rec) != deadEpoch }

func epochOf(rec unsafe.Pointer) uint32 {
	return *(*uint32)(unsafe.Add(rec, recEpoch)) & epochMask
}

func setEpoch(rec unsafe.Pointer, epoch uint32) {
	e := (*uint32)(unsafe.Add(rec, recEpoch))
	*e = *e&^epochMask | epoch
}

// ident is a key as it is compared with records.
type ident struct {
	hash  uint64
	word  uint64 // first word of its record
	keyed uint32 // keyedFlag if the word is the key
	owner uint64 // of pairs
	key   []byte // in the row codec, where records have it
}

// is tells whether a record has a key.
func (t *Table) is(rec unsafe.Pointer, k *ident) bool {
	if *(*uint64)(rec) != k.word || *(*uint32)(unsafe.Add(rec, recEpoch))&keyedFlag != k.keyed {
		return false
	}
	if t.pair && *(*uint64)(unsafe.Add(rec, t.area)) != k.owner {
		return false
	}
	return t.fixed != 0 || string(t.rawKey(rec)) == string(k.key)
}

// write makes a fresh record that of a key.
func (t *Table) write(rec unsafe.Pointer, k *ident) {
	*(*uint64)(rec) = k.word
	*(*uint32)(unsafe.Add(rec, recEpoch)) = t.epoch | k.keyed
	if t.millis > 0 {
		t.SetStamp(rec, t.Now)
	}
	if t.pair {
		*(*uint64)(unsafe.Add(rec, t.area)) = k.owner
	}
	if t.fixed == 0 {
		*(*uint32)(unsafe.Add(rec, t.keyAt)) = uint32(len(k.key))
		copy(unsafe.Slice((*byte)(unsafe.Add(rec, t.keyAt+4)), len(k.key)), k.key)
	}
}

// recordSize is the size of a record with a key of n bytes.
func (t *Table) recordSize(n int) int {
	if t.fixed != 0 {
		return t.fixed
	}
	return (t.keyAt + 4 + n + 7) &^ 7
}

func (t *Table) sizeOf(rec unsafe.Pointer) int {
	if t.fixed != 0 {
		return t.fixed
	}
	return (t.keyAt + 4 + int(*(*uint32)(unsafe.Add(rec, t.keyAt))) + 7) &^ 7
}

// layout sets the offsets in records from the kind of key and the width.
func (t *Table) layout() {
	t.area = recValue + t.width
	if t.millis > 0 {
		t.ttl.at = t.area
		t.area += 8
	}
	t.keyAt = t.area
	if t.pair {
		t.keyAt += 8
	}
	t.fixed = 0
	if t.integer || t.pairInteger {
		t.fixed = t.keyAt
	}
}

func (t *Table) rawKey(rec unsafe.Pointer) []byte {
	at := unsafe.Add(rec, t.keyAt)
	return unsafe.Slice((*byte)(unsafe.Add(at, 4)), *(*uint32)(at))
}

// identOf is the key of a record.
func (t *Table) identOf(rec unsafe.Pointer) ident {
	k := ident{word: *(*uint64)(rec), keyed: *(*uint32)(unsafe.Add(rec, recEpoch)) & keyedFlag}
	k.hash = k.word
	if t.pair {
		k.owner = *(*uint64)(unsafe.Add(rec, t.area))
		if k.keyed != 0 {
			k.hash = pairHash(t.Owner(rec), data.HashInt(int64(k.word)))
		}
	} else if k.keyed != 0 {
		k.hash = data.HashInt(int64(k.word))
	}
	if t.fixed == 0 {
		k.key = t.rawKey(rec)
	}
	return k
}

// Key appends the key of a record, in the row codec, to dst. For a pair it is
// its owner's key and its value.
func (t *Table) Key(dst []byte, rec unsafe.Pointer) []byte {
	if t.pair {
		if t.owners != nil {
			dst = t.owners.Key(dst, t.Owner(rec))
		}
		return t.PairValue(dst, rec)
	}
	return t.appendKey(dst, rec)
}

func (t *Table) appendKey(dst []byte, rec unsafe.Pointer) []byte {
	if t.fixed == 0 {
		return append(dst, t.rawKey(rec)...)
	}
	if *(*uint32)(unsafe.Add(rec, recEpoch))&keyedFlag == 0 {
		return append(dst, 0)
	}
	return binary.AppendVarint(append(dst, 1), *(*int64)(rec))
}

// KeyBytes returns the key of a record in the row codec: where possible the
// table's own bytes, valid until the record is deleted or moved, else in scratch.
func (t *Table) KeyBytes(rec unsafe.Pointer, scratch []byte) []byte {
	if t.fixed == 0 && !t.pair {
		return t.rawKey(rec)
	}
	return t.Key(scratch[:0], rec)
}

func pairHash(owner unsafe.Pointer, value uint64) uint64 {
	hi, lo := bits.Mul64(Hash(owner)^0x243F6A8885A308D3, value^0x9E3779B97F4A7C15)
	return hi ^ lo
}
