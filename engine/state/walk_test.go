package state

import (
	"testing"
	"unsafe"

	"github.com/weir-streams/weir/engine/data"
)

// TestWalkSeesEveryRecordOnce walks a table in pieces while records are deleted.
func TestWalkSeesEveryRecordOnce(t *testing.T) {
	table := NewTable([]data.Type{data.Of(data.BigInt)}, 8, 0, NewBudget(0))
	defer table.Free()
	const n = 10 * data.BatchSize
	recs := make([]unsafe.Pointer, data.BatchSize)
	for from := int64(0); from < n; from += data.BatchSize {
		b := keyedBatch(data.Of(data.BigInt), data.BatchSize, func(i int) data.Value { return data.Value{I: from + int64(i)} })
		if _, err := table.Resolve(b, []int{0}, allRows(data.BatchSize), recs); err != nil {
			t.Fatal(err)
		}
	}
	for round, want := range []int{n, n / 2} {
		seen := 0
		for at := uint64(0); ; {
			var err error
			if at, err = table.Walk(at, 100, func(rec unsafe.Pointer) error {
				if seen++; round == 0 && seen%2 == 0 {
					return table.Delete(rec)
				}
				return nil
			}); err != nil {
				t.Fatal(err)
			}
			if at == 0 {
				break
			}
		}
		if seen != want {
			t.Errorf("%d records were seen, %d are there", seen, want)
		}
	}
}
