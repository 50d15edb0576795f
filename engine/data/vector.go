package data

import (
	"sync"
	"sync/atomic"
	"unsafe"
)

// BatchSize is the number of rows a batch is made for: columns then fit in L2.
// Operators may make smaller batches at any time and larger ones never.
const BatchSize = 2048

// Int128 is a two's complement integer, the unscaled value of a wide DECIMAL.
type Int128 struct {
	Hi int64
	Lo uint64
}

// View is a string or binary value. Up to 12 bytes lie in the view itself;
// longer ones keep their first 4 bytes here and lie in a buffer of the vector.
// The low half of A is the length; short values go on through the rest of A
// and B; for long ones the high half of A is the prefix, the low half of B the
// buffer's number, its high half the offset.
type View struct{ A, B uint64 }

// InlineLen is the longest value that lies in its View.
const InlineLen = 12

// Len returns the number of bytes.
func (v View) Len() int { return int(uint32(v.A)) }

// Buffer holds bytes of string values, shared by reference count. Once a view
// into a region is published, that region is immutable.
type Buffer struct {
	B    []byte
	refs atomic.Int32
	pool bool
}

const bufferSize = 64 << 10

var bufferPool = sync.Pool{New: func() any { return &Buffer{B: make([]byte, 0, bufferSize), pool: true} }}

// NewBuffer returns an empty buffer with room for at least n bytes and one reference.
func NewBuffer(n int) *Buffer {
	if n > bufferSize {
		b := &Buffer{B: make([]byte, 0, n)}
		b.refs.Store(1)
		return b
	}
	b := bufferPool.Get().(*Buffer)
	b.B = b.B[:0]
	b.refs.Store(1)
	return b
}

// WrapBuffer makes a buffer of bytes that the caller will not change again.
func WrapBuffer(p []byte) *Buffer {
	b := &Buffer{B: p}
	b.refs.Store(1)
	return b
}

// Offset is where p begins in the buffer it is a part of; 0 without a buffer.
func (b *Buffer) Offset(p []byte) int {
	if b == nil || len(p) == 0 || len(b.B) == 0 {
		return 0
	}
	return int(uintptr(unsafe.Pointer(unsafe.SliceData(p))) - uintptr(unsafe.Pointer(unsafe.SliceData(b.B))))
}

// Retain adds a reference.
func (b *Buffer) Retain() *Buffer { b.refs.Add(1); return b }

// Release drops a reference; the last one recycles the buffer.
func (b *Buffer) Release() {
	if b.refs.Add(-1) == 0 && b.pool {
		bufferPool.Put(b)
	}
}

// Vector is one column of a batch. Which slices are used is said by
// Type.Phys(); they have at least N elements. It is immutable once it is in a
// batch that was sent, and shared by reference count: forgetting a Release
// only leaves it to the garbage collector, forgetting a Retain is a bug.
type Vector struct {
	Type Type
	N    int
	// Nulls has a bit set for each NULL row; nil means no row is NULL. The value
	// under a NULL is any valid value of the layout.
	Nulls []uint64

	Bool  []uint8 // 0 or 1
	I32   []int32
	I64   []int64
	F32   []float32
	F64   []float64
	I128  []Int128
	Nano  []int32 // nanoseconds within the millisecond, 0..999999
	Views []View
	Bufs  []*Buffer

	Offsets  []int32 // PhysList: N+1 positions into the children
	Children []*Vector

	refs atomic.Int32
}

var vectorPools [PhysRow + 1]sync.Pool

// NewVector returns a vector of n rows, without NULLs, values undefined, with
// one reference. The slices have capacity for BatchSize rows at least.
func NewVector(t Type, n int) *Vector {
	p := t.Phys()
	v, _ := vectorPools[p].Get().(*Vector)
	if v == nil {
		v = &Vector{}
	}
	v.Type = t
	v.refs.Store(1)
	v.Resize(n)
	if p == PhysRow && len(v.Children) == 0 {
		for _, a := range t.Args {
			v.Children = append(v.Children, NewVector(a, n))
		}
	}
	if p == PhysList {
		v.Offsets[0] = 0
	}
	if p == PhysList && len(v.Children) == 0 {
		for _, a := range t.Args {
			v.Children = append(v.Children, NewVector(a, 0))
		}
		if t.Kind == Multiset {
			v.Children = append(v.Children, NewVector(Of(Int).NotNull(), 0))
		}
	}
	return v
}

// Resize sets the number of rows; values up to the smaller of both stay. For
// PhysRow the children are resized too; for PhysList only the offsets.
func (v *Vector) Resize(n int) {
	v.N = n
	switch v.Type.Phys() {
	case PhysBool:
		v.Bool = grow(v.Bool, n)
	case PhysI32:
		v.I32 = grow(v.I32, n)
	case PhysI64:
		v.I64 = grow(v.I64, n)
	case PhysF32:
		v.F32 = grow(v.F32, n)
	case PhysF64:
		v.F64 = grow(v.F64, n)
	case PhysI128:
		v.I128 = grow(v.I128, n)
	case PhysTime:
		v.I64 = grow(v.I64, n)
		v.Nano = grow(v.Nano, n)
	case PhysString:
		v.Views = grow(v.Views, n)
	case PhysList:
		v.Offsets = grow(v.Offsets, n+1)
		if n == 0 {
			v.Offsets[0] = 0
		}
	case PhysRow:
		for _, c := range v.Children {
			c.Resize(n)
		}
	}
	if v.Nulls != nil {
		v.Nulls = grow(v.Nulls, (n+63)/64)
	}
}

func grow[T any](s []T, n int) []T {
	if n <= cap(s) {
		return s[:n]
	}
	c := max(n, BatchSize)
	if n > BatchSize {
		c = max(n, 2*cap(s))
	}
	t := make([]T, n, c)
	copy(t, s[:cap(s)][:min(cap(s), n)])
	return t
}

// Retain adds a reference and returns v.
func (v *Vector) Retain() *Vector { v.refs.Add(1); return v }

// Shared tells whether somebody else holds v too: it must then not be changed.
func (v *Vector) Shared() bool { return v.refs.Load() > 1 }

// Release drops a reference. The last one recycles the vector.
func (v *Vector) Release() {
	if v.refs.Add(-1) != 0 {
		return
	}
	for i, b := range v.Bufs {
		b.Release()
		v.Bufs[i] = nil
	}
	v.Bufs = v.Bufs[:0]
	for i, c := range v.Children {
		c.Release()
		v.Children[i] = nil
	}
	v.Children = v.Children[:0]
	v.Nulls = nil
	vectorPools[v.Type.Phys()].Put(v)
}

// IsNull tells whether row i is NULL.
func (v *Vector) IsNull(i int) bool {
	return v.Nulls != nil && v.Nulls[i>>6]&(1<<(i&63)) != 0
}

// SetNull makes row i NULL.
func (v *Vector) SetNull(i int) {
	if v.Nulls == nil {
		v.Nulls = make([]uint64, (max(v.N, BatchSize)+63)/64)[:(v.N+63)/64]
	}
	v.Nulls[i>>6] |= 1 << (i & 63)
}

// ClearNull makes row i not NULL.
func (v *Vector) ClearNull(i int) {
	if v.Nulls != nil {
		v.Nulls[i>>6] &^= 1 << (i & 63)
	}
}

// Bytes returns the bytes of row i, valid while v is held. Do not change them.
func (v *Vector) Bytes(i int) []byte {
	w := &v.Views[i]
	n := uint32(w.A)
	if n <= InlineLen {
		return unsafe.Slice((*byte)(unsafe.Add(unsafe.Pointer(w), 4)), n)
	}
	off := uint32(w.B >> 32)
	return v.Bufs[uint32(w.B)].B[off : off+n : off+n]
}

// Str returns row i as a string without a copy, valid while v is held.
func (v *Vector) Str(i int) string {
	b := v.Bytes(i)
	return unsafe.String(unsafe.SliceData(b), len(b))
}

// SetBytes copies p into the vector as row i. N must already cover i.
func (v *Vector) SetBytes(i int, p []byte) {
	if len(p) <= InlineLen {
		v.Views[i] = InlineView(p)
		return
	}
	k := len(v.Bufs) - 1
	if k < 0 || cap(v.Bufs[k].B)-len(v.Bufs[k].B) < len(p) || !v.Bufs[k].pool || v.Bufs[k].refs.Load() > 1 {
		v.Bufs = append(v.Bufs, NewBuffer(len(p)))
		k++
	}
	b := v.Bufs[k]
	off := len(b.B)
	b.B = append(b.B, p...)
	v.Views[i] = longView(p, k, off)
}

// SetString is SetBytes for a string.
func (v *Vector) SetString(i int, s string) {
	v.SetBytes(i, unsafe.Slice(unsafe.StringData(s), len(s)))
}

// AddBuffer makes b a buffer of v, taking over the caller's reference, and
// returns its number for SetSlice.
func (v *Vector) AddBuffer(b *Buffer) int {
	v.Bufs = append(v.Bufs, b)
	return len(v.Bufs) - 1
}

// SetSlice makes row i the bytes [off, off+n) of buffer k, without a copy.
func (v *Vector) SetSlice(i, k, off, n int) {
	p := v.Bufs[k].B[off : off+n]
	if n <= InlineLen {
		v.Views[i] = InlineView(p)
		return
	}
	v.Views[i] = longView(p, k, off)
}

// InlineView makes the view of a value of at most InlineLen bytes.
func InlineView(p []byte) View {
	var w View
	w.A = uint64(len(p))
	copy(unsafe.Slice((*byte)(unsafe.Add(unsafe.Pointer(&w), 4)), InlineLen), p)
	return w
}

func longView(p []byte, k, off int) View {
	prefix := uint64(p[0]) | uint64(p[1])<<8 | uint64(p[2])<<16 | uint64(p[3])<<24
	return View{A: uint64(uint32(len(p))) | prefix<<32, B: uint64(uint32(k)) | uint64(off)<<32}
}

// ShareBuffers makes v able to hold views of src: it retains src's buffers and
// returns the amount to add to the buffer number of a long view of src.
func (v *Vector) ShareBuffers(src *Vector) uint64 {
	base := uint64(len(v.Bufs))
	for _, b := range src.Bufs {
		v.Bufs = append(v.Bufs, b.Retain())
	}
	return base
}

// Rebase moves a view of a vector whose buffers were added at base.
func (w View) Rebase(base uint64) View {
	if uint32(w.A) > InlineLen {
		w.B += base
	}
	return w
}
