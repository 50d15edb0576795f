package temporal

import (
	"strconv"
	"strings"

	"github.com/weir-streams/weir/engine/data"
)

// parsed is what a text said.
type parsed struct {
	ms     int64
	nano   int32
	offset int64 // seconds
	zoned  bool
}

// parse reads a text by the pattern.
func (p *pattern) parse(s string) (parsed, bool) {
	year, month, day, doy := 1970, 1, 1, 0
	var hour, minute, second, nanos int64
	pm, half := false, false
	var out parsed
	pos := 0
	number := func(least, most int) (int64, bool) {
		from := pos
		for pos < len(s) && pos-from < most && s[pos]-'0' <= 9 {
			pos++
		}
		if pos-from < least {
			return 0, false
		}
		n, err := strconv.ParseInt(s[from:pos], 10, 64)
		return n, err == nil
	}
	for k, f := range p.parts {
		// A number directly before another number has just its width.
		tight := k+1 < len(p.parts) && p.parts[k+1].letter != 0 && strings.IndexByte("GEazZXxVO", p.parts[k+1].letter) < 0
		least, most := f.count, 19
		if f.count == 1 {
			most = 19
		}
		if tight || f.count == 2 {
			most = max(f.count, 1)
		}
		var n int64
		ok := true
		switch f.letter {
		case 0:
			if ok = strings.HasPrefix(s[pos:], f.text); ok {
				pos += len(f.text)
			}
		case 'y', 'u', 'Y':
			if f.count >= 3 && !tight {
				least, most = f.count, max(f.count, 4)
			}
			if n, ok = number(least, most); ok {
				if f.count == 2 {
					n += 2000
				}
				year = int(n)
			}
		case 'M', 'L':
			if f.count >= 3 {
				ok = false
				for m, full := range monthNames {
					text := full
					if f.count == 3 {
						text = full[:3]
					}
					if strings.HasPrefix(s[pos:], text) {
						month, ok = m+1, true
						pos += len(text)
						break
					}
				}
				break
			}
			n, ok = number(least, most)
			month = int(n)
		case 'd':
			n, ok = number(least, most)
			day = int(n)
		case 'D':
			n, ok = number(least, most)
			doy = int(n)
		case 'H', 'k':
			hour, ok = number(least, most)
			if f.letter == 'k' {
				hour %= 24
			}
		case 'h', 'K':
			hour, ok = number(least, most)
			half = true
			hour %= 12
		case 'm':
			minute, ok = number(least, most)
		case 's':
			second, ok = number(least, most)
		case 'S':
			from := pos
			n, ok = number(f.count, f.count)
			for w := pos - from; ok && w < 9; w++ {
				n *= 10
			}
			nanos = n
		case 'a':
			head := strings.ToUpper(s[pos:min(pos+2, len(s))])
			pm, ok = head == "PM", head == "AM" || head == "PM"
			pos += 2
		case 'E':
			ok = false
			for _, full := range dayNames {
				text := full
				if f.count <= 3 {
					text = full[:3]
				}
				if strings.HasPrefix(s[pos:], text) {
					pos, ok = pos+len(text), true
					break
				}
			}
		case 'G':
			ok = strings.HasPrefix(s[pos:], "AD")
			pos += 2
		case 'X', 'x', 'Z':
			out.zoned = true
			out.offset, pos, ok = parseOffset(s, pos)
		default:
			ok = false
		}
		if !ok || pos > len(s) {
			return out, false
		}
	}
	if pos < len(s) {
		return out, false
	}
	if half && pm {
		hour += 12
	}
	if month < 1 || month > 12 || day < 1 || day > 31 || hour > 24 || hour == 24 && minute+second+nanos > 0 || minute > 59 || second > 59 {
		return out, false
	}
	var days int64
	switch {
	case doy > 0:
		days = data.Civil{Year: year, Month: 1, Day: 1}.Days() + int64(doy) - 1
	default:
		days = data.Civil{Year: year, Month: month, Day: min(day, data.DaysIn(year, month))}.Days()
	}
	out.ms = days*data.DayMillis + hour*3600000 + minute*60000 + second*1000 + nanos/1000000
	out.nano = int32(nanos % 1000000)
	return out, true
}

// parseOffset reads Z, +02, +0200 or +02:00.
func parseOffset(s string, pos int) (off int64, end int, ok bool) {
	if pos < len(s) && s[pos] == 'Z' {
		return 0, pos + 1, true
	}
	if pos >= len(s) || s[pos] != '+' && s[pos] != '-' {
		return 0, pos, false
	}
	neg := s[pos] == '-'
	pos++
	two := func() (int64, bool) {
		if pos+2 > len(s) {
			return 0, false
		}
		n, err := strconv.ParseUint(s[pos:pos+2], 10, 8)
		if err == nil {
			pos += 2
		}
		return int64(n), err == nil
	}
	h, ok := two()
	if !ok {
		return 0, pos, false
	}
	if pos < len(s) && s[pos] == ':' {
		pos++
	}
	m, _ := two()
	off = h*3600 + m*60
	if neg {
		off = -off
	}
	return off, pos, true
}

// parseOr reads a text by the pattern, or else in the form that
// java.sql.Timestamp and java.sql.Date read: yyyy-[m]m-[d]d[ h:m:s[.f…]]. It does
// not look at an offset.
func (p *pattern) parseOr(s string) (parsed, bool) {
	if t, ok := p.parse(s); ok {
		return t, true
	}
	s = strings.TrimSpace(s)
	date, clock, timed := strings.Cut(s, " ")
	parts := strings.Split(date, "-")
	if len(parts) != 3 || len(parts[0]) != 4 || len(parts[1]) > 2 || len(parts[2]) > 2 {
		return parsed{}, false
	}
	var n [3]int64
	for i, text := range parts {
		x, err := strconv.ParseUint(text, 10, 32)
		if err != nil {
			return parsed{}, false
		}
		n[i] = int64(x)
	}
	if n[1] < 1 || n[1] > 12 || n[2] < 1 || n[2] > 31 {
		return parsed{}, false
	}
	out := parsed{ms: (data.Civil{Year: int(n[0]), Month: int(n[1]), Day: 1}.Days() + n[2] - 1) * data.DayMillis}
	if !timed {
		return out, true
	}
	clock, frac, fraction := strings.Cut(strings.TrimSpace(clock), ".")
	parts = strings.Split(clock, ":")
	if len(parts) != 3 || fraction && (frac == "" || len(frac) > 9) {
		return parsed{}, false
	}
	for i, text := range parts {
		x, err := strconv.ParseUint(text, 10, 31)
		if err != nil {
			return parsed{}, false
		}
		out.ms += int64(x) * [...]int64{3600000, 60000, 1000}[i]
	}
	if fraction {
		x, err := strconv.ParseUint(frac+"000000000"[len(frac):], 10, 32)
		if err != nil {
			return parsed{}, false
		}
		out.ms += int64(x) / 1000000
		out.nano = int32(x % 1000000)
	}
	return out, true
}
