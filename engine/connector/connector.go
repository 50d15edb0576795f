// Package connector is the contract of sources and sinks. A connector declares
// its options once; the WITH clause is checked from that, and the reference
// page and the forms of the UI are made from it.
package connector

import (
	"context"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/format"
	"github.com/weir-streams/weir/engine/graph"
	"github.com/weir-streams/weir/engine/option"
)

// Connector is one entry of the table in engine/builtin.go.
type Connector struct {
	Name    string // value of 'connector'
	Doc     string
	Options []option.Option // without 'connector' and those of the format
	// Formats it can be used with; empty: it has no 'format' option.
	Formats bool
	// KeyFormats: rows have a key besides the value, with 'key.format', 'key.fields'
	// and the options of that format under "key.".
	KeyFormats bool
	// Upsert: what is read are upserts and deletes by the table's primary key,
	// which it must have; what is written replaces by that key.
	Upsert bool
	// Bounded tells whether a source with these options ends by itself.
	Bounded func(o option.Values) bool
	// AcceptsUpdates: the sink takes changes of all kinds. One with Formats takes
	// them wherever its format writes them.
	AcceptsUpdates bool
	// NoBefore: the sink has no use for what a row was before it was updated.
	NoBefore bool
	// Overwrites: what a table has can be written over, in batch mode.
	Overwrites bool
	Source     func(s SourceSpec) (Source, error) // nil: cannot be read
	Sink       func(s SinkSpec) (Sink, error)     // nil: cannot be written
	// Lookup opens the table for questions by key; nil: it cannot be asked. See
	// LookupCaches for what a lookup join can do with the table.
	Lookup func(s LookupSpec) (Lookup, error)
	// Check looks at options together, beyond what Options says; may be nil.
	Check func(t graph.Table, o option.Values) error
}

// SourceSpec is one subtask's source, opened once for each start.
type SourceSpec struct {
	Source        graph.Source
	Schema        []data.Column // of the rows to give
	Options       option.Values
	Format        *format.Format // nil without one
	FormatOptions option.Values
	// KeyFormat is the format of the records' keys, nil without one.
	KeyFormat        *format.Format
	KeyFormatOptions option.Values
	Subtask          int
	Parallelism      int
	Dir              string // relative paths are relative to it
	Log              *slog.Logger
	Corrupt          func(n int64)         // counts skipped records
	Waited           func(d time.Duration) // accounts time spent waiting within Poll; may be nil
}

// Source reads splits. It is used by one goroutine.
//
// A split is a part of the input that is read in order, such as a file. The
// assignment of splits to subtasks depends on the split's id alone, so it is
// the same wherever a job is restored: a subtask reads the splits for which
// Owns(id, subtask, parallelism).
type Source interface {
	// Restore gives every split that any former subtask knew, with how far it had
	// been read. Called before the first Poll, not at all on an empty start.
	Restore(splits []Split) error
	// Poll fills b (columns of Schema, at most data.BatchSize rows) with what is
	// there, and says how to go on. It does not block longer than about 10 ms;
	// ctx ends it early.
	Poll(ctx context.Context, b *data.Batch) (Status, error)
	// Splits is the position of this subtask, right after the last Poll: all
	// splits it owns, those read to the end included.
	Splits() []Split
	Close() error
}

// Listener is implemented by sources that tell others how far a completed
// checkpoint has read, such as a consumer group. It is called by the goroutine
// that polls.
type Listener interface {
	// Checkpointed says that the Splits just taken belong to a checkpoint.
	Checkpointed(id int64)
	// Completed says that the checkpoint, and all before it, are durable.
	Completed(id int64)
}

// Tracker is implemented by sources whose batches tell their split.
type Tracker interface {
	// Tracked gives the splits of this subtask. They are filled by the first Poll
	// and change with others.
	Tracked() *data.Splits
}

// Awaitable is implemented by sources that can tell when there is something to
// poll after they were Idle.
type Awaitable interface {
	// Arrivals gives a channel with a signal for each time that something came, or
	// for several; the caller waits on it between polls, for a while at most.
	// It is called before the first Poll.
	Arrivals() <-chan struct{}
}

// Split is a part of the input and how far it has been read.
type Split struct {
	ID       string `json:"id"`
	Position []byte `json:"position,omitzero"` // the connector's own encoding
	Done     bool   `json:"done,omitzero"`
}

// Status says how a source goes on.
type Status int

// What Poll says.
const (
	More  Status = iota // poll again at once
	Idle                // nothing now; poll again after a little while. The source is idle for watermarks if it owns nothing unread
	Ended               // bounded and at its end
)

// Owns is the assignment of splits to subtasks.
func Owns(splitID string, subtask, parallelism int) bool {
	return Owner(splitID, parallelism) == subtask
}

// Owner is the subtask that reads a split.
func Owner(splitID string, parallelism int) int {
	return data.GroupOwner(data.KeyGroup(data.HashBytes([]byte(splitID)), 1<<15), parallelism, 1<<15)
}

// SinkSpec is one subtask's sink.
type SinkSpec struct {
	Sink          graph.Sink
	Schema        []data.Column
	Options       option.Values
	Format        *format.Format
	FormatOptions option.Values
	// KeyFormat is the format of the records' keys, nil without one.
	KeyFormat        *format.Format
	KeyFormatOptions option.Values
	Subtask          int
	Parallelism      int
	// JobID and Attempt make names of files unique: no two writers ever share one.
	JobID   string
	Attempt int
	Dir     string
	Log     *slog.Logger
	// Running ends when the task is to stop: nobody waits for anybody outside any
	// longer. nil: it never does.
	Running context.Context
	// Shared is one for all subtasks of the sink.
	Shared *Shared
	// Print receives rows of sinks that show their rows to people.
	Print func(rows []Printed)
}

// Context is Running, or one that never ends.
func (s *SinkSpec) Context() context.Context {
	if s.Running == nil {
		return context.Background()
	}
	return s.Running
}

// Shared is where the subtasks of a sink find what they know together.
type Shared struct {
	mu      sync.Mutex
	attempt int
	value   any
}

// Of is the value of an attempt; the first that asks makes it.
func (s *Shared) Of(attempt int, make func() any) any {
	if s == nil {
		return make()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.value == nil || s.attempt != attempt {
		s.value, s.attempt = make(), attempt
	}
	return s.value
}

// Timed is implemented by sinks that follow event time. It is called between
// Writes, by the same goroutine.
type Timed interface{ Watermark(ms int64) }

// Printed is one row for people.
type Printed struct {
	Table  string
	Prefix string // what Flink's print sink puts before the row: "orders:2> "
	Op     data.Op
	Values []*string // nil for NULL
}

// String is the line of Flink's print sink: orders:2> +I[1, x, null].
func (p Printed) String() string {
	var b strings.Builder
	b.WriteString(p.Prefix)
	b.WriteString(p.Op.String())
	b.WriteByte('[')
	for i, v := range p.Values {
		if i > 0 {
			b.WriteString(", ")
		}
		if v == nil {
			b.WriteString("null")
		} else {
			b.WriteString(*v)
		}
	}
	b.WriteByte(']')
	return b.String()
}

// Sink writes rows; used by one goroutine. What is written becomes visible at
// the latest when Commit is called for the checkpoint after it.
type Sink interface {
	// Write takes the rows of b that count; b stays the caller's.
	Write(b *data.Batch) error
	// Prepare makes everything written so far durable but not yet visible, and
	// returns what Commit needs to publish it after any crash. Sinks that cannot
	// hide their output flush it and return nothing.
	Prepare(checkpoint int64) (committables [][]byte, err error)
	// Commit publishes. It is idempotent: after a crash it is called again, maybe
	// by another subtask or process.
	Commit(committables [][]byte) error
	// Abort removes what was written but never prepared; called when the job
	// fails or is cancelled. Prepared output stays.
	Abort() error
	Close() error
}
