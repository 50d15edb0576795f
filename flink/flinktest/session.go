package flinktest

import (
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/weir-streams/weir/flink"
)

// Session is a session cluster: any number of JobManagers with a job each,
// behind one face, and weir's own path to bring and remove jobs. It is safe
// for concurrent use.
type Session struct {
	configuration map[string]string
	bring         func(id string, spec []byte) (*JobManager, error)

	mu      sync.Mutex
	gone    bool
	jobs    map[string]*JobManager // by Flink job id
	order   []string
	removed map[string]bool
}

// NewSession returns a session cluster without jobs. bring makes the job of a
// spec that a client sends; nil takes no jobs from clients.
func NewSession(configuration map[string]string, bring func(id string, spec []byte) (*JobManager, error)) *Session {
	return &Session{configuration: maps.Clone(configuration), bring: bring, jobs: map[string]*JobManager{}, removed: map[string]bool{}}
}

// Client returns a client of this cluster.
func (s *Session) Client() *flink.Client { return flink.NewClient(Transport(s), "http://flinktest") }

// Job is the job of this id, nil when there is none.
func (s *Session) Job(id string) *JobManager {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.jobs[id]
}

// Add puts a job on the cluster, unless one of its id is or was there; it says
// whether the job is there now.
func (s *Session) Add(id string, make func() (*JobManager, error)) (bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.jobs[id] != nil:
		return true, nil
	case s.removed[id] || s.gone:
		return false, nil
	}
	m, err := make()
	if err != nil {
		return false, err
	}
	s.jobs[id] = m
	s.order = append(s.order, id)
	return true, nil
}

// Remove ends a job and lets none of its id come again.
func (s *Session) Remove(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.removed[id] = true
	if m := s.jobs[id]; m != nil {
		m.Strike(Vanish)
		delete(s.jobs, id)
		s.order = slices.DeleteFunc(s.order, func(other string) bool { return other == id })
	}
}

// Vanish ends the process and with it all jobs.
func (s *Session) Vanish() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.gone = true
	for _, m := range s.jobs {
		m.Strike(Vanish)
	}
}

// Gone says whether the cluster has vanished or was shut down.
func (s *Session) Gone() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.gone
}

// Advance lets time pass for all jobs, in the order in which they came.
func (s *Session) Advance(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, id := range s.order {
		s.jobs[id].Advance(d)
	}
}

// ServeHTTP answers for the cluster, and hands on what is about one job.
func (s *Session) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if s.Gone() {
		panic(http.ErrAbortHandler)
	}
	path := strings.TrimPrefix(r.URL.Path, "/v1")
	if id, ok := strings.CutPrefix(path, "/weir/v1/jobs/"); ok {
		s.serveBrought(w, r, id)
		return
	}
	switch rest, ofJob := strings.CutPrefix(path, "/jobs/"); {
	case path == "/overview":
		o := flink.Overview{TaskManagers: 1, FlinkVersion: version, FlinkCommit: commit}
		for _, m := range s.all() {
			if !m.Status().Terminal() {
				o.JobsRunning++
			}
		}
		reply(w, http.StatusOK, o)
	case path == "/jobmanager/config":
		entries := []flink.ConfigEntry{}
		for _, k := range slices.Sorted(maps.Keys(s.configuration)) {
			entries = append(entries, flink.ConfigEntry{Key: k, Value: s.configuration[k]})
		}
		reply(w, http.StatusOK, entries)
	case path == "/jobs/overview":
		jobs := []flink.JobSummary{}
		for _, m := range s.all() {
			m.mu.Lock()
			jobs = append(jobs, m.summary())
			m.mu.Unlock()
		}
		reply(w, http.StatusOK, map[string]any{"jobs": jobs})
	case ofJob:
		id, _, _ := strings.Cut(rest, "/")
		if id, ok := hexID(w, "jobid", id); ok {
			if m := s.Job(id); m != nil {
				m.ServeHTTP(w, r)
				return
			}
			fail(w, http.StatusNotFound, "org.apache.flink.runtime.rest.NotFoundException: Job "+id+" not found")
		}
	default:
		fail(w, http.StatusNotFound, "Not found: "+path)
	}
}

func (s *Session) serveBrought(w http.ResponseWriter, r *http.Request, id string) {
	id, ok := hexID(w, "jobid", id)
	if !ok {
		return
	}
	switch {
	case r.Method == http.MethodDelete:
		s.Remove(id)
		reply(w, http.StatusOK, struct{}{})
	case r.Method == http.MethodPut && s.bring != nil:
		body, err := io.ReadAll(io.LimitReader(r.Body, maxBody))
		if err != nil {
			panic(http.ErrAbortHandler)
		}
		switch there, err := s.Add(id, func() (*JobManager, error) { return s.bring(id, body) }); {
		case err != nil:
			fail(w, http.StatusBadRequest, err.Error())
		case !there:
			fail(w, http.StatusGone, "Job "+id+" was removed from this cluster.")
		default:
			reply(w, http.StatusAccepted, map[string]string{"jobid": id})
		}
	default:
		fail(w, http.StatusNotFound, "Not found: "+r.URL.Path)
	}
}

func (s *Session) all() []*JobManager {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := make([]*JobManager, 0, len(s.order))
	for _, id := range s.order {
		all = append(all, s.jobs[id])
	}
	return all
}
