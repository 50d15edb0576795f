package data

import "encoding/binary"

// SetSub makes row i of v the bytes [from, from+n) of row r of src, without a
// copy when they are long. base is what v.ShareBuffers(src) returned.
func (v *Vector) SetSub(i int, src *Vector, base uint64, r, from, n int) {
	p := src.Bytes(r)
	if n > InlineLen {
		w := src.Views[r]
		v.Views[i] = longView(p[from:from+n], int(uint64(uint32(w.B))+base), int(w.B>>32)+from)
		return
	}
	v.Views[i] = inlineSub(p, from, n)
}

// inlineSub is InlineView(p[from:from+n]), by words where there are enough
// bytes before the end.
func inlineSub(p []byte, from, n int) View {
	end := from + n
	if end < 8 {
		return InlineView(p[from:end])
	}
	last := binary.LittleEndian.Uint64(p[end-8 : end])
	if n <= 8 {
		last >>= 64 - 8*uint(n)
		return View{A: uint64(n) | last<<32, B: last >> 32}
	}
	return View{A: uint64(n) | uint64(binary.LittleEndian.Uint32(p[from:end]))<<32, B: last >> (8 * uint(InlineLen-n))}
}

// ListWriter fills a list vector in ascending row order; rows passed over are
// empty lists. Finish must be called at the end.
type ListWriter struct {
	v    *Vector
	next int
	at   int
}

// NewListWriter starts writing v, which has its N rows and empty children.
func NewListWriter(v *Vector) *ListWriter {
	v.Offsets[0] = 0
	return &ListWriter{v: v}
}

// Row starts row i with n elements: the children have room for them, and the
// first stands at the returned position.
func (w *ListWriter) Row(i, n int) int {
	for ; w.next < i; w.next++ {
		w.v.Offsets[w.next+1] = int32(w.at)
	}
	at := w.at
	w.at += n
	for _, c := range w.v.Children {
		c.Resize(w.at)
		if w.at > at && c.Nulls != nil {
			for j := at; j < w.at; j++ {
				c.ClearNull(j)
			}
		}
	}
	w.next = i + 1
	w.v.Offsets[i+1] = int32(w.at)
	return at
}

// Finish closes the rows after the last.
func (w *ListWriter) Finish() {
	for ; w.next < w.v.N; w.next++ {
		w.v.Offsets[w.next+1] = int32(w.at)
	}
}
