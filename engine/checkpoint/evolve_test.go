package checkpoint

import (
	"bytes"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/state"
)

func typ(k data.Kind, precision, scale int) data.Type {
	t := data.Of(k)
	t.Precision, t.Scale = precision, scale
	return t
}

func encodeOne(t *testing.T, typ data.Type, set func(v *data.Vector)) []byte {
	t.Helper()
	b := data.MakeBatch([]data.Type{typ}, 1)
	defer b.Release()
	set(b.Cols[0])
	return data.EncodeRow(nil, b.Cols, []int{0}, 0)
}

func TestWidenedValues(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	put := func(v *data.Vector, x int64) { // x, a number that fits the narrow type, at the scale of the type
		switch v.Type.Phys() {
		case data.PhysI32:
			v.I32[0] = int32(x)
		case data.PhysI64:
			v.I64[0] = x
		case data.PhysF32:
			v.F32[0] = float32(x) / 8
		case data.PhysF64:
			v.F64[0] = float64(x) / 8
		case data.PhysTime:
			v.I64[0] = x
		case data.PhysI128:
			v.I128[0] = data.Int128{Hi: x >> 63, Lo: uint64(x)}
		case data.PhysString:
			v.SetBytes(0, bytes.Repeat([]byte{'x'}, int(x&7)))
		}
	}
	for _, tt := range []struct {
		from, to data.Type
		times    int64
		ok       bool
	}{
		{typ(data.TinyInt, 0, 0), typ(data.BigInt, 0, 0), 1, true},
		{typ(data.Int, 0, 0), typ(data.BigInt, 0, 0), 1, true},
		{typ(data.BigInt, 0, 0), typ(data.Int, 0, 0), 1, false},
		{typ(data.Int, 0, 0), typ(data.Date, 0, 0), 1, false},
		{typ(data.Float, 0, 0), typ(data.Double, 0, 0), 1, true},
		{typ(data.Double, 0, 0), typ(data.Float, 0, 0), 1, false},
		{typ(data.VarChar, 10, 0), typ(data.VarChar, 20, 0), 1, true},
		{typ(data.Char, 10, 0), data.String(), 1, true},
		{typ(data.VarChar, 20, 0), typ(data.VarChar, 10, 0), 1, false},
		{typ(data.Decimal, 10, 2), typ(data.Decimal, 12, 2), 1, true},
		{typ(data.Decimal, 10, 2), typ(data.Decimal, 30, 2), 1, true},
		{typ(data.Decimal, 10, 2), typ(data.Decimal, 13, 5), 1000, true},
		{typ(data.Decimal, 10, 2), typ(data.Decimal, 30, 4), 100, true},
		{typ(data.Decimal, 20, 2), typ(data.Decimal, 30, 4), 100, true},
		{typ(data.Decimal, 10, 2), typ(data.Decimal, 11, 4), 1, false},
		{typ(data.Decimal, 10, 2), typ(data.Decimal, 12, 1), 1, false},
		{typ(data.Timestamp, 3, 0), typ(data.Timestamp, 6, 0), 1, true},
		{typ(data.Timestamp, 0, 0), typ(data.Timestamp, 3, 0), 1, true},
		{typ(data.Timestamp, 6, 0), typ(data.Timestamp, 3, 0), 1, false},
		{typ(data.Timestamp, 3, 0), typ(data.TimestampLTZ, 3, 0), 1, false},
	} {
		e, words, ok := evolve([]data.Column{{Name: "a", Type: tt.from}}, []data.Column{{Name: "a", Type: tt.to}}, 0)
		if ok != tt.ok || words == "" {
			t.Errorf("%s to %s: %v, %q", tt.from, tt.to, ok, words)
		}
		if !ok || e == nil {
			continue
		}
		for range 200 {
			x := int64(int8(r.Uint32()))
			if tt.from.Kind == data.Decimal {
				x = r.Int64N(2_000_000_000) - 1_000_000_000
			}
			got, err := e.row(nil, encodeOne(t, tt.from, func(v *data.Vector) { put(v, x) }))
			want := encodeOne(t, tt.to, func(v *data.Vector) { put(v, x*tt.times) })
			if err != nil || !bytes.Equal(got, want) {
				t.Fatalf("%s to %s: %d gives %x, %v; want %x", tt.from, tt.to, x, got, err, want)
			}
		}
		if got, err := e.row(nil, []byte{0}); err != nil || !bytes.Equal(got, []byte{0}) {
			t.Errorf("%s to %s: NULL gives %x, %v", tt.from, tt.to, got, err)
		}
	}
}

// A start converts what Compare says it can, and refuses the rest.
func TestStateTakesTheFormOfTheQuery(t *testing.T) {
	column := func(name string, t data.Type) data.Column { return data.Column{Name: name, Type: t} }
	old := []data.Column{column("k", typ(data.Int, 0, 0)), column("f", typ(data.Float, 0, 0)), column("s", typ(data.VarChar, 5, 0))}
	m := newMemory(4, groups)
	var w state.Writer
	to := w.Keyed("rows", 1, 1, old)
	b := data.MakeBatch([]data.Type{old[0].Type, old[1].Type, old[2].Type}, 1)
	b.Cols[0].I32[0], b.Cols[1].F32[0] = 7, 1.5
	b.Cols[2].SetBytes(0, []byte("abc"))
	to.Put(3, data.EncodeRow(nil, b.Cols, []int{0, 1, 2}, 0))
	w.List("l", state.Union, [][]byte{{1}})
	m.add(Part{UID: "u", Name: "Join", Parallelism: 1, State: w.Snapshot})
	m.seal()
	for _, tt := range []struct {
		name   string
		schema []data.Column
		fate   Fate
		reason string
	}{
		{"the same", old, Kept, ""},
		{"wider", []data.Column{column("k", typ(data.BigInt, 0, 0)), column("f", typ(data.Double, 0, 0)), column("s", data.String()), column("x", typ(data.Date, 0, 0))}, Migrated, "column x is new"},
		{"a wider float in the key", []data.Column{column("k", typ(data.Double, 0, 0)), old[1], old[2]}, Lost, "cannot hold all values"},
		{"narrower", []data.Column{old[0], old[1], column("s", typ(data.VarChar, 4, 0))}, Lost, "cannot hold all values"},
		{"new and NOT NULL", append(old[:3:3], column("x", typ(data.Int, 0, 0).NotNull())), Lost, "is new and NOT NULL"},
		{"one less", old[:2], Lost, "now needs"},
	} {
		wants := []Want{{UID: "u", Name: "Join", Stateful: true, Keyed: []Shape{{Name: "rows", Keys: 1, Schema: tt.schema}}}}
		v := Compare(m.Operators(), wants)
		if len(v) != 1 || v[0].Fate != tt.fate || !strings.Contains(v[0].Reason, tt.reason) {
			t.Errorf("%s: %+v", tt.name, v)
		}
		if tt.fate == Lost {
			continue
		}
		r, err := InForm(m, wants).Reader("u", 0, 1)
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		err = r.EachRow("rows", func(schema []data.Column, group int, row []byte) error {
			n++
			var types []data.Type
			for i, c := range schema {
				if !c.Type.Equal(tt.schema[i].Type) {
					t.Errorf("%s: column %d is %s", tt.name, i, c.Type)
				}
				types = append(types, c.Type)
			}
			got := data.MakeBatch(types, 1)
			if rest, err := data.DecodeRow(row, got.Cols, 0); err != nil || len(rest) > 0 {
				t.Errorf("%s: %d bytes left, %v", tt.name, len(rest), err)
			}
			if string(got.Cols[2].Bytes(0)) != "abc" || group != 3 {
				t.Errorf("%s: %v in group %d", tt.name, row, group)
			}
			if len(types) == 4 && (got.Cols[0].I64[0] != 7 || got.Cols[1].F64[0] != 1.5 || !got.Cols[3].IsNull(0)) {
				t.Errorf("%s: %v", tt.name, row)
			}
			return nil
		})
		if err != nil || n != 1 || len(r.Items("l")) != 1 {
			t.Errorf("%s: %d rows, %v", tt.name, n, err)
		}
	}
}
