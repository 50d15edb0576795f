package embedded_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/weir-streams/weir/cluster"
	"github.com/weir-streams/weir/cluster/clustertest"
	"github.com/weir-streams/weir/cluster/embedded"
	"github.com/weir-streams/weir/engine"
)

// idle is a job that runs until it is told otherwise and saves nothing but
// the fact.
type idle struct {
	mu       sync.Mutex
	info     engine.JobInfo
	restored *engine.RestoredInfo
	done     chan struct{}
}

func startIdle(ctx context.Context, spec cluster.Spec) (embedded.Job, error) {
	if spec.Artifact.SQLScript == "SELEKT" {
		return nil, errors.New(`line 1, column 1: "SELEKT" is no statement`)
	}
	now := time.Now()
	j := &idle{done: make(chan struct{}), info: engine.JobInfo{
		ID: spec.FlinkJobID(), Name: spec.DeploymentName, State: engine.Running, Start: now, MaxParallelism: 128, Streaming: true,
		Timestamps: map[engine.JobState]time.Time{engine.Running: now},
		Vertices: []engine.VertexInfo{{
			ID: "cbc357ccb763df2852fee8c4fc7d55f2", Name: "Source: nothing",
			Subtasks: make([]engine.SubtaskInfo, spec.Parallelism),
		}},
	}}
	j.tasks(engine.TaskRunning, now, time.Time{})
	if at := spec.SavepointLocation; at != "" {
		if _, err := os.Stat(at); err != nil {
			j.info.Failures = []engine.FailureInfo{{Message: "read savepoint: " + err.Error(), At: now}}
			j.end(engine.Failed)
			return j, nil
		}
		j.restored = &engine.RestoredInfo{ID: 1, Savepoint: true, Path: at, At: now}
	}
	context.AfterFunc(ctx, j.Cancel)
	return j, nil
}

func (j *idle) tasks(s engine.TaskState, start, end time.Time) {
	for i := range j.info.Vertices[0].Subtasks {
		j.info.Vertices[0].Subtasks[i] = engine.SubtaskInfo{State: s, Start: start, End: end}
	}
}

func (j *idle) end(s engine.JobState) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if !j.info.State.Terminal() {
		j.info.State, j.info.End = s, time.Now()
		close(j.done)
	}
}

func (j *idle) Info() engine.JobInfo {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.info
}

func (j *idle) Checkpoints() engine.Checkpoints           { return engine.Checkpoints{RestoredFrom: j.restored} }
func (j *idle) Checkpoint(context.Context) (int64, error) { return 1, nil }
func (j *idle) Output(int64, int) []engine.OutputTable    { return nil }
func (j *idle) Cancel()                                   { j.end(engine.Canceled) }

func (j *idle) Savepoint(_ context.Context, r engine.SavepointRequest) (string, error) {
	path := filepath.Join(r.Dir, "savepoint-1")
	if err := os.MkdirAll(path, 0o700); err != nil {
		return "", fmt.Errorf("write savepoint: %w", err)
	}
	if r.Stop {
		j.end(engine.Finished)
	}
	return path, nil
}

func (j *idle) Wait(ctx context.Context) error {
	select {
	case <-j.done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func TestEmbeddedKeepsTheContract(t *testing.T) {
	subject := func(t *testing.T) clustertest.Subject {
		l := embedded.New(startIdle)
		t.Cleanup(func() {
			if err := l.Close(context.Background()); err != nil {
				t.Error(err)
			}
		})
		return clustertest.Subject{
			Launcher: l, Directory: t.TempDir(),
			Artifact: cluster.Artifact{Kind: "SQLSCRIPT", SQLScript: "INSERT"},
			Broken:   &cluster.Artifact{Kind: "SQLSCRIPT", SQLScript: "SELEKT"},
			Kill: func(t *testing.T, ref cluster.Ref) {
				client, err := l.Connect(t.Context(), ref)
				if err == nil {
					err = client.Shutdown(t.Context())
				}
				if err != nil {
					t.Fatal(err)
				}
			},
		}
	}
	clustertest.Run(t, func(t *testing.T) clustertest.Subject {
		s := subject(t)
		s.Kill = nil
		return s
	})
	clustertest.RunSessions(t, subject)
}

func TestOtherProgramsAreRefused(t *testing.T) {
	l := embedded.New(startIdle)
	err := l.Launch(context.Background(), cluster.Spec{Artifact: cluster.Artifact{Kind: "JAR"}})
	if !errors.Is(err, cluster.ErrRefused) {
		t.Errorf("error %v", err)
	}
}

func TestCloseEndsJobs(t *testing.T) {
	ctx := context.Background()
	var job embedded.Job
	l := embedded.New(func(ctx context.Context, s cluster.Spec) (embedded.Job, error) {
		j, err := startIdle(ctx, s)
		job = j
		return j, err
	})
	spec := cluster.Spec{Ref: cluster.Ref{JobID: "a"}, Parallelism: 1, Artifact: cluster.Artifact{Kind: "SQLSCRIPT"}}
	if err := l.Launch(ctx, spec); err != nil {
		t.Fatal(err)
	}
	client, err := l.Connect(ctx, spec.Ref)
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Close(ctx); err != nil {
		t.Fatal(err)
	}
	if s := job.Info().State; s != engine.Canceled {
		t.Errorf("job is %s", s)
	}
	if _, err := client.Overview(ctx); err == nil {
		t.Error("a closed cluster answers")
	}
	if err := l.Launch(ctx, spec); err == nil {
		t.Error("a closed launcher launches")
	}
}
