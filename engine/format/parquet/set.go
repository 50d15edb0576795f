package parquet

import (
	"encoding/binary"
	"errors"
	"fmt"
	"unicode/utf8"

	"github.com/parquet-go/parquet-go"
	sch "github.com/parquet-go/parquet-go/format"

	"github.com/weir-streams/weir/engine/data"
)

// setter puts values of a file's type into vectors of ours; nil: it cannot be.
func setter(from parquet.Type, t data.Type) func(v *data.Vector, r int, x *parquet.Value) error {
	var logical sch.LogicalType
	if l := from.LogicalType(); l != nil {
		logical = *l
	}
	switch from.Kind() {
	case parquet.Boolean:
		if t.Kind == data.Boolean {
			return func(v *data.Vector, r int, x *parquet.Value) error {
				v.Bool[r] = 0
				if x.Boolean() {
					v.Bool[r] = 1
				}
				return nil
			}
		}
	case parquet.Int32:
		return fromInt32(t, scaleOf(from))
	case parquet.Int64:
		return fromInt64(t, from, logical)
	case parquet.Int96:
		if t.Kind == data.Timestamp || t.Kind == data.TimestampLTZ {
			return func(v *data.Vector, r int, x *parquet.Value) error {
				w := x.Int96()
				nanos := int64(uint64(w[0]) | uint64(w[1])<<32)
				const unixDay = 2440588 // Julian
				ms, nano := data.TruncateNano((int64(w[2])-unixDay)*data.DayMillis+data.FloorDiv(nanos, 1_000_000), int32(data.FloorMod(nanos, 1_000_000)), t.Precision)
				setTime(v, r, ms, nano)
				return nil
			}
		}
	case parquet.Float:
		switch t.Kind {
		case data.Float:
			return func(v *data.Vector, r int, x *parquet.Value) error { v.F32[r] = x.Float(); return nil }
		case data.Double:
			return func(v *data.Vector, r int, x *parquet.Value) error { v.F64[r] = float64(x.Float()); return nil }
		}
	case parquet.Double:
		if t.Kind == data.Double {
			return func(v *data.Vector, r int, x *parquet.Value) error { v.F64[r] = x.Double(); return nil }
		}
	case parquet.ByteArray, parquet.FixedLenByteArray:
		return fromBytes(t, scaleOf(from))
	}
	return nil
}

// scaleOf is the scale of a decimal, -1 of another type.
func scaleOf(t parquet.Type) int {
	if l := t.LogicalType(); l != nil {
		if d, ok := l.Value.(*sch.DecimalType); ok {
			return int(d.Scale)
		}
	}
	return -1
}

// perMilli is how many of the file's units of time make a millisecond.
func perMilli(l sch.LogicalType) int64 {
	var unit sch.TimeUnit
	switch t := l.Value.(type) {
	case *sch.TimestampType:
		unit = t.Unit
	case *sch.TimeType:
		unit = t.Unit
	}
	switch unit.Value.(type) {
	case *sch.MicroSeconds:
		return 1000
	case *sch.NanoSeconds:
		return 1_000_000
	}
	return 1
}

func setTime(v *data.Vector, r int, ms int64, nano int32) {
	v.I64[r] = ms
	if v.Type.Precision > 3 {
		v.Nano[r] = nano
	}
}

func setDecimal(v *data.Vector, r int, x data.Int128, scale int) {
	x, ok := data.RescaleDecimal(x, scale, v.Type.Scale, v.Type.Precision)
	switch {
	case !ok:
		data.SetNullRow(v, r) // as everywhere: what does not fit the precision is NULL
	case v.Type.Precision <= 18:
		v.I64[r] = x.Int64()
	default:
		v.I128[r] = x
	}
}

func fromInt32(t data.Type, scale int) func(v *data.Vector, r int, x *parquet.Value) error {
	switch t.Kind {
	case data.TinyInt, data.SmallInt, data.Int:
		bits := map[data.Kind]int{data.TinyInt: 8, data.SmallInt: 16, data.Int: 32}[t.Kind]
		return func(v *data.Vector, r int, x *parquet.Value) error {
			i := x.Int32()
			if i != i<<(32-bits)>>(32-bits) {
				return fmt.Errorf("%d is out of the range of %s", i, t)
			}
			v.I32[r] = i
			return nil
		}
	case data.Date, data.Time:
		return func(v *data.Vector, r int, x *parquet.Value) error { v.I32[r] = x.Int32(); return nil }
	case data.BigInt:
		return func(v *data.Vector, r int, x *parquet.Value) error { v.I64[r] = int64(x.Int32()); return nil }
	case data.Double:
		return func(v *data.Vector, r int, x *parquet.Value) error { v.F64[r] = float64(x.Int32()); return nil }
	case data.Decimal:
		return func(v *data.Vector, r int, x *parquet.Value) error {
			setDecimal(v, r, data.I128(int64(x.Int32())), max(scale, 0))
			return nil
		}
	}
	return nil
}

func fromInt64(t data.Type, from parquet.Type, logical sch.LogicalType) func(v *data.Vector, r int, x *parquet.Value) error {
	switch t.Kind {
	case data.BigInt:
		return func(v *data.Vector, r int, x *parquet.Value) error { v.I64[r] = x.Int64(); return nil }
	case data.Decimal:
		scale := max(scaleOf(from), 0)
		return func(v *data.Vector, r int, x *parquet.Value) error {
			setDecimal(v, r, data.I128(x.Int64()), scale)
			return nil
		}
	case data.Time:
		unit := perMilli(logical)
		return func(v *data.Vector, r int, x *parquet.Value) error { v.I32[r] = int32(x.Int64() / unit); return nil }
	case data.Timestamp, data.TimestampLTZ:
		unit := perMilli(logical)
		return func(v *data.Vector, r int, x *parquet.Value) error {
			i := x.Int64()
			ms := data.FloorDiv(i, unit)
			ms, nano := data.TruncateNano(ms, int32((i-ms*unit)*(1_000_000/unit)), t.Precision)
			setTime(v, r, ms, nano)
			return nil
		}
	}
	return nil
}

func fromBytes(t data.Type, scale int) func(v *data.Vector, r int, x *parquet.Value) error {
	switch t.Kind {
	case data.Char, data.VarChar:
		return func(v *data.Vector, r int, x *parquet.Value) error {
			p := x.ByteArray()
			if !utf8.Valid(p) {
				p = data.AppendUTF8(nil, p)
			}
			v.SetBytes(r, p)
			return nil
		}
	case data.Binary, data.VarBinary:
		return func(v *data.Vector, r int, x *parquet.Value) error { v.SetBytes(r, x.ByteArray()); return nil }
	case data.Decimal:
		if scale < 0 {
			return nil
		}
		return func(v *data.Vector, r int, x *parquet.Value) error {
			d, err := bigEndian(x.ByteArray())
			if err == nil {
				setDecimal(v, r, d, scale)
			}
			return err
		}
	}
	return nil
}

// bigEndian is a number in two's complement.
func bigEndian(p []byte) (data.Int128, error) {
	fill := byte(0)
	if len(p) > 0 && p[0] >= 0x80 {
		fill = 0xff
	}
	var q [16]byte
	for i := range q {
		q[i] = fill
	}
	for len(p) > len(q) {
		if p[0] != fill {
			return data.Int128{}, errors.New("a decimal has more than 38 digits")
		}
		p = p[1:]
	}
	copy(q[len(q)-len(p):], p)
	return data.Int128{Hi: int64(binary.BigEndian.Uint64(q[:])), Lo: binary.BigEndian.Uint64(q[8:])}, nil
}
