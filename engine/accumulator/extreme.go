package accumulator

import (
	"unsafe"

	"github.com/weir-streams/weir/engine/data"
)

// extreme is MIN and MAX.
//
// Where the input takes rows back, every value is also counted in a side table,
// so that the next extreme can be found when the last copy of the present one
// leaves.
type extreme struct {
	cell
	arg  int
	max  bool
	side int // -1: append-only input
}

// better tells whether row r of v should replace the value of rec.
func (e *extreme) better(g *Groups, rec unsafe.Pointer, v *data.Vector, r int) bool {
	if !e.present(rec) {
		return true
	}
	c := e.compare(g, rec, v, r)
	if e.max {
		return c > 0
	}
	return c < 0
}

func (e *extreme) addRow(g *Groups, rec unsafe.Pointer, r int32, b *data.Batch) error {
	v := b.Cols[e.arg]
	if !v.IsNull(int(r)) && e.better(g, rec, v, int(r)) {
		return e.set(g, rec, v, int(r))
	}
	return nil
}

func (e *extreme) update(g *Groups, recs []unsafe.Pointer, rows []int32, b *data.Batch) error {
	v := b.Cols[e.arg]
	if e.side >= 0 {
		recs, rows = g.nonNull(v, recs, rows)
		sides, err := g.resolveSide(e.side, recs, rows, b)
		if err != nil {
			return err
		}
		for i, rec := range recs {
			if err := e.count(g, rec, sides[i], v, int(rows[i]), sign(b.Op(int(rows[i])))); err != nil {
				return err
			}
		}
		g.bury(e.side)
		return nil
	}
	if e.phys == data.PhysI64 && v.Nulls == nil {
		for i, rec := range recs {
			e.take64(rec, v.I64[rows[i]])
		}
		return nil
	}
	for i, rec := range recs {
		if err := e.addRow(g, rec, rows[i], b); err != nil {
			return err
		}
	}
	return nil
}

func (e *extreme) take64(rec unsafe.Pointer, x int64) {
	there, now := i64(rec, e.word), i64(rec, e.off)
	if *there&e.bit == 0 || (x > *now) == e.max && x != *now {
		*there, *now = *there|e.bit, x
	}
}

func (e *extreme) step(g *Groups, recs []unsafe.Pointer, rows []int32, b *data.Batch, out *data.Vector, take []uint8) error {
	v := b.Cols[e.arg]
	if e.side < 0 {
		if e.phys != data.PhysI64 || v.Nulls != nil || take != nil {
			for i, rec := range recs {
				e.put(g, rec, out, 2*i)
				if take == nil || take[i] != 0 {
					if err := e.addRow(g, rec, rows[i], b); err != nil {
						return err
					}
				}
				e.put(g, rec, out, 2*i+1)
			}
			return nil
		}
		for i, rec := range recs {
			if !e.present(rec) {
				data.SetNullRow(out, 2*i)
			} else {
				out.I64[2*i] = *i64(rec, e.off)
			}
			e.take64(rec, v.I64[rows[i]])
			out.I64[2*i+1] = *i64(rec, e.off)
		}
		return nil
	}
	// Only the rows that are taken may make side records.
	k := &g.keep
	k.recs, k.rows = k.recs[:0], k.rows[:0]
	for i, r := range rows {
		if !v.IsNull(int(r)) && (take == nil || take[i] != 0) {
			k.recs, k.rows = append(k.recs, recs[i]), append(k.rows, r)
		}
	}
	sides, err := g.resolveSide(e.side, k.recs, k.rows, b)
	if err != nil {
		return err
	}
	for i, rec := range recs {
		e.put(g, rec, out, 2*i)
		if r := int(rows[i]); !v.IsNull(r) && (take == nil || take[i] != 0) {
			if err := e.count(g, rec, sides[0], v, r, sign(b.Op(r))); err != nil {
				return err
			}
			sides = sides[1:]
		}
		e.put(g, rec, out, 2*i+1)
	}
	g.bury(e.side)
	return nil
}

func (e *extreme) merge(g *Groups, recs []unsafe.Pointer, from *Groups, froms []unsafe.Pointer) error {
	if e.phys == data.PhysI64 {
		for i, f := range froms {
			if e.present(f) {
				e.take64(recs[i], *i64(f, e.off))
			}
		}
		return nil
	}
	v := data.NewVector(e.typ, len(froms))
	defer v.Release()
	e.result(from, froms, v, 0, 1)
	for i, rec := range recs {
		if !v.IsNull(i) && e.better(g, rec, v, i) {
			if err := e.set(g, rec, v, i); err != nil {
				return err
			}
		}
	}
	return nil
}

// count changes the number of copies of a value.
func (e *extreme) count(g *Groups, rec, s unsafe.Pointer, v *data.Vector, r int, by int64) error {
	n := i64(s, g.set.sides[e.side].first())
	*n += by
	switch {
	case *n > 0:
		if e.better(g, rec, v, r) {
			return e.set(g, rec, v, r)
		}
	case *n == 0:
		g.gone = append(g.gone, goner{rec, s})
		if e.present(rec) && e.compare(g, rec, v, r) == 0 {
			return e.search(g, rec)
		}
	}
	return nil
}

// search finds the extreme among the values that are left.
func (e *extreme) search(g *Groups, rec unsafe.Pointer) error {
	e.drop(g, rec)
	value := data.NewVector(e.typ, 1)
	defer value.Release()
	first := g.set.sides[e.side].first()
	var err error
	g.each(e.side, rec, func(s unsafe.Pointer) {
		if err != nil || *i64(s, first) <= 0 {
			return
		}
		g.buf = g.sides[e.side].PairValue(g.buf[:0], s)
		value.Bufs = releaseBuffers(value)
		decode(g.buf, value, 0)
		if e.better(g, rec, value, 0) {
			err = e.set(g, rec, value, 0)
		}
	})
	return err
}

func releaseBuffers(v *data.Vector) []*data.Buffer {
	for i, b := range v.Bufs {
		b.Release()
		v.Bufs[i] = nil
	}
	return v.Bufs[:0]
}
