package state

import (
	"bytes"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/weir-streams/weir/engine/data"
)

var chainSchema = []data.Column{
	{Name: "k", Type: data.Of(data.BigInt)}, {Name: "id", Type: data.Of(data.VarChar)}, {Name: "v", Type: data.Of(data.BigInt)},
}

func encode(k int64, id string, v int64) []byte {
	b := data.MakeBatch([]data.Type{chainSchema[0].Type, chainSchema[1].Type, chainSchema[2].Type}, 1)
	defer b.Release()
	b.Cols[0].I64[0], b.Cols[2].I64[0] = k, v
	b.Cols[1].SetBytes(0, []byte(id))
	return data.EncodeRow(nil, b.Cols, []int{0, 1, 2}, 0)
}

func prefixOf(row []byte, n int) []byte {
	var types []data.Type
	for _, c := range chainSchema[:n] {
		types = append(types, c.Type)
	}
	rest, err := data.SkipValues(row, types)
	if err != nil {
		panic(err)
	}
	return row[:len(row)-len(rest)]
}

// A random history, written as a chain of whole and incremental snapshots with
// slices that come and go, amounts to what a map holds.
func TestMergeGivesWhatAModelHolds(t *testing.T) {
	for seed := range uint64(200) {
		r := rand.New(rand.NewPCG(seed, 0))
		type row struct{ slice, id string }
		model := map[row][]byte{}
		group := func(k int64) int { return int(k) % 4 }
		unique := 2
		alive := []string{""}
		sliced := seed%2 == 1
		if sliced {
			alive = []string{"a", "b", "c"}
		}
		keyOf := map[row]int64{}
		var chain []Snapshot
		for n := range 1 + r.IntN(8) {
			w := Writer{Incremental: n > 0 && r.IntN(6) > 0}
			if w.Incremental && sliced && r.IntN(2) == 0 { // one goes, another comes
				gone := alive[0]
				alive = append(alive[1:], fmt.Sprint("s", r.IntN(4)))
				slices.Sort(alive)
				alive = slices.Compact(alive)
				if !slices.Contains(alive, gone) {
					maps.DeleteFunc(model, func(x row, _ []byte) bool { return x.slice == gone })
				}
			}
			changed, dropped := map[row]bool{}, map[row]int64{}
			cleared := map[string]map[int64]bool{}
			for range r.IntN(60) {
				k := int64(r.IntN(6))
				x := row{alive[r.IntN(len(alive))], fmt.Sprint(k, "-", r.IntN(4))}
				switch r.IntN(8) {
				case 0, 1:
					if _, ok := model[x]; ok {
						delete(model, x)
						delete(changed, x)
						dropped[x] = k
					}
				case 2:
					for y := range model {
						if y.slice == x.slice && keyOf[y] == k {
							delete(model, y)
							delete(changed, y)
						}
					}
					if cleared[x.slice] == nil {
						cleared[x.slice] = map[int64]bool{}
					}
					cleared[x.slice][k] = true
				default:
					model[x] = encode(k, x.id, r.Int64N(1000))
					keyOf[x] = k
					changed[x] = true
					delete(dropped, x)
				}
			}
			for _, s := range alive {
				var to *KeyedWriter
				if sliced {
					to = w.Slice("rows", s, 1, unique, chainSchema)
				} else {
					to = w.Keyed("rows", 1, unique, chainSchema)
				}
				for x, b := range model {
					if x.slice == s && (changed[x] || to.Whole()) {
						to.Put(group(keyOf[x]), b)
					}
				}
				for x, k := range dropped {
					if x.slice == s {
						to.Delete(group(k), prefixOf(encode(k, x.id, 0), unique))
					}
				}
				for k := range cleared[s] {
					to.Clear(group(k), prefixOf(encode(k, "", 0), 1))
				}
			}
			if !w.Incremental {
				chain = nil
			}
			chain = append(chain, w.Snapshot)
			got, err := Merge(chain...)
			if err != nil {
				t.Fatalf("seed %d: %v", seed, err)
			}
			var have, want [][]byte
			rd := Reader{Parts: []Snapshot{got}}
			if err := rd.EachRow("rows", func(_ []data.Column, _ int, b []byte) error {
				have = append(have, bytes.Clone(b))
				return nil
			}); err != nil {
				t.Fatal(err)
			}
			for _, b := range model {
				want = append(want, b)
			}
			slices.SortFunc(have, bytes.Compare)
			slices.SortFunc(want, bytes.Compare)
			if !slices.EqualFunc(have, want, bytes.Equal) {
				t.Fatalf("seed %d: after snapshot %d: %d rows, want %d", seed, n, len(have), len(want))
			}
		}
	}
}

func TestIdentities(t *testing.T) {
	var s identities
	for i := range 5000 {
		p := fmt.Append(nil, i*7)
		if s.has(p) || !s.add(p) || s.add(p) || !s.has(p) {
			t.Fatalf("at %d", i)
		}
	}
	for i := range 5000 {
		if !s.has(fmt.Append(nil, i*7)) || s.has(fmt.Append(nil, i*7+1)) {
			t.Fatalf("at %d", i)
		}
	}
}
