package state

import (
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"unsafe"

	"github.com/weir-streams/weir/engine/data"
)

// TestTasksShareABudget counts keys in several goroutines, in more tables than
// there is room for.
func TestTasksShareABudget(t *testing.T) {
	const tasks, keys, rounds = 4, 15_000, 40
	budget := NewBudget(8 << 20).SpillTo(filepath.Join(t.TempDir(), "made", "when", "needed"))
	var wg sync.WaitGroup
	errs := make([]error, tasks)
	for n := range tasks {
		wg.Go(func() { errs[n] = countKeys(budget, n, keys, rounds) })
	}
	wg.Wait()
	for n, err := range errs {
		if err != nil {
			t.Errorf("task %d: %v", n, err)
		}
	}
	if budget.Used() != 0 || budget.Spilled() != 0 {
		t.Errorf("%d bytes in memory and %d in the file are still accounted", budget.Used(), budget.Spilled())
	}
	if err := budget.Close(); err != nil {
		t.Error(err)
	}
}

func countKeys(budget *Budget, task int, keys int64, rounds int) error {
	table := NewTable([]data.Type{data.Of(data.BigInt)}, 400, 0, budget)
	if task%2 == 0 {
		table.Movable()
	}
	defer table.Free()
	blobs := NewBlobs(budget)
	defer blobs.Free()
	rng := rand.New(rand.NewPCG(uint64(task), 1))
	recs := make([]unsafe.Pointer, data.BatchSize)
	model := make([]int64, keys)
	most := int64(0)
	for range rounds {
		b := keyedBatch(data.Of(data.BigInt), data.BatchSize, func(int) data.Value { return data.Value{I: rng.Int64N(keys)} })
		fresh, err := table.Resolve(b, []int{0}, allRows(data.BatchSize), recs)
		if err != nil {
			return err
		}
		for _, i := range fresh {
			h, err := blobs.Put(0, fmt.Appendf(nil, "%0100d", b.Cols[0].I64[i]))
			if err != nil {
				return err
			}
			*(*uint64)(unsafe.Add(Value(recs[i]), 8)) = h
		}
		for i, rec := range recs {
			*(*int64)(Value(rec))++
			model[b.Cols[0].I64[i]]++
		}
		b.Release()
		most = max(most, budget.Used())
	}
	if limit := budget.limit + budget.limit/4; most > limit {
		return fmt.Errorf("%d bytes were in memory, the budget is %d", most, budget.limit)
	}
	bad := 0
	err := table.Each(func(_ uint64, rec unsafe.Pointer) bool {
		x := *(*int64)(rec)
		if model[x] != *(*int64)(Value(rec)) || string(blobs.Get(*(*uint64)(unsafe.Add(Value(rec), 8)))) != fmt.Sprintf("%0100d", x) {
			bad++
		}
		model[x] = 0
		return true
	})
	for _, n := range model {
		if n != 0 {
			bad++
		}
	}
	if err == nil && bad > 0 {
		err = fmt.Errorf("%d keys differ from the model", bad)
	}
	return err
}

// TestSpillFails has the file fail: what was asked for fails and says which file.
func TestSpillFails(t *testing.T) {
	if err := countKeys(NewBudget(4<<20).SpillTo("/proc/no/folder"), 0, 50_000, 100); err == nil || !strings.Contains(err.Error(), "/proc/no") {
		t.Errorf("a folder that cannot be made: %v", err)
	}
	for _, movable := range []bool{true, false} {
		budget := NewBudget(2 << 20).SpillTo(t.TempDir())
		table := NewTable([]data.Type{data.Of(data.BigInt)}, 400, 0, budget)
		if movable {
			table.Movable()
		}
		recs := make([]unsafe.Pointer, data.BatchSize)
		fill := func(from int64) error {
			b := keyedBatch(data.Of(data.BigInt), data.BatchSize, func(i int) data.Value { return data.Value{I: from + int64(i)} })
			defer b.Release()
			_, err := table.Resolve(b, []int{0}, allRows(data.BatchSize), recs)
			return err
		}
		for from := int64(0); budget.Spilled() < 4<<20; from += data.BatchSize {
			if err := fill(from); err != nil {
				t.Fatal(err)
			}
		}
		if err := budget.spill.file.Close(); err != nil {
			t.Fatal(err)
		}
		var err error
		for from := int64(0); err == nil; from += data.BatchSize {
			err = fill(from)
		}
		if !strings.Contains(err.Error(), "weir-state-") {
			t.Errorf("the error does not name the file: %v", err)
		}
	}
}
