package state

import (
	"encoding/binary"
	"math/rand/v2"
	"slices"
	"testing"
	"unsafe"

	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/packed"
)

// TestPackedRowsAreRead packs a row with all kinds of columns, and reads it back
// in the row codec; damaged ones are refused or read as something, never more.
func TestPackedRowsAreRead(t *testing.T) {
	types := []data.Type{data.Of(data.BigInt), data.Of(data.VarChar), data.Of(data.Int), data.Of(data.Boolean), data.Of(data.VarChar), data.Of(data.Double)}
	b := data.MakeBatch(types, 2)
	b.N = 2
	defer b.Release()
	b.Cols[0].I64[0], b.Cols[2].I32[0], b.Cols[3].Bool[0], b.Cols[5].F64[0] = -7, 9, 1, 2.5
	b.Cols[1].SetBytes(0, []byte("a text longer than a view has room for"))
	b.Cols[4].SetBytes(0, []byte("short"))
	for _, c := range b.Cols {
		data.SetNullRow(c, 1)
	}
	layout := packed.New(types)
	// The canonical form: the last column first, a number, the others, another number.
	places := []int{5, -1, 0, 1, 2, 3, 4, -1}
	var schema []data.Column
	for _, p := range places {
		typ := data.Of(data.BigInt)
		if p >= 0 {
			typ = types[p]
		}
		schema = append(schema, data.Column{Type: typ})
	}
	u, err := NewUnpacker(&Declared{Name: "s", Schema: schema, Packed: places})
	if err != nil {
		t.Fatal(err)
	}
	r := rand.New(rand.NewPCG(3, 4))
	for row := range 2 {
		var scratch packed.Scratch
		sizes, err := layout.Sizes(&scratch, b.Cols, []int32{int32(row)})
		if err != nil {
			t.Fatal(err)
		}
		words := make([]uint64, (sizes[0]+7)/8)
		rec := unsafe.Pointer(&words[0])
		layout.Write(&scratch, b.Cols, []int32{int32(row)}, []unsafe.Pointer{rec})
		p := binary.AppendVarint(binary.AppendVarint(nil, 1<<40), -3)
		p = append(p, layout.Raw(rec)...)
		want := layout.AppendValue(nil, rec, 5)
		want = binary.AppendVarint(append(want, 1), 1<<40)
		want = layout.Append(want, rec, []int{0, 1, 2, 3, 4})
		want = binary.AppendVarint(append(want, 1), -3)
		one := func(p []byte) ([]byte, error) {
			out, err := u.Rows(append(binary.AppendUvarint(nil, uint64(len(p))), p...))
			if err != nil {
				return nil, err
			}
			_, n := binary.Uvarint(out)
			return out[n:], nil
		}
		if got, err := one(p); err != nil || string(got) != string(want) {
			t.Errorf("row %d: %x instead of %x: %v", row, got, want, err)
		}
		for n := range p {
			if _, err := one(p[:n]); err == nil {
				t.Errorf("row %d was read when cut at %d of %d", row, n, len(p))
			}
		}
		for range 2000 {
			bad := append([]byte(nil), p...)
			bad[r.IntN(len(bad))] ^= 1 << r.IntN(8)
			_, _ = one(bad) // it need only end
		}
	}
	for _, bad := range [][]int{{0}, {1, -1, 0, 1, 2, 3, 4, 9}, {0, -1, 0, 0, 0, 0, 2, -1}} {
		if _, err := NewUnpacker(&Declared{Schema: schema, Packed: bad}); err == nil {
			t.Errorf("columns %v were taken", bad)
		}
	}
}

// TestRunsAreReadAsRows writes rows that begin alike together and reads each; what
// is damaged ends with an error or rows.
func TestRunsAreReadAsRows(t *testing.T) {
	var chunk *Chunk
	w := NewWriter(1, false, sinkOf(func(c *Chunk) { chunk = c }))
	schema := []data.Column{{Type: data.Of(data.VarChar)}, {Type: data.Of(data.BigInt)}}
	if to := w.Keyed("s", 1, 2, schema); to.Runs() {
		t.Error("savepoints have rows, not runs")
	}
	w.Packs = true
	to := w.Keyed("s", 1, 2, schema)
	if !to.Runs() {
		t.Fatal("rows cannot be put several at a time")
	}
	var want []string
	for i := range 200 {
		head := make([]byte, i)
		for k := range head {
			head[k] = byte(i)
		}
		run := append(binary.AppendUvarint(to.Open(0), uint64(len(head))), head...)
		for k := range i % 5 {
			rest := binary.AppendVarint([]byte{1}, int64(k)*1000)
			run = append(append(run, byte(len(rest))), rest...)
			want = append(want, string(head)+string(rest))
		}
		to.CloseRun(0, run, i%5)
	}
	w.Flush()
	d := w.Snapshot.Keyed[1].Declared
	if d.Rows != int64(len(want)) {
		t.Errorf("%d rows are counted, not %d", d.Rows, len(want))
	}
	u, err := NewUnpacker(&d)
	if err != nil {
		t.Fatal(err)
	}
	var all []byte
	var got []string
	if err := chunk.Each(func(_ int, _ Kind, _ int, rows []byte) error {
		all = append(all, rows...)
		out, err := u.Rows(rows)
		if err != nil {
			return err
		}
		return EachOf(out, func(row []byte) error { got = append(got, string(row)); return nil })
	}); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(got, want) {
		t.Errorf("%d rows are read, not the %d that were put", len(got), len(want))
	}
	r := rand.New(rand.NewPCG(5, 6))
	for range 2000 {
		bad := slices.Clone(all)
		bad[r.IntN(len(bad))] ^= 1 << r.IntN(8)
		_, _ = u.Rows(bad) // it need only end
	}
	if _, err := NewUnpacker(&Declared{Runs: true, Packed: []int{0}}); err == nil {
		t.Error("rows are packed and in runs")
	}
}
