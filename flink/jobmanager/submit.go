package jobmanager

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/weir-streams/weir/engine"
)

// Bounds of a session cluster.
const (
	jobsMax       = 1000             // served, ended ones too, until they are removed
	removedMax    = 10_000           // ids of removed jobs that are remembered
	maxSubmission = 16 << 20         // bytes
	removalWait   = 10 * time.Second // for the end of a job that is removed
)

// Submit reads the body of PUT /weir/v1/jobs/:id. An error is the client's
// fault and changes nothing.
type Submit func(id string, body []byte) (Submission, error)

// Submission is a job that a client brought, not yet started.
type Submission struct {
	Name          string
	Configuration map[string]string
	// Start starts the job, which lives until it ends or ctx does. An error is
	// what is wrong with the program or its settings, for good.
	Start func(ctx context.Context) (EndingJob, error)
}

// EndingJob is a job whose end can be awaited.
type EndingJob interface {
	Job
	Wait(ctx context.Context) error
}

// serveSubmit is PUT /weir/v1/jobs/:id. It answers when the job is under way,
// not when it runs; asking again does nothing.
func (m *JobManager) serveSubmit(w http.ResponseWriter, r *http.Request) {
	id, err := hexID("jobid", r.PathValue("job"))
	if err != nil {
		failWith(w, err)
		return
	}
	if m.config.Submit == nil {
		fail(w, http.StatusConflict, restException+"This cluster was made for one job and takes no other.")
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxSubmission))
	if err != nil {
		fail(w, http.StatusRequestEntityTooLarge, restException+fmt.Sprintf("The job could not be read: %v.", err))
		return
	}
	sub, err := m.config.Submit(id, body)
	if err != nil {
		fail(w, http.StatusBadRequest, restException+err.Error())
		return
	}
	job := &brought{id: id, name: sub.Name, began: time.Now(), set: make(chan struct{})}
	switch m.jobs.arrive(&served{Job: job, id: id, configuration: sub.Configuration}) {
	case knownAlready:
	case removedBefore:
		fail(w, http.StatusGone, restException+"Job "+id+" was removed from this cluster; a job is never started a second time.")
		return
	case closing:
		fail(w, http.StatusServiceUnavailable, restException+"This cluster is ending.")
		return
	case tooMany:
		fail(w, http.StatusServiceUnavailable, restException+fmt.Sprintf("There are %d jobs on this cluster already.", jobsMax))
		return
	case added:
		if !m.spawn(func() {
			job.start(m.ctx, sub)
			_ = job.Wait(m.ctx) // so that the job hears that somebody waits; how it ended, Info tells
		}) {
			panic(http.ErrAbortHandler)
		}
	}
	reply(w, http.StatusAccepted, object{"jobid": id})
}

// serveRemove is DELETE /weir/v1/jobs/:id: the job is cancelled, awaited and
// forgotten, and no job of this id is taken any more.
func (m *JobManager) serveRemove(w http.ResponseWriter, r *http.Request) {
	id, err := hexID("jobid", r.PathValue("job"))
	if err != nil {
		failWith(w, err)
		return
	}
	if m.config.Submit == nil {
		fail(w, http.StatusConflict, restException+"This cluster was made for one job; DELETE /cluster ends both.")
		return
	}
	m.jobs.ban(id)
	job := m.jobs.find(id)
	if job != nil {
		job.Cancel()
		ctx, cancel := context.WithTimeout(r.Context(), removalWait)
		defer cancel()
		if b, ok := job.Job.(*brought); ok {
			_ = b.Wait(ctx) // how it ended is not asked here
		}
		if state := job.Info().State; !state.Terminal() {
			fail(w, http.StatusServiceUnavailable, restException+fmt.Sprintf("Job %s has not ended yet; it is %s.", id, state))
			return
		}
		m.jobs.drop(id)
	}
	reply(w, http.StatusOK, object{})
}

// Running counts the jobs that have not ended.
func (m *JobManager) Running() int { return running(m.jobs.infos()) }

// CancelJobs begins to end the jobs that clients brought, and takes no more.
func (m *JobManager) CancelJobs() {
	m.jobs.close()
	for _, s := range m.jobs.all() {
		if b, ok := s.Job.(*brought); ok {
			b.Cancel()
		}
	}
}

// EndJobs is CancelJobs that waits for their end, or for that of ctx. It
// returns how many have not ended.
func (m *JobManager) EndJobs(ctx context.Context) (left int) {
	m.CancelJobs()
	for _, s := range m.jobs.all() {
		if b, ok := s.Job.(*brought); ok {
			_ = b.Wait(ctx) // what matters is only whether it has ended
			if !b.Info().State.Terminal() {
				left++
			}
		}
	}
	return left
}

// brought is a job from the moment a client brought it: INITIALIZING until it
// is started.
type brought struct {
	id, name string
	began    time.Time
	set      chan struct{} // closed once job is set

	mu        sync.Mutex
	job       EndingJob
	cancelled bool
}

// start starts the job; one that cannot be started is FAILED, and says why.
func (b *brought) start(ctx context.Context, sub Submission) {
	job, err := sub.Start(ctx)
	if err != nil {
		job = FailedJob(b.id, b.name, b.began, err)
	}
	b.mu.Lock()
	b.job = job
	cancelled := b.cancelled
	b.mu.Unlock()
	close(b.set)
	if cancelled {
		job.Cancel()
	}
}

// started is the job itself, nil before it is started.
func (b *brought) started() Job {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.job == nil {
		return nil
	}
	return b.job
}

// Info is a picture of the job.
func (b *brought) Info() engine.JobInfo {
	if job := b.started(); job != nil {
		return job.Info()
	}
	return engine.JobInfo{
		ID: b.id, Name: b.name, State: engine.Initializing, Start: b.began, Streaming: true,
		Timestamps: map[engine.JobState]time.Time{engine.Initializing: b.began},
	}
}

// Checkpoints are none before the job is started.
func (b *brought) Checkpoints() engine.Checkpoints {
	if job := b.started(); job != nil {
		return job.Checkpoints()
	}
	return engine.Checkpoints{}
}

// Savepoint writes a savepoint.
func (b *brought) Savepoint(ctx context.Context, r engine.SavepointRequest) (string, error) {
	if job := b.started(); job != nil {
		return job.Savepoint(ctx, r)
	}
	return "", flinkSays("Not all required tasks are currently running.")
}

// Checkpoint takes a checkpoint now.
func (b *brought) Checkpoint(ctx context.Context) (int64, error) {
	if job := b.started(); job != nil {
		return job.Checkpoint(ctx)
	}
	return 0, flinkSays("Not all required tasks are currently running.")
}

// Cancel begins to end the job, now or as soon as it is started.
func (b *brought) Cancel() {
	b.mu.Lock()
	b.cancelled = true
	job := b.job
	b.mu.Unlock()
	if job != nil {
		job.Cancel()
	}
}

// Output gives the last printed rows.
func (b *brought) Output(after int64, limit int) []engine.OutputTable {
	if job := b.started(); job != nil {
		return job.Output(after, limit)
	}
	return nil
}

// Wait waits for the job's end.
func (b *brought) Wait(ctx context.Context) error {
	select {
	case <-b.set:
	case <-ctx.Done():
		return ctx.Err()
	}
	b.mu.Lock()
	job := b.job
	b.mu.Unlock()
	return job.Wait(ctx)
}
