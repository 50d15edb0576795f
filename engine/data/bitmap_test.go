package data

import (
	"encoding/hex"
	"math/rand/v2"
	"testing"
)

func TestBitmapsHaveThePortableFormat(t *testing.T) {
	for _, c := range []struct {
		values []int32
		want   string
	}{
		{nil, "3a30000000000000"},
		{[]int32{3, 1, 2, 2}, "3a300000010000000000020010000000010002000300"},
		{[]int32{-1, 5, 2, 3, 3}, "3a3000000200000000000200ffff0000180000001e000000020003000500ffff"},
		{[]int32{1, 2, 3, 4, 5, 6, 100000, 100001, -70000}, "3b300200010000050001000100feff0000010001000500a086a18690ee"},
	} {
		b := &Bitmap{}
		for _, v := range c.values {
			b.Add(uint32(v))
		}
		if got := hex.EncodeToString(b.Append(nil)); got != c.want {
			t.Errorf("%v: %s, want %s", c.values, got, c.want)
		}
	}
}

func TestBitmapsSurviveTheirBytes(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 30 {
		b := &Bitmap{}
		for range r.IntN(3) { // dense stretches
			from := r.Uint32()
			for k := range uint32(r.IntN(90000)) {
				b.Add(from + k*uint32(1+r.IntN(2)))
			}
		}
		for range r.IntN(5000) {
			b.Add(r.Uint32() >> r.IntN(20))
		}
		p := b.Append(nil)
		c, err := ParseBitmap(p)
		if err != nil {
			t.Fatal(err)
		}
		if c.Count() != b.Count() || string(c.Append(nil)) != string(p) {
			t.Fatalf("%d numbers became %d", b.Count(), c.Count())
		}
		for n := range min(len(p), 300) { // cut anywhere it is an error or a set, never a panic
			_, _ = ParseBitmap(p[:n])
		}
		none := b.Combine(c, func(x, y uint64) uint64 { return x ^ y })
		if none.Count() != 0 || len(none.keys) != 0 {
			t.Fatal("a set differs from itself")
		}
	}
}
