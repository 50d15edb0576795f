package jobmanager

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"

	"github.com/weir-streams/weir/engine"
)

// ServeHTTP answers with and without /v1. Bodies of GET and DELETE, which
// Flink's own clients send, are ignored.
func (m *JobManager) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if m.isClosed() {
		panic(http.ErrAbortHandler)
	}
	path, versioned := strings.CutPrefix(r.URL.Path, "/v1/")
	if versioned || len(path) > 1 && strings.HasSuffix(path, "/") {
		r = r.Clone(r.Context())
		r.URL.Path = "/" + strings.Trim(path, "/")
		r.URL.RawPath = ""
	}
	if _, pattern := m.mux.Handler(r); pattern == "" {
		if r.Method == http.MethodGet {
			fail(w, http.StatusNotFound, "Unable to load requested file "+r.URL.Path+".")
		} else {
			fail(w, http.StatusNotFound, "Not found: "+r.URL.Path)
		}
		return
	}
	m.mux.ServeHTTP(w, r)
}

// request is a request for the cluster or a job, with pictures of what it is for.
type request struct {
	*http.Request
	infos  []engine.JobInfo   // of paths for the cluster: all jobs
	job    *served            // of paths below /jobs/:j
	info   engine.JobInfo     // of that job
	vertex *engine.VertexInfo // of paths below /vertices/:v
	task   int                // of paths below /subtasks/:i
}

type page func(request) (any, error)

func (m *JobManager) routes() *http.ServeMux {
	mux := http.NewServeMux()
	cluster := func(path string, p page) {
		mux.HandleFunc("GET "+path, func(w http.ResponseWriter, r *http.Request) {
			answer(w, p, request{Request: r, infos: m.jobs.infos()})
		})
	}
	job := func(path string, p page) {
		mux.HandleFunc("GET /jobs/{job}"+path, func(w http.ResponseWriter, r *http.Request) {
			req, err := m.resolve(r)
			if err != nil {
				failWith(w, err)
				return
			}
			answer(w, p, req)
		})
	}
	text := func(path string, serve http.HandlerFunc) { mux.HandleFunc("GET "+path, serve) }

	cluster("/overview", m.overview)
	cluster("/config", m.dashboardConfig)
	cluster("/datasets", func(request) (any, error) { return object{"dataSets": []any{}}, nil })
	cluster("/jars", func(r request) (any, error) { return object{"address": "http://" + r.Host, "files": []any{}}, nil })
	cluster("/jobs", m.jobIDs)
	cluster("/jobs/overview", m.jobsOverview)
	cluster("/jobs/metrics", func(r request) (any, error) { return aggregated(r, m.jobs.metrics()) })
	cluster("/applications/overview", m.applications)
	cluster("/applications/{application}", m.application)
	cluster("/applications/{application}/exceptions", func(request) (any, error) {
		return object{"exceptionHistory": object{"entries": []any{}}}, nil
	})
	cluster("/jobmanager/config", m.clusterConfig)
	cluster("/jobmanager/environment", m.environment)
	cluster("/jobmanager/metrics", func(r request) (any, error) { return plain(r, m.processMetrics(r.infos)), nil })
	cluster("/jobmanager/logs", m.logs)
	cluster("/jobmanager/thread-dump", m.threadDump)
	text("/jobmanager/log", m.serveLog)
	text("/jobmanager/stdout", m.serveLog)
	text("/jobmanager/logs/{file}", m.serveLog)
	cluster("/taskmanagers", m.taskManagers)
	cluster("/taskmanagers/metrics", func(r request) (any, error) { return aggregated(r, []map[string]float64{m.processMetrics(r.infos)}) })
	cluster("/taskmanagers/{tm}", m.ofTaskManager(m.taskManager))
	cluster("/taskmanagers/{tm}/metrics", m.ofTaskManager(func(r request) (any, error) { return plain(r, m.processMetrics(r.infos)), nil }))
	cluster("/taskmanagers/{tm}/logs", m.ofTaskManager(m.logs))
	cluster("/taskmanagers/{tm}/thread-dump", m.ofTaskManager(m.threadDump))
	text("/taskmanagers/{tm}/log", m.serveLog)
	text("/taskmanagers/{tm}/stdout", m.serveLog)
	text("/taskmanagers/{tm}/logs/{file}", m.serveLog)

	job("", m.details)
	job("/status", func(r request) (any, error) { return object{"status": r.info.State}, nil })
	job("/plan", func(r request) (any, error) { return object{"plan": plan(r.info)}, nil })
	job("/config", m.executionConfig)
	job("/exceptions", m.exceptions)
	job("/accumulators", func(request) (any, error) {
		return object{"job-accumulators": []any{}, "user-task-accumulators": []any{}, "serialized-user-task-accumulators": object{}}, nil
	})
	job("/execution-result", m.executionResult)
	job("/metrics", func(r request) (any, error) { return plain(r, jobMetrics(r.job, r.info)), nil })
	job("/checkpoints", m.checkpoints)
	job("/checkpoints/{trigger}", m.checkpointStatus)
	job("/checkpoints/config", m.checkpointConfig)
	job("/checkpoints/details/{checkpoint}", m.checkpointDetails)
	job("/checkpoints/details/{checkpoint}/subtasks/{vertex}", m.checkpointSubtasks)
	job("/jobmanager/config", m.clusterConfig)
	job("/jobmanager/environment", m.environment)
	job("/resource-requirements", func(request) (any, error) {
		return nil, failure{http.StatusInternalServerError, "java.lang.UnsupportedOperationException: the engine does not change the parallelism of a running job; stop it with a savepoint and start it again"}
	})
	mux.HandleFunc("GET /jobs/{job}/rescales/", func(w http.ResponseWriter, _ *http.Request) {
		fail(w, http.StatusNotFound, restException+"The engine does not rescale running jobs.")
	})
	mux.HandleFunc("GET /jobs/{job}/savepoints/{trigger}", m.serveSavepointStatus)

	job("/vertices/{vertex}", m.vertex)
	job("/vertices/{vertex}/accumulators", func(r request) (any, error) {
		return object{"id": r.vertex.ID, "user-accumulators": []any{}}, nil
	})
	job("/vertices/{vertex}/backpressure", m.backPressure)
	job("/vertices/{vertex}/flamegraph", m.flameGraph)
	job("/vertices/{vertex}/jm-operator-metrics", func(request) (any, error) { return []any{}, nil })
	job("/vertices/{vertex}/metrics", m.vertexMetrics)
	job("/vertices/{vertex}/subtasktimes", m.subtaskTimes)
	job("/vertices/{vertex}/taskmanagers", m.vertexTaskManagers)
	job("/vertices/{vertex}/watermarks", m.watermarks)
	job("/vertices/{vertex}/subtasks/accumulators", m.subtaskAccumulators)
	job("/vertices/{vertex}/subtasks/metrics", m.subtasksMetrics)
	job("/vertices/{vertex}/subtasks/{subtask}", m.subtask)
	job("/vertices/{vertex}/subtasks/{subtask}/metrics", func(r request) (any, error) {
		return plain(r, subtaskMetrics(r)), nil
	})
	job("/vertices/{vertex}/subtasks/{subtask}/attempts/{attempt}", m.attempt)

	job("/weir/output", m.output)
	job("/weir/tables", m.tables)

	mux.HandleFunc("POST /jobs/{job}/savepoints", m.serveSavepoint)
	mux.HandleFunc("POST /jobs/{job}/stop", m.serveStop)
	mux.HandleFunc("POST /jobs/{job}/checkpoints", m.serveCheckpoint)
	mux.HandleFunc("PATCH /jobs/{job}", m.serveCancel)
	mux.HandleFunc("DELETE /cluster", m.serveShutdown)
	mux.HandleFunc("PUT /weir/v1/jobs/{job}", m.serveSubmit)
	mux.HandleFunc("DELETE /weir/v1/jobs/{job}", m.serveRemove)
	mux.HandleFunc("PUT /jobs/{job}/resource-requirements", func(w http.ResponseWriter, _ *http.Request) {
		fail(w, http.StatusBadRequest, restException+"The engine does not change the parallelism of a running job; stop it with a savepoint and start it again.")
	})
	return mux
}

const restException = "org.apache.flink.runtime.rest.handler.RestHandlerException: "

// resolve finds what the path speaks of.
func (m *JobManager) resolve(r *http.Request) (request, error) {
	req := request{Request: r}
	id, err := hexID("jobid", r.PathValue("job"))
	if err != nil {
		return req, err
	}
	if req.job = m.jobs.find(id); req.job == nil {
		return req, failure{http.StatusNotFound, "org.apache.flink.runtime.rest.NotFoundException: Job " + id + " not found"}
	}
	req.info = req.job.Info()
	if r.PathValue("vertex") == "" {
		return req, nil
	}
	if id, err = hexID("vertexid", r.PathValue("vertex")); err != nil {
		return req, err
	}
	for i := range req.info.Vertices {
		if req.info.Vertices[i].ID == id {
			req.vertex = &req.info.Vertices[i]
		}
	}
	if req.vertex == nil {
		return req, failure{http.StatusNotFound, "org.apache.flink.runtime.rest.NotFoundException: JobVertex " + id + " not found"}
	}
	if s := r.PathValue("subtask"); s != "" {
		if req.task, err = strconv.Atoi(s); err != nil {
			return req, badParameter("subtaskindex", s)
		}
		if req.task < 0 || req.task >= len(req.vertex.Subtasks) {
			return req, failure{http.StatusNotFound, restException + "Invalid subtask index for vertex " + id}
		}
	}
	return req, nil
}

// object is a JSON object of an answer.
type object map[string]any

// failure is an answer that says no, in Flink's way.
type failure struct {
	status  int
	message string
}

func (f failure) Error() string { return f.message }

func badParameter(name, value string) failure {
	return failure{http.StatusBadRequest, fmt.Sprintf("%sBad request, could not parse parameters: Cannot resolve path parameter (%s) from value %q.", restException, name, value)}
}

func hexID(name, value string) (string, error) {
	id := strings.ToLower(value)
	valid := len(id) == 32
	for _, c := range id {
		valid = valid && strings.ContainsRune("0123456789abcdef", c)
	}
	if !valid {
		return "", badParameter(name, value)
	}
	return id, nil
}

func answer(w http.ResponseWriter, p page, r request) {
	v, err := p(r)
	if err != nil {
		failWith(w, err)
		return
	}
	reply(w, http.StatusOK, v)
}

func failWith(w http.ResponseWriter, err error) {
	if f, ok := err.(failure); ok {
		if f.status == http.StatusInternalServerError {
			fail(w, f.status, "Internal server error.", "<Exception on server side:\n"+f.message+"\nEnd of exception on server side>")
			return
		}
		fail(w, f.status, f.message)
		return
	}
	fail(w, http.StatusInternalServerError, "Internal server error.", "<Exception on server side:\n"+err.Error()+"\nEnd of exception on server side>")
}

func fail(w http.ResponseWriter, status int, messages ...string) {
	reply(w, status, map[string][]string{"errors": messages})
}

func reply(w http.ResponseWriter, status int, v any) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		status = http.StatusInternalServerError
		b.Reset()
		fmt.Fprintf(&b, `{"errors":["Internal server error.",%q]}`, err.Error())
	}
	w.Header().Set("Content-Type", "application/json; charset=UTF-8")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	_, _ = w.Write(bytes.TrimSuffix(b.Bytes(), []byte("\n"))) // the reader may be gone
}

// readBody reads a request's JSON; unknown fields are ignored, as Flink does.
func readBody(w http.ResponseWriter, r *http.Request, name string, into any) error {
	b, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		return failure{http.StatusRequestEntityTooLarge, restException + "The request body is larger than " + strconv.Itoa(maxBody) + " bytes."}
	}
	if err := json.Unmarshal(b, into); err != nil {
		return failure{http.StatusBadRequest, restException + "Request did not match expected format " + name + "."}
	}
	return nil
}
