package state

import (
	"slices"
	"unsafe"
)

// Time to live: a record that was not made or resolved for writing for so long
// is as if it were not there. Resolve makes it anew; others do not find it. It is
// removed by a slow sweep that goes along with batches, and where a snapshot
// comes by it.
type ttl struct {
	// Now is the processing time in milliseconds. Operators set it before they
	// resolve.
	Now int64

	millis  int64
	at      int // where the time of the last write is in records
	expired func(rec unsafe.Pointer)
	sweep   uint64 // address
}

// swept is how many records the sweep looks at with each batch.
const swept = 256

// SetTTL gives the table's records a time to live in milliseconds. It must be
// called before the table is used. expired, which may be nil, is called with a
// record before it is removed or made anew, to free what it refers to; it must
// not use the table.
func (t *Table) SetTTL(millis int64, expired func(rec unsafe.Pointer)) {
	t.millis, t.expired = millis, expired
	t.layout()
}

// Stamp is when a record of a table with a time to live was last written, in
// milliseconds.
func (t *Table) Stamp(rec unsafe.Pointer) int64 { return *(*int64)(unsafe.Add(rec, t.ttl.at)) }

// SetStamp sets what Stamp returns: of a restored record.
func (t *Table) SetStamp(rec unsafe.Pointer, at int64) { *(*int64)(unsafe.Add(rec, t.ttl.at)) = at }

// Expired tells whether a record's time is over. Without a time to live none is.
func (t *Table) Expired(rec unsafe.Pointer) bool {
	return t.millis > 0 && t.Stamp(rec)+t.millis <= t.Now
}

// renew stamps records that were resolved, and makes those anew whose time was over.
func (t *Table) renew(recs []unsafe.Pointer) {
	n := len(t.fresh)
	for i, rec := range recs {
		if t.Stamp(rec)+t.millis <= t.Now {
			t.anew(rec)
			t.fresh = append(t.fresh, int32(i))
		}
		t.SetStamp(rec, t.Now)
	}
	if len(t.fresh) > n {
		slices.Sort(t.fresh)
	}
}

func (t *Table) anew(rec unsafe.Pointer) {
	if t.expired != nil {
		t.expired(rec)
	}
	clear(unsafe.Slice((*byte)(Value(rec)), t.width))
	t.SetStamp(rec, t.Now)
}

// expire ends a record whose time is over.
func (t *Table) expire(rec unsafe.Pointer) error {
	if t.expired != nil {
		t.expired(rec)
	}
	return t.Delete(rec)
}

// sweepSome removes what has expired of some records.
func (t *Table) sweepSome() error {
	n := swept
	for looked := 0; n > 0 && looked < len(t.log.segments); {
		k := int(t.sweep >> offsetBits)
		if k == 0 || k >= len(t.log.segments) {
			t.sweep = 1 << offsetBits
			looked++
			if len(t.log.segments) < 2 {
				return nil
			}
			continue
		}
		s := &t.log.segments[k]
		if s.place == mapped || s.place == outside {
			// Reading it costs: only when surely most of it has expired.
			if s.stamp+t.millis <= t.Now {
				if err := t.sweepSegment(k); err != nil {
					return err
				}
				n = 0
			}
			t.sweep = uint64(k+1) << offsetBits
			looked++
			continue
		}
		off := int(t.sweep & offsetMask << 3)
		for ; off < s.used && n > 0; n-- {
			rec := unsafe.Add(t.log.bases[k], off)
			off += t.sizeOf(rec)
			if epochOf(rec) != deadEpoch && t.Expired(rec) {
				if err := t.expire(rec); err != nil {
					return err
				}
			}
		}
		t.sweep = uint64(k)<<offsetBits + uint64(off)>>3
		if off >= s.used {
			t.sweep = uint64(k+1) << offsetBits
			looked++
		}
	}
	return nil
}

// sweepSegment removes what has expired of a segment in the file.
func (t *Table) sweepSegment(k int) error {
	s := &t.log.segments[k]
	base := t.log.bases[k]
	s.stamp = t.Now
	if s.place == outside {
		var err error
		if t.cold.segment, err = t.load(t.cold.segment, k); err != nil {
			return err
		}
		base = unsafe.Pointer(&t.cold.segment[0])
	}
	for off := 0; off < s.used; {
		rec := unsafe.Add(base, off)
		addr := uint64(k)<<offsetBits | uint64(off)>>3
		off += t.sizeOf(rec)
		if epochOf(rec) != deadEpoch && t.Expired(rec) && t.counts(k, addr, rec) {
			if err := t.expire(rec); err != nil {
				return err
			}
		}
	}
	if s.place == outside && s.live == 0 && !t.passing() {
		t.log.freeSegment(k)
	}
	return nil
}
