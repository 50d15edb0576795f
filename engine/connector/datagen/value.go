package datagen

import (
	"fmt"
	"math/bits"
	"strconv"
	"time"

	"github.com/weir-streams/weir/engine/data"
)

// below maps a random number to [0, n); n = 0 is all 64 bits.
func below(h, n uint64) uint64 {
	if n == 0 {
		return h
	}
	hi, _ := bits.Mul64(h, n)
	return hi
}

func (g *gen) integer(h uint64) int64 {
	return g.min + int64(below(h, uint64(g.max)-uint64(g.min)+1))
}

func (g *gen) isNull(h uint64) bool {
	return g.nullRate > 0 && float64(mix(h+golden)>>11)*(1.0/(1<<53)) < g.nullRate
}

// value makes the value of row i at a moment (milliseconds).
func (g *gen) value(i int64, now int64) data.Value {
	if g.sequence {
		return g.counted(g.start + i)
	}
	h := mix(g.seed + uint64(i)*golden)
	if g.isNull(h) {
		return data.NullValue()
	}
	switch g.typ.Kind {
	case data.Boolean:
		return data.Value{I: int64(h >> 63)}
	case data.TinyInt, data.SmallInt, data.Int, data.BigInt:
		return data.Value{I: g.integer(h)}
	case data.Decimal:
		return g.decimal(g.integer(h))
	case data.Float, data.Double:
		return data.Value{F: g.float(h)}
	case data.Char, data.VarChar:
		return data.Value{S: string(g.text(nil, h))}
	case data.Binary, data.VarBinary:
		p := make([]byte, g.length1(h))
		for k := range p {
			p[k] = byte(mix(h+uint64(k/8)*golden) >> (k % 8 * 8))
		}
		return data.Value{S: string(p)}
	case data.Date:
		return data.Value{I: data.FloorDiv(now, data.DayMillis)}
	case data.Time:
		ms, _ := data.TruncateNano(data.FloorMod(now, data.DayMillis), 0, g.typ.Precision)
		return data.Value{I: ms}
	case data.Timestamp, data.TimestampLTZ:
		ms, _ := data.TruncateNano(now-int64(below(h, uint64(g.maxPast)+1)), 0, g.typ.Precision)
		return data.Value{I: ms}
	case data.IntervalYearMonth:
		return data.Value{I: int64(below(h, 120000))}
	case data.IntervalDayTime:
		return data.Value{I: int64(below(h, uint64(30*24*time.Hour/time.Millisecond)))}
	case data.Row:
		x := data.Value{Elems: make([]data.Value, len(g.parts))}
		for k, p := range g.parts {
			x.Elems[k] = p.value(i, now)
		}
		return x
	}
	return g.list(i, h, now)
}

// list makes arrays, maps and multisets; keys are not repeated.
func (g *gen) list(i int64, h uint64, now int64) data.Value {
	var x data.Value
	seen := map[string]bool{}
	for k := range g.length1(h) {
		row := int64(mix(uint64(i) + uint64(k)<<40))
		key := g.parts[0].value(row, now)
		if g.typ.Kind == data.Array {
			x.Elems = append(x.Elems, key)
			continue
		}
		if text := fmt.Sprint(key); !seen[text] {
			seen[text] = true
			val := data.Value{I: 1 + int64(k)}
			if g.typ.Kind == data.Map {
				val = g.parts[1].value(row, now)
			}
			x.Elems = append(x.Elems, key, val)
		}
	}
	return x
}

func (g *gen) length1(h uint64) int {
	if !g.varSize {
		return g.size
	}
	return 1 + int(below(mix(h^golden), uint64(g.size)))
}

// text appends hex digits.
func (g *gen) text(dst []byte, h uint64) []byte {
	var x uint64
	for k := range g.length1(h) {
		if k%16 == 0 {
			x = mix(h + uint64(k+1)*golden)
		}
		dst = append(dst, "0123456789abcdef"[x&15])
		x >>= 4
	}
	return dst
}

func (g *gen) float(h uint64) float64 {
	u := float64(h>>11) * (1.0 / (1 << 53))
	return g.low*(1-u) + g.top*u
}

func (g *gen) decimal(unscaled int64) data.Value {
	if g.typ.Precision <= 18 {
		return data.Value{I: unscaled}
	}
	return data.Value{D: data.I128(unscaled)}
}

// counted is a number of a sequence in the column's type.
func (g *gen) counted(x int64) data.Value {
	switch g.typ.Kind {
	case data.Float, data.Double:
		return data.Value{F: float64(x)}
	case data.Decimal:
		d, ok := data.RescaleDecimal(data.I128(x), 0, g.typ.Scale, g.typ.Precision)
		if !ok {
			return data.NullValue()
		}
		if g.typ.Precision <= 18 {
			return data.Value{I: d.Int64()}
		}
		return data.Value{D: d}
	case data.Char, data.VarChar:
		return data.Value{S: strconv.FormatInt(x, 10)}
	}
	return data.Value{I: x}
}

// fill makes a column of the rows listed.
func (g *gen) fill(v *data.Vector, rows []int64, now int64, path []int) {
	plain := len(path) == 0 && g.nullRate == 0 && !g.sequence
	switch {
	case plain && v.Type.Kind == data.BigInt:
		v.Nulls = nil
		for r, i := range rows {
			v.I64[r] = g.integer(mix(g.seed + uint64(i)*golden))
		}
	case plain && v.Type.Kind == data.Int:
		v.Nulls = nil
		for r, i := range rows {
			v.I32[r] = int32(g.integer(mix(g.seed + uint64(i)*golden)))
		}
	case plain && v.Type.Kind == data.VarChar:
		v.Nulls = nil
		var buf []byte
		for r, i := range rows {
			buf = g.text(buf[:0], mix(g.seed+uint64(i)*golden))
			v.SetBytes(r, buf)
		}
	default:
		for r, i := range rows {
			x := g.value(i, now)
			for _, k := range path {
				if x.Null {
					break
				}
				x = x.Elems[k]
			}
			v.SetValueAt(r, x)
		}
	}
}
