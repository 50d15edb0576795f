// Package raw is the raw format: a record is the bytes of one value, in files
// one a line.
//
// The rule: there is one column, and its bytes are taken as they are.
package raw

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/format"
	"github.com/weir-streams/weir/engine/option"
)

// Format is the entry of the raw format.
var Format = &format.Format{
	Name: "raw",
	Doc:  "One column whose bytes are the record: text in a character set, or a binary number. In files each line is a record.",
	Options: []option.Option{
		{Key: "charset", Default: "UTF-8", Doc: "Character set of text: UTF-8, US-ASCII, ISO-8859-1, UTF-16BE or UTF-16LE."},
		{Key: "endianness", Type: option.Enum, Enum: []string{"big-endian", "little-endian"}, Default: "big-endian", Doc: "Order of the bytes of a number."},
	},
	Lines:      func(o option.Values) bool { return !strings.HasPrefix(strings.ToUpper(o.String("charset")), "UTF-16") },
	CheckRead:  check,
	CheckWrite: check,
	Decoder: func(s format.DecoderSpec) (format.Decoder, error) {
		c, err := newCodec(s.Columns, s.Options)
		if err != nil {
			return nil, err
		}
		return &decoder{codec: c, line: s.Line}, nil
	},
	Encoder: func(s format.EncoderSpec) (format.Encoder, error) {
		c, err := newCodec(s.Columns, s.Options)
		if err != nil {
			return nil, err
		}
		return &encoder{c}, nil
	},
}

// codec is between the bytes of a record and a value.
type codec struct {
	column  data.Column
	charset string
	order   interface {
		binary.ByteOrder
		binary.AppendByteOrder
	}
}

func check(columns []data.Column, o option.Values) error {
	_, err := newCodec(columns, o)
	return err
}

func newCodec(columns []data.Column, o option.Values) (codec, error) {
	if len(columns) != 1 {
		names := make([]string, len(columns))
		for i, c := range columns {
			names[i] = "`" + c.Name + "` " + c.Type.String()
		}
		return codec{}, fmt.Errorf("the 'raw' format only supports single physical column. However the defined schema contains multiple physical columns: [%s]", strings.Join(names, ", "))
	}
	c := codec{column: columns[0], charset: strings.ToUpper(o.String("charset")), order: binary.BigEndian}
	if o.String("endianness") == "little-endian" {
		c.order = binary.LittleEndian
	}
	switch c.charset {
	case "UTF-8", "UTF8", "":
		c.charset = "UTF-8"
	case "US-ASCII", "ASCII", "ISO-8859-1", "LATIN1", "UTF-16BE", "UTF-16LE":
	default:
		return c, fmt.Errorf("option 'raw.charset': character set %q is not supported; there are UTF-8, US-ASCII, ISO-8859-1, UTF-16BE and UTF-16LE", o.String("charset"))
	}
	switch c.column.Type.Kind {
	case data.Char, data.VarChar, data.Binary, data.VarBinary, data.Boolean, data.TinyInt, data.SmallInt, data.Int, data.BigInt, data.Float, data.Double:
		return c, nil
	}
	return c, fmt.Errorf("the 'raw' format doesn't supports '%s' as column type", c.column.Type)
}

// width is the bytes of a number, 0 for text and bytes.
func (c *codec) width() int {
	switch c.column.Type.Kind {
	case data.Boolean, data.TinyInt:
		return 1
	case data.SmallInt:
		return 2
	case data.Int, data.Float:
		return 4
	case data.BigInt, data.Double:
		return 8
	}
	return 0
}

func (c *codec) set(v *data.Vector, r int, p []byte) error {
	v.ClearNull(r)
	if w := c.width(); w > 0 && len(p) != w {
		return fmt.Errorf("size of data received for deserializing %s type is %d, expected %d", c.column.Type, len(p), w)
	}
	switch c.column.Type.Kind {
	case data.Char, data.VarChar:
		v.SetBytes(r, c.decode(p))
	case data.Binary, data.VarBinary:
		v.SetBytes(r, p)
	case data.Boolean:
		v.Bool[r] = 0
		if p[0] != 0 {
			v.Bool[r] = 1
		}
	case data.TinyInt:
		v.I32[r] = int32(int8(p[0]))
	case data.SmallInt:
		v.I32[r] = int32(int16(c.order.Uint16(p)))
	case data.Int:
		v.I32[r] = int32(c.order.Uint32(p))
	case data.BigInt:
		v.I64[r] = int64(c.order.Uint64(p))
	case data.Float:
		v.F32[r] = math.Float32frombits(c.order.Uint32(p))
	case data.Double:
		v.F64[r] = math.Float64frombits(c.order.Uint64(p))
	}
	return nil
}

// decode turns text of the character set into UTF-8.
func (c *codec) decode(p []byte) []byte {
	switch c.charset {
	case "UTF-8":
		if utf8.Valid(p) {
			return p
		}
		return data.AppendUTF8(nil, p)
	case "UTF-16BE", "UTF-16LE":
		var units []uint16
		for ; len(p) >= 2; p = p[2:] {
			if c.charset == "UTF-16BE" {
				units = append(units, binary.BigEndian.Uint16(p))
			} else {
				units = append(units, binary.LittleEndian.Uint16(p))
			}
		}
		out := []byte(string(utf16.Decode(units)))
		if len(p) > 0 {
			out = append(out, "\uFFFD"...)
		}
		return out
	}
	var out []byte
	for _, b := range p {
		r := rune(b)
		if b >= 0x80 && strings.HasSuffix(c.charset, "ASCII") {
			r = utf8.RuneError
		}
		out = utf8.AppendRune(out, r)
	}
	return out
}

// encode turns UTF-8 into the character set; what it does not have is '?'.
func (c *codec) encode(dst, text []byte) []byte {
	switch c.charset {
	case "UTF-8":
		return append(dst, text...)
	case "UTF-16BE", "UTF-16LE":
		for _, u := range utf16.Encode([]rune(string(text))) {
			if c.charset == "UTF-16BE" {
				dst = binary.BigEndian.AppendUint16(dst, u)
			} else {
				dst = binary.LittleEndian.AppendUint16(dst, u)
			}
		}
		return dst
	}
	most := rune(0xff)
	if strings.HasSuffix(c.charset, "ASCII") {
		most = 0x7f
	}
	for _, r := range string(text) {
		if r > most {
			r = '?'
		}
		dst = append(dst, byte(r))
	}
	return dst
}

type decoder struct {
	codec
	line int64
}

func (d *decoder) Skipped() int64 { return 0 }
func (d *decoder) Lines() int64   { return d.line }

// Decode appends the lines of p to b.
func (d *decoder) Decode(p []byte, _ *data.Buffer, atEOF bool, b *data.Batch) (int, error) {
	for _, v := range b.Cols {
		v.Resize(data.BatchSize)
	}
	i := 0
	var err error
	for b.N < data.BatchSize && i < len(p) && err == nil {
		n := bytes.IndexByte(p[i:], '\n')
		next := i + n + 1
		if n < 0 {
			if !atEOF {
				break
			}
			n, next = len(p)-i, len(p)
		}
		record := bytes.TrimSuffix(p[i:i+n], []byte{'\r'})
		for _, v := range b.Cols {
			if e := d.set(v, b.N, record); e != nil {
				err = &format.RecordError{Line: d.line + 1, Column: 1, Text: format.Excerpt(record), Err: e}
			}
		}
		if err == nil {
			b.N++
			d.line++
			i = next
		}
	}
	for _, v := range b.Cols {
		v.Resize(b.N)
	}
	return i, err
}

// DecodeMessages appends the messages, each of them one value.
func (d *decoder) DecodeMessages(p []byte, ends []int, _ *data.Buffer, b *data.Batch, rows []int32) (int, error) {
	for _, v := range b.Cols {
		v.Resize(data.BatchSize)
	}
	k, from := 0, 0
	var err error
	for ; k < len(ends) && b.N < data.BatchSize && err == nil; k++ {
		record := p[from:ends[k]]
		for _, v := range b.Cols {
			if e := d.set(v, b.N, record); e != nil {
				err = &format.RecordError{Line: 1, Column: 1, Text: format.Excerpt(record), Err: e}
			}
		}
		if err != nil {
			break
		}
		b.N++
		from, rows[k] = ends[k], int32(b.N)
	}
	for _, v := range b.Cols {
		v.Resize(b.N)
	}
	return k, err
}

type encoder struct{ codec }

func (e *encoder) Header() []byte { return nil }
func (e *encoder) Footer() []byte { return nil }

// Encode appends the value of row r; NULL has no bytes.
func (e *encoder) Encode(dst []byte, b *data.Batch, r int) ([]byte, error) {
	v := b.Cols[0]
	if v.IsNull(r) {
		return append(dst, '\n'), nil
	}
	switch v.Type.Kind {
	case data.Char, data.VarChar:
		dst = e.encode(dst, v.Bytes(r))
	case data.Binary, data.VarBinary:
		dst = append(dst, v.Bytes(r)...)
	case data.Boolean:
		dst = append(dst, v.Bool[r])
	case data.TinyInt:
		dst = append(dst, byte(v.I32[r]))
	case data.SmallInt:
		dst = e.order.AppendUint16(dst, uint16(v.I32[r]))
	case data.Int:
		dst = e.order.AppendUint32(dst, uint32(v.I32[r]))
	case data.BigInt:
		dst = e.order.AppendUint64(dst, uint64(v.I64[r]))
	case data.Float:
		dst = e.order.AppendUint32(dst, math.Float32bits(v.F32[r]))
	case data.Double:
		dst = e.order.AppendUint64(dst, math.Float64bits(v.F64[r]))
	}
	return append(dst, '\n'), nil
}
