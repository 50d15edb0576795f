package expr

import (
	"math"
	"strconv"

	"github.com/weir-streams/weir/engine/data"
)

// denseCast are conversions that cannot fail, as plain loops over columns.
func denseCast(from, to data.Type) (kernel, bool) {
	switch fp, tp := from.Phys(), to.Phys(); {
	case !isNumeric(from.Kind) || !isNumeric(to.Kind) || from.Kind == data.Decimal || to.Kind == data.Decimal:
		return nil, false
	case fp == data.PhysI32 && tp == data.PhysI64:
		return convertLoop(i32s, i64s), true
	case fp == data.PhysI32 && tp == data.PhysF64:
		return convertLoop(i32s, f64s), true
	case fp == data.PhysI32 && tp == data.PhysF32:
		return convertLoop(i32s, f32s), true
	case fp == data.PhysI64 && tp == data.PhysF64:
		return convertLoop(i64s, f64s), true
	case fp == data.PhysI64 && tp == data.PhysF32:
		return convertLoop(i64s, f32s), true
	case fp == data.PhysI64 && to.Kind == data.Int:
		return convertLoop(i64s, i32s), true
	case fp == data.PhysF32 && tp == data.PhysF64:
		return convertLoop(f32s, f64s), true
	case fp == data.PhysF64 && tp == data.PhysF32:
		return convertLoop(f64s, f32s), true
	}
	return nil, false
}

func convertLoop[A, B number](from func(*data.Vector) []A, to func(*data.Vector) []B) kernel {
	return func(m *machine, n *node, s *selection) (*data.Vector, error) {
		v, err := m.vec(n.args[0], s)
		if err != nil {
			return nil, err
		}
		out := m.out(n)
		setNulls(out, v, nil)
		a, o := from(v), to(out)
		if rows := s.sparse(); rows != nil {
			for _, i := range rows {
				o[i] = B(a[i])
			}
			return out, nil
		}
		a = a[:len(o)]
		for i := range o {
			o[i] = B(a[i])
		}
		return out, nil
	}
}

// narrowInt cuts an integer to the width of a kind, as Java's narrowing does.
func narrowInt(x int64, k data.Kind) int64 {
	switch k {
	case data.TinyInt:
		return int64(int8(x))
	case data.SmallInt:
		return int64(int16(x))
	case data.BigInt, data.IntervalDayTime:
		return x
	}
	return int64(int32(x))
}

// saturate converts a float as Java does: NaN is 0, the ends hold, and types
// narrower than INT go through INT.
func saturate(f float64, k data.Kind) int64 {
	if f != f {
		return 0
	}
	if k == data.BigInt {
		switch {
		case f >= math.MaxInt64:
			return math.MaxInt64
		case f <= math.MinInt64:
			return math.MinInt64
		}
		return int64(f)
	}
	switch {
	case f >= math.MaxInt32:
		f = math.MaxInt32
	case f <= math.MinInt32:
		f = math.MinInt32
	}
	return narrowInt(int64(f), k)
}

func setInt(out *data.Vector, i int32, x int64) {
	if out.Type.Phys() == data.PhysI32 {
		out.I32[i] = int32(x)
	} else {
		out.I64[i] = x
	}
}

func setFloat(out *data.Vector, i int32, f float64) {
	if out.Type.Phys() == data.PhysF32 {
		out.F32[i] = float32(f)
	} else {
		out.F64[i] = f
	}
}

// castNumber converts among numbers, BOOLEAN, and from integers to intervals.
func castNumber(from, to data.Type) castFn {
	scale := scaleOf(from)
	return func(_ *caster, in, out *data.Vector, rows []int32) error {
		switch from.Phys() {
		case data.PhysF32, data.PhysF64:
			for _, i := range rows {
				var f float64
				if in.F32 != nil && from.Phys() == data.PhysF32 {
					f = float64(in.F32[i])
				} else {
					f = in.F64[i]
				}
				switch {
				case to.Kind == data.Boolean:
					out.Bool[i] = b2i(f != 0)
				case to.Kind == data.Decimal:
					x, ok := data.FloatDecimal(f, 64, to.Precision, to.Scale)
					setDecimal(out, i, x, ok)
				case isInteger(to.Kind):
					setInt(out, i, saturate(f, to.Kind))
				default:
					setFloat(out, i, f)
				}
			}
			return nil
		}
		read := number128(in)
		if from.Kind == data.Boolean {
			read = func(i int32) data.Int128 { return data.I128(int64(in.Bool[i])) }
		}
		for _, i := range rows {
			x := read(i)
			switch {
			case to.Kind == data.Boolean:
				out.Bool[i] = b2i(x.Sign() != 0)
			case to.Kind == data.Decimal:
				y, ok := data.RescaleDecimal(x, scale, to.Scale, to.Precision)
				setDecimal(out, i, y, ok)
			case to.Kind == data.Double:
				out.F64[i] = data.DecimalFloat(x, scale)
			case to.Kind == data.Float:
				out.F32[i] = decimalFloat32(x, scale)
			default:
				if scale > 0 {
					x = data.TruncDecimal(x, scale)
				}
				setInt(out, i, narrowInt(x.Int64(), to.Kind))
			}
		}
		return nil
	}
}

func decimalFloat32(x data.Int128, scale int) float32 {
	if scale == 0 && x.IsInt64() {
		return float32(x.Int64())
	}
	var buf [48]byte
	f, _ := strconv.ParseFloat(string(data.AppendDecimal(buf[:0], x, scale)), 32)
	return float32(f)
}
