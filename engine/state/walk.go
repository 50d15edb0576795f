package state

import "unsafe"

// Walk calls f for about n records from a position on, 0 for the first, and says
// where to go on: 0 when it came to the end. f may delete the record it is given.
// Positions are void after Compact.
func (t *Table) Walk(from uint64, n int, f func(rec unsafe.Pointer) error) (next uint64, err error) {
	from = max(from, 1<<offsetBits)
	k, off := int(from>>offsetBits), int(from&offsetMask<<3)
	for ; k < len(t.log.segments); k, off = k+1, 0 {
		for off < t.log.segments[k].used {
			if n--; n < 0 {
				return uint64(k)<<offsetBits | uint64(off)>>3, nil
			}
			rec := unsafe.Add(t.log.bases[k], off)
			off += t.sizeOf(rec)
			if epochOf(rec) == deadEpoch {
				continue
			}
			if err := f(rec); err != nil {
				return 0, err
			}
		}
	}
	return 0, nil
}
