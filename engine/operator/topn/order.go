package topn

import (
	"bytes"
	"encoding/binary"
	"math"
	"unsafe"

	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/ordered"
)

// setPrefixes computes of each row of the batch eight bytes that are ordered as
// the first column of the order is, or equal.
func (t *topN) setPrefixes(b *data.Batch) {
	if cap(t.prefixes) < b.N {
		t.prefixes = make([]uint64, max(b.N, data.BatchSize))
	}
	t.prefixes = t.prefixes[:b.N]
	if len(t.spec.Order) == 0 {
		clear(t.prefixes)
		return
	}
	by := t.spec.Order[0]
	v := b.Cols[by.Column]
	const sign = 1 << 63
	for _, r := range t.rows {
		var x uint64
		switch v.Type.Phys() {
		case data.PhysI64, data.PhysTime:
			x = uint64(v.I64[r]) ^ sign
		case data.PhysI32:
			x = uint64(int64(v.I32[r])) ^ sign
		case data.PhysI128:
			x = uint64(v.I128[r].Hi) ^ sign
		case data.PhysBool:
			x = uint64(v.Bool[r])
		case data.PhysF64:
			x = floatOrder(v.F64[r])
		case data.PhysF32:
			x = floatOrder(float64(v.F32[r]))
		case data.PhysString:
			var first [8]byte
			copy(first[:], v.Bytes(int(r)))
			x = binary.BigEndian.Uint64(first[:])
		}
		if by.Desc {
			x = ^x
		}
		if v.Nulls != nil && v.IsNull(int(r)) {
			if x = 0; by.NullsLast {
				x = math.MaxUint64
			}
		}
		t.prefixes[r] = x
	}
}

// floatOrder orders NaN last and -0.0 as 0.0.
func floatOrder(f float64) uint64 {
	bits := math.Float64bits(f)
	switch {
	case f != f:
		return math.MaxUint64
	case f == 0:
		return 1 << 63
	case bits>>63 != 0:
		return ^bits
	}
	return bits | 1<<63
}

// compare gives the order of an entry and row r of the batch.
func (t *topN) compare(e entry, r int32) int {
	x := t.prefixes[r]
	switch {
	case e.prefix < x:
		return -1
	case e.prefix > x:
		return 1
	case t.exact && x != 0 && x != math.MaxUint64: // which NULL has as well
		return 0
	case e.ref&ofBatch != 0:
		t.keyA = ordered.AppendKey(t.keyA[:0], t.batch.Cols, t.spec.Order, int(e.ref&^ofBatch))
		t.keyB = ordered.AppendKey(t.keyB[:0], t.batch.Cols, t.spec.Order, int(r))
		return bytes.Compare(t.keyA, t.keyB)
	}
	rec := t.row(e.ref)
	for _, by := range t.spec.Order {
		v := t.batch.Cols[by.Column]
		c := t.layout.Compare(rec, by.Column, v, int(r))
		if c == 0 {
			continue
		}
		if (c < 0 && t.layout.IsNull(rec, by.Column)) || (c > 0 && v.IsNull(int(r))) {
			if by.NullsLast {
				return -c
			}
			return c
		}
		if by.Desc {
			return -c
		}
		return c
	}
	return 0
}

// row is the packed row of a block, behind its number.
func (t *topN) row(block uint64) unsafe.Pointer { return unsafe.Add(t.heap.At(block), rowHead) }

const rowHead = 8

// isRow tells whether the row of an entry is row r of the batch.
func (t *topN) isRow(e entry, r int32) bool {
	if e.ref&ofBatch == 0 {
		return t.layout.Equal(&t.scratch, t.row(e.ref), t.batch.Cols, int(r))
	}
	return t.sameRow(e, entry{ref: ofBatch | uint64(r)})
}

// sameKey tells whether the row of an entry has the key of row r of the batch.
func (t *topN) sameKey(e entry, r int32) bool {
	if e.ref&ofBatch != 0 {
		t.keyA = data.EncodeRow(t.keyA[:0], t.batch.Cols, t.spec.RowKey, int(e.ref&^ofBatch))
		t.keyB = data.EncodeRow(t.keyB[:0], t.batch.Cols, t.spec.RowKey, int(r))
		return bytes.Equal(t.keyA, t.keyB)
	}
	rec := t.row(e.ref)
	for _, k := range t.spec.RowKey {
		if t.layout.Compare(rec, k, t.batch.Cols[k], int(r)) != 0 {
			return false
		}
	}
	return true
}

// sameRow tells whether two entries have equal rows.
func (t *topN) sameRow(a, b entry) bool {
	if a.ref == b.ref {
		return true
	}
	t.keyA, t.keyB = t.encode(t.keyA[:0], a.ref), t.encode(t.keyB[:0], b.ref)
	return bytes.Equal(t.keyA, t.keyB)
}

// encode appends a row in the row codec.
func (t *topN) encode(dst []byte, ref uint64) []byte {
	if ref&ofBatch != 0 {
		return data.EncodeRow(dst, t.batch.Cols, t.cols, int(ref&^ofBatch))
	}
	return t.layout.Append(dst, t.row(ref), t.cols)
}
