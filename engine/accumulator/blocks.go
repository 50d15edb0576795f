package accumulator

import (
	"encoding/binary"
	"math/bits"
	"unsafe"

	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/state"
)

// Integers that lie close together share a record of a side table: its word has
// the bits of each of them. Records are no larger for it, so that integers far
// from each other lose nothing, and ids that were given one after another need a
// fraction of the memory. In snapshots each value has its own row all the same.

// largestBlock bounds how many values are written again when one has changed.
const largestBlock = 4

// share lets the values of d share records, if they are integers and never leave.
func (s *Set) share(d *distinct) {
	side := &s.sides[d.side]
	if p := side.typ.Phys(); p != data.PhysI64 && p != data.PhysI32 || d.counted || d.nulls || side.head >= 0 || side.numbers != 1 {
		return
	}
	wide := bits.Len(uint(len(d.filters) - 1)) // 2^wide bits for each value
	side.block = uint(min(6-wide, largestBlock))
}

// place is the first bit of a value in the word of its block.
func (d *side) place(x int64) uint { return placeOf(x, d.block) }

func placeOf(x int64, block uint) uint { return (uint(x) & (1<<block - 1)) << (6 - block) & 63 }

// take enters the filters of a value that are new and returns them.
func (d *side) take(s unsafe.Pointer, x int64, pass uint64) (fresh uint64) {
	seen, at := u64(s, d.first()), d.place(x)
	fresh = pass &^ (*seen >> at)
	*seen |= fresh << at
	return fresh
}

// eachValue gives the values of a record, and the filters of each.
func (d *side) eachValue(t *state.Table, s unsafe.Pointer, scratch []byte, f func(x int64, seen uint64)) []byte {
	scratch = t.PairValue(scratch[:0], s)
	first, _ := binary.Varint(scratch[1:])
	word, width := *u64(s, d.first()), 64>>d.block
	all := uint64(1)<<width - 1
	for word != 0 {
		j := bits.TrailingZeros64(word) / width
		f(first<<d.block+int64(j), word>>(j*width)&all)
		word &^= all << (j * width)
	}
	return scratch
}

// integer is row r of a column of integers.
func integer(v *data.Vector, r int32) int64 {
	if v.Type.Phys() == data.PhysI64 {
		return v.I64[r]
	}
	return int64(v.I32[r])
}

func setInteger(v *data.Vector, r int, x int64) {
	if v.Type.Phys() == data.PhysI64 {
		v.I64[r] = x
	} else {
		v.I32[r] = int32(x)
	}
}

// blocks are the blocks of the values of a batch.
type blocks struct {
	column data.Vector
	rows   []int32
}

func (b *blocks) of(v *data.Vector, rows []int32, n uint) (*data.Vector, []int32) {
	if len(b.rows) < len(rows) {
		size := max(len(rows), data.BatchSize)
		b.column = data.Vector{Type: bigint, I64: make([]int64, size), N: size}
		b.rows = make([]int32, size)
		for i := range b.rows {
			b.rows[i] = int32(i)
		}
	}
	to := b.column.I64[:len(rows)]
	if v.Type.Phys() == data.PhysI64 {
		for i, r := range rows {
			to[i] = v.I64[r] >> n
		}
	} else {
		for i, r := range rows {
			to[i] = int64(v.I32[r]) >> n
		}
	}
	return &b.column, b.rows[:len(rows)]
}
