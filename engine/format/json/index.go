package json

import (
	"encoding/binary"
	"math/bits"
)

// window is a stretch of text of which is known where strings may end, one bit
// for each byte.
type window struct {
	from, to int // in the text
	high     bool
	stops    [windowBlocks + 1]uint64 // quotes, backslashes and control characters; set beyond to
}

const windowBlocks = 256

// look indexes the text from a position on.
func (w *window) look(p []byte, from int) {
	n := min(len(p)-from, windowBlocks*64)
	w.from, w.to = from, from+n
	whole := n / 64
	w.high = indexBlocks(p[from:from+whole*64], w.stops[:])
	var rest [64]byte
	left := copy(rest[:], p[from+whole*64:from+n])
	for i := left; i < 64; i++ {
		rest[i] = '"'
	}
	if indexBlocks(rest[:], w.stops[whole:]) {
		w.high = true
	}
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

// indexWords sets the bits of stops for p, a multiple of 64 bytes,
// and tells whether p has bytes beyond ASCII.
func indexWords(p []byte, stops []uint64) bool {
	var high uint64
	for k := range len(p) / 64 {
		var s uint64
		for j := range 8 {
			x := binary.LittleEndian.Uint64(p[k*64+j*8:])
			high |= x
			s |= mark(zeros(x^lows*'"')|zeros(x^lows*'\\')|(highs&^((x|highs)-lows*0x20)&^x)) << (8 * j)
		}
		stops[k] = s
	}
	return high&highs != 0
}

// zeros sets the high bit of each byte of x that is zero, and no other bit.
func zeros(x uint64) uint64 {
	return ^((x&^highs + (highs - lows)) | x | (highs - lows))
}

// mark gathers the high bits of the bytes of x.
func mark(x uint64) uint64 { return (x >> 7 * 0x0102040810204080) >> 56 }
