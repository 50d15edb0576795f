package accumulator

import (
	"errors"
	"unsafe"

	"github.com/weir-streams/weir/engine/data"
)

// single is SINGLE_VALUE: the value of a group that must not have a second row,
// which is what a scalar sub-query stands for.
type single struct {
	cell
	off int // how many rows there are
	arg int
}

var errSecondRow = errors.New("SingleValueAggFunction received more than one element: a sub-query in place of a value has more than one row")

func (s *single) addRow(g *Groups, rec unsafe.Pointer, r int32, b *data.Batch) error {
	n := i64(rec, s.off)
	if !b.Op(int(r)).Adds() {
		if *n--; *n <= 0 {
			s.drop(g, rec)
		}
		return nil
	}
	if *n++; *n > 1 {
		return errSecondRow
	}
	if v := b.Cols[s.arg]; !v.IsNull(int(r)) {
		return s.set(g, rec, v, int(r))
	}
	return nil
}

func (s *single) update(g *Groups, recs []unsafe.Pointer, rows []int32, b *data.Batch) error {
	return updateRows(s, g, recs, rows, b)
}

func (s *single) step(g *Groups, recs []unsafe.Pointer, rows []int32, b *data.Batch, out *data.Vector, take []uint8) error {
	return stepRows(s, g, recs, rows, b, out, take)
}

func (s *single) schema() []data.Type { return append(s.cell.schema(), bigint) }

func (s *single) encode(g *Groups, dst []byte, rec unsafe.Pointer) []byte {
	return appendInt(s.cell.encode(g, dst, rec), *i64(rec, s.off))
}

func (s *single) load(g *Groups, recs []unsafe.Pointer, cols []*data.Vector) error {
	for i, rec := range recs {
		*i64(rec, s.off) = cols[1].I64[i]
	}
	return s.cell.load(g, recs, cols)
}
