// Package number has the SQL functions on numbers.
//
// Integers wrap around and floats follow IEEE 754, as in Java; a DECIMAL that
// does not fit its type is NULL.
package number

import (
	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/function"
)

// Functions lists the functions of this package.
var Functions = join(roundFunctions, floatFunctions, exactFunctions, extremeFunctions, randomFunctions)

func join(tables ...[]*function.Scalar) []*function.Scalar {
	var all []*function.Scalar
	for _, t := range tables {
		all = append(all, t...)
	}
	return all
}

// get128 and set128 read and write exact numbers of any layout.
func get128(v *data.Vector, i int32) data.Int128 {
	switch v.Type.Phys() {
	case data.PhysI32:
		return data.I128(int64(v.I32[i]))
	case data.PhysI64:
		return data.I128(v.I64[i])
	}
	return v.I128[i]
}

func set128(c *function.Call, i int32, x data.Int128, ok bool) {
	switch {
	case !ok:
		c.SetNull(i)
	case c.Out.Type.Phys() == data.PhysI32:
		c.Out.I32[i] = int32(x.Int64())
	case c.Out.Type.Phys() == data.PhysI64:
		c.Out.I64[i] = x.Int64()
	default:
		c.Out.I128[i] = x
	}
}

// getFloat and setFloat read and write floats of either width.
func getFloat(v *data.Vector, i int32) float64 {
	if v.Type.Phys() == data.PhysF32 {
		return float64(v.F32[i])
	}
	return v.F64[i]
}

func setFloat(v *data.Vector, i int32, f float64) {
	if v.Type.Phys() == data.PhysF32 {
		v.F32[i] = float32(f)
	} else {
		v.F64[i] = f
	}
}

func isFloat(k data.Kind) bool { return k == data.Float || k == data.Double }

// scale is the scale of an exact number type.
func scale(t data.Type) int {
	if t.Kind == data.Decimal {
		return t.Scale
	}
	return 0
}
