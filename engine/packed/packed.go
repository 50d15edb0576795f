// Package packed is the form in which wide rows lie in memory off the heap: every
// column of fixed width at a fixed place, the bytes of the others behind them.
//
// The rule: rows are written and read by columns, many at a time, so that the
// misses of independent rows overlap. Checkpoints have rows in this form, so that it
// cannot change without a new version of theirs; savepoints have not.
package packed

import (
	"encoding/binary"
	"fmt"
	"slices"
	"unsafe"

	"github.com/weir-streams/weir/engine/data"
)

// Layout says where the columns of a row lie:
//
//	values of 16, 8 and 4 bytes | ends of the bytes 4 each | BOOLEANs | NULL bits | bytes
//
// PhysTime has its milliseconds among the values of 8 bytes and its nanoseconds
// among those of 4. Nested values are bytes in the row codec. An end counts from
// the beginning of the row. Rows begin at a multiple of 8.
type Layout struct {
	Types  []data.Type
	places []place
	bytes  []int  // columns that have bytes, in the order in which they lie
	ends   int    // where their ends are
	nulls  int    // where the NULL bits are
	fixed  int    // where the bytes begin
	absent []bool // columns in which a NULL was written
}

type place struct {
	phys data.Phys
	at   int // of the value; of its end
	nano int // PhysTime
	from int // of bytes: where the end before its own is; -1: it is the first
}

// New lays out rows of some columns. Columns that are declared NOT NULL may hold
// NULL all the same.
func New(types []data.Type) *Layout {
	l := &Layout{Types: slices.Clone(types), places: make([]place, len(types)), absent: make([]bool, len(types))}
	at := 0
	take := func(size int, want func(p data.Phys) bool, put func(p *place)) {
		for i, t := range types {
			if want(t.Phys()) {
				put(&l.places[i])
				at += size
			}
		}
	}
	value := func(p *place) { p.at = at }
	for i, t := range types {
		l.places[i].phys = t.Phys()
	}
	take(16, func(p data.Phys) bool { return p == data.PhysI128 }, value)
	take(8, func(p data.Phys) bool { return p == data.PhysI64 || p == data.PhysF64 || p == data.PhysTime }, value)
	take(4, func(p data.Phys) bool { return p == data.PhysI32 || p == data.PhysF32 }, value)
	take(4, func(p data.Phys) bool { return p == data.PhysTime }, func(p *place) { p.nano = at })
	l.ends = at
	before := -1
	for i := range types {
		if p := &l.places[i]; hasBytes(p.phys) {
			p.at, p.from = at, before
			before = at
			at += 4
			l.bytes = append(l.bytes, i)
		}
	}
	take(1, func(p data.Phys) bool { return p == data.PhysBool }, value)
	l.nulls = at
	l.fixed = at + (len(types)+7)/8
	return l
}

func hasBytes(p data.Phys) bool {
	return p == data.PhysString || p == data.PhysList || p == data.PhysRow
}

// nested tells whether a column's bytes are in the row codec.
func nested(p data.Phys) bool { return p == data.PhysList || p == data.PhysRow }

// Scratch is memory that writing needs, to be used again.
type Scratch struct {
	sizes []int32
	value []byte
	coded [][]byte // of nested columns, by row
}

// Sizes gives the size in bytes of each of the rows of cols, not rounded up. It
// is valid until the next call. A row is smaller than 2 GiB.
func (l *Layout) Sizes(s *Scratch, cols []*data.Vector, rows []int32) ([]int32, error) {
	if cap(s.sizes) < len(rows) {
		s.sizes = make([]int32, max(len(rows), data.BatchSize))
	}
	sizes := s.sizes[:len(rows)]
	for i := range sizes {
		sizes[i] = int32(l.fixed)
	}
	s.coded = s.coded[:0]
	for _, k := range l.bytes {
		v := cols[k]
		if !nested(l.places[k].phys) {
			views := v.Views
			if v.Nulls == nil {
				for i, r := range rows {
					sizes[i] += int32(uint32(views[r].A))
				}
				continue
			}
			for i, r := range rows {
				if !v.IsNull(int(r)) {
					sizes[i] += int32(uint32(views[r].A))
				}
			}
			continue
		}
		for i, r := range rows {
			p := data.EncodeValue(nil, v, int(r))
			if len(p) > 1<<30 {
				return nil, fmt.Errorf("a value of %d bytes is too long to be kept", len(p))
			}
			s.coded = append(s.coded, p)
			sizes[i] += int32(len(p))
		}
	}
	return sizes, nil
}

// Write writes rows of cols to recs, whatever was there. Rows are read with the
// Layout that wrote them. Sizes was called for the same rows right before.
func (l *Layout) Write(s *Scratch, cols []*data.Vector, rows []int32, recs []unsafe.Pointer) {
	coded := s.coded
	for _, rec := range recs {
		clear(unsafe.Slice((*byte)(unsafe.Add(rec, l.nulls)), l.fixed-l.nulls))
	}
	for k := range l.places {
		p, v := &l.places[k], cols[k]
		switch p.phys {
		case data.PhysI64:
			writeValues(recs, p.at, v.I64, rows)
		case data.PhysI32:
			writeValues(recs, p.at, v.I32, rows)
		case data.PhysF64:
			writeValues(recs, p.at, v.F64, rows)
		case data.PhysF32:
			writeValues(recs, p.at, v.F32, rows)
		case data.PhysI128:
			writeValues(recs, p.at, v.I128, rows)
		case data.PhysBool:
			writeValues(recs, p.at, v.Bool, rows)
		case data.PhysTime:
			writeValues(recs, p.at, v.I64, rows)
			writeValues(recs, p.nano, v.Nano, rows)
		case data.PhysString:
			l.writeStrings(recs, p, v, rows)
		case data.PhysList, data.PhysRow:
			l.writeCoded(recs, p, coded[:len(rows)])
			coded = coded[len(rows):]
		}
		if v.Nulls != nil || p.phys == data.PhysNull {
			bit, at := byte(1)<<(k&7), l.nulls+k>>3
			for i, r := range rows {
				if p.phys == data.PhysNull || v.IsNull(int(r)) {
					l.absent[k] = true
					*(*byte)(unsafe.Add(recs[i], at)) |= bit
				}
			}
		}
	}
}

func writeValues[T any](recs []unsafe.Pointer, at int, from []T, rows []int32) {
	for i, r := range rows {
		*(*T)(unsafe.Add(recs[i], at)) = from[r]
	}
}

// start is where the bytes of a column begin in a row.
func (l *Layout) start(rec unsafe.Pointer, p *place) uint32 {
	if p.from < 0 {
		return uint32(l.fixed)
	}
	return *(*uint32)(unsafe.Add(rec, p.from))
}

func (l *Layout) writeStrings(recs []unsafe.Pointer, p *place, v *data.Vector, rows []int32) {
	for i, r := range rows {
		rec := recs[i]
		from := l.start(rec, p)
		w := &v.Views[r]
		n := uint32(w.A)
		if v.Nulls != nil && v.IsNull(int(r)) {
			n = 0
		}
		*(*uint32)(unsafe.Add(rec, p.at)) = from + n
		if n == 0 {
			continue
		}
		var src unsafe.Pointer
		if n <= data.InlineLen {
			src = unsafe.Add(unsafe.Pointer(w), 4)
		} else {
			src = unsafe.Pointer(&v.Bufs[uint32(w.B)].B[uint32(w.B>>32)])
		}
		copy(unsafe.Slice((*byte)(unsafe.Add(rec, from)), n), unsafe.Slice((*byte)(src), n))
	}
}

func (l *Layout) writeCoded(recs []unsafe.Pointer, p *place, coded [][]byte) {
	for i, c := range coded {
		from := l.start(recs[i], p)
		*(*uint32)(unsafe.Add(recs[i], p.at)) = from + uint32(len(c))
		copy(unsafe.Slice((*byte)(unsafe.Add(recs[i], from)), len(c)), c)
	}
}

// IsNull tells whether a column of a row is NULL.
func (l *Layout) IsNull(rec unsafe.Pointer, k int) bool {
	return *(*byte)(unsafe.Add(rec, l.nulls+k>>3))&(1<<(k&7)) != 0
}

// I64 is a value of a column that is PhysI64.
func (l *Layout) I64(rec unsafe.Pointer, k int) int64 {
	return *(*int64)(unsafe.Add(rec, l.places[k].at))
}

// Bytes are those of a column that has bytes: a string's, or a nested value's in
// the row codec. They are valid as long as the row is.
func (l *Layout) Bytes(rec unsafe.Pointer, k int) []byte {
	p := &l.places[k]
	from := l.start(rec, p)
	return unsafe.Slice((*byte)(unsafe.Add(rec, from)), *(*uint32)(unsafe.Add(rec, p.at))-from)
}

// Fits tells whether p, which is not known to be one, has the lengths of a row.
func (l *Layout) Fits(p []byte) bool { return l.end(p) == len(p) }

// Begins tells whether p begins with what has the lengths of a row, with less than
// 8 bytes behind it.
func (l *Layout) Begins(p []byte) bool {
	end := l.end(p)
	return end >= 0 && len(p)-end < 8
}

// end is where a row ends according to its lengths, negative if that is not in p.
func (l *Layout) end(p []byte) int {
	if len(p) < l.fixed {
		return -1
	}
	end := l.fixed
	for _, k := range l.bytes {
		next := int(binary.LittleEndian.Uint32(p[l.places[k].at:]))
		if next < end || next > len(p) {
			return -1
		}
		end = next
	}
	return end
}

// Written says that the rows to be read were written by another Layout.
func (l *Layout) Written() {
	for k := range l.absent {
		l.absent[k] = true
	}
}

// Raw are the bytes of a row, valid as long as it is.
func (l *Layout) Raw(rec unsafe.Pointer) []byte {
	return unsafe.Slice((*byte)(rec), l.Size(rec))
}

// Size is that of a row, in bytes.
func (l *Layout) Size(rec unsafe.Pointer) int {
	if len(l.bytes) == 0 {
		return l.fixed
	}
	return int(*(*uint32)(unsafe.Add(rec, l.places[l.bytes[len(l.bytes)-1]].at)))
}
