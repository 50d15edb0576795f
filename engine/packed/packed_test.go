package packed

import (
	"bytes"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"unsafe"

	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/graph"
	"github.com/weir-streams/weir/engine/ordered"
)

func columns() []data.Type {
	return []data.Type{
		data.String(), data.Of(data.BigInt), data.Of(data.Boolean), data.Of(data.Int), data.Of(data.Double), data.Of(data.Float),
		{Kind: data.Decimal, Precision: 30, Scale: 2, Nullable: true},
		{Kind: data.Timestamp, Precision: 9, Nullable: true},
		data.String(),
		{Kind: data.Array, Nullable: true, Args: []data.Type{data.String()}},
		{Kind: data.Row, Nullable: true, Args: []data.Type{data.Of(data.Int), data.String()}, Names: []string{"a", "b"}},
		{Kind: data.Null, Nullable: true},
		data.Of(data.SmallInt),
	}
}

func random(rnd *rand.Rand, t data.Type) data.Value {
	if t.Kind == data.Null || rnd.IntN(5) == 0 {
		return data.NullValue()
	}
	x := rnd.Int64N(20000) - 10000
	switch t.Phys() {
	case data.PhysString:
		return data.Value{S: fmt.Sprintf("%.*s", rnd.IntN(40), "a text that may be longer than a view can have within it")}
	case data.PhysF32, data.PhysF64:
		return data.Value{F: []float64{float64(x%8) / 4, math.NaN(), math.Copysign(0, -1), 0}[rnd.IntN(4)]}
	case data.PhysI128:
		return data.Value{D: data.Int128{Hi: x, Lo: rnd.Uint64()}}
	case data.PhysTime:
		return data.Value{I: x, Nano: rnd.Int32N(1000000)}
	case data.PhysBool:
		return data.Value{I: x & 1}
	case data.PhysList:
		v := data.Value{}
		for range rnd.IntN(4) {
			v.Elems = append(v.Elems, random(rnd, t.Args[0]))
		}
		return v
	case data.PhysRow:
		return data.Value{Elems: []data.Value{random(rnd, t.Args[0]), random(rnd, t.Args[1])}}
	}
	return data.Value{I: x}
}

// TestRowsComeBack writes random rows, reads them in another order with
// repetitions and gaps, and compares both forms they can be read in.
func TestRowsComeBack(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	types := columns()
	l := New(types)
	var s Scratch
	for range 50 {
		b := data.MakeBatch(types, 300)
		for k, v := range b.Cols {
			for i := range b.N {
				v.SetValueAt(i, random(rnd, types[k]))
			}
		}
		var rows []int32
		for i := range int32(b.N) {
			if rnd.IntN(3) > 0 {
				rows = append(rows, i)
			}
		}
		sizes, err := l.Sizes(&s, b.Cols, rows)
		if err != nil {
			t.Fatal(err)
		}
		recs := make([]unsafe.Pointer, len(rows))
		for i, n := range sizes {
			memory := make([]uint64, (n+7)/8)
			for k := range memory {
				memory[k] = rnd.Uint64()
			}
			recs[i] = unsafe.Pointer(&memory[0])
		}
		l.Write(&s, b.Cols, rows, recs)
		which := make([]int, len(types))
		for k := range which {
			which[k] = k
		}
		for i, r := range rows {
			if got, want := l.Append(nil, recs[i], which), data.EncodeRow(nil, b.Cols, which, int(r)); string(got) != string(want) {
				t.Fatalf("row %d is %q, not %q", i, got, want)
			}
			if l.Size(recs[i]) != int(sizes[i]) {
				t.Fatalf("row %d has %d bytes, not %d", i, l.Size(recs[i]), sizes[i])
			}
		}
		var from []int
		var picked []unsafe.Pointer
		for range 400 {
			i := rnd.IntN(len(rows)+10) - 10
			from = append(from, i)
			if i < 0 {
				picked = append(picked, nil)
				continue
			}
			picked = append(picked, recs[i])
		}
		var p Picks
		p.Pick(picked)
		for k, typ := range types {
			v, err := l.Gather(&p, k, typ)
			if err != nil {
				t.Fatal(err)
			}
			for i, f := range from {
				if f < 0 {
					if !v.IsNull(i) {
						t.Fatalf("column %d of no row is not NULL", k)
					}
					continue
				}
				if !same(v, i, b.Cols[k], int(rows[f])) {
					t.Fatalf("column %d (%s) of row %d is %v, not %v", k, typ, f, v.ValueAt(i), b.Cols[k].ValueAt(int(rows[f])))
				}
			}
			v.Release()
		}
		mix := make([]unsafe.Pointer, len(rows)) // every other row of the batch, the rest of the rows written
		for i := range rows {
			if i%2 == 0 {
				mix[i] = recs[i]
			}
		}
		p.Pick(mix)
		for k, typ := range types {
			v, err := l.Mixed(&p, rows, b.Cols[k], k, typ)
			if err != nil {
				t.Fatal(err)
			}
			for i, r := range rows {
				if !same(v, i, b.Cols[k], int(r)) {
					t.Fatalf("column %d (%s) of mixed row %d is %v, not %v", k, typ, i, v.ValueAt(i), b.Cols[k].ValueAt(int(r)))
				}
			}
			v.Release()
		}
		for range 300 {
			i, j := rnd.IntN(len(rows)), rnd.IntN(len(rows))
			equal := true
			for k, typ := range types {
				c := l.Compare(recs[i], k, b.Cols[k], int(rows[j]))
				if !ordered.Orderable(typ) {
					equal = equal && same(b.Cols[k], int(rows[i]), b.Cols[k], int(rows[j]))
					continue
				}
				by := []graph.SortKey{{Column: k}}
				want := bytes.Compare(ordered.AppendKey(nil, b.Cols, by, int(rows[i])), ordered.AppendKey(nil, b.Cols, by, int(rows[j])))
				if c != want {
					t.Fatalf("%v to %v (%s): %d, not %d", b.Cols[k].ValueAt(int(rows[i])), b.Cols[k].ValueAt(int(rows[j])), typ, c, want)
				}
				equal = equal && c == 0
			}
			if got := l.Equal(&s, recs[i], b.Cols, int(rows[j])); got != equal {
				t.Fatalf("rows %d and %d: equal is %t", i, j, got)
			}
		}
		b.Release()
	}
}

// same tells whether two values are the same, also where they are NaN.
func same(a *data.Vector, i int, b *data.Vector, j int) bool {
	return bytes.Equal(data.EncodeValue(nil, a, i), data.EncodeValue(nil, b, j))
}
