package text

import (
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/hex"
	"fmt"
	"math"

	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/function"
)

var hashFunctions = []*function.Scalar{
	hashCodeFunction,
	digest("MD5", 32, func(p []byte) []byte { s := md5.Sum(p); return s[:] }, "900150983cd24fb0d6963f7d28e17f72"),
	digest("SHA1", 40, func(p []byte) []byte { s := sha1.Sum(p); return s[:] }, "a9993e364706816aba3e25717850c26c9cd0d89d"),
	digest("SHA224", 56, func(p []byte) []byte { s := sha256.Sum224(p); return s[:] }, "23097d223405d8228642a477bda255b32aadbce4bda0b3f7e36c9da7"),
	digest("SHA256", 64, func(p []byte) []byte { s := sha256.Sum256(p); return s[:] }, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
	digest("SHA384", 96, func(p []byte) []byte { s := sha512.Sum384(p); return s[:] }, "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed8086072ba1e7cc2358baeca134c825a7"),
	digest("SHA512", 128, func(p []byte) []byte { s := sha512.Sum512(p); return s[:] }, "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f"),
	{
		Name: "SHA2", Category: "hash", Syntax: "SHA2(value, bits)", Strict: true,
		Doc:      "The SHA-2 digest of 224, 256, 384 or 512 bits as hexadecimal text.",
		Examples: []function.Example{{SQL: "SHA2('abc', 224)", Want: "23097d223405d8228642a477bda255b32aadbce4bda0b3f7e36c9da7"}},
		Infer: function.Args(function.IfNull(data.Type{Kind: data.VarChar, Precision: 128}),
			function.TextOrBin, function.Int),
		Eval: func(c *function.Call) error {
			for _, i := range c.Rows() {
				p := c.Args[0].Bytes(int(i))
				switch bits := c.Args[1].I32[i]; bits {
				case 224:
					s := sha256.Sum224(p)
					setHex(c, i, s[:])
				case 256:
					s := sha256.Sum256(p)
					setHex(c, i, s[:])
				case 384:
					s := sha512.Sum384(p)
					setHex(c, i, s[:])
				case 512:
					s := sha512.Sum512(p)
					setHex(c, i, s[:])
				default:
					return fmt.Errorf("unsupported digest of %d bits; 224, 256, 384 and 512 are known", bits)
				}
			}
			return nil
		},
	},
}

func digest(name string, size int, sum func(p []byte) []byte, abc string) *function.Scalar {
	return &function.Scalar{
		Name: name, Category: "hash", Syntax: name + "(value)", Strict: true,
		Doc:      "The " + name + " digest of a string or binary value as hexadecimal text.",
		Examples: []function.Example{{SQL: name + "('abc')", Want: abc}},
		Infer:    function.Args(function.IfNull(data.Type{Kind: data.Char, Precision: size}), function.TextOrBin),
		Eval:     each(func(c *function.Call, i int32, p []byte) { setHex(c, i, sum(p)) }),
	}
}

func setHex(c *function.Call, i int32, sum []byte) {
	buf := hex.AppendEncode(c.Scratch(), sum)
	c.Out.SetBytes(int(i), buf)
	c.Keep(buf)
}

// hashCodeFunction is Java's hashCodeFunction of what Flink has for a value.
var hashCodeFunction = &function.Scalar{
	Name: "HASH_CODE", Category: "hash", Syntax: "HASH_CODE(value)", Strict: true, Total: true,
	Doc:      "A number of 32 bits that is the same for equal values: what hashCodeFunction gives for it in Java.",
	Examples: []function.Example{{SQL: "HASH_CODE('hello')", Want: "99162322"}, {SQL: "HASH_CODE(1.50)", Want: "4652"}},
	Infer: function.Args(function.IfNull(data.Of(data.Int)), function.Param{Want: "a truth value, number, string, date, time or timestamp", Match: func(a function.Arg) (data.Type, bool) {
		switch k := a.Type.Kind; k {
		case data.Boolean, data.Char, data.VarChar, data.Date, data.Time, data.Timestamp, data.TimestampLTZ:
			return a.Type, true
		default:
			return a.Type, k >= data.TinyInt && k <= data.Decimal
		}
	}}),
	Eval: func(c *function.Call) error {
		v := c.Args[0]
		for _, i := range c.Rows() {
			c.Out.I32[i] = hashOf(v, int(i))
		}
		return nil
	},
}

func hashOf(v *data.Vector, i int) int32 {
	switch v.Type.Kind {
	case data.Boolean:
		if v.Bool[i] != 0 {
			return 1231
		}
		return 1237
	case data.BigInt:
		return hashLong(v.I64[i])
	case data.Float:
		f := v.F32[i]
		if f != f {
			return 0x7fc00000
		}
		return int32(math.Float32bits(f))
	case data.Double:
		f := v.F64[i]
		if f != f {
			return 0x7ff80000
		}
		return hashLong(int64(math.Float64bits(f)))
	case data.Decimal:
		x := data.Int128{}
		if v.Type.Phys() == data.PhysI64 {
			x = data.I128(v.I64[i])
		} else {
			x = v.I128[i]
		}
		sign := int32(x.Sign())
		if sign < 0 {
			x = x.Neg()
		}
		h, begun := int32(0), false
		for _, word := range [...]uint32{uint32(uint64(x.Hi) >> 32), uint32(x.Hi), uint32(x.Lo >> 32), uint32(x.Lo)} {
			if begun = begun || word != 0; begun {
				h = 31*h + int32(word)
			}
		}
		return 31*(h*sign) + int32(v.Type.Scale)
	case data.Timestamp:
		ms, nano := v.I64[i], int32(0)
		if v.Type.Phys() == data.PhysTime {
			nano = v.Nano[i]
		}
		return 31*hashLong(ms) + nano
	case data.Char, data.VarChar:
		h := int32(0)
		for _, r := range v.Str(i) {
			if r >= 0x10000 {
				h = 31*h + int32(0xd800+(r-0x10000)>>10)
				r = 0xdc00 + (r-0x10000)&0x3ff
			}
			h = 31*h + r
		}
		return h
	}
	return v.I32[i]
}

func hashLong(x int64) int32 { return int32(x ^ int64(uint64(x)>>32)) }
