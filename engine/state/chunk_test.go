package state

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/weir-streams/weir/engine/data"
)

type kept struct{ chunks []*Chunk }

func (k *kept) Chunk() *Chunk { return new(Chunk) }
func (k *kept) Take(c *Chunk) { k.chunks = append(k.chunks, c) }

// TestRowsOfChunksAreThoseWritten writes rows of all lengths, copied and in place,
// and reads them from the chunks.
func TestRowsOfChunksAreThoseWritten(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	to := &kept{}
	w := NewWriter(1, true, to)
	a := w.Keyed("a", 1, 1, []data.Column{{Name: "x", Type: data.Of(data.BigInt)}})
	b := w.Keyed("b", 1, 1, a.w.Snapshot.Keyed[0].Schema)
	type place struct {
		number int
		kind   Kind
		group  int
	}
	want := map[place][]string{}
	for i := range 20_000 {
		size := r.IntN(20)
		switch r.IntN(40) {
		case 0:
			size = 100 + r.IntN(60)
		case 1:
			size = 16_300 + r.IntN(200)
		}
		row := bytes.Repeat([]byte{byte(i)}, size)
		k, group := a, r.IntN(5)*17
		if r.IntN(3) == 0 {
			k = b
		}
		kind := Put
		switch r.IntN(4) {
		case 0:
			k.Put(group, row)
		case 1:
			kind = Delete
			k.Delete(group, row)
		default:
			k.Close(group, append(k.Open(group), row...))
		}
		at := place{k.i, kind, group}
		want[at] = append(want[at], string(row))
	}
	w.Flush()
	got := map[place][]string{}
	for _, c := range to.chunks {
		var before place
		size, n := c.Len(), 0
		err := c.Each(func(number int, kind Kind, group int, rows []byte) error {
			at := place{number, kind, group}
			if n > 0 && fmt.Sprint(before) > fmt.Sprint(at) && (before.number > number || before.number == number && before.kind > kind) {
				t.Errorf("%v comes after %v", at, before)
			}
			before = at
			n += len(rows)
			return EachOf(rows, func(row []byte) error {
				got[at] = append(got[at], string(row))
				return nil
			})
		})
		if err != nil || n != size || c.Len() != 0 {
			t.Fatalf("%d bytes of %d, %d left: %v", n, size, c.Len(), err)
		}
	}
	for at, rows := range want {
		if fmt.Sprint(got[at]) != fmt.Sprint(rows) {
			t.Errorf("%v: other rows than were written", at)
		}
	}
	if len(got) != len(want) || len(to.chunks) < 2 {
		t.Errorf("%d places instead of %d, in %d chunks", len(got), len(want), len(to.chunks))
	}
	if s := w.Snapshot.Keyed; s[0].Rows+s[1].Rows+s[0].Gone+s[1].Gone != 20_000 {
		t.Errorf("counted %d and %d, %d and %d", s[0].Rows, s[1].Rows, s[0].Gone, s[1].Gone)
	}
}
