package csv

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math/bits"
)

// field is a field of the record at hand: bytes [from, to) of the input. Raw
// fields hold doubled quotes or escapes still.
type field struct {
	from, to int32 // an input is at most the longest record and some, far below 2 GB
	raw      bool
	quoted   bool
}

const (
	lows  = 0x0101010101010101
	highs = 0x8080808080808080
)

func spread(c byte) uint64 { return lows * uint64(c) }

// has marks the bytes of w that equal those of pattern; the lowest mark is
// exact, marks above it need not be.
func has(w, pattern uint64) uint64 {
	x := w ^ pattern
	return (x - lows) &^ x & highs
}

var (
	errCut       = errors.New("the record goes on")
	errOpenQuote = errors.New("missing closing quote for value")
)

// badSplit is a record that cannot be split; at is where in p.
type badSplit struct {
	at  int
	err error
}

func (e *badSplit) Error() string { return e.err.Error() }

// split finds the fields of the record at the front of p and returns where the
// next one begins. errCut: its end is not in p.
func (d *decoder) split(p []byte, atEOF bool) (int, error) {
	n, from, end := d.plain(p)
	d.multi = d.escape != 0
	if end > 0 {
		return end, nil
	}
	return d.careful(p, n, from, atEOF)
}

// plain finds fields from the front of p on, eight bytes at a time, as long as
// they have neither quotes nor escapes: n of them, and where the next begins.
// end is where the record ends, 0 if that was not found.
func (d *decoder) plain(p []byte) (n, from, end int) {
	fields, delim, quote := d.fields[:cap(d.fields)], d.delim, d.quote
	d.wide = false
	if len(p) == 0 || d.escape != 0 || p[0] == quote && quote != 0 {
		return 0, 0, 0
	}
	var hi uint64
	for i := 0; i+8 <= len(p) && n+8 < len(fields); i += 8 {
		w := binary.LittleEndian.Uint64(p[i:])
		hi |= w
		x := w ^ d.wDelim
		// Bytes that may be the delimiter or a line end; some marks are false.
		for m := ((x-lows)&^x | (w-lows*('\r'+1))&^w) & highs; m != 0; m &= m - 1 {
			j := i + bits.TrailingZeros64(m)>>3
			switch p[j] {
			case delim:
				fields[n] = field{from: int32(from), to: int32(j)}
				n++
				from = j + 1
				if from < len(p) && p[from] == quote && quote != 0 {
					d.fields, d.wide = fields[:n], true
					return n, from, 0
				}
			case '\n':
				fields[n] = field{from: int32(from), to: int32(j)}
				d.fields, d.wide = fields[:n+1], hi&highs != 0
				return n + 1, j + 1, j + 1
			case '\r':
				if j+1 == len(p) {
					return n, from, 0
				}
				fields[n] = field{from: int32(from), to: int32(j)}
				d.fields, d.wide = fields[:n+1], hi&highs != 0
				if p[j+1] == '\n' {
					j++
				}
				return n + 1, j + 1, j + 1
			}
		}
	}
	return n, from, 0
}

// careful finds the fields from the n-th on, which begins at p[i].
func (d *decoder) careful(p []byte, n, i int, atEOF bool) (int, error) {
	d.fields, d.wide = d.fields[:n], true
	for {
		f := field{from: int32(i)}
		if i < len(p) && p[i] == d.quote && d.quote != 0 {
			var err error
			if i, err = d.quotedField(p, i, atEOF, &f); err != nil {
				return 0, err
			}
		} else {
			for {
				for i < len(p) && p[i] != d.delim && p[i] != '\n' && p[i] != '\r' && (p[i] != d.escape || d.escape == 0) {
					i++
				}
				if i < len(p) && p[i] == d.escape && d.escape != 0 {
					if i+2 > len(p) && !atEOF {
						return 0, errCut
					}
					f.raw = true
					i = min(i+2, len(p))
					continue
				}
				break
			}
			f.to = int32(i)
		}
		d.fields = append(d.fields, f)
		if i >= len(p) {
			if !atEOF {
				return 0, errCut
			}
			return i, nil
		}
		switch p[i] {
		case d.delim:
			i++
		case '\n':
			return i + 1, nil
		default: // '\r'
			if i+1 < len(p) {
				if p[i+1] == '\n' {
					return i + 2, nil
				}
				return i + 1, nil
			}
			if !atEOF {
				return 0, errCut
			}
			return i + 1, nil
		}
	}
}

// quotedField reads from the quote at p[i] to the delimiter or line end after the
// closing one and returns where that is.
func (d *decoder) quotedField(p []byte, i int, atEOF bool, f *field) (int, error) {
	start := i
	i++
	d.multi = true
	f.from, f.quoted = int32(i), true
	for {
		for i+8 <= len(p) {
			w := binary.LittleEndian.Uint64(p[i:])
			m := has(w, d.wQuote)
			if d.escape != 0 {
				m |= has(w, d.wEscape)
			}
			if m != 0 {
				i += bits.TrailingZeros64(m) >> 3
				break
			}
			i += 8
		}
		for i < len(p) && p[i] != d.quote && (p[i] != d.escape || d.escape == 0) {
			i++
		}
		switch {
		case i >= len(p):
			if !atEOF {
				return 0, errCut
			}
			return 0, &badSplit{start, errOpenQuote}
		case p[i] == d.escape && d.escape != 0 && d.escape != d.quote:
			if i+1 >= len(p) {
				if !atEOF {
					return 0, errCut
				}
				return 0, &badSplit{start, errOpenQuote}
			}
			f.raw = true
			i += 2
			continue
		case i+1 >= len(p) && !atEOF:
			return 0, errCut
		case i+1 < len(p) && p[i+1] == d.quote:
			f.raw = true
			i += 2
			continue
		}
		break
	}
	f.to = int32(i)
	for i++; i < len(p); i++ {
		switch c := p[i]; {
		case c == d.delim || c == '\n' || c == '\r':
			return i, nil
		case c > ' ':
			return 0, &badSplit{i, fmt.Errorf("unexpected character %q after a closing quote: delimiter or line end expected", string(rune(c)))}
		}
	}
	return i, nil
}

// resync finds the line after a record that could not be split; an open quote
// has swallowed everything up to the end of the input.
func resync(p []byte, bad *badSplit) int {
	if errors.Is(bad.err, errOpenQuote) {
		return len(p)
	}
	for i := bad.at; i < len(p); i++ {
		if p[i] == '\n' {
			return i + 1
		}
	}
	return -1
}

// text gives the bytes of a field without quoting and escapes.
func (d *decoder) text(p []byte, f *field) []byte {
	t := p[f.from:f.to]
	if !f.raw {
		return t
	}
	d.scratch = d.scratch[:0]
	for i := 0; i < len(t); i++ {
		switch c := t[i]; {
		case c == d.escape && d.escape != 0 && i+1 < len(t):
			i++
			d.scratch = append(d.scratch, unescaped(t[i]))
		case f.quoted && c == d.quote && i+1 < len(t):
			i++ // doubled
			d.scratch = append(d.scratch, c)
		default:
			d.scratch = append(d.scratch, c)
		}
	}
	return d.scratch
}

func unescaped(c byte) byte {
	switch c {
	case '0':
		return 0
	case 'n':
		return '\n'
	case 'r':
		return '\r'
	case 't':
		return '\t'
	}
	return c
}
