package json

import (
	"bytes"
	"encoding/binary"
	"math/bits"
	"sync"
	"unsafe"

	"github.com/weir-streams/weir/engine/data"
)

// The quick reader takes records of the form that programs write: members in
// the order of the records before, few blanks, values that fit. Whatever it
// meets besides, it leaves the whole record to the careful reader, which alone
// says what is wrong. It never takes a record that the careful one would not,
// nor reads another row from it.
//
// It does not know where a record ends before it is there: a line feed between
// values is none of its blanks, and within a string it ends the quick reading.
// It looks at no byte beyond slack behind end, where the window ends at most:
// every place in the text is compared with end before it is read.

// act says how the quick reader treats a member's value.
type act uint8

const (
	skipped act = iota // not wanted
	whole64            // BIGINT
	whole32            // INT
	words              // CHAR, VARCHAR
	moment             // TIMESTAMP(3) and less
	real               // DOUBLE
	scaled             // DECIMAL of up to 18 digits
	truth              // BOOLEAN
	inside             // an object of which parts are wanted
	careful            // by the careful reader
)

// slack is how much of the text must follow what the quick reader reads.
const slack = 32

// target is where the values of an output go.
type target struct {
	i64      []int64
	f64      []float64
	i32      []int32
	bools    []uint8
	views    []data.View
	v        *data.Vector
	buf      int      // number of the text's buffer in v, -1: not known yet
	spareBuf int      // that of unescaped text, -1: not known yet
	precise  bool     // TIMESTAMP(3)
	nulls    []uint64 // of v, once it has some and its layout is i64
}

// prepare readies the quick reader, if the schema is one for it.
func (d *decoder) prepare(types []data.Type) {
	d.quick = !d.strict && len(d.copies) == 0 && len(d.set) <= 64
	d.all = 1<<len(d.set) - 1
	d.targets = make([]target, len(d.set))
	d.acts(d.root, types)
}

func (d *decoder) acts(n *node, types []data.Type) {
	for i := range n.fields {
		f := &n.fields[i]
		d.quick = d.quick && literal(f.name)
		q := newQuickMember(f.name)
		q.field = i
		switch {
		case f.node != nil:
			q.act, q.node = inside, f.node
			d.acts(f.node, types)
		case f.out >= 0:
			q.out, q.bit, q.act = f.out, 1<<(f.out&63), actOf(types[f.out])
		}
		n.order = append(n.order, q)
	}
	n.order = append(n.order, nothing)
	n.learn = 64 + 2*len(n.fields)
}

func actOf(t data.Type) act {
	switch t.Kind {
	case data.BigInt:
		return whole64
	case data.Int:
		return whole32
	case data.Char, data.VarChar:
		return words
	case data.Timestamp:
		if t.Precision <= 3 {
			return moment
		}
	case data.Double:
		return real
	case data.Decimal:
		if t.Precision <= 18 {
			return scaled
		}
	case data.Boolean:
		return truth
	}
	return careful
}

// windows are those that no decoder uses at the moment.
var windows = sync.Pool{New: func() any { return new(window) }}

// begin readies the quick reader for a text; nil if it is to be read carefully.
// NULLs at and behind row b.N are cleared: the quick reader only sets them.
func (d *decoder) begin(p []byte) *window {
	if !d.quick || len(p) <= slack {
		return nil
	}
	if d.window == nil {
		d.window = windows.Get().(*window)
	}
	d.window.from, d.window.to = 0, 0
	d.text, d.at = p, unsafe.Pointer(unsafe.SliceData(p))
	for i, v := range d.b.Cols {
		d.targets[i] = target{v.I64, v.F64, v.I32, v.Bool, v.Views, v, -1, -1, v.Type.Precision == 3, nil}
	}
	return d.window
}

// quickly reads the record at i as row d.row and returns where it ends: at a
// line feed before end, or, as a message, at end; -1: it has not.
// The window covers the text from i to end, and slack bytes follow.
func (d *decoder) quickly(i, end int, message bool) int {
	if i >= end || letter(d.at, i) != '{' {
		return -1
	}
	d.record++
	d.got, d.bound, d.message = 0, 0, message
	if to := d.stencilled(i, end); to >= 0 {
		d.absent()
		return to
	}
	d.got = 0
	from := i
	if i = d.quickObject(i+1, end, d.root); i < 0 {
		return -1
	}
	if message {
		for i < end && blank(letter(d.at, i)) {
			i++
		}
		if i != end {
			return -1
		}
	} else {
		for i < end && blank(letter(d.at, i)) && letter(d.at, i) != '\n' {
			i++
		}
		if i >= end || letter(d.at, i) != '\n' {
			return -1
		}
	}
	d.absent()
	if message {
		d.learn(d.text[from:i])
	} else {
		d.learn(d.text[from : i+1])
	}
	return i
}

// absent makes what the record at hand does not have NULL.
func (d *decoder) absent() {
	for m := d.all &^ d.got; m != 0; m &= m - 1 {
		t := &d.targets[bits.TrailingZeros64(m)]
		if t.nulls == nil {
			data.SetNullRow(t.v, d.row)
			if t.v.Type.Phys() == data.PhysI64 {
				t.nulls = t.v.Nulls
			}
			continue
		}
		t.i64[d.row] = 0
		t.nulls[d.row>>6] |= 1 << (d.row & 63)
	}
}

// letter and eightAt are the byte and the eight bytes at p[i], without a check.
func letter(p unsafe.Pointer, i int) byte { return *(*byte)(unsafe.Add(p, i)) }

func eightAt(p unsafe.Pointer, i int) uint64 {
	return binary.LittleEndian.Uint64((*[8]byte)(unsafe.Add(p, i))[:])
}

func blank(c byte) bool { return c == ' ' || c == '\n' || c == '\r' || c == '\t' }

// blanks goes past blanks; -1 if the record may end there.
func (d *decoder) blanks(i, end int) int {
	for ; i < end; i++ {
		if c := letter(d.at, i); c > ' ' {
			return i
		} else if !blank(c) || c == '\n' && !d.message {
			return -1
		}
	}
	return -1
}

// bounded makes d.p end where the record does, for the careful reader; false:
// that is not before end.
func (d *decoder) bounded(i, end int) bool {
	if d.message {
		d.bound = end
	} else if d.bound == 0 {
		n := bytes.IndexByte(d.text[i:end], '\n')
		if n < 0 {
			return false
		}
		d.bound = i + n
	}
	d.p, d.base = d.text[:d.bound], d.start
	return true
}

// quickObject reads members from i on, up to behind the closing brace; -1: it cannot.
func (d *decoder) quickObject(i, end int, n *node) int {
	p, next := d.at, 0
	if i >= end {
		return -1
	}
	if letter(p, i) == '}' {
		return i + 1
	}
	for {
		if letter(p, i) <= ' ' {
			if i = d.blanks(i, end); i < 0 {
				return -1
			}
		}
		m := &n.order[next]
		if eightAt(p, i)&m.m0 == m.w0 && eightAt(p, i+8)&m.m1 == m.w1 && (m.rest == "" || d.stands(m.rest, i+16)) {
			i += m.n
			next++
		} else if m, i, next = d.other(i, end, n, next); i < 0 {
			return -1
		}
		if i >= end {
			return -1
		}
		if letter(p, i) == ' ' {
			if i = d.blanks(i, end); i < 0 {
				return -1
			}
		}
		switch m.act {
		case skipped:
			i = d.pass(i, end)
		case words:
			i = d.quickText(i, end, m)
		case whole64:
			x, to := digits(p, i)
			if to < 0 {
				i = d.null(i, m)
				break
			}
			i = to
			d.targets[m.out].i64[d.row] = x
			d.got |= m.bit
		case inside:
			if m.node.mark == d.record {
				return -1
			}
			m.node.mark = d.record
			if letter(p, i) == '{' {
				i = d.quickObject(i+1, end, m.node)
			} else {
				i = d.null(i, m)
			}
		default:
			i = d.quickValue(i, end, m)
		}
		if uint(i) >= uint(end) {
			return -1
		}
		c := letter(p, i)
		if c <= ' ' {
			if i = d.blanks(i, end); i < 0 {
				return -1
			}
			c = letter(p, i)
		}
		if c == '}' {
			return i + 1
		}
		if i++; c != ',' || i >= end {
			return -1
		}
	}
}

// null goes past the word null and makes the value that; what follows is looked at there.
func (d *decoder) null(i int, m *quickMember) int {
	if !null(d.at, i) {
		return -1
	}
	d.got &^= m.bit
	return i + 4
}

func null(p unsafe.Pointer, i int) bool {
	return uint32(eightAt(p, i)) == 'n'|'u'<<8|'l'<<16|'l'<<24
}

// quickValue reads the value of a member that is wanted.
func (d *decoder) quickValue(i, end int, m *quickMember) int {
	p, t := d.at, &d.targets[m.out]
	switch m.act {
	case whole32:
		x, to := digits(p, i)
		if to < 0 {
			return d.null(i, m)
		}
		if x != int64(int32(x)) {
			return -1
		}
		t.i32[d.row] = int32(x)
		d.got |= m.bit
		return to
	case moment:
		if letter(p, i) != '"' {
			return d.null(i, m)
		}
		if end-i >= 26 && t.precise {
			if ms, ok := d.stamp.Known(eightAt(p, i+1), eightAt(p, i+9), eightAt(p, i+17)); ok {
				t.i64[d.row] = ms
				d.got |= m.bit
				return i + 25
			}
		}
		to := d.window.stop(i + 1)
		if to >= end || letter(p, to) != '"' {
			return -1
		}
		ms, _, err := d.stamp.Parse(d.text[i+1:to], t.v.Type.Precision)
		if err != nil {
			return -1
		}
		t.i64[d.row] = ms
		d.got |= m.bit
		return to + 1
	case real, scaled, truth:
		if to := d.quickScalar(i, m.act, m.out, m.bit); to >= 0 {
			return to
		}
	}
	if !d.bounded(i, end) {
		return -1
	}
	next, err := d.value(i, t.v, d.row)
	if err != nil {
		return -1
	}
	d.got |= m.bit
	if t.v.IsNull(d.row) {
		d.got &^= m.bit
	}
	return next
}
