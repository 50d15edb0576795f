package runtime

import (
	"time"

	"github.com/weir-streams/weir/engine/graph"
	"github.com/weir-streams/weir/engine/operator"
)

// State is the state of a job, with Flink's names.
type State string

// States of a job.
const (
	Initializing State = "INITIALIZING"
	Created      State = "CREATED"
	Running      State = "RUNNING"
	Failing      State = "FAILING"
	Failed       State = "FAILED"
	Cancelling   State = "CANCELLING"
	Canceled     State = "CANCELED"
	Finished     State = "FINISHED"
	Restarting   State = "RESTARTING"
)

// Terminal tells whether the state is final.
func (s State) Terminal() bool { return s == Failed || s == Canceled || s == Finished }

// Info is a picture of a job at one moment.
type Info struct {
	ID, Name   string
	State      State
	Start, End time.Time           // End is zero while it is not terminal
	Timestamps map[State]time.Time // last entry into each state
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
	BytesIn, BytesOut         int64 // approximate: what lies in the columns
	Busy, BackPressured, Idle time.Duration
	Watermark                 int64 // milliseconds; data.MinWatermark: none yet
	OutputWatermark           int64 // what the end of the chain has given on
	LateDropped, Corrupt      int64
	StateBytes, StateKeys     int64
	// Barriers counts checkpoints that passed, BarrierP99 is how long 99 of 100
	// stopped the subtask at most, and BarrierMax how long the worst did.
	Barriers               int64
	BarrierP99, BarrierMax time.Duration
	Operators              []OperatorInfo // of the chain, in order
}

// OperatorInfo is one operator of one task. Counters begin with the attempt.
type OperatorInfo struct {
	Name, UID             string
	Source                bool
	RecordsIn, RecordsOut int64
	BytesIn, BytesOut     int64
	Watermark             int64 // milliseconds; data.MinWatermark: none yet
	LateDropped, Corrupt  int64
	StateBytes, StateKeys int64
	// StateTTLMillis is how long a key is kept that nothing touches; 0: for
	// ever; -1: keys do not age by themselves.
	StateTTLMillis int64
	// Splits is event time in each split of the source it follows; nil: not told apart.
	Splits []operator.SplitTime
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

const keptFailures = 16
