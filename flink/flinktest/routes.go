package flinktest

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/weir-streams/weir/flink"
)

const maxBody = 1 << 20

// ServeHTTP answers as a JobManager, with the faults that were chosen.
func (m *JobManager) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(io.LimitReader(r.Body, maxBody))
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	if rest, ok := strings.CutPrefix(r.URL.Path, "/v1/"); ok {
		r = r.Clone(r.Context())
		r.URL.Path = "/" + rest
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if !m.answering() {
		panic(http.ErrAbortHandler)
	}
	fault := m.choose(Point{Moment: AtRequest, Method: r.Method, Path: r.URL.Path})
	switch fault {
	case LoseRequest:
		panic(http.ErrAbortHandler)
	case Delay:
		if r.Method != http.MethodGet {
			m.late = append(m.late, func() {
				if m.answering() {
					m.answer(&discard{}, r, body)
				}
			})
		}
		panic(http.ErrAbortHandler)
	case LoseReply:
		m.answer(&discard{}, r, body)
		panic(http.ErrAbortHandler)
	}
	m.strike(fault)
	if !m.answering() {
		panic(http.ErrAbortHandler)
	}
	m.answer(w, r, body)
}

// discard is a reply nobody gets.
type discard struct{ header http.Header }

func (d *discard) Header() http.Header {
	if d.header == nil {
		d.header = http.Header{}
	}
	return d.header
}
func (d *discard) Write(b []byte) (int, error) { return len(b), nil }
func (d *discard) WriteHeader(int)             {}

func (m *JobManager) answer(w http.ResponseWriter, r *http.Request, body []byte) {
	if _, pattern := m.mux.Handler(r); pattern == "" {
		if r.Method == http.MethodGet {
			fail(w, http.StatusNotFound, "Unable to load requested file "+r.URL.Path+".")
		} else {
			fail(w, http.StatusNotFound, "Not found: "+r.URL.Path)
		}
		return
	}
	r = r.Clone(r.Context())
	r.Body = io.NopCloser(strings.NewReader(string(body)))
	m.mux.ServeHTTP(w, r)
}

func (m *JobManager) routes() *http.ServeMux {
	mux := http.NewServeMux()
	plain := func(pattern string, f func() any) {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, _ *http.Request) { reply(w, http.StatusOK, f()) })
	}
	ofJob := func(pattern string, f func() any) {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			if m.jobKnown(w, r) {
				reply(w, http.StatusOK, f())
			}
		})
	}
	plain("GET /overview", m.overview)
	plain("GET /config", m.dashboardConfig)
	plain("GET /jobmanager/config", m.config)
	plain("GET /jobs", m.jobIDs)
	plain("GET /jobs/overview", m.jobsOverview)
	plain("GET /taskmanagers", func() any { return map[string]any{"taskmanagers": []any{}} })
	mux.HandleFunc("DELETE /cluster", func(w http.ResponseWriter, _ *http.Request) {
		m.shut = true
		reply(w, http.StatusOK, struct{}{})
	})
	ofJob("GET /jobs/{job}", m.details)
	ofJob("GET /jobs/{job}/status", func() any { return map[string]any{"status": m.job.status} })
	ofJob("GET /jobs/{job}/plan", func() any { return map[string]any{"plan": m.plan()} })
	ofJob("GET /jobs/{job}/config", m.executionConfig)
	ofJob("GET /jobs/{job}/exceptions", m.exceptions)
	ofJob("GET /jobs/{job}/execution-result", m.executionResult)
	ofJob("GET /jobs/{job}/checkpoints/config", m.checkpointConfig)
	mux.HandleFunc("GET /jobs/{job}/checkpoints", m.serveCheckpoints)
	mux.HandleFunc("GET /jobs/{job}/savepoints/{trigger}", m.serveOperation)
	mux.HandleFunc("POST /jobs/{job}/savepoints", m.serveSavepoint)
	mux.HandleFunc("POST /jobs/{job}/stop", m.serveStop)
	mux.HandleFunc("PATCH /jobs/{job}", m.serveCancel)
	return mux
}

func (m *JobManager) serveCheckpoints(w http.ResponseWriter, r *http.Request) {
	if !m.jobKnown(w, r) {
		return
	}
	if m.opts.Timing.Checkpoint == 0 && m.job.pointID == 0 || m.job.status == flink.JobInitializing {
		fail(w, http.StatusNotFound, "org.apache.flink.runtime.rest.handler.RestHandlerException: Checkpointing is not enabled for this job ("+m.opts.JobID+").")
		return
	}
	reply(w, http.StatusOK, m.checkpoints())
}

func (m *JobManager) serveOperation(w http.ResponseWriter, r *http.Request) {
	id, ok := hexID(w, "jobid", r.PathValue("job"))
	if !ok {
		return
	}
	trigger, ok := hexID(w, "triggerid", r.PathValue("trigger"))
	if !ok {
		return
	}
	m.forget()
	op, known := m.ops[opKey{id, trigger}]
	if !known {
		fail(w, http.StatusNotFound, "org.apache.flink.runtime.rest.handler.RestHandlerException: There is no savepoint operation with triggerId="+trigger+" for job "+id+".")
		return
	}
	state := flink.InProgress
	if op.result != nil {
		state = flink.Completed
	}
	reply(w, http.StatusOK, flink.OperationResponse{Status: flink.StatusID{ID: state}, Operation: op.result})
}

func (m *JobManager) serveSavepoint(w http.ResponseWriter, r *http.Request) {
	var req flink.SavepointRequest
	m.serveTrigger(w, r, &req, "SavepointTriggerRequestBody", func() (string, operation) {
		return req.TriggerID, operation{directory: req.TargetDirectory, cancel: req.CancelJob}
	}, "target-directory")
}

func (m *JobManager) serveStop(w http.ResponseWriter, r *http.Request) {
	var req flink.StopRequest
	m.serveTrigger(w, r, &req, "StopWithSavepointRequestBody", func() (string, operation) {
		return req.TriggerID, operation{directory: req.TargetDirectory, stop: true}
	}, "targetDirectory")
}

func (m *JobManager) serveTrigger(w http.ResponseWriter, r *http.Request, into any, name string, made func() (string, operation), key string) {
	id, ok := hexID(w, "jobid", r.PathValue("job"))
	if !ok {
		return
	}
	if err := json.NewDecoder(r.Body).Decode(into); err != nil {
		fail(w, http.StatusBadRequest, "org.apache.flink.runtime.rest.handler.RestHandlerException: Request did not match expected format "+name+".")
		return
	}
	trigger, op := made()
	if op.directory == "" {
		op.directory = m.opts.Configuration["execution.checkpointing.savepoint-dir"]
	}
	if op.directory == "" {
		fail(w, http.StatusBadRequest, "org.apache.flink.runtime.rest.handler.RestHandlerException: Config key [execution.checkpointing.savepoint-dir] is not set. Property ["+key+"] must be provided.")
		return
	}
	if trigger == "" {
		trigger = fmt.Sprintf("%032x", len(m.order)+1)
	} else if trigger, ok = hexID(w, "triggerId", trigger); !ok {
		return
	}
	m.trigger(id, trigger, op)
	reply(w, http.StatusAccepted, flink.TriggerResponse{RequestID: trigger})
}

func (m *JobManager) serveCancel(w http.ResponseWriter, r *http.Request) {
	id, ok := hexID(w, "jobid", r.PathValue("job"))
	if !ok {
		return
	}
	mode := r.URL.Query().Get("mode")
	status := m.job.status
	switch {
	case mode != "" && mode != "cancel":
		fail(w, http.StatusPermanentRedirect, `org.apache.flink.runtime.rest.handler.RestHandlerException: The termination mode "`+mode+`" has been removed.`)
	case id != m.opts.JobID:
		fail(w, http.StatusNotFound, "org.apache.flink.runtime.rest.handler.RestHandlerException: Job could not be found.")
	case status.Terminal() && status != flink.JobCanceled:
		fail(w, http.StatusConflict, fmt.Sprintf("org.apache.flink.runtime.rest.handler.RestHandlerException: Job cancellation failed because the job has already reached another terminal state (%s).", status))
	default:
		m.job.cancel(m.now)
		m.settle(m.now)
		reply(w, http.StatusAccepted, struct{}{})
	}
}

// jobKnown answers for jobs that are not ours.
func (m *JobManager) jobKnown(w http.ResponseWriter, r *http.Request) bool {
	id, ok := hexID(w, "jobid", r.PathValue("job"))
	if !ok {
		return false
	}
	if id != m.opts.JobID {
		fail(w, http.StatusNotFound, "org.apache.flink.runtime.rest.NotFoundException: Job "+id+" not found")
		return false
	}
	return true
}

func hexID(w http.ResponseWriter, name, value string) (string, bool) {
	id := strings.ToLower(value)
	valid := len(id) == 32
	for _, c := range id {
		valid = valid && strings.ContainsRune("0123456789abcdef", c)
	}
	if !valid {
		fail(w, http.StatusBadRequest, fmt.Sprintf("org.apache.flink.runtime.rest.handler.RestHandlerException: Bad request, could not parse parameters: Cannot resolve path parameter (%s) from value %q.", name, value))
	}
	return id, valid
}

func reply(w http.ResponseWriter, status int, v any) {
	b, err := json.Marshal(v)
	if err != nil {
		panic(fmt.Sprintf("flinktest: write an answer: %v", err))
	}
	w.Header().Set("Content-Type", "application/json; charset=UTF-8")
	w.WriteHeader(status)
	_, _ = w.Write(b) // the reader is gone: nothing to do
}

func fail(w http.ResponseWriter, status int, message string) {
	reply(w, status, map[string][]string{"errors": {message}})
}
