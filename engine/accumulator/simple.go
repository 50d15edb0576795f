package accumulator

import (
	"unsafe"

	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/state"
)

func i64(rec unsafe.Pointer, off int) *int64 { return (*int64)(unsafe.Add(rec, state.ValueOffset+off)) }

func f64(rec unsafe.Pointer, off int) *float64 {
	return (*float64)(unsafe.Add(rec, state.ValueOffset+off))
}

func u64(rec unsafe.Pointer, off int) *uint64 {
	return (*uint64)(unsafe.Add(rec, state.ValueOffset+off))
}

var bigint = data.Of(data.BigInt).NotNull()

// count is COUNT(*) and COUNT(x): rows, or rows where no argument is NULL.
type count struct {
	off  int
	args []int
}

func (c *count) counts(r int32, b *data.Batch) bool {
	for _, k := range c.args {
		if b.Cols[k].IsNull(int(r)) {
			return false
		}
	}
	return true
}

func (c *count) nullable(b *data.Batch) bool {
	for _, k := range c.args {
		if b.Cols[k].Nulls != nil {
			return true
		}
	}
	return false
}

func (c *count) update(_ *Groups, recs []unsafe.Pointer, rows []int32, b *data.Batch) error {
	if b.Ops == nil && !c.nullable(b) {
		if len(recs) > 0 && oneGroup(recs) {
			*i64(recs[0], c.off) += int64(len(recs))
			return nil
		}
		for _, rec := range recs {
			*i64(rec, c.off)++
		}
		return nil
	}
	for i, rec := range recs {
		if c.counts(rows[i], b) {
			*i64(rec, c.off) += sign(b.Op(int(rows[i])))
		}
	}
	return nil
}

// updateMarked is update where the rows whose flag is 1 pass a filter.
func (c *count) updateMarked(recs []unsafe.Pointer, rows []int32, flags []uint8) {
	if len(recs) > 0 && oneGroup(recs) {
		n := int64(0)
		for _, r := range rows {
			n += int64(flags[r])
		}
		*i64(recs[0], c.off) += n
		return
	}
	for i, rec := range recs {
		*i64(rec, c.off) += int64(flags[rows[i]])
	}
}

func (c *count) merge(_ *Groups, recs []unsafe.Pointer, _ *Groups, froms []unsafe.Pointer) error {
	for i, rec := range recs {
		*i64(rec, c.off) += *i64(froms[i], c.off)
	}
	return nil
}

func (c *count) result(_ *Groups, recs []unsafe.Pointer, out *data.Vector, base, stride int) {
	for i, rec := range recs {
		out.I64[base+i*stride] = *i64(rec, c.off)
	}
}

func (c *count) step(_ *Groups, recs []unsafe.Pointer, rows []int32, b *data.Batch, out *data.Vector, take []uint8) error {
	for i, rec := range recs {
		n := i64(rec, c.off)
		out.I64[2*i] = *n
		if (take == nil || take[i] != 0) && c.counts(rows[i], b) {
			*n += sign(b.Op(int(rows[i])))
		}
		out.I64[2*i+1] = *n
	}
	return nil
}

func (c *count) schema() []data.Type { return []data.Type{bigint} }

func (c *count) encode(_ *Groups, dst []byte, rec unsafe.Pointer) []byte {
	return appendInt(dst, *i64(rec, c.off))
}

func (c *count) load(_ *Groups, recs []unsafe.Pointer, cols []*data.Vector) error {
	for i, rec := range recs {
		*i64(rec, c.off) = cols[0].I64[i]
	}
	return nil
}

// sumInt is SUM and AVG of integers: a wrapping sum, and the number of values.
// SUM wraps in the column's type, AVG truncates toward zero.
type sumInt struct {
	off  int
	n    number
	arg  int
	avg  bool
	zero bool      // 0 rather than NULL where there is no value
	kind data.Kind // of the result
}

func wrap(kind data.Kind, x int64) int64 {
	switch kind {
	case data.TinyInt:
		return int64(int8(x))
	case data.SmallInt:
		return int64(int16(x))
	case data.Int:
		return int64(int32(x))
	}
	return x
}

func (s *sumInt) update(_ *Groups, recs []unsafe.Pointer, rows []int32, b *data.Batch) error {
	v := b.Cols[s.arg]
	if b.Ops == nil && v.Nulls == nil {
		if v.Type.Phys() == data.PhysI64 {
			for i, rec := range recs {
				*i64(rec, s.off) += v.I64[rows[i]]
			}
		} else {
			for i, rec := range recs {
				*i64(rec, s.off) += int64(v.I32[rows[i]])
			}
		}
		s.n.addAll(recs)
		return nil
	}
	for i, rec := range recs {
		s.add(rec, v, rows[i], sign(b.Op(int(rows[i]))))
	}
	return nil
}

func (s *sumInt) add(rec unsafe.Pointer, v *data.Vector, r int32, sg int64) {
	if v.IsNull(int(r)) {
		return
	}
	x := int64(0)
	if v.Type.Phys() == data.PhysI64 {
		x = v.I64[r]
	} else {
		x = int64(v.I32[r])
	}
	*i64(rec, s.off) += sg * x
	s.n.add(rec, sg)
}

func (s *sumInt) put(rec unsafe.Pointer, n int64, out *data.Vector, r int) {
	x := *i64(rec, s.off)
	if n == 0 && !s.zero {
		x = 0
		out.SetNull(r)
	} else {
		if s.avg {
			x /= n
		}
		out.ClearNull(r)
	}
	x = wrap(s.kind, x)
	if out.Type.Phys() == data.PhysI64 {
		out.I64[r] = x
	} else {
		out.I32[r] = int32(x)
	}
}

func (s *sumInt) result(_ *Groups, recs []unsafe.Pointer, out *data.Vector, base, stride int) {
	for i, rec := range recs {
		s.put(rec, s.n.of(rec), out, base+i*stride)
	}
}

func (s *sumInt) step(g *Groups, recs []unsafe.Pointer, rows []int32, b *data.Batch, out *data.Vector, take []uint8) error {
	v := b.Cols[s.arg]
	if take == nil && b.Ops == nil && v.Nulls == nil && v.Type.Phys() == data.PhysI64 && out.Type.Phys() == data.PhysI64 {
		s.stepWide(g, recs, rows, v.I64, out)
		return nil
	}
	for i, rec := range recs {
		s.put(rec, s.n.at(g, rec, 2*i), out, 2*i)
		if take == nil || take[i] != 0 {
			s.add(rec, v, rows[i], sign(b.Op(int(rows[i]))))
		}
		s.put(rec, s.n.at(g, rec, 2*i+1), out, 2*i+1)
	}
	return nil
}

// stepWide is step for BIGINT without NULLs and retractions: after a row there is
// always a value.
func (s *sumInt) stepWide(g *Groups, recs []unsafe.Pointer, rows []int32, v []int64, out *data.Vector) {
	for i, rec := range recs {
		sum, n := i64(rec, s.off), s.n.at(g, rec, 2*i)
		before := *sum
		if n == 0 {
			if before = 0; !s.zero {
				out.SetNull(2 * i)
			}
		} else if s.avg {
			before /= n
		}
		*sum += v[rows[i]]
		s.n.add(rec, 1)
		after := *sum
		if s.avg {
			after /= n + 1
		}
		out.I64[2*i], out.I64[2*i+1] = before, after
	}
}

func (s *sumInt) schema() []data.Type { return []data.Type{bigint, bigint} }

func (s *sumInt) encode(_ *Groups, dst []byte, rec unsafe.Pointer) []byte {
	return appendInt(appendInt(dst, *i64(rec, s.off)), s.n.of(rec))
}

func (s *sumInt) load(_ *Groups, recs []unsafe.Pointer, cols []*data.Vector) error {
	for i, rec := range recs {
		*i64(rec, s.off) = cols[0].I64[i]
		s.n.load(rec, cols[1].I64[i])
	}
	return nil
}

func (s *sumInt) merge(_ *Groups, recs []unsafe.Pointer, _ *Groups, froms []unsafe.Pointer) error {
	for i, rec := range recs {
		*i64(rec, s.off) += *i64(froms[i], s.off)
		s.n.merge(rec, froms[i])
	}
	return nil
}

// sumFloat is SUM and AVG of FLOAT and DOUBLE. A FLOAT sum is rounded to FLOAT
// at every step, as Flink's is; an AVG is summed as DOUBLE.
type sumFloat struct {
	off    int
	n      number
	arg    int
	avg    bool
	zero   bool
	narrow bool // FLOAT sum
}

func (s *sumFloat) value(v *data.Vector, r int32) float64 {
	if v.Type.Phys() == data.PhysF64 {
		return v.F64[r]
	}
	return float64(v.F32[r])
}

func (s *sumFloat) add(rec unsafe.Pointer, v *data.Vector, r int32, sg int64) {
	if v.IsNull(int(r)) {
		return
	}
	sum := f64(rec, s.off)
	*sum += float64(sg) * s.value(v, r)
	if s.narrow {
		*sum = float64(float32(*sum))
	}
	s.n.add(rec, sg)
	// What rounding left of values that have all been taken back is forgotten.
	if s.n.by == byNumber && s.n.of(rec) == 0 {
		*sum = 0
	}
}

func (s *sumFloat) update(_ *Groups, recs []unsafe.Pointer, rows []int32, b *data.Batch) error {
	v := b.Cols[s.arg]
	for i, rec := range recs {
		s.add(rec, v, rows[i], sign(b.Op(int(rows[i]))))
	}
	return nil
}

func (s *sumFloat) put(rec unsafe.Pointer, n int64, out *data.Vector, r int) {
	x := *f64(rec, s.off)
	if n == 0 && !s.zero {
		x = 0
		out.SetNull(r)
	} else {
		if s.avg {
			x /= float64(n)
		}
		out.ClearNull(r)
	}
	if out.Type.Phys() == data.PhysF64 {
		out.F64[r] = x
	} else {
		out.F32[r] = float32(x)
	}
}

func (s *sumFloat) result(_ *Groups, recs []unsafe.Pointer, out *data.Vector, base, stride int) {
	for i, rec := range recs {
		s.put(rec, s.n.of(rec), out, base+i*stride)
	}
}

func (s *sumFloat) step(g *Groups, recs []unsafe.Pointer, rows []int32, b *data.Batch, out *data.Vector, take []uint8) error {
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

func (s *sumFloat) schema() []data.Type {
	return []data.Type{data.Of(data.Double).NotNull(), bigint}
}

func (s *sumFloat) encode(_ *Groups, dst []byte, rec unsafe.Pointer) []byte {
	return appendInt(appendFloat(dst, *f64(rec, s.off)), s.n.of(rec))
}

func (s *sumFloat) load(_ *Groups, recs []unsafe.Pointer, cols []*data.Vector) error {
	for i, rec := range recs {
		*f64(rec, s.off) = cols[0].F64[i]
		s.n.load(rec, cols[1].I64[i])
	}
	return nil
}

func (s *sumFloat) merge(_ *Groups, recs []unsafe.Pointer, _ *Groups, froms []unsafe.Pointer) error {
	for i, rec := range recs {
		sum := f64(rec, s.off)
		*sum += *f64(froms[i], s.off)
		if s.narrow {
			*sum = float64(float32(*sum))
		}
		s.n.merge(rec, froms[i])
	}
	return nil
}
