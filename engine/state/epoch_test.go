package state

import (
	"encoding/binary"
	"fmt"
	"maps"
	"math/rand"
	"testing"
	"unsafe"

	"github.com/weir-streams/weir/engine/data"
)

// snapshots drives a table beside a model: what a chain of snapshots amounts to
// must be the model's copy at the last Begin.
type snapshots struct {
	t       *testing.T
	rng     *rand.Rand
	table   *Table
	model   map[string]int64
	durable map[string]int64 // what completed snapshots amount to
	written map[string]int64 // by the one under way
	want    map[string]int64 // the model at its Begin
	full    bool
	running bool
}

func (s *snapshots) put(rec unsafe.Pointer) error {
	key := string(s.table.Key(nil, rec))
	if _, twice := s.written[key]; twice {
		s.t.Fatalf("key %q is written twice", key)
	}
	s.written[key] = *(*int64)(Value(rec))
	return nil
}

func (s *snapshots) begin() {
	s.running, s.full = true, s.rng.Intn(4) == 0
	s.want, s.written = maps.Clone(s.model), map[string]int64{}
	s.table.Begin(s.full, s.put)
}

func (s *snapshots) step() {
	if !s.running {
		if s.rng.Intn(3) == 0 {
			s.begin()
		}
		return
	}
	done, err := s.table.Continue(s.rng.Intn(400))
	if err != nil {
		s.t.Fatal(err)
	}
	switch {
	case s.rng.Intn(12) == 0:
		s.table.End(false)
		s.running = false
	case done:
		s.complete()
	}
}

func (s *snapshots) complete() {
	next := map[string]int64{}
	if !s.full {
		maps.Copy(next, s.durable)
	}
	_, err := s.table.Deleted(1<<40, func(hash uint64, key []byte) error {
		if _, remade := s.written[string(key)]; !remade && !s.full {
			delete(next, string(key))
		}
		return nil
	})
	if err != nil {
		s.t.Fatal(err)
	}
	maps.Copy(next, s.written)
	if !maps.Equal(next, s.want) {
		s.t.Fatalf("full %v: the chain has %d keys, the model had %d", s.full, len(next), len(s.want))
	}
	s.table.End(true)
	s.durable, s.running = next, false
}

func TestSnapshotsAgainstModel(t *testing.T) {
	types := map[string]data.Type{"integers": data.Of(data.BigInt), "strings": data.String()}
	for name, typ := range types {
		t.Run(name, func(t *testing.T) {
			for seed := range int64(9) {
				checkSnapshots(t, typ, seed, memoryOf(t, seed))
			}
		})
	}
}

func checkSnapshots(t *testing.T, typ data.Type, seed int64, m memory) {
	rng := rand.New(rand.NewSource(seed))
	table := m.table(typ, seed)
	s := &snapshots{t: t, rng: rng, table: table, model: map[string]int64{}}
	recs := make([]unsafe.Pointer, data.BatchSize)
	for range 200 {
		n := 1 + rng.Intn(300)
		b := keyedBatch(typ, n, func(int) data.Value { return randomKey(rng, 3000) })
		if _, err := table.Resolve(b, []int{0}, allRows(n), recs); err != nil {
			t.Fatal(err)
		}
		for i := range n {
			*(*int64)(Value(recs[i]))++
			s.model[string(data.EncodeValue(nil, b.Cols[0], i))]++
		}
		for i := 0; i < n; i += 3 {
			if Alive(recs[i]) {
				delete(s.model, string(table.Key(nil, recs[i])))
				if err := table.Delete(recs[i]); err != nil {
					t.Fatal(err)
				}
			}
		}
		b.Release()
		b = keyedBatch(typ, n, func(int) data.Value { return randomKey(rng, 3000) })
		if err := table.Lookup(b, []int{0}, allRows(n), recs); err != nil {
			t.Fatal(err)
		}
		for i := range n {
			want, there := s.model[string(data.EncodeValue(nil, b.Cols[0], i))]
			if there != (recs[i] != nil) || there && *(*int64)(Value(recs[i])) != want {
				t.Fatalf("seed %d: Lookup differs from the model", seed)
			}
		}
		b.Release()
		if rng.Intn(20) == 0 && (!m.movable || table.NeedsCompaction()) {
			if err := table.Compact(func(_, _ unsafe.Pointer) {}); err != nil {
				t.Fatal(err)
			}
		}
		s.step()
	}
	if m.budget.limit > 0 && m.budget.Spilled() == 0 {
		t.Errorf("seed %d: nothing was spilled", seed)
	}
	table.Free()
}

func randomKey(rng *rand.Rand, n int64) data.Value {
	k := rng.Int63n(n)
	if k == 0 {
		return data.NullValue()
	}
	return data.Value{I: k, S: fmt.Sprintf("a key of some length %d", k)}
}

// TestSnapshotsOfPairs begins a snapshot, changes and deletes pairs, and expects
// the owners' keys and values of the moment it was begun.
func TestSnapshotsOfPairs(t *testing.T) {
	for name, typ := range map[string]data.Type{"integers": data.Of(data.BigInt), "strings": data.String()} {
		t.Run(name, func(t *testing.T) {
			budget := NewBudget(0)
			owners := NewTable([]data.Type{data.String()}, 8, 1, budget)
			pairs := NewPairTable(typ, 8, 2, budget)
			pairs.OwnedBy(owners)
			model := map[string]int64{}
			rng := rand.New(rand.NewSource(1))
			recs, found := make([]unsafe.Pointer, 500), make([]unsafe.Pointer, 500)
			fill := func() {
				b := keyedBatch(data.String(), 500, func(int) data.Value { return randomKey(rng, 50) })
				v := keyedBatch(typ, 500, func(int) data.Value { return randomKey(rng, 100) })
				if _, err := owners.Resolve(b, []int{0}, allRows(500), recs); err != nil {
					t.Fatal(err)
				}
				if _, err := pairs.ResolvePairs(recs, v.Cols[0], allRows(500), found); err != nil {
					t.Fatal(err)
				}
				for i, rec := range found {
					*(*int64)(Value(rec))++
					key := string(data.EncodeValue(data.EncodeValue(nil, b.Cols[0], i), v.Cols[0], i))
					if got := string(pairs.Key(nil, rec)); got != key {
						t.Fatalf("pair %q has the key %q", key, got)
					}
					model[key]++
				}
			}
			durable := map[string]int64{}
			for round := range 10 {
				fill()
				for i := 0; i < 500; i += 5 {
					if Alive(found[i]) {
						delete(model, string(pairs.Key(nil, found[i])))
						if err := pairs.Delete(found[i]); err != nil {
							t.Fatal(err)
						}
					}
				}
				want := maps.Clone(model)
				written := map[string]int64{}
				pairs.Begin(round == 0, func(rec unsafe.Pointer) error {
					written[string(pairs.Key(nil, rec))] = *(*int64)(Value(rec))
					return nil
				})
				for done := false; !done; {
					var err error
					if done, err = pairs.Continue(100); err != nil {
						t.Fatal(err)
					}
					fill()
				}
				if _, err := pairs.Deleted(1<<40, func(hash uint64, key []byte) error {
					rest, err := data.SkipValues(key, []data.Type{data.String()})
					if err != nil {
						return err
					}
					if owner, _, _ := owners.Find(hash, key[:len(key)-len(rest)], false); owner == nil {
						return fmt.Errorf("the hash of %q is not its owner's", key)
					}
					delete(durable, string(key))
					return nil
				}); err != nil {
					t.Fatal(err)
				}
				pairs.End(true)
				maps.Copy(durable, written)
				if !maps.Equal(durable, want) {
					t.Fatalf("round %d: the chain has %d pairs, the model had %d", round, len(durable), len(want))
				}
			}
		})
	}
}

// TestTouch changes records reached by pointer while a snapshot is under way.
func TestTouch(t *testing.T) {
	table := NewTable([]data.Type{data.Of(data.BigInt)}, 8, 0, NewBudget(0))
	const n = 20_000
	recs := make([]unsafe.Pointer, n)
	for i := range n {
		key := binary.AppendVarint([]byte{1}, int64(i))
		rec, _, err := table.Find(data.HashInt(int64(i)), key, true)
		if err != nil {
			t.Fatal(err)
		}
		recs[i], *(*int64)(Value(rec)) = rec, int64(i)
	}
	seen := 0
	table.Begin(true, func(rec unsafe.Pointer) error {
		if x, _ := binary.Varint(table.Key(nil, rec)[1:]); x != *(*int64)(Value(rec)) {
			t.Fatalf("key %d is written with %d", x, *(*int64)(Value(rec)))
		}
		seen++
		return nil
	})
	for i := n - 1; i >= 0; i -= 2 {
		if err := table.Touch(recs[i]); err != nil {
			t.Fatal(err)
		}
		*(*int64)(Value(recs[i])) = -1
		if i%100 == 1 {
			if _, err := table.Continue(10); err != nil {
				t.Fatal(err)
			}
		}
	}
	if _, err := table.Continue(n); err != nil {
		t.Fatal(err)
	}
	if seen != n {
		t.Fatalf("%d records are written, not %d", seen, n)
	}
}
