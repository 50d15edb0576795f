package json

import (
	"bytes"
	"math/rand/v2"
	"slices"
	"testing"
)

// TestIndexesAgree compares the ways to index with each other and with a look
// at each byte.
func TestIndexesAgree(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	ways := indexWays()
	ways["words"], ways["chosen"] = indexWords, indexBlocks
	for round := range 500 {
		n := 64 * r.IntN(20)
		p := make([]byte, n)
		wantHigh := false
		letters := []string{"\"\\\n\x00\x1f\x20\x21\x23\x5b\x5d\x7f\x09\x0b", `"\`, "\"\n", "a"}[round%4]
		for i := range p {
			switch r.IntN(4) {
			case 0:
				p[i] = letters[r.IntN(len(letters))]
			case 1:
				p[i] = byte(r.IntN(256))
			case 2:
				p[i] = letters[len(letters)-1]
			default:
				p[i] = byte('a' + r.IntN(20))
			}
			if n%128 == 0 {
				p[i] &= 0x7f
			}
			wantHigh = wantHigh || p[i] >= 0x80
		}
		var marks []uint16
		escaped := false
		for i, c := range p {
			if c == '"' && !escaped || c < ' ' {
				marks = append(marks, uint16(i))
			}
			escaped = !escaped && c == '\\'
		}
		for name, way := range ways {
			x, high := new(index), false
			for from := 0; from < n; { // in pieces
				to := min(from+64*(1+r.IntN(20)), n)
				high = way(p[from:to], x) || high
				from = to
			}
			if high != wantHigh {
				t.Errorf("%s: beyond ASCII %v, want %v", name, high, wantHigh)
			}
			slashes := 0
			for i, c := range p {
				stop, slash := x.stops[i>>6]>>(i&63)&1 != 0, x.slashes[i>>6]>>(i&63)&1 != 0
				if i%64 == 0 && int(x.before[i>>6]) != slashes {
					t.Fatalf("%s: %d backslashes before %d, want %d", name, x.before[i>>6], i, slashes)
				}
				if want := c == '"' || c == '\\' || c < ' '; stop != want || slash != (c == '\\') {
					t.Fatalf("%s: byte 0x%02x at %d: stop %v, backslash %v", name, c, i, stop, slash)
				}
				if c == '\\' {
					slashes++
				}
			}
			if got := x.marks[:x.marked]; !slices.Equal(got, marks) {
				t.Fatalf("%s: %q: marks %d, want %d", name, p, got, marks)
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
