package accumulator

import (
	"encoding/binary"
	"math"

	"github.com/weir-streams/weir/engine/data"
)

// These write values in the row codec of package data, without a column.

func appendInt(row []byte, x int64) []byte { return binary.AppendVarint(append(row, 1), x) }

func appendFloat(row []byte, f float64) []byte {
	bits := math.Float64bits(f)
	switch {
	case f == 0:
		bits = 0
	case f != f:
		bits = 0x7FF8000000000000
	}
	return binary.LittleEndian.AppendUint64(append(row, 1), bits)
}

func appendFloat32(row []byte, f float32) []byte {
	bits := math.Float32bits(f)
	switch {
	case f == 0:
		bits = 0
	case f != f:
		bits = 0x7FC00000
	}
	return binary.LittleEndian.AppendUint32(append(row, 1), bits)
}

func appendWide(row []byte, x data.Int128) []byte {
	row = binary.LittleEndian.AppendUint64(append(row, 1), uint64(x.Hi))
	return binary.LittleEndian.AppendUint64(row, x.Lo)
}

func appendString(row, p []byte) []byte {
	return append(binary.AppendUvarint(append(row, 1), uint64(len(p))), p...)
}
