package packed

import (
	"bytes"
	"cmp"
	"math"
	"unsafe"

	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/ordered"
)

// Compare gives the order of column k of a row and row r of v: as an ORDER BY has
// it, NULL first, NaN last, -0.0 as 0.0.
func (l *Layout) Compare(rec unsafe.Pointer, k int, v *data.Vector, r int) int {
	p := &l.places[k]
	an, bn := l.absent[k] && l.IsNull(rec, k), v.IsNull(r)
	switch {
	case an && bn || p.phys == data.PhysNull:
		return 0
	case an:
		return -1
	case bn:
		return 1
	}
	at := unsafe.Add(rec, p.at)
	switch p.phys {
	case data.PhysI64:
		return cmp.Compare(*(*int64)(at), v.I64[r])
	case data.PhysI32:
		return cmp.Compare(*(*int32)(at), v.I32[r])
	case data.PhysF64:
		return floats(*(*float64)(at), v.F64[r])
	case data.PhysF32:
		return floats(float64(*(*float32)(at)), float64(v.F32[r]))
	case data.PhysI128:
		return (*data.Int128)(at).Cmp(v.I128[r])
	case data.PhysBool:
		return cmp.Compare(*(*uint8)(at), v.Bool[r])
	case data.PhysTime:
		if c := cmp.Compare(*(*int64)(at), v.I64[r]); c != 0 {
			return c
		}
		return cmp.Compare(*(*int32)(unsafe.Add(rec, p.nano)), v.Nano[r])
	case data.PhysString:
		return bytes.Compare(l.Bytes(rec, k), v.Bytes(r))
	}
	return l.compareNested(rec, k, v, r)
}

// compareNested compares by sort keys; values that have none are equal only to
// themselves.
func (l *Layout) compareNested(rec unsafe.Pointer, k int, v *data.Vector, r int) int {
	if !ordered.Orderable(v.Type) {
		return bytes.Compare(l.Bytes(rec, k), data.EncodeValue(nil, v, r))
	}
	mine := data.NewVector(v.Type, 1)
	defer mine.Release()
	if _, err := data.DecodeValue(l.Bytes(rec, k), mine, 0); err != nil {
		return -1
	}
	return bytes.Compare(ordered.AppendValue(nil, mine, 0), ordered.AppendValue(nil, v, r))
}

// floats orders NaN last.
func floats(a, b float64) int {
	switch {
	case a != a || b != b:
		return cmp.Compare(math.Float64bits(number(a)), math.Float64bits(number(b)))
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// number is 0 for numbers and 1 for NaN.
func number(f float64) float64 {
	if f != f {
		return 1
	}
	return 0
}

// Equal tells whether a row is row r of cols: NULL is equal to NULL, and values
// that are the same as keys are equal.
func (l *Layout) Equal(s *Scratch, rec unsafe.Pointer, cols []*data.Vector, r int) bool {
	for k := range l.places {
		if nested(l.places[k].phys) {
			s.value = data.EncodeValue(s.value[:0], cols[k], r)
			if !bytes.Equal(l.Bytes(rec, k), s.value) {
				return false
			}
			continue
		}
		if l.Compare(rec, k, cols[k], r) != 0 {
			return false
		}
	}
	return true
}

// Mixed makes a vector as Gather does, of rows that are picked and rows of v: row
// i is row rows[i] of v where recs[i] is nil.
func (l *Layout) Mixed(p *Picks, rows []int32, src *data.Vector, k int, t data.Type) (*data.Vector, error) {
	recs, at := p.recs, &l.places[k]
	v := data.NewVector(t, len(recs))
	switch at.phys {
	case data.PhysI64:
		mixValues(recs, at.at, v.I64, rows, src.I64)
	case data.PhysI32:
		mixValues(recs, at.at, v.I32, rows, src.I32)
	case data.PhysF64:
		mixValues(recs, at.at, v.F64, rows, src.F64)
	case data.PhysF32:
		mixValues(recs, at.at, v.F32, rows, src.F32)
	case data.PhysI128:
		mixValues(recs, at.at, v.I128, rows, src.I128)
	case data.PhysBool:
		mixValues(recs, at.at, v.Bool, rows, src.Bool)
	case data.PhysTime:
		mixValues(recs, at.at, v.I64, rows, src.I64)
		mixValues(recs, at.nano, v.Nano, rows, src.Nano)
	case data.PhysString:
		base := v.ShareBuffers(src)
		for i, rec := range recs {
			if rec == nil {
				v.Views[i] = src.Views[rows[i]].Rebase(base)
			}
		}
		l.readStrings(p, at, v)
	case data.PhysList, data.PhysRow:
		var coded []byte
		for i, rec := range recs {
			p := coded
			if rec != nil {
				p = l.Bytes(rec, k)
			} else {
				coded = data.EncodeValue(coded[:0], src, int(rows[i]))
				p = coded
			}
			if _, err := data.DecodeValue(p, v, i); err != nil {
				v.Release()
				return nil, badValue(err)
			}
		}
		return v, nil
	}
	if l.absent[k] || src.Nulls != nil || at.phys == data.PhysNull {
		for i, rec := range recs {
			if rec != nil && l.IsNull(rec, k) || rec == nil && (src.IsNull(int(rows[i])) || at.phys == data.PhysNull) {
				data.SetNullRow(v, i)
			}
		}
	}
	return v, nil
}

func mixValues[T any](recs []unsafe.Pointer, at int, to []T, rows []int32, from []T) {
	to = to[:len(recs)]
	for i, rec := range recs {
		if rec != nil {
			to[i] = *(*T)(unsafe.Add(rec, at))
		} else {
			to[i] = from[rows[i]]
		}
	}
}
