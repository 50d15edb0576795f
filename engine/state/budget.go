package state

import (
	"fmt"
	"math/bits"
	"sync"
	"sync/atomic"
)

// Budget bounds the memory in which a job keeps state. Its tasks share it. What
// is over it goes to a file where SpillTo names a folder, else it is refused.
type Budget struct {
	limit  int64
	folder string

	used   atomic.Int64 // bytes in memory
	fixed  atomic.Int64 // of these, what cannot be spilled
	arenas atomic.Int64 // that have something to spill
	trims  atomic.Int64

	mu    sync.Mutex
	spill *spill

	host  string // the folder under which it is the host's, if users > 0
	users int    // guarded by host
}

// NewBudget allows limit bytes; 0 allows any amount.
func NewBudget(limit int64) *Budget { return &Budget{limit: limit} }

// SpillTo lets state that is over the budget go to a file in a folder, which is
// made if it is missing. It returns the budget. It must be called before the
// budget is used, and Close after.
func (b *Budget) SpillTo(folder string) *Budget {
	if b.limit > 0 {
		b.folder = folder
	}
	return b
}

// Close gives the file back. All that was accounted must have been freed. Of a
// budget that is shared the last Close does so.
func (b *Budget) Close() error {
	host.Lock()
	if b.users > 0 {
		if b.users--; b.users > 0 {
			host.Unlock()
			return nil
		}
		delete(host.budgets, b.host)
	}
	host.Unlock()
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.spill == nil {
		return nil
	}
	s := b.spill
	b.spill = nil
	spilling(-1)
	return s.close()
}

// Take accounts n bytes that stay in memory, or refuses with an error that says
// what to change.
func (b *Budget) Take(n int64) error {
	if b == nil {
		return nil
	}
	fixed, used := b.fixed.Add(n), b.used.Add(n)
	if b.limit == 0 || used <= b.limit || b.folder != "" && fixed <= b.limit {
		return nil
	}
	b.Give(n)
	if b.folder != "" {
		used = fixed
	}
	return b.refuse(used - b.limit)
}

func (b *Budget) refuse(over int64) error {
	return fmt.Errorf("state needs %d bytes more than the budget of %d bytes; raise state.backend.memory", over, b.limit)
}

// Give returns n bytes.
func (b *Budget) Give(n int64) {
	if b != nil {
		b.fixed.Add(-n)
		b.used.Add(-n)
	}
}

// Used is the number of bytes in memory now.
func (b *Budget) Used() int64 { return b.used.Load() }

// Spilled is the number of bytes in the file now.
func (b *Budget) Spilled() int64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.spill == nil {
		return 0
	}
	b.spill.mu.Lock()
	defer b.spill.mu.Unlock()
	return b.spill.held
}

// tight tells whether memory is to be saved: half of what is allowed is in use.
func (b *Budget) tight() bool { return b != nil && b.limit > 0 && b.used.Load() > b.limit/2 }

// over tells whether more is in memory than there should be.
func (b *Budget) over() bool {
	return b != nil && b.folder != "" && b.used.Load() > b.limit
}

// share is what one arena may have in memory when there is not enough for all.
func (b *Budget) share() int64 {
	return (b.limit - b.fixed.Load()) / max(b.arenas.Load(), 1)
}

// segmentSize is the size of full-grown segments: small budgets need small ones.
func (b *Budget) segmentSize() int {
	if b == nil || b.folder == "" {
		return bigSegment
	}
	return min(max(1<<(bits.Len64(uint64(b.limit/64))-1), mappedSegment), bigSegment)
}

// file is the file to spill to.
func (b *Budget) file() (*spill, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.spill == nil {
		s, err := openSpill(b.folder)
		if err != nil {
			return nil, err
		}
		b.spill = s
		spilling(1)
	}
	return b.spill, nil
}

// trimEvery is after how many calls of tend residency is looked at.
const trimEvery = 2

// tend is called now and then by who has mapped segments.
func (b *Budget) tend() {
	if b.trims.Add(1)%trimEvery == 0 {
		if s, err := b.file(); err == nil {
			s.trim(b.limit / 10)
		}
	}
}
