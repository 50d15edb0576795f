package data

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
)

// The row codec writes a row as its values one after the other, each
// self-delimiting: a byte 0 for NULL, or a byte 1 and the value. Integers are
// zigzag varints, strings have their length before them. Equal values have
// equal bytes (0.0 is written for -0.0, one NaN for all), so an encoded row is
// also a state key, and the encoding of (a, b) is that of a followed by that of b.
// It is part of the savepoint format.

var errShortRow = errors.New("row ends too early")

// EncodeRow appends the values of row r of the chosen columns to dst.
func EncodeRow(dst []byte, cols []*Vector, which []int, r int) []byte {
	for _, k := range which {
		dst = EncodeValue(dst, cols[k], r)
	}
	return dst
}

// EncodeValue appends row r of v to dst.
func EncodeValue(dst []byte, v *Vector, r int) []byte {
	if v.Nulls != nil && v.IsNull(r) {
		return append(dst, 0)
	}
	dst = append(dst, 1)
	switch v.Type.Phys() {
	case PhysNull:
		dst[len(dst)-1] = 0
	case PhysBool:
		dst = append(dst, v.Bool[r])
	case PhysI32:
		dst = binary.AppendVarint(dst, int64(v.I32[r]))
	case PhysI64:
		dst = binary.AppendVarint(dst, v.I64[r])
	case PhysF32:
		dst = binary.LittleEndian.AppendUint32(dst, float32Bits(v.F32[r]))
	case PhysF64:
		dst = binary.LittleEndian.AppendUint64(dst, floatBits(v.F64[r]))
	case PhysI128:
		dst = binary.LittleEndian.AppendUint64(dst, uint64(v.I128[r].Hi))
		dst = binary.LittleEndian.AppendUint64(dst, v.I128[r].Lo)
	case PhysTime:
		dst = binary.AppendVarint(dst, v.I64[r])
		dst = binary.AppendUvarint(dst, uint64(v.Nano[r]))
	case PhysString:
		p := v.Bytes(r)
		dst = binary.AppendUvarint(dst, uint64(len(p)))
		dst = append(dst, p...)
	case PhysList:
		from, to := v.Offsets[r], v.Offsets[r+1]
		dst = binary.AppendUvarint(dst, uint64(to-from))
		for j := from; j < to; j++ {
			for _, c := range v.Children {
				dst = EncodeValue(dst, c, int(j))
			}
		}
	case PhysRow:
		for _, c := range v.Children {
			dst = EncodeValue(dst, c, r)
		}
	}
	return dst
}

func float32Bits(f float32) uint32 {
	if f == 0 {
		return 0
	}
	if f != f {
		return 0x7FC00000
	}
	return math.Float32bits(f)
}

// DecodeRow reads one value for each vector of into as its row r, which it must
// have room for, and returns the bytes it did not need. Lists must be decoded in
// ascending row order.
func DecodeRow(src []byte, into []*Vector, r int) ([]byte, error) {
	var err error
	for i, v := range into {
		if src, err = DecodeValue(src, v, r); err != nil {
			return nil, fmt.Errorf("column %d (%s): %w", i, v.Type, err)
		}
	}
	return src, nil
}

// DecodeValue reads one value as row r of v and returns the rest of src.
func DecodeValue(src []byte, v *Vector, r int) ([]byte, error) {
	if len(src) == 0 {
		return nil, errShortRow
	}
	null := src[0] == 0
	if src[0] > 1 {
		return nil, fmt.Errorf("bad null marker %d", src[0])
	}
	src = src[1:]
	if null {
		setZero(v, r)
		v.SetNull(r)
		return src, nil
	}
	v.ClearNull(r)
	switch v.Type.Phys() {
	case PhysBool:
		if len(src) < 1 {
			return nil, errShortRow
		}
		v.Bool[r] = src[0] & 1
		return src[1:], nil
	case PhysI32:
		x, n := binary.Varint(src)
		if n <= 0 || x != int64(int32(x)) {
			return nil, errShortRow
		}
		v.I32[r] = int32(x)
		return src[n:], nil
	case PhysI64:
		x, n := binary.Varint(src)
		if n <= 0 {
			return nil, errShortRow
		}
		v.I64[r] = x
		return src[n:], nil
	case PhysF32:
		if len(src) < 4 {
			return nil, errShortRow
		}
		v.F32[r] = math.Float32frombits(binary.LittleEndian.Uint32(src))
		return src[4:], nil
	case PhysF64:
		if len(src) < 8 {
			return nil, errShortRow
		}
		v.F64[r] = math.Float64frombits(binary.LittleEndian.Uint64(src))
		return src[8:], nil
	case PhysI128:
		if len(src) < 16 {
			return nil, errShortRow
		}
		v.I128[r] = Int128{Hi: int64(binary.LittleEndian.Uint64(src)), Lo: binary.LittleEndian.Uint64(src[8:])}
		return src[16:], nil
	case PhysTime:
		x, n := binary.Varint(src)
		if n <= 0 {
			return nil, errShortRow
		}
		nano, m := binary.Uvarint(src[n:])
		if m <= 0 || nano > 999999 {
			return nil, errShortRow
		}
		v.I64[r], v.Nano[r] = x, int32(nano)
		return src[n+m:], nil
	case PhysString:
		n, w := binary.Uvarint(src)
		if w <= 0 || n > uint64(len(src)-w) {
			return nil, errShortRow
		}
		v.SetBytes(r, src[w:w+int(n)])
		return src[w+int(n):], nil
	case PhysList:
		n, w := binary.Uvarint(src)
		if w <= 0 || n > uint64(len(src)) {
			return nil, errShortRow
		}
		src = src[w:]
		at := int(v.Offsets[r])
		for _, c := range v.Children {
			c.Resize(at + int(n))
		}
		var err error
		for j := range int(n) {
			for _, c := range v.Children {
				if src, err = DecodeValue(src, c, at+j); err != nil {
					return nil, err
				}
			}
		}
		v.Offsets[r+1] = int32(at + int(n))
		return src, nil
	case PhysRow:
		var err error
		for _, c := range v.Children {
			if src, err = DecodeValue(src, c, r); err != nil {
				return nil, err
			}
		}
		return src, nil
	}
	return nil, fmt.Errorf("type %s cannot be stored", v.Type)
}

// setZero gives a NULL row a valid value of the layout.
func setZero(v *Vector, r int) {
	switch v.Type.Phys() {
	case PhysBool:
		v.Bool[r] = 0
	case PhysI32:
		v.I32[r] = 0
	case PhysI64:
		v.I64[r] = 0
	case PhysF32:
		v.F32[r] = 0
	case PhysF64:
		v.F64[r] = 0
	case PhysI128:
		v.I128[r] = Int128{}
	case PhysTime:
		v.I64[r], v.Nano[r] = 0, 0
	case PhysString:
		v.Views[r] = View{}
	case PhysList:
		v.Offsets[r+1] = v.Offsets[r]
	case PhysRow:
		for _, c := range v.Children {
			setZero(c, r)
			c.SetNull(r)
		}
	}
}

// SetNullRow makes row r of v NULL, with a valid value of the layout under it.
func SetNullRow(v *Vector, r int) {
	setZero(v, r)
	v.SetNull(r)
}

// SkipValues returns what follows values of the given types in an encoded row.
func SkipValues(src []byte, types []Type) ([]byte, error) {
	var err error
	for _, t := range types {
		if src, err = skipValue(src, t); err != nil {
			return nil, err
		}
	}
	return src, nil
}

func skipValue(src []byte, t Type) ([]byte, error) {
	if len(src) == 0 {
		return nil, errShortRow
	}
	if src[0] == 0 {
		return src[1:], nil
	}
	src = src[1:]
	n := 0
	switch t.Phys() {
	case PhysBool:
		n = 1
	case PhysF32:
		n = 4
	case PhysF64:
		n = 8
	case PhysI128:
		n = 16
	case PhysI32, PhysI64:
		_, n = binary.Uvarint(src)
	case PhysTime:
		_, n = binary.Uvarint(src)
		if n > 0 {
			_, m := binary.Uvarint(src[n:])
			n += m
		}
	case PhysString:
		size, w := binary.Uvarint(src)
		if w <= 0 || size > uint64(len(src)-w) {
			return nil, errShortRow
		}
		n = w + int(size)
	case PhysRow:
		return SkipValues(src, t.Args)
	case PhysList:
		size, w := binary.Uvarint(src)
		if w <= 0 || size > uint64(len(src)) {
			return nil, errShortRow
		}
		src = src[w:]
		elems := t.Args
		if t.Kind == Multiset {
			elems = []Type{t.Args[0], Of(Int).NotNull()}
		}
		var err error
		for range size {
			if src, err = SkipValues(src, elems); err != nil {
				return nil, err
			}
		}
		return src, nil
	}
	if n <= 0 || n > len(src) {
		return nil, errShortRow
	}
	return src[n:], nil
}
