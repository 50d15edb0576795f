package data

import (
	"encoding/binary"
	"math"
	"math/bits"
	"sync"
	"sync/atomic"
)

// The key hash is part of the savepoint format: a key's group, and with it the
// file its state lies in, follows from it. It must never change.

const (
	hashMul  = 0x9E3779B97F4A7C15 // 2^64 / golden ratio
	hashSeed = 0x243F6A8885A308D3 // pi
	nullHash = 0x6A09E667F3BCC909 // sqrt 2
)

// HashInt hashes an integer: multiply and swap bytes, so that the well mixed
// high bits become the low ones as well and dense ids do not cluster.
func HashInt(x int64) uint64 {
	h := uint64(x) * hashMul
	return h ^ bits.ReverseBytes64(h)
}

// HashBytes hashes a byte string.
func HashBytes(p []byte) uint64 {
	h := hashSeed ^ uint64(len(p))*hashMul
	for len(p) >= 16 {
		h = mix(binary.LittleEndian.Uint64(p)^h, binary.LittleEndian.Uint64(p[8:])^hashMul)
		p = p[16:]
	}
	var a, b uint64
	switch {
	case len(p) >= 8:
		a = binary.LittleEndian.Uint64(p)
		b = tail(p[8:])
	default:
		a = tail(p)
	}
	return mix(a^h, b^hashMul)
}

func tail(p []byte) uint64 {
	var x uint64
	for i := len(p) - 1; i >= 0; i-- {
		x = x<<8 | uint64(p[i])
	}
	return x
}

func mix(a, b uint64) uint64 {
	hi, lo := bits.Mul64(a, b)
	return hi ^ lo
}

// combine joins the hash of the next key column to that of the ones before.
func combine(h, k uint64) uint64 { return mix(h^k, hashMul) ^ bits.RotateLeft64(k, 31) }

// KeyGroup returns the key group of a hash, 0 <= group < maxParallelism, from
// the hash's top bits.
func KeyGroup(hash uint64, maxParallelism int) int {
	hi, _ := bits.Mul64(hash, uint64(maxParallelism))
	return int(hi)
}

// GroupOwner returns the subtask that owns a key group, as Flink assigns them.
func GroupOwner(group, parallelism, maxParallelism int) int {
	return group * parallelism / maxParallelism
}

// GroupRange returns the key groups [from, to) that a subtask owns.
func GroupRange(subtask, parallelism, maxParallelism int) (from, to int) {
	return (subtask*maxParallelism + parallelism - 1) / parallelism, ((subtask+1)*maxParallelism + parallelism - 1) / parallelism
}

// HashKeys computes the key hash of the rows of b that count, over the given
// columns, into b.Hashes. With no columns every row has the same hash. Equal
// keys (NULL equal to NULL, 0.0 to -0.0, NaN to NaN) have equal hashes.
func HashKeys(b *Batch, keys []int) {
	if cap(b.Hashes) < b.N {
		b.Hashes = make([]uint64, b.N, max(b.N, BatchSize))
	}
	h := b.Hashes[:b.N]
	b.Hashes = h
	if len(keys) == 0 {
		for i := range h {
			h[i] = hashSeed
		}
		return
	}
	hashColumn(h, b.Cols[keys[0]], b.Sel)
	if len(keys) == 1 {
		return
	}
	scratch, _ := hashPool.Get().(*[]uint64)
	if scratch == nil {
		scratch = new([]uint64)
	}
	if cap(*scratch) < b.N {
		*scratch = make([]uint64, max(b.N, BatchSize))
	}
	next := (*scratch)[:b.N]
	for _, k := range keys[1:] {
		hashColumn(next, b.Cols[k], b.Sel)
		if b.Sel == nil {
			for i, x := range next[:len(h)] {
				h[i] = combine(h[i], x)
			}
		} else {
			for _, i := range b.Sel {
				h[i] = combine(h[i], next[i])
			}
		}
	}
	hashPool.Put(scratch)
}

var hashPool sync.Pool // of *[]uint64

// hashSlab is hashes that batches of the same columns share, counted by reference.
type hashSlab struct {
	hashes []uint64
	refs   atomic.Int32
}

var slabPool = sync.Pool{New: func() any { return new(hashSlab) }}

func (s *hashSlab) retain() *hashSlab {
	if s != nil {
		s.refs.Add(1)
	}
	return s
}

func (s *hashSlab) release() {
	if s != nil && s.refs.Add(-1) == 0 {
		slabPool.Put(s)
	}
}

// PooledHashes is HashKeys into memory that is used again once b and all that
// share its columns are released: b.Hashes may not be kept beyond that.
func PooledHashes(b *Batch, keys []int) {
	b.slab.release()
	b.slab = slabPool.Get().(*hashSlab)
	b.slab.refs.Store(1)
	b.Hashes = b.slab.hashes[:0]
	HashKeys(b, keys)
	b.slab.hashes = b.Hashes
}

// hashColumn puts the hashes of a column's rows, or of those selected, into h.
func hashColumn(h []uint64, v *Vector, sel []int32) {
	switch v.Type.Phys() {
	case PhysI32:
		hashInts(h, v.I32, sel)
	case PhysI64:
		hashInts(h, v.I64, sel)
	case PhysString:
		if sel == nil {
			for i := range h {
				h[i] = HashBytes(v.Bytes(i))
			}
		} else {
			for _, i := range sel {
				h[i] = HashBytes(v.Bytes(int(i)))
			}
		}
	default:
		if sel == nil {
			for i := range h {
				h[i] = HashValue(v, i)
			}
		} else {
			for _, i := range sel {
				h[i] = HashValue(v, int(i))
			}
		}
		return
	}
	if v.Nulls == nil {
		return
	}
	if sel == nil {
		for i := range h {
			if v.IsNull(i) {
				h[i] = nullHash
			}
		}
		return
	}
	for _, i := range sel {
		if v.IsNull(int(i)) {
			h[i] = nullHash
		}
	}
}

func hashInts[T int32 | int64](h []uint64, v []T, sel []int32) {
	if sel == nil {
		for i, x := range v[:len(h)] {
			h[i] = HashInt(int64(x))
		}
		return
	}
	for _, i := range sel {
		h[i] = HashInt(int64(v[i]))
	}
}

// HashValue hashes row i of a column.
func HashValue(v *Vector, i int) uint64 {
	if v.IsNull(i) {
		return nullHash
	}
	switch v.Type.Phys() {
	case PhysBool:
		return HashInt(int64(v.Bool[i]))
	case PhysI32:
		return HashInt(int64(v.I32[i]))
	case PhysI64:
		return HashInt(v.I64[i])
	case PhysF32:
		return HashInt(int64(floatBits(float64(v.F32[i]))))
	case PhysF64:
		return HashInt(int64(floatBits(v.F64[i])))
	case PhysI128:
		return combine(HashInt(v.I128[i].Hi), HashInt(int64(v.I128[i].Lo)))
	case PhysTime:
		return combine(HashInt(v.I64[i]), HashInt(int64(v.Nano[i])))
	case PhysString:
		return HashBytes(v.Bytes(i))
	case PhysList:
		h := uint64(hashSeed)
		for j := v.Offsets[i]; j < v.Offsets[i+1]; j++ {
			for _, c := range v.Children {
				h = combine(h, HashValue(c, int(j)))
			}
		}
		return h
	case PhysRow:
		h := uint64(hashSeed)
		for _, c := range v.Children {
			h = combine(h, HashValue(c, i))
		}
		return h
	}
	return nullHash
}

func floatBits(f float64) uint64 {
	if f == 0 {
		return 0
	}
	if f != f {
		return 0x7FF8000000000000
	}
	return math.Float64bits(f)
}
