package accumulator

import (
	"math/bits"
	"unsafe"

	"github.com/weir-streams/weir/engine/data"
)

// distinct feeds other aggregates each value of a group once. It is shared by all
// calls over one column: a side table has a record for each value, with a bit for
// each filter under which the value was seen or, where the input takes rows back,
// a count for each. A value joins with the first copy and leaves with the last.
type distinct struct {
	side    int
	arg     int
	filters []int // column of each bit, -1: no filter
	nulls   bool  // NULL is a value for one of the calls
	counted bool

	// counters are, for each filter, the places of the counts of its values, where
	// the aggregates are all COUNT.
	counters [][]int

	like   *distinct // an earlier one with the same filters
	moved  []uint64  // for each row given to Step: what fresh says of it
	lists  []scratch
	passed []uint64 // for each row: the filters that it passes

	// The rows that pass a filter and may bring something.
	every     bool    // all of them
	at        []int32 // else their positions
	pass      []uint64
	fresh     []uint64 // the filters under which their values join or leave
	found     []unsafe.Pointer
	foundRows []int32
	kept      []uint64 // room for pass
	scratch            // room for found
}

// find marks, for each row, the filters that it passes; rows without any are left out.
func (d *distinct) find(recs []unsafe.Pointer, rows []int32, b *data.Batch) {
	n := len(rows)
	if cap(d.kept) <= n {
		room := max(n, data.BatchSize) + 1
		d.kept, d.fresh, d.at = make([]uint64, room), make([]uint64, room), make([]int32, room)
		d.recs, d.rows = make([]unsafe.Pointer, room), make([]int32, room)
		if d.like == nil {
			d.passed = make([]uint64, room)
		}
	}
	all := uint64(0)
	for bit, f := range d.filters {
		if f < 0 {
			all |= 1 << bit
		}
	}
	pass := d.passed
	if d.like != nil {
		pass = d.like.passed[:n]
	} else {
		pass = pass[:n]
		d.filter(pass, all, rows, b)
	}
	v := b.Cols[d.arg]
	drop := v.Nulls != nil && !d.nulls
	if !drop && all != 0 { // every row passes
		d.every, d.found, d.foundRows, d.pass = true, recs, rows, pass
		return
	}
	d.every = false
	kept, at, keepRecs, keepRows := d.kept[:n+1], d.at[:n+1], d.recs[:n+1], d.rows[:n+1]
	k := 0
	for i, r := range rows {
		at[k], keepRecs[k], keepRows[k], kept[k] = int32(i), recs[i], r, pass[i]
		if pass[i] != 0 && !(drop && v.IsNull(int(r))) {
			k++
		}
	}
	d.at, d.pass, d.found, d.foundRows = at[:k], kept[:k], keepRecs[:k], keepRows[:k]
}

// filter writes the filters that rows pass to pass; all are those that are none.
func (d *distinct) filter(pass []uint64, all uint64, rows []int32, b *data.Batch) {
	for i := range pass {
		pass[i] = all
	}
	for bit, f := range d.filters {
		if f < 0 {
			continue
		}
		c := b.Cols[f]
		if c.Nulls == nil {
			for i, r := range rows {
				pass[i] |= uint64(c.Bool[r]) << bit
			}
			continue
		}
		for i, r := range rows {
			pass[i] |= uint64(c.Bool[r]) &^ (c.Nulls[r>>6] >> (r & 63) & 1) << bit
		}
	}
}

// mark counts the values of rows and says what is fresh of those found.
func (d *distinct) mark(g *Groups, recs []unsafe.Pointer, rows []int32, b *data.Batch) error {
	d.find(recs, rows, b)
	side, v := &g.set.sides[d.side], b.Cols[d.arg]
	if side.block > 0 {
		s := &g.seen[d.side]
		d.news(s, v, side.block)
		sides, err := g.resolveSide(d.side, d.found, d.foundRows, b)
		if err != nil {
			s.forget()
			return err
		}
		d.fresh = d.fresh[:len(sides)]
		for i, rec := range sides {
			d.fresh[i] = side.take(rec, integer(v, d.foundRows[i]), d.pass[i])
		}
		return nil
	}
	sides, err := g.resolveSide(d.side, d.found, d.foundRows, b)
	if err != nil {
		return err
	}
	first := side.first()
	d.fresh = d.fresh[:len(sides)]
	if !d.counted {
		for i, s := range sides {
			seen := u64(s, first)
			fresh := d.pass[i] &^ *seen
			*seen |= fresh
			d.fresh[i] = fresh
		}
		return nil
	}
	for i, s := range sides {
		add := b.Op(int(d.foundRows[i])).Adds()
		var moved uint64
		for m := d.pass[i]; m != 0; m &= m - 1 {
			bit := bits.TrailingZeros64(m)
			n := i64(s, first+8*bit)
			switch {
			case add:
				if *n++; *n == 1 {
					moved |= 1 << bit
				}
			case *n > 0: // what is not there cannot leave
				if *n--; *n == 0 {
					moved |= 1 << bit
				}
			}
		}
		d.fresh[i] = moved
		if !add {
			g.gone = append(g.gone, goner{d.found[i], s})
		}
	}
	g.bury(d.side)
	return nil
}

// spread says of each of n rows what is fresh of those found.
func (d *distinct) spread(n int) {
	if cap(d.moved) < n {
		d.moved = make([]uint64, max(n, data.BatchSize))
	}
	d.moved = d.moved[:n]
	if d.every {
		copy(d.moved, d.fresh)
		return
	}
	clear(d.moved)
	for i, m := range d.fresh {
		d.moved[d.at[i]] = m
	}
}

// update is mark, and then feeds the aggregates.
func (d *distinct) update(g *Groups, recs []unsafe.Pointer, rows []int32, b *data.Batch) error {
	if err := d.mark(g, recs, rows, b); err != nil {
		return err
	}
	if d.counters == nil {
		d.list(d.fresh, d.found, d.foundRows)
		return d.feed(g, b)
	}
	for i, m := range d.fresh {
		for ; m != 0; m &= m - 1 {
			for _, off := range d.counters[bits.TrailingZeros64(m)] {
				*i64(d.found[i], off) += sign(b.Op(int(d.foundRows[i])))
			}
		}
	}
	return nil
}
