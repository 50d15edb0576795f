package udf

import (
	"encoding/binary"
	"errors"
	"fmt"
	"unicode/utf8"

	"github.com/weir-streams/weir/engine/data"
)

// answer is what a call gave: a head and columns in the memory of the module.
type answer struct {
	memory  []byte
	at      uint32
	rows    int
	columns int
	extra   uint32
}

// refusal is an error that the function itself gave for a row.
type refusal struct {
	message string
	row     int // of the request; -1: not said
}

func (r *refusal) Error() string { return r.message }

const maxMessage = 1000

func (a *answer) part(at uint32, size int) ([]byte, error) {
	if size < 0 || uint64(at)+uint64(size) > uint64(len(a.memory)) {
		return nil, fmt.Errorf("its answer points outside of its memory: %d bytes at %d", size, at)
	}
	return a.memory[at : int(at)+size : int(at)+size], nil
}

func u32(p []byte) uint32 { return binary.LittleEndian.Uint32(p) }

// read reads the head of an answer.
func (i *instance) read(at uint32) (*answer, error) {
	mem := i.guest.Memory()
	memory, ok := mem.Read(0, mem.Size())
	if !ok {
		return nil, errors.New("its memory cannot be read")
	}
	a := &answer{memory: memory, at: at}
	head, err := a.part(at, headSize)
	if err != nil {
		return nil, err
	}
	a.rows, a.columns, a.extra = int(u32(head[4:])), int(u32(head[8:])), u32(head[12:])
	switch u32(head) {
	case 0:
		return a, nil
	case 1:
		text, err := a.part(u32(head[16:]), int(min(u32(head[20:]), maxMessage)))
		if err != nil {
			return nil, err
		}
		return nil, &refusal{string(text), int(int32(u32(head[24:])))}
	}
	return nil, fmt.Errorf("its answer has status %d: 0 (done) or 1 (refused) expected", u32(head))
}

// column reads column k of the answer into v, whose rows are rows; nil: 0 … n-1.
func (a *answer) column(k, n int, v *data.Vector, t data.Type, rows []int32) error {
	if err := a.placed(a.at+uint32(headSize+columnSize*k), n, v, t, rows); err != nil {
		return fmt.Errorf("column %d of its answer: %w", k+1, err)
	}
	return nil
}

// placed reads the column that is described at an address.
func (a *answer) placed(at uint32, n int, v *data.Vector, t data.Type, rows []int32) error {
	c, err := a.part(at, columnSize)
	if err != nil {
		return err
	}
	if got := int(u32(c[12:])); got != n {
		return fmt.Errorf("it has %d values for %d rows", got, n)
	}
	var nulls []byte
	if at := u32(c[8:]); at != 0 {
		if nulls, err = a.part(at, (n+7)/8); err != nil {
			return err
		}
	}
	if p := t.Phys(); p == data.PhysList || p == data.PhysRow {
		return a.nested(u32(c), u32(c[4:]), n, v, t, rows, nulls)
	}
	return a.values(u32(c), u32(c[4:]), n, v, t, rows, nulls)
}

// nested reads lists or rows. Rows of v before the first of rows stay as they are.
func (a *answer) nested(at, extra uint32, n int, v *data.Vector, t data.Type, rows []int32, nulls []byte) error {
	dense := v
	if rows != nil {
		dense = data.NewVector(v.Type, n)
		defer dense.Release()
	}
	within := n
	if t.Phys() == data.PhysList {
		ends, err := a.part(at, 4*(n+1))
		if err != nil {
			return err
		}
		end := uint32(0)
		for k := range n + 1 {
			next := u32(ends[4*k:])
			if next < end || next > maxRows || k == 0 && next != 0 {
				return fmt.Errorf("list %d ends at %d, behind %d", k, next, end)
			}
			end = next
			dense.Offsets[k] = int32(end)
		}
		within = int(end)
	}
	for k, c := range dense.Children {
		c.Resize(within)
		if err := a.placed(extra+uint32(columnSize*k), within, c, c.Type, nil); err != nil {
			return fmt.Errorf("part %d: %w", k+1, err)
		}
	}
	for k := range n {
		if isNull(nulls, k) {
			if !t.Nullable {
				return fmt.Errorf("it is NULL, but declared %s NOT NULL", t)
			}
			dense.SetNull(k)
		}
	}
	if rows == nil || n == 0 {
		return nil
	}
	var value []byte
	next := int(rows[0])
	for k, r := range rows {
		for ; next < int(r); next++ { // between rows that were asked for nothing is known
			data.SetNullRow(v, next)
		}
		value = data.EncodeValue(value[:0], dense, k)
		if _, err := data.DecodeValue(value, v, int(r)); err != nil {
			return err
		}
		next++
	}
	return nil
}

func isNull(nulls []byte, k int) bool { return nulls != nil && nulls[k>>3]&(1<<(k&7)) != 0 }

// values reads what column says, with its NULLs.
func (a *answer) values(at, extra uint32, n int, v *data.Vector, t data.Type, rows []int32, nulls []byte) error {
	width := map[data.Phys]int{
		data.PhysBool: 1, data.PhysI32: 4, data.PhysF32: 4, data.PhysI64: 8, data.PhysF64: 8, data.PhysTime: 8, data.PhysI128: 16, data.PhysString: 4,
	}[t.Phys()]
	count := n
	if t.Kind == data.Decimal {
		width = 16
	}
	if t.Phys() == data.PhysString {
		count++
	}
	p, err := a.part(at, width*count)
	if err != nil {
		return err
	}
	row := func(k int) int {
		if rows == nil {
			return k
		}
		return int(rows[k])
	}
	if nulls != nil {
		for k := range n {
			if isNull(nulls, k) {
				if !t.Nullable {
					return fmt.Errorf("it is NULL, but declared %s NOT NULL", t)
				}
				data.SetNullRow(v, row(k))
			}
		}
	}
	le := binary.LittleEndian
	switch t.Phys() {
	case data.PhysBool:
		for k := range n {
			v.Bool[row(k)] = min(p[k], 1)
		}
	case data.PhysI32:
		low, high := bounds(t.Kind)
		for k := range n {
			x := int32(le.Uint32(p[4*k:]))
			if x < low || x > high {
				if !isNull(nulls, k) {
					return fmt.Errorf("%d is no %s", x, t)
				}
				x = 0
			}
			v.I32[row(k)] = x
		}
	case data.PhysF32:
		for k := range n {
			v.F32[row(k)] = float32From(le.Uint32(p[4*k:]))
		}
	case data.PhysF64:
		for k := range n {
			v.F64[row(k)] = float64From(le.Uint64(p[8*k:]))
		}
	case data.PhysI64, data.PhysI128:
		if t.Kind == data.Decimal {
			return decimals(p, n, v, t, row, nulls)
		}
		for k := range n {
			v.I64[row(k)] = int64(le.Uint64(p[8*k:]))
		}
	case data.PhysTime:
		return a.times(p, extra, n, v, row, nulls)
	case data.PhysString:
		return a.texts(p, extra, n, v, t, row, nulls)
	default:
		return fmt.Errorf("%s cannot be read", t)
	}
	return nil
}

func bounds(k data.Kind) (low, high int32) {
	switch k {
	case data.TinyInt:
		return -1 << 7, 1<<7 - 1
	case data.SmallInt:
		return -1 << 15, 1<<15 - 1
	case data.Time:
		return 0, 24*60*60*1000 - 1
	}
	return -1 << 31, 1<<31 - 1
}

func decimals(p []byte, n int, v *data.Vector, t data.Type, row func(int) int, nulls []byte) error {
	for k := range n {
		if isNull(nulls, k) {
			continue
		}
		x := data.Int128{Lo: binary.LittleEndian.Uint64(p[16*k:]), Hi: int64(binary.LittleEndian.Uint64(p[16*k+8:]))}
		if !data.FitsDecimal(x, t.Precision) {
			return fmt.Errorf("%s is no %s", data.AppendDecimal(nil, x, t.Scale), t)
		}
		if t.Phys() == data.PhysI64 {
			v.I64[row(k)] = x.Int64()
		} else {
			v.I128[row(k)] = x
		}
	}
	return nil
}

func (a *answer) times(p []byte, extra uint32, n int, v *data.Vector, row func(int) int, nulls []byte) error {
	var nanos []byte
	if extra != 0 {
		var err error
		if nanos, err = a.part(extra, 4*n); err != nil {
			return err
		}
	}
	for k := range n {
		v.I64[row(k)], v.Nano[row(k)] = int64(binary.LittleEndian.Uint64(p[8*k:])), 0
		if nanos == nil || isNull(nulls, k) {
			continue
		}
		x := u32(nanos[4*k:])
		if x > 999_999 {
			return fmt.Errorf("%d nanoseconds within a millisecond", x)
		}
		v.Nano[row(k)] = int32(x)
	}
	return nil
}

// texts copies strings: all bytes into one buffer, then views of it.
func (a *answer) texts(offsets []byte, extra uint32, n int, v *data.Vector, t data.Type, row func(int) int, nulls []byte) error {
	size := int(u32(offsets[4*n:]))
	bytes, err := a.part(extra, size)
	if err != nil {
		return err
	}
	text := t.Kind == data.VarChar
	b := data.NewBuffer(size)
	b.B = append(b.B, bytes...)
	buf := v.AddBuffer(b)
	from := u32(offsets)
	for k := range n {
		to := u32(offsets[4*k+4:])
		if from > to || int(to) > size {
			return fmt.Errorf("value %d reaches from %d to %d of %d bytes", k+1, from, to, size)
		}
		if !isNull(nulls, k) {
			if text && !utf8.Valid(b.B[from:to]) {
				return fmt.Errorf("value %d is no valid UTF-8: %q", k+1, clip(b.B[from:to]))
			}
			v.SetSlice(row(k), buf, int(from), int(to-from))
		}
		from = to
	}
	return nil
}

func clip(p []byte) []byte { return p[:min(len(p), 40)] }
