package expr

import (
	"fmt"
	"unicode/utf8"

	"github.com/weir-streams/weir/engine/data"
)

// castText converts strings to everything.
func castText(from, to data.Type) (castFn, error) {
	switch to.Kind {
	case data.Char, data.VarChar:
		return fitText(to), nil
	case data.Binary, data.VarBinary:
		return castBinary(to), nil
	case data.Boolean:
		return eachText(func(k *caster, out *data.Vector, i int32, s string) error {
			b, err := data.ParseBool(s)
			out.Bool[i] = b2i(b)
			return err
		}), nil
	case data.TinyInt, data.SmallInt, data.Int, data.BigInt:
		bits := map[data.Kind]int{data.TinyInt: 8, data.SmallInt: 16, data.Int: 32, data.BigInt: 64}[to.Kind]
		return eachText(func(k *caster, out *data.Vector, i int32, s string) error {
			x, err := data.ParseInt(s, bits)
			setInt(out, i, x)
			return err
		}), nil
	case data.Float, data.Double:
		bits := 64
		if to.Kind == data.Float {
			bits = 32
		}
		return eachText(func(k *caster, out *data.Vector, i int32, s string) error {
			f, err := data.ParseFloat(s, bits)
			setFloat(out, i, f)
			return err
		}), nil
	case data.Decimal:
		return eachText(func(k *caster, out *data.Vector, i int32, s string) error {
			x, err := data.CastDecimal(s, to.Precision, to.Scale)
			setDecimal(out, i, x, true)
			return err
		}), nil
	case data.Date:
		return eachText(func(k *caster, out *data.Vector, i int32, s string) error {
			d, err := data.ParseDate(s)
			out.I32[i] = d
			return err
		}), nil
	case data.Time:
		return eachText(func(k *caster, out *data.Vector, i int32, s string) error {
			t, err := data.ParseTime(s)
			ms, _ := data.TruncateNano(int64(t), 0, to.Precision)
			out.I32[i] = int32(ms)
			return err
		}), nil
	case data.Timestamp, data.TimestampLTZ:
		return eachText(func(k *caster, out *data.Vector, i int32, s string) error {
			ms, nano, err := data.ParseTimestamp(s)
			if err == nil && to.Kind == data.TimestampLTZ {
				ms = k.local().Instant(ms)
			}
			setTime(out, i, ms, nano)
			return err
		}), nil
	}
	return nil, fmt.Errorf("a value of type %s cannot be cast to %s", from, to)
}

func eachText(parse func(k *caster, out *data.Vector, i int32, s string) error) castFn {
	return func(k *caster, in, out *data.Vector, rows []int32) error {
		for _, i := range rows {
			if err := parse(k, out, i, in.Str(int(i))); err != nil {
				if err = k.fail(out, i, err); err != nil {
					return err
				}
			}
		}
		return nil
	}
}

// setTime stores a timestamp cut to the precision of its type.
func setTime(out *data.Vector, i int32, ms int64, nano int32) {
	ms, nano = data.TruncateNano(ms, nano, out.Type.Precision)
	out.I64[i] = ms
	if out.Type.Phys() == data.PhysTime {
		out.Nano[i] = nano
	}
}

// cut returns how many bytes of p are its first n code points, and how many
// code points are missing to n.
func cut(p []byte, n int) (size, missing int) {
	if len(p) <= n && isASCII(p) {
		return len(p), n - len(p)
	}
	for size < len(p) && n > 0 {
		_, w := utf8.DecodeRune(p[size:])
		size += w
		n--
	}
	return size, n
}

func isASCII(p []byte) bool {
	for _, c := range p {
		if c >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// fitText cuts strings to the length of a type, and pads CHAR with blanks.
func fitText(to data.Type) castFn {
	return func(k *caster, in, out *data.Vector, rows []int32) error {
		base := out.ShareBuffers(in)
		for _, i := range rows {
			p := in.Bytes(int(i))
			size, missing := cut(p, to.Precision)
			if to.Kind == data.Char && missing > 0 {
				k.text = padded(append(k.text[:0], p[:size]...), missing)
				out.SetBytes(int(i), k.text)
				continue
			}
			out.SetSub(int(i), in, base, int(i), 0, size)
		}
		return nil
	}
}

func padded(p []byte, n int) []byte {
	for range n {
		p = append(p, ' ')
	}
	return p
}

// castToText writes values as text.
func castToText(from, to data.Type) castFn {
	return func(k *caster, in, out *data.Vector, rows []int32) error {
		t := data.NewTexter(k.zone, false)
		for _, i := range rows {
			k.text = t.Append(k.text[:0], in, int(i))
			p := k.text
			if to.Precision < data.MaxLength {
				size, missing := cut(p, to.Precision)
				p = p[:size]
				if to.Kind == data.Char {
					p = padded(p, missing)
					k.text = p
				}
			}
			out.SetBytes(int(i), p)
		}
		return nil
	}
}

// castBinary makes bytes of strings and of bytes: cut to the length, BINARY
// padded with zeros.
func castBinary(to data.Type) castFn {
	return func(k *caster, in, out *data.Vector, rows []int32) error {
		base := out.ShareBuffers(in)
		for _, i := range rows {
			p := in.Bytes(int(i))
			n := min(len(p), to.Precision)
			if to.Kind == data.Binary && n < to.Precision {
				k.text = append(k.text[:0], p...)
				for len(k.text) < to.Precision {
					k.text = append(k.text, 0)
				}
				out.SetBytes(int(i), k.text)
				continue
			}
			out.SetSub(int(i), in, base, int(i), 0, n)
		}
		return nil
	}
}
