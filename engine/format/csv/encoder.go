package csv

import (
	"bytes"
	"encoding/base64"
	"strconv"

	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/format"
)

type encoder struct {
	dialect
	columns []data.Column
	safe    byte // characters below it need quotes
	scratch []byte

	stamps, instants format.Moments
}

// longest is the longest text looked through for characters that need quotes;
// longer texts are quoted at once, as Flink's writer does.
const longest = 24

func newEncoder(s format.EncoderSpec) (*encoder, error) {
	d, err := newDialect(s.Options)
	if err != nil {
		return nil, err
	}
	for _, c := range s.Columns {
		if err := supported(c.Name, c.Type); err != nil {
			return nil, err
		}
	}
	return &encoder{dialect: d, columns: s.Columns, safe: max(d.delim, d.quote, '\n') + 1, stamps: format.Moments{Layout: timestamp}, instants: format.Moments{Layout: instant}}, nil
}

func (e *encoder) Header() []byte { return nil }
func (e *encoder) Footer() []byte { return nil }

// Encode appends row r of b as a line.
func (e *encoder) Encode(dst []byte, b *data.Batch, r int) ([]byte, error) {
	for k := range e.columns {
		if k > 0 {
			dst = append(dst, e.delim)
		}
		v := b.Cols[k]
		switch {
		case v.IsNull(r):
			dst = append(dst, e.null...)
		case v.Type.Phys() >= data.PhysList:
			e.scratch = e.list(e.scratch[:0], v, r)
			dst = e.quoted(dst, e.scratch)
		case numeric(v.Type.Kind):
			dst = e.value(dst, v, r)
		case v.Type.Kind == data.Char || v.Type.Kind == data.VarChar:
			dst = e.quoted(dst, v.Bytes(r))
		default:
			e.scratch = e.value(e.scratch[:0], v, r)
			dst = e.quoted(dst, e.scratch)
		}
	}
	return append(dst, '\n'), nil
}

func numeric(k data.Kind) bool { return k >= data.Boolean && k <= data.Decimal }

// list writes the elements of an array or row with the element delimiter between.
func (e *encoder) list(dst []byte, v *data.Vector, r int) []byte {
	one := func(dst []byte, c *data.Vector, i int) []byte {
		if c.IsNull(i) {
			return append(dst, e.null...)
		}
		return e.value(dst, c, i)
	}
	if v.Type.Kind == data.Row {
		for k, c := range v.Children {
			if k > 0 {
				dst = append(dst, e.element...)
			}
			dst = one(dst, c, r)
		}
		return dst
	}
	for i := v.Offsets[r]; i < v.Offsets[r+1]; i++ {
		if i > v.Offsets[r] {
			dst = append(dst, e.element...)
		}
		dst = one(dst, v.Children[0], int(i))
	}
	return dst
}

// quoted writes text, in quotes if it needs them.
func (e *encoder) quoted(dst, text []byte) []byte {
	if e.quote == 0 {
		return append(dst, text...)
	}
	need := len(text) > longest
	for i := 0; i < len(text) && !need; i++ {
		need = text[i] < e.safe || text[i] == e.escape && e.escape != 0
	}
	if !need {
		return append(dst, text...)
	}
	dst = append(dst, e.quote)
	if bytes.IndexByte(text, e.quote) < 0 && (e.escape == 0 || bytes.IndexByte(text, e.escape) < 0) {
		dst = append(dst, text...)
	} else {
		for _, c := range text {
			if c == e.quote || c == e.escape && e.escape != 0 {
				dst = append(dst, c)
			}
			dst = append(dst, c)
		}
	}
	return append(dst, e.quote)
}

func (e *encoder) value(dst []byte, v *data.Vector, r int) []byte {
	switch v.Type.Kind {
	case data.Boolean:
		if v.Bool[r] != 0 {
			return append(dst, "true"...)
		}
		return append(dst, "false"...)
	case data.TinyInt, data.SmallInt, data.Int:
		return strconv.AppendInt(dst, int64(v.I32[r]), 10)
	case data.BigInt:
		return strconv.AppendInt(dst, v.I64[r], 10)
	case data.Float:
		return data.AppendFloat(dst, v.F32[r])
	case data.Double:
		return data.AppendDouble(dst, v.F64[r])
	case data.Decimal:
		x := data.Int128{}
		if v.Type.Phys() == data.PhysI64 {
			x = data.I128(v.I64[r])
		} else {
			x = v.I128[r]
		}
		return format.AppendNumber(dst, x, v.Type.Scale, false)
	case data.Char, data.VarChar:
		return append(dst, v.Bytes(r)...)
	case data.Binary, data.VarBinary:
		return base64.StdEncoding.AppendEncode(dst, v.Bytes(r))
	case data.Date:
		return data.AppendDate(dst, int64(v.I32[r]))
	case data.Time:
		return format.AppendTime(dst, int64(v.I32[r]), 0)
	case data.Timestamp, data.TimestampLTZ:
		l := &e.stamps
		if v.Type.Kind == data.TimestampLTZ {
			l = &e.instants
		}
		nano := int32(0)
		if v.Type.Precision > 3 {
			nano = v.Nano[r]
		}
		return l.Append(dst, v.I64[r], nano)
	}
	return dst
}
