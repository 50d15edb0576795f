package json

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"math"
	"strconv"
	"unsafe"

	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/format"
)

// unfitError is a value that is JSON and not of its column's type.
type unfitError struct {
	at  int
	err error
}

func (e *unfitError) Error() string { return e.err.Error() }

func view(p []byte) string { return unsafe.String(unsafe.SliceData(p), len(p)) }

// field reads the value at i as row r of v. A value that does not fit is an
// error, or NULL if errors are ignored.
func (d *decoder) field(i int, v *data.Vector, r int, name string) (int, error) {
	next, err := d.value(i, v, r)
	if err == nil {
		return next, nil
	}
	var bad *syntaxError
	if errors.As(err, &bad) {
		return 0, err
	}
	var inner *unfitError
	at := i
	if errors.As(err, &inner) {
		at = inner.at
	}
	// It may be cut off behind what did not fit: that is worse.
	next, e := skip(d.p, i)
	if e != nil {
		return 0, e
	}
	if d.ignore {
		data.SetNullRow(v, r)
		return next, nil
	}
	return 0, &unfitError{at, fmt.Errorf("field %q (%s): %w", name, v.Type, err)}
}

// value reads the value at i as row r of v.
func (d *decoder) value(i int, v *data.Vector, r int) (int, error) {
	p := d.p
	if i >= len(p) {
		return 0, unexpected(p, i, "a value")
	}
	if p[i] == 'n' {
		next, err := word(p, i)
		data.SetNullRow(v, r)
		return next, err
	}
	v.ClearNull(r)
	switch v.Type.Kind {
	case data.Char, data.VarChar:
		if p[i] != '"' {
			return d.asText(i, v, r)
		}
		t, next, err := str(p, i+1)
		if err != nil {
			return 0, err
		}
		n := t.to - t.from
		switch {
		case t.raw:
			d.scratch = unescape(d.scratch[:0], p[t.from:t.to])
			d.keep(v, r, d.scratch)
		case n <= data.InlineLen:
			v.Views[r] = format.ShortView(p[t.from:], n)
		case d.buf == nil:
			v.SetBytes(r, p[t.from:t.to])
		default:
			v.SetSlice(r, format.BufferOf(v, d.buf), d.base+t.from, n)
		}
		return next, nil
	case data.BigInt, data.Int:
		x, next, ok := small(p, i)
		if !ok {
			var err error
			if x, next, err = d.integer(i, v.Type.Kind); err != nil {
				return 0, err
			}
		}
		if v.Type.Kind == data.BigInt {
			v.I64[r] = x
			return next, nil
		}
		if x != int64(int32(x)) {
			return 0, fmt.Errorf("%d is out of the range of INT", x)
		}
		v.I32[r] = int32(x)
		return next, nil
	case data.Array:
		return d.array(i, v, r)
	case data.Map, data.Multiset:
		return d.mapping(i, v, r)
	case data.Row:
		return d.whole(i, v, r)
	}
	t, next, err := d.scalarText(i)
	if err != nil {
		return 0, err
	}
	return next, d.scalar(v, r, t, p[i])
}

// small reads a whole number of up to 18 digits.
func small(p []byte, i int) (x int64, next int, ok bool) {
	neg := p[i] == '-'
	if neg {
		i++
	}
	from := i
	for i < len(p) {
		c := p[i] - '0'
		if c > 9 {
			break
		}
		x = x*10 + int64(c)
		i++
	}
	n := i - from
	if n == 0 || n > 18 || n > 1 && p[from] == '0' || i >= len(p) || p[i] != ',' && p[i] != '}' && p[i] != ']' {
		return 0, 0, false
	}
	if neg {
		x = -x
	}
	return x, i, true
}

// integer reads what else can be a number: large ones, fractions, text.
func (d *decoder) integer(i int, kind data.Kind) (int64, int, error) {
	bits := 64
	if kind == data.Int {
		bits = 32
	}
	p := d.p
	if p[i] == '-' || p[i]-'0' <= 9 {
		next, whole, err := number(p, i)
		if err != nil {
			return 0, 0, err
		}
		t := p[i:next]
		if whole {
			x, err := strconv.ParseInt(view(t), 10, bits)
			if err != nil {
				return 0, 0, fmt.Errorf("%s is out of range", t)
			}
			return x, next, nil
		}
		f, _ := strconv.ParseFloat(view(t), 64)
		f = math.Trunc(f)
		if f != f || f < -math.Ldexp(1, bits-1) || f >= math.Ldexp(1, bits-1) {
			return 0, 0, fmt.Errorf("%s is out of range", t)
		}
		return int64(f), next, nil
	}
	t, next, err := d.scalarText(i)
	if err != nil {
		return 0, 0, err
	}
	x, err := parseInt(t, bits)
	return x, next, err
}

func parseInt(t []byte, bits int) (int64, error) {
	t = trim(t)
	x, err := strconv.ParseInt(view(t), 10, bits)
	if errors.Is(err, strconv.ErrRange) {
		return 0, fmt.Errorf("value out of range: %q", string(t))
	}
	if err != nil {
		return 0, fmt.Errorf("for input string %q: a whole number expected", string(t))
	}
	return x, nil
}

// trim takes away what Java's String.trim does.
func trim(t []byte) []byte {
	return bytes.TrimFunc(t, func(r rune) bool { return r <= ' ' })
}

// scalarText reads a value that is no object or array and returns its text.
func (d *decoder) scalarText(i int) ([]byte, int, error) {
	p := d.p
	switch p[i] {
	case '"':
		t, next, err := str(p, i+1)
		if err != nil {
			return nil, 0, err
		}
		if t.raw {
			d.scratch = unescape(d.scratch[:0], p[t.from:t.to])
			return d.scratch, next, nil
		}
		return p[t.from:t.to], next, nil
	case '{', '[':
		return nil, 0, &unfitError{i, errors.New("an object or array is not a single value")}
	case 't', 'f', 'n':
		next, err := word(p, i)
		if err != nil {
			return nil, 0, err
		}
		return p[i:next], next, nil
	}
	next, _, err := number(p, i)
	if err != nil {
		return nil, 0, err
	}
	return p[i:next], next, nil
}

// asText reads a value that is no string into a string column.
func (d *decoder) asText(i int, v *data.Vector, r int) (int, error) {
	if c := d.p[i]; c == '{' || c == '[' {
		next, err := skip(d.p, i)
		if err != nil {
			return 0, err
		}
		d.scratch = compact(d.scratch[:0], d.p[i:next])
		d.keep(v, r, d.scratch)
		return next, nil
	}
	t, next, err := d.scalarText(i)
	if err != nil {
		return 0, err
	}
	v.SetBytes(r, t)
	return next, nil
}

// compact writes valid JSON as Flink prints a tree of it: without blanks,
// fractions as doubles, escapes only where needed.
func compact(dst, p []byte) []byte {
	for i := 0; i < len(p); {
		switch c := p[i]; {
		case c == '"':
			t, next, _ := str(p, i+1)
			s := p[t.from:t.to]
			if t.raw {
				s = unescape(nil, s)
			}
			dst = appendString(dst, s)
			i = next
		case c == '-' || c-'0' <= 9:
			next, whole, _ := number(p, i)
			switch f, err := strconv.ParseFloat(view(p[i:next]), 64); {
			case string(p[i:next]) == "-0":
				dst = append(dst, '0')
			case whole || err != nil:
				dst = append(dst, p[i:next]...)
			default:
				dst = data.AppendDouble(dst, f)
			}
			i = next
		case c == ' ' || c == '\t' || c == '\r' || c == '\n':
			i++
		default:
			dst = append(dst, c)
			i++
		}
	}
	return dst
}

// scalar converts text to row r of v. first is the first byte of the JSON value.
func (d *decoder) scalar(v *data.Vector, r int, t []byte, first byte) error {
	switch v.Type.Kind {
	case data.Boolean:
		v.Bool[r] = 0
		if bytes.EqualFold(trim(t), []byte("true")) {
			v.Bool[r] = 1
		}
		return nil
	case data.TinyInt, data.SmallInt:
		bits := 8
		if v.Type.Kind == data.SmallInt {
			bits = 16
		}
		x, err := parseInt(t, bits)
		v.I32[r] = int32(x)
		return err
	case data.Float:
		x, err := data.ParseFloat(view(t), 32)
		v.F32[r] = float32(x)
		return err
	case data.Double:
		if first != '"' && first != 't' && first != 'f' {
			v.F64[r], _ = strconv.ParseFloat(view(t), 64) // a valid number; beyond the range infinite
			return nil
		}
		x, err := data.ParseFloat(view(t), 64)
		v.F64[r] = x
		return err
	case data.Decimal:
		return decimal(v, r, t)
	case data.Binary, data.VarBinary:
		p, err := base64.StdEncoding.DecodeString(view(t))
		if err != nil {
			return fmt.Errorf("for input string %q: not base64", string(t))
		}
		v.SetBytes(r, p)
		return nil
	case data.Date:
		x, err := format.ParseDate(t, false)
		v.I32[r] = x
		return err
	case data.Time:
		x, err := format.ParseTime(t, false, v.Type.Precision)
		v.I32[r] = x
		return err
	case data.Timestamp, data.TimestampLTZ:
		m := &d.stamp
		if v.Type.Kind == data.TimestampLTZ {
			m = &d.instant
		}
		ms, nano, err := m.Parse(t, v.Type.Precision)
		v.I64[r] = ms
		if v.Type.Precision > 3 {
			v.Nano[r] = nano
		}
		return err
	case data.Null:
		v.SetNull(r)
		return nil
	}
	return fmt.Errorf("unsupported type %s", v.Type)
}

// decimal rounds half up; what does not fit the precision is NULL, as in Flink.
func decimal(v *data.Vector, r int, t []byte) error {
	x, err := data.ParseDecimal(view(trim(t)), v.Type.Precision, v.Type.Scale)
	if err != nil {
		if _, e := data.ParseFloat(view(t), 64); e == nil && !bytes.ContainsAny(t, "xXnNiIfFdD") {
			data.SetNullRow(v, r)
			return nil
		}
		return fmt.Errorf("for input string %q: not a number", string(t))
	}
	if v.Type.Precision <= 18 {
		v.I64[r] = x.Int64()
	} else {
		v.I128[r] = x
	}
	return nil
}
