package json

import (
	"encoding/binary"
	"math/bits"
	"sort"
)

// window is a stretch of text of which is known where strings may end, and in
// which of them are escapes.
type window struct {
	from, to int // in the text
	high     bool
	index
	given int // how many marks lie before where the text may be read
	next  int // the first mark at or behind nextAt
	at    int
}

// index is what is known of blocks of 64 bytes, one bit for each byte.
type index struct {
	stops    [windowBlocks + 1]uint64 // quotes, backslashes and control characters; set beyond to
	slashes  [windowBlocks + 1]uint64 // backslashes
	before   [windowBlocks + 1]uint32 // how many backslashes lie in the blocks before
	quotes   [windowBlocks + 1]uint64 // for ways that need a place for them
	controls [windowBlocks + 1]uint64
	marks    [(windowBlocks + 2) * 64]uint16 // where quotes that no backslash escapes, and control characters, lie
	progress
}

// progress is how far an index has come.
type progress struct {
	blocks  int64
	marked  int64  // how many marks there are
	slashed int64  // how many backslashes
	escaped uint64 // 1: the first byte of the next block is
}

const windowBlocks = 256

// look indexes the text from a position on.
func (w *window) look(p []byte, from int) {
	n := min(len(p)-from, windowBlocks*64)
	w.from, w.to = from, from+n
	whole := n / 64
	w.progress = progress{}
	w.high = indexBlocks(p[from:from+whole*64], &w.index)
	var rest [64]byte
	left := copy(rest[:], p[from+whole*64:from+n])
	for i := left; i < 64; i++ {
		rest[i] = '"'
	}
	if indexBlocks(rest[:], &w.index) {
		w.high = true
	}
	limit := min(n, len(p)-slack-from)
	for w.given = int(w.marked); w.given > 0 && int(w.marks[w.given-1]) >= limit; {
		w.given--
	}
	w.next, w.at = 0, from
}

// covers makes the window cover p[i:end], which is not empty, if it can.
func (w *window) covers(p []byte, i, end int) bool {
	if end > w.to || i < w.from {
		w.look(p, i)
	}
	return end <= w.to
}

// stop is where the next stop at or after i is, at most to. i is in the window.
func (w *window) stop(i int) int {
	at := uint(i - w.from)
	k := at >> 6
	m := w.stops[k] >> (at & 63)
	if m != 0 {
		return i + bits.TrailingZeros64(m)
	}
	return w.stopFrom(k + 1)
}

func (w *window) stopFrom(k uint) int {
	for ; k < windowBlocks; k++ {
		if m := w.stops[k]; m != 0 {
			return w.from + int(k<<6) + bits.TrailingZeros64(m)
		}
	}
	return w.to
}

// escapes tells whether there are backslashes from i to end, which are in the window.
func (w *window) escapes(i, end int) bool { return w.slashesBefore(i) != w.slashesBefore(end) }

func (w *window) slashesBefore(i int) int {
	at := uint(i - w.from)
	k := at >> 6
	return int(w.before[k]) + bits.OnesCount64(w.slashes[k]&(1<<(at&63)-1))
}

// mark is the number of the first mark at or behind i.
func (w *window) mark(i int) int {
	if i != w.at {
		w.next, w.at = sort.Search(w.given, func(k int) bool { return w.from+int(w.marks[k]) >= i }), i
	}
	return w.next
}

// indexWords indexes p, a multiple of 64 bytes, behind the blocks that x has,
// and tells whether p has bytes beyond ASCII.
func indexWords(p []byte, x *index) bool {
	var high uint64
	for k := range len(p) / 64 {
		var q, s, c uint64
		for j := range 8 {
			t := binary.LittleEndian.Uint64(p[k*64+j*8:])
			high |= t
			q |= gather(zeros(t^lows*'"')) << (8 * j)
			s |= gather(zeros(t^lows*'\\')) << (8 * j)
			c |= gather(highs&^((t|highs)-lows*0x20)&^t) << (8 * j)
		}
		at := int(x.blocks) + k
		x.quotes[at], x.slashes[at], x.controls[at] = q, s, c
	}
	x.finish(len(p) / 64)
	return high&highs != 0
}

// finish makes the rest of n blocks of which quotes, slashes and controls are known.
func (x *index) finish(n int) {
	const odd = 0xaaaaaaaaaaaaaaaa
	y := x.progress
	for k := int(y.blocks); k < int(y.blocks)+n; k++ {
		q, s, c := x.quotes[k], x.slashes[k], x.controls[k]
		x.stops[k] = q | s | c
		x.before[k] = uint32(y.slashed)
		y.slashed += int64(bits.OnesCount64(s))
		// Which backslashes begin an escape, and what they escape: in a run of them
		// every other one does; runs that begin at odd and even places are told apart
		// by whether a subtraction carries through them.
		maybe := s &^ y.escaped
		both := (maybe<<1 | odd) - maybe ^ odd
		escaped := (s | y.escaped) ^ both
		y.escaped = both & s >> 63
		for m := q&^escaped | c; m != 0; m &= m - 1 {
			x.marks[y.marked] = uint16(k*64 + bits.TrailingZeros64(m))
			y.marked++
		}
	}
	y.blocks += int64(n)
	x.progress = y
}

// zeros sets the high bit of each byte of x that is zero, and no other bit.
func zeros(x uint64) uint64 {
	return ^((x&^highs + (highs - lows)) | x | (highs - lows))
}

// gather gathers the high bits of the bytes of x.
func gather(x uint64) uint64 { return (x >> 7 * 0x0102040810204080) >> 56 }
