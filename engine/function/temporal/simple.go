package temporal

import (
	"fmt"
	"strings"
	"sync"

	"github.com/weir-streams/weir/engine/data"
)

// simple is a pattern of java.text.SimpleDateFormat. It reads leniently: what
// follows the pattern does not matter, nor do blanks before a field, and the 30th
// of February is the 1st of March.
type simple struct {
	parts []part0
	named bool // it writes the name of the zone
}

var simples struct {
	sync.Mutex
	known map[string]*simple
}

// compileSimple prepares a pattern, or finds it prepared.
func compileSimple(text string) (*simple, error) {
	simples.Lock()
	defer simples.Unlock()
	if p := simples.known[text]; p != nil {
		return p, nil
	}
	text = strings.Clone(text)
	p, err := parseSimple(text)
	if err != nil {
		return nil, err
	}
	if simples.known == nil || len(simples.known) >= maxPatterns {
		simples.known = map[string]*simple{}
	}
	simples.known[text] = p
	return p, nil
}

func parseSimple(text string) (*simple, error) {
	p := &simple{}
	lit := func(s string) {
		if k := len(p.parts) - 1; k >= 0 && p.parts[k].letter == 0 {
			p.parts[k].text += s
			return
		}
		p.parts = append(p.parts, part0{text: s})
	}
	quoted := false
	for i := 0; i < len(text); {
		b := text[i]
		switch {
		case b == '\'' && i+1 < len(text) && text[i+1] == '\'':
			lit("'")
			i += 2
		case b == '\'':
			quoted = !quoted
			i++
		case quoted || (b|0x20) < 'a' || (b|0x20) > 'z':
			lit(text[i : i+1])
			i++
		default:
			j := i
			for j < len(text) && text[j] == b {
				j++
			}
			if strings.IndexByte("GyYMLwWDdFEuaHkKhmsSzZX", b) < 0 {
				return nil, fmt.Errorf("Illegal pattern character '%c'", b) //lint:ignore ST1005 the words of Java
			}
			if b == 'X' && j-i > 3 {
				return nil, fmt.Errorf("invalid ISO 8601 format: length=%d", j-i)
			}
			p.parts = append(p.parts, part0{letter: b, count: j - i})
			p.named = p.named || b == 'z'
			i = j
		}
	}
	if quoted {
		return nil, fmt.Errorf("Unterminated quote") //lint:ignore ST1005 the words of Java
	}
	return p, nil
}

// append writes a time.
func (p *simple) append(dst []byte, t moment) []byte {
	day := data.FloorDiv(t.ms, data.DayMillis)
	d := data.CivilOf(day)
	ofDay := t.ms - day*data.DayMillis
	hour := ofDay / 3600000
	dow := data.FloorMod(day+4, 7) // 0 is Sunday
	for _, f := range p.parts {
		switch f.letter {
		case 0:
			dst = append(dst, f.text...)
		case 'G':
			if d.Year <= 0 {
				dst = append(dst, "BC"...)
			} else {
				dst = append(dst, "AD"...)
			}
		case 'y', 'Y':
			y := int64(d.Year)
			if f.letter == 'Y' {
				y, _ = sundayWeek(day)
			}
			if y <= 0 {
				y = 1 - y
			}
			if f.count == 2 {
				y %= 100
			}
			dst = digits(dst, y, f.count)
		case 'M', 'L':
			dst = name(dst, int64(d.Month), min(f.count, 4), monthNames[d.Month-1])
		case 'w':
			_, w := sundayWeek(day)
			dst = digits(dst, w, f.count)
		case 'W':
			dst = digits(dst, weekOfMonth(int64(d.Day), dow), f.count)
		case 'D':
			dst = digits(dst, int64(d.DayOfYear()), f.count)
		case 'd':
			dst = digits(dst, int64(d.Day), f.count)
		case 'F':
			dst = digits(dst, int64(d.Day-1)/7+1, f.count)
		case 'E':
			dst = name(dst, 0, min(max(f.count, 3), 4), dayNames[dow])
		case 'u':
			dst = digits(dst, (dow+6)%7+1, f.count)
		case 'a':
			dst = append(dst, [...]string{"AM", "PM"}[hour/12]...)
		case 'H':
			dst = digits(dst, hour, f.count)
		case 'k':
			dst = digits(dst, (hour+23)%24+1, f.count)
		case 'K':
			dst = digits(dst, hour%12, f.count)
		case 'h':
			dst = digits(dst, (hour+11)%12+1, f.count)
		case 'm':
			dst = digits(dst, ofDay/60000%60, f.count)
		case 's':
			dst = digits(dst, ofDay/1000%60, f.count)
		case 'S':
			dst = digits(dst, ofDay%1000, f.count)
		default:
			dst = appendZone(dst, f, t)
		}
	}
	return dst
}

// weekOfMonth counts weeks from Sunday on, the first being that of the 1st.
func weekOfMonth(day, dow int64) int64 { return (day-1+data.FloorMod(dow-day+1, 7))/7 + 1 }

// parse reads a text; now is what two digits of a year are near to.
func (p *simple) parse(s string, now int64) (parsed, bool) {
	var out parsed
	pos := 0
	year, month, day, doy := int64(1970), int64(1), int64(1), int64(0)
	var hour, minute, second, millis int64
	half, pm, bc, byDay := false, false, false, false
	for k, f := range p.parts {
		if f.letter == 0 {
			if !strings.HasPrefix(s[pos:], f.text) {
				return out, false
			}
			pos += len(f.text)
			continue
		}
		for pos < len(s) && (s[pos] == ' ' || s[pos] == '\t') {
			pos++
		}
		if pos >= len(s) {
			return out, false
		}
		var n int64
		ok := true
		from := pos
		number := func() {
			most := 18
			if k+1 < len(p.parts) && p.parts[k+1].letter != 0 { // the next field follows at once
				if most = f.count; pos+f.count > len(s) {
					ok = false
					return
				}
			}
			n, pos, ok = signed(s, pos, most)
		}
		switch f.letter {
		case 'y', 'Y':
			number()
			if f.count <= 2 && pos-from == 2 && s[from] != '-' {
				start := max(int64(data.CivilOf(data.FloorDiv(now, data.DayMillis)).Year)-80, 1946) // in a plan it is not known when now is
				n += start / 100 * 100
				if n < start {
					n += 100
				}
			}
			year = n
		case 'M', 'L':
			if byDay = false; f.count <= 2 {
				number()
				month = n
				break
			}
			month, pos, ok = oneOfNames(s, pos, monthNames[:])
			month++
		case 'd':
			number()
			day, byDay = n, false
		case 'D':
			number()
			doy, byDay = n, true
		case 'H':
			number()
			hour, half = n, false
		case 'k':
			number()
			if hour, half = n, false; n == 24 {
				hour = 0
			}
		case 'h', 'K':
			number()
			if hour, half = n, true; f.letter == 'h' && n == 12 {
				hour = 0
			}
		case 'm':
			number()
			minute = n
		case 's':
			number()
			second = n
		case 'S':
			number()
			millis = n
		case 'w', 'W', 'F', 'u':
			number()
		case 'a':
			head := strings.ToUpper(s[pos:min(pos+2, len(s))])
			pm, ok = head == "PM", head == "AM" || head == "PM"
			pos += 2
		case 'G':
			head := strings.ToUpper(s[pos:min(pos+2, len(s))])
			bc, ok = head == "BC", head == "AD" || head == "BC"
			pos += 2
		case 'E':
			_, pos, ok = oneOfNames(s, pos, dayNames[:])
		default: // zones
			out.zoned = true
			if z := strings.ToUpper(s[pos:min(pos+3, len(s))]); f.letter != 'X' && (z == "UTC" || z == "GMT") {
				pos += 3
				if pos < len(s) && (s[pos] == '+' || s[pos] == '-') {
					out.offset, pos, ok = parseOffset(s, pos)
				}
				break
			}
			out.offset, pos, ok = parseOffset(s, pos)
			if ok = ok && (f.letter == 'X' || s[from] != 'Z'); !ok {
				return out, false
			}
		}
		if !ok {
			return out, false
		}
	}
	if pos == 0 {
		return out, false
	}
	if bc {
		year = 1 - year
	}
	const far = 100_000_000 // of anything; beyond it a calendar has no day
	for _, n := range []int64{year, month, day, doy} {
		if n > far || n < -far {
			return out, false
		}
	}
	if half && pm {
		hour += 12
	}
	days := data.Civil{Year: int(year), Month: 1, Day: 1}.Days()
	if byDay {
		days += doy - 1
	} else {
		days = data.AddMonths(days, month-1) + day - 1
	}
	out.ms = days*data.DayMillis + hour*3600000 + minute*60000 + second*1000 + millis
	return out, true
}

// signed reads a whole number of at most so many characters, its sign among them.
func signed(s string, pos, most int) (n int64, end int, ok bool) {
	neg := pos < len(s) && s[pos] == '-'
	if neg {
		pos++
		most--
	}
	from := pos
	for pos < len(s) && pos-from < most && s[pos]-'0' <= 9 {
		n = n*10 + int64(s[pos]-'0')
		pos++
	}
	if neg {
		n = -n
	}
	return n, pos, pos > from
}

// oneOfNames finds the longest name, or its first three letters, that stands at pos.
func oneOfNames(s string, pos int, names []string) (at int64, end int, ok bool) {
	for i, full := range names {
		for _, text := range []string{full, full[:3]} {
			if n := len(text); pos+n <= len(s) && strings.EqualFold(s[pos:pos+n], text) && pos+n > end {
				at, end, ok = int64(i), pos+n, true
			}
		}
	}
	return at, end, ok
}
