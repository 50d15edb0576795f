package state

import (
	"encoding/binary"
	"math/rand/v2"
	"testing"

	"github.com/weir-streams/weir/engine/data"
)

// TestIndexGrows fills and empties a table with good hashes and bad ones, looking
// keys up while its index is being replaced.
func TestIndexGrows(t *testing.T) {
	for _, tt := range []struct {
		name string
		keys int64
		hash func(key []byte, x int64) uint64
	}{
		{"good hashes", 700_000, func(key []byte, _ int64) uint64 { return data.HashBytes(key) }},
		{"runs of equal hashes", 110_000, func(key []byte, x int64) uint64 { return data.HashInt(x / 520) }},
		{"few equal hashes at the end", 2_000, func([]byte, int64) uint64 { return inverse(NewTable(nil, 0, 0, nil).salt) * (1<<64 - 1) }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			budget := NewBudget(0)
			table := NewTable([]data.Type{data.String()}, 8, 0, budget)
			rng := rand.New(rand.NewPCG(1, 1))
			key := func(x int64) []byte { return binary.BigEndian.AppendUint64([]byte("key"), uint64(x)) }
			there := func(x int64, want bool) {
				k := key(x)
				rec, _, err := table.Find(tt.hash(k, x), k, false)
				if err != nil || (rec != nil) != want || rec != nil && *(*int64)(Value(rec)) != x {
					t.Fatalf("of %d keys, number %d is there: %v, wanted %v (%v)", table.Len(), x, rec != nil, want, err)
				}
			}
			grew := 0
			for x := range tt.keys {
				k := key(x)
				rec, isNew, err := table.Find(tt.hash(k, x), k, true)
				if err != nil || !isNew {
					t.Fatalf("key %d: new %v, %v", x, isNew, err)
				}
				*(*int64)(Value(rec)) = x
				if table.old.slots != nil {
					grew++
				}
				if x%3 == 2 { // every third key is deleted again, some time later
					k := key(x / 3 * 2)
					if x/3*2%2 == 0 {
						if rec, _, _ := table.Find(tt.hash(k, x/3*2), k, false); rec != nil {
							if err := table.Delete(rec); err != nil {
								t.Fatal(err)
							}
						}
					}
				}
				if x%50 == 0 {
					y := rng.Int64N(x + 1)
					there(y, !(y%2 == 0 && y/2*3+2 <= x))
				}
			}
			for x := range tt.keys {
				there(x, !(x%2 == 0 && x/2*3+2 < tt.keys))
			}
			if tt.keys > 500_000 && grew == 0 {
				t.Error("the index never grew along with the keys")
			}
			table.Free()
			if budget.Used() != 0 {
				t.Errorf("%d bytes still accounted after Free", budget.Used())
			}
		})
	}
}

// inverse is the x with x*a = 1.
func inverse(a uint64) uint64 {
	x := a
	for range 6 {
		x *= 2 - a*x
	}
	return x
}
