package jobmanager

import (
	"context"
	"fmt"
	"time"

	"github.com/weir-streams/weir/engine"
)

// FailedJob is a job that never ran, because its program does not compile or
// its state cannot be read: FAILED from the start, with the reason.
func FailedJob(id, name string, started time.Time, reason error) Job {
	now := time.Now()
	return failedJob{reason, engine.JobInfo{
		ID: id, Name: name, State: engine.Failed, Start: started, End: now, Streaming: true,
		Timestamps: map[engine.JobState]time.Time{engine.Initializing: started, engine.Failed: now},
		Failures:   []engine.FailureInfo{{Message: reason.Error(), At: now}},
	}}
}

type failedJob struct {
	reason error
	info   engine.JobInfo
}

func (j failedJob) Info() engine.JobInfo            { return j.info }
func (j failedJob) Checkpoints() engine.Checkpoints { return engine.Checkpoints{} }
func (j failedJob) Cancel()                         {}

func (j failedJob) Savepoint(context.Context, engine.SavepointRequest) (string, error) {
	return "", fmt.Errorf("the job did not start: %w", j.reason)
}

func (j failedJob) Checkpoint(context.Context) (int64, error) {
	return 0, fmt.Errorf("the job did not start: %w", j.reason)
}
