// Package operator is the contract of streaming operators and holds the simple
// ones: calc, watermark, union, values, sink. Aggregations and windows are
// sub-packages.
//
// An operator belongs to one task and is called by one goroutine: it holds no
// locks, calls no clock, starts nothing.
package operator

import (
	"context"
	"log/slog"

	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/function"
	"github.com/weir-streams/weir/engine/state"
)

// Operator transforms a stream.
type Operator interface {
	// Open is called once, before Restore and everything else.
	Open(c *Context) error
	// Process handles a batch from an input (0, 1, …). The operator now owns b:
	// it releases it or gives it on.
	Process(input int, b *data.Batch, out Output) error
	// Watermark says that event time, over all inputs, has reached wm
	// milliseconds: no more rows at or before it are to be expected. The operator
	// gives what is complete and then sends the watermark on with out.Watermark.
	// It is called after the rows it covers, with growing values;
	// data.MaxWatermark comes at the end of bounded input.
	Watermark(wm int64, out Output) error
	// Close frees what Open took. It may be called at any time, once.
	Close() error
}

// Output takes what an operator gives. Both calls may block for as long as the
// receiver is slow, and fail when the job is being cancelled: return that error.
type Output interface {
	Emit(b *data.Batch) error // takes over b
	Watermark(wm int64) error
}

// Idler is implemented by the Outputs the runtime gives: Idle(true) says that
// this stream has nothing for now and shall not hold back the watermarks of
// those it is merged with; Idle(false) takes it back before rows follow.
// Operators that find a stream idle (watermark assigners) call it:
// if i, ok := out.(operator.Idler); ok { err = i.Idle(true) }. Others need not
// care: it passes them by.
type Idler interface {
	Idle(idle bool) error
}

// Idling is implemented by operators that must know when their input holds
// watermarks back no more (true), and when it does again (false).
type Idling interface {
	Idle(on bool)
}

// Stateful is implemented by operators that keep state.
type Stateful interface {
	// Snapshot writes the state as it is at a barrier. Nothing may be kept that
	// changes later: what w was given is copied or immutable.
	Snapshot(w *state.Writer) error
	// Restore reads the parts of all former subtasks that concern this one: keyed
	// rows of its key groups, its share of the lists. Called after Open, before
	// the first batch, only if there is state for this operator.
	Restore(r *state.Reader) error
}

// Snapshotter is implemented by operators whose state may be large: their
// snapshot is written in slices while they go on. The runtime uses it in place
// of Stateful.Snapshot.
type Snapshotter interface {
	Stateful
	// Begin fixes the state of this moment as that of a checkpoint and declares
	// all keyed states; it does not write in proportion to what there is. With
	// w.Incremental only what changed since the last completed checkpoint is
	// needed: one that End called completed. w is kept until End.
	Begin(w *state.Writer) error
	// Continue writes about half a millisecond's worth of the snapshot begun last,
	// as the state was at Begin: what is changed before it was written is written
	// before it is changed. It is called between batches, watermarks and ticks, not
	// at all while storage is slow, and not again once it has returned true.
	Continue() (done bool, err error)
	// End says that a snapshot is over, whether all of it was written or not. When
	// it is completed what it holds is durable: later ones may leave it out, and
	// name what is deleted from now on. When it is not, nothing may build on it;
	// that also holds for savepoints.
	End(checkpoint int64, completed bool)
}

// Resumer is implemented by Snapshotters whose first snapshot after Restore can
// be incremental. Resumed comes after Restore when what was read is the latest
// completed checkpoint of this very subtask: all of it is durable, as after End.
type Resumer interface {
	Resumed(checkpoint int64)
}

// Timed is implemented by operators that wait for processing time.
type Timed interface {
	// Tick says that the clock has reached now, milliseconds since the epoch. It
	// comes at or after the time asked for with Context.WakeAt.
	Tick(now int64, out Output) error
}

// Committer is implemented by sinks that publish in two phases. Prepare is
// part of Snapshot.
type Committer interface {
	// Commit says that the checkpoint is complete and durable; what was prepared
	// for it and earlier ones is published now. Idempotent.
	Commit(checkpoint int64) error
}

// Finisher is implemented by operators that have more to give at the end of
// bounded input, after Watermark(data.MaxWatermark).
type Finisher interface {
	Finish(out Output) error
}

// Context is what the runtime tells an operator.
type Context struct {
	JobID          string
	Attempt        int // counts the starts of this job in this process, from 0
	UID            string
	Subtask        int
	Parallelism    int
	MaxParallelism int             // number of key groups
	Input          [][]data.Column // schema of each input
	Output         []data.Column
	Env            *function.Env // Now is set before each call
	Log            *slog.Logger  // never per row
	// Running ends when the task is to stop: for operators that wait for somebody
	// outside. nil where none does.
	Running context.Context
	// WakeAt asks for a Tick at a processing time. One wish is kept: the earliest.
	WakeAt func(at int64)
	// Vacant tells whether the source of the operator's chain has nothing to read
	// and so holds no event time back; nil where no source is in the chain.
	Vacant func() bool
	// Memory accounts state held off the heap, in bytes, and refuses what is over
	// the job's budget.
	Memory *state.Budget
	// Splits are those of the source of the operator's chain, nil where it does
	// not tell them apart.
	Splits *data.Splits
	// Metrics of this operator; plain counters read by others at leisure.
	Metrics *Metrics
}
