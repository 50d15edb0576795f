package jobmanager

import (
	"context"
	"time"

	"github.com/weir-streams/weir/engine"
)

// Absent is a job that something else is about to start, or never will: what
// answers for it meanwhile.
type Absent struct {
	cancel func()
	info   engine.JobInfo
}

// StartingJob is INITIALIZING. cancel is called when somebody wants it to end.
func StartingJob(id, name string, began time.Time, cancel func()) *Absent {
	return absent(id, name, engine.Initializing, began, cancel)
}

// CanceledJob was cancelled before it ran.
func CanceledJob(id, name string, began time.Time) *Absent {
	j := absent(id, name, engine.Canceled, began, func() {})
	j.info.End = time.Now()
	return j
}

func absent(id, name string, state engine.JobState, began time.Time, cancel func()) *Absent {
	return &Absent{cancel, engine.JobInfo{
		ID: id, Name: name, State: state, Start: began, Streaming: true, Timestamps: map[engine.JobState]time.Time{engine.Initializing: began, state: time.Now()},
	}}
}

// Info is a picture of the job.
func (j *Absent) Info() engine.JobInfo { return j.info }

// Checkpoints are none.
func (j *Absent) Checkpoints() engine.Checkpoints { return engine.Checkpoints{} }

// Savepoint is an error.
func (j *Absent) Savepoint(context.Context, engine.SavepointRequest) (string, error) {
	return "", flinkSays("Not all required tasks are currently running.")
}

// Checkpoint is an error.
func (j *Absent) Checkpoint(context.Context) (int64, error) {
	return 0, flinkSays("Not all required tasks are currently running.")
}

// Cancel passes the wish on.
func (j *Absent) Cancel() { j.cancel() }

// Output is empty.
func (j *Absent) Output(int64, int) []engine.OutputTable { return nil }
