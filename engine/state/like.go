package state

import "unsafe"

// ResolveLike finds the records that have the keys of records of another table
// over the same key types, making those that are missing, into recs.
func (t *Table) ResolveLike(from *Table, froms, recs []unsafe.Pointer) error {
	if err := t.reserve(len(froms)); err != nil {
		return err
	}
	t.fresh = t.fresh[:0]
	if len(t.index) > 1<<15 {
		var sum uint64
		for _, f := range froms {
			sum += t.index[Hash(f)*t.salt>>t.shift]
		}
		t.mark = uint32(sum) // keeps the loads alive
	}
	for i, f := range froms {
		var err error
		if f == from.null {
			recs[i], err = t.nullRecord(Hash(f), int32(i))
		} else {
			recs[i], _, err = t.find(Hash(f), from.rawKey(f), true)
		}
		if err != nil {
			return err
		}
	}
	return nil
}
