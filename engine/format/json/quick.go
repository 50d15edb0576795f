package json

import (
	"encoding/binary"
	"math/bits"
	"unicode/utf8"

	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/format"
)

// The quick reader takes records of the form that programs write: members that
// mostly follow the schema's order, few blanks, values that fit. Whatever it
// meets besides, it leaves the whole record to the careful reader, which alone
// says what is wrong. It never takes a record that the careful one would not,
// nor reads another row from it.

// act says how the quick reader treats a member's value.
type act uint8

const (
	skipped act = iota // not wanted
	whole64            // BIGINT
	whole32            // INT
	words              // CHAR, VARCHAR
	moment             // TIMESTAMP(3) and less
	inside             // an object of which parts are wanted
	careful            // by the careful reader
)

// quickKey is a member name in quotes and the colon, in a form quick to compare.
type quickKey struct {
	w0, m0, w1, m1 uint64
	rest           string // beyond 16 bytes
	n              int
}

func newQuickKey(name string) quickKey {
	text := `"` + name + `":`
	var p [16]byte
	k := quickKey{n: len(text)}
	k.rest = text[copy(p[:], text):]
	k.w0, k.w1 = binary.LittleEndian.Uint64(p[:]), binary.LittleEndian.Uint64(p[8:])
	k.m0, k.m1 = ^uint64(0), ^uint64(0)
	if k.n < 8 {
		k.m0, k.m1 = 1<<(8*k.n)-1, 0
	} else if k.n < 16 {
		k.m1 = 1<<(8*(k.n-8)) - 1
	}
	return k
}

// at tells whether the key stands at p[i]; p has 16 bytes from there.
func (k *quickKey) at(p []byte, i int) bool {
	return binary.LittleEndian.Uint64(p[i:])&k.m0 == k.w0 &&
		binary.LittleEndian.Uint64(p[i+8:])&k.m1 == k.w1 &&
		(len(k.rest) == 0 || len(p)-i >= k.n && string(p[i+16:i+k.n]) == k.rest)
}

// literal tells whether a name stands in JSON as it is.
func literal(name string) bool {
	for i := range len(name) {
		if c := name[i]; c < ' ' || c == '"' || c == '\\' {
			return false
		}
	}
	return true
}

// slack is how much of the text must follow a record for the quick reader.
const slack = 32

// prepare readies the quick reader, if the schema is one for it.
func (d *decoder) prepare(types []data.Type) {
	d.quick = !d.strict && len(d.copies) == 0 && len(d.set) <= 64
	d.all = 1<<len(d.set) - 1
	d.acts(d.root, types)
}

func (d *decoder) acts(n *node, types []data.Type) {
	for i := range n.fields {
		f := &n.fields[i]
		f.quick = newQuickKey(f.name)
		d.quick = d.quick && literal(f.name)
		switch {
		case f.node != nil:
			f.act = inside
			d.acts(f.node, types)
		case f.out < 0:
			f.act = skipped
		default:
			f.act = careful
			switch t := types[f.out]; t.Kind {
			case data.BigInt:
				f.act = whole64
			case data.Int:
				f.act = whole32
			case data.Char, data.VarChar:
				f.act = words
			case data.Timestamp:
				if t.Precision <= 3 {
					f.act = moment
				}
			}
		}
	}
}

// quickly reads the record in text[i:end] as row d.row; false: it has not.
// The window covers it, and slack bytes of text follow it.
func (d *decoder) quickly(text []byte, i, end int) bool {
	if text[i] != '{' {
		return false
	}
	d.record++
	d.got, d.text, d.p, d.base = 0, text, text[:end], d.start
	if i = d.quickObject(i+1, end, d.root); i < 0 || i != end && space(d.p, i) != end {
		return false
	}
	for m := d.all &^ d.got; m != 0; m &= m - 1 {
		data.SetNullRow(d.b.Cols[bits.TrailingZeros64(m)], d.row)
	}
	return true
}

// quickObject reads members from i on, up to behind the closing brace; -1: it cannot.
func (d *decoder) quickObject(i, end int, n *node) int {
	p := d.text
	next := 0
	if p[i] == '}' {
		return i + 1
	}
	for {
		if p[i] <= ' ' {
			if i = space(d.p, i); i >= end {
				return -1
			}
		}
		var f *member
		for k := next; k < len(n.fields); k++ {
			if n.fields[k].quick.at(p, i) {
				f, next = &n.fields[k], k+1
				i += f.quick.n
				break
			}
		}
		a := skipped
		if f != nil {
			a = f.act
		} else {
			if p[i] != '"' {
				return -1
			}
			to := d.window.stop(i + 1)
			if to+1 >= end || p[to] != '"' || p[to+1] != ':' {
				return -1
			}
			name := p[i+1 : to]
			if d.window.high && !utf8.Valid(name) {
				return -1
			}
			i = to + 2
			if k := n.find(name); k >= 0 {
				f, next = &n.fields[k], k+1
				a = f.act
			}
		}
		if p[i] <= ' ' {
			i = space(d.p, i)
		}
		if i >= end {
			return -1
		}
		if a == skipped {
			i = d.pass(i, end)
		} else {
			i = d.quickValue(i, end, f)
		}
		if i < 0 || i >= end {
			return -1
		}
		if p[i] <= ' ' {
			if i = space(d.p, i); i >= end {
				return -1
			}
		}
		switch p[i] {
		case ',':
			if i++; i >= end {
				return -1
			}
		case '}':
			return i + 1
		default:
			return -1
		}
	}
}

// quickValue reads the value of a member that is wanted.
func (d *decoder) quickValue(i, end int, f *member) int {
	p := d.text
	if f.act == inside {
		if p[i] == '{' && f.node.mark != d.record {
			f.node.mark = d.record
			return d.quickObject(i+1, end, f.node)
		}
		if p[i] != 'n' || f.node.mark == d.record {
			return -1
		}
		f.node.mark = d.record
		return null(p, i)
	}
	v, r := d.b.Cols[f.out], d.row
	d.got |= 1 << f.out
	if p[i] == 'n' && f.act != careful {
		data.SetNullRow(v, r)
		return null(p, i)
	}
	v.ClearNull(r)
	switch f.act {
	case whole64:
		x, next := digits(p, i)
		v.I64[r] = x
		return next
	case whole32:
		x, next := digits(p, i)
		if x != int64(int32(x)) {
			return -1
		}
		v.I32[r] = int32(x)
		return next
	case words:
		return d.quickText(i, end, v, r)
	case moment:
		if p[i] != '"' {
			return -1
		}
		to := d.window.stop(i + 1)
		if to >= end || p[to] != '"' {
			return -1
		}
		ms, _, err := d.stamp.Parse(p[i+1:to], v.Type.Precision)
		if err != nil {
			return -1
		}
		v.I64[r] = ms
		return to + 1
	}
	i, err := d.value(i, v, r)
	if err != nil {
		return -1
	}
	return i
}

func null(p []byte, i int) int {
	if binary.LittleEndian.Uint32(p[i:]) != 'n'|'u'<<8|'l'<<16|'l'<<24 {
		return -1
	}
	return i + 4 // what follows is looked at there
}

// digits reads a whole number of up to 16 digits.
func digits(p []byte, i int) (x int64, next int) {
	neg := p[i] == '-'
	if neg {
		i++
	}
	if p[i] == '0' && p[i+1]-'0' <= 9 {
		return 0, -1
	}
	t := binary.LittleEndian.Uint64(p[i:]) ^ '0'*lows
	n := bits.TrailingZeros64((t+0x76*lows|t)&highs) >> 3
	if n == 0 {
		return 0, -1
	}
	x = eight(t << (64 - 8*n))
	i += n
	if n == 8 {
		t = binary.LittleEndian.Uint64(p[i:]) ^ '0'*lows
		n = bits.TrailingZeros64((t+0x76*lows|t)&highs) >> 3
		if n == 8 {
			return 0, -1
		}
		x = x*tens[n] + eight(t<<(64-8*n))
		i += n
	}
	if c := p[i]; c != ',' && c != '}' && c > ' ' {
		return 0, -1 // a fraction, an exponent or nonsense
	}
	if neg {
		x = -x
	}
	return x, i
}

var tens = [8]int64{1, 10, 100, 1000, 10000, 100000, 1000000, 10000000}

// eight is the number of eight digits, one in each byte, the first the lowest.
func eight(t uint64) int64 {
	t = t*10 + t>>8
	const pairs = 0x000000ff000000ff
	return int64(((t&pairs)*(100+1000000<<32) + (t>>16&pairs)*(1+10000<<32)) >> 32)
}

// quickText reads a string into a column of strings.
func (d *decoder) quickText(i, end int, v *data.Vector, r int) int {
	p := d.text
	if p[i] != '"' {
		return -1
	}
	from := i + 1
	to := d.window.stop(from)
	if to >= end {
		return -1
	}
	if p[to] == '\\' {
		return d.quickEscaped(from, to, end, v, r)
	}
	if p[to] != '"' || d.window.high && !utf8.Valid(p[from:to]) {
		return -1
	}
	n := to - from
	if n <= data.InlineLen {
		v.Views[r] = format.ShortView(p[from:], n)
		return to + 1
	}
	if d.buf == nil {
		v.SetBytes(r, p[from:to])
		return to + 1
	}
	v.SetSlice(r, format.BufferOf(v, d.buf), d.base+from, n)
	return to + 1
}

// quickEscaped reads a string that has escapes; the first is at esc.
func (d *decoder) quickEscaped(from, esc, end int, v *data.Vector, r int) int {
	p := d.text
	to := esc
	for p[to] == '\\' { // where it ends, as no more than that is written
		if to = d.window.stop(to + 2); to >= end {
			return -1
		}
	}
	if p[to] != '"' || d.window.high && !utf8.Valid(p[from:to]) {
		return -1
	}
	dst := d.room(to - from)
	at := copy(dst, p[from:esc])
	for esc < to {
		c := plainEscapes[p[esc+1]]
		if c == 0 {
			return -1 // \u or nonsense
		}
		dst[at] = c
		at++
		next := d.window.stop(esc + 2)
		at += copy(dst[at:], p[esc+2:next])
		esc = next
	}
	if at <= data.InlineLen {
		v.Views[r] = data.InlineView(dst[:at])
		return to + 1
	}
	v.SetSlice(r, format.BufferOf(v, d.unescaped), d.used, at)
	d.used += at
	return to + 1
}

// plainEscapes is what a backslash and a character mean, 0 for those that need more.
var plainEscapes = [256]byte{'"': '"', '\\': '\\', '/': '/', 'b': '\b', 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t'}

// room is a place for n bytes in the buffer of unescaped text.
func (d *decoder) room(n int) []byte {
	if d.unescaped == nil || cap(d.unescaped.B)-d.used < n {
		if d.unescaped != nil {
			d.unescaped.Release()
		}
		d.unescaped, d.used = data.NewBuffer(n), 0
		d.unescaped.B = d.unescaped.B[:cap(d.unescaped.B)] // as long as it will be: those who have views of it read its length
	}
	return d.unescaped.B[d.used:]
}

// keep makes row r of v a copy of t.
func (d *decoder) keep(v *data.Vector, r int, t []byte) {
	if len(t) <= data.InlineLen {
		v.Views[r] = data.InlineView(t)
		return
	}
	copy(d.room(len(t)), t)
	v.SetSlice(r, format.BufferOf(v, d.unescaped), d.used, len(t))
	d.used += len(t)
}

// passText goes past the string whose first character is at i.
func (d *decoder) passText(i, end int) int {
	p := d.text
	to := d.window.stop(i)
	for {
		if to >= end {
			return -1
		}
		if p[to] == '"' {
			break
		}
		if p[to] != '\\' || plainEscapes[p[to+1]] == 0 {
			return -1
		}
		to = d.window.stop(to + 2)
	}
	if d.window.high && !utf8.Valid(p[i:to]) {
		return -1
	}
	return to + 1
}

// pass goes past a value that is not wanted.
func (d *decoder) pass(i, end int) int {
	p := d.text
	switch c := p[i]; {
	case c == '"':
		return d.passText(i+1, end)
	case c == 'n':
		return null(p, i)
	case c == '-' || c-'0' <= 9:
		if _, next := digits(p, i); next >= 0 {
			return next
		}
	case c == '{':
		return d.passObject(i+1, end, 0)
	}
	next, err := skip(d.p, i)
	if err != nil {
		return -1
	}
	return next
}

// passObject goes past the members of an object; the text has few blanks.
func (d *decoder) passObject(i, end, depth int) int {
	p := d.text
	if i >= end || depth > 20 {
		return -1
	}
	if p[i] == '}' {
		return i + 1
	}
	for {
		if p[i] == ' ' {
			i++
		}
		if p[i] != '"' {
			return -1
		}
		if i = d.passText(i+1, end); i < 0 || i >= end || p[i] != ':' {
			return -1
		}
		if i++; p[i] == ' ' {
			i++
		}
		if i >= end {
			return -1
		}
		if p[i] == '{' {
			i = d.passObject(i+1, end, depth+1)
		} else {
			i = d.pass(i, end)
		}
		if i < 0 || i >= end {
			return -1
		}
		switch p[i] {
		case ',':
			if i++; i >= end {
				return -1
			}
		case '}':
			return i + 1
		default:
			return -1
		}
	}
}
