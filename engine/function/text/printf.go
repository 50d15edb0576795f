package text

import (
	"errors"
	"fmt"
	"math"
	"math/big"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/function"
)

// printf is java.util.Formatter over the values as Flink keeps them: DATE and
// TIME are integers there, and DECIMAL is no number to the formatter. What is
// wrong in a format makes the result NULL.
func printf(c *function.Call) error {
	for _, i := range c.Rows() {
		if c.Args[0].IsNull(int(i)) {
			c.SetNull(i)
			continue
		}
		text, err := format(c, i)
		if err != nil {
			c.SetNull(i)
			continue
		}
		c.Out.SetString(int(i), text)
	}
	return nil
}

var errFormat = errors.New("no such format")

// directive is one % of a format.
type directive struct {
	arg              int // 1 and up; 0 the next, -1 the one before, -2 none
	flags            string
	width, precision int // -1: none
	verb             byte
	upper, date      bool
}

func (d *directive) has(flag byte) bool { return strings.IndexByte(d.flags, flag) >= 0 }

func (d *directive) any(flags string) bool { return strings.ContainsAny(d.flags, flags) }

// format writes one row. All of the format is looked at before anything is written.
func format(c *function.Call, i int32) (string, error) {
	f := c.Args[0].Str(int(i))
	var list []directive
	var fixed []string // before each directive, and after the last
	for {
		k := strings.IndexByte(f, '%')
		if k < 0 {
			fixed = append(fixed, f)
			break
		}
		fixed = append(fixed, f[:k])
		d, n, err := parseDirective(f[k+1:])
		if err != nil {
			return "", err
		}
		list = append(list, d)
		f = f[k+1+n:]
	}
	var b strings.Builder
	last, next := 0, 0
	for k := range list {
		b.WriteString(fixed[k])
		d := &list[k]
		switch d.arg {
		case -1, -2:
		case 0:
			next++
			last = next
		default:
			last = d.arg
		}
		var v *data.Vector
		if d.arg != -2 {
			if last < 1 || last >= len(c.Args) {
				return "", errFormat
			}
			v = c.Args[last]
		}
		text, err := d.text(v, int(i))
		if err != nil {
			return "", err
		}
		b.WriteString(text)
		if b.Len() > maxText {
			return "", errFormat
		}
	}
	b.WriteString(fixed[len(list)])
	return b.String(), nil
}

// parseDirective reads what stands after a %, and checks that flags, width and
// precision go with the conversion.
func parseDirective(s string) (d directive, n int, err error) {
	d.width, d.precision = -1, -1
	number := func(from int) (value, end int, ok bool) {
		end = from
		for end < len(s) && s[end] >= '0' && s[end] <= '9' {
			end++
		}
		v, err := strconv.ParseInt(s[from:end], 10, 32)
		return int(v), end, err == nil && v <= maxText
	}
	if v, end, ok := number(0); end > 0 && end < len(s) && s[end] == '$' {
		if !ok || v == 0 {
			return d, 0, errFormat
		}
		d.arg, n = v, end+1
	}
	from := n
	for n < len(s) && strings.IndexByte("-#+ 0,(<", s[n]) >= 0 {
		if strings.IndexByte(s[from:n], s[n]) >= 0 {
			return d, 0, errFormat
		}
		n++
	}
	d.flags = s[from:n]
	if d.has('<') {
		d.arg = -1
	}
	ok := true
	if n < len(s) && s[n] >= '1' && s[n] <= '9' {
		if d.width, n, ok = number(n); !ok {
			return d, 0, errFormat
		}
	}
	if n < len(s) && s[n] == '.' {
		if d.precision, n, ok = number(n + 1); !ok {
			return d, 0, errFormat
		}
	}
	if n < len(s) && (s[n] == 't' || s[n] == 'T') {
		d.date, d.upper = true, s[n] == 'T'
		n++
	}
	if n == len(s) {
		return d, 0, errFormat
	}
	d.verb = s[n]
	if d.date {
		if strings.IndexByte("HIklMNLQpsSTzZaAbBCdehjmyYrRcDF", d.verb) < 0 {
			return d, 0, errFormat
		}
	} else {
		if strings.IndexByte("bBhHsScCdoxXeEgGfaAn%", d.verb) < 0 {
			return d, 0, errFormat
		}
		if d.verb >= 'A' && d.verb <= 'Z' {
			d.upper = true
			d.verb += 'a' - 'A'
		}
		if d.verb == 'n' || d.verb == '%' {
			d.arg = -2
		}
	}
	if !d.allowed() {
		return d, 0, errFormat
	}
	return d, n + 1, nil
}

func (d *directive) allowed() bool {
	if d.has('-') && d.width < 0 {
		return false
	}
	if d.date {
		return d.precision < 0 && !d.any("#+ 0,(")
	}
	switch d.verb {
	case 'b', 'h':
		return !d.any("#+ 0,(")
	case 's':
		return !d.any("+ 0,(")
	case 'c':
		return d.precision < 0 && !d.any("#+ 0,(")
	case '%':
		return d.precision < 0 && (d.flags == "" || d.flags == "-")
	case 'n':
		return d.precision < 0 && d.width < 0 && d.flags == ""
	}
	if d.has('0') && d.width < 0 || d.has('+') && d.has(' ') || d.has('-') && d.has('0') {
		return false
	}
	switch d.verb {
	case 'd':
		return d.precision < 0 && !d.has('#')
	case 'o', 'x':
		return d.precision < 0 && !d.has(',')
	case 'a':
		return !d.any("(,")
	case 'e':
		return !d.has(',')
	case 'g':
		return !d.has('#')
	}
	return true
}

// text writes a value; v is nil for %% and %n.
func (d *directive) text(v *data.Vector, i int) (string, error) {
	switch d.verb {
	case '%':
		return d.justified("%"), nil
	case 'n':
		if !d.date {
			return "\n", nil
		}
	}
	if v.IsNull(i) {
		switch {
		case d.date:
			return d.cut("null", -1), nil
		case d.verb == 'b':
			return d.cut("false", d.precision), nil
		case d.verb == 's' && d.has('#'):
			return "", errFormat
		}
		return d.cut("null", d.precision), nil
	}
	kind := v.Type.Kind
	x := v.ValueAt(i)
	if d.date {
		if kind != data.BigInt && kind != data.IntervalDayTime {
			return "", errFormat
		}
		return d.cut(dateText(d.verb, time.UnixMilli(x.I).UTC()), -1), nil
	}
	switch d.verb {
	case 'b':
		return d.cut(strconv.FormatBool(kind != data.Boolean || x.I != 0), d.precision), nil
	case 's':
		if d.has('#') {
			return "", errFormat
		}
		return d.cut(javaText(v, i, x), d.precision), nil
	case 'h':
		return d.cut(strconv.FormatUint(uint64(hashCode(v, i, x)), 16), d.precision), nil
	case 'c':
		if width(v.Type) == 0 || width(v.Type) == 64 || x.I < 0 || x.I > utf8.MaxRune {
			return "", errFormat
		}
		r := string(rune(x.I))
		if x.I >= 0xD800 && x.I < 0xE000 {
			r = "?"
		}
		return d.cut(r, -1), nil
	case 'd', 'o', 'x':
		if width(v.Type) == 0 {
			return "", errFormat
		}
		return d.integer(x.I, width(v.Type))
	}
	if kind != data.Double && kind != data.Float {
		return "", errFormat
	}
	return d.float(x.F), nil
}

// width is how many bits Java's integer of a type has, 0 for others.
func width(t data.Type) int {
	switch t.Kind {
	case data.TinyInt:
		return 8
	case data.SmallInt:
		return 16
	case data.Int, data.Date, data.Time, data.IntervalYearMonth:
		return 32
	case data.BigInt, data.IntervalDayTime:
		return 64
	}
	return 0
}

// cut is the text up to the precision, in the width.
func (d *directive) cut(s string, precision int) string {
	if precision >= 0 && precision < units([]byte(s)) {
		s = string(appendUnits(nil, []byte(s), precision))
	}
	if d.upper {
		s = strings.ReplaceAll(strings.ToUpper(s), "ß", "SS")
	}
	return d.justified(s)
}

func (d *directive) justified(s string) string {
	missing := d.width - units([]byte(s))
	switch {
	case d.width < 0 || missing <= 0:
		return s
	case d.has('-'):
		return s + strings.Repeat(" ", missing)
	}
	return strings.Repeat(" ", missing) + s
}

func (d *directive) integer(x int64, bits int) (string, error) {
	if d.verb == 'd' {
		digits := strconv.FormatInt(x, 10)
		if x < 0 {
			digits = digits[1:]
		}
		return d.justified(d.signed(d.number(digits, x < 0, d.width), x < 0)), nil
	}
	if d.any("( +") {
		return "", errFormat
	}
	u := uint64(x)
	if bits < 64 {
		u &= 1<<bits - 1
	}
	prefix, digits := "0", strconv.FormatUint(u, 8)
	if d.verb == 'x' {
		prefix, digits = "0x", strconv.FormatUint(u, 16)
	}
	if !d.has('#') {
		prefix = ""
	}
	if missing := d.width - len(prefix) - len(digits); d.has('0') && missing > 0 {
		digits = strings.Repeat("0", missing) + digits
	}
	if d.upper {
		return d.justified(strings.ToUpper(prefix + digits)), nil
	}
	return d.justified(prefix + digits), nil
}

// number groups digits and fills them with zeros so that they and their sign
// have the width.
func (d *directive) number(digits string, negative bool, width int) string {
	if d.has(',') {
		whole, fraction, dot := strings.Cut(digits, ".")
		var b strings.Builder
		for k := range len(whole) {
			if k > 0 && (len(whole)-k)%3 == 0 {
				b.WriteByte(',')
			}
			b.WriteByte(whole[k])
		}
		if dot {
			b.WriteString("." + fraction)
		}
		digits = b.String()
	}
	if width < 0 || !d.has('0') {
		return digits
	}
	if negative || d.any("+ ") {
		width--
	}
	if negative && d.has('(') {
		width--
	}
	if missing := width - len(digits); missing > 0 {
		digits = strings.Repeat("0", missing) + digits
	}
	return digits
}

func (d *directive) signed(digits string, negative bool) string {
	switch {
	case negative && d.has('('):
		return "(" + digits + ")"
	case negative:
		return "-" + digits
	case d.has('+'):
		return "+" + digits
	case d.has(' '):
		return " " + digits
	}
	return digits
}

func (d *directive) float(f float64) string {
	if math.IsNaN(f) {
		return d.cut("NaN", -1)
	}
	negative := math.Signbit(f)
	f = math.Abs(f)
	if math.IsInf(f, 0) {
		return d.cut(d.signed("Infinity", negative), -1)
	}
	precision := d.precision
	if precision < 0 {
		precision = 6
	}
	var digits, exponent string
	switch d.verb {
	case 'a':
		digits = d.hex(f, negative)
	case 'f':
		digits = rounded(f).fixed(precision)
	case 'e':
		digits, exponent = rounded(f).scientific(precision)
	case 'g':
		precision = max(precision, 1)
		n := rounded(f)
		if r := n.round(precision); f == 0 {
			digits = n.fixed(precision - 1)
		} else if r.point-1 < -4 || r.point-1 >= precision {
			digits, exponent = n.scientific(precision - 1)
		} else {
			digits = n.fixed(max(precision-r.point, 0))
		}
	}
	if d.has('#') && precision == 0 {
		digits += "."
	}
	width := d.width
	if exponent != "" && width >= 0 {
		width -= len(exponent) + 1
	}
	if d.verb != 'a' {
		digits = d.number(digits, negative, width)
	}
	if exponent != "" {
		digits += "e" + exponent
	}
	s := d.signed(digits, negative)
	if d.upper {
		s = strings.ToUpper(s)
	}
	return d.justified(s)
}

// hex is Double.toHexString, rounded to a number of digits.
func (d *directive) hex(f float64, negative bool) string {
	precision := d.precision
	if precision == 0 {
		precision = 1
	}
	if precision >= 13 || f == 0 {
		precision = -1
	}
	s := strconv.FormatFloat(f, 'x', precision, 64)
	mantissa, exponent, _ := strings.Cut(s[2:], "p")
	sign := strings.TrimLeft(exponent[:1], "+")
	exponent = strings.TrimLeft(exponent[1:], "0")
	if exponent == "" {
		sign, exponent = "", "0"
	}
	if !strings.Contains(mantissa, ".") {
		mantissa += ".0"
	}
	if missing := d.precision - (len(mantissa) - 2); missing > 0 {
		mantissa += strings.Repeat("0", missing)
	}
	zeros := ""
	if d.has('0') {
		room := d.width - len(mantissa) - len(sign) - len(exponent) - 3
		if negative || d.any("+ ") {
			room--
		}
		zeros = strings.Repeat("0", max(room, 0))
	}
	return "0x" + zeros + mantissa + "p" + sign + exponent
}

// decimal is a number as the digits that Double.toString gives, which Java
// rounds, half up: 0.digits × 10^point.
type decimal struct {
	digits string
	point  int
}

func rounded(f float64) decimal {
	if f == 0 {
		return decimal{digits: "0", point: 1}
	}
	s := string(data.AppendDouble(nil, f))
	mantissa, exponent, _ := strings.Cut(s, "E")
	e, _ := strconv.Atoi(exponent)
	whole, fraction, _ := strings.Cut(mantissa, ".")
	digits := strings.TrimLeft(whole+fraction, "0")
	point := len(whole) + e - (len(whole+fraction) - len(digits))
	return decimal{strings.TrimRight(digits, "0"), point}
}

// round keeps n digits.
func (x decimal) round(n int) decimal {
	if n >= len(x.digits) {
		return x
	}
	if n < 0 || n == 0 && x.digits[0] < '5' {
		return decimal{digits: "0", point: 1}
	}
	up := x.digits[n] >= '5'
	kept := []byte(x.digits[:n])
	for k := n - 1; up && k >= 0; k-- {
		if kept[k]++; kept[k] <= '9' {
			up = false
		} else {
			kept[k] = '0'
		}
	}
	if up {
		return decimal{digits: "1" + string(kept), point: x.point + 1}
	}
	return decimal{digits: string(kept), point: x.point}
}

// fixed writes the number with so many digits after the point.
func (x decimal) fixed(precision int) string {
	if x.digits != "0" {
		x = x.round(x.point + precision)
	}
	whole, fraction := "0", ""
	switch {
	case x.digits == "0":
	case x.point <= 0:
		fraction = strings.Repeat("0", -x.point) + x.digits
	case x.point >= len(x.digits):
		whole = x.digits + strings.Repeat("0", x.point-len(x.digits))
	default:
		whole, fraction = x.digits[:x.point], x.digits[x.point:]
	}
	if precision == 0 {
		return whole
	}
	if missing := precision - len(fraction); missing > 0 {
		fraction += strings.Repeat("0", missing)
	}
	return whole + "." + fraction[:precision]
}

// scientific writes the number with one digit before the point, and its exponent.
func (x decimal) scientific(precision int) (mantissa, exponent string) {
	e := 0
	if x.digits != "0" {
		x = x.round(precision + 1)
		e = x.point - 1
	}
	x.point = 1
	return x.fixed(precision), fmt.Sprintf("%+03d", e)
}

func dateText(verb byte, t time.Time) string {
	layouts := map[byte]string{
		'H': "15", 'I': "03", 'l': "3", 'M': "04", 'p': "pm", 'S': "05", 'z': "-0700", 'Z': "MST", 'a': "Mon", 'A': "Monday",
		'b': "Jan", 'B': "January", 'h': "Jan", 'd': "02", 'e': "2", 'm': "01", 'y': "06", 'Y': "2006", 'r': "03:04:05 PM", 'R': "15:04",
		'T': "15:04:05", 'c': "Mon Jan 02 15:04:05 MST 2006", 'D': "01/02/06", 'F': "2006-01-02",
	}
	switch verb {
	case 'k':
		return strconv.Itoa(t.Hour())
	case 'L':
		return fmt.Sprintf("%03d", t.Nanosecond()/1e6)
	case 'N':
		return fmt.Sprintf("%09d", t.Nanosecond())
	case 'Q':
		return strconv.FormatInt(t.UnixMilli(), 10)
	case 's':
		return strconv.FormatInt(t.UnixMilli()/1000, 10)
	case 'j':
		return fmt.Sprintf("%03d", t.YearDay())
	case 'C':
		return fmt.Sprintf("%02d", t.Year()/100)
	}
	return t.Format(layouts[verb])
}

// javaText is what Object.toString gives for a value as Flink keeps it.
func javaText(v *data.Vector, i int, x data.Value) string {
	switch v.Type.Kind {
	case data.Boolean:
		return strconv.FormatBool(x.I != 0)
	case data.Date, data.Time, data.IntervalYearMonth, data.IntervalDayTime:
		return strconv.FormatInt(x.I, 10)
	case data.Timestamp, data.TimestampLTZ:
		t := time.UnixMilli(x.I).UTC()
		nanos := t.Nanosecond() + int(x.Nano)
		text := t.Format("2006-01-02T15:04")
		if nanos == 0 && t.Second() == 0 {
			return text
		}
		text += fmt.Sprintf(":%02d", t.Second())
		switch {
		case nanos == 0:
		case nanos%1e6 == 0:
			text += fmt.Sprintf(".%03d", nanos/1e6)
		case nanos%1e3 == 0:
			text += fmt.Sprintf(".%06d", nanos/1e3)
		default:
			text += fmt.Sprintf(".%09d", nanos)
		}
		return text
	}
	return string(data.AppendText(nil, v, i, nil))
}

// hashCode is Object.hashCode of a value as Flink keeps it; of collections, of
// which Flink hashes its own layout, that of their text.
func hashCode(v *data.Vector, i int, x data.Value) uint32 {
	fold := func(u uint64) uint32 { return uint32(u) ^ uint32(u>>32) }
	switch v.Type.Kind {
	case data.Boolean:
		if x.I != 0 {
			return 1231
		}
		return 1237
	case data.TinyInt, data.SmallInt, data.Int, data.Date, data.Time, data.IntervalYearMonth:
		return uint32(x.I)
	case data.BigInt, data.IntervalDayTime:
		return fold(uint64(x.I))
	case data.Float:
		if x.F != x.F {
			return 0x7fc00000
		}
		return math.Float32bits(float32(x.F))
	case data.Double:
		if x.F != x.F {
			return fold(0x7ff8000000000000)
		}
		return fold(math.Float64bits(x.F))
	case data.Timestamp, data.TimestampLTZ:
		return 31*(uint32(x.I)^uint32(x.I>>32)) + uint32(x.Nano)
	case data.Decimal:
		n, _ := new(big.Int).SetString(strings.ReplaceAll(string(data.AppendText(nil, v, i, nil)), ".", ""), 10)
		h := uint32(0)
		magnitude := n.Bytes()
		for len(magnitude)%4 != 0 {
			magnitude = append([]byte{0}, magnitude...)
		}
		for ; len(magnitude) > 0; magnitude = magnitude[4:] {
			h = 31*h + uint32(magnitude[0])<<24 + uint32(magnitude[1])<<16 + uint32(magnitude[2])<<8 + uint32(magnitude[3])
		}
		if n.Sign() < 0 {
			h = -h
		}
		return 31*h + uint32(v.Type.Scale)
	case data.Char, data.VarChar:
		return data.HashText(v.Bytes(i))
	}
	return data.HashText(data.AppendText(nil, v, i, nil))
}
