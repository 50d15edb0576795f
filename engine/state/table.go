package state

import (
	"encoding/binary"
	"errors"
	"unsafe"

	"github.com/weir-streams/weir/engine/data"
)

// Table maps keys to records of a fixed width, off the heap: an index of 8-byte
// slots points at records in an append log. Records never move while they live,
// so their addresses can be kept for the time of a batch. A table is used by
// one goroutine.
//
// Resolve is for writing and Lookup for reading: a record may only be changed
// after Resolve, ResolvePairs, Find with make, or Touch, until the next call of
// one of them on that table, so that a snapshot under way gets to see it first.
type Table struct {
	types   []data.Type
	phys    []data.Phys // of types
	width   int
	integer bool // one key column of 32 or 64 bit integers
	// pair tells that keys are an owner and a value, pairInteger that the values
	// are such integers.
	pair, pairInteger bool
	owners            *Table
	salt              uint64

	fixed int // size of records, 0: by their key
	area  int // where the key area begins
	keyAt int // where the key's length is

	index
	growing
	count int
	log   arena
	dead  int64 // bytes of deleted records in the log

	epochs
	ttl
	cold cold

	// scratch for one batch
	encoded []byte
	recent  [recentRows]int32
	fresh   []int32
	hashes  []uint64
	sum     uint64
	touched int // how far in the segment that goes to the file
}

// NewTable makes a table for keys of the given types, with records of width
// bytes (rounded up to 8), all zero when new. salt should differ between tables
// that are filled from one another.
func NewTable(types []data.Type, width int, salt uint64, budget *Budget) *Table {
	t := &Table{types: types, width: (width + 7) &^ 7, salt: salt<<1 | 1}
	t.log.budget = budget
	for _, x := range types {
		t.phys = append(t.phys, x.Phys())
	}
	if len(types) == 1 {
		t.integer = t.phys[0] == data.PhysI64 || t.phys[0] == data.PhysI32
	}
	t.salt *= 0x9E3779B97F4A7C15
	t.salt |= 1
	t.epoch = 1
	t.layout()
	t.empty()
	return t
}

func (t *Table) empty() {
	t.index = index{slots: make([]uint64, smallestIndex+indexSlack), homes: smallestIndex}
}

// Len is the number of keys.
func (t *Table) Len() int { return t.count }

// Bytes is what is held, in memory and on disk, in bytes.
func (t *Table) Bytes() int64 {
	return t.log.bytes() + int64(len(t.slots))*8 + t.gone.Bytes()
}

// Free gives the memory back; the table is empty and usable afterwards.
func (t *Table) Free() {
	t.drop()
	_ = t.accounted(0) // it gives
	t.log.free()
	t.empty()
	t.count, t.dead = 0, 0
	t.gone.Drop()
	t.epochs = epochs{epoch: 1}
	t.cold.drop()
}

// Resolve finds the records of the rows of b that count, making those that are
// missing, into recs[0:len(rows)]; keys are the columns of the key. rows lists
// rows of the columns. It returns the positions in rows whose record is new.
// b.Hashes must be set (data.HashKeys over the same columns).
func (t *Table) Resolve(b *data.Batch, keys []int, rows []int32, recs []unsafe.Pointer) (fresh []int32, err error) {
	t.fresh = t.fresh[:0]
	if err := t.reserve(len(rows)); err != nil {
		return nil, err
	}
	if t.large() {
		t.touch(b.Hashes, rows)
	}
	if t.integer {
		err = t.resolveIntegers(b, b.Cols[keys[0]], rows, recs)
	} else {
		err = t.resolveRows(b, keys, rows, recs)
	}
	if t.millis > 0 && err == nil {
		t.renew(recs[:len(rows)])
	}
	return t.fresh, err
}

// large tells whether looking up a batch pays to be done in passes.
func (t *Table) large() bool { return len(t.slots) > 1<<15 }

func (t *Table) resolveIntegers(b *data.Batch, col *data.Vector, rows []int32, recs []unsafe.Pointer) error {
	wide := col.Type.Phys() == data.PhysI64
	slots, homes, bases := t.slots, t.homes, t.log.bases
	now := t.now() | keyedFlag
	grows := t.old.slots != nil
	for i, r := range rows {
		h := b.Hashes[r]
		if col.Nulls != nil && col.IsNull(int(r)) {
			rec, isNew, err := t.find(&ident{hash: h, word: h}, true)
			if err != nil {
				return err
			}
			if isNew {
				t.fresh = append(t.fresh, int32(i))
				slots, homes, bases, grows = t.slots, t.homes, t.log.bases, t.old.slots != nil
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
		s := h * t.salt
		if grows && t.old.home(s) >= t.next {
			rec, isNew, err := t.find(&ident{hash: h, word: uint64(key), keyed: keyedFlag}, true)
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
				rec, err := t.insert(spot{&t.index, p}, &ident{hash: h, word: uint64(key), keyed: keyedFlag})
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
				rec, isNew, err := t.findFrom(spot{&t.index, p}, &ident{hash: h, word: uint64(key), keyed: keyedFlag})
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
			if *(*int64)(rec) != key {
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

// touch loads the index slots and records of a batch, so that the misses of
// independent rows overlap instead of following one another.
func (t *Table) touch(hashes []uint64, rows []int32) {
	var sum uint64
	grows := t.old.slots != nil
	slots, homes, bases := t.slots, t.homes, t.log.bases
	for _, r := range rows {
		s := hashes[r] * t.salt
		if grows {
			at := t.from(s)
			sum += at.x.slots[at.p]
			continue
		}
		sum += slots[s>>32*homes>>32]
	}
	heat := t.log.budget.over() && !t.log.movable
	for _, r := range rows {
		s := hashes[r] * t.salt
		var slot uint64
		if grows {
			at := t.from(s)
			slot = at.x.slots[at.p]
		} else {
			slot = slots[s>>32*homes>>32]
		}
		if slot == 0 {
			continue
		}
		k := slot & addressMask >> offsetBits
		if base := bases[k]; base != nil {
			sum += *(*uint64)(unsafe.Add(base, slot&offsetMask<<3))
		}
		if heat {
			t.log.segments[k].hot = true
		}
	}
	t.sum = sum // keeps the loads alive
}

func (t *Table) resolveRows(b *data.Batch, keys []int, rows []int32, recs []unsafe.Pointer) error {
	// Rows whose key came before in the batch need no look-up: recent has, by hash,
	// positions of rows already resolved.
	recent := &t.recent
	clear(recent[:])
	for i, r := range rows {
		h := b.Hashes[r]
		place := &recent[h>>32&(recentRows-1)]
		if *place > 0 {
			if like := rows[*place-1]; b.Hashes[like] == h && t.sameKey(b, keys, int(like), int(r)) {
				recs[i] = recs[*place-1]
				continue
			}
		}
		*place = int32(i) + 1
		key := data.EncodeRow(t.encoded[:0], b.Cols, keys, int(r))
		t.encoded = key
		if rec := t.glance(h, key); rec != nil {
			recs[i] = rec
			continue
		}
		rec, isNew, err := t.find(&ident{hash: h, word: h, key: key}, true)
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

// glance finds a record that is in memory and needs nothing done before it is
// changed: the usual case, made short.
func (t *Table) glance(h uint64, key []byte) unsafe.Pointer {
	if t.old.slots != nil {
		return nil
	}
	s := h * t.salt
	tag := tagOf(s)
	for p := s >> 32 * t.homes >> 32; ; p++ {
		slot := t.slots[p]
		if slot == 0 {
			return nil
		}
		if (slot^tag)>>addressBits != 0 {
			continue
		}
		base := t.log.bases[slot&addressMask>>offsetBits]
		if base == nil {
			return nil
		}
		rec := unsafe.Add(base, slot&offsetMask<<3)
		if *(*uint64)(rec) == h && *(*uint32)(unsafe.Add(rec, recEpoch)) == t.now() && string(t.rawKey(rec)) == string(key) {
			return rec
		}
	}
}

const recentRows = 256

// sameKey tells whether two rows surely have the same key.
func (t *Table) sameKey(b *data.Batch, keys []int, i, j int) bool {
	for n, k := range keys {
		c := b.Cols[k]
		if c.Nulls == nil {
			switch t.phys[n] {
			case data.PhysI64:
				if c.I64[i] != c.I64[j] {
					return false
				}
				continue
			case data.PhysString:
				if c.Views[i] == c.Views[j] {
					continue // the very same bytes
				}
			}
		}
		if !data.EqualAt(c, i, c, j) {
			return false
		}
	}
	return true
}

// Lookup finds the records of rows of b for reading, as Resolve does, nil where
// there is none. They must not be changed, and are valid until the next call.
func (t *Table) Lookup(b *data.Batch, keys []int, rows []int32, recs []unsafe.Pointer) error {
	if err := t.tend(0); err != nil {
		return err
	}
	t.cold.used = 0
	if t.large() {
		t.touch(b.Hashes, rows)
	}
	if t.integer {
		col := b.Cols[keys[0]]
		for i, r := range rows {
			k := ident{hash: b.Hashes[r], word: b.Hashes[r]}
			if !col.IsNull(int(r)) {
				k.keyed = keyedFlag
				if col.Type.Phys() == data.PhysI64 {
					k.word = uint64(col.I64[r])
				} else {
					k.word = uint64(int64(col.I32[r]))
				}
			}
			var err error
			if recs[i], err = t.read(&k); err != nil {
				return err
			}
		}
		return nil
	}
	for i, r := range rows {
		t.encoded = data.EncodeRow(t.encoded[:0], b.Cols, keys, int(r))
		var err error
		if recs[i], err = t.read(&ident{hash: b.Hashes[r], word: b.Hashes[r], key: t.encoded}); err != nil {
			return err
		}
	}
	return nil
}

// Find returns the record of an encoded key, nil if there is none. With make it
// is made if it is missing, and may be changed; without it is for reading.
// Integer tables have their key in the row codec here as well.
func (t *Table) Find(hash uint64, key []byte, make bool) (rec unsafe.Pointer, isNew bool, err error) {
	k := ident{hash: hash, word: hash, key: key}
	if t.integer && key[0] != 0 {
		x, _ := binary.Varint(key[1:])
		k.word, k.keyed = uint64(x), keyedFlag
	}
	if make {
		if err := t.reserve(1); err != nil {
			return nil, false, err
		}
	}
	rec, isNew, err = t.find(&k, make)
	if make && err == nil && t.millis > 0 {
		if t.Expired(rec) {
			t.anew(rec)
			isNew = true
		}
		t.SetStamp(rec, t.Now)
	}
	return rec, isNew, err
}

// look finds the place in the index and the record of a key, nil if there is
// none. A record that is not in memory is valid until the next one is read.
func (t *Table) look(k *ident) (spot, unsafe.Pointer, error) {
	return t.lookFrom(t.from(k.hash*t.salt), k)
}

func (t *Table) lookFrom(at spot, k *ident) (spot, unsafe.Pointer, error) {
	tag := tagOf(k.hash * t.salt)
	for ; ; at.p++ {
		slot := at.x.slots[at.p]
		if slot == 0 {
			return at, nil, nil
		}
		if (slot^tag)>>addressBits == 0 {
			rec, err := t.record(slot & addressMask)
			if err != nil {
				return at, nil, err
			}
			if t.is(rec, k) {
				return at, rec, nil
			}
		}
	}
}

// read finds the record of a key for reading.
func (t *Table) read(k *ident) (unsafe.Pointer, error) {
	at, rec, err := t.look(k)
	if rec != nil && t.Expired(rec) {
		return nil, err
	}
	if rec != nil && t.log.bases[at.address()>>offsetBits] == nil {
		rec = t.cold.keep(rec, t.sizeOf(rec))
	}
	return rec, err
}

func (t *Table) find(k *ident, make bool) (unsafe.Pointer, bool, error) {
	if !make {
		rec, err := t.read(k)
		return rec, false, err
	}
	return t.findFrom(t.from(k.hash*t.salt), k)
}

// findFrom finds the record of a key for writing, looking from a place on.
func (t *Table) findFrom(at spot, k *ident) (unsafe.Pointer, bool, error) {
	at, rec, err := t.lookFrom(at, k)
	if err != nil {
		return nil, false, err
	}
	if rec == nil {
		rec, err := t.insert(at, k)
		return rec, err == nil, err
	}
	addr := at.address()
	if t.log.bases[addr>>offsetBits] == nil {
		rec, err = t.bring(at, rec)
		return rec, false, err
	}
	if *(*uint32)(unsafe.Add(rec, recEpoch))&^keyedFlag != t.now() {
		return rec, false, t.changing(addr, rec)
	}
	return rec, false, nil
}

// insert makes the record of a key whose search ended at an empty slot.
func (t *Table) insert(at spot, k *ident) (unsafe.Pointer, error) {
	addr, rec, err := t.log.alloc(t.recordSize(len(k.key)))
	if err != nil {
		return nil, err
	}
	t.write(rec, k)
	t.log.segments[addr>>offsetBits].epoch = t.epoch
	t.count++
	s := k.hash * t.salt
	for ok := at.x.put(s, addr, at.x.home(s), at.p); !ok; ok = t.set(s, addr) {
		if err := t.rebuild(t.homes, 2*t.slack()); err != nil {
			return nil, err
		}
	}
	return rec, nil
}

// Each calls f for every record, in the order in which they were made, until f
// returns false. f may delete the record it is given, and must not change it.
//
// Records that are not in memory are valid during the call.
func (t *Table) Each(f func(addr uint64, rec unsafe.Pointer) bool) error {
	return t.each(func(addr uint64, rec unsafe.Pointer) bool { return t.Expired(rec) || f(addr, rec) })
}

func (t *Table) each(f func(addr uint64, rec unsafe.Pointer) bool) error {
	var buffer []uint64
	for k := 1; k < len(t.log.segments); k++ {
		base := t.log.bases[k]
		if t.log.segments[k].place == outside {
			var err error
			if buffer, err = t.load(buffer, k); err != nil {
				return err
			}
			base = unsafe.Pointer(&buffer[0])
		}
		for off := 0; off < t.log.segments[k].used; {
			rec := unsafe.Add(base, off)
			addr := uint64(k)<<offsetBits | uint64(off)>>3
			off += t.sizeOf(rec)
			if epochOf(rec) != deadEpoch && t.counts(k, addr, rec) && !f(addr, rec) {
				return nil
			}
		}
	}
	return nil
}

// Delete removes a record. Its memory comes back when half of the log is dead.
func (t *Table) Delete(rec unsafe.Pointer) error {
	k := t.identOf(rec)
	at, rec, err := t.look(&k)
	if err != nil || rec == nil {
		return err
	}
	addr := at.address()
	seg := &t.log.segments[addr>>offsetBits]
	size := t.sizeOf(rec)
	if err := t.remember(addr, rec); err != nil {
		return err
	}
	if err := t.forget(rec); err != nil {
		return err
	}
	if seg.place == outside {
		t.leave(seg, size)
	} else {
		setEpoch(rec, deadEpoch)
		t.dead += int64(size)
	}
	t.count--
	return t.remove(at)
}

// NeedsCompaction tells whether more than half of the log, and at least 1 MiB, is
// dead. Movable tables see to that themselves.
func (t *Table) NeedsCompaction() bool {
	return t.dead > 1<<20 && 2*t.dead > t.log.bytes() && !t.passing() && !t.log.movable
}

// Compact copies the live records into fresh memory. Every address and pointer
// into the table changes; moved is told of each record. What a snapshot under
// way has not got yet is written first.
func (t *Table) Compact(moved func(from, to unsafe.Pointer)) error {
	if t.log.outside > 0 {
		return errors.New("a table whose records are not in memory cannot be compacted at once")
	}
	for t.passing() {
		if _, err := t.Continue(1 << 20); err != nil {
			return err
		}
	}
	log := arena{budget: t.log.budget, movable: t.log.movable}
	if t.old.slots != nil {
		if err := t.grow(uint64(len(t.old.slots))); err != nil {
			return err
		}
	}
	account := t.account
	if err := t.accounted(account + int64(8*len(t.slots))); err != nil {
		return err
	}
	slots, err := takeIndex(len(t.slots))
	if err != nil {
		return err
	}
	copy(slots, t.slots)
	each := t.each(func(from uint64, rec unsafe.Pointer) bool {
		size := t.sizeOf(rec)
		var addr uint64
		var to unsafe.Pointer
		if addr, to, err = log.alloc(size); err != nil {
			return false
		}
		copy(unsafe.Slice((*byte)(to), size), unsafe.Slice((*byte)(rec), size))
		seg := &log.segments[addr>>offsetBits]
		seg.epoch = max(seg.epoch, epochOf(rec))
		k := t.identOf(to)
		at, _ := t.spotOf(k.hash, from)
		slots[at.p] = slots[at.p]&^addressMask | addr
		moved(rec, to)
		return true
	})
	if err = errors.Join(err, each); err != nil {
		log.free()
		giveIndex(slots, true)
		return errors.Join(err, t.accounted(account))
	}
	old := t.log
	giveIndex(t.slots, true)
	t.slots = slots
	t.log, t.dead = log, 0
	old.free()
	return t.accounted(account)
}
