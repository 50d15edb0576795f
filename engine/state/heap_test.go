package state

import (
	"bytes"
	"math/rand/v2"
	"testing"
	"unsafe"
)

func TestHeapClassesHoldWhatIsAsked(t *testing.T) {
	for n := 0; n <= 1<<21; n += 1 + n/64 {
		class, size := heapClass(n)
		if size < n || size > n+n/8+8 || class >= heapClasses {
			t.Fatalf("%d bytes: class %d of %d", n, class, size)
		}
		if _, again := heapClass(size); again != size {
			t.Fatalf("a block of %d is one of %d", size, again)
		}
	}
}

func TestHeapAgainstModel(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	budget := NewBudget(0)
	h := NewHeap(budget)
	type block struct {
		at uint64
		p  []byte
	}
	var model []block
	for i := range 50000 {
		n := rnd.IntN(600)
		at, p, err := h.Alloc(n)
		if err != nil {
			t.Fatal(err)
		}
		want := bytes.Repeat([]byte{byte(i)}, n)
		copy(unsafe.Slice((*byte)(p), n), want)
		model = append(model, block{at, want})
		for len(model) > 500 {
			k := rnd.IntN(len(model))
			b := model[k]
			if h.Size(b.at) != len(b.p) || !bytes.Equal(unsafe.Slice((*byte)(h.At(b.at)), len(b.p)), b.p) {
				t.Fatalf("block %x is not what it was", b.at)
			}
			h.Drop(b.at)
			model[k] = model[len(model)-1]
			model = model[:len(model)-1]
		}
	}
	if h.Len() != len(model) || h.Bytes() > 2<<20 {
		t.Errorf("%d blocks in %d bytes, want %d", h.Len(), h.Bytes(), len(model))
	}
	h.Free()
	if budget.Used() != 0 {
		t.Errorf("%d bytes still accounted after Free", budget.Used())
	}
}
