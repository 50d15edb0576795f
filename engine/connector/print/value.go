package print

import (
	"strconv"

	"github.com/weir-streams/weir/engine/data"
)

// appendValue writes a value as Java prints the object Flink makes of it.
func appendValue(dst []byte, v *data.Vector, r int) []byte {
	if v.IsNull(r) {
		return append(dst, "null"...)
	}
	switch v.Type.Kind {
	case data.Boolean:
		return strconv.AppendBool(dst, v.Bool[r] != 0)
	case data.Binary, data.VarBinary:
		dst = append(dst, '[')
		for i, c := range v.Bytes(r) {
			if i > 0 {
				dst = append(dst, ", "...)
			}
			dst = strconv.AppendInt(dst, int64(int8(c)), 10)
		}
		return append(dst, ']')
	case data.Time:
		return javaTime(dst, int64(v.I32[r]), 0)
	case data.Timestamp, data.TimestampLTZ:
		nano := int32(0)
		if v.Type.Precision > 3 {
			nano = v.Nano[r]
		}
		day := data.FloorDiv(v.I64[r], data.DayMillis)
		dst = append(data.AppendDate(dst, day), 'T')
		ms := v.I64[r] - day*data.DayMillis
		if v.Type.Kind == data.Timestamp {
			return javaTime(dst, ms, nano)
		}
		if ms%60000 == 0 && nano == 0 { // an instant always has its seconds
			return append(data.AppendTime(dst, ms, 0, 0), 'Z')
		}
		return append(javaTime(dst, ms, nano), 'Z')
	case data.Array:
		return list(dst, v, r, '[', ']')
	case data.Map, data.Multiset:
		return list(dst, v, r, '{', '}')
	case data.Row:
		dst = append(dst, "+I["...)
		for k, c := range v.Children {
			if k > 0 {
				dst = append(dst, ", "...)
			}
			dst = appendValue(dst, c, r)
		}
		return append(dst, ']')
	}
	return data.AppendText(dst, v, r, nil)
}

func list(dst []byte, v *data.Vector, r int, open, end byte) []byte {
	dst = append(dst, open)
	for i := v.Offsets[r]; i < v.Offsets[r+1]; i++ {
		if i > v.Offsets[r] {
			dst = append(dst, ", "...)
		}
		for k, c := range v.Children {
			if k > 0 {
				dst = append(dst, '=')
			}
			dst = appendValue(dst, c, int(i))
		}
	}
	return append(dst, end)
}

// javaTime leaves out seconds that are zero and writes fractions by threes.
func javaTime(dst []byte, millis int64, nano int32) []byte {
	digits := 0
	switch frac := millis % 1000; {
	case nano%1000 != 0:
		digits = 9
	case nano != 0:
		digits = 6
	case frac != 0:
		digits = 3
	}
	n := len(dst)
	dst = data.AppendTime(dst, millis, nano, digits)
	if digits == 0 && millis%60000 == 0 {
		dst = dst[:n+5]
	}
	return dst
}
