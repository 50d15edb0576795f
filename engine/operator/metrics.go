package operator

import "sync/atomic"

// Metrics are counters of one operator subtask. The task's goroutine adds a
// batch at a time; anybody may read.
type Metrics struct {
	RecordsIn   atomic.Int64
	RecordsOut  atomic.Int64
	BytesIn     atomic.Int64 // sources
	BytesOut    atomic.Int64 // sinks
	Waited      atomic.Int64 // sources: nanoseconds held back by a rate limit
	LateDropped atomic.Int64 // rows that came after their window was closed
	Corrupt     atomic.Int64 // records a format skipped
	Watermark   atomic.Int64 // milliseconds; data.MinWatermark until there is one
	StateBytes  atomic.Int64
	StateKeys   atomic.Int64
	StateTTL    atomic.Int64 // milliseconds that a key is kept without being touched; 0: for ever; -1: keys do not age by themselves
	// Splits is how far event time is in each split of a source, for those who
	// ask which of them holds it back; nil: not told apart. At most MaxSplits.
	Splits atomic.Pointer[[]SplitTime]
}

// MaxSplits bounds how many splits the metrics of an operator tell apart.
const MaxSplits = 64

// SplitTime is event time in one split.
type SplitTime struct {
	ID        string
	Watermark int64 // milliseconds; data.MinWatermark: no row yet
	LastRow   int64 // processing time of its last row, in milliseconds
	Idle      bool  // it holds event time back no longer
	Ended     bool
}
