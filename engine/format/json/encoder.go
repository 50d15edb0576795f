package json

import (
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"math/bits"
	"slices"
	"strconv"

	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/format"
	"github.com/weir-streams/weir/engine/option"
)

type encoder struct {
	columns     []data.Column
	keys        [][]byte // "name":
	stamp       format.Moments
	instant     format.Moments
	nullKey     string // mode
	nullLiteral string
	plain       bool
	omitNull    bool
}

func newEncoder(s format.EncoderSpec) (*encoder, error) {
	e := encoderOf(s.Options)
	e.columns = s.Columns
	for _, c := range s.Columns {
		if err := supported(c.Name, c.Type); err != nil {
			return nil, err
		}
		e.keys = append(e.keys, append(appendString(nil, []byte(c.Name)), ':'))
	}
	return e, nil
}

func encoderOf(o option.Values) *encoder {
	e := &encoder{
		nullKey: o.String("map-null-key.mode"), nullLiteral: o.String("map-null-key.literal"),
		plain: o.Bool("encode.decimal-as-plain-number"), omitNull: o.Bool("encode.ignore-null-fields"),
	}
	e.stamp.Layout, e.instant.Layout = layouts(o)
	return e
}

func (e *encoder) Header() []byte { return nil }
func (e *encoder) Footer() []byte { return nil }

// Encode appends row r of b as an object and a line end.
func (e *encoder) Encode(dst []byte, b *data.Batch, r int) ([]byte, error) {
	dst = append(dst, '{')
	first := true
	for k, v := range b.Cols[:len(e.columns)] {
		if e.omitNull && v.IsNull(r) {
			continue
		}
		if !first {
			dst = append(dst, ',')
		}
		first = false
		dst = append(dst, e.keys[k]...)
		var err error
		if dst, err = e.value(dst, v, r); err != nil {
			return dst, fmt.Errorf("field %q: %w", e.columns[k].Name, err)
		}
	}
	return append(dst, '}', '\n'), nil
}

func (e *encoder) value(dst []byte, v *data.Vector, r int) ([]byte, error) {
	if v.IsNull(r) {
		return append(dst, "null"...), nil
	}
	switch v.Type.Kind {
	case data.Boolean:
		if v.Bool[r] != 0 {
			return append(dst, "true"...), nil
		}
		return append(dst, "false"...), nil
	case data.TinyInt, data.SmallInt, data.Int:
		return strconv.AppendInt(dst, int64(v.I32[r]), 10), nil
	case data.BigInt:
		return strconv.AppendInt(dst, v.I64[r], 10), nil
	case data.Float:
		return appendReal(dst, float64(v.F32[r]), 32), nil
	case data.Double:
		return appendReal(dst, v.F64[r], 64), nil
	case data.Decimal:
		if v.Type.Phys() == data.PhysI64 {
			return format.AppendNumber(dst, data.I128(v.I64[r]), v.Type.Scale, e.plain), nil
		}
		return format.AppendNumber(dst, v.I128[r], v.Type.Scale, e.plain), nil
	case data.Char, data.VarChar:
		return appendString(dst, v.Bytes(r)), nil
	case data.Binary, data.VarBinary:
		dst = append(dst, '"')
		return append(base64.StdEncoding.AppendEncode(dst, v.Bytes(r)), '"'), nil
	case data.Date:
		dst = append(dst, '"')
		return append(data.AppendDate(dst, int64(v.I32[r])), '"'), nil
	case data.Time:
		dst = append(dst, '"')
		return append(format.AppendTime(dst, int64(v.I32[r]), 0), '"'), nil
	case data.Timestamp, data.TimestampLTZ:
		l := &e.stamp
		if v.Type.Kind == data.TimestampLTZ {
			l = &e.instant
		}
		nano := int32(0)
		if v.Type.Precision > 3 {
			nano = v.Nano[r]
		}
		dst = append(dst, '"')
		return append(l.Append(dst, v.I64[r], nano), '"'), nil
	case data.Array:
		return e.array(dst, v, r)
	case data.Map, data.Multiset:
		return e.mapping(dst, v, r)
	case data.Row:
		return e.row(dst, v, r)
	case data.Null:
		return append(dst, "null"...), nil
	}
	return dst, fmt.Errorf("type %s cannot be written as JSON", v.Type)
}

func (e *encoder) array(dst []byte, v *data.Vector, r int) ([]byte, error) {
	dst = append(dst, '[')
	var err error
	for i := v.Offsets[r]; i < v.Offsets[r+1]; i++ {
		if i > v.Offsets[r] {
			dst = append(dst, ',')
		}
		if dst, err = e.value(dst, v.Children[0], int(i)); err != nil {
			return dst, err
		}
	}
	return append(dst, ']'), nil
}

func (e *encoder) row(dst []byte, v *data.Vector, r int) ([]byte, error) {
	dst = append(dst, '{')
	first := true
	var err error
	for k, c := range v.Children {
		if e.omitNull && c.IsNull(r) {
			continue
		}
		if !first {
			dst = append(dst, ',')
		}
		first = false
		dst = append(appendString(dst, []byte(v.Type.Names[k])), ':')
		if dst, err = e.value(dst, c, r); err != nil {
			return dst, err
		}
	}
	return append(dst, '}'), nil
}

func (e *encoder) mapping(dst []byte, v *data.Vector, r int) ([]byte, error) {
	dst = append(dst, '{')
	first := true
	var err error
	for i := int(v.Offsets[r]); i < int(v.Offsets[r+1]); i++ {
		key := []byte(e.nullLiteral)
		if !v.Children[0].IsNull(i) {
			key = v.Children[0].Bytes(i)
		} else if e.nullKey == "DROP" {
			continue
		} else if e.nullKey != "LITERAL" {
			return dst, errors.New("JSON format doesn't support to serialize map data with null keys; drop such entries or write a literal with the format's option 'map-null-key.mode'")
		}
		if !first {
			dst = append(dst, ',')
		}
		first = false
		dst = append(appendString(dst, key), ':')
		if dst, err = e.value(dst, v.Children[1], i); err != nil {
			return dst, err
		}
	}
	return append(dst, '}'), nil
}

// appendReal writes what JSON has no number for as text.
func appendReal(dst []byte, f float64, size int) []byte {
	text := math.IsNaN(f) || math.IsInf(f, 0)
	if text {
		dst = append(dst, '"')
	}
	if size == 32 {
		dst = data.AppendFloat(dst, float32(f))
	} else {
		dst = data.AppendDouble(dst, f)
	}
	if text {
		dst = append(dst, '"')
	}
	return dst
}

const hexDigits = "0123456789ABCDEF"

// piece is how many bytes of a string are written without looking at room again.
const piece = 256

// appendString writes a string in quotes. Eight bytes are looked at and written at
// a time, up to the first of them that needs an escape.
func appendString(dst, s []byte) []byte {
	dst = append(dst, '"')
	for len(s) > piece {
		dst = appendPiece(dst, s[:piece])
		s = s[piece:]
	}
	return append(appendPiece(dst, s), '"')
}

func appendPiece(dst, s []byte) []byte {
	dst = slices.Grow(dst, 6*len(s)+8)
	out, at := dst[:cap(dst)], len(dst)
	i := 0
	for i+8 <= len(s) {
		w := binary.LittleEndian.Uint64(s[i:])
		binary.LittleEndian.PutUint64(out[at:], w)
		q, b := w^(lows*'"'), w^(lows*'\\')
		// The lowest bit is exact; those above it may not be.
		found := ((q-lows)&^q | (b-lows)&^b | (w-lows*0x20)&^w) & highs
		if found == 0 {
			i, at = i+8, at+8
			continue
		}
		n := bits.TrailingZeros64(found) >> 3
		at = putEscape(out, at+n, s[i+n])
		i += n + 1
	}
	for ; i < len(s); i++ {
		if c := s[i]; c < ' ' || c == '"' || c == '\\' {
			at = putEscape(out, at, c)
		} else {
			out[at] = c
			at++
		}
	}
	return out[:at]
}

// putEscape writes the escape of a character, and returns where it ends.
func putEscape(out []byte, at int, c byte) int {
	short := c
	switch c {
	case '"', '\\':
	case '\b':
		short = 'b'
	case '\f':
		short = 'f'
	case '\n':
		short = 'n'
	case '\r':
		short = 'r'
	case '\t':
		short = 't'
	default:
		return at + copy(out[at:], []byte{'\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15]})
	}
	out[at], out[at+1] = '\\', short
	return at + 2
}
