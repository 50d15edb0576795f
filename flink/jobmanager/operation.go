package jobmanager

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/weir-streams/weir/engine"
	"github.com/weir-streams/weir/flink"
)

// operations are the savepoints, stops and checkpoints that were asked for.
type operations struct {
	mu    sync.Mutex
	known map[operationKey]*operation
}

// operationKey: savepoints and stops share one space of ids, checkpoints have
// their own.
type operationKey struct {
	checkpoint   bool
	job, trigger string
}

type operation struct {
	stop   bool
	ended  time.Time        // zero while in progress
	result *flink.Operation // nil while in progress
}

// begin registers an operation; fresh is false when the id is known already.
func (o *operations) begin(key operationKey, stop bool) (op *operation, fresh, stopping, full bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.forget()
	if op, ok := o.known[key]; ok {
		return op, false, false, false
	}
	of := 0
	for k := range o.known {
		if k.job == key.job {
			of++
		}
	}
	if of >= operationsMax {
		return nil, false, false, true
	}
	for k, other := range o.known {
		stopping = stopping || k.job == key.job && other.stop && other.result == nil
	}
	op = &operation{stop: stop}
	if o.known == nil {
		o.known = map[operationKey]*operation{}
	}
	o.known[key] = op
	return op, true, stopping, false
}

func (o *operations) end(op *operation, result flink.Operation) {
	o.mu.Lock()
	defer o.mu.Unlock()
	op.result, op.ended = &result, time.Now()
}

func (o *operations) find(key operationKey) (flink.OperationResponse, bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.forget()
	op, ok := o.known[key]
	if !ok {
		return flink.OperationResponse{}, false
	}
	state := flink.InProgress
	if op.result != nil {
		state = flink.Completed
	}
	return flink.OperationResponse{Status: flink.StatusID{ID: state}, Operation: op.result}, true
}

func (o *operations) forget() {
	for key, op := range o.known {
		if op.result != nil && time.Since(op.ended) > resultsKept {
			delete(o.known, key)
		}
	}
}

func (m *JobManager) serveSavepoint(w http.ResponseWriter, r *http.Request) {
	var req flink.SavepointRequest
	if err := readBody(w, r, "SavepointTriggerRequestBody", &req); err != nil {
		failWith(w, err)
		return
	}
	m.serveTrigger(w, r, req.TriggerID, "target-directory", engine.SavepointRequest{Dir: req.TargetDirectory}, req.CancelJob)
}

func (m *JobManager) serveStop(w http.ResponseWriter, r *http.Request) {
	var req flink.StopRequest
	if err := readBody(w, r, "StopWithSavepointRequestBody", &req); err != nil {
		failWith(w, err)
		return
	}
	m.serveTrigger(w, r, req.TriggerID, "targetDirectory", engine.SavepointRequest{Dir: req.TargetDirectory, Stop: true, Drain: req.Drain}, false)
}

func (m *JobManager) serveTrigger(w http.ResponseWriter, r *http.Request, trigger, property string, req engine.SavepointRequest, cancel bool) {
	key, err := operationID(r, trigger)
	if err != nil {
		failWith(w, err)
		return
	}
	job := m.jobs.find(key.job)
	if req.Dir == "" && job != nil {
		req.Dir = job.configuration["execution.checkpointing.savepoint-dir"]
	}
	if req.Dir == "" {
		fail(w, http.StatusBadRequest, restException+"Config key [execution.checkpointing.savepoint-dir] is not set. Property ["+property+"] must be provided.")
		return
	}
	m.begin(w, job, key, req.Stop, func(ctx context.Context) (flink.Operation, error) {
		path, err := job.Savepoint(ctx, req)
		if err == nil && cancel {
			job.Cancel()
		}
		return flink.Operation{Location: path}, err
	})
}

func (m *JobManager) serveCheckpoint(w http.ResponseWriter, r *http.Request) {
	var req struct {
		TriggerID string `json:"triggerId"`
	}
	if err := readBody(w, r, "CheckpointTriggerRequestBody", &req); err != nil {
		failWith(w, err)
		return
	}
	key, err := operationID(r, req.TriggerID)
	if err != nil {
		failWith(w, err)
		return
	}
	key.checkpoint = true
	job := m.jobs.find(key.job)
	m.begin(w, job, key, false, func(ctx context.Context) (flink.Operation, error) {
		id, err := job.Checkpoint(ctx)
		return flink.Operation{CheckpointID: &id}, err
	})
}

func operationID(r *http.Request, trigger string) (operationKey, error) {
	id, err := hexID("jobid", r.PathValue("job"))
	if err != nil {
		return operationKey{}, err
	}
	if trigger == "" {
		b := make([]byte, 16)
		_, _ = rand.Read(b) // never fails
		trigger = hex.EncodeToString(b)
	}
	if trigger, err = hexID("triggerId", trigger); err != nil {
		return operationKey{}, err
	}
	return operationKey{job: id, trigger: trigger}, nil
}

// begin starts an operation, or finds the one with the same id, and answers.
// It runs on a goroutine of ours: the client asks again for the outcome.
func (m *JobManager) begin(w http.ResponseWriter, job *served, key operationKey, stop bool, run func(context.Context) (flink.Operation, error)) {
	op, fresh, stopping, full := m.operations.begin(key, stop)
	if full {
		fail(w, http.StatusServiceUnavailable, restException+fmt.Sprintf("More than %d operations were asked for in the last minutes.", operationsMax))
		return
	}
	var state engine.JobState
	if job != nil {
		state = job.Info().State
	}
	switch {
	case !fresh:
	case job == nil:
		m.end(key, op, flink.Operation{}, flinkSays("Could not find Flink job ("+key.job+")"))
	case state.Terminal():
		m.end(key, op, flink.Operation{}, fmt.Errorf("job %s has ended: it is %s", key.job, state))
	case stopping:
		// Flink fails both stops and restarts the job. The first is not to
		// blame, so only the one that comes too late fails here.
		m.end(key, op, flink.Operation{}, flinkSays("Checkpoint Coordinator is suspending: job "+key.job+" is being stopped with a savepoint"))
	default:
		if !m.spawn(func() {
			result, err := run(m.ctx)
			m.end(key, op, result, err)
		}) {
			panic(http.ErrAbortHandler)
		}
	}
	reply(w, http.StatusAccepted, flink.TriggerResponse{RequestID: key.trigger})
}

// flinkSays is an error in Flink's own words, for those who look for them.
type flinkSays string

func (s flinkSays) Error() string { return string(s) }

func (m *JobManager) end(key operationKey, op *operation, result flink.Operation, err error) {
	if err != nil {
		why := cause(err.Error())
		why.Class = "org.apache.flink.runtime.checkpoint.CheckpointException"
		result = flink.Operation{FailureCause: why}
		if key.checkpoint {
			result = flink.Operation{CheckpointFailure: why}
		}
	}
	m.operations.end(op, result)
}

// serveSavepointStatus does not ask for the job to be ours: an operation on
// an unknown job was accepted and has failed.
func (m *JobManager) serveSavepointStatus(w http.ResponseWriter, r *http.Request) {
	m.serveStatus(w, r, "savepoint", false)
}

func (m *JobManager) checkpointStatus(r request) (any, error) {
	return m.status(r.Request, "checkpoint", true)
}

func (m *JobManager) serveStatus(w http.ResponseWriter, r *http.Request, kind string, checkpoint bool) {
	v, err := m.status(r, kind, checkpoint)
	if err != nil {
		failWith(w, err)
		return
	}
	reply(w, http.StatusOK, v)
}

func (m *JobManager) status(r *http.Request, kind string, checkpoint bool) (any, error) {
	job, err := hexID("jobid", r.PathValue("job"))
	if err != nil {
		return nil, err
	}
	trigger, err := hexID("triggerid", r.PathValue("trigger"))
	if err != nil {
		return nil, err
	}
	found, ok := m.operations.find(operationKey{checkpoint, job, trigger})
	if !ok {
		return nil, failure{http.StatusNotFound, fmt.Sprintf("%sThere is no %s operation with triggerId=%s for job %s.", restException, kind, trigger, job)}
	}
	return found, nil
}

func (m *JobManager) serveCancel(w http.ResponseWriter, r *http.Request) {
	id, err := hexID("jobid", r.PathValue("job"))
	if err != nil {
		failWith(w, err)
		return
	}
	job := m.jobs.find(id)
	var state engine.JobState
	if job != nil {
		state = job.Info().State
	}
	mode := r.URL.Query().Get("mode")
	switch {
	case mode == "stop":
		fail(w, http.StatusPermanentRedirect, restException+`The termination mode "stop" has been removed. For an ungraceful shutdown, please use "cancel" instead. For a graceful shutdown, please use "jobs/:jobId/stop" instead.`)
	case mode != "" && mode != "cancel":
		fail(w, http.StatusBadRequest, restException+fmt.Sprintf("The termination mode %q is not known; use \"cancel\".", mode))
	case job == nil:
		fail(w, http.StatusNotFound, restException+"Job could not be found.")
	case state.Terminal() && state != engine.Canceled:
		fail(w, http.StatusConflict, restException+fmt.Sprintf("Job cancellation failed because the job has already reached another terminal state (%s).", state))
	default:
		job.Cancel()
		reply(w, http.StatusAccepted, object{})
	}
}

func (m *JobManager) serveShutdown(w http.ResponseWriter, _ *http.Request) {
	reply(w, http.StatusOK, object{})
	if m.config.Shutdown != nil {
		m.once.Do(func() { m.spawn(m.config.Shutdown) })
	}
}
