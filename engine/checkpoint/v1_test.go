package checkpoint

import (
	"slices"
	"testing"
)

// Savepoints that earlier versions wrote are read.
func TestVersion1IsRead(t *testing.T) {
	for _, tt := range []struct {
		name       string
		rows, size int
	}{{"small", 20, 20}, {"large", 130, 900}} {
		s, err := Open("testdata/v1-" + tt.name)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Verify(); err != nil {
			t.Fatal(err)
		}
		m := &memoryDraft{m: newMemory(9, groups)}
		inMemory := write(t, m, parts(2, tt.rows, tt.size))
		for _, parallelism := range []int{1, 2, 5} {
			wantRows, wantItems := content(t, inMemory, parallelism)
			rows, items := content(t, s, parallelism)
			if !slices.Equal(rows, wantRows) || !slices.Equal(items, wantItems) {
				t.Errorf("%s at parallelism %d: %d rows, %d items; want %d, %d", tt.name, parallelism, len(rows), len(items), len(wantRows), len(wantItems))
			}
		}
		if ops := s.Operators(); len(ops) != 1 || ops[0].Rows != int64(2*tt.rows) || ops[0].Items != 8 {
			t.Errorf("%s: operators %+v", tt.name, ops)
		}
	}
}
