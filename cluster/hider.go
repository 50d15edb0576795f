package cluster

import (
	"io"
	"maps"
	"net/http"
	"slices"
	"sync"
)

// Hider hides the values of all the jobs that a cluster ever had.
type Hider struct {
	mu     sync.RWMutex
	values map[string]bool
	hidden Hidden
}

// Add hides further values, from now on.
func (h *Hider) Add(values []string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.values == nil {
		h.values = map[string]bool{}
	}
	before := len(h.values)
	for _, v := range values {
		h.values[v] = true
	}
	if len(h.values) > before {
		h.hidden = Hide(slices.Collect(maps.Keys(h.values)))
	}
}

// Hidden is what is hidden now.
func (h *Hider) Hidden() Hidden {
	h.mu.RLock()
	defer h.mu.RUnlock()
	return h.hidden
}

// Handler cleans what next answers.
func (h *Hider) Handler(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { h.Hidden().Handler(next).ServeHTTP(w, r) })
}

// Writer cleans what is written, each write for itself.
func (h *Hider) Writer(w io.Writer) io.Writer { return hiderWriter{h, w} }

type hiderWriter struct {
	h *Hider
	w io.Writer
}

func (w hiderWriter) Write(b []byte) (int, error) { return w.h.Hidden().Writer(w.w).Write(b) }
