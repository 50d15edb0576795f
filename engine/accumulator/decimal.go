package accumulator

import (
	"unsafe"

	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/state"
)

func wide(rec unsafe.Pointer, off int) *data.Int128 {
	return (*data.Int128)(unsafe.Add(rec, state.ValueOffset+off))
}

// sumDecimal is SUM and AVG of DECIMAL: an unscaled sum of 128 bits, and the
// number of values. A sum of more than 38 digits is NULL.
type sumDecimal struct {
	off   int
	n     number
	arg   int
	avg   bool
	zero  bool      // 0 rather than NULL where there is no value
	scale int       // of the argument
	typ   data.Type // of the result
}

func (s *sumDecimal) add(rec unsafe.Pointer, v *data.Vector, r int32, sg int64) {
	if v.IsNull(int(r)) {
		return
	}
	x := Decimal(v, int(r))
	if sg < 0 {
		x = x.Neg()
	}
	sum := wide(rec, s.off)
	*sum = sum.Add(x)
	s.n.add(rec, sg)
}

// Decimal reads row r of a DECIMAL column of any width.
func Decimal(v *data.Vector, r int) data.Int128 {
	if v.Type.Phys() == data.PhysI64 {
		return data.I128(v.I64[r])
	}
	return v.I128[r]
}

func (s *sumDecimal) update(_ *Groups, recs []unsafe.Pointer, rows []int32, b *data.Batch) error {
	v := b.Cols[s.arg]
	for i, rec := range recs {
		s.add(rec, v, rows[i], sign(b.Op(int(rows[i]))))
	}
	return nil
}

func (s *sumDecimal) put(rec unsafe.Pointer, n int64, out *data.Vector, r int) {
	x := *wide(rec, s.off)
	ok := n != 0 || s.zero
	if ok && s.avg {
		x, ok = data.DivDecimal(x, s.scale, data.I128(n), 0, s.typ.Precision, s.typ.Scale)
	} else if ok {
		ok = data.FitsDecimal(x, s.typ.Precision)
	}
	if !ok {
		x = data.Int128{}
		out.SetNull(r)
	} else {
		out.ClearNull(r)
	}
	if out.Type.Phys() == data.PhysI64 {
		out.I64[r] = x.Int64()
	} else {
		out.I128[r] = x
	}
}

func (s *sumDecimal) result(_ *Groups, recs []unsafe.Pointer, out *data.Vector, base, stride int) {
	for i, rec := range recs {
		s.put(rec, s.n.of(rec), out, base+i*stride)
	}
}

func (s *sumDecimal) step(g *Groups, recs []unsafe.Pointer, rows []int32, b *data.Batch, out *data.Vector, take []uint8) error {
	v := b.Cols[s.arg]
	for i, rec := range recs {
		s.put(rec, s.n.at(g, rec, 2*i), out, 2*i)
		if take == nil || take[i] != 0 {
			s.add(rec, v, rows[i], sign(b.Op(int(rows[i]))))
		}
		s.put(rec, s.n.at(g, rec, 2*i+1), out, 2*i+1)
	}
	return nil
}

func (s *sumDecimal) schema() []data.Type {
	return []data.Type{{Kind: data.Decimal, Precision: 38, Scale: s.scale}, bigint}
}

func (s *sumDecimal) encode(_ *Groups, dst []byte, rec unsafe.Pointer) []byte {
	return appendInt(appendWide(dst, *wide(rec, s.off)), s.n.of(rec))
}

func (s *sumDecimal) load(_ *Groups, recs []unsafe.Pointer, cols []*data.Vector) error {
	for i, rec := range recs {
		*wide(rec, s.off) = cols[0].I128[i]
		s.n.load(rec, cols[1].I64[i])
	}
	return nil
}

func (s *sumDecimal) merge(_ *Groups, recs []unsafe.Pointer, _ *Groups, froms []unsafe.Pointer) error {
	for i, rec := range recs {
		sum := wide(rec, s.off)
		*sum = sum.Add(*wide(froms[i], s.off))
		s.n.merge(rec, froms[i])
	}
	return nil
}
