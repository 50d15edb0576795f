package state

import "unsafe"

// Snapshots are taken by epochs. A record has the epoch in which it was last
// changed; Begin ends an epoch. A snapshot is the records of epochs up to its
// own; an incremental one those since the last completed. A pass over the log
// writes them in slices; a record that is to be changed and that the pass has
// not come to is written first. What a snapshot that is given up had written is
// still newer than the last completed one, so nothing has to be undone.
type epochs struct {
	epoch     uint32 // the present one, from 1
	completed uint32 // the last one a completed snapshot has
	pass      pass
	gone      Gone // keys deleted since the last completed snapshot
}

type pass struct {
	begun     bool
	full      bool
	epoch     uint32
	next, end uint64 // addresses still to come
	put       func(rec unsafe.Pointer) error

	buffer []uint64 // the segment loaded from the file
	loaded int
}

// visitCost is how many records that need not be written count as one that is.
const visitCost = 16

// Begin fixes the records of this moment for a snapshot: all of them, or those
// that were changed since the last completed one. put is called with each of
// them, by Continue or before it is changed; it must not keep the record. Begin
// takes the same short time whatever the size of the table.
func (t *Table) Begin(full bool, put func(rec unsafe.Pointer) error) {
	t.End(false)
	t.pass = pass{begun: true, full: full, epoch: t.epoch, next: 1 << offsetBits, end: t.log.end(), put: put}
	t.gone.Begin()
	t.epoch++
}

func (t *Table) passing() bool { return t.pass.next < t.pass.end }

// Continue writes about n records of the snapshot begun last. It tells whether
// all are written.
func (t *Table) Continue(n int) (done bool, err error) {
	n *= visitCost
	for p := &t.pass; p.next < p.end && n > 0; {
		k := int(p.next >> offsetBits)
		s := &t.log.segments[k]
		if !p.full && s.epoch <= t.completed {
			p.next = uint64(k+1) << offsetBits
			continue
		}
		base := t.log.bases[k]
		if s.place == outside {
			if p.loaded != k {
				if p.buffer, err = t.load(p.buffer, k); err != nil {
					return false, err
				}
				p.loaded = k
			}
			base = unsafe.Pointer(&p.buffer[0])
		}
		stop := s.used
		if k == int(p.end>>offsetBits) {
			stop = int(p.end & offsetMask << 3)
		}
		off := int(p.next & offsetMask << 3)
		for ; off < stop && n > 0; n-- {
			rec := unsafe.Add(base, off)
			addr := uint64(k)<<offsetBits | uint64(off)>>3
			// The pass is beyond the record before it is written: put may look at others.
			off += t.sizeOf(rec)
			p.next = uint64(k)<<offsetBits + uint64(off)>>3
			if e := epochOf(rec); e <= p.epoch && (p.full || e > t.completed) && t.counts(k, addr, rec) {
				if t.Expired(rec) {
					if err := t.expire(rec); err != nil {
						return false, err
					}
					continue
				}
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
	if t.passing() {
		return false, nil
	}
	t.pass.buffer, t.pass.loaded = nil, 0
	return true, nil
}

// End says that the snapshot begun last is durable or was given up.
func (t *Table) End(completed bool) {
	if !t.pass.begun {
		return
	}
	t.gone.End(completed)
	if completed {
		t.completed = t.pass.epoch
	} else if t.completed == 0 {
		t.gone.Drop() // nothing durable has these keys
	}
	t.pass = pass{}
}

// Restored says that all there is came from a completed snapshot that the next
// one builds on.
func (t *Table) Restored() {
	t.End(false)
	t.gone.Drop()
	t.completed = t.epoch
	t.epoch++
}

// remember writes a record that is about to be changed, moved or deleted, if a
// snapshot under way needs it and has not got it.
func (t *Table) remember(addr uint64, rec unsafe.Pointer) error {
	p := &t.pass
	if addr < p.next || addr >= p.end {
		return nil
	}
	if e := epochOf(rec); e <= p.epoch && (p.full || e > t.completed) {
		return p.put(rec)
	}
	return nil
}

// changing makes a record that is about to be changed one of the present epoch.
func (t *Table) changing(addr uint64, rec unsafe.Pointer) error {
	if epochOf(rec) != t.epoch {
		if err := t.remember(addr, rec); err != nil {
			return err
		}
		t.log.segments[addr>>offsetBits].epoch = t.epoch
	}
	e := (*uint32)(unsafe.Add(rec, recEpoch))
	*e = *e&keyedFlag | t.now()
	return nil
}

// Touch says that a record which was reached by a pointer and not by Resolve is
// about to be changed.
func (t *Table) Touch(rec unsafe.Pointer) error {
	if epochOf(rec) == t.epoch {
		return nil
	}
	return t.changing(t.log.addressOf(rec), rec)
}

// forget keeps the key of a record that is being deleted.
func (t *Table) forget(rec unsafe.Pointer) error {
	if t.completed == 0 && !t.pass.begun {
		return nil
	}
	of := rec
	if t.pair {
		of = t.Owner(rec)
	}
	t.encoded = t.Key(t.encoded[:0], rec)
	return t.gone.Add(t.log.budget, Hash(of), t.encoded)
}

// Deleted calls f for n keys of those deleted between the last completed snapshot
// and the one begun last, each once, with the hash that gives its key group. It
// tells whether these were the last. Keys that were made again are among them:
// what a snapshot puts counts before what it deletes.
func (t *Table) Deleted(n int, f func(hash uint64, key []byte) error) (done bool, err error) {
	return t.gone.Some(n, f)
}
