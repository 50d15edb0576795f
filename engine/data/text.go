package data

import (
	"encoding/hex"
	"strconv"
	"time"
	"unicode/utf8"
)

// AppendText appends the text of row i of v as CAST AS STRING makes it: NULL
// is the word NULL, timestamps of an instant stand in the zone (nil is UTC).
// Binary values are their bytes as UTF-8; AppendDisplay writes them as x'0aff'.
func AppendText(dst []byte, v *Vector, i int, zone *time.Location) []byte {
	t := texter{zone: zone}
	return t.row(dst, v, i)
}

// AppendDisplay is the text Flink's client prints: AppendText, but x'0aff' for binary.
func AppendDisplay(dst []byte, v *Vector, i int, zone *time.Location) []byte {
	t := texter{zone: zone, display: true}
	return t.row(dst, v, i)
}

// FormatValue is the text of a value, as the client prints it.
func FormatValue(x Value, typ Type, zone *time.Location) string {
	t := texter{zone: zone, display: true}
	return string(t.value(nil, x, typ))
}

// Texter writes many values of one zone; it belongs to one goroutine.
type Texter struct{ t texter }

// NewTexter makes a Texter.
func NewTexter(zone *time.Location, display bool) *Texter {
	return &Texter{texter{zone: zone, display: display}}
}

// Append appends the text of row i of v.
func (t *Texter) Append(dst []byte, v *Vector, i int) []byte { return t.t.row(dst, v, i) }

type texter struct {
	zone    *time.Location
	clock   *Clock
	display bool
}

func (t *texter) local(millis int64) int64 {
	if t.zone == nil || t.zone == time.UTC {
		return millis
	}
	if t.clock == nil {
		t.clock = NewClock(t.zone)
	}
	return t.clock.Local(millis)
}

func (t *texter) row(dst []byte, v *Vector, i int) []byte {
	if v.IsNull(i) || v.Type.Kind == Null {
		return append(dst, "NULL"...)
	}
	typ := v.Type
	switch typ.Phys() {
	case PhysBool:
		return t.scalar(dst, typ, int64(v.Bool[i]), 0)
	case PhysI32:
		return t.scalar(dst, typ, int64(v.I32[i]), 0)
	case PhysI64:
		return t.scalar(dst, typ, v.I64[i], 0)
	case PhysTime:
		return t.scalar(dst, typ, v.I64[i], v.Nano[i])
	case PhysF32:
		return AppendFloat(dst, v.F32[i])
	case PhysF64:
		return AppendDouble(dst, v.F64[i])
	case PhysI128:
		return AppendDecimal(dst, v.I128[i], typ.Scale)
	case PhysString:
		return t.bytes(dst, typ, v.Bytes(i))
	case PhysList:
		return t.list(dst, typ, int(v.Offsets[i+1]-v.Offsets[i]), func(dst []byte, child, k int) []byte {
			return t.row(dst, v.Children[child], int(v.Offsets[i])+k)
		})
	case PhysRow:
		dst = append(dst, '(')
		for k, c := range v.Children {
			if k > 0 {
				dst = append(dst, ", "...)
			}
			dst = fieldName(dst, typ, k)
			dst = t.row(dst, c, i)
		}
		return append(dst, ')')
	}
	return append(dst, "NULL"...)
}

func (t *texter) value(dst []byte, x Value, typ Type) []byte {
	if x.Null || typ.Kind == Null {
		return append(dst, "NULL"...)
	}
	switch typ.Phys() {
	case PhysF32:
		return AppendFloat(dst, float32(x.F))
	case PhysF64:
		return AppendDouble(dst, x.F)
	case PhysI128:
		return AppendDecimal(dst, x.D, typ.Scale)
	case PhysString:
		return t.bytes(dst, typ, []byte(x.S))
	case PhysList:
		per := childCount(typ)
		return t.list(dst, typ, len(x.Elems)/per, func(dst []byte, child, k int) []byte {
			return t.value(dst, x.Elems[k*per+child], childType(typ, child))
		})
	case PhysRow:
		dst = append(dst, '(')
		for k, c := range x.Elems {
			if k > 0 {
				dst = append(dst, ", "...)
			}
			dst = fieldName(dst, typ, k)
			dst = t.value(dst, c, typ.Args[k])
		}
		return append(dst, ')')
	}
	return t.scalar(dst, typ, x.I, x.Nano)
}

// fieldName is written before the fields of structured types.
func fieldName(dst []byte, t Type, k int) []byte {
	if t.Class == "" {
		return dst
	}
	return append(append(dst, t.Names[k]...), '=')
}

func childCount(t Type) int {
	if t.Kind == Array {
		return 1
	}
	return 2
}

func childType(t Type, k int) Type {
	if t.Kind == Multiset && k == 1 {
		return Of(Int).NotNull()
	}
	return t.Args[k]
}

func (t *texter) list(dst []byte, typ Type, n int, elem func(dst []byte, child, k int) []byte) []byte {
	open, end := byte('['), byte(']')
	if typ.Kind != Array {
		open, end = '{', '}'
	}
	dst = append(dst, open)
	for k := range n {
		if k > 0 {
			dst = append(dst, ", "...)
		}
		dst = elem(dst, 0, k)
		if typ.Kind != Array {
			dst = append(dst, '=')
			dst = elem(dst, 1, k)
		}
	}
	return append(dst, end)
}

func (t *texter) bytes(dst []byte, typ Type, p []byte) []byte {
	switch typ.Kind {
	case Binary, VarBinary:
	case Bitmap32:
		return AppendBitmapText(dst, p)
	default:
		return append(dst, p...)
	}
	if t.display {
		dst = append(dst, "x'"...)
		dst = hex.AppendEncode(dst, p)
		return append(dst, '\'')
	}
	return AppendUTF8(dst, p)
}

// AppendUTF8 appends bytes as text, with U+FFFD for what is not UTF-8.
func AppendUTF8(dst, p []byte) []byte {
	for len(p) > 0 {
		r, n := utf8.DecodeRune(p)
		if r == utf8.RuneError && n == 1 {
			dst = append(dst, "\uFFFD"...)
		} else {
			dst = append(dst, p[:n]...)
		}
		p = p[n:]
	}
	return dst
}

func (t *texter) scalar(dst []byte, typ Type, x int64, nano int32) []byte {
	switch typ.Kind {
	case Boolean:
		if x != 0 {
			return append(dst, "TRUE"...)
		}
		return append(dst, "FALSE"...)
	case Decimal:
		return AppendDecimal(dst, I128(x), typ.Scale)
	case Date:
		return AppendDate(dst, x)
	case Time: // a fraction is written without zeros at its end, but for the first
		dst = AppendTime(dst, x, 0, typ.Precision)
		for k := 1; k < typ.Precision && dst[len(dst)-1] == '0'; k++ {
			dst = dst[:len(dst)-1]
		}
		return dst
	case Timestamp:
		return AppendTimestamp(dst, x, nano, typ.Precision)
	case TimestampLTZ:
		return AppendTimestamp(dst, t.local(x), nano, typ.Precision)
	case IntervalYearMonth:
		sign, months := byte('+'), int32(x)
		if months < 0 {
			sign, months = '-', -months
		}
		dst = strconv.AppendInt(append(dst, sign), int64(months/12), 10)
		return zeros(append(dst, '-'), int64(months%12), 2)
	case IntervalDayTime:
		sign := byte('+')
		if x < 0 {
			sign, x = '-', -x
		}
		dst = strconv.AppendInt(append(dst, sign), int64(int32(x/DayMillis)), 10) // Flink counts the days in 32 bits
		dst = append(dst, ' ')
		if x >= 0 {
			return AppendTime(dst, x%DayMillis, 0, 3)
		}
		dst = append(zeros(dst, x%DayMillis/3600000, 2), ':') // of the least BIGINT, which has no absolute value
		dst = append(zeros(dst, x%3600000/60000, 2), ':')
		dst = append(zeros(dst, x%60000/1000, 2), '.')
		return zeros(dst, x%1000, 3)
	}
	return AppendInt128(dst, I128(x))
}

// zeros appends x behind zeros that make its digits n; a minus stands behind
// them, as Flink has it for intervals beyond their range.
func zeros(dst []byte, x int64, n int) []byte {
	for v := x / 10; n > 1; v /= 10 {
		if v == 0 {
			dst = append(dst, '0')
		}
		n--
	}
	return strconv.AppendInt(dst, x, 10)
}

// AppendDate appends days since 1970 as yyyy-MM-dd. Years beyond 9999 lose
// their first digit, and those before the year 0 have the characters below '0'
// as digits, as in Flink.
func AppendDate(dst []byte, days int64) []byte {
	c := CivilOf(days)
	if c.Year < 0 {
		y := c.Year
		dst = append(dst, byte('0'+y/1000%10), byte('0'+y/100%10), byte('0'+y/10%10), byte('0'+y%10))
	} else {
		dst = pad(dst, int64(c.Year), 4)
	}
	dst = append(dst, '-')
	dst = pad(dst, int64(c.Month), 2)
	dst = append(dst, '-')
	return pad(dst, int64(c.Day), 2)
}

// AppendTime appends milliseconds of the day as HH:mm:ss[.fraction].
func AppendTime(dst []byte, millis int64, nano int32, precision int) []byte {
	if millis < 0 || millis > DayMillis { // CEIL makes 24:00:00
		millis = floorMod(millis, DayMillis)
	}
	s := millis / 1000
	dst = pad(dst, s/3600, 2)
	dst = append(dst, ':')
	dst = pad(dst, s/60%60, 2)
	dst = append(dst, ':')
	dst = pad(dst, s%60, 2)
	if precision > 0 {
		frac := millis%1000*1e6 + int64(nano)
		dst = append(dst, '.')
		n := len(dst)
		dst = pad(dst, frac, 9)
		dst = dst[:n+min(precision, 9)]
	}
	return dst
}

// AppendTimestamp appends wall-clock milliseconds as yyyy-MM-dd HH:mm:ss[.fraction].
func AppendTimestamp(dst []byte, millis int64, nano int32, precision int) []byte {
	day := floorDiv(millis, DayMillis)
	dst = AppendDate(dst, day)
	dst = append(dst, ' ')
	return AppendTime(dst, millis-day*DayMillis, nano, precision)
}

// pad appends the last n digits of x.
func pad(dst []byte, x int64, n int) []byte {
	if x < 0 {
		dst = append(dst, '-')
		x = -x
	}
	at := len(dst)
	for range n {
		dst = append(dst, '0')
	}
	for i := n - 1; i >= 0 && x > 0; i-- {
		dst[at+i] = byte('0' + x%10)
		x /= 10
	}
	return dst
}
