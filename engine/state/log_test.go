package state

import (
	"bytes"
	"math/rand/v2"
	"slices"
	"testing"
	"unsafe"
)

// TestLogOverSegments goes from segment to segment whatever the end of one leaves.
func TestLogOverSegments(t *testing.T) {
	for size := 8; size <= 1024; size += 8 {
		l := NewLog(NewBudget(0))
		want := 0
		for ; len(l.mem.segments) < 12 && want < 200_000; want++ {
			if _, _, err := l.Append(size - logHeader); err != nil {
				t.Fatal(err)
			}
		}
		got, end := 0, l.End()
		for at := uint64(LogStart); got <= want; got++ {
			_, rec, next := l.Next(at, end)
			if rec == nil {
				break
			}
			at = next
		}
		if got != want {
			t.Errorf("records of %d bytes: %d of %d were found", size, got, want)
		}
		l.Free()
	}
}

// TestLogAgainstModel appends and drops records of many sizes and compares what
// is there, also from a point in time on.
func TestLogAgainstModel(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 1))
	budget := NewBudget(0)
	l := NewLog(budget)
	type entry struct {
		addr uint64
		p    []byte
	}
	var model []entry
	marks := []uint64{LogStart}
	for i := range 30000 {
		n := rnd.IntN(400)
		addr, rec, err := l.Append(n)
		if err != nil {
			t.Fatal(err)
		}
		p := bytes.Repeat([]byte{byte(i)}, n)
		copy(unsafe.Slice((*byte)(rec), n), p)
		model = append(model, entry{addr, p})
		if len(model) > 1000 || rnd.IntN(3) == 0 {
			k := rnd.IntN(len(model))
			if i > 20000 {
				k = 0
			}
			l.Drop(model[k].addr)
			model = slices.Delete(model, k, k+1)
		}
		if i%1000 == 0 {
			marks = append(marks, l.End())
		}
	}
	for _, from := range marks {
		end := l.End()
		k, _ := slices.BinarySearchFunc(model, from, func(e entry, a uint64) int {
			if e.addr < a {
				return -1
			}
			return 1
		})
		for at := from; ; k++ {
			addr, rec, next := l.Next(at, end)
			if rec == nil {
				break
			}
			if k == len(model) || model[k].addr != addr || !bytes.Equal(unsafe.Slice((*byte)(rec), len(model[k].p)), model[k].p) || l.At(addr) != rec {
				t.Fatalf("from %x: record %x is not number %d of the model", from, addr, k)
			}
			at = next
		}
		if k != len(model) {
			t.Fatalf("from %x: %d records are missing", from, len(model)-k)
		}
	}
	if l.Len() != len(model) {
		t.Errorf("%d records, not %d", l.Len(), len(model))
	}
	if l.Bytes() > 4<<20 {
		t.Errorf("%d bytes are held for 1000 records of at most 400", l.Bytes())
	}
	l.Free()
	if budget.Used() != 0 {
		t.Errorf("%d bytes still accounted after Free", budget.Used())
	}
}
