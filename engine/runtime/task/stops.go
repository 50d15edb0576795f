package task

import (
	"math/bits"
	"sync/atomic"
	"time"
)

// Stops counts how long barriers stopped a task: the time in which it did
// nothing but take its snapshot, without waiting for those after it.
type Stops struct {
	buckets [40]atomic.Int64 // by the number of bits of microseconds
	longest atomic.Int64     // nanoseconds
}

// Add counts one.
func (s *Stops) Add(d time.Duration) {
	s.buckets[min(bits.Len64(uint64(d.Microseconds())), len(s.buckets)-1)].Add(1)
	for {
		old := s.longest.Load()
		if int64(d) <= old || s.longest.CompareAndSwap(old, int64(d)) {
			return
		}
	}
}

// Merge adds what another has counted.
func (s *Stops) Merge(o *Stops) {
	for i := range o.buckets {
		s.buckets[i].Add(o.buckets[i].Load())
	}
	s.longest.Store(max(s.longest.Load(), o.longest.Load()))
}

// Longest is the longest one.
func (s *Stops) Longest() time.Duration { return time.Duration(s.longest.Load()) }

// Count is how many there were.
func (s *Stops) Count() (n int64) {
	for i := range s.buckets {
		n += s.buckets[i].Load()
	}
	return n
}

// Quantile is a time that a share q of all stops did not exceed, rounded up to
// a power of two of microseconds; never more than the longest.
func (s *Stops) Quantile(q float64) time.Duration {
	left := int64(q * float64(s.Count()))
	for i := range s.buckets {
		if left -= s.buckets[i].Load(); left < 0 {
			return min(time.Duration(int64(1)<<i)*time.Microsecond, s.Longest())
		}
	}
	return s.Longest()
}
