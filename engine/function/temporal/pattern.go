package temporal

import (
	"fmt"
	"strconv"
	"strings"
	"sync"

	"github.com/weir-streams/weir/engine/data"
)

// pattern is a compiled date-time pattern in the letters of Java.
type pattern struct {
	parts []part0
	// finest is the length in milliseconds of what the pattern can tell apart,
	// at most a day; 0 if below a millisecond.
	finest int64
}

// part0 is a run of one letter, or literal text.
type part0 struct {
	letter byte
	count  int
	text   string
}

var patterns struct {
	sync.Mutex
	known map[string]*pattern
}

const maxPatterns = 512

// compile prepares a pattern, or finds it prepared.
func compile(text string) (*pattern, error) {
	patterns.Lock()
	defer patterns.Unlock()
	if p := patterns.known[text]; p != nil {
		return p, nil
	}
	p, err := parsePattern(text)
	if err != nil {
		return nil, err
	}
	if patterns.known == nil || len(patterns.known) >= maxPatterns {
		patterns.known = map[string]*pattern{}
	}
	patterns.known[strings.Clone(text)] = p
	return p, nil
}

func parsePattern(text string) (*pattern, error) {
	p := &pattern{finest: data.DayMillis}
	lit := func(s string) {
		if k := len(p.parts) - 1; k >= 0 && p.parts[k].letter == 0 {
			p.parts[k].text += s
			return
		}
		p.parts = append(p.parts, part0{text: s})
	}
	for i := 0; i < len(text); {
		b := text[i]
		switch {
		case b == '\'':
			j := i + 1
			var s strings.Builder
			for {
				if j >= len(text) {
					return nil, fmt.Errorf("pattern ends with an incomplete string literal: %s", text)
				}
				if text[j] == '\'' {
					if j+1 < len(text) && text[j+1] == '\'' {
						s.WriteByte('\'')
						j += 2
						continue
					}
					break
				}
				s.WriteByte(text[j])
				j++
			}
			if j == i+1 {
				s.WriteByte('\'')
			}
			lit(s.String())
			i = j + 1
		case b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z':
			j := i
			for j < len(text) && text[j] == b {
				j++
			}
			if strings.IndexByte("yuYMLdDEecaHhKkmsSAnNQqwWFGzZXxVO", b) < 0 {
				return nil, fmt.Errorf("unknown pattern letter: %c", b)
			}
			p.parts = append(p.parts, part0{letter: b, count: j - i})
			switch b {
			case 'H', 'h', 'K', 'k', 'a':
				p.finest = min(p.finest, 3600000)
			case 'm':
				p.finest = min(p.finest, 60000)
			case 's':
				p.finest = min(p.finest, 1000)
			case 'S', 'A', 'n', 'N', 'z', 'Z', 'X', 'x', 'V', 'O':
				p.finest = 0
			}
			i = j
		case b == '[' || b == ']' || b == '{' || b == '}' || b == '#':
			return nil, fmt.Errorf("pattern includes reserved character: '%c'", b)
		default:
			lit(text[i : i+1])
			i++
		}
	}
	return p, nil
}

var (
	monthNames = [...]string{"January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"}
	dayNames   = [...]string{"Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"}
)

// moment is what a pattern is applied to.
type moment struct {
	ms     int64 // wall clock
	nano   int32
	offset int64 // seconds
	zone   string
	zoned  bool
}

func (p *pattern) append(dst []byte, t moment) ([]byte, error) {
	day := data.FloorDiv(t.ms, data.DayMillis)
	d := data.CivilOf(day)
	ofDay := t.ms - day*data.DayMillis
	hour := ofDay / 3600000
	dow := int(data.FloorMod(day+4, 7)) // 0 is Sunday
	for _, f := range p.parts {
		switch f.letter {
		case 0:
			dst = append(dst, f.text...)
		case 'y', 'u':
			y := int64(d.Year)
			if f.letter == 'y' && y <= 0 {
				y = 1 - y
			}
			dst = appendYear(dst, y, f.count)
		case 'Y':
			y, _ := sundayWeek(day)
			dst = appendYear(dst, y, f.count)
		case 'w':
			_, w := sundayWeek(day)
			dst = digits(dst, w, f.count)
		case 'W':
			dst = digits(dst, weekOfMonth(int64(d.Day), int64(dow)), f.count)
		case 'F':
			dst = digits(dst, int64(d.Day-1)%7+1, f.count)
		case 'M', 'L':
			dst = name(dst, int64(d.Month), f.count, monthNames[d.Month-1])
		case 'd':
			dst = digits(dst, int64(d.Day), f.count)
		case 'D':
			dst = digits(dst, int64(d.DayOfYear()), f.count)
		case 'E':
			dst = name(dst, 0, max(f.count, 3), dayNames[dow])
		case 'e', 'c':
			dst = name(dst, int64(dow)+1, f.count, dayNames[dow])
		case 'Q', 'q':
			q := int64(d.Month-1)/3 + 1
			switch {
			case f.count >= 4:
				dst = append(dst, [...]string{"1st", "2nd", "3rd", "4th"}[q-1]...)
				dst = append(dst, " quarter"...)
			case f.count == 3:
				dst = append(dst, 'Q')
				dst = digits(dst, q, 1)
			default:
				dst = digits(dst, q, f.count)
			}
		case 'a':
			if hour < 12 {
				dst = append(dst, "AM"...)
			} else {
				dst = append(dst, "PM"...)
			}
		case 'G':
			era := "AD"
			if d.Year <= 0 {
				era = "BC"
			}
			dst = append(dst, era...)
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
			frac := fmt.Sprintf("%09d", ofDay%1000*1000000+int64(t.nano))
			dst = append(dst, frac[:min(f.count, 9)]...)
		case 'A':
			dst = digits(dst, ofDay, f.count)
		case 'n':
			dst = digits(dst, ofDay%1000*1000000+int64(t.nano), f.count)
		case 'N':
			dst = digits(dst, ofDay*1000000+int64(t.nano), f.count)
		default:
			if !t.zoned {
				if f.letter == 'V' || f.letter == 'z' {
					return dst, fmt.Errorf("unable to extract a time zone from a value without one")
				}
				return dst, fmt.Errorf("unsupported field: OffsetSeconds")
			}
			dst = appendZone(dst, f, t)
		}
	}
	return dst, nil
}

func appendYear(dst []byte, y int64, count int) []byte {
	if count == 2 {
		return digits(dst, data.FloorMod(y, 100), 2)
	}
	if count >= 4 && y > 9999 {
		dst = append(dst, '+')
	}
	return digits(dst, y, count)
}

func digits(dst []byte, x int64, width int) []byte {
	if x < 0 {
		dst = append(dst, '-')
		x = -x
	}
	var buf [20]byte
	t := strconv.AppendInt(buf[:0], x, 10)
	for n := len(t); n < width; n++ {
		dst = append(dst, '0')
	}
	return append(dst, t...)
}

func name(dst []byte, number int64, count int, full string) []byte {
	switch {
	case count <= 2:
		return digits(dst, number, count)
	case count == 3:
		return append(dst, full[:3]...)
	case count == 5:
		return append(dst, full[0])
	}
	return append(dst, full...)
}

func appendZone(dst []byte, f part0, t moment) []byte {
	sign, off := byte('+'), t.offset
	if off < 0 {
		sign, off = '-', -off
	}
	switch f.letter {
	case 'V', 'z':
		return append(dst, t.zone...)
	case 'X':
		if t.offset == 0 {
			return append(dst, 'Z')
		}
	case 'O':
		dst = append(dst, "GMT"...)
		if t.offset == 0 {
			return dst
		}
		dst = append(dst, sign)
		return digits(dst, off/3600, 1)
	}
	dst = append(dst, sign)
	dst = digits(dst, off/3600, 2)
	colon := f.letter != 'Z' && (f.count == 3 || f.count == 5) || f.letter == 'Z' && f.count == 5
	if f.count == 1 && f.letter != 'Z' && off%3600 == 0 {
		return dst
	}
	if colon {
		dst = append(dst, ':')
	}
	return digits(dst, off/60%60, 2)
}

// sundayWeek returns the week-based year and week in the reckoning of the US:
// weeks begin on Sunday, and 1 January is in week 1.
func sundayWeek(day int64) (year, week int64) {
	c := data.CivilOf(day)
	first := func(y int) int64 {
		d := data.Civil{Year: y, Month: 1, Day: 1}.Days()
		return d - data.FloorMod(d+4, 7)
	}
	y := c.Year
	if next := first(y + 1); day >= next {
		return int64(y + 1), 1
	}
	return int64(y), (day-first(y))/7 + 1
}
