package data

import (
	"math"
	"math/rand"
	"slices"
	"testing"
)

// TestHashKeysIsOfValues compares the loops over columns with the hashes of
// single values joined, with and without NULLs and selections.
func TestHashKeysIsOfValues(t *testing.T) {
	types := []Type{Of(BigInt), Of(Int), String(), Of(Double), Of(Boolean), {Kind: Decimal, Precision: 30, Nullable: true}, {Kind: Timestamp, Precision: 9, Nullable: true}}
	rng := rand.New(rand.NewSource(1))
	for range 200 {
		n := 1 + rng.Intn(300)
		b := MakeBatch(types, n)
		nulls := rng.Intn(2) == 0
		for i := range n {
			for _, v := range b.Cols {
				x := Value{I: rng.Int63n(3) - 1, F: []float64{0, math.Copysign(0, -1), math.NaN()}[rng.Intn(3)], S: "a longer text than fits inline"[:rng.Intn(30)], D: I128(rng.Int63())}
				v.SetValueAt(i, x)
				if nulls && rng.Intn(3) == 0 {
					SetNullRow(v, i)
				}
			}
		}
		rows := make([]int32, 0, n)
		for i := range int32(n) {
			if rng.Intn(2) == 0 {
				rows = append(rows, i)
			}
		}
		keys := rng.Perm(len(types))[:rng.Intn(len(types)+1)]
		want := func(i int) uint64 {
			h := uint64(hashSeed)
			for k, c := range keys {
				x := HashValue(b.Cols[c], i)
				if k == 0 {
					h = x
				} else {
					h = combine(h, x)
				}
			}
			return h
		}
		HashKeys(b, keys)
		for i := range n {
			if b.Hashes[i] != want(i) {
				t.Fatalf("keys %v row %d: hash %x, of its values %x", keys, i, b.Hashes[i], want(i))
			}
		}
		all := slices.Clone(b.Hashes)
		clear(b.Hashes)
		b.Sel = rows
		HashKeys(b, keys)
		for _, i := range rows {
			if b.Hashes[i] != all[i] {
				t.Fatalf("keys %v row %d: hash %x with a selection, %x without", keys, i, b.Hashes[i], all[i])
			}
		}
		b.Sel = nil
		b.Release()
	}
}

// TestPooledHashesLastWhileShared gives back one of two batches that share
// hashes; what others compute then must not show in the one that is left.
func TestPooledHashesLastWhileShared(t *testing.T) {
	numbers := func(from int64) *Batch {
		b := MakeBatch([]Type{Of(BigInt).NotNull()}, 100)
		for i := range b.Cols[0].I64 {
			b.Cols[0].I64[i] = from + int64(i)
		}
		PooledHashes(b, []int{0})
		return b
	}
	for range 100 {
		a := numbers(0)
		left := a.Share(nil)
		a.Release()
		others := []*Batch{numbers(1000), numbers(2000)}
		for i, h := range left.Hashes {
			if h != HashInt(int64(i)) {
				t.Fatalf("row %d has hash %x, not %x: its memory was used again", i, h, HashInt(int64(i)))
			}
		}
		for _, b := range others {
			b.Release()
		}
		left.Release()
	}
}
