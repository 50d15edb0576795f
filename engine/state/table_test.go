package state

import (
	"fmt"
	"math/rand"
	"testing"
	"unsafe"

	"github.com/weir-streams/weir/engine/data"
)

// keyedBatch makes a batch of one key column.
func keyedBatch(t data.Type, n int, key func(i int) data.Value) *data.Batch {
	b := data.MakeBatch([]data.Type{t}, n)
	for i := range n {
		b.Cols[0].SetValueAt(i, key(i))
	}
	data.HashKeys(b, []int{0})
	return b
}

func allRows(n int) []int32 {
	rows := make([]int32, n)
	for i := range rows {
		rows[i] = int32(i)
	}
	return rows
}

// TestTableAgainstModel counts keys in a Table and in a Go map, deleting now and
// then, compacting when asked, and compares after every step.
func TestTableAgainstModel(t *testing.T) {
	types := map[string]data.Type{"integers": data.Of(data.BigInt), "small integers": data.Of(data.Int), "strings": data.String()}
	for name, typ := range types {
		t.Run(name, func(t *testing.T) {
			for seed := range int64(9) {
				checkTable(t, typ, seed, memoryOf(t, seed))
			}
		})
	}
}

// memory is a budget and how a table uses it.
type memory struct {
	budget  *Budget
	movable bool
	width   int
}

// memoryOf gives every third seed room for all, or mapped segments, or a movable table.
func memoryOf(t *testing.T, seed int64) memory {
	if seed%3 == 0 {
		return memory{budget: NewBudget(0), width: 8}
	}
	b := NewBudget(600 << 10).SpillTo(t.TempDir())
	t.Cleanup(func() {
		if err := b.Close(); err != nil {
			t.Error(err)
		}
	})
	return memory{budget: b, movable: seed%3 == 1, width: 400}
}

func (m memory) table(typ data.Type, seed int64) *Table {
	t := NewTable([]data.Type{typ}, m.width, uint64(seed), m.budget)
	if m.movable {
		t.Movable()
	}
	return t
}

func checkTable(t *testing.T, typ data.Type, seed int64, m memory) {
	budget := m.budget
	rng := rand.New(rand.NewSource(seed))
	table := m.table(typ, seed)
	model := map[string]int64{}
	recs := make([]unsafe.Pointer, data.BatchSize)
	for step := range 60 {
		n := 1 + rng.Intn(data.BatchSize)
		b := keyedBatch(typ, n, func(int) data.Value {
			k := rng.Int63n(5000)
			if k == 0 {
				return data.NullValue()
			}
			return data.Value{I: k, S: fmt.Sprintf("a key of some length %d", k)}
		})
		if _, err := table.Resolve(b, []int{0}, allRows(n), recs); err != nil {
			t.Fatal(err)
		}
		for i := range n {
			*(*int64)(Value(recs[i]))++
			model[string(data.EncodeValue(nil, b.Cols[0], i))]++
		}
		for i := 0; i < n; i += 3 {
			if !Alive(recs[i]) {
				continue
			}
			delete(model, string(table.Key(nil, recs[i])))
			if err := table.Delete(recs[i]); err != nil {
				t.Fatal(err)
			}
		}
		if table.NeedsCompaction() {
			if err := table.Compact(func(_, _ unsafe.Pointer) {}); err != nil {
				t.Fatal(err)
			}
		}
		b.Release()
		if table.Len() != len(model) {
			t.Fatalf("seed %d step %d: table has %d keys, model %d", seed, step, table.Len(), len(model))
		}
	}
	each := table.Each(func(_ uint64, rec unsafe.Pointer) bool {
		key := string(table.Key(nil, rec))
		if got := *(*int64)(Value(rec)); got != model[key] {
			t.Fatalf("seed %d: key %q has %d, model %d", seed, key, got, model[key])
		}
		if found, _, err := table.Find(Hash(rec), []byte(key), false); err != nil || string(table.Key(nil, found)) != key {
			t.Fatalf("seed %d: key %q is not found again: %v", seed, key, err)
		}
		delete(model, key)
		return true
	})
	if each != nil {
		t.Fatal(each)
	}
	if m.budget.limit > 0 && budget.Spilled() == 0 {
		t.Fatalf("seed %d: nothing was spilled", seed)
	}
	if len(model) != 0 {
		t.Fatalf("seed %d: %d keys are missing from the table", seed, len(model))
	}
	table.Free()
	if budget.Spilled() != 0 {
		t.Fatalf("seed %d: %d bytes are still in the file after Free", seed, budget.Spilled())
	}
	if budget.Used() != 0 {
		t.Fatalf("seed %d: %d bytes still accounted after Free", seed, budget.Used())
	}
}

func TestBudgetRefuses(t *testing.T) {
	table := NewTable([]data.Type{data.Of(data.BigInt)}, 64, 0, NewBudget(64<<10))
	recs := make([]unsafe.Pointer, data.BatchSize)
	for step := range int64(100) {
		b := keyedBatch(data.Of(data.BigInt), data.BatchSize, func(i int) data.Value { return data.Value{I: step*data.BatchSize + int64(i)} })
		if _, err := table.Resolve(b, []int{0}, allRows(data.BatchSize), recs); err != nil {
			return
		}
	}
	t.Fatal("200,000 keys fitted into 64 KiB")
}

func TestBlobs(t *testing.T) {
	rng := rand.New(rand.NewSource(1))
	b := NewBlobs(NewBudget(0))
	handles := make([]uint64, 100)
	model := make([]string, 100)
	for range 20_000 {
		i := rng.Intn(100)
		p := make([]byte, rng.Intn(300))
		rng.Read(p)
		h, err := b.Put(handles[i], p)
		if err != nil {
			t.Fatal(err)
		}
		handles[i], model[i] = h, string(p)
		j := rng.Intn(100)
		if handles[j] != 0 && string(b.Get(handles[j])) != model[j] {
			t.Fatalf("blob %d changed", j)
		}
	}
	if b.Bytes() > 1<<20 {
		t.Fatalf("%d bytes held for 100 blobs of at most 300: blocks are not reused", b.Bytes())
	}
}

// BenchmarkCountByKey compares an update of an existing key with that of a Go map.
func BenchmarkCountByKey(b *testing.B) {
	for _, keys := range []int64{1e3, 1e5, 1e6} {
		batches := make([]*data.Batch, 64)
		rng := rand.New(rand.NewSource(1))
		for i := range batches {
			batches[i] = keyedBatch(data.Of(data.BigInt).NotNull(), data.BatchSize, func(int) data.Value { return data.Value{I: rng.Int63n(keys)} })
		}
		rows := allRows(data.BatchSize)
		b.Run(fmt.Sprintf("table/%d", keys), func(b *testing.B) {
			table := NewTable([]data.Type{data.Of(data.BigInt)}, 16, 0, NewBudget(0))
			recs := make([]unsafe.Pointer, data.BatchSize)
			for i := range b.N {
				k := batches[i%len(batches)]
				data.HashKeys(k, []int{0})
				table.Resolve(k, []int{0}, rows, recs)
				for _, r := range recs {
					*(*int64)(Value(r))++
				}
			}
			b.ReportMetric(float64(b.N)*data.BatchSize/b.Elapsed().Seconds()/1e6, "Mrow/s")
		})
		b.Run(fmt.Sprintf("map/%d", keys), func(b *testing.B) {
			m := map[int64]int64{}
			for i := range b.N {
				for _, k := range batches[i%len(batches)].Cols[0].I64 {
					m[k]++
				}
			}
			b.ReportMetric(float64(b.N)*data.BatchSize/b.Elapsed().Seconds()/1e6, "Mrow/s")
		})
	}
}
