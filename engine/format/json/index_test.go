package json

import (
	"bytes"
	"math/rand/v2"
	"testing"
)

// TestIndexesAgree compares the ways to index with each other and with a look
// at each byte.
func TestIndexesAgree(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	ways := map[string]func([]byte, []uint64) bool{"words": indexWords, "chosen": indexBlocks}
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
		for name, index := range ways {
			stops := make([]uint64, n/64+1)
			if high := index(p, stops); high != wantHigh {
				t.Errorf("%s: beyond ASCII %v, want %v", name, high, wantHigh)
			}
			for i, c := range p {
				stop := stops[i>>6]>>(i&63)&1 != 0
				if want := c == '"' || c == '\\' || c < ' '; stop != want {
					t.Fatalf("%s: byte 0x%02x at %d: stop %v", name, c, i, stop)
				}
			}
		}
	}
}

// TestUnescapingAgrees compares the ways to unescape; the quickest may leave
// escapes to the other.
func TestUnescapingAgrees(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for range 3000 {
		var p []byte
		kinds := 1 + r.IntN(12)
		for n := r.IntN(300); len(p) < n; {
			switch r.IntN(5) {
			case 0:
				p = append(p, '\\', `"/\bfnrtuq 0`[r.IntN(kinds)])
			case 1:
				p = append(p, '\\', '\\')
			default:
				p = append(p, byte('a'+r.IntN(26)))
			}
		}
		want, got := make([]byte, len(p)+spare), make([]byte, len(p)+2*spare)
		n, m := unescapePlain(want, p), unescapeBlocks(got[:len(p)+spare], p)
		if m >= 0 && (m != n || !bytes.Equal(got[:m], want[:n])) {
			t.Fatalf("%q: %q, want %q", p, got[:m], want[:max(n, 0)])
		}
		if kinds <= 3 && m < 0 {
			t.Fatalf("%q: left to the other", p)
		}
		for _, c := range got[len(p)+spare:] {
			if c != 0 {
				t.Fatalf("%q: wrote too far", p)
			}
		}
	}
}
