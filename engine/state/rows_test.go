package state

import (
	"bytes"
	"encoding/binary"
	"maps"
	"math/rand/v2"
	"testing"
	"unsafe"
)

// TestRowsAgainstModel adds, changes and drops records while snapshots are taken,
// and holds what these amount to, and what is there, against a model.
func TestRowsAgainstModel(t *testing.T) {
	for _, tight := range []bool{false, true} {
		rnd := rand.New(rand.NewPCG(3, 4))
		budget := NewBudget(0)
		if tight {
			budget = NewBudget(2 << 20).SpillTo(t.TempDir())
		}
		r := NewRows(budget)
		r.Name = func(dst []byte, rec unsafe.Pointer) ([]byte, uint64) {
			return binary.AppendVarint(dst, Number(rec)), uint64(Number(rec))
		}
		type record struct {
			addr uint64
			text string
		}
		model := map[int64]*record{} // by number
		var numbers []int64
		read := func(rec unsafe.Pointer) string {
			n := *(*uint32)(rec)
			return string(unsafe.Slice((*byte)(unsafe.Add(rec, 4)), n))
		}
		write := func(rec unsafe.Pointer, text string) {
			*(*uint32)(rec) = uint32(len(text))
			copy(unsafe.Slice((*byte)(unsafe.Add(rec, 4)), len(text)), text)
		}
		durable, written, want := map[int64]string{}, map[int64]string{}, map[int64]string{}
		running, full, taken, moves := false, false, 0, 0
		snapshot := func() {
			if !running {
				running, full = true, taken == 0 || rnd.IntN(4) == 0
				want, written = map[int64]string{}, map[int64]string{}
				for n, x := range model {
					want[n] = x.text
				}
				r.Begin(full, func(rec unsafe.Pointer) error {
					if _, twice := written[Number(rec)]; twice {
						t.Fatalf("record %d is written twice", Number(rec))
					}
					written[Number(rec)] = read(rec)
					return nil
				})
				return
			}
			done, err := r.Continue(rnd.IntN(2000))
			if err != nil {
				t.Fatal(err)
			}
			switch {
			case rnd.IntN(10) == 0:
				r.End(false)
				running = false
			case done:
				next := map[int64]string{}
				if !full {
					maps.Copy(next, durable)
					for ended := false; !ended; {
						if ended, err = r.Deleted(100, func(hash uint64, id []byte) error {
							n, _ := binary.Varint(id)
							if hash != uint64(n) {
								t.Fatalf("hash %d of %d", hash, n)
							}
							delete(next, n)
							return nil
						}); err != nil {
							t.Fatal(err)
						}
					}
				}
				maps.Copy(next, written)
				if !maps.Equal(next, want) {
					t.Fatalf("full %t: the snapshots amount to %d records, there were %d", full, len(next), len(want))
				}
				r.End(true)
				durable, running = next, false
				taken++
			}
		}
		addrs, recs := make([]uint64, 300), make([]unsafe.Pointer, 300)
		for round := range 400 {
			sizes := make([]int32, rnd.IntN(300))
			for i := range sizes {
				sizes[i] = int32(16 + rnd.IntN(200))
			}
			if err := r.Add(8, sizes, addrs, recs); err != nil {
				t.Fatal(err)
			}
			for i := range sizes {
				text := string(bytes.Repeat([]byte{byte(round)}, int(sizes[i])-8))
				write(recs[i], text)
				model[Number(recs[i])] = &record{addrs[i], text}
				numbers = append(numbers, Number(recs[i]))
			}
			for range rnd.IntN(60) { // changed
				n := numbers[rnd.IntN(len(numbers))]
				if x := model[n]; x != nil {
					if err := r.Touch(x.addr); err != nil {
						t.Fatal(err)
					}
					x.text = string(bytes.Repeat([]byte{byte(round), 1}, len(x.text)/2))
					write(r.At(x.addr), x.text)
				}
			}
			for k := range rnd.IntN(320) { // dropped: in order, or any
				n := numbers[rnd.IntN(len(numbers))]
				if round > 230 && k < len(numbers) {
					n = numbers[k]
				}
				if x := model[n]; x != nil {
					if err := r.Drop(x.addr); err != nil {
						t.Fatal(err)
					}
					delete(model, n)
				}
			}
			if len(numbers) > 4*len(model)+100 {
				kept := numbers[:0]
				for _, n := range numbers {
					if model[n] != nil {
						kept = append(kept, n)
					}
				}
				numbers = kept
			}
			if err := r.Settle(func(from, to uint64, rec unsafe.Pointer) {
				moves++
				x := model[Number(rec)]
				if x == nil || x.addr != from {
					t.Fatalf("record %d was moved from %d", Number(rec), from)
				}
				x.addr = to
			}); err != nil {
				t.Fatal(err)
			}
			snapshot()
			if round%50 == 0 {
				seen := 0
				if err := r.Each(func(addr uint64, rec unsafe.Pointer) error {
					seen++
					if x := model[Number(rec)]; x == nil || x.addr != addr || x.text != read(rec) {
						t.Fatalf("record %d is another", Number(rec))
					}
					return nil
				}); err != nil {
					t.Fatal(err)
				}
				if seen != len(model) || r.Len() != len(model) {
					t.Fatalf("%d records, %d counted, not %d", seen, r.Len(), len(model))
				}
			}
		}
		if moves == 0 || taken < 5 {
			t.Errorf("%d records were moved, %d snapshots taken", moves, taken)
		}
		if tight == (budget.Spilled() == 0) {
			t.Errorf("%d bytes are in the file", budget.Spilled())
		}
		if lost := r.used - r.living; lost > r.living+4<<20 {
			t.Errorf("%d bytes are held for %d", r.used, r.living)
		}
		r.Free()
		if used := budget.Used(); used != 0 {
			t.Errorf("%d bytes accounted with nothing there", used)
		}
		if err := budget.Close(); err != nil {
			t.Error(err)
		}
	}
}

// TestListsAgainstModel inserts in and out of order, and drops from the front.
func TestListsAgainstModel(t *testing.T) {
	rnd := rand.New(rand.NewPCG(5, 6))
	l := NewLists(NewBudget(0))
	for range 60 {
		var p Sorted
		var model []Entry
		disorder := 1 + rnd.Int64N(1<<rnd.IntN(12))
		for i := range 1 + rnd.IntN(4000) {
			e := Entry{int64(i)/3 - rnd.Int64N(disorder), uint64(i)}
			k := len(model)
			for k > 0 && model[k-1].At > e.At {
				k--
			}
			model = append(model, Entry{})
			copy(model[k+1:], model[k:])
			model[k] = e
			if err := l.Insert(&p, e); err != nil {
				t.Fatal(err)
			}
			if rnd.IntN(40) == 0 {
				n := rnd.IntN(1 + min(len(model), 1<<rnd.IntN(11)))
				l.DropFirst(&p, n)
				model = model[n:]
			}
			if len(model) > 0 && rnd.IntN(20) == 0 {
				x := &model[rnd.IntN(len(model))]
				if !l.Redirect(&p, x.At, x.Ref, x.Ref+1e9) {
					t.Fatalf("%v is not there", *x)
				}
				x.Ref += 1e9
			}
		}
		from, after := int64(rnd.IntN(1400)), rnd.IntN(2) == 0
		for _, at := range []Place{{}, l.Find(&p, from, after)} {
			want := model
			if at != (Place{}) {
				for len(want) > 0 && (want[0].At < from || after && want[0].At == from) {
					want = want[1:]
				}
			}
			for entries, next := l.From(&p, at); entries != nil; entries, next = l.From(&p, next) {
				for _, e := range entries {
					if len(want) == 0 || e != want[0] {
						t.Fatalf("%v is there where it should not be", e)
					}
					want = want[1:]
				}
			}
			if len(want) > 0 {
				t.Fatalf("%d entries are missing", len(want))
			}
		}
		if p.Len() != len(model) {
			t.Fatalf("%d entries, not %d", p.Len(), len(model))
		}
		l.DropFirst(&p, p.Len())
	}
	if n := l.heap.Len(); n != 0 {
		t.Errorf("%d blocks are left", n)
	}
	l.Free()
}
