package join

import (
	"math/rand/v2"
	"testing"

	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/graph"
)

// firsts is what a Top-1 by the key of the left side keeps, and how many rows it was
// given: the greatest w, the first to come of equal ones.
type firsts struct {
	of   map[int64]first
	rows int
	desc bool
}

type first struct {
	text string
	w    int64
	null bool
}

func (f *firsts) Watermark(int64) error { return nil }

func (f *firsts) Emit(o *data.Batch) error {
	defer o.Release()
	for i := range o.Len() {
		r := o.Row(i)
		k, w := o.Cols[1].I64[r], o.Cols[3]
		now := first{text: string(o.Cols[0].Bytes(r)), null: w.IsNull(r)}
		if !now.null {
			now.w = w.I64[r]
		}
		f.rows++
		was, there := f.of[k]
		if !there || was.null && !now.null || !was.null && !now.null && now.w != was.w && (now.w > was.w) == f.desc {
			f.of[k] = now
		}
	}
	return nil
}

// TestTheBestOfPairs gives random rows of both sides to a join that is told that
// only the first of each left row counts, and compares what a Top-1 behind it keeps
// after each batch with what it keeps behind a join that gives all.
func TestTheBestOfPairs(t *testing.T) {
	given, all := 0, 0
	for seed := range uint64(40) {
		rnd := rand.New(rand.NewPCG(seed, 9))
		s := spec{kind: graph.InnerJoin, cond: seed%3 == 0, inserts: [2]bool{true, true}}
		desc, lasts := seed%2 == 0, seed%5 < 3
		plain, told := open(t, s), open(t, s)
		told.spec.Best = &graph.Best{Of: 0, Order: []graph.SortKey{{Column: 1, Desc: desc}}, Lasts: lasts}
		told.best = newBest(told.spec)
		want, got := &firsts{of: map[int64]first{}, desc: desc}, &firsts{of: map[int64]first{}, desc: desc}
		for n := range 30 {
			side := rnd.IntN(2)
			rows := make([]row, 1+rnd.IntN(60))
			for i := range rows {
				rows[i] = row{k: rnd.Int64N(6), x: rnd.Int64N(12)}
				if side == 0 {
					rows[i].x = rnd.Int64()
				}
			}
			feed := func(j *join, to *firsts) {
				b := batch(side, rows, nil)
				for i, r := range rows {
					if side == 1 && r.x == 11 {
						b.Cols[1].SetNull(i)
					}
				}
				if err := j.Process(side, b, to); err != nil {
					t.Fatal(err)
				}
			}
			feed(plain, want)
			feed(told, got)
			for k, w := range want.of {
				if got.of[k] != w {
					t.Fatalf("seed %d, batch %d: the first of key %d is %v, not %v", seed, n, k, got.of[k], w)
				}
			}
		}
		given, all = given+got.rows, all+want.rows
		for _, j := range []*join{plain, told} {
			if err := j.Close(); err != nil {
				t.Fatal(err)
			}
		}
	}
	if 4*given > all {
		t.Errorf("%d of %d rows are given", given, all)
	}
}
