package state

import "unsafe"

// ResolveLike finds the records that have the keys of records of another table
// over the same key types, making those that are missing, into recs.
func (t *Table) ResolveLike(from *Table, froms, recs []unsafe.Pointer) error {
	if err := t.reserve(len(froms)); err != nil {
		return err
	}
	t.fresh = t.fresh[:0]
	if t.large() {
		var sum uint64
		for _, f := range froms {
			at := t.from(Hash(f) * t.salt)
			sum += at.x.slots[at.p]
		}
		t.sum = sum // keeps the loads alive
	}
	for i, f := range froms {
		var err error
		k := from.identOf(f)
		if recs[i], _, err = t.find(&k, true); err != nil {
			return err
		}
	}
	if t.millis > 0 {
		t.renew(recs[:len(froms)])
	}
	return nil
}
