package state

import (
	"encoding/binary"
	"math/rand/v2"
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
