package json

import (
	"unicode/utf8"
	"unsafe"
)

// A stencil is the text that records of one layout have in common: what stands
// before, between and behind their values. Where a record's values lie follows
// from its marks alone, so that nothing waits for the value before to be read.
// What stands between two values has marks, quotes of names at least; a string
// has its quotes in what stands around it, and no marks in it.
type stencil struct {
	parts []part
	marks int    // in all parts
	has   uint64 // outputs with values
	shape string // its text
	alone bool   // it is of messages
}

// part is what stands behind a value: that of the part before it.
type part struct {
	w, m     [3]uint64 // its text, and which bits of that count
	rest     string    // of it, beyond 24 bytes
	n        int
	lead     int // bytes before its first mark
	marks    int
	act      act // for the value before it
	out      int
	bit      uint64
	pastText bool // that value is a string
}

const (
	mostStencils = 8
	mostParts    = 256
	mostLearned  = 64  // stencils in a decoder's life
	missed       = 4   // how many records of a stencil make up for one without
	patience     = 512 // how much of that is borne
)

// stencils are a decoder's.
type stencils struct {
	all     []stencil
	last    int // the one that fitted last
	learned int
	luck    int
	off     bool
}

// stencilled reads the record at i as quickly does; -1: no stencil fits.
func (d *decoder) stencilled(i, end int) int {
	x := &d.stencils
	if len(x.all) == 0 {
		return -1
	}
	first := d.window.mark(i)
	if to := d.through(&x.all[x.last], i, end, first); to >= 0 {
		x.luck = min(x.luck+1, patience)
		return to
	}
	for k := range x.all {
		if k != x.last {
			if to := d.through(&x.all[k], i, end, first); to >= 0 {
				x.last, x.luck = k, min(x.luck+1, patience)
				return to
			}
		}
	}
	if x.luck -= missed; x.luck < -patience {
		x.off, x.all = true, nil // these records have no layout
	}
	return -1
}

// through reads the record at i by a stencil; its first mark is k.
func (d *decoder) through(s *stencil, i, end, k int) int {
	w, p, row := d.window, d.at, d.row
	from, given := w.from, w.given
	if given-k < s.marks || s.alone != d.message {
		return -1
	}
	got := s.has
	v := i // where the value ahead begins
	for j := range s.parts {
		q := &s.parts[j]
		at := from + int(w.marks[k]) - q.lead
		if q.marks == 0 { // the end of a message
			if at = end - q.n; k < given && from+int(w.marks[k]) < end {
				return -1
			}
		}
		if at < v || (eightAt(p, at)^q.w[0])&q.m[0]|(eightAt(p, at+8)^q.w[1])&q.m[1]|(eightAt(p, at+16)^q.w[2])&q.m[2] != 0 ||
			q.rest != "" && !d.stands(q.rest, at+24) {
			return -1
		}
		k += q.marks
		if q.pastText {
			if w.high && !utf8.Valid(d.text[v:at]) {
				return -1
			}
			switch q.act {
			case words:
				if w.escapes(v, at) {
					if !d.unescapeText(v, at, q.out) {
						return -1
					}
				} else {
					d.plainText(v, at, q.out)
				}
			case moment:
				t := &d.targets[q.out]
				if at-v == 23 && t.precise {
					if ms, ok := d.stamp.Known(eightAt(p, v), eightAt(p, v+8), eightAt(p, v+16)); ok {
						t.i64[row] = ms
						break
					}
				}
				ms, _, err := d.stamp.Parse(d.text[v:at], t.v.Type.Precision)
				if err != nil {
					return -1
				}
				t.i64[row] = ms
			default:
				if w.escapes(v, at) && d.passText(v, end) != at+1 {
					return -1
				}
			}
		} else if j > 0 {
			switch q.act {
			case whole64:
				x, ok := whole(p, v, at)
				if !ok {
					if at-v != 4 || !null(p, v) {
						return -1
					}
					got &^= q.bit
					break
				}
				d.targets[q.out].i64[row] = x
			case whole32:
				x, ok := whole(p, v, at)
				if !ok {
					if at-v != 4 || !null(p, v) {
						return -1
					}
					got &^= q.bit
					break
				}
				if x != int64(int32(x)) {
					return -1
				}
				d.targets[q.out].i32[row] = int32(x)
			case skipped:
				if _, ok := whole(p, v, at); !ok && d.passWord(v) != at {
					return -1
				}
			default:
				d.got = q.bit
				if d.quickScalar(v, q.act, q.out, q.bit) != at {
					return -1
				}
				got &^= q.bit &^ d.got
			}
		} else if at != i {
			return -1
		}
		v = at + q.n
	}
	if d.message {
		if v != end {
			return -1
		}
		w.next, w.at, v = k, end, end
	} else {
		w.next, w.at, v = k, v, v-1
	}
	d.got = got
	return v
}

// whole reads p[i:end] as a whole number of up to 16 digits.
func whole(p unsafe.Pointer, i, end int) (x int64, ok bool) {
	neg := letter(p, i) == '-'
	if neg {
		i++
	}
	n := end - i
	t := eightAt(p, i) ^ '0'*lows
	switch {
	case t&0xff == 0 && n > 1 || uint(n-1) >= 16:
		return 0, false
	case n <= 8:
		t <<= 64 - 8*n
		x = eight(t)
	default:
		u := eightAt(p, end-8) ^ '0'*lows
		t <<= 128 - 8*n
		x = eight(t)*100_000_000 + eight(u)
		if (u+0x76*lows|u)&highs != 0 {
			return 0, false
		}
	}
	if (t+0x76*lows|t)&highs != 0 {
		return 0, false
	}
	if neg {
		x = -x
	}
	return x, true
}
