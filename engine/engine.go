// Package engine is the streaming engine: SQL scripts become dataflow graphs,
// graphs run as jobs with checkpointed state. It is a library that knows
// nothing of deployments, servers or the platform above it.
package engine

import (
	"log/slog"

	"github.com/weir-streams/weir/engine/checkpoint"
	"github.com/weir-streams/weir/engine/connector"
	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/format"
	"github.com/weir-streams/weir/engine/graph"
	"github.com/weir-streams/weir/engine/runtime"
	"github.com/weir-streams/weir/engine/udf"
)

// Config is what an Engine is made with.
type Config struct {
	Log *slog.Logger
	// Dir is what relative paths in scripts are relative to; empty: the process's.
	Dir string
	// Connectors and Formats are plug-ins besides the built-in ones.
	Connectors []*connector.Connector
	Formats    []*format.Format
	// Functions are functions besides the built-in ones, as package udf makes them.
	Functions []udf.Function
	// Fetch reads modules of functions that are named by a URI and are no files of
	// this machine; nil: from buckets, with the settings of the environment.
	Fetch udf.Fetch
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

// What is known of a job while it runs and after. The types are those of the
// rooms that fill them.
type (
	// JobState is the state of a job, with Flink's names.
	JobState = runtime.State
	// JobInfo is a picture of a job at one moment.
	JobInfo = runtime.Info
	// VertexInfo is one vertex of the graph.
	VertexInfo = runtime.VertexInfo
	// SubtaskInfo is one task.
	SubtaskInfo = runtime.SubtaskInfo
	// OperatorInfo is one operator of one task.
	OperatorInfo = runtime.OperatorInfo
	// TaskState is the state of a task, with Flink's names.
	TaskState = runtime.TaskState
	// FailureInfo is why a job or task failed once.
	FailureInfo = runtime.FailureInfo
	// CheckpointInfo is one checkpoint or savepoint, finished or not.
	CheckpointInfo = checkpoint.Info
	// Checkpoints is the checkpoint statistics of a job.
	Checkpoints = checkpoint.Stats
	// RestoredInfo is the proof of what a job was restored from.
	RestoredInfo = checkpoint.RestoredInfo
)

// States of a job.
const (
	Initializing = runtime.Initializing
	Created      = runtime.Created
	Running      = runtime.Running
	Failing      = runtime.Failing
	Failed       = runtime.Failed
	Cancelling   = runtime.Cancelling
	Canceled     = runtime.Canceled
	Finished     = runtime.Finished
	Restarting   = runtime.Restarting
)

// States of a task.
const (
	TaskCreated      = runtime.TaskCreated
	TaskScheduled    = runtime.TaskScheduled
	TaskDeploying    = runtime.TaskDeploying
	TaskInitializing = runtime.TaskInitializing
	TaskRunning      = runtime.TaskRunning
	TaskFinished     = runtime.TaskFinished
	TaskCanceling    = runtime.TaskCanceling
	TaskCanceled     = runtime.TaskCanceled
	TaskFailed       = runtime.TaskFailed
)

// Labels that goroutines of tasks carry in profiles.
const (
	LabelJob     = runtime.LabelJob
	LabelVertex  = runtime.LabelVertex
	LabelSubtask = runtime.LabelSubtask
)

// SavepointRequest asks for a savepoint.
type SavepointRequest struct {
	Dir   string // the savepoint becomes a new folder in it
	Stop  bool   // end the job as FINISHED when it is complete and its output committed
	Drain bool   // with Stop: close all windows first
}
