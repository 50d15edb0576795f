package checkpoint

import "time"

// Barrier is what travels through the tasks.
type Barrier struct {
	ID int64
	// Stop asks for silence after the barrier: no rows, no timers, until the
	// savepoint fails or the job ends.
	Stop bool
	// Drain asks sources to end their streams before the barrier.
	Drain bool
	// CommitOnly asks only those operators for a snapshot that have something to
	// commit: the end of a bounded job that is not checkpointed.
	CommitOnly bool
	// Last is CommitOnly for the end of a bounded job that is checkpointed: sources
	// are told of it as well. Where there is something to commit, a checkpoint of
	// everything follows.
	Last bool

	draft *folderDraft // that large state is written to while tasks go on; nil: it stays in memory
}

// Info is one checkpoint or savepoint, finished or not.
type Info struct {
	ID        int64
	Savepoint bool
	Sync      bool   // a savepoint that stops the job
	Status    string // IN_PROGRESS, COMPLETED, FAILED
	Triggered time.Time
	Completed time.Time // zero while in progress
	Bytes     int64     // of all state that it refers to
	Written   int64     // bytes that were new
	Path      string    // file:/… of a completed one
	Failure   string
	Discarded bool
	// Subtasks and Acknowledged count tasks.
	Subtasks, Acknowledged int
}

// The statuses of Info.
const (
	InProgress = "IN_PROGRESS"
	Completed  = "COMPLETED"
	Failed     = "FAILED"
)

// Stats is the checkpoint statistics of a job.
type Stats struct {
	Enabled                                        bool
	Interval, Timeout                              time.Duration
	Completed, Failed, InProgress, Total, Restored int64
	History                                        []Info // newest first, at most 10
	LatestCompleted, LatestSavepoint, LatestFailed *Info
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
