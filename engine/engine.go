// Package engine is the streaming engine: SQL scripts become dataflow graphs,
// graphs run as jobs with checkpointed state. It is a library that knows
// nothing of deployments, servers or the platform above it.
package engine

import (
	"log/slog"
	"time"

	"github.com/weir-streams/weir/engine/connector"
	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/graph"
)

// Config is what an Engine is made with.
type Config struct {
	Log *slog.Logger
	// Dir is what relative paths in scripts are relative to; empty: the process's.
	Dir string
}

// Plan is a compiled script: one job that can be started any number of times.
type Plan struct {
	Graph  *graph.Graph
	Name   string            // pipeline.name, or the names of the sinks
	Config map[string]string // the configuration given, with the script's SETs over it
	// Sources and Sinks are the tables read and written.
	Sources, Sinks []graph.Table
}

// JobSpec says what to start and from which state.
type JobSpec struct {
	ID     string // 32 hex digits; chosen by the caller
	Name   string
	Graph  *graph.Graph
	Config map[string]string // Flink's keys: parallelism.default, execution.checkpointing.*, restart-strategy.*, …
	// SavepointPath is the savepoint or checkpoint to start from; empty: empty state.
	SavepointPath string
	// AllowNonRestored starts even if the savepoint has state no operator takes.
	AllowNonRestored bool
	// Collect receives the result of a SELECT, batch by batch, in order, from one
	// goroutine; it must not keep b. An error ends the job.
	Collect func(b *data.Batch) error
	// Print receives rows of print sinks as they are written.
	Print func(rows []connector.Printed)
}

// JobState is the state of a job, with Flink's names.
type JobState string

// States of a job.
const (
	Initializing JobState = "INITIALIZING"
	Created      JobState = "CREATED"
	Running      JobState = "RUNNING"
	Failing      JobState = "FAILING"
	Failed       JobState = "FAILED"
	Cancelling   JobState = "CANCELLING"
	Canceled     JobState = "CANCELED"
	Finished     JobState = "FINISHED"
	Restarting   JobState = "RESTARTING"
)

// Terminal tells whether the state is final.
func (s JobState) Terminal() bool { return s == Failed || s == Canceled || s == Finished }

// JobInfo is a picture of a job at one moment.
type JobInfo struct {
	ID, Name   string
	State      JobState
	Start, End time.Time              // End is zero while it is not terminal
	Timestamps map[JobState]time.Time // last entry into each state
	Restarts   int
	// MaxParallelism is the number of key groups.
	MaxParallelism int
	Vertices       []VertexInfo
	Failures       []FailureInfo // newest first, at most 16
	Streaming      bool          // false: all sources are bounded
}

// VertexInfo is one vertex of the graph.
type VertexInfo struct {
	ID, Name string
	Detail   string // one line for each operator
	Inputs   []graph.Edge
	Subtasks []SubtaskInfo
}

// SubtaskInfo is one task. Busy, BackPressured and Idle add up to the time run.
type SubtaskInfo struct {
	State                     TaskState
	Attempt                   int
	Start, End                time.Time
	RecordsIn, RecordsOut     int64 // of the chain's ends, since the start of the attempt
	BytesIn, BytesOut         int64
	Busy, BackPressured, Idle time.Duration
	Watermark                 int64 // milliseconds; data.MinWatermark: none yet
	LateDropped, Corrupt      int64
	StateBytes, StateKeys     int64
}

// TaskState is the state of a task, with Flink's names.
type TaskState string

// States of a task.
const (
	TaskCreated      TaskState = "CREATED"
	TaskScheduled    TaskState = "SCHEDULED"
	TaskDeploying    TaskState = "DEPLOYING"
	TaskInitializing TaskState = "INITIALIZING"
	TaskRunning      TaskState = "RUNNING"
	TaskFinished     TaskState = "FINISHED"
	TaskCanceling    TaskState = "CANCELING"
	TaskCanceled     TaskState = "CANCELED"
	TaskFailed       TaskState = "FAILED"
)

// FailureInfo is why a job or task failed once.
type FailureInfo struct {
	Message string // one or more lines
	Task    string // "Source: flights (1/3)"; empty: the job itself
	At      time.Time
}

// CheckpointInfo is one checkpoint or savepoint, finished or not.
type CheckpointInfo struct {
	ID        int64
	Savepoint bool
	Sync      bool   // a savepoint that stops the job
	Status    string // IN_PROGRESS, COMPLETED, FAILED
	Triggered time.Time
	Completed time.Time // zero while in progress
	Bytes     int64
	Path      string // file:/… of a completed one
	Failure   string
	Discarded bool
	// Subtasks and Acknowledged count tasks.
	Subtasks, Acknowledged int
}

// Checkpoints is the checkpoint statistics of a job.
type Checkpoints struct {
	Enabled                                        bool
	Interval, Timeout                              time.Duration
	Completed, Failed, InProgress, Total, Restored int64
	History                                        []CheckpointInfo // newest first, at most 10
	LatestCompleted, LatestSavepoint, LatestFailed *CheckpointInfo
	// RestoredFrom is the state the current attempt began from.
	RestoredFrom *RestoredInfo
}

// RestoredInfo is the proof of what a job was restored from.
type RestoredInfo struct {
	ID        int64
	Savepoint bool
	Path      string
	At        time.Time
}

// SavepointRequest asks for a savepoint.
type SavepointRequest struct {
	Dir   string // the savepoint becomes a new folder in it
	Stop  bool   // end the job as FINISHED when it is complete and its output committed
	Drain bool   // with Stop: close all windows first
}
