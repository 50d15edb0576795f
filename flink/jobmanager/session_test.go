package jobmanager_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/weir-streams/weir/engine"
	"github.com/weir-streams/weir/flink"
	"github.com/weir-streams/weir/flink/jobmanager"
)

// shared is a job among others on a session cluster.
type shared struct {
	gated
	id   string
	over chan struct{}
	once sync.Once
}

func (j *shared) Info() engine.JobInfo {
	info := j.gated.Info()
	info.ID, info.Name = j.id, "job "+j.id[31:]
	return info
}

func (j *shared) Cancel() {
	j.gated.Cancel()
	j.once.Do(func() { close(j.over) })
}

func (j *shared) Wait(ctx context.Context) error {
	select {
	case <-j.over:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// session serves a session cluster whose jobs start when the gate lets them.
func session(t *testing.T, gate chan struct{}) (*jobmanager.JobManager, *flink.Client) {
	t.Helper()
	m := jobmanager.New(jobmanager.Config{
		Configuration: map[string]string{flink.IncarnationKey: "s1"},
		Submit: func(id string, body []byte) (jobmanager.Submission, error) {
			text := string(body)
			if text == `"nonsense"` {
				return jobmanager.Submission{}, errors.New("what is this")
			}
			return jobmanager.Submission{
				Name: "orders", Configuration: map[string]string{"execution.checkpointing.savepoint-dir": "/of/" + id[31:]},
				Start: func(ctx context.Context) (jobmanager.EndingJob, error) {
					if text == `"broken"` {
						return nil, errors.New("line 1: no such table")
					}
					if gate != nil {
						<-gate
					}
					j := &shared{gated: gated{state: engine.Running, gate: make(chan error)}, id: id, over: make(chan struct{})}
					context.AfterFunc(ctx, j.Cancel)
					return j, nil
				},
			}, nil
		},
	})
	t.Cleanup(m.Close)
	return m, flink.NewClient(m.Transport(), "http://cluster")
}

func id(n int) string { return fmt.Sprintf("%032d", n) }

func TestASessionClusterServesSeveralJobs(t *testing.T) {
	ctx := t.Context()
	m, c := session(t, nil)
	o, err := c.Overview(ctx)
	if err != nil || o.JobsRunning != 0 || o.SlotsAvailable != o.SlotsTotal {
		t.Errorf("an empty session cluster: %+v, %v", o, err)
	}
	for n := 1; n <= 2; n++ {
		for range 2 { // asking again changes nothing
			if err := c.SubmitJob(ctx, id(n), "INSERT"); err != nil {
				t.Fatal(err)
			}
		}
		until(t, func() bool { s, err := c.JobStatus(ctx, id(n)); return err == nil && s == flink.JobRunning })
	}
	jobs, err := c.Jobs(ctx)
	if err != nil || len(jobs) != 2 || jobs[0].ID != id(1) || jobs[1].ID != id(2) {
		t.Errorf("jobs %+v, %v", jobs, err)
	}
	if o, err = c.Overview(ctx); err != nil || o.JobsRunning != 2 || o.SlotsTotal-o.SlotsAvailable != 4 {
		t.Errorf("overview %+v, %v; want two jobs in four slots", o, err)
	}
	var all struct{ Applications, Taskmanagers, Jobs []map[string]any }
	for _, path := range []string{"/applications/overview", "/taskmanagers", "/jobs", "/v1/jobs/overview"} {
		if status := get(t, m, path, &all); status != http.StatusOK {
			t.Errorf("%s: %d", path, status)
		}
	}
	if len(all.Applications) != 2 || len(all.Taskmanagers) != 1 || len(all.Jobs) != 2 {
		t.Errorf("lists %+v", all)
	}
	// Two stops of two jobs are no rivals, and each goes to its own place.
	for n := 1; n <= 2; n++ {
		if err := c.StopWithSavepoint(ctx, id(n), flink.StopRequest{TriggerID: one}); err != nil {
			t.Fatal(err)
		}
		if r, err := c.SavepointStatus(ctx, id(n), one); err != nil || r.State != flink.InProgress {
			t.Errorf("stop of job %d: %+v, %v", n, r, err)
		}
	}
	if err := c.Cancel(ctx, id(1)); err != nil {
		t.Fatal(err)
	}
	if s, err := c.JobStatus(ctx, id(1)); err != nil || s != flink.JobCanceled {
		t.Errorf("the cancelled job is %s, %v", s, err)
	}
	if s, err := c.JobStatus(ctx, id(2)); err != nil || s != flink.JobRunning {
		t.Errorf("the other job is %s, %v", s, err)
	}
	if _, err := c.JobStatus(ctx, id(3)); !flink.IsNotFound(err) {
		t.Errorf("a job nobody brought: %v", err)
	}
}

func TestAJobThatWasRemovedNeverComesAgain(t *testing.T) {
	ctx := t.Context()
	_, c := session(t, nil)
	if err := c.SubmitJob(ctx, id(1), "INSERT"); err != nil {
		t.Fatal(err)
	}
	for range 2 { // asking again is fine
		if err := c.RemoveJob(ctx, id(1)); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := c.JobStatus(ctx, id(1)); !flink.IsNotFound(err) {
		t.Errorf("after its removal: %v", err)
	}
	var said *flink.Error
	if err := c.SubmitJob(ctx, id(1), "INSERT"); !errors.As(err, &said) || said.Status != http.StatusGone {
		t.Errorf("it came again: %v", err)
	}
	if err := c.RemoveJob(ctx, id(2)); err != nil { // before it came
		t.Fatal(err)
	}
	if err := c.SubmitJob(ctx, id(2), "INSERT"); err == nil {
		t.Error("it came after it was removed")
	}
}

func TestAJobThatIsBeingStarted(t *testing.T) {
	ctx := t.Context()
	gate := make(chan struct{})
	_, c := session(t, gate)
	if err := c.SubmitJob(ctx, id(1), "INSERT"); err != nil {
		t.Fatal(err)
	}
	if s, err := c.JobStatus(ctx, id(1)); err != nil || s != flink.JobInitializing {
		t.Errorf("before it is started it is %s, %v", s, err)
	}
	if err := c.Cancel(ctx, id(1)); err != nil {
		t.Fatal(err)
	}
	close(gate)
	until(t, func() bool { s, err := c.JobStatus(ctx, id(1)); return err == nil && s == flink.JobCanceled })
}

func TestAProgramThatCannotRunIsAFailedJob(t *testing.T) {
	ctx := t.Context()
	_, c := session(t, nil)
	if err := c.SubmitJob(ctx, id(1), "broken"); err != nil {
		t.Fatal(err)
	}
	until(t, func() bool { s, err := c.JobStatus(ctx, id(1)); return err == nil && s == flink.JobFailed })
	e, err := c.Exceptions(ctx, id(1))
	if err != nil || e.Latest() != "line 1: no such table" || len(e.History.Entries) != 1 || e.History.Entries[0].FailureLabels[flink.LabelRefused] != "true" {
		t.Errorf("exceptions %+v, %v", e, err)
	}
	var said *flink.Error
	if err := c.SubmitJob(ctx, id(2), "nonsense"); !errors.As(err, &said) || said.Status != http.StatusBadRequest {
		t.Errorf("nonsense: %v", err)
	}
	if err := c.SubmitJob(ctx, "xyz", "INSERT"); !errors.As(err, &said) || said.Status != http.StatusBadRequest {
		t.Errorf("an id that is none: %v", err)
	}
}

func TestAnEndingSessionClusterEndsItsJobs(t *testing.T) {
	ctx := t.Context()
	m, c := session(t, nil)
	for n := 1; n <= 3; n++ {
		if err := c.SubmitJob(ctx, id(n), "INSERT"); err != nil {
			t.Fatal(err)
		}
	}
	if left := m.EndJobs(ctx); left != 0 || m.Running() != 0 {
		t.Errorf("%d jobs left, %d run", left, m.Running())
	}
	if err := c.SubmitJob(ctx, id(4), "INSERT"); err == nil {
		t.Error("an ending session cluster takes a job")
	}
}

func TestAClusterOfOneJobTakesNoOther(t *testing.T) {
	_, _, c := serve(t, jobmanager.Config{})
	var said *flink.Error
	if err := c.SubmitJob(t.Context(), id(1), "INSERT"); !errors.As(err, &said) || said.Status != http.StatusConflict {
		t.Errorf("submit: %v", err)
	}
	if err := c.RemoveJob(t.Context(), jobID); !errors.As(err, &said) || said.Status != http.StatusConflict {
		t.Errorf("remove: %v", err)
	}
}

func until(t *testing.T, done func() bool) {
	t.Helper()
	for end := time.Now().Add(time.Minute); !done(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("waited a minute")
		}
	}
}
