package packed

import (
	"encoding/binary"
	"fmt"
	"math"
	"unsafe"

	"github.com/weir-streams/weir/engine/data"
)

// Picks are rows to be read, many at a time. Where a row comes again its longer
// values are not copied again.
type Picks struct {
	recs   []unsafe.Pointer
	room   []unsafe.Pointer
	same   []int32 // where this row came before in recs; -1: it did not; empty: nobody asked yet
	absent bool    // some are nil
	recent [recentRows]int32
}

const recentRows = 1024

// Room is memory for n rows to be picked, of the Picks' own.
func (p *Picks) Room(n int) []unsafe.Pointer {
	if cap(p.room) < n {
		p.room = make([]unsafe.Pointer, max(n, data.BatchSize))
	}
	return p.room[:n]
}

// Pick sets the rows; nil stands for a row of NULLs. recs must stay as they are
// until the last Gather.
func (p *Picks) Pick(recs []unsafe.Pointer) {
	p.recs, p.absent, p.same = recs, false, p.same[:0]
	for _, rec := range recs {
		if rec == nil {
			p.absent = true
			return
		}
	}
}

// compare fills same.
func (p *Picks) compare() {
	recs := p.recs
	if cap(p.same) < len(recs) {
		p.same = make([]int32, max(len(recs), data.BatchSize))
	}
	p.same = p.same[:len(recs)]
	clear(p.recent[:])
	for i, rec := range recs {
		p.same[i] = -1
		if rec == nil {
			continue
		}
		at := &p.recent[uint64(uintptr(rec))*0x9E3779B97F4A7C15>>54&(recentRows-1)]
		if k := *at - 1; k >= 0 && recs[k] == rec {
			p.same[i] = k
			continue
		}
		*at = int32(i) + 1
	}
}

// Gather makes a vector of type t, which lies as the column does, whose row i is
// column k of row i of the picks.
func (l *Layout) Gather(p *Picks, k int, t data.Type) (*data.Vector, error) {
	recs, at := p.recs, &l.places[k]
	v := data.NewVector(t, len(recs))
	if p.absent {
		for i, rec := range recs {
			if rec == nil {
				data.SetNullRow(v, i)
			}
		}
	}
	switch at.phys {
	case data.PhysI64:
		readValues(recs, at.at, v.I64)
	case data.PhysI32:
		readValues(recs, at.at, v.I32)
	case data.PhysF64:
		readValues(recs, at.at, v.F64)
	case data.PhysF32:
		readValues(recs, at.at, v.F32)
	case data.PhysI128:
		readValues(recs, at.at, v.I128)
	case data.PhysBool:
		readValues(recs, at.at, v.Bool)
	case data.PhysTime:
		readValues(recs, at.at, v.I64)
		readValues(recs, at.nano, v.Nano)
	case data.PhysString:
		l.readStrings(p, at, v)
	case data.PhysList, data.PhysRow:
		for i, rec := range recs {
			if rec == nil {
				data.SetNullRow(v, i) // lists are made in ascending order
				continue
			}
			if _, err := data.DecodeValue(l.Bytes(rec, k), v, i); err != nil {
				v.Release()
				return nil, badValue(err)
			}
		}
		return v, nil
	}
	if !l.absent[k] {
		return v, nil
	}
	bit, nulls := byte(1)<<(k&7), l.nulls+k>>3
	for i, rec := range recs {
		if rec != nil && *(*byte)(unsafe.Add(rec, nulls))&bit != 0 {
			data.SetNullRow(v, i)
		}
	}
	return v, nil
}

func badValue(err error) error { return fmt.Errorf("a value kept in state: %w", err) }

func readValues[T any](recs []unsafe.Pointer, at int, to []T) {
	to = to[:len(recs)]
	for i, rec := range recs {
		if rec != nil {
			to[i] = *(*T)(unsafe.Add(rec, at))
		}
	}
}

func (l *Layout) readStrings(p *Picks, at *place, v *data.Vector) {
	if len(p.same) < len(p.recs) {
		p.compare()
	}
	for i, rec := range p.recs {
		if rec == nil {
			continue
		}
		if k := p.same[i]; k >= 0 {
			v.Views[i] = v.Views[k]
			continue
		}
		from := uint32(l.fixed)
		if at.from >= 0 {
			from = *(*uint32)(unsafe.Add(rec, at.from))
		}
		n := *(*uint32)(unsafe.Add(rec, at.at)) - from
		v.SetBytes(i, unsafe.Slice((*byte)(unsafe.Add(rec, from)), n))
	}
}

// Append appends some columns of a row to dst, in the row codec.
func (l *Layout) Append(dst []byte, rec unsafe.Pointer, which []int) []byte {
	for _, k := range which {
		dst = l.AppendValue(dst, rec, k)
	}
	return dst
}

// AppendValue appends a column of a row to dst, in the row codec.
func (l *Layout) AppendValue(dst []byte, rec unsafe.Pointer, k int) []byte {
	p := &l.places[k]
	if nested(p.phys) {
		return append(dst, l.Bytes(rec, k)...) // NULL is coded as well
	}
	if l.IsNull(rec, k) {
		return append(dst, 0)
	}
	dst = append(dst, 1)
	at := unsafe.Add(rec, p.at)
	switch p.phys {
	case data.PhysI64:
		dst = binary.AppendVarint(dst, *(*int64)(at))
	case data.PhysI32:
		dst = binary.AppendVarint(dst, int64(*(*int32)(at)))
	case data.PhysF64: // one NaN, and 0.0 for -0.0
		bits := *(*uint64)(at)
		switch f := math.Float64frombits(bits); {
		case f != f:
			bits = 0x7FF8000000000000
		case f == 0:
			bits = 0
		}
		dst = binary.LittleEndian.AppendUint64(dst, bits)
	case data.PhysF32:
		bits := *(*uint32)(at)
		switch f := math.Float32frombits(bits); {
		case f != f:
			bits = 0x7FC00000
		case f == 0:
			bits = 0
		}
		dst = binary.LittleEndian.AppendUint32(dst, bits)
	case data.PhysI128:
		x := (*data.Int128)(at)
		dst = binary.LittleEndian.AppendUint64(dst, uint64(x.Hi))
		dst = binary.LittleEndian.AppendUint64(dst, x.Lo)
	case data.PhysBool:
		dst = append(dst, *(*byte)(at))
	case data.PhysTime:
		dst = binary.AppendVarint(dst, *(*int64)(at))
		dst = binary.AppendUvarint(dst, uint64(*(*int32)(unsafe.Add(rec, p.nano))))
	case data.PhysString:
		b := l.Bytes(rec, k)
		dst = binary.AppendUvarint(dst, uint64(len(b)))
		dst = append(dst, b...)
	}
	return dst
}
