package flinkrest

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/weir-streams/weir/engine"
	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/graph"
	"github.com/weir-streams/weir/flink/jobmanager"
)

// aJob is a job that looks like those of the recording, in one state.
type aJob struct {
	mu    sync.Mutex
	state engine.JobState
	start time.Time
}

const ourJob = "0123456789abcdef0123456789abcdef"

var ourVertices = []string{"11111111111111111111111111111111", "22222222222222222222222222222222"}

func (j *aJob) Info() engine.JobInfo {
	j.mu.Lock()
	defer j.mu.Unlock()
	info := engine.JobInfo{
		ID: ourJob, Name: "windowed", State: j.state, Start: j.start, Streaming: true, MaxParallelism: 128,
		Timestamps: map[engine.JobState]time.Time{engine.Initializing: j.start, engine.Created: j.start, j.state: j.start},
	}
	task := engine.SubtaskInfo{
		State: engine.TaskRunning, Start: j.start, RecordsIn: 10, RecordsOut: 5, Busy: time.Second, Watermark: data.MinWatermark,
	}
	switch j.state {
	case engine.Failed:
		task.State = engine.TaskFailed
		info.Failures = []engine.FailureInfo{{Message: "division by zero", Task: "Source: src (1/1)", At: j.start}, {Message: "no task", At: j.start}}
	case engine.Finished:
		task.State = engine.TaskFinished
	case engine.Canceled:
		task.State = engine.TaskCanceled
	}
	if j.state.Terminal() {
		info.End, task.End = j.start.Add(time.Second), j.start.Add(time.Second)
	}
	info.Vertices = []engine.VertexInfo{
		{ID: ourVertices[0], Name: "Source: src", Detail: "read src\n+- k < 3", Subtasks: []engine.SubtaskInfo{task}},
		{ID: ourVertices[1], Name: "Sink: snk", Inputs: []graph.Edge{{Partitioning: graph.Hash, Keys: []int{0}}}, Subtasks: []engine.SubtaskInfo{task}},
	}
	if j.state == engine.Failed { // the recorded one has a single stage
		info.Vertices = info.Vertices[:1]
	}
	return info
}

func (j *aJob) Checkpoints() engine.Checkpoints {
	done := engine.CheckpointInfo{ID: 12, Status: "COMPLETED", Triggered: j.start, Completed: j.start.Add(time.Millisecond), Bytes: 6591, Path: "file:/ck/chk-12", Subtasks: 2, Acknowledged: 2}
	saved := engine.CheckpointInfo{ID: 8, Savepoint: true, Status: "COMPLETED", Triggered: j.start, Completed: j.start, Path: "file:/sp/savepoint-1", Subtasks: 2, Acknowledged: 2}
	failed := engine.CheckpointInfo{ID: 1, Status: "FAILED", Triggered: j.start, Completed: j.start, Failure: "the disk is full", Subtasks: 2}
	ck := engine.Checkpoints{
		Enabled: true, Interval: time.Second, Timeout: time.Minute, Completed: 2, Total: 3, Failed: 1, Restored: 1,
		History: []engine.CheckpointInfo{done, saved}, LatestCompleted: &done, LatestSavepoint: &saved, LatestFailed: &failed,
	}
	if j.state == engine.Failed {
		ck.History = []engine.CheckpointInfo{failed}
	}
	return ck
}

func (j *aJob) Savepoint(_ context.Context, r engine.SavepointRequest) (string, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if r.Dir == "" {
		return "", errors.New("no directory")
	}
	if r.Stop {
		j.state = engine.Finished
	}
	return r.Dir + "/savepoint-1", nil
}

func (j *aJob) Checkpoint(context.Context) (int64, error) { return 11, nil }

func (j *aJob) Output(int64, int) []engine.OutputTable { return nil }

func (j *aJob) Cancel() {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.state = engine.Canceled
}

func TestJobManagerAnswersAsFlink(t *testing.T) {
	states := map[string]engine.JobState{"failed": engine.Failed, "finished": engine.Finished}
	newSubject := func(t *testing.T, label string) subject {
		job := &aJob{state: engine.Running, start: time.Now().Add(-10 * time.Second)}
		if s, ok := states[label]; ok {
			job.state = s
		}
		m := jobmanager.New(jobmanager.Config{Job: job, Configuration: map[string]string{"a": "b"}})
		t.Cleanup(m.Close)
		return subject{handler: m, jobID: ourJob, vertices: ourVertices, settle: func() {
			for end := time.Now().Add(time.Minute); !job.Info().State.Terminal() && time.Now().Before(end); {
				time.Sleep(time.Millisecond)
			}
		}}
	}
	replay(t, newSubject, []difference{
		{label: "failed", path: "GET /jobs/:id/exceptions", diff: `concurrentExceptions: missing|\.(taskName|endpoint|taskManagerId): not in`, reason: "a failure of a task is listed by itself: no exception about missing restarts is wrapped around it"},
	}, func(exchange) bool { return false })
}
