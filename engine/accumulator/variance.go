package accumulator

import (
	"math"
	"unsafe"

	"github.com/weir-streams/weir/engine/data"
)

// variance is VAR_POP, VAR_SAMP and their roots after Welford, as in Flink: number
// of values, their mean and the sum of the squares of their distances from it, as
// DOUBLE. Integer results are cut.
type variance struct {
	off    int
	arg    int
	sample bool
	root   bool
	in     data.Type
	typ    data.Type // of the result
}

func (s *variance) value(v *data.Vector, r int) float64 {
	switch s.in.Phys() {
	case data.PhysF64:
		return v.F64[r]
	case data.PhysF32:
		return float64(v.F32[r])
	case data.PhysI32:
		return float64(v.I32[r])
	case data.PhysI64:
		if s.in.Kind != data.Decimal {
			return float64(v.I64[r])
		}
	}
	return data.DecimalFloat(Decimal(v, r), s.in.Scale)
}

func (s *variance) addRow(_ *Groups, rec unsafe.Pointer, r int32, b *data.Batch) error {
	v := b.Cols[s.arg]
	if v.IsNull(int(r)) {
		return nil
	}
	x, by := s.value(v, int(r)), sign(b.Op(int(r)))
	n, mean, squares := i64(rec, s.off), f64(rec, s.off+8), f64(rec, s.off+16)
	if *n += by; *n <= 0 {
		if *n == 0 && by < 0 {
			*mean, *squares = 0, 0
		}
		return nil
	}
	far := x - *mean
	if by > 0 {
		*mean += far / float64(*n)
		*squares += far * (x - *mean)
		return nil
	}
	*mean -= far / float64(*n)
	*squares -= (x - *mean) * far
	return nil
}

func (s *variance) put(_ *Groups, rec unsafe.Pointer, out *data.Vector, r int) {
	n, squares := float64(*i64(rec, s.off)), *f64(rec, s.off+16)
	over := n
	if s.sample {
		over--
	}
	if n <= 0 || over <= 0 {
		data.SetNullRow(out, r)
		return
	}
	x := squares / over
	if x < 0 { // rounding only
		x = 0
	}
	if s.root {
		x = math.Sqrt(x)
	}
	out.ClearNull(r)
	switch out.Type.Phys() {
	case data.PhysF64:
		out.F64[r] = x
	case data.PhysF32:
		out.F32[r] = float32(x)
	case data.PhysI32:
		out.I32[r] = int32(wrap(s.typ.Kind, saturate(x)))
	default:
		if s.typ.Kind == data.BigInt {
			out.I64[r] = saturate(x)
			return
		}
		d, ok := data.FloatDecimal(x, 64, s.typ.Precision, s.typ.Scale)
		switch {
		case !ok:
			data.SetNullRow(out, r)
		case out.Type.Phys() == data.PhysI64:
			out.I64[r] = d.Int64()
		default:
			out.I128[r] = d
		}
	}
}

// saturate cuts x to an integer as Java does.
func saturate(x float64) int64 {
	switch {
	case x != x:
		return 0
	case x >= math.MaxInt64:
		return math.MaxInt64
	case x <= math.MinInt64:
		return math.MinInt64
	}
	return int64(x)
}

func (s *variance) update(g *Groups, recs []unsafe.Pointer, rows []int32, b *data.Batch) error {
	return updateRows(s, g, recs, rows, b)
}

func (s *variance) step(g *Groups, recs []unsafe.Pointer, rows []int32, b *data.Batch, out *data.Vector, take []uint8) error {
	return stepRows(s, g, recs, rows, b, out, take)
}

func (s *variance) result(g *Groups, recs []unsafe.Pointer, out *data.Vector, base, stride int) {
	for i, rec := range recs {
		s.put(g, rec, out, base+i*stride)
	}
}

func (s *variance) schema() []data.Type {
	return []data.Type{data.Of(data.Double).NotNull(), data.Of(data.Double).NotNull(), bigint} // once it began with the number: state of sums is not taken for this
}

func (s *variance) encode(_ *Groups, dst []byte, rec unsafe.Pointer) []byte {
	return appendInt(appendFloat(appendFloat(dst, *f64(rec, s.off+8)), *f64(rec, s.off+16)), *i64(rec, s.off))
}

func (s *variance) load(_ *Groups, recs []unsafe.Pointer, cols []*data.Vector) error {
	for i, rec := range recs {
		*f64(rec, s.off+8), *f64(rec, s.off+16), *i64(rec, s.off) = cols[0].F64[i], cols[1].F64[i], cols[2].I64[i]
	}
	return nil
}

func (s *variance) merge(_ *Groups, recs []unsafe.Pointer, _ *Groups, froms []unsafe.Pointer) error {
	for i, rec := range recs {
		from := froms[i]
		n, more := i64(rec, s.off), *i64(from, s.off)
		mean, squares := f64(rec, s.off+8), f64(rec, s.off+16)
		if *n == 0 || more == 0 {
			if more != 0 {
				*n, *mean, *squares = more, *f64(from, s.off+8), *f64(from, s.off+16)
			}
			continue
		}
		far := *f64(from, s.off+8) - *mean
		all := float64(*n + more)
		*squares += *f64(from, s.off+16) + far*far*float64(*n)*float64(more)/all
		*mean += far * float64(more) / all
		*n += more
	}
	return nil
}
