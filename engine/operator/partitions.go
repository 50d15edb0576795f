package operator

import (
	"unsafe"

	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/state"
)

// Partitions finds what an operator keeps for each key: the keys lie in a table
// off the heap, what is kept on it.
type Partitions[T any] struct {
	keys  []int
	table *state.Table
	list  []*Partition[T] // by number; nil: free
	free  []int
	recs  []unsafe.Pointer
	found []*Partition[T]
	swept int // number of the partition that Sweep showed last

	epoch     uint32          // the present one, from 1
	completed uint32          // the last one a completed snapshot has
	dirty     []*Partition[T] // changed since the last completed snapshot
	gone      []gonePart      // dropped since then
	pass      partsPass[T]
}

// Partition is what is kept for a key.
type Partition[T any] struct {
	Value  T
	rec    unsafe.Pointer
	number int
	// the epoch of its last change, and of the last snapshot that has it
	changed, saved uint32
}

// NewPartitions makes partitions by key columns of an input. salt should differ
// from that of other tables the operator has.
func NewPartitions[T any](input []data.Column, keys []int, salt uint64, budget *state.Budget) *Partitions[T] {
	types := make([]data.Type, len(keys))
	for i, k := range keys {
		types[i] = input[k].Type
	}
	return &Partitions[T]{keys: keys, epoch: 1, table: state.NewTable(types, 8, salt, budget)}
}

// Resolve gives the partition of each of the rows of b, making those that are
// missing. The result is valid until the next call.
func (p *Partitions[T]) Resolve(b *data.Batch, rows []int32) ([]*Partition[T], error) {
	return p.ResolveBy(b, p.keys, rows)
}

// ResolveBy is Resolve for a batch with the keys in other columns.
func (p *Partitions[T]) ResolveBy(b *data.Batch, keys []int, rows []int32) ([]*Partition[T], error) {
	if b.Hashes == nil {
		data.HashKeys(b, keys)
	}
	if cap(p.recs) < len(rows) {
		n := max(len(rows), data.BatchSize)
		p.recs, p.found = make([]unsafe.Pointer, n), make([]*Partition[T], n)
	}
	recs, found := p.recs[:len(rows)], p.found[:len(rows)]
	if _, err := p.table.Resolve(b, keys, rows, recs); err != nil {
		return nil, err
	}
	for i, rec := range recs {
		n := (*int64)(state.Value(rec))
		if *n == 0 {
			k := len(p.list)
			if f := len(p.free); f > 0 {
				k, p.free = p.free[f-1], p.free[:f-1]
			} else {
				p.list = append(p.list, nil)
			}
			p.list[k] = &Partition[T]{rec: rec, number: k, changed: p.epoch}
			p.note(p.list[k])
			*n = int64(k + 1)
		}
		found[i] = p.list[*n-1]
	}
	return found, nil
}

// Each calls f for every partition, with its key group.
func (p *Partitions[T]) Each(maxParallelism int, f func(group int, x *Partition[T])) {
	for _, x := range p.list {
		if x != nil {
			f(data.KeyGroup(state.Hash(x.rec), maxParallelism), x)
		}
	}
}

// Key appends the key of a partition, in the row codec, to dst.
func (p *Partitions[T]) Key(dst []byte, x *Partition[T]) []byte { return p.table.Key(dst, x.rec) }

// Drop forgets a partition.
func (p *Partitions[T]) Drop(x *Partition[T]) {
	if p.list[x.number] != x {
		return
	}
	p.forget(x)
	p.list[x.number] = nil
	p.free = append(p.free, x.number)
	p.table.Delete(x.rec)
}

// Sweep shows some n partitions to f, those after the ones of the last time. f
// may drop the one it is shown.
func (p *Partitions[T]) Sweep(n int, f func(x *Partition[T]) error) error {
	for n = min(n, len(p.list)); n > 0; n-- {
		if p.swept++; p.swept >= len(p.list) {
			p.swept = 0
		}
		if x := p.list[p.swept]; x != nil {
			if err := f(x); err != nil {
				return err
			}
		}
	}
	return nil
}

// Tidy gives back the memory of dropped partitions when there is much of it.
func (p *Partitions[T]) Tidy() error {
	if !p.table.NeedsCompaction() {
		return nil
	}
	return p.table.Compact(func(_, to unsafe.Pointer) {
		p.list[*(*int64)(state.Value(to))-1].rec = to
	})
}

// Len is the number of partitions.
func (p *Partitions[T]) Len() int { return p.table.Len() }

// Bytes is the memory of the keys.
func (p *Partitions[T]) Bytes() int64 { return p.table.Bytes() }

// Free gives the memory of the keys back.
func (p *Partitions[T]) Free() {
	if p != nil {
		p.table.Free()
	}
}
