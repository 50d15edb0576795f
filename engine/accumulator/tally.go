package accumulator

import (
	"slices"
	"unsafe"

	"github.com/weir-streams/weir/engine/data"
)

// tally is COUNT of every row: the number that the record has anyway.
type tally struct{}

// CountsRows tells whether a result counts every row, so that each one changes it.
func (s *Set) CountsRows() bool {
	return slices.ContainsFunc(s.accs[:s.shown], func(a accumulator) bool { _, ok := a.(tally); return ok })
}

func (tally) update(*Groups, []unsafe.Pointer, []int32, *data.Batch) error { return nil }

func (tally) result(_ *Groups, recs []unsafe.Pointer, out *data.Vector, base, stride int) {
	for i, rec := range recs {
		out.I64[base+i*stride] = Rows(rec)
	}
}

func (tally) step(g *Groups, recs []unsafe.Pointer, _ []int32, _ *data.Batch, out *data.Vector, _ []uint8) error {
	copy(out.I64[:2*len(recs)], g.set.counts)
	return nil
}

func (tally) schema() []data.Type { return []data.Type{bigint} }

func (tally) encode(_ *Groups, dst []byte, rec unsafe.Pointer) []byte {
	return appendInt(dst, Rows(rec))
}

func (tally) load(*Groups, []unsafe.Pointer, []*data.Vector) error { return nil }

func (tally) merge(*Groups, []unsafe.Pointer, *Groups, []unsafe.Pointer) error { return nil }
