package data

import (
	"errors"
	"fmt"
	"math/big"
	"strconv"
	"strings"
)

// What Flink's CAST makes of strings. The errors quote the text; callers name
// the expression.

func badInput(s, why string) error { return fmt.Errorf("for input string %q: %s", s, why) }

const spaces = " \t\n\v\f\r"

// ParseInt reads an integer of the given bits: surrounding blanks are ignored
// and a fraction is cut off.
func ParseInt(text string, bits int) (int64, error) {
	s := strings.Trim(text, spaces)
	if s == "" {
		return 0, badInput(text, "input is empty")
	}
	neg := s[0] == '-'
	if neg || s[0] == '+' {
		if s = s[1:]; s == "" {
			return 0, badInput(text, "input has only positive or negative symbol")
		}
	}
	limit := uint64(1)<<(bits-1) - 1
	if neg {
		limit++
	}
	var x uint64
	i := 0
	for ; i < len(s) && s[i] != '.'; i++ {
		d := s[i] - '0'
		if d > 9 {
			return 0, badInput(text, "invalid character found")
		}
		if x > (limit-uint64(d))/10 {
			return 0, badInput(text, "overflow")
		}
		x = x*10 + uint64(d)
	}
	for i++; i < len(s); i++ {
		if s[i]-'0' > 9 {
			return 0, badInput(text, "invalid character found")
		}
	}
	if neg {
		return -int64(x), nil
	}
	return int64(x), nil
}

// ParseFloat reads a float of 32 or 64 bits as Java does: blanks around, hex
// floats, NaN and Infinity; beyond the range it is infinite.
func ParseFloat(text string, bits int) (float64, error) {
	s := strings.TrimFunc(text, func(r rune) bool { return r <= ' ' })
	if s == "" {
		return 0, badInput(text, "empty string")
	}
	body := strings.TrimLeft(s, "+-")
	if len(s)-len(body) > 1 {
		return 0, badInput(text, "not a number")
	}
	if body != "NaN" && body != "Infinity" {
		hex := strings.HasPrefix(body, "0x") || strings.HasPrefix(body, "0X")
		if n := len(s); n > 1 && strings.IndexByte("fFdD", s[n-1]) >= 0 && (!hex || strings.ContainsAny(body, "pP")) {
			s = s[:n-1]
			body = body[:len(body)-1]
		}
		for i := range len(body) {
			c := body[i]
			ok := c >= '0' && c <= '9' || c == '.' || c == '+' || c == '-' || c == 'e' || c == 'E' ||
				hex && (c == 'x' || c == 'X' || c == 'p' || c == 'P' || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F')
			if !ok {
				return 0, badInput(text, "not a number")
			}
		}
	}
	f, err := strconv.ParseFloat(s, bits)
	if err != nil && !errors.Is(err, strconv.ErrRange) {
		return 0, badInput(text, "not a number")
	}
	return f, nil
}

// ParseBool reads true, t, yes, y, 1 and their opposites in any case.
func ParseBool(text string) (bool, error) {
	switch strings.ToLower(text) {
	case "true", "t", "yes", "y", "1":
		return true, nil
	case "false", "f", "no", "n", "0":
		return false, nil
	}
	return false, fmt.Errorf("cannot parse %q as BOOLEAN", text)
}

// CastDecimal reads a decimal as CAST does.
func CastDecimal(text string, precision, scale int) (Int128, error) {
	if precision > shortDigits || len(text) > shortDigits {
		return ParseDecimal(text, precision, scale)
	}
	x, ok := parseShortDecimal(text, precision, scale)
	if !ok {
		return Int128{}, badInput(text, "overflow")
	}
	return I128(x), nil
}

// shortDigits is how long a text, and how precise a type, are short for Flink,
// which reads them by other rules: one character after the digits that means
// nothing does not matter, nor does a missing number before it, and zeros in
// front count as digits of the number.
const shortDigits = 18

func parseShortDecimal(text string, precision, scale int) (int64, bool) {
	s := strings.TrimLeft(text, spaces)
	neg := strings.HasPrefix(s, "-")
	if neg || strings.HasPrefix(s, "+") {
		s = s[1:]
	}
	if s == "" {
		return 0, false
	}
	var x int64
	digits, point, i := 0, -1, 0
	last := byte(0)
	for i < len(s) {
		last = s[i]
		i++
		if last >= '0' && last <= '9' {
			x = x*10 + int64(last-'0')
			digits++
			continue
		}
		if last != '.' {
			break
		}
		if point >= 0 {
			return 0, false
		}
		point = digits
	}
	if point < 0 {
		point = digits
	}
	exp := point - digits
	if (last == 'e' || last == 'E') && i < len(s) {
		minus := s[i] == '-'
		if minus || s[i] == '+' {
			if i++; i == len(s) {
				return 0, false
			}
		}
		e := 0
		for i < len(s) {
			c := s[i]
			i++
			if c < '0' || c > '9' {
				break
			}
			if e < 40 {
				e = e*10 + int(c-'0')
			}
		}
		if minus {
			e = -e
		}
		exp += e
	}
	if strings.Trim(s[i:], spaces) != "" {
		return 0, false
	}
	if neg {
		x = -x
	}
	change := exp + scale
	if digits+change > precision {
		return 0, false
	}
	for ; change > 0; change-- {
		x *= 10
	}
	if change < 0 {
		if change < -shortDigits {
			return 0, true
		}
		half, unit := int64(5), int64(10)
		for k := change; k < -1; k++ {
			half *= 10
			unit *= 10
		}
		if neg {
			half = -half
		}
		x = (x + half) / unit
	}
	least := int64(1) // that has too many digits
	for range precision {
		least *= 10
	}
	return x, -least < x && x < least
}

// ParseDecimal reads a decimal, with or without exponent, rounding half up to
// the scale. It is an error if it does not fit the precision.
func ParseDecimal(text string, precision, scale int) (Int128, error) {
	s := strings.Trim(text, spaces)
	neg := false
	if s != "" && (s[0] == '-' || s[0] == '+') {
		neg = s[0] == '-'
		s = s[1:]
	}
	var x Int128
	var wide *big.Int
	digits, point, seen := 0, 0, false
	fraction, exp := false, 0
	for i := 0; i < len(s); i++ {
		c := s[i]
		switch {
		case c >= '0' && c <= '9':
			seen = true
			if digits > 0 || c != '0' {
				digits++
			}
			switch {
			case digits > MaxDecimal && wide == nil:
				if len(s) > 4096 {
					return Int128{}, badInput(text[:64]+"…", "overflow")
				}
				wide = x.Big()
				fallthrough
			case wide != nil:
				wide.Mul(wide, big.NewInt(10)).Add(wide, big.NewInt(int64(c-'0')))
			default:
				x, _ = x.Mul(I128(10))
				x = x.Add(I128(int64(c - '0')))
			}
			if fraction {
				point++
			}
		case c == '.' && !fraction:
			fraction = true
		case (c == 'e' || c == 'E') && seen:
			e, err := strconv.Atoi(s[i+1:])
			if err != nil {
				return Int128{}, badInput(text, "overflow")
			}
			exp = min(max(e, -10000), 10000)
			i = len(s)
		default:
			return Int128{}, badInput(text, "overflow")
		}
	}
	if !seen {
		return Int128{}, badInput(text, "overflow")
	}
	from := point - exp
	ok := true
	switch {
	case wide != nil:
		if from-len(s) > scale+1 {
			x = Int128{}
		} else if scale-from > MaxDecimal {
			ok = false
		} else {
			x, ok = fitBig(wide, from, precision, scale)
		}
	default:
		x, ok = RescaleDecimal(x, from, scale, precision)
	}
	if !ok {
		return Int128{}, badInput(text, "overflow")
	}
	if neg {
		x = x.Neg()
	}
	return x, nil
}

// ParseDate reads yyyy[-MM[-dd]] as days; a time after a blank is ignored.
func ParseDate(text string) (int32, error) {
	s := text
	if i := strings.IndexByte(s, ' '); i > 0 {
		s = s[:i]
	}
	part := [3]int{0, 1, 1}
	rest := strings.SplitN(s, "-", 3)
	if strings.HasPrefix(s, "-") {
		return 0, badInput(text, "not a date")
	}
	for i, p := range rest {
		p = strings.Trim(p, spaces)
		n, err := strconv.Atoi(p)
		if err != nil || p[0] == '+' || p[0] == '-' {
			return 0, badInput(text, "not a date")
		}
		part[i] = n
	}
	y, m, d := part[0], part[1], part[2]
	if y < 0 || y > 9999 || m < 1 || m > 12 || d < 1 || d > DaysIn(y, m) {
		return 0, badInput(text, "not a date")
	}
	return int32(Civil{y, m, d}.Days()), nil
}

// ParseTime reads HH[:mm[:ss[.fff]]] as milliseconds of the day.
func ParseTime(text string) (int32, error) {
	bad := fmt.Errorf("invalid time %q, expected HH:mm:ss[.fff] where HH is 00-23, mm is 00-59, ss is 00-59", text)
	s, frac, hasFrac := strings.Cut(strings.Trim(text, spaces), ".")
	parts := strings.Split(s, ":")
	if len(parts) > 3 || hasFrac && len(parts) != 3 {
		return 0, bad
	}
	var v [3]int
	for i, p := range parts {
		p = strings.Trim(p, spaces)
		if len(p) == 0 || len(p) > 2 || !allDigits(p) {
			return 0, bad
		}
		v[i], _ = strconv.Atoi(p)
	}
	if v[0] > 23 || v[1] > 59 || v[2] > 59 {
		return 0, bad
	}
	ms := 0
	if hasFrac {
		if !allDigits(frac) {
			return 0, bad
		}
		ms, _ = strconv.Atoi((frac + "000")[:3])
	}
	return int32((v[0]*3600+v[1]*60+v[2])*1000 + ms), nil
}

func allDigits(s string) bool {
	for i := range len(s) {
		if s[i]-'0' > 9 {
			return false
		}
	}
	return true
}

// ParseTimestamp reads "yyyy-M-d[ H:m:s[.fraction]]" as wall-clock
// milliseconds and nanoseconds of the millisecond. A day the month does not
// have becomes its last; 24:00:00 is the next midnight.
func ParseTimestamp(text string) (millis int64, nano int32, err error) {
	p := tsParser{s: text}
	y := p.number(4, 4)
	p.char('-')
	m := p.number(1, 2)
	p.char('-')
	d := p.number(1, 2)
	p.within(y, 0, 9999)
	p.within(m, 1, 12)
	p.within(d, 1, 31)
	if p.bad {
		return 0, 0, fmt.Errorf("text %q could not be parsed at index %d", text, p.from)
	}
	day := Civil{y, m, min(d, DaysIn(y, m))}.Days()
	end := p.i
	if p.i == len(text) {
		return day * DayMillis, 0, nil
	}
	p.char(' ')
	h := p.number(1, 2)
	p.char(':')
	mi := p.number(1, 2)
	p.char(':')
	sec := p.number(1, 2)
	frac := 0
	if !p.bad && p.i < len(text) && text[p.i] == '.' {
		p.i++
		from := p.i
		for p.i < len(text) && p.i-from < 9 && text[p.i]-'0' <= 9 {
			frac = frac*10 + int(text[p.i]-'0')
			p.i++
		}
		for n := p.i - from; n < 9; n++ {
			frac *= 10
		}
	}
	p.within(h, 0, 24)
	p.within(mi, 0, 59)
	p.within(sec, 0, 59)
	if p.bad {
		return 0, 0, fmt.Errorf("text %q could not be parsed, unparsed text found at index %d", text, end)
	}
	if p.i < len(text) {
		return 0, 0, fmt.Errorf("text %q could not be parsed, unparsed text found at index %d", text, p.i)
	}
	if h == 24 && (mi != 0 || sec != 0 || frac != 0) {
		return 0, 0, fmt.Errorf("text %q could not be parsed: hour 24 of another time than midnight", text)
	}
	return day*DayMillis + int64(h*3600+mi*60+sec)*1000 + int64(frac/1e6), int32(frac % 1e6), nil
}

type tsParser struct {
	s       string
	i, from int
	bad     bool
}

func (p *tsParser) number(least, most int) int {
	if p.bad {
		return 0
	}
	n, from := 0, p.i
	for p.i < len(p.s) && p.i-from < most && p.s[p.i]-'0' <= 9 {
		n = n*10 + int(p.s[p.i]-'0')
		p.i++
	}
	if p.i-from < least {
		p.bad, p.from = true, from
	}
	return n
}

func (p *tsParser) char(c byte) {
	if p.bad {
		return
	}
	if p.i >= len(p.s) || p.s[p.i] != c {
		p.bad, p.from = true, p.i
		return
	}
	p.i++
}

func (p *tsParser) within(x, lo, hi int) {
	if x < lo || x > hi {
		p.bad = true
	}
}

// TruncateNano cuts milliseconds and nanoseconds to a number of fraction digits.
func TruncateNano(millis int64, nano int32, precision int) (int64, int32) {
	switch {
	case precision >= 9:
		return millis, nano
	case precision > 3:
		unit := int32(1)
		for i := precision; i < 9; i++ {
			unit *= 10
		}
		return millis, nano - nano%unit
	case precision == 3:
		return millis, 0
	}
	unit := int64(1)
	for i := precision; i < 3; i++ {
		unit *= 10
	}
	return millis - floorMod(millis, unit), 0
}
