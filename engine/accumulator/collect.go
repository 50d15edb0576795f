package accumulator

import (
	"encoding/binary"
	"slices"
	"unsafe"

	"github.com/weir-streams/weir/engine/data"
)

// collect is COLLECT: each value with the number of its copies, in a side table.
// The multiset is given in the order of the encoded values, so that it does not
// depend on how the state came about.
type collect struct {
	arg  int
	side int
	typ  data.Type // of the values
}

func (c *collect) addRow(g *Groups, rec unsafe.Pointer, r int32, b *data.Batch) error {
	if b.Cols[c.arg].IsNull(int(r)) {
		return nil
	}
	var s [1]unsafe.Pointer
	if err := g.resolveInto(c.side, []unsafe.Pointer{rec}, b.Cols[c.arg], []int32{r}, s[:]); err != nil {
		return err
	}
	n := i64(s[0], g.set.sides[c.side].first())
	if *n += sign(b.Op(int(r))); *n == 0 {
		g.gone = append(g.gone, goner{rec, s[0]})
		g.bury(c.side)
	}
	return nil
}

func (c *collect) put(g *Groups, rec unsafe.Pointer, out *data.Vector, r int) {
	var entries []string
	first := g.set.sides[c.side].first()
	g.each(c.side, rec, func(s unsafe.Pointer) {
		if n := *i64(s, first); n > 0 {
			g.buf = g.sides[c.side].PairValue(g.buf[:0], s)
			g.buf = binary.AppendVarint(append(g.buf, 1), n)
			entries = append(entries, string(g.buf))
		}
	})
	slices.Sort(entries)
	g.buf = binary.AppendUvarint(append(g.buf[:0], 1), uint64(len(entries)))
	for _, e := range entries {
		g.buf = append(g.buf, e...)
	}
	decode(g.buf, out, r)
}

func (c *collect) update(g *Groups, recs []unsafe.Pointer, rows []int32, b *data.Batch) error {
	return updateRows(c, g, recs, rows, b)
}

func (c *collect) step(g *Groups, recs []unsafe.Pointer, rows []int32, b *data.Batch, out *data.Vector, take []uint8) error {
	return stepRows(c, g, recs, rows, b, out, take)
}

func (c *collect) result(g *Groups, recs []unsafe.Pointer, out *data.Vector, base, stride int) {
	for i, rec := range recs {
		c.put(g, rec, out, base+i*stride)
	}
}

// All of its state is in the side table.

func (c *collect) schema() []data.Type                                   { return nil }
func (c *collect) encode(_ *Groups, dst []byte, _ unsafe.Pointer) []byte { return dst }
func (c *collect) load(*Groups, []unsafe.Pointer, []*data.Vector) error  { return nil }
