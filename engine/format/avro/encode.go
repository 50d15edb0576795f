package avro

import (
	"encoding/binary"
	"fmt"
	"math"

	"github.com/weir-streams/weir/engine/data"
)

// appendLong writes a number as Avro's int and long.
func appendLong(dst []byte, x int64) []byte {
	return binary.AppendUvarint(dst, uint64(x<<1)^uint64(x>>63))
}

// appendRow writes row r of columns as the fields of a record.
func appendRow(dst []byte, types []data.Type, cols []*data.Vector, r int) ([]byte, error) {
	var err error
	for k, v := range cols {
		if dst, err = appendValue(dst, &types[k], v, r); err != nil {
			return dst, err
		}
	}
	return dst, nil
}

// appendValue writes row r of v, as described does the type of its column: that
// of v itself may have no NULL.
func appendValue(dst []byte, t *data.Type, v *data.Vector, r int) ([]byte, error) {
	if v.IsNull(r) {
		if !t.Nullable {
			return dst, fmt.Errorf("NULL in a column of type %s", t)
		}
		return append(dst, 0), nil // the first branch of its union
	}
	if t.Nullable {
		dst = append(dst, 2) // the second
	}
	switch v.Type.Kind {
	case data.Boolean:
		return append(dst, v.Bool[r]), nil
	case data.TinyInt, data.SmallInt, data.Int, data.Date, data.Time:
		return appendLong(dst, int64(v.I32[r])), nil
	case data.BigInt:
		return appendLong(dst, v.I64[r]), nil
	case data.Float:
		return binary.LittleEndian.AppendUint32(dst, math.Float32bits(v.F32[r])), nil
	case data.Double:
		return binary.LittleEndian.AppendUint64(dst, math.Float64bits(v.F64[r])), nil
	case data.Char, data.VarChar, data.Binary, data.VarBinary:
		p := v.Bytes(r)
		return append(appendLong(dst, int64(len(p))), p...), nil
	case data.Decimal:
		if v.Type.Precision <= 18 {
			return appendDecimal(dst, data.I128(v.I64[r])), nil
		}
		return appendDecimal(dst, v.I128[r]), nil
	case data.Timestamp, data.TimestampLTZ:
		if v.Type.Precision > 3 {
			return appendLong(dst, v.I64[r]*1000+int64(v.Nano[r]/1000)), nil
		}
		return appendLong(dst, v.I64[r]), nil
	case data.Row:
		return appendRow(dst, t.Args, v.Children, r)
	case data.Array, data.Map, data.Multiset:
		return appendList(dst, t, v, r)
	}
	return dst, fmt.Errorf("type %s is not written as Avro", v.Type)
}

// count is the type of a multiset's counts.
var count = data.Of(data.Int).NotNull()

func appendList(dst []byte, t *data.Type, v *data.Vector, r int) ([]byte, error) {
	from, to := int(v.Offsets[r]), int(v.Offsets[r+1])
	if from < to {
		dst = appendLong(dst, int64(to-from))
	}
	item := &count
	if t.Kind != data.Multiset {
		item = &t.Args[len(t.Args)-1]
	}
	var err error
	for k := from; k < to; k++ {
		items := v.Children
		if v.Type.Kind != data.Array { // keys are no union, whatever their type
			if items[0].IsNull(k) {
				return dst, fmt.Errorf("NULL as key of a map: Avro has none")
			}
			p := items[0].Bytes(k)
			dst = append(appendLong(dst, int64(len(p))), p...)
			items = items[1:]
		}
		if dst, err = appendValue(dst, item, items[0], k); err != nil {
			return dst, err
		}
	}
	return append(dst, 0), nil
}

// appendDecimal writes a number big-endian in as few bytes as it needs.
func appendDecimal(dst []byte, x data.Int128) []byte {
	var p [16]byte
	binary.BigEndian.PutUint64(p[:], uint64(x.Hi))
	binary.BigEndian.PutUint64(p[8:], x.Lo)
	k := 0
	for k < 15 && (p[k] == 0 && p[k+1] < 0x80 || p[k] == 0xff && p[k+1] >= 0x80) {
		k++
	}
	return append(appendLong(dst, int64(16-k)), p[k:]...)
}
