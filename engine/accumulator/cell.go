package accumulator

import (
	"encoding/binary"
	"unsafe"

	"github.com/weir-streams/weir/engine/data"
)

// cell keeps one value in a record, in 8 or 16 bytes, and a flag whether there is
// one. Strings are views as in vectors: short ones lie in the record, of others the
// second word is their handle in the group's blobs. Lists and rows are such strings,
// in the row codec.
type cell struct {
	flag
	off  int
	typ  data.Type
	phys data.Phys
}

func (s *Set) newCell(t data.Type) cell {
	width := 8
	if p := t.Phys(); p == data.PhysI128 || p == data.PhysTime || p >= data.PhysString {
		width = 16
	}
	return cell{flag: s.newFlag(), off: s.room(width), typ: t, phys: t.Phys()}
}

// compare orders row r of v against the value of rec.
func (e *cell) compare(g *Groups, rec unsafe.Pointer, v *data.Vector, r int) int {
	at := e.off
	switch e.phys {
	case data.PhysBool:
		return cmp(int64(v.Bool[r]), *i64(rec, at))
	case data.PhysI32:
		return cmp(int64(v.I32[r]), *i64(rec, at))
	case data.PhysI64:
		return cmp(v.I64[r], *i64(rec, at))
	case data.PhysF32:
		return cmpFloat(float64(v.F32[r]), *f64(rec, at))
	case data.PhysF64:
		return cmpFloat(v.F64[r], *f64(rec, at))
	case data.PhysI128:
		return v.I128[r].Cmp(*wide(rec, at))
	case data.PhysTime:
		if c := cmp(v.I64[r], *i64(rec, at)); c != 0 {
			return c
		}
		return cmp(int64(v.Nano[r]), *i64(rec, at+8))
	}
	if w := e.view(rec); w.Len() <= data.InlineLen && *w == v.Views[r] {
		return 0
	}
	x, y := v.Str(r), e.bytes(g, rec)
	switch s := unsafe.String(unsafe.SliceData(y), len(y)); {
	case x < s:
		return -1
	case x > s:
		return 1
	}
	return 0
}

func cmp(a, b int64) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// cmpFloat orders as Java's compare does: NaN is the greatest.
func cmpFloat(a, b float64) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	case a == b:
		return 0
	case a != a && b != b:
		return 0
	case a != a:
		return 1
	}
	return -1
}

// set stores row r of v as the value of rec.
func (e *cell) set(g *Groups, rec unsafe.Pointer, v *data.Vector, r int) error {
	at := e.off
	switch e.phys {
	case data.PhysBool:
		*i64(rec, at) = int64(v.Bool[r])
	case data.PhysI32:
		*i64(rec, at) = int64(v.I32[r])
	case data.PhysI64:
		*i64(rec, at) = v.I64[r]
	case data.PhysF32:
		*f64(rec, at) = float64(v.F32[r])
	case data.PhysF64:
		*f64(rec, at) = v.F64[r]
	case data.PhysI128:
		*wide(rec, at) = v.I128[r]
	case data.PhysTime:
		*i64(rec, at), *i64(rec, at+8) = v.I64[r], int64(v.Nano[r])
	case data.PhysString:
		return e.setBytes(g, rec, v.Bytes(r))
	default:
		g.buf = data.EncodeValue(g.buf[:0], v, r)
		return e.setBytes(g, rec, g.buf)
	}
	e.raise(rec)
	return nil
}

func (e *cell) view(rec unsafe.Pointer) *data.View {
	return (*data.View)(unsafe.Pointer(u64(rec, e.off)))
}

// bytes is the string of rec, valid until it is set or the record moves.
func (e *cell) bytes(g *Groups, rec unsafe.Pointer) []byte {
	w := e.view(rec)
	if n := w.Len(); n <= data.InlineLen {
		return unsafe.Slice((*byte)(unsafe.Add(unsafe.Pointer(w), 4)), n)
	}
	return g.blobs.Get(w.B)
}

func (e *cell) setBytes(g *Groups, rec unsafe.Pointer, p []byte) error {
	w := e.view(rec)
	old := uint64(0)
	if w.Len() > data.InlineLen {
		old = w.B
	}
	if len(p) > data.InlineLen {
		h, err := g.blobs.Put(old, p)
		if err != nil {
			return err
		}
		*w = data.View{A: uint64(uint32(len(p))), B: h}
	} else {
		*w = data.InlineView(p)
		if old != 0 {
			g.blobs.Drop(old)
		}
	}
	e.raise(rec)
	return nil
}

func (e *cell) drop(g *Groups, rec unsafe.Pointer) {
	e.lower(rec)
	if e.phys >= data.PhysString {
		w := e.view(rec)
		if w.Len() > data.InlineLen {
			g.blobs.Drop(w.B)
		}
		*w = data.View{}
	}
}

func (e *cell) put(g *Groups, rec unsafe.Pointer, out *data.Vector, r int) {
	at := e.off
	if !e.present(rec) {
		data.SetNullRow(out, r)
		return
	}
	out.ClearNull(r)
	switch e.phys {
	case data.PhysBool:
		out.Bool[r] = uint8(*i64(rec, at))
	case data.PhysI32:
		out.I32[r] = int32(*i64(rec, at))
	case data.PhysI64:
		out.I64[r] = *i64(rec, at)
	case data.PhysF32:
		out.F32[r] = float32(*f64(rec, at))
	case data.PhysF64:
		out.F64[r] = *f64(rec, at)
	case data.PhysI128:
		out.I128[r] = *wide(rec, at)
	case data.PhysTime:
		out.I64[r], out.Nano[r] = *i64(rec, at), int32(*i64(rec, at+8))
	case data.PhysString:
		if w := e.view(rec); w.Len() <= data.InlineLen {
			out.Views[r] = *w
		} else {
			out.SetBytes(r, g.blobs.Get(w.B))
		}
	default:
		decode(e.bytes(g, rec), out, r)
	}
}

// decode reads a value that this package encoded.
func decode(p []byte, out *data.Vector, r int) {
	if _, err := data.DecodeValue(p, out, r); err != nil {
		panic("value of an aggregate that cannot be read: " + err.Error())
	}
}

func (e *cell) result(g *Groups, recs []unsafe.Pointer, out *data.Vector, base, stride int) {
	for i, rec := range recs {
		e.put(g, rec, out, base+i*stride)
	}
}

func (e *cell) schema() []data.Type { return []data.Type{e.typ.WithNull(true)} }

func (e *cell) encode(g *Groups, dst []byte, rec unsafe.Pointer) []byte {
	if !e.present(rec) {
		return append(dst, 0)
	}
	at := e.off
	switch e.phys {
	case data.PhysBool:
		return append(dst, 1, byte(*i64(rec, at)))
	case data.PhysI32, data.PhysI64:
		return appendInt(dst, *i64(rec, at))
	case data.PhysF32:
		return appendFloat32(dst, float32(*f64(rec, at)))
	case data.PhysF64:
		return appendFloat(dst, *f64(rec, at))
	case data.PhysI128:
		return appendWide(dst, *wide(rec, at))
	case data.PhysTime:
		return binary.AppendUvarint(appendInt(dst, *i64(rec, at)), uint64(*i64(rec, at+8)))
	case data.PhysString:
		return appendString(dst, e.bytes(g, rec))
	}
	return append(dst, e.bytes(g, rec)...) // as it was encoded
}

func (e *cell) load(g *Groups, recs []unsafe.Pointer, cols []*data.Vector) error {
	for i, rec := range recs {
		if !cols[0].IsNull(i) {
			if err := e.set(g, rec, cols[0], i); err != nil {
				return err
			}
		}
	}
	return nil
}

// edge is FIRST_VALUE and LAST_VALUE over an input that takes nothing back.
type edge struct {
	cell
	arg  int
	last bool
}

func (e *edge) addRow(g *Groups, rec unsafe.Pointer, r int32, b *data.Batch) error {
	v := b.Cols[e.arg]
	if v.IsNull(int(r)) || !e.last && e.present(rec) {
		return nil
	}
	return e.set(g, rec, v, int(r))
}

// merge is for keys, of which every group has one.
func (e *edge) merge(g *Groups, recs []unsafe.Pointer, from *Groups, froms []unsafe.Pointer) error {
	v := data.NewVector(e.typ, len(froms))
	defer v.Release()
	e.result(from, froms, v, 0, 1)
	for i, rec := range recs {
		if !v.IsNull(i) && !e.present(rec) {
			if err := e.set(g, rec, v, i); err != nil {
				return err
			}
		}
	}
	return nil
}

func (e *edge) update(g *Groups, recs []unsafe.Pointer, rows []int32, b *data.Batch) error {
	return updateRows(e, g, recs, rows, b)
}

func (e *edge) step(g *Groups, recs []unsafe.Pointer, rows []int32, b *data.Batch, out *data.Vector, take []uint8) error {
	return stepRows(e, g, recs, rows, b, out, take)
}
