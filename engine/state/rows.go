package state

import (
	"errors"
	"unsafe"
)

// Rows keeps records of any size off the heap in the order in which they came,
// each with a number that grows with time, and takes snapshots of them record by
// record: all, or what came, changed and went since the last completed one (see
// Table). Records that go leave room, which comes back when most of a segment has
// gone: what is left of it is then moved to the end.
type Rows struct {
	mem    arena
	alive  []int64 // bytes of records that are there, by segment
	living int64   // their sum
	used   int64   // bytes of records that were made in the segments there are
	len    int
	number int64 // of the last record

	epoch     uint32 // the present one, from 1
	completed uint32 // the last one a completed snapshot has
	durable   int64  // number of the last record that a completed snapshot may have
	pass      rowsPass
	gone      Gone

	// Name gives what tells a record from others in a snapshot, appended to dst, and
	// the hash of its key. It must be set before the first snapshot.
	Name func(dst []byte, rec unsafe.Pointer) (id []byte, hash uint64)
	name []byte
}

type rowsPass struct {
	begun, full bool
	epoch       uint32
	number      int64  // of the last record
	next, end   uint64 // addresses
	put         func(rec unsafe.Pointer) error
}

// Before each record: its size with this header, its epoch, its number.
const (
	rowsHeader = 16
	rowsEpoch  = 4
	rowsNumber = 8
)

// NewRows makes an empty store.
func NewRows(budget *Budget) *Rows { return &Rows{mem: arena{budget: budget}, epoch: 1} }

// Add makes a record of each of some sizes with head bytes more before it, and
// returns their addresses, never 0, and the records. What is in them is not set,
// but for the head, which is zero.
func (r *Rows) Add(head int, sizes []int32, addrs []uint64, recs []unsafe.Pointer) error {
	if err := r.mem.tend(); err != nil {
		return err
	}
	for i, n := range sizes {
		size := (rowsHeader + head + int(n) + 7) &^ 7
		at, p, err := r.mem.alloc(size)
		if err != nil {
			return err
		}
		k := int(at >> offsetBits)
		for len(r.alive) <= k {
			r.alive = append(r.alive, 0)
		}
		r.alive[k] += int64(size)
		r.living += int64(size)
		r.used += int64(size)
		r.len++
		r.number++
		*(*uint32)(p) = uint32(size)
		*(*uint32)(unsafe.Add(p, rowsEpoch)) = r.epoch
		*(*int64)(unsafe.Add(p, rowsNumber)) = r.number
		r.mem.segments[k].epoch = r.epoch
		addrs[i], recs[i] = at, unsafe.Add(p, rowsHeader)
	}
	return nil
}

// At is the record at an address. It may be changed after Touch, and when it was
// made since the last Begin.
func (r *Rows) At(addr uint64) unsafe.Pointer { return unsafe.Add(r.mem.at(addr), rowsHeader) }

// Number is that of a record.
func Number(rec unsafe.Pointer) int64 {
	return *(*int64)(unsafe.Add(rec, rowsNumber-rowsHeader))
}

// SetNumber gives a record that was just made the number it had before it was
// restored. Records made later have greater ones.
func (r *Rows) SetNumber(rec unsafe.Pointer, number int64) {
	*(*int64)(unsafe.Add(rec, rowsNumber-rowsHeader)) = number
	r.number = max(r.number, number)
}

// Last is the greatest number given out.
func (r *Rows) Last() int64 { return r.number }

func rowEpoch(rec unsafe.Pointer) *uint32 { return (*uint32)(unsafe.Add(rec, rowsEpoch-rowsHeader)) }

// due tells whether the snapshot under way has still to write a record.
func (r *Rows) due(addr uint64, rec unsafe.Pointer) bool {
	p := &r.pass
	e := *rowEpoch(rec)
	return addr >= p.next && addr < p.end && e <= p.epoch && (p.full || e > r.completed)
}

// Touch says that a record is about to be changed.
func (r *Rows) Touch(addr uint64) error {
	rec := r.At(addr)
	if *rowEpoch(rec) == r.epoch {
		return nil
	}
	if r.due(addr, rec) {
		if err := r.pass.put(rec); err != nil {
			return err
		}
	}
	*rowEpoch(rec) = r.epoch
	r.mem.segments[addr>>offsetBits].epoch = r.epoch
	return nil
}

// Drop forgets a record; each is dropped once at most.
func (r *Rows) Drop(addr uint64) error {
	rec := r.At(addr)
	if r.due(addr, rec) {
		if err := r.pass.put(rec); err != nil {
			return err
		}
	}
	if n := Number(rec); n <= r.durable || r.pass.begun && n <= r.pass.number {
		var hash uint64
		r.name, hash = r.Name(r.name[:0], rec)
		if err := r.gone.Add(r.mem.budget, hash, r.name); err != nil {
			return err
		}
	}
	r.leave(addr, rec)
	r.len--
	return nil
}

// leave marks a record as gone from its place.
func (r *Rows) leave(addr uint64, rec unsafe.Pointer) {
	*rowEpoch(rec) = deadEpoch
	size := int64(*(*uint32)(unsafe.Add(rec, -rowsHeader)))
	k := int(addr >> offsetBits)
	r.alive[k] -= size
	r.living -= size
	if r.alive[k] == 0 && k < len(r.mem.segments)-1 {
		r.freeSegment(k)
	}
}

func (r *Rows) freeSegment(k int) {
	r.used -= int64(r.mem.segments[k].used)
	r.mem.freeSegment(k)
}

// Each calls f for every record, in the order in which they came unless they were
// moved. f may drop the record it is given.
func (r *Rows) Each(f func(addr uint64, rec unsafe.Pointer) error) error {
	for k := 1; k < len(r.mem.segments); k++ {
		if err := r.each(k, f); err != nil {
			return err
		}
	}
	return nil
}

func (r *Rows) each(k int, f func(addr uint64, rec unsafe.Pointer) error) error {
	for off := 0; off < r.mem.segments[k].used; { // none once it is freed
		p := unsafe.Add(r.mem.bases[k], off)
		addr := uint64(k)<<offsetBits | uint64(off)>>3
		off += int(*(*uint32)(p))
		if rec := unsafe.Add(p, rowsHeader); *rowEpoch(rec) != deadEpoch {
			if err := f(addr, rec); err != nil {
				return err
			}
		}
	}
	return nil
}

// movedAtOnce is how many segments Settle empties at most.
const movedAtOnce = 4

// Settle gives back memory of records that went, if there is much of it: it moves
// some records and tells of each. It is called between batches.
func (r *Rows) Settle(moved func(from, to uint64, rec unsafe.Pointer)) error {
	for n := 0; n < movedAtOnce && r.used-r.living > 1<<20 && 2*r.living < r.used; n++ {
		k, most := 0, int64(0)
		for i := 1; i < len(r.mem.segments)-1; i++ {
			if s := &r.mem.segments[i]; s.mem != nil {
				if lost := int64(s.used) - r.alive[i]; lost > most && 2*r.alive[i] < int64(s.used) {
					k, most = i, lost
				}
			}
		}
		if k == 0 {
			return r.another()
		}
		if err := r.move(k, moved); err != nil {
			return err
		}
	}
	return nil
}

// another makes that the next record begins a segment if much of the last one has gone.
func (r *Rows) another() error {
	k := len(r.mem.segments) - 1
	if s := &r.mem.segments[k]; 2*r.alive[k] >= int64(s.used) || s.used < 64<<10 {
		return nil
	}
	if err := r.mem.grow(0); err != nil {
		return err
	}
	r.alive = append(r.alive, 0)
	if r.alive[k] == 0 {
		r.freeSegment(k)
	}
	return nil
}

// move brings what is left of a segment to the end.
func (r *Rows) move(k int, moved func(from, to uint64, rec unsafe.Pointer)) error {
	err := r.each(k, func(from uint64, rec unsafe.Pointer) error {
		if r.due(from, rec) {
			if err := r.pass.put(rec); err != nil {
				return err
			}
		}
		size := int(*(*uint32)(unsafe.Add(rec, -rowsHeader)))
		to, p, err := r.mem.alloc(size)
		if err != nil {
			return err
		}
		copy(unsafe.Slice((*uint64)(p), size/8), unsafe.Slice((*uint64)(unsafe.Add(rec, -rowsHeader)), size/8))
		n := int(to >> offsetBits)
		for len(r.alive) <= n {
			r.alive = append(r.alive, 0)
		}
		r.alive[n] += int64(size)
		r.living += int64(size)
		r.used += int64(size)
		there := unsafe.Add(p, rowsHeader)
		if s := &r.mem.segments[n]; *rowEpoch(there) > s.epoch {
			s.epoch = *rowEpoch(there)
		}
		moved(from, to, there)
		*rowEpoch(rec) = deadEpoch
		r.alive[k] -= int64(size)
		r.living -= int64(size)
		return nil
	})
	if err == nil {
		if r.alive[k] != 0 {
			return errors.New("records of a segment were lost")
		}
		r.freeSegment(k)
	}
	return err
}

// Begin fixes the records of this moment for a snapshot, as Table.Begin does.
func (r *Rows) Begin(full bool, put func(rec unsafe.Pointer) error) {
	r.End(false)
	r.pass = rowsPass{begun: true, full: full, epoch: r.epoch, number: r.number, next: 1 << offsetBits, end: r.mem.end(), put: put}
	r.gone.Begin()
	r.epoch++
}

// Deleted calls f for n of the records that went between the last completed
// snapshot and the one begun last: what tells them from others. It tells whether
// these were the last.
func (r *Rows) Deleted(n int, f func(hash uint64, id []byte) error) (done bool, err error) {
	return r.gone.Some(n, f)
}

// Continue writes about n records of the snapshot begun last. It tells whether
// all are written.
func (r *Rows) Continue(n int) (done bool, err error) {
	n *= visitCost
	for p := &r.pass; p.next < p.end && n > 0; {
		k := int(p.next >> offsetBits)
		s := &r.mem.segments[k]
		if s.mem == nil || !p.full && s.epoch <= r.completed {
			p.next = uint64(k+1) << offsetBits
			continue
		}
		stop := s.used
		if k == int(p.end>>offsetBits) {
			stop = int(p.end & offsetMask << 3)
		}
		off := int(p.next & offsetMask << 3)
		for ; off < stop && n > 0; n-- {
			rec := unsafe.Add(r.mem.bases[k], off+rowsHeader)
			off += int(*(*uint32)(unsafe.Add(rec, -rowsHeader)))
			p.next = uint64(k)<<offsetBits + uint64(off)>>3
			if e := *rowEpoch(rec); e <= p.epoch && (p.full || e > r.completed) {
				if err := p.put(rec); err != nil {
					return false, err
				}
				n -= visitCost - 1
			}
		}
		if off >= stop {
			p.next = uint64(k+1) << offsetBits
		}
	}
	return r.pass.next >= r.pass.end, nil
}

// End says that the snapshot begun last is durable or was given up.
func (r *Rows) End(completed bool) {
	if !r.pass.begun {
		return
	}
	r.gone.End(completed)
	if completed {
		r.completed, r.durable = r.pass.epoch, r.pass.number
	} else if r.completed == 0 {
		r.gone.Drop() // nothing durable has them
	}
	r.pass = rowsPass{}
}

// Restored says that all there is came from a completed snapshot that the next
// one builds on.
func (r *Rows) Restored() {
	r.End(false)
	r.gone.Drop()
	r.completed, r.durable = r.epoch, r.number
	r.epoch++
}

// Len is the number of records.
func (r *Rows) Len() int { return r.len }

// Bytes is what is held, in memory and in the file.
func (r *Rows) Bytes() int64 { return r.mem.bytes() + r.gone.Bytes() }

// Free gives everything back; the store is empty then.
func (r *Rows) Free() {
	r.mem.free()
	r.gone.Drop()
	*r = Rows{mem: arena{budget: r.mem.budget}, epoch: 1, Name: r.Name}
}
