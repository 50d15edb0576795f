package accumulator

import (
	"unsafe"

	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/state"
)

// distinct feeds another aggregate each value of a group once. A side table
// counts the copies; the value joins with the first and leaves with the last.
type distinct struct {
	inner accumulator
	arg   int
	side  int
	recs  []unsafe.Pointer // scratch
	rows  []int32
	gone  []unsafe.Pointer
}

func (d *distinct) update(g *Groups, recs []unsafe.Pointer, rows []int32, b *data.Batch) error {
	recs, rows = g.nonNull(b.Cols[d.arg], recs, rows)
	sides, err := g.resolveSide(d.side, rows, b)
	if err != nil {
		return err
	}
	d.recs, d.rows, d.gone = d.recs[:0], d.rows[:0], d.gone[:0]
	for i, s := range sides {
		n := i64(s, sideCount)
		before := *n
		*n += sign(b.Op(int(rows[i])))
		if before == 0 && *n == 1 || before == 1 && *n == 0 {
			d.recs = append(d.recs, recs[i])
			d.rows = append(d.rows, rows[i])
		}
		if *n == 0 {
			d.gone = append(d.gone, s)
		}
	}
	for _, s := range d.gone {
		if state.Alive(s) && *i64(s, sideCount) == 0 {
			g.sides[d.side].Delete(s)
		}
	}
	if len(d.rows) == 0 {
		return nil
	}
	return d.inner.update(g, d.recs, d.rows, b)
}

func (d *distinct) result(g *Groups, recs []unsafe.Pointer, out *data.Vector, base, stride int) {
	d.inner.result(g, recs, out, base, stride)
}
func (d *distinct) schema() []data.Type { return d.inner.schema() }
func (d *distinct) save(g *Groups, recs []unsafe.Pointer, cols []*data.Vector) {
	d.inner.save(g, recs, cols)
}

func (d *distinct) load(g *Groups, recs []unsafe.Pointer, cols []*data.Vector) error {
	return d.inner.load(g, recs, cols)
}
