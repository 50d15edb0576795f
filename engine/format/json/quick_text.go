package json

import (
	"encoding/binary"
	"math/bits"
	"unicode/utf8"

	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/format"
)

// quickText reads a string into a column of strings.
func (d *decoder) quickText(i, end int, m *quickMember) int {
	p := d.at
	if letter(p, i) != '"' {
		return d.null(i, m)
	}
	from := i + 1
	to := d.window.stop(from)
	if to >= end {
		return -1
	}
	if c := letter(p, to); c != '"' {
		if c != '\\' {
			return -1
		}
		for letter(p, to) == '\\' { // where it ends, as no more than that is written
			if to = d.window.stop(to + 2); to >= end {
				return -1
			}
		}
		if letter(p, to) != '"' || d.window.high && !utf8.Valid(d.text[from:to]) || !d.unescapeText(from, to, m.out) {
			return -1
		}
		d.got |= m.bit
		return to + 1
	}
	if d.window.high && !utf8.Valid(d.text[from:to]) {
		return -1
	}
	d.got |= m.bit
	d.plainText(from, to, m.out)
	return to + 1
}

// plainText makes the text p[from:to], which has no escapes, the value of an output.
func (d *decoder) plainText(from, to, out int) {
	p, t := d.at, &d.targets[out]
	n, lo := to-from, eightAt(p, from)
	if n > data.InlineLen {
		if t.buf < 0 && !d.buffer(t) {
			t.v.SetBytes(d.row, d.text[from:to])
			return
		}
		t.views[d.row] = data.View{A: uint64(n) | lo<<32, B: uint64(t.buf) | uint64(d.start+from)<<32}
		return
	}
	if n <= 4 {
		t.views[d.row] = data.View{A: uint64(n) | lo&(1<<(8*n)-1)<<32}
		return
	}
	rest := lo>>32 | eightAt(p, from+8)<<32
	t.views[d.row] = data.View{A: uint64(n) | lo<<32, B: rest & (1<<(8*(n-4)) - 1)}
}

// buffer finds the number of the text's buffer among those of an output; false: it has none.
func (d *decoder) buffer(t *target) bool {
	if d.buf == nil {
		return false
	}
	t.buf = format.BufferOf(t.v, d.buf)
	return true
}

// unescapeText makes the meaning of the text p[from:to] the value of an
// output; false: it has \u or what is no escape.
func (d *decoder) unescapeText(from, to, out int) bool {
	dst, src := d.room(to-from), d.text[from:to]
	n := unescapeBlocks(dst, src)
	if n < 0 {
		if n = unescapePlain(dst, src); n < 0 {
			return false
		}
	}
	t := &d.targets[out]
	if n <= data.InlineLen {
		t.views[d.row] = data.InlineView(dst[:n])
		return true
	}
	if t.spareBuf < 0 {
		t.spareBuf = format.BufferOf(t.v, d.unescaped)
	}
	t.views[d.row] = data.View{A: uint64(n) | uint64(binary.LittleEndian.Uint32(dst))<<32, B: uint64(t.spareBuf) | uint64(d.used)<<32}
	d.used += n
	return true
}

// unescapePlain writes the meaning of the text of a string to dst, which has
// spare bytes more, and returns its length; -1: it has \u or what is no escape.
func unescapePlain(dst, src []byte) int {
	at := 0
	for i := 0; i < len(src); i++ {
		for i+8 <= len(src) {
			x := binary.LittleEndian.Uint64(src[i:])
			binary.LittleEndian.PutUint64(dst[at:], x)
			if m := zeros(x ^ lows*'\\'); m != 0 {
				n := bits.TrailingZeros64(m) >> 3
				at, i = at+n, i+n
				break
			}
			at, i = at+8, i+8
		}
		if i == len(src) {
			break
		}
		c := src[i]
		if c == '\\' {
			if i++; i == len(src) {
				return -1
			}
			if c = plainEscapes[src[i]]; c == 0 {
				return -1
			}
		}
		dst[at] = c
		at++
	}
	return at
}

// plainEscapes is what a backslash and a character mean, 0 for those that need more.
var plainEscapes = [256]byte{'"': '"', '\\': '\\', '/': '/', 'b': '\b', 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t'}

// spare is how many bytes beyond what they write the ways to unescape may touch.
const spare = 64

// room is a place for n bytes and spare in the buffer of unescaped text.
func (d *decoder) room(n int) []byte {
	if d.unescaped == nil || cap(d.unescaped.B)-d.used < n+spare {
		if d.unescaped != nil {
			d.unescaped.Release()
		}
		d.unescaped, d.used = data.NewBuffer(n+spare), 0
		d.unescaped.B = d.unescaped.B[:cap(d.unescaped.B)] // as long as it will be: those who have views of it read its length
		for i := range d.targets {
			d.targets[i].spareBuf = -1
		}
	}
	return d.unescaped.B[d.used:]
}

// keep makes row r of v a copy of t.
func (d *decoder) keep(v *data.Vector, r int, t []byte) {
	if len(t) <= data.InlineLen {
		v.Views[r] = data.InlineView(t)
		return
	}
	d.keepRoom(v, r, d.room(len(t))[:copy(d.room(len(t)), t)])
}

// keepRoom makes row r of v the text t, which lies in the room.
func (d *decoder) keepRoom(v *data.Vector, r int, t []byte) {
	if len(t) <= data.InlineLen {
		v.Views[r] = data.InlineView(t)
		return
	}
	v.SetSlice(r, format.BufferOf(v, d.unescaped), d.used, len(t))
	d.used += len(t)
}
