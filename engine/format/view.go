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

// Moments parses timestamps of one layout; times of one day after the other
// are quick. It belongs to one goroutine.
type Moments struct {
	Layout Layout
	date   uint64 // the first eight characters of the day it knows
	day    uint16 // the last two
	days   int64
}

// Parse is Layout.Parse.
func (m *Moments) Parse(p []byte, precision int) (int64, int32, error) {
	if len(p) < 11 || m.date == 0 || binary.LittleEndian.Uint64(p) != m.date || binary.LittleEndian.Uint16(p[8:]) != m.day || p[10] != m.Layout.Sep {
		ms, nano, err := m.Layout.Parse(p, precision)
		if err == nil && len(p) > 10 {
			m.date, m.day, m.days = binary.LittleEndian.Uint64(p), binary.LittleEndian.Uint16(p[8:]), data.FloorDiv(ms, data.DayMillis)
			if c, _ := civil(p); c.Days() != m.days {
				m.date = 0 // the end of a month moved it, or 24:00
			}
		}
		return ms, nano, err
	}
	ms, nano, end := clock(p, 11, m.Layout.ShortTime)
	if m.Layout.Zulu && end > 0 && end < len(p) && p[end] == 'Z' {
		end++
	} else if m.Layout.Zulu {
		end = -1
	}
	if end != len(p) {
		return m.Layout.Parse(p, precision) // which says what is wrong
	}
	ms += m.days * data.DayMillis
	if precision != 3 || nano != 0 {
		ms, nano = data.TruncateNano(ms, nano, precision)
	}
	return ms, nano, nil
}
