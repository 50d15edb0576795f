package udf

import (
	"encoding/binary"
	"math"
	"unsafe"

	"github.com/weir-streams/weir/engine/data"
)

// What a module is called for.
const (
	opEval       = 0 // a scalar or table function of rows
	opAccumulate = 1 // rows into states, and back out of them
	opStep       = 2 // likewise, with the value before and after each row
	opMerge      = 3 // states into states
	opValue      = 4 // the values of states
)

// A request and an answer begin with a head, then columns.
const (
	headSize   = 32
	columnSize = 16
)

// space places the parts of a request one behind another.
type space struct{ size int }

func (l *space) take(n int) int {
	at := l.size
	l.size += (n + 7) &^ 7
	return at
}

// placed says where the parts of a column lie.
type placed struct {
	values, extra, nulls int // -1: absent
	// Of a column that holds others: its rows one behind another, and where the
	// parts of those lie.
	gathered *data.Vector
	parts    []placed
}

// place finds room for a column of the rows.
func (l *space) place(v *data.Vector, rows []int32) placed {
	p := placed{values: -1, extra: -1, nulls: -1}
	n := len(rows)
	if v.Nulls != nil {
		p.nulls = l.take((n + 7) / 8)
	}
	switch v.Type.Phys() {
	case data.PhysBool:
		p.values = l.take(n)
	case data.PhysI32, data.PhysF32:
		p.values = l.take(4 * n)
	case data.PhysTime:
		p.values, p.extra = l.take(8*n), l.take(4*n)
	case data.PhysI128:
		p.values = l.take(16 * n)
	case data.PhysString:
		bytes := 0
		for _, r := range rows {
			bytes += v.Views[r].Len()
		}
		p.values, p.extra = l.take(4*(n+1)), l.take(bytes)
	case data.PhysI64:
		if v.Type.Kind == data.Decimal {
			p.values = l.take(16 * n)
			break
		}
		p.values = l.take(8 * n)
	case data.PhysList, data.PhysRow:
		p.gathered = data.Gather(v, rows)
		l.placeParts(&p, n)
	default: // PhysF64
		p.values = l.take(8 * n)
	}
	return p
}

// placeParts finds room for the columns in the lists or rows of a column.
func (l *space) placeParts(p *placed, n int) {
	v := p.gathered
	if v.Type.Phys() == data.PhysList {
		p.values = l.take(4 * (n + 1))
		n = int(v.Offsets[n])
	}
	p.extra = l.take(columnSize * len(v.Children))
	for _, c := range v.Children {
		p.parts = append(p.parts, l.place(c, upTo(n)))
	}
}

// describe writes where a column of n rows lies.
func (p placed) describe(c []byte, base uint32, n int) {
	le := binary.LittleEndian
	for k, at := range []int{p.values, p.extra, p.nulls} {
		if at >= 0 {
			le.PutUint32(c[4*k:], base+uint32(at))
		}
	}
	le.PutUint32(c[12:], uint32(n))
}

// writeParts writes the columns in lists or rows.
func (p placed) writeParts(buf []byte, base uint32, n int) {
	v := p.gathered
	if v.Type.Phys() == data.PhysList {
		for k, end := range v.Offsets[:n+1] {
			binary.LittleEndian.PutUint32(buf[p.values+4*k:], uint32(end))
		}
		n = int(v.Offsets[n])
	}
	for k, c := range v.Children {
		clear(buf[p.extra+columnSize*k : p.extra+columnSize*(k+1)])
		p.parts[k].describe(buf[p.extra+columnSize*k:], base, n)
		p.parts[k].write(buf, base, c, upTo(n))
	}
	v.Release()
}

// dense tells whether rows are 0, 1, 2, …
func dense(rows []int32) bool { return len(rows) == 0 || int(rows[len(rows)-1]) == len(rows)-1 }

// write puts the rows of a column where place said.
func (p placed) write(buf []byte, base uint32, v *data.Vector, rows []int32) {
	n := len(rows)
	if p.nulls >= 0 {
		bits := buf[p.nulls : p.nulls+(n+7)/8]
		clear(bits)
		for k, r := range rows {
			if v.IsNull(int(r)) {
				bits[k>>3] |= 1 << (k & 7)
			}
		}
	}
	all := dense(rows)
	switch v.Type.Phys() {
	case data.PhysBool:
		pack(buf[p.values:], v.Bool, rows, all)
	case data.PhysI32:
		pack(buf[p.values:], v.I32, rows, all)
	case data.PhysF32:
		pack(buf[p.values:], v.F32, rows, all)
	case data.PhysF64:
		pack(buf[p.values:], v.F64, rows, all)
	case data.PhysTime:
		pack(buf[p.values:], v.I64, rows, all)
		pack(buf[p.extra:], v.Nano, rows, all)
	case data.PhysI64:
		if v.Type.Kind != data.Decimal {
			pack(buf[p.values:], v.I64, rows, all)
			break
		}
		for k, r := range rows {
			putWide(buf[p.values+16*k:], data.Int128{Hi: v.I64[r] >> 63, Lo: uint64(v.I64[r])})
		}
	case data.PhysList, data.PhysRow:
		p.writeParts(buf, base, n)
	case data.PhysI128:
		for k, r := range rows {
			putWide(buf[p.values+16*k:], v.I128[r])
		}
	case data.PhysString:
		end := 0
		for k, r := range rows {
			binary.LittleEndian.PutUint32(buf[p.values+4*k:], uint32(end))
			end += copy(buf[p.extra+end:], v.Bytes(int(r)))
		}
		binary.LittleEndian.PutUint32(buf[p.values+4*n:], uint32(end))
	}
}

func putWide(buf []byte, x data.Int128) {
	binary.LittleEndian.PutUint64(buf, x.Lo)
	binary.LittleEndian.PutUint64(buf[8:], uint64(x.Hi))
}

// pack copies values of fixed width; the engine runs on little-endian machines
// only, as it maps its state.
func pack[T any](dst []byte, src []T, rows []int32, all bool) {
	if len(rows) == 0 {
		return
	}
	out := unsafe.Slice((*T)(unsafe.Pointer(unsafe.SliceData(dst))), len(rows))
	if all {
		copy(out, src)
		return
	}
	for k, r := range rows {
		out[k] = src[r]
	}
}

// request is a call in the making.
type request struct {
	space
	op    uint32
	rows  int
	extra uint32 // groups of an aggregate
	cols  []*data.Vector
	which [][]int32
	at    []placed
}

func (q *request) reset(op uint32, rows int) {
	*q = request{op: op, rows: rows, cols: q.cols[:0], which: q.which[:0], at: q.at[:0]}
}

// add adds rows of a column.
func (q *request) add(v *data.Vector, rows []int32) {
	q.cols, q.which = append(q.cols, v), append(q.which, rows)
}

// measure gives the size of the whole.
func (q *request) measure() (int, bool) {
	q.take(headSize + columnSize*len(q.cols))
	for k, v := range q.cols {
		q.at = append(q.at, q.place(v, q.which[k]))
		if q.size > math.MaxInt32 {
			return 0, false
		}
	}
	return q.size, true
}

// write fills the room at base.
func (q *request) write(buf []byte, base uint32) {
	le := binary.LittleEndian
	clear(buf[:headSize+columnSize*len(q.cols)])
	le.PutUint32(buf, q.op)
	le.PutUint32(buf[4:], uint32(q.rows))
	le.PutUint32(buf[8:], uint32(len(q.cols)))
	le.PutUint32(buf[12:], q.extra)
	for k, v := range q.cols {
		c := buf[headSize+columnSize*k:]
		q.at[k].describe(c, base, len(q.which[k]))
		q.at[k].write(buf, base, v, q.which[k])
	}
}
