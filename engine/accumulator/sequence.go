package accumulator

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"unsafe"

	"github.com/weir-streams/weir/engine/data"
)

// sequence is the aggregates that need all values in order of arrival: LISTAGG,
// ARRAY_AGG, and FIRST_VALUE and LAST_VALUE where the input takes rows back. The
// values lie in a blob, in the row codec one after the other; a retraction takes
// out the first equal one.
type sequence struct {
	off    int // blob 8, number of values 8, LISTAGG: blob of the separator 8
	arg    int
	sep    int // column of LISTAGG's separator, -1: a comma
	typ    data.Type
	gives  gives
	joined []byte
}

type gives int

const (
	givesText gives = iota
	givesArray
	givesFirst
	givesLast
)

func (s *sequence) addRow(g *Groups, rec unsafe.Pointer, r int32, b *data.Batch) error {
	v := b.Cols[s.arg]
	if s.gives != givesArray && v.IsNull(int(r)) {
		return nil
	}
	if s.sep >= 0 && *u64(rec, s.off+16) == 0 {
		h, err := g.blobs.Put(0, b.Cols[s.sep].Bytes(int(r)))
		if err != nil {
			return err
		}
		*u64(rec, s.off+16) = h
	}
	g.buf = data.EncodeValue(g.buf[:0], v, int(r))
	if b.Op(int(r)).Adds() {
		return s.append(g, rec, g.buf, 1)
	}
	h, n := u64(rec, s.off), i64(rec, s.off+8)
	if *h == 0 {
		return nil
	}
	all := g.blobs.Get(*h)
	for at := 0; at < len(all); {
		end := len(all) - len(s.rest(all[at:]))
		if !bytes.Equal(all[at:end], g.buf) {
			at = end
			continue
		}
		if *n--; *n == 0 {
			s.drop(g, rec)
		} else {
			g.blobs.Cut(*h, at, end)
		}
		break
	}
	return nil
}

func (s *sequence) append(g *Groups, rec unsafe.Pointer, encoded []byte, n int64) error {
	h, err := g.blobs.Append(*u64(rec, s.off), encoded)
	if err != nil {
		return fmt.Errorf("the values of one group: %w", err)
	}
	*u64(rec, s.off) = h
	*i64(rec, s.off+8) += n
	return nil
}

// rest is what follows the first value.
func (s *sequence) rest(p []byte) []byte {
	left, err := data.SkipValues(p, []data.Type{s.typ})
	if err != nil {
		panic("value of an aggregate that cannot be read: " + err.Error())
	}
	return left
}

func (s *sequence) drop(g *Groups, rec unsafe.Pointer) {
	for _, at := range [...]int{s.off, s.off + 16} {
		if at > s.off && s.sep < 0 {
			break
		}
		if h := u64(rec, at); *h != 0 {
			g.blobs.Drop(*h)
			*h = 0
		}
	}
	*i64(rec, s.off+8) = 0
}

func (s *sequence) put(g *Groups, rec unsafe.Pointer, out *data.Vector, r int) {
	n := *i64(rec, s.off+8)
	if n == 0 {
		data.SetNullRow(out, r)
		return
	}
	all := g.blobs.Get(*u64(rec, s.off))
	switch s.gives {
	case givesText:
		s.putText(g, rec, all, out, r)
	case givesArray:
		g.buf = append(binary.AppendUvarint(append(g.buf[:0], 1), uint64(n)), all...)
		decode(g.buf, out, r)
	case givesFirst:
		decode(all, out, r)
	case givesLast:
		for rest := s.rest(all); len(rest) > 0; rest = s.rest(all) {
			all = rest
		}
		decode(all, out, r)
	}
}

func (s *sequence) putText(g *Groups, rec unsafe.Pointer, all []byte, out *data.Vector, r int) {
	sep := []byte{','}
	if s.sep >= 0 {
		sep = g.blobs.Get(*u64(rec, s.off+16))
	}
	text := s.joined[:0]
	for first := true; len(all) > 0; first = false {
		if !first {
			text = append(text, sep...)
		}
		n, w := binary.Uvarint(all[1:])
		from := 1 + w
		text = append(text, all[from:from+int(n)]...)
		all = all[from+int(n):]
	}
	out.ClearNull(r)
	out.SetBytes(r, text)
	s.joined = text
}

func (s *sequence) update(g *Groups, recs []unsafe.Pointer, rows []int32, b *data.Batch) error {
	return updateRows(s, g, recs, rows, b)
}

func (s *sequence) step(g *Groups, recs []unsafe.Pointer, rows []int32, b *data.Batch, out *data.Vector, take []uint8) error {
	return stepRows(s, g, recs, rows, b, out, take)
}

func (s *sequence) result(g *Groups, recs []unsafe.Pointer, out *data.Vector, base, stride int) {
	for i, rec := range recs {
		s.put(g, rec, out, base+i*stride)
	}
}

func (s *sequence) schema() []data.Type {
	return []data.Type{{Kind: data.Array, Nullable: true, Args: []data.Type{s.typ}}, data.String()}
}

func (s *sequence) encode(g *Groups, dst []byte, rec unsafe.Pointer) []byte {
	if n := *i64(rec, s.off+8); n == 0 {
		dst = append(dst, 0)
	} else {
		dst = binary.AppendUvarint(append(dst, 1), uint64(n))
		dst = append(dst, g.blobs.Get(*u64(rec, s.off))...)
	}
	if s.sep < 0 || *u64(rec, s.off+16) == 0 {
		return append(dst, 0)
	}
	return appendString(dst, g.blobs.Get(*u64(rec, s.off+16)))
}

func (s *sequence) load(g *Groups, recs []unsafe.Pointer, cols []*data.Vector) error {
	for i, rec := range recs {
		if s.sep >= 0 && !cols[1].IsNull(i) {
			h, err := g.blobs.Put(0, cols[1].Bytes(i))
			if err != nil {
				return err
			}
			*u64(rec, s.off+16) = h
		}
		if cols[0].IsNull(i) {
			continue
		}
		g.buf = data.EncodeValue(g.buf[:0], cols[0], i)
		n, w := binary.Uvarint(g.buf[1:])
		if err := s.append(g, rec, g.buf[1+w:], int64(n)); err != nil {
			return err
		}
	}
	return nil
}
