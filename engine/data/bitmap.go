package data

import (
	"encoding/binary"
	"errors"
	"math/bits"
	"slices"
	"strconv"
)

// Bitmap is a set of 32-bit numbers, read without a sign. A value of the BITMAP
// type is its bytes in the portable format of Roaring bitmaps
// (https://github.com/RoaringBitmap/RoaringFormatSpec), each container in the
// shortest of its three forms: equal sets are equal bytes.
type Bitmap struct {
	keys  []uint16 // the upper halves, ascending
	boxes []*box   // the lower halves of each
}

// box is the lower halves under one upper half: a list while they are few.
type box struct {
	list  []uint16 // ascending; not used when words is there
	words *words
}

type words [1024]uint64

const (
	plainCookie = 12346
	runCookie   = 12347
	fewBoxes    = 4    // with runs and fewer containers than this there are no offsets
	mostListed  = 4096 // a container of more numbers is no list
)

var errBitmap = errors.New("Failed to deserialize bitmap from bytes.") //lint:ignore ST1005 the words of Flink

// ParseBitmap reads the portable format.
func ParseBitmap(p []byte) (*Bitmap, error) {
	b := &Bitmap{}
	u16 := func() (uint16, bool) {
		if len(p) < 2 {
			return 0, false
		}
		x := binary.LittleEndian.Uint16(p)
		p = p[2:]
		return x, true
	}
	if len(p) < 4 {
		return nil, errBitmap
	}
	cookie := binary.LittleEndian.Uint32(p)
	p = p[4:]
	var size int
	var runs []byte
	switch {
	case cookie == plainCookie:
		if len(p) < 4 {
			return nil, errBitmap
		}
		size = int(binary.LittleEndian.Uint32(p))
		p = p[4:]
	case cookie&0xffff == runCookie:
		size = int(cookie>>16) + 1
		if len(p) < (size+7)/8 {
			return nil, errBitmap
		}
		runs, p = p[:(size+7)/8], p[(size+7)/8:]
	default:
		return nil, errBitmap
	}
	if size > 1<<16 || len(p) < 4*size {
		return nil, errBitmap
	}
	head := p[:4*size]
	p = p[4*size:]
	if runs == nil || size >= fewBoxes {
		if len(p) < 4*size {
			return nil, errBitmap
		}
		p = p[4*size:]
	}
	for i := range size {
		key, count := binary.LittleEndian.Uint16(head[4*i:]), int(binary.LittleEndian.Uint16(head[4*i+2:]))+1
		if i > 0 && key <= b.keys[i-1] {
			return nil, errBitmap
		}
		x := new(box)
		switch {
		case runs != nil && runs[i/8]>>(i%8)&1 == 1:
			n, ok := u16()
			if !ok || len(p) < 4*int(n) {
				return nil, errBitmap
			}
			for range n {
				from, _ := u16()
				more, _ := u16()
				if int(from)+int(more) > 0xffff {
					return nil, errBitmap
				}
				for v := int(from); v <= int(from)+int(more); v++ {
					x.add(uint16(v))
				}
			}
		case count <= mostListed:
			if len(p) < 2*count {
				return nil, errBitmap
			}
			for range count {
				v, _ := u16()
				x.add(v)
			}
		default:
			if len(p) < 8192 {
				return nil, errBitmap
			}
			x.words = new(words)
			for k := range x.words {
				x.words[k] = binary.LittleEndian.Uint64(p[8*k:])
			}
			p = p[8192:]
		}
		b.keys, b.boxes = append(b.keys, key), append(b.boxes, x)
	}
	return b, nil
}

func (x *box) add(v uint16) {
	if x.words != nil {
		x.words[v>>6] |= 1 << (v & 63)
		return
	}
	if n := len(x.list); n == 0 || x.list[n-1] < v {
		x.list = append(x.list, v)
	} else if i, ok := slices.BinarySearch(x.list, v); !ok {
		x.list = slices.Insert(x.list, i, v)
	}
	if len(x.list) > mostListed {
		w := x.spread()
		x.list, x.words = nil, &w
	}
}

// spread is the numbers as bits.
func (x *box) spread() words {
	if x.words != nil {
		return *x.words
	}
	var w words
	for _, v := range x.list {
		w[v>>6] |= 1 << (v & 63)
	}
	return w
}

func (x *box) count() int {
	if x.words == nil {
		return len(x.list)
	}
	n := 0
	for _, w := range x.words {
		n += bits.OnesCount64(w)
	}
	return n
}

// runs counts the intervals.
func (x *box) runs() int {
	n, last := 0, -2
	x.each(func(v uint16) {
		if int(v) != last+1 {
			n++
		}
		last = int(v)
	})
	return n
}

func (x *box) each(f func(v uint16)) {
	if x.words == nil {
		for _, v := range x.list {
			f(v)
		}
		return
	}
	for k, w := range x.words {
		for ; w != 0; w &= w - 1 {
			f(uint16(k<<6 | bits.TrailingZeros64(w)))
		}
	}
}

// Add puts a number into the set.
func (b *Bitmap) Add(v uint32) {
	key := uint16(v >> 16)
	i, ok := slices.BinarySearch(b.keys, key)
	if !ok {
		b.keys, b.boxes = slices.Insert(b.keys, i, key), slices.Insert(b.boxes, i, new(box))
	}
	b.boxes[i].add(uint16(v))
}

// Count is how many numbers are in the set.
func (b *Bitmap) Count() int64 {
	n := 0
	for _, x := range b.boxes {
		n += x.count()
	}
	return int64(n)
}

// Each calls f with the numbers in ascending order.
func (b *Bitmap) Each(f func(v uint32)) {
	for i, x := range b.boxes {
		x.each(func(v uint16) { f(uint32(b.keys[i])<<16 | uint32(v)) })
	}
}

// Combine is the set whose words are made of those of two sets.
func (b *Bitmap) Combine(c *Bitmap, word func(x, y uint64) uint64) *Bitmap {
	out := &Bitmap{}
	none := &box{}
	for i, j := 0, 0; i < len(b.keys) || j < len(c.keys); {
		x, y := none, none
		var key uint16
		switch {
		case j == len(c.keys) || i < len(b.keys) && b.keys[i] < c.keys[j]:
			key, x = b.keys[i], b.boxes[i]
			i++
		case i == len(b.keys) || c.keys[j] < b.keys[i]:
			key, y = c.keys[j], c.boxes[j]
			j++
		default:
			key, x, y = b.keys[i], b.boxes[i], c.boxes[j]
			i++
			j++
		}
		z, v, w := new(box), x.spread(), y.spread()
		for k := range v {
			v[k] = word(v[k], w[k])
		}
		(&box{words: &v}).each(z.add)
		if len(z.list) > 0 || z.words != nil {
			out.keys, out.boxes = append(out.keys, key), append(out.boxes, z)
		}
	}
	return out
}

// Append writes the portable format.
func (b *Bitmap) Append(dst []byte) []byte {
	type form struct{ count, runs, size int } // runs is 0 if they do not pay
	forms := make([]form, len(b.boxes))
	withRuns := false
	for i, x := range b.boxes {
		f := form{count: x.count()}
		f.size = min(2*f.count, 8192)
		if n := x.runs(); 2+4*n < f.size {
			f.runs, f.size = n, 2+4*n
			withRuns = true
		}
		forms[i] = f
	}
	start := len(dst)
	if withRuns {
		dst = binary.LittleEndian.AppendUint32(dst, runCookie|uint32(len(forms)-1)<<16)
		flags := make([]byte, (len(forms)+7)/8)
		for i, f := range forms {
			if f.runs > 0 {
				flags[i/8] |= 1 << (i % 8)
			}
		}
		dst = append(dst, flags...)
	} else {
		dst = binary.LittleEndian.AppendUint32(dst, plainCookie)
		dst = binary.LittleEndian.AppendUint32(dst, uint32(len(forms)))
	}
	for i, f := range forms {
		dst = binary.LittleEndian.AppendUint16(dst, b.keys[i])
		dst = binary.LittleEndian.AppendUint16(dst, uint16(f.count-1))
	}
	if !withRuns || len(forms) >= fewBoxes {
		at := len(dst) - start + 4*len(forms)
		for _, f := range forms {
			dst = binary.LittleEndian.AppendUint32(dst, uint32(at))
			at += f.size
		}
	}
	for i, f := range forms {
		x := b.boxes[i]
		switch {
		case f.runs > 0:
			dst = binary.LittleEndian.AppendUint16(dst, uint16(f.runs))
			first, last := -1, -1
			flush := func() {
				if first >= 0 {
					dst = binary.LittleEndian.AppendUint16(dst, uint16(first))
					dst = binary.LittleEndian.AppendUint16(dst, uint16(last-first))
				}
			}
			x.each(func(v uint16) {
				if first < 0 || int(v) != last+1 {
					flush()
					first = int(v)
				}
				last = int(v)
			})
			flush()
		case f.count <= mostListed:
			x.each(func(v uint16) { dst = binary.LittleEndian.AppendUint16(dst, v) })
		default:
			for _, w := range x.words {
				dst = binary.LittleEndian.AppendUint64(dst, w)
			}
		}
	}
	return dst
}

// AppendBitmapText writes the numbers of a BITMAP value: {1,2,3}.
func AppendBitmapText(dst, value []byte) []byte {
	b, err := ParseBitmap(value)
	if err != nil {
		return append(dst, "{}"...)
	}
	dst = append(dst, '{')
	first := true
	b.Each(func(v uint32) {
		if !first {
			dst = append(dst, ',')
		}
		first = false
		dst = strconv.AppendUint(dst, uint64(v), 10)
	})
	return append(dst, '}')
}
