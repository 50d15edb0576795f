package format

import (
	"fmt"
	"strings"

	"github.com/weir-streams/weir/engine/data"
)

// Layout is how a timestamp is written in text.
type Layout struct {
	Sep byte // between date and time: ' ' or 'T'
	// Zulu: the text ends in Z, as instants do.
	Zulu bool
	// ShortTime allows a time without seconds.
	ShortTime bool
}

func notATime(p []byte, at int) error {
	return fmt.Errorf("text %q could not be parsed at index %d", string(p), at)
}

func two(p []byte, i int) (int, bool) {
	a, b := p[i]-'0', p[i+1]-'0'
	return int(a)*10 + int(b), a <= 9 && b <= 9
}

// ParseDate reads yyyy-MM-dd as days since 1970-01-01. Lenient dates may have
// one digit for month and day, and days a month does not have go on into the next.
func ParseDate(p []byte, lenient bool) (int32, error) {
	var c data.Civil
	if !lenient {
		var ok bool
		if c, ok = civil(p); !ok || len(p) != 10 || c.Day > data.DaysIn(c.Year, c.Month) {
			return 0, fmt.Errorf("text %q is not a date yyyy-MM-dd", string(p))
		}
		return int32(c.Days()), nil
	}
	if days, ok := civil(p); ok && len(p) == 10 {
		return int32(days.Days()), nil
	}
	parts := strings.Split(strings.TrimSpace(string(p)), "-")
	ok := len(parts) == 3 && len(parts[0]) == 4
	for i, s := range parts {
		ok = ok && len(s) > 0 && (i == 0 || len(s) <= 2)
		n := 0
		for j := range len(s) {
			ok = ok && s[j]-'0' <= 9
			n = n*10 + int(s[j]-'0')
		}
		if ok && i < 3 {
			*[]*int{&c.Year, &c.Month, &c.Day}[i] = n
		}
	}
	if !ok || c.Month < 1 || c.Month > 12 || c.Day < 1 || c.Day > 31 {
		return 0, fmt.Errorf("text %q is not a date yyyy-MM-dd", string(p))
	}
	return int32(c.Days()), nil
}

// civil reads the ten characters of a date; the day is at most 31.
func civil(p []byte) (data.Civil, bool) {
	if len(p) < 10 || p[4] != '-' || p[7] != '-' {
		return data.Civil{}, false
	}
	y1, ok1 := two(p, 0)
	y2, ok2 := two(p, 2)
	m, ok3 := two(p, 5)
	d, ok4 := two(p, 8)
	return data.Civil{Year: y1*100 + y2, Month: m, Day: d},
		ok1 && ok2 && ok3 && ok4 && m-1 < 12 && m > 0 && d-1 < 31 && d > 0
}

// ParseTime reads HH:mm[:ss[.fraction]] as milliseconds of the day, cut to the
// precision. Without short, seconds are needed.
func ParseTime(p []byte, short bool, precision int) (int32, error) {
	ms, nano, n := clock(p, 0, short)
	if n < len(p) || ms >= data.DayMillis {
		return 0, notATime(p, max(n, 0))
	}
	ms, _ = data.TruncateNano(ms, nano, min(precision, 3))
	return int32(ms), nil
}

// clock reads a time of the day from p[i:]: milliseconds, nanoseconds of the
// millisecond, and where it ended (before i: nothing could be read).
func clock(p []byte, i int, short bool) (millis int64, nano int32, end int) {
	if len(p) < i+5 || p[i+2] != ':' {
		return 0, 0, -1
	}
	h, ok1 := two(p, i)
	m, ok2 := two(p, i+3)
	if !ok1 || !ok2 || h > 24 || m > 59 {
		return 0, 0, -1
	}
	ms := int64(h*60+m) * 60000
	if len(p) < i+8 || p[i+5] != ':' {
		if short && h < 24 {
			return ms, 0, i + 5
		}
		return 0, 0, -1
	}
	s, ok := two(p, i+6)
	if !ok || s > 59 {
		return 0, 0, -1
	}
	ms += int64(s) * 1000
	i += 8
	frac := 0
	if i < len(p) && p[i] == '.' {
		i++
		from := i
		for i < len(p) && i-from < 9 && p[i]-'0' <= 9 {
			frac = frac*10 + int(p[i]-'0')
			i++
		}
		for n := i - from; n < 9; n++ {
			frac *= 10
		}
	}
	if h == 24 && (ms != data.DayMillis || frac != 0) {
		return 0, 0, -1
	}
	return ms + int64(frac/1e6), int32(frac % 1e6), i
}

// Parse reads a timestamp as milliseconds since 1970 and nanoseconds of the
// millisecond, cut to the precision. A day beyond the month's end is its last.
func (l Layout) Parse(p []byte, precision int) (int64, int32, error) {
	c, ok := civil(p)
	if !ok {
		return 0, 0, notATime(p, 0)
	}
	if len(p) < 11 || p[10] != l.Sep {
		return 0, 0, notATime(p, 10)
	}
	ms, nano, end := clock(p, 11, l.ShortTime)
	if end < 0 {
		return 0, 0, notATime(p, 11)
	}
	if l.Zulu {
		if end >= len(p) || p[end] != 'Z' {
			return 0, 0, notATime(p, end)
		}
		end++
	}
	if end != len(p) {
		return 0, 0, notATime(p, end)
	}
	c.Day = min(c.Day, data.DaysIn(c.Year, c.Month))
	ms += c.Days() * data.DayMillis
	ms, nano = data.TruncateNano(ms, nano, precision)
	return ms, nano, nil
}

// Append writes a timestamp with as many fraction digits as it needs.
func (l Layout) Append(dst []byte, millis int64, nano int32) []byte {
	day := data.FloorDiv(millis, data.DayMillis)
	c := data.CivilOf(day)
	if c.Year < 0 || c.Year > 9999 {
		dst = data.AppendDate(dst, day)
	} else {
		dst = pair(pair(dst, c.Year/100), c.Year%100)
		dst = pair(append(dst, '-'), c.Month)
		dst = pair(append(dst, '-'), c.Day)
	}
	dst = append(dst, l.Sep)
	dst = AppendTime(dst, millis-day*data.DayMillis, nano)
	if l.Zulu {
		dst = append(dst, 'Z')
	}
	return dst
}

// AppendTime writes milliseconds of the day as HH:mm:ss with as many fraction
// digits as it needs.
func AppendTime(dst []byte, millis int64, nano int32) []byte {
	sec := int(millis / 1000)
	dst = pair(dst, sec/3600)
	dst = pair(append(dst, ':'), sec/60%60)
	dst = pair(append(dst, ':'), sec%60)
	return appendFraction(dst, int(millis%1000)*1e6+int(nano))
}

// appendFraction writes a point and as many digits of nanoseconds as are needed.
func appendFraction(dst []byte, frac int) []byte {
	if frac == 0 {
		return dst
	}
	dst = append(dst, '.')
	for unit := int(1e8); frac > 0; unit /= 10 {
		dst = append(dst, byte('0'+frac/unit))
		frac %= unit
	}
	return dst
}

// pair appends two digits.
func pair(dst []byte, x int) []byte { return append(dst, byte('0'+x/10), byte('0'+x%10)) }

// AppendNumber writes a decimal as Java's BigDecimal prints it without its
// trailing zeros: 1.5, 0, 1E+2, 1E-18. Plain avoids the exponent: 100.
func AppendNumber(dst []byte, x data.Int128, scale int, plain bool) []byte {
	var buf [48]byte
	digits := data.AppendInt128(buf[:0], x.Abs())
	for len(digits) > 1 && digits[len(digits)-1] == '0' {
		digits = digits[:len(digits)-1]
		scale--
	}
	if x.Sign() == 0 {
		return append(dst, '0')
	}
	if x.Sign() < 0 {
		dst = append(dst, '-')
	}
	exp := len(digits) - 1 - scale // of the first digit
	switch {
	case !plain && (scale < 0 || exp < -6):
		dst = append(dst, digits[0])
		if len(digits) > 1 {
			dst = append(append(dst, '.'), digits[1:]...)
		}
		dst = append(dst, 'E')
		if exp > 0 {
			dst = append(dst, '+')
		}
		return data.AppendInt128(dst, data.I128(int64(exp)))
	case scale <= 0:
		dst = append(dst, digits...)
		for ; scale < 0; scale++ {
			dst = append(dst, '0')
		}
		return dst
	case len(digits) > scale:
		dst = append(dst, digits[:len(digits)-scale]...)
		dst = append(dst, '.')
		return append(dst, digits[len(digits)-scale:]...)
	}
	dst = append(dst, '0', '.')
	for range scale - len(digits) {
		dst = append(dst, '0')
	}
	return append(dst, digits...)
}
