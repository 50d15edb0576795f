package operator

import (
	"unsafe"

	"github.com/weir-streams/weir/engine/state"
)

// Kept is rows of an operator, off the heap; what refers to a row is counted
// against the budget as well.
type Kept struct {
	rows *state.Blobs
	refs Held
	gone []uint64 // dropped, but still read: by steps, or by a snapshot under way
}

// Open makes it ready.
func (k *Kept) Open(budget *state.Budget) {
	k.rows, k.refs.Budget = state.NewBlobs(budget), budget
}

// Close gives all memory back.
func (k *Kept) Close() {
	if k.rows != nil {
		k.rows.Free()
		k.refs.Free()
	}
}

// Put keeps a row and returns its handle.
func (k *Kept) Put(row []byte) (uint64, error) {
	if err := k.refs.Take(0); err != nil {
		return 0, err
	}
	h, err := k.rows.Put(0, row)
	if err != nil {
		k.refs.Give(0)
	}
	return h, err
}

// Get is a row, valid until Settle after it was dropped.
func (k *Kept) Get(h uint64) string {
	p := k.rows.Get(h)
	return unsafe.String(unsafe.SliceData(p), len(p))
}

// Drop forgets a row; its memory is not used again before Settle.
func (k *Kept) Drop(h uint64) {
	k.refs.Give(0)
	k.gone = append(k.gone, h)
}

// Settle gives the memory of dropped rows back, unless a snapshot under way may
// yet read them.
func (k *Kept) Settle(passing bool) {
	if passing {
		return
	}
	for _, h := range k.gone {
		k.rows.Drop(h)
	}
	k.gone = k.gone[:0]
}

// Bytes is the memory held.
func (k *Kept) Bytes() int64 { return k.rows.Bytes() + k.refs.Bytes() }
