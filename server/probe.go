package server

import (
	"net/http"
	"strconv"
	"time"
)

// FilesPath is where pods fetch the files of their jobs; the checksum of one
// follows.
const FilesPath = "/internal/v1/files/"

// registerProbes serves what a cluster manager asks: whether the process lives,
// and whether requests are of use here.
func (s *Server) registerProbes(mux *http.ServeMux) {
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { answer(w, http.StatusOK, "ok") })
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, r *http.Request) {
		if err := s.config.Resources.Record.Ping(r.Context()); err != nil {
			s.config.Log.WarnContext(r.Context(), "not ready: the store does not answer", "error", err)
			answer(w, http.StatusServiceUnavailable, "the store does not answer")
			return
		}
		answer(w, http.StatusOK, "ok")
	})
	if s.config.Files != nil {
		mux.Handle("GET "+FilesPath+"{sha256}", s.config.Files)
	}
	if s.config.Metrics != nil {
		mux.Handle("GET /metrics", s.config.Metrics)
	}
}

func answer(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write([]byte(text + "\n")) // the caller may be gone
}

// observed tells who measures how each request went.
func (s *Server) observed(next http.Handler) http.Handler {
	if s.config.Observe == nil {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		began := time.Now()
		p := &statusWriter{ResponseWriter: w}
		defer func() {
			s.config.Observe(r.Method, r.Pattern, strconv.Itoa(max(p.status, http.StatusOK)), time.Since(began))
		}()
		next.ServeHTTP(p, r)
	})
}

// statusWriter remembers the status of an answer.
type statusWriter struct {
	http.ResponseWriter
	status int
}

func (w *statusWriter) WriteHeader(status int) {
	if w.status < http.StatusOK {
		w.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

// Unwrap lets http.ResponseController find what is below.
func (w *statusWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// Flush is for handlers that look for it.
func (w *statusWriter) Flush() { _ = http.NewResponseController(w.ResponseWriter).Flush() }
