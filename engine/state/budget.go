package state

import (
	"fmt"
	"sync/atomic"
)

// Budget bounds off-heap memory of one job.
type Budget struct {
	limit int64
	used  atomic.Int64
}

// NewBudget allows limit bytes; 0 allows any amount.
func NewBudget(limit int64) *Budget { return &Budget{limit: limit} }

// Take accounts n bytes, or refuses with an error that says what to change.
func (b *Budget) Take(n int64) error {
	if b == nil {
		return nil
	}
	if used := b.used.Add(n); b.limit > 0 && used > b.limit {
		b.used.Add(-n)
		return fmt.Errorf("state needs %d bytes more than the budget of %d bytes; raise state.backend.memory", used-b.limit, b.limit)
	}
	return nil
}

// Give returns n bytes.
func (b *Budget) Give(n int64) {
	if b != nil {
		b.used.Add(-n)
	}
}

// Used is the number of bytes held now.
func (b *Budget) Used() int64 { return b.used.Load() }
