package over

import (
	"unsafe"

	"github.com/weir-streams/weir/engine/operator"
	"github.com/weir-streams/weir/engine/state"
)

// kept is the rows of an operator, off the heap; what refers to a row is counted
// against the budget as well.
type kept struct {
	rows *state.Blobs
	refs operator.Held
	gone []uint64 // dropped, but still read: by steps, or by a snapshot under way
}

func (k *kept) open(budget *state.Budget) {
	k.rows, k.refs.Budget = state.NewBlobs(budget), budget
}

func (k *kept) close() {
	k.rows.Free()
	k.refs.Free()
}

// put keeps a row and returns its handle.
func (k *kept) put(row []byte) (uint64, error) {
	if err := k.refs.Take(0); err != nil {
		return 0, err
	}
	h, err := k.rows.Put(0, row)
	if err != nil {
		k.refs.Give(0)
	}
	return h, err
}

// get is a row, valid until settle after it was dropped.
func (k *kept) get(h uint64) string {
	p := k.rows.Get(h)
	return unsafe.String(unsafe.SliceData(p), len(p))
}

// drop forgets a row; its memory is not used again before settle.
func (k *kept) drop(h uint64) {
	k.refs.Give(0)
	k.gone = append(k.gone, h)
}

// settle gives the memory of dropped rows back, unless a snapshot under way may
// yet read them.
func (k *kept) settle(passing bool) {
	if passing {
		return
	}
	for _, h := range k.gone {
		k.rows.Drop(h)
	}
	k.gone = k.gone[:0]
}

func (k *kept) bytes() int64 { return k.rows.Bytes() + k.refs.Bytes() }
