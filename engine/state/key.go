package state

import "unsafe"

// KeyBytes returns the key of a record in the row codec: where possible the
// table's own bytes, valid until the record is deleted or moved, else in scratch.
func (t *Table) KeyBytes(rec unsafe.Pointer, scratch []byte) []byte {
	if !t.integer {
		return t.rawKey(rec)
	}
	return t.Key(scratch[:0], rec)
}
