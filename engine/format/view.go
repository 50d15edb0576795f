package format

import (
	"encoding/binary"

	"github.com/weir-streams/weir/engine/data"
)

// ShortView is the view of p[:n], n at most data.InlineLen. It is quick where
// p goes on behind.
func ShortView(p []byte, n int) data.View {
	if len(p) < data.InlineLen {
		return data.InlineView(p[:n])
	}
	lo := binary.LittleEndian.Uint64(p)
	if n <= 4 {
		return data.View{A: uint64(n) | lo&(1<<(8*n)-1)<<32}
	}
	rest := lo>>32 | uint64(binary.LittleEndian.Uint32(p[8:]))<<32
	if n < data.InlineLen {
		rest &= 1<<(8*(n-4)) - 1
	}
	return data.View{A: uint64(n) | lo<<32, B: rest}
}

// BufferOf is the number of a buffer among those of v, which it joins if need be.
func BufferOf(v *data.Vector, b *data.Buffer) int {
	for k := len(v.Bufs) - 1; k >= 0 && k >= len(v.Bufs)-2; k-- {
		if v.Bufs[k] == b {
			return k
		}
	}
	return v.AddBuffer(b.Retain())
}

// Moments parses and writes timestamps of one layout; times of one minute after
// the other are quick. It belongs to one goroutine.
type Moments struct {
	Layout Layout
	// The first sixteen characters it knows, down to the minute, and when that is.
	front0, front1 uint64
	millis         int64
	// The last minute written, and its text up to the seconds.
	known  bool
	minute int64
	upTo   [17]byte
}

// Parse is Layout.Parse.
func (m *Moments) Parse(p []byte, precision int) (int64, int32, error) {
	if len(p) < 19 || m.front0 == 0 || binary.LittleEndian.Uint64(p) != m.front0 || binary.LittleEndian.Uint64(p[8:]) != m.front1 {
		return m.parse(p, precision)
	}
	tens, ones := p[17]-'0', p[18]-'0'
	if p[16] != ':' || tens > 5 || ones > 9 {
		return m.parse(p, precision)
	}
	ms := m.millis + int64(tens)*10_000 + int64(ones)*1000
	end := len(p)
	if m.Layout.Zulu {
		if end--; p[end] != 'Z' {
			return m.parse(p, precision)
		}
	}
	if end == 19 {
		return ms, 0, nil
	}
	if end < 19 || p[19] != '.' || end > 23 || precision < 3 {
		return m.parse(p, precision)
	}
	frac, unit := 0, 100
	for _, c := range p[20:end] {
		if c -= '0'; c > 9 {
			return m.parse(p, precision)
		}
		frac += int(c) * unit
		unit /= 10
	}
	return ms + int64(frac), 0, nil
}

// Append is Layout.Append.
func (m *Moments) Append(dst []byte, millis int64, nano int32) []byte {
	if rest := uint64(millis - m.minute); m.known && rest < 60_000 {
		dst = pair(append(dst, m.upTo[:]...), int(rest/1000))
		if frac := int(rest % 1000); nano == 0 && frac != 0 {
			dst = append(dst, '.', byte('0'+frac/100))
			if frac %= 100; frac != 0 {
				dst = append(dst, byte('0'+frac/10))
				if frac %= 10; frac != 0 {
					dst = append(dst, byte('0'+frac))
				}
			}
		} else if nano != 0 {
			dst = appendFraction(dst, frac*1e6+int(nano))
		}
		if m.Layout.Zulu {
			dst = append(dst, 'Z')
		}
		return dst
	}
	from := len(dst)
	dst = m.Layout.Append(dst, millis, nano)
	if text := dst[from:]; len(text) >= 19 && text[16] == ':' { // the year has four digits
		m.known, m.minute = true, data.FloorDiv(millis, 60_000)*60_000
		copy(m.upTo[:], text)
	}
	return dst
}

// parse reads any timestamp and remembers its minute.
func (m *Moments) parse(p []byte, precision int) (int64, int32, error) {
	ms, nano, err := m.Layout.Parse(p, precision)
	if err != nil || len(p) < 19 {
		return ms, nano, err
	}
	front := ms - data.FloorMod(ms, 60_000)
	day := data.FloorDiv(front, data.DayMillis)
	if c, _ := civil(p); c.Days() != day {
		return ms, nano, nil // the end of a month moved it, or 24:00
	}
	m.front0, m.front1, m.millis = binary.LittleEndian.Uint64(p), binary.LittleEndian.Uint64(p[8:]), front
	return ms, nano, nil
}

// Known is the time in 24 characters that lie in three words, the last of them
// the quote behind it: a time with milliseconds, of the minute it knows.
func (m *Moments) Known(a, b, c uint64) (millis int64, ok bool) {
	if a != m.front0 || b != m.front1 || a == 0 {
		return 0, false
	}
	const form = uint64(':') | '0'<<8 | '0'<<16 | '.'<<24 | '0'<<32 | '0'<<40 | '0'<<48 | '"'<<56
	t := c ^ form // digits where there are some, 0 elsewhere
	const digits = 0x00ffffff00ffff00
	const high, low = digits & 0x8080808080808080, digits & 0x7f7f7f7f7f7f7f7f
	if t&^digits != 0 || (t&low+digits&0x7676767676767676|t)&high != 0 || byte(t>>8) > 5 || m.Layout.Zulu {
		return 0, false
	}
	return m.millis + int64(byte(t>>8))*10_000 + int64(byte(t>>16))*1000 + int64(byte(t>>32))*100 + int64(byte(t>>40))*10 + int64(byte(t>>48)), true
}
