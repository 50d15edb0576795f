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
}
