package accumulator

import (
	"fmt"
	"math/bits"
	"unsafe"

	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/state"
)

// merger is an accumulator whose results over two sets of rows can be made those
// over both: recs[i] takes in froms[i].
type merger interface {
	merge(g *Groups, recs []unsafe.Pointer, from *Groups, froms []unsafe.Pointer) error
}

// Merges tells whether groups can be joined: windows may then be put together
// from slices, and sessions made one. What depends on the order of rows cannot,
// nor what counts every value.
func (s *Set) Merges() bool {
	for _, d := range s.distinct {
		if d.counted {
			return false
		}
	}
	if len(s.sides) > len(s.distinct) {
		return false
	}
	for i, a := range s.accs {
		if s.member[i].of != nil {
			if _, ok := a.(*sequence); ok {
				return false
			}
			continue
		}
		switch a := a.(type) {
		case *edge:
			if i < s.shown { // else a key as it was written first: any will do
				return false
			}
		case *extreme:
			if a.side >= 0 {
				return false
			}
		case *user:
			if a.fold.Merge == nil {
				return false
			}
		case merger:
		default:
			return false
		}
	}
	return true
}

// Merge takes the groups of from into g.
func (g *Groups) Merge(from *Groups) error {
	g.dests = g.dests[:0]
	var err error
	g.set.eachBatch(from.Table, func(froms []unsafe.Pointer) {
		if err != nil {
			return
		}
		at := len(g.dests)
		g.dests = append(g.dests, froms...)
		recs := g.dests[at:]
		if err = g.Table.ResolveLike(from.Table, froms, recs); err == nil {
			err = g.MergeRecords(recs, from, froms)
		}
		if len(g.set.distinct) > 0 {
			for i, f := range froms {
				*state.Mark(f) = uint32(at + i)
			}
		}
	})
	for _, d := range g.set.distinct {
		if err == nil {
			err = d.merge(g, from)
		}
	}
	return err
}

// MergeRecords takes froms[i] into recs[i], all but distinct values.
func (g *Groups) MergeRecords(recs []unsafe.Pointer, from *Groups, froms []unsafe.Pointer) error {
	for i, rec := range recs {
		*i64(rec, rowCount) += *i64(froms[i], rowCount) &^ (oneRow - 1)
	}
	for i, a := range g.set.accs {
		if m, ok := a.(merger); ok && g.set.member[i].of == nil {
			if err := m.merge(g, recs, from, froms); err != nil {
				return fmt.Errorf("aggregate %s: %w", g.set.calls[i].Func, err)
			}
		}
	}
	return nil
}

// merge feeds the aggregates of g the values that from has and g has not. The
// records of from are marked with the places of theirs in g.dests.
func (d *distinct) merge(g, from *Groups) error {
	t := from.sides[d.side]
	side := &g.set.sides[d.side]
	typ, first := side.typ, side.first()
	b := &data.Batch{Cols: make([]*data.Vector, d.arg+1)}
	rows := make([]int32, data.BatchSize)
	for i := range rows {
		rows[i] = int32(i)
	}
	owners, found := make([]unsafe.Pointer, 0, data.BatchSize), make([]unsafe.Pointer, data.BatchSize)
	seen := make([]uint64, 0, data.BatchSize)
	var err error
	flush := func() {
		n := len(owners)
		if n == 0 || err != nil {
			return
		}
		b.N = n
		b.Cols[d.arg].Resize(n)
		if err = g.resolveInto(d.side, owners, b.Cols[d.arg], rows[:n], found[:n]); err == nil {
			for i, s := range found[:n] {
				if side.block > 0 {
					seen[i] = side.take(s, integer(b.Cols[d.arg], int32(i)), seen[i])
					continue
				}
				fresh := seen[i] &^ *u64(s, first)
				*u64(s, first) |= fresh
				seen[i] = fresh
			}
			d.list(seen, owners, rows[:n])
			err = d.feed(g, b)
		}
		b.Cols[d.arg].Release()
		b.Cols[d.arg] = nil
		owners, seen = owners[:0], seen[:0]
	}
	t.Each(func(_ uint64, rec unsafe.Pointer) bool {
		if b.Cols[d.arg] == nil {
			b.Cols[d.arg] = data.NewVector(typ, data.BatchSize)
		}
		if side.block > 0 {
			owner := g.dests[*state.Mark(t.Owner(rec))]
			if len(owners)+1<<side.block > data.BatchSize {
				flush()
				b.Cols[d.arg] = data.NewVector(typ, data.BatchSize)
			}
			g.buf = side.eachValue(t, rec, g.buf, func(x int64, bits uint64) {
				setInteger(b.Cols[d.arg], len(owners), x)
				owners, seen = append(owners, owner), append(seen, bits)
			})
			return err == nil
		}
		g.buf = t.PairValue(g.buf[:0], rec)
		decode(g.buf, b.Cols[d.arg], len(owners))
		owners = append(owners, g.dests[*state.Mark(t.Owner(rec))])
		if seen = append(seen, *u64(rec, first)); len(seen) == data.BatchSize {
			flush()
		}
		return err == nil
	})
	flush()
	return err
}

// list sorts rows by the filters under which their values have joined or left.
func (d *distinct) list(moved []uint64, recs []unsafe.Pointer, rows []int32) {
	for i := range d.lists {
		l := &d.lists[i]
		l.recs, l.rows = l.recs[:0], l.rows[:0]
	}
	for i, m := range moved {
		for ; m != 0; m &= m - 1 {
			l := &d.lists[bits.TrailingZeros64(m)]
			l.recs, l.rows = append(l.recs, recs[i]), append(l.rows, rows[i])
		}
	}
}

// feed gives the listed rows to the aggregates over them.
func (d *distinct) feed(g *Groups, b *data.Batch) error {
	for i, a := range g.set.accs {
		m := g.set.member[i]
		if m.of != d {
			continue
		}
		if l := &d.lists[m.bit]; len(l.rows) > 0 {
			if err := a.update(g, l.recs, l.rows, b); err != nil {
				return fmt.Errorf("aggregate %s: %w", g.set.calls[i].Func, err)
			}
		}
	}
	return nil
}
