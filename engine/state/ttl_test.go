package state

import (
	"math/rand"
	"testing"
	"unsafe"

	"github.com/weir-streams/weir/engine/data"
)

// TestTimeToLive compares with a model by a clock that the test turns.
func TestTimeToLive(t *testing.T) {
	for name, typ := range map[string]data.Type{"integers": data.Of(data.BigInt), "strings": data.String()} {
		t.Run(name, func(t *testing.T) {
			for seed := range int64(6) {
				checkTTL(t, typ, seed, memoryOf(t, seed))
			}
		})
	}
}

func checkTTL(t *testing.T, typ data.Type, seed int64, m memory) {
	type entry struct{ count, at int64 }
	const live = 1000
	rng := rand.New(rand.NewSource(seed))
	table := m.table(typ, seed)
	made, ended := 0, 0
	table.SetTTL(live, func(rec unsafe.Pointer) {
		if table.Stamp(rec)+live > table.Now || *(*int64)(Value(rec)) == 0 {
			t.Fatalf("seed %d: a record written at %d ends at %d", seed, table.Stamp(rec), table.Now)
		}
		ended++
	})
	model := map[string]entry{}
	durable := map[string]int64{} // with the time of writing
	recs := make([]unsafe.Pointer, data.BatchSize)
	for step := range 150 {
		table.Now += rng.Int63n(60)
		n := 1 + rng.Intn(300)
		b := keyedBatch(typ, n, func(int) data.Value { return randomKey(rng, 3000) })
		fresh, err := table.Resolve(b, []int{0}, allRows(n), recs)
		if err != nil {
			t.Fatal(err)
		}
		made += len(fresh)
		isFresh := map[int32]bool{}
		for i, f := range fresh {
			isFresh[f] = true
			if i > 0 && fresh[i-1] >= f {
				t.Fatal("fresh rows are not in order")
			}
		}
		for i := range n {
			key := string(data.EncodeValue(nil, b.Cols[0], i))
			e, there := model[key]
			if there = there && e.at+live > table.Now; there == isFresh[int32(i)] {
				t.Fatalf("seed %d step %d: key %q is there: %v, made anew: %v", seed, step, key, there, isFresh[int32(i)])
			}
			if !there {
				e.count = 0
			}
			model[key] = entry{e.count + 1, table.Now}
			*(*int64)(Value(recs[i]))++
			if got := *(*int64)(Value(recs[i])); got != e.count+1 {
				t.Fatalf("seed %d step %d: key %q has %d, model %d", seed, step, key, got, e.count+1)
			}
		}
		b.Release()
		b = keyedBatch(typ, n, func(int) data.Value { return randomKey(rng, 3000) })
		if err := table.Lookup(b, []int{0}, allRows(n), recs); err != nil {
			t.Fatal(err)
		}
		for i := range n {
			e, there := model[string(data.EncodeValue(nil, b.Cols[0], i))]
			if there = there && e.at+live > table.Now; there != (recs[i] != nil) || there && *(*int64)(Value(recs[i])) != e.count {
				t.Fatalf("seed %d step %d: Lookup differs from the model", seed, step)
			}
		}
		b.Release()
		if step%10 == 9 {
			// The chain may have keys whose time is over; those whose time is not must be right.
			table.Begin(step%30 == 29, func(rec unsafe.Pointer) error {
				durable[string(table.Key(nil, rec))] = *(*int64)(Value(rec))
				return nil
			})
			for done := false; !done; {
				if done, err = table.Continue(1000); err != nil {
					t.Fatal(err)
				}
			}
			table.End(true)
			for key, e := range model {
				if e.at+live > table.Now && durable[key] != e.count {
					t.Fatalf("seed %d step %d: key %q is written with %d, not %d", seed, step, key, durable[key], e.count)
				}
			}
		}
	}
	// With time the sweep removes what nobody asks for.
	b := keyedBatch(typ, 1, func(int) data.Value { return randomKey(rng, 3000) })
	for step := 0; table.Len() > 1; step++ {
		if step > 10000 {
			t.Fatalf("seed %d: %d keys are left", seed, table.Len())
		}
		table.Now += live / 10
		if _, err := table.Resolve(b, []int{0}, allRows(1), recs); err != nil {
			t.Fatal(err)
		}
		*(*int64)(Value(recs[0]))++
	}
	if made == 0 || ended < made-1 {
		t.Fatalf("seed %d: %d made, %d ended", seed, made, ended)
	}
	table.Free()
}
