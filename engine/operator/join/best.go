package join

import (
	"unsafe"

	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/graph"
)

// best leaves out pairs that cannot be the first of their group, where only that
// counts (graph.Best): those behind another pair with the same row of one side. It
// knows the first of some rows only, so that a pair too many may be given.
type best struct {
	of    int // the side whose rows are the groups
	order []graph.SortKey
	lasts bool

	known []unsafe.Pointer // rows of the side; nil: none
	value []int64          // of each, what the first has, by order
	place []int32          // of each, where the first is among the pairs; -1: it was given before

	// of some pairs
	rows   []unsafe.Pointer // of the side; nil: what is to be ordered is NULL
	values []int64          // by order
}

const knownRows = 1 << 12

func newBest(spec graph.Join) *best {
	of, ttl := spec.Best.Of, spec.LeftTTLMillis
	if of == 1 {
		ttl = spec.RightTTLMillis
	}
	return &best{
		of: of, order: spec.Best.Order, lasts: spec.Best.Lasts && ttl == 0, // else another row may come to lie where a known one was
		known: make([]unsafe.Pointer, knownRows), value: make([]int64, knownRows*len(spec.Best.Order)), place: make([]int32, knownRows),
	}
}

// begin begins a batch.
func (x *best) begin() {
	if !x.lasts {
		clear(x.known)
	}
}

// read finds the rows and values of the pairs.
func (x *best) read(j *join, input int, b *data.Batch) {
	p, width := &j.pairs, len(x.order)
	if n := len(p.at); cap(x.rows) < n {
		x.rows, x.values = make([]unsafe.Pointer, max(n, maxPairs)), make([]int64, max(n, maxPairs)*width)
	}
	x.rows = x.rows[:len(p.at)]
	if input != x.of {
		copy(x.rows, p.rec)
	} else {
		for i, at := range p.at {
			x.rows[i] = j.own[at]
		}
	}
	for k, by := range x.order {
		if input != x.of {
			v := b.Cols[by.Column]
			for i, at := range p.at {
				x.values[i*width+k] = v.I64[j.rows[at]]
			}
			if v.Nulls != nil {
				for i, at := range p.at {
					if v.IsNull(int(j.rows[at])) {
						x.rows[i] = nil
					}
				}
			}
			continue
		}
		other := &j.store.sides[1-x.of]
		for i, rec := range p.rec {
			row := unsafe.Add(rec, other.head)
			if x.values[i*width+k] = other.layout.I64(row, by.Column); other.layout.IsNull(row, by.Column) {
				x.rows[i] = nil
			}
		}
	}
}

// before tells whether a pair comes before the known one at a place.
func (x *best) before(i, at int) bool {
	width := len(x.order)
	is, was := x.values[i*width:(i+1)*width], x.value[at*width:(at+1)*width]
	for k, v := range is {
		if v != was[k] {
			return v > was[k] == x.order[k].Desc
		}
	}
	return false
}

// leave leaves the pairs that may be the first of their group. They stay in the
// order in which they came, as the first of equal ones counts.
func (x *best) leave(j *join, input int, b *data.Batch) {
	x.read(j, input, b)
	p, width := &j.pairs, len(x.order)
	for i, row := range x.rows {
		if row == nil {
			continue
		}
		at := int(uint64(uintptr(row)) * 0x9E3779B97F4A7C15 >> 52)
		if x.known[at] == row {
			if !x.before(i, at) {
				p.rec[i] = nil
				continue
			}
			if before := x.place[at]; before >= 0 {
				p.rec[before] = nil
			}
		}
		x.known[at], x.place[at] = row, int32(i)
		copy(x.value[at*width:(at+1)*width], x.values[i*width:])
	}
	kept := 0
	for i, rec := range p.rec {
		if rec == nil {
			continue
		}
		if row := x.rows[i]; row != nil {
			x.place[uint64(uintptr(row))*0x9E3779B97F4A7C15>>52] = -1
		}
		p.at[kept], p.rec[kept] = p.at[i], rec
		kept++
	}
	p.at, p.rec = p.at[:kept], p.rec[:kept]
}
