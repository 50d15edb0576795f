package connector

import (
	"context"
	"time"
)

// Limiter lets rows through at a steady rate: a few rows every few
// milliseconds, never a second's worth at once. A nil Limiter has no limit. It
// belongs to one goroutine.
type Limiter struct {
	total float64 // rows a second of all subtasks
	rate  float64 // rows a second of this subtask
	owed  float64 // rows that may be given now
	since time.Time
	told  func(time.Duration)
}

const (
	limiterPause = 2 * time.Millisecond  // between two givings, so that batches are not single rows
	limiterBurst = 50 * time.Millisecond // what is made up for after a standstill
	limiterWait  = 8 * time.Millisecond  // longest wait of one Take
)

// NewLimiter makes the limiter of one of n subtasks that share rows per second
// between them; nil if there is no limit (perSecond <= 0). told hears of the
// time spent waiting, and may be nil.
func NewLimiter(perSecond int64, n int, told func(time.Duration)) *Limiter {
	if perSecond <= 0 {
		return nil
	}
	l := &Limiter{total: float64(perSecond), told: told}
	l.Share(n)
	return l
}

// Share says that n subtasks have something to give, this one among them.
func (l *Limiter) Share(n int) {
	if l != nil {
		l.rate = l.total / float64(max(n, 1))
	}
}

// Take returns how many rows, at most most, may be given now. It waits some
// milliseconds for that; 0 means not yet.
func (l *Limiter) Take(ctx context.Context, most int) int {
	if l == nil {
		return most
	}
	waited := time.Duration(0)
	if l.told != nil {
		defer func() { l.told(waited) }()
	}
	for {
		now := time.Now()
		if l.since.IsZero() {
			l.since = now
		}
		l.owed = min(l.owed+l.rate*now.Sub(l.since).Seconds(), max(l.rate*limiterBurst.Seconds(), 2))
		l.since = now
		need := min(max(l.rate*limiterPause.Seconds(), 1), float64(most))
		if l.owed >= need {
			n := min(int(l.owed), most)
			l.owed -= float64(n)
			return n
		}
		wait := max(time.Duration((need-l.owed)/l.rate*float64(time.Second)), 50*time.Microsecond)
		if waited >= limiterWait {
			return 0
		}
		wait = min(wait, limiterWait-waited)
		t := time.NewTimer(wait)
		select {
		case <-ctx.Done():
			t.Stop()
			return 0
		case <-t.C:
		}
		waited += time.Since(now)
	}
}

// GiveBack returns rows taken but not given.
func (l *Limiter) GiveBack(n int) {
	if l != nil {
		l.owed += float64(n)
	}
}
