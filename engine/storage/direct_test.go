package storage_test

import (
	"bytes"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/weir-streams/weir/engine/storage"
)

// What is written lies in the file in order, whatever goes past the cache.
func TestPagesInOrder(t *testing.T) {
	for seed := range uint64(40) {
		rnd := rand.New(rand.NewPCG(seed, 1))
		dir := t.TempDir()
		f, err := storage.Local(dir).Create("a/b")
		if err != nil {
			t.Fatal(err)
		}
		pages := f.(storage.Pages)
		var want []byte
		memory := storage.Page(1 << 20)
		for i := range memory {
			memory[i] = byte(rnd.Uint32())
		}
		for range 1 + rnd.IntN(12) {
			if rnd.IntN(3) > 0 {
				n, err := pages.Pad()
				if err != nil {
					t.Fatal(err)
				}
				want = append(want, make([]byte, n)...)
				if len(want)%storage.PageSize != 0 {
					t.Fatalf("seed %d: %d bytes after Pad", seed, len(want))
				}
			}
			from := rnd.IntN(4) * (rnd.IntN(2)*(storage.PageSize-100) + 100)
			n := rnd.IntN(1 << (2 + rnd.IntN(19)))
			if rnd.IntN(3) == 0 {
				from, n = 0, n&^(storage.PageSize-1)
			}
			p := memory[from:min(from+n, len(memory))]
			if _, err := f.Write(p); err != nil {
				t.Fatal(err)
			}
			want = append(want, p...)
			if rnd.IntN(5) == 0 {
				if err := f.Sync(); err != nil {
					t.Fatal(err)
				}
			}
		}
		if err := f.Commit(); err != nil {
			t.Fatal(err)
		}
		got, err := os.ReadFile(filepath.Join(dir, "a", "b"))
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, want) {
			t.Fatalf("seed %d: %d bytes, not the %d that were written", seed, len(got), len(want))
		}
	}
}
