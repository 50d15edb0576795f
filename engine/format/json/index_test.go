package json

import (
	"math/rand/v2"
	"testing"
)

// TestIndexesAgree compares the ways to index with each other and with a look
// at each byte.
func TestIndexesAgree(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 500 {
		n := 64 * r.IntN(20)
		p := make([]byte, n)
		wantHigh := false
		for i := range p {
			switch r.IntN(4) {
			case 0:
				p[i] = []byte("\"\\\n\x00\x1f\x20\x21\x23\x5b\x5d\x7f\x09\x0b")[r.IntN(13)]
			case 1:
				p[i] = byte(r.IntN(256))
			default:
				p[i] = byte('a' + r.IntN(20))
			}
			if n%128 == 0 {
				p[i] &= 0x7f
			}
			wantHigh = wantHigh || p[i] >= 0x80
		}
		for name, index := range map[string]func([]byte, []uint64, []uint64) bool{"words": indexWords, "chosen": indexBlocks} {
			stops, lines := make([]uint64, n/64+1), make([]uint64, n/64+1)
			if high := index(p, stops, lines); high != wantHigh {
				t.Errorf("%s: beyond ASCII %v, want %v", name, high, wantHigh)
			}
			for i, c := range p {
				stop := stops[i>>6]>>(i&63)&1 != 0
				if want := c == '"' || c == '\\' || c < ' '; stop != want {
					t.Fatalf("%s: byte 0x%02x at %d: stop %v", name, c, i, stop)
				}
				if line := lines[i>>6]>>(i&63)&1 != 0; line != (c == '\n') {
					t.Fatalf("%s: byte 0x%02x at %d: line %v", name, c, i, line)
				}
			}
		}
	}
}
