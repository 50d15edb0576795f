package data

import (
	"math"
	"sync"
)

// Op is the change a row stands for, with Flink's RowKind codes.
type Op uint8

// The changes of a changelog.
const (
	Insert       Op = 0 // +I
	UpdateBefore Op = 1 // -U
	UpdateAfter  Op = 2 // +U
	Delete       Op = 3 // -D
)

func (o Op) String() string { return [...]string{"+I", "-U", "+U", "-D"}[o&3] }

// Adds tells whether the row joins the result (+I, +U) or leaves it.
func (o Op) Adds() bool { return o&1 == 0 }

// Watermarks at the ends of time.
const (
	MinWatermark = math.MinInt64
	MaxWatermark = math.MaxInt64
)

// Batch is a set of rows travelling together, by columns. Each holder of a
// batch has one reference to its columns: whoever is given a batch releases it
// or gives it away. After it was given away it is not touched any more.
type Batch struct {
	N    int // rows in the columns
	Cols []*Vector
	// Sel lists the rows that count, ascending; nil means all N.
	Sel []int32
	// Ops has the change of each of the N rows; nil means all are inserts.
	Ops []Op
	// Hashes has the key hash of each of the N rows once an exchange computed it.
	Hashes []uint64
	// RowWatermarks, where present, has for each of the N rows the event-time
	// watermark in force when that row arrives, in milliseconds. It lets operators
	// judge lateness row by row, as Flink does, without splitting batches, also
	// where a selection has left out rows that advanced time.
	RowWatermarks []int64
	// Split tells which of its splits a source read the rows from, as an index
	// into Splits; Splits nil: it does not tell them apart. Event time advances
	// with the slowest split that is not idle.
	Split  int
	Splits *Splits
	// IngestedAt is when the oldest row entered the job, in milliseconds; 0 unknown.
	IngestedAt int64

	slab *hashSlab // of Hashes, if PooledHashes made them
}

// Splits are the splits of one subtask of a source, in the order it got them.
// The source and the operators of its chain share them; they run in one
// goroutine.
type Splits struct {
	IDs   []string // what the source calls them
	Ended []bool   // has been read to its end: it holds event time back no more
}

var batchPool = sync.Pool{New: func() any { return new(Batch) }}

// NewBatch returns an empty batch without columns.
func NewBatch(columns int) *Batch {
	b := batchPool.Get().(*Batch)
	if cap(b.Cols) < columns {
		b.Cols = make([]*Vector, 0, columns)
	}
	return b
}

// MakeBatch returns a batch with a new vector of n rows for each type.
func MakeBatch(types []Type, n int) *Batch {
	b := NewBatch(len(types))
	for _, t := range types {
		b.Cols = append(b.Cols, NewVector(t, n))
	}
	b.N = n
	return b
}

// Len is the number of rows that count.
func (b *Batch) Len() int {
	if b.Sel != nil {
		return len(b.Sel)
	}
	return b.N
}

// Row maps position i of 0..Len()-1 to a row of the columns.
func (b *Batch) Row(i int) int {
	if b.Sel != nil {
		return int(b.Sel[i])
	}
	return i
}

// Op returns the change of row r of the columns.
func (b *Batch) Op(r int) Op {
	if b.Ops == nil {
		return Insert
	}
	return b.Ops[r]
}

// Share returns another batch of the same columns (each retained), so that two
// consumers can have it, with its own Sel.
func (b *Batch) Share(sel []int32) *Batch {
	c := NewBatch(len(b.Cols))
	for _, v := range b.Cols {
		c.Cols = append(c.Cols, v.Retain())
	}
	c.N, c.Ops, c.Hashes, c.RowWatermarks, c.IngestedAt, c.Sel = b.N, b.Ops, b.Hashes, b.RowWatermarks, b.IngestedAt, sel
	c.Split, c.Splits = b.Split, b.Splits
	c.slab = b.slab.retain()
	return c
}

// Release gives the columns back. b must not be used afterwards. The slices
// Sel, Ops, Hashes and RowWatermarks may be shared and are left to the
// garbage collector; Hashes made by PooledHashes are used again.
func (b *Batch) Release() {
	for i, v := range b.Cols {
		v.Release()
		b.Cols[i] = nil
	}
	b.slab.release()
	*b = Batch{Cols: b.Cols[:0]}
	batchPool.Put(b)
}
