package csv

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"strconv"
	"unicode/utf8"
	"unsafe"

	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/format"
)

var (
	timestamp = format.Layout{Sep: ' '}
	instant   = format.Layout{Sep: ' ', Zulu: true}
)

func str(p []byte) string { return unsafe.String(unsafe.SliceData(p), len(p)) }

// set converts a field into row i of v.
func (d *decoder) set(v *data.Vector, i int, rec []byte, f *field, o *out, buf *data.Buffer, base int) error {
	t := rec[f.from:f.to]
	if f.raw {
		t = d.text(rec, f)
	}
	if d.hasNull && string(t) == d.null {
		data.SetNullRow(v, i)
		return nil
	}
	if o.nested {
		x, err := d.nested(t, o.typ)
		if err != nil {
			return err
		}
		for _, k := range o.path {
			if x.Null {
				break
			}
			x = x.Elems[k]
		}
		v.SetValueAt(i, x)
		return nil
	}
	v.ClearNull(i)
	switch o.kind {
	case data.Char, data.VarChar:
		if d.wide && !utf8.Valid(t) {
			t = data.AppendUTF8(nil, t)
			v.SetBytes(i, t)
			return nil
		}
		switch {
		case f.raw || buf == nil:
			v.SetBytes(i, t)
			return nil
		case len(t) <= data.InlineLen:
			v.Views[i] = format.ShortView(rec[f.from:], len(t))
			return nil
		}
		k := len(v.Bufs) - 1
		if k < 0 || v.Bufs[k] != buf {
			k = v.AddBuffer(buf.Retain())
		}
		v.SetSlice(i, k, base+int(f.from), len(t))
		return nil
	case data.BigInt:
		x, ok := small(t)
		if !ok {
			var err error
			if x, err = integer(t, 64); err != nil {
				return err
			}
		}
		v.I64[i] = x
		return nil
	case data.Int:
		x, ok := small(t)
		if !ok || x != int64(int32(x)) {
			var err error
			if x, err = integer(t, 32); err != nil {
				return err
			}
		}
		v.I32[i] = int32(x)
		return nil
	case data.Timestamp, data.TimestampLTZ:
		m := &d.stamps
		if o.kind == data.TimestampLTZ {
			m = &d.instants
		}
		ms, nano, err := m.Parse(t, o.precision)
		v.I64[i] = ms
		if o.precision > 3 {
			v.Nano[i] = nano
		}
		return err
	case data.Double:
		x, err := data.ParseFloat(str(t), 64)
		v.F64[i] = x
		return err
	case data.Float:
		x, err := data.ParseFloat(str(t), 32)
		v.F32[i] = float32(x)
		return err
	}
	x, err := scalar(t, v.Type)
	if err != nil {
		return err
	}
	v.SetValueAt(i, x)
	return nil
}

// small reads up to 18 digits with an optional minus sign.
func small(t []byte) (int64, bool) {
	neg := false
	if len(t) > 0 && t[0] == '-' {
		neg, t = true, t[1:]
	}
	if len(t) == 0 || len(t) > 18 {
		return 0, false
	}
	var x int64
	for _, c := range t {
		if c -= '0'; c > 9 {
			return 0, false
		}
		x = x*10 + int64(c)
	}
	if neg {
		x = -x
	}
	return x, true
}

// integer reads as Java's parseInt does, blanks around it aside.
func integer(t []byte, size int) (int64, error) {
	s := trim(t)
	x, err := strconv.ParseInt(str(s), 10, size)
	if err != nil {
		if ne, ok := err.(*strconv.NumError); ok && ne.Err == strconv.ErrRange {
			return 0, fmt.Errorf("value out of range: %q", string(s))
		}
		return 0, fmt.Errorf("for input string %q: a whole number expected", string(s))
	}
	return x, nil
}

// trim takes away what Java's String.trim does.
func trim(t []byte) []byte {
	for len(t) > 0 && t[0] <= ' ' {
		t = t[1:]
	}
	for len(t) > 0 && t[len(t)-1] <= ' ' {
		t = t[:len(t)-1]
	}
	return t
}

// scalar converts text to a value of a type that is not a list or row.
func scalar(t []byte, typ data.Type) (data.Value, error) {
	switch typ.Kind {
	case data.Boolean:
		if bytes.EqualFold(trim(t), []byte("true")) {
			return data.Value{I: 1}, nil
		}
		return data.Value{}, nil
	case data.TinyInt:
		x, err := integer(t, 8)
		return data.Value{I: x}, err
	case data.SmallInt:
		x, err := integer(t, 16)
		return data.Value{I: x}, err
	case data.Int:
		x, err := integer(t, 32)
		return data.Value{I: x}, err
	case data.BigInt:
		x, err := integer(t, 64)
		return data.Value{I: x}, err
	case data.Float:
		x, err := data.ParseFloat(str(t), 32)
		return data.Value{F: x}, err
	case data.Double:
		x, err := data.ParseFloat(str(t), 64)
		return data.Value{F: x}, err
	case data.Decimal:
		return decimal(t, typ)
	case data.Char, data.VarChar:
		return data.Value{S: string(data.AppendUTF8(nil, t))}, nil
	case data.Binary, data.VarBinary:
		p, err := base64.StdEncoding.DecodeString(str(t))
		if err != nil {
			return data.Value{}, fmt.Errorf("for input string %q: not base64", string(t))
		}
		return data.Value{S: string(p)}, nil
	case data.Date:
		x, err := format.ParseDate(t, true)
		return data.Value{I: int64(x)}, err
	case data.Time:
		x, err := format.ParseTime(t, true, typ.Precision)
		return data.Value{I: int64(x)}, err
	case data.Timestamp:
		ms, nano, err := timestamp.Parse(t, typ.Precision)
		return data.Value{I: ms, Nano: nano}, err
	case data.TimestampLTZ:
		ms, nano, err := instant.Parse(t, typ.Precision)
		return data.Value{I: ms, Nano: nano}, err
	}
	return data.Value{}, fmt.Errorf("unsupported type %s", typ)
}

// decimal rounds half up; what does not fit the precision is NULL, as in Flink.
func decimal(t []byte, typ data.Type) (data.Value, error) {
	x, err := data.ParseDecimal(str(trim(t)), typ.Precision, typ.Scale)
	if err != nil {
		if _, e := data.ParseFloat(str(t), 64); e == nil && !bytes.ContainsAny(t, "xXnNiIfFdD") {
			return data.NullValue(), nil
		}
		return data.Value{}, fmt.Errorf("for input string %q: not a number", string(t))
	}
	if typ.Precision <= 18 {
		return data.Value{I: x.Int64()}, nil
	}
	return data.Value{D: x}, nil
}

// nested converts the text of an array or row.
func (d *decoder) nested(t []byte, typ data.Type) (data.Value, error) {
	var parts [][]byte
	if len(t) > 0 {
		parts = bytes.Split(t, []byte(d.element))
	}
	if typ.Kind == data.Row {
		if len(parts) != len(typ.Args) && !d.ignore {
			return data.Value{}, fmt.Errorf("row length mismatch: %d fields expected but was %d", len(typ.Args), len(parts))
		}
		x := data.Value{Elems: make([]data.Value, len(typ.Args))}
		for k, a := range typ.Args {
			x.Elems[k] = data.NullValue()
			if k < len(parts) {
				var err error
				if x.Elems[k], err = d.element1(parts[k], a); err != nil {
					return x, fmt.Errorf("field %q: %w", typ.Names[k], err)
				}
			}
		}
		return x, nil
	}
	x := data.Value{Elems: make([]data.Value, len(parts))}
	for k, part := range parts {
		var err error
		if x.Elems[k], err = d.element1(part, typ.Args[0]); err != nil {
			return x, fmt.Errorf("element %d: %w", k+1, err)
		}
	}
	return x, nil
}

func (d *decoder) element1(t []byte, typ data.Type) (data.Value, error) {
	if d.hasNull && string(t) == d.null {
		return data.NullValue(), nil
	}
	x, err := scalar(t, typ)
	if err != nil && d.ignore {
		return data.NullValue(), nil
	}
	return x, err
}
