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

	moved []uint64 // for each row: the filters under which its value joins or leaves
	lists []scratch
	// the rows that pass a filter
	every     bool    // all of them
	at        []int32 // else their positions
	pass      []uint64
	found     []unsafe.Pointer
	foundRows []int32
	scratch
}

// find marks, for each row, the filters that it passes; rows without any are left out.
func (d *distinct) find(recs []unsafe.Pointer, rows []int32, b *data.Batch) {
	n := len(rows)
	if cap(d.pass) <= n {
		room := max(n, data.BatchSize) + 1
		d.pass, d.at = make([]uint64, room), make([]int32, room)
		d.recs, d.rows = make([]unsafe.Pointer, room), make([]int32, room)
	}
	pass := d.pass[:n+1]
	all := uint64(0)
	for bit, f := range d.filters {
		if f < 0 {
			all |= 1 << bit
		}
	}
	for i := range pass[:n] {
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
	v := b.Cols[d.arg]
	if v.Nulls != nil && !d.nulls {
		for i, r := range rows {
			if v.IsNull(int(r)) {
				pass[i] = 0
			}
		}
	} else if all != 0 { // every row passes
		d.every, d.found, d.foundRows = true, recs, rows
		d.pass = pass[:n]
		return
	}
	d.every = false
	at, keepRecs, keepRows := d.at[:n+1], d.recs[:n+1], d.rows[:n+1]
	k := 0
	for i, r := range rows {
		at[k], keepRecs[k], keepRows[k] = int32(i), recs[i], r
		m := pass[i]
		pass[k] = m
		if m != 0 {
			k++
		}
	}
	d.at, d.pass, d.recs, d.rows = at[:k], pass[:k], keepRecs[:k], keepRows[:k]
	d.found, d.foundRows = d.recs, d.rows
}

// position is that of the i-th row found among those given.
func (d *distinct) position(i int) int {
	if d.every {
		return i
	}
	return int(d.at[i])
}

// mark counts the values of rows and fills moved.
func (d *distinct) mark(g *Groups, recs []unsafe.Pointer, rows []int32, b *data.Batch) error {
	d.find(recs, rows, b)
	if cap(d.moved) < len(rows) {
		d.moved = make([]uint64, max(len(rows), data.BatchSize))
	}
	d.moved = d.moved[:len(rows)]
	clear(d.moved)
	sides, err := g.resolveSide(d.side, d.found, d.foundRows, b)
	if err != nil {
		return err
	}
	side := &g.set.sides[d.side]
	first := side.first()
	if side.block > 0 {
		v := b.Cols[d.arg]
		for i, s := range sides {
			d.moved[d.position(i)] = side.take(s, integer(v, d.foundRows[i]), d.pass[i])
		}
		return nil
	}
	if !d.counted {
		for i, s := range sides {
			seen := u64(s, first)
			fresh := d.pass[i] &^ *seen
			*seen |= fresh
			d.moved[d.position(i)] = fresh
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
		d.moved[d.position(i)] = moved
		if !add {
			g.gone = append(g.gone, goner{d.found[i], s})
		}
	}
	g.bury(d.side)
	return nil
}

// update is mark, and then feeds the aggregates.
func (d *distinct) update(g *Groups, recs []unsafe.Pointer, rows []int32, b *data.Batch) error {
	if err := d.mark(g, recs, rows, b); err != nil {
		return err
	}
	if d.counters == nil {
		d.list(d.moved, recs, rows)
		return d.feed(g, b)
	}
	for i, m := range d.moved {
		for ; m != 0; m &= m - 1 {
			for _, off := range d.counters[bits.TrailingZeros64(m)] {
				*i64(recs[i], off) += sign(b.Op(int(rows[i])))
			}
		}
	}
	return nil
}
