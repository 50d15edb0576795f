package avro

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"unicode/utf8"

	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/format"
)

var (
	errShort  = errors.New("the record is cut off")
	errVarint = errors.New("a number is longer than ten bytes")
)

// reader reads values in Avro's binary encoding into the columns of a batch.
type reader struct {
	program *program
	vecs    []*data.Vector // by slot

	p    []byte
	i    int
	buf  *data.Buffer // p lies in it from base on; nil: text is copied
	base int
	deep int
}

// begin makes the vectors of a batch those that are filled, with room for n rows.
func (d *reader) begin(b *data.Batch, n int) {
	d.vecs = d.vecs[:0]
	for _, s := range d.program.slots {
		if s.parent < 0 {
			b.Cols[s.child].Resize(n)
			d.vecs = append(d.vecs, b.Cols[s.child])
			continue
		}
		d.vecs = append(d.vecs, d.vecs[s.parent].Children[s.child])
	}
}

// row reads one record as row r.
func (d *reader) row(b *data.Batch, r int) error {
	d.deep = 0
	if err := d.run(&d.program.root, r); err != nil {
		return err
	}
	for _, c := range d.program.copies {
		x := b.Cols[c.from].ValueAt(r)
		for _, k := range c.path {
			if x.Null {
				break
			}
			x = x.Elems[k]
		}
		b.Cols[c.out].SetValueAt(r, x)
	}
	return nil
}

func (d *reader) varint() (int64, error) {
	if d.i < len(d.p) && d.p[d.i] < 0x80 {
		u := d.p[d.i]
		d.i++
		return int64(u>>1) ^ -int64(u&1), nil
	}
	u, n := binary.Uvarint(d.p[d.i:])
	if n <= 0 {
		if n < 0 {
			return 0, errVarint
		}
		return 0, errShort
	}
	d.i += n
	return int64(u>>1) ^ -int64(u&1), nil
}

// length reads the length of what follows and checks that it does.
func (d *reader) length() (int, error) {
	n, err := d.varint()
	if err != nil {
		return 0, err
	}
	if n < 0 || n > int64(len(d.p)-d.i) {
		return 0, errShort
	}
	return int(n), nil
}

func (d *reader) skip(n int) error {
	if n > len(d.p)-d.i {
		return errShort
	}
	d.i += n
	return nil
}

// text makes the n bytes ahead row r of v.
func (d *reader) text(v *data.Vector, r, n int) error {
	if n > len(d.p)-d.i {
		return errShort
	}
	t := d.p[d.i : d.i+n]
	switch {
	case v.Type.Kind < data.Binary && !utf8.Valid(t):
		v.SetBytes(r, data.AppendUTF8(nil, t))
	case n <= data.InlineLen:
		v.Views[r] = format.ShortView(d.p[d.i:], n)
	case d.buf == nil:
		v.SetBytes(r, t)
	default:
		v.SetSlice(r, format.BufferOf(v, d.buf), d.base+d.i, n)
	}
	d.i += n
	return nil
}

func (d *reader) null(slots []int, r int) {
	for _, s := range slots {
		data.SetNullRow(d.vecs[s], r)
	}
}

// run reads one value as row r of the op's slot.
func (d *reader) run(o *op, r int) error {
	var v *data.Vector
	if o.slot >= 0 {
		v = d.vecs[o.slot]
		v.ClearNull(r)
	}
	switch o.code {
	case longToI64, intToI64:
		x, err := d.varint()
		v.I64[r] = x
		return err
	case intToI32:
		x, err := d.varint()
		if err == nil && x != x<<(64-o.size)>>(64-o.size) {
			return fmt.Errorf("%d is out of the range of %s", x, v.Type)
		}
		v.I32[r] = int32(x)
		return err
	case toText:
		n, err := d.length()
		if err != nil {
			return err
		}
		return d.text(v, r, n)
	case millis:
		x, err := d.varint()
		v.I64[r] = x
		if len(v.Nano) > r {
			v.Nano[r] = 0
		}
		return err
	case scatter, toRow:
		for k := range o.in {
			if err := d.run(&o.in[k], r); err != nil {
				return err
			}
		}
		d.null(o.nothing, r)
		return nil
	case fromUnion:
		k, err := d.varint()
		if err != nil {
			return err
		}
		if k < 0 || k >= int64(len(o.in)) {
			return fmt.Errorf("a union has no branch %d", k)
		}
		if int(k) == o.optional {
			d.null(o.nothing, r)
			return nil
		}
		return d.run(&o.in[k], r)
	case refuse:
		return errors.New(o.what)
	case toArray, toMap:
		return d.list(o, v, r)
	}
	if o.code < toNull {
		return d.pass(o)
	}
	return d.scalar(o, v, r)
}

// scalar reads what is not as frequent.
func (d *reader) scalar(o *op, v *data.Vector, r int) error {
	switch o.code {
	case toNull:
		data.SetNullRow(v, r)
		return nil
	case toBool:
		if d.i >= len(d.p) {
			return errShort
		}
		if d.p[d.i] > 1 {
			return fmt.Errorf("byte 0x%02x is no boolean", d.p[d.i])
		}
		v.Bool[r] = d.p[d.i]
		d.i++
		return nil
	case toF32, floatToF64:
		if len(d.p)-d.i < 4 {
			return errShort
		}
		x := math.Float32frombits(binary.LittleEndian.Uint32(d.p[d.i:]))
		d.i += 4
		if o.code == toF32 {
			v.F32[r] = x
		} else {
			v.F64[r] = float64(x)
		}
		return nil
	case toF64:
		if len(d.p)-d.i < 8 {
			return errShort
		}
		v.F64[r] = math.Float64frombits(binary.LittleEndian.Uint64(d.p[d.i:]))
		d.i += 8
		return nil
	case fixedToText:
		return d.text(v, r, o.size)
	case toDecimal:
		n, err := d.length()
		if err != nil {
			return err
		}
		return d.decimal(o, v, r, n)
	case fixedToDecimal:
		return d.decimal(o, v, r, o.size)
	}
	x, err := d.varint()
	if err != nil {
		return err
	}
	switch o.code {
	case longToF32:
		v.F32[r] = float32(x)
	case longToF64:
		v.F64[r] = float64(x)
	case enumToText:
		if x < 0 || x >= int64(len(o.symbols)) {
			return fmt.Errorf("an enum has no symbol %d", x)
		}
		v.SetString(r, o.symbols[x])
	case longToTime:
		v.I32[r] = int32(x / 1000)
	case micros, nanos:
		unit := int64(1000)
		if o.code == nanos {
			unit = 1_000_000
		}
		ms := data.FloorDiv(x, unit)
		ms, nano := data.TruncateNano(ms, int32((x-ms*unit)*(1_000_000/unit)), o.size)
		v.I64[r] = ms
		if len(v.Nano) > r {
			v.Nano[r] = nano
		}
	default:
		return fmt.Errorf("op %d is not known", o.code)
	}
	return nil
}

// decimal reads n bytes of a big-endian number.
func (d *reader) decimal(o *op, v *data.Vector, r, n int) error {
	if n > len(d.p)-d.i {
		return errShort
	}
	p := d.p[d.i : d.i+n]
	d.i += n
	var x data.Int128
	if n > 0 && p[0] >= 0x80 {
		x = data.I128(-1)
	}
	for k, c := range p {
		if k < n-16 {
			if c != byte(x.Lo) {
				return errors.New("a decimal has more than 38 digits")
			}
			continue
		}
		x.Hi, x.Lo = x.Hi<<8|int64(x.Lo>>56), x.Lo<<8|uint64(c)
	}
	x, ok := data.RescaleDecimal(x, o.scale, v.Type.Scale, v.Type.Precision)
	if !ok {
		data.SetNullRow(v, r) // as everywhere: what does not fit the precision is NULL
		return nil
	}
	if v.Type.Precision <= 18 {
		v.I64[r] = x.Int64()
	} else {
		v.I128[r] = x
	}
	return nil
}

// list reads an array or map: blocks of a count and so many values.
func (d *reader) list(o *op, v *data.Vector, r int) error {
	if d.deep++; d.deep > nesting {
		return errors.New("lists are nested too deep")
	}
	defer func() { d.deep-- }()
	at := int(v.Offsets[r])
	for {
		n, err := d.blocks()
		if err != nil {
			return err
		}
		if n == 0 {
			v.Offsets[r+1] = int32(at)
			return nil
		}
		for range n {
			for k := range o.in {
				d.vecs[o.in[k].target()].Resize(at + 1)
				if err := d.run(&o.in[k], at); err != nil {
					return err
				}
			}
			at++
		}
	}
}

// target is the slot that an op of a list's elements fills.
func (o *op) target() int {
	if o.code == fromUnion {
		return o.nothing[0]
	}
	return o.slot
}

// blocks reads the count of a block of a list; 0 ends it.
func (d *reader) blocks() (int, error) {
	n, err := d.varint()
	if err == nil && n < 0 {
		if n = -n; n > 0 {
			_, err = d.varint() // the block's size
		}
	}
	if err != nil {
		return 0, err
	}
	// An element may take no byte (null, an empty record), but nobody writes that many.
	if n < 0 || n > int64(len(d.p)-d.i)+1<<16 {
		return 0, errShort
	}
	return int(n), nil
}

// pass goes past a value.
func (d *reader) pass(o *op) error {
	switch o.code {
	case skipNull:
		return nil
	case skipBoolean:
		return d.skip(1)
	case skipVarint:
		_, err := d.varint()
		return err
	case skip4:
		return d.skip(4)
	case skip8:
		return d.skip(8)
	case skipBytes:
		n, err := d.length()
		if err != nil {
			return err
		}
		return d.skip(n)
	case skipFixed:
		return d.skip(o.size)
	case skipRecord:
		for k := range o.in {
			if err := d.pass(&o.in[k]); err != nil {
				return err
			}
		}
		return nil
	case skipUnion:
		k, err := d.varint()
		if err != nil {
			return err
		}
		if k < 0 || k >= int64(len(o.in)) {
			return fmt.Errorf("a union has no branch %d", k)
		}
		return d.pass(&o.in[k])
	}
	for { // skipArray, skipMap
		n, err := d.blocks()
		if err != nil || n == 0 {
			return err
		}
		for range n {
			if o.code == skipMap {
				k, err := d.length()
				if err == nil {
					err = d.skip(k)
				}
				if err != nil {
					return err
				}
			}
			if err := d.pass(&o.in[0]); err != nil {
				return err
			}
		}
	}
}
