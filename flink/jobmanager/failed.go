package jobmanager

import (
	"context"
	"fmt"
	"time"

	"github.com/weir-streams/weir/engine"
)

// FailedJob is a job that never ran, because its program does not compile or
// its state cannot be read: FAILED from the start, with the reason.
func FailedJob(id, name string, started time.Time, reason error) *Failed {
	now := time.Now()
	return &Failed{reason, engine.JobInfo{
		ID: id, Name: name, State: engine.Failed, Start: started, End: now, Streaming: true,
		Timestamps: map[engine.JobState]time.Time{engine.Initializing: started, engine.Failed: now},
		Failures:   []engine.FailureInfo{{Message: reason.Error(), At: now}},
	}}
}

// Failed is a job that never ran.
type Failed struct {
	reason error
	info   engine.JobInfo
}

// Info is a picture of the job; it does not change.
func (j *Failed) Info() engine.JobInfo { return j.info }

// Checkpoints are none.
func (j *Failed) Checkpoints() engine.Checkpoints { return engine.Checkpoints{} }

// Cancel does nothing: the job has ended.
func (j *Failed) Cancel() {}

// Wait returns the reason at once.
func (j *Failed) Wait(context.Context) error { return j.reason }

// Output is empty.
func (j *Failed) Output(int64, int) []engine.OutputTable { return nil }

// Savepoint is an error.
func (j *Failed) Savepoint(context.Context, engine.SavepointRequest) (string, error) {
	return "", fmt.Errorf("the job did not start: %w", j.reason)
}

// Checkpoint is an error.
func (j *Failed) Checkpoint(context.Context) (int64, error) {
	return 0, fmt.Errorf("the job did not start: %w", j.reason)
}
