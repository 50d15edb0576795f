// Package checkpoint makes the state of a job durable and gives it back: the
// coordinator that sends barriers and gathers what tasks acknowledge, the
// format of checkpoints and savepoints, where they lie, and how state is dealt
// out at another parallelism.
//
// The rule: a checkpoint exists exactly when its _metadata does. It is written
// last, made durable with everything it refers to, and renamed into place; it
// says the length and checksum of every block, so damage is never taken for state.
package checkpoint

import (
	"time"

	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/state"
	"github.com/weir-streams/weir/engine/storage"
)

// Part is the state of one operator subtask at a barrier.
type Part struct {
	UID, Name            string
	Subtask, Parallelism int
	// State is what was written; rows that went to Stream are not in it.
	State  state.Snapshot
	Stream *Stream
}

// Ack is what a task answers to a barrier.
type Ack struct {
	Checkpoint int64
	Task       int
	Parts      []Part
	Err        error         // the snapshot could not be taken
	Commits    bool          // there is output that waits to be committed
	Stopped    time.Duration // for which the task did nothing else at the barrier
}

// State is what a job can be started from.
type State interface {
	// ID is the number of the checkpoint.
	ID() int64
	// Savepoint tells whether it is a savepoint.
	Savepoint() bool
	// Path is where it lies, as a file: URI, or NotAddressable.
	Path() string
	// MaxParallelism is the number of key groups it was taken with.
	MaxParallelism() int
	// Operators lists the operators with state, by UID and name.
	Operators() []Operator
	// Reader gives the state that concerns one of parallelism subtasks of the
	// operator with this UID; nil if there is none for it.
	Reader(uid string, subtask, parallelism int) (*state.Reader, error)
	// Verify reads everything and checks it.
	Verify() error
	// Release frees what is held to read it quickly.
	Release()
	// size is the bytes of all state.
	size() int64
}

// Operator says what state there is of one operator.
type Operator struct {
	UID, Name   string
	Parallelism int
	// Rows is exact where Layers is 1: more than one may have the same row.
	Rows, Bytes int64
	Layers      int // of the longest chain
	Items       int
	Keyed       []Shape // each once
}

// shape adds rows of a keyed state.
func (o *Operator) shape(name string, keys int, schema []data.Column, rows int64) {
	o.Rows += rows
	for i := range o.Keyed {
		if k := &o.Keyed[i]; k.Name == name {
			if k.Rows == 0 { // the form that rows are written in counts
				k.Keys, k.Schema = keys, schema
			}
			k.Rows += rows
			return
		}
	}
	o.Keyed = append(o.Keyed, Shape{name, keys, schema, rows})
}

// NotAddressable is the path of a checkpoint held in memory, in Flink's words.
const NotAddressable = "<checkpoint-not-externally-addressable>"

// Config is how a job is checkpointed.
type Config struct {
	Interval   time.Duration // 0: no periodic checkpoints
	Timeout    time.Duration // of one checkpoint
	MinPause   time.Duration // between the end of one and the start of the next
	Tolerable  int           // failed ones in a row that do not fail the job
	Retained   int           // completed ones to keep, at least 1
	Dir        string        // checkpoints lie in Dir/<job id>: a path or s3://…; empty: in memory
	Savepoints string        // where savepoints go that name no folder
	Retention  Retention
	// Incremental checkpoints write what changed and refer to earlier ones for the rest.
	Incremental bool
	// Compress makes checkpoints smaller, for about as much processor time as it
	// takes to write them otherwise. Savepoints always are compressed.
	Compress bool
	// Storage is how places are reached that are no local folders.
	Storage storage.Config
	// Files replaces the storage, for tests of what it does wrong; nil: none.
	Files func(root string) storage.Store
}

func (c *Config) open(root string) (storage.Store, error) {
	if c.Files != nil {
		return c.Files(root), nil
	}
	return storage.Open(root, c.Storage)
}

// Retention says what becomes of checkpoints when the job ends.
type Retention string

// Retentions, in Flink's words.
const (
	NoRetention          Retention = "NO_EXTERNALIZED_CHECKPOINTS"
	DeleteOnCancellation Retention = "DELETE_ON_CANCELLATION"
	RetainOnCancellation Retention = "RETAIN_ON_CANCELLATION"
)
