package standalone

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/weir-streams/weir/cluster"
)

// maxSpec bounds the body of a job that is brought.
const maxSpec = 16 << 20

// forgetWait is how long a job may take to end before the caller asks again.
const forgetWait = 20 * time.Second

// ServeHTTP answers as Flink's JobManager, which most requests go to.
func (c *Cluster) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	path := strings.TrimPrefix(r.URL.Path, "/v1")
	if id, ok := strings.CutPrefix(r.URL.Path, "/weir/v1/jobs/"); ok {
		c.serveJob(w, r, id)
		return
	}
	if r.URL.Path == "/weir/v1/standby" && r.Method == http.MethodGet {
		c.serveStandby(w)
		return
	}
	if r.Method == http.MethodDelete && path == "/cluster" {
		w.WriteHeader(http.StatusAccepted)
		_, _ = io.WriteString(w, "{}")
		c.mu.Lock()
		defer c.mu.Unlock()
		c.asked = true
		if c.stop != nil {
			c.stop()
		}
		return
	}
	if h := c.waiting(path); h != nil {
		h.ServeHTTP(w, r)
		return
	}
	c.mu.Lock()
	proxy := c.proxy
	c.mu.Unlock()
	if r.Method == http.MethodPut && strings.HasSuffix(path, "/resource-requirements") {
		c.serveRequirements(w, r, proxy)
		return
	}
	proxy.ServeHTTP(w, r)
}

// waiting is who answers instead of Flink; nil: Flink.
func (c *Cluster) waiting(path string) http.Handler {
	c.mu.Lock()
	defer c.mu.Unlock()
	if rest, ok := strings.CutPrefix(path, "/jobs/"); ok {
		id, _, _ := strings.Cut(strings.ToLower(rest), "/")
		if j := c.jobs[id]; j != nil && j.gone {
			return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				sayNo(w, http.StatusNotFound, fmt.Errorf("job %s is not here", id))
			})
		}
		if c.config.Spec.Standby && c.jobs[id] == nil && strings.EqualFold(id, c.config.Spec.FlinkJobID()) {
			return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				sayNo(w, http.StatusNotFound, fmt.Errorf("job %s has not been brought here yet", id))
			})
		}
		if j := c.jobs[id]; j != nil && !j.accepted && j.spec.JobID != "" && (!j.removed || j.refused != nil) {
			w := Waiting{Spec: j.spec, Since: j.since, Refused: j.refused, Canceled: errors.Is(j.refused, errUnwanted)}
			w.Cancel = func() {
				c.mu.Lock()
				defer c.mu.Unlock()
				j.unwanted = true
			}
			return c.config.Waiting(w)
		}
	}
	if !c.ready && !c.config.Spec.IsSession() && path == "/jobmanager/config" {
		// Who we are is known before the JobManager can say it. A session cluster
		// does not answer before it knows its jobs.
		return c.config.Waiting(Waiting{Spec: c.config.Spec, Since: time.Now(), Cancel: func() {}})
	}
	return nil
}

// serveJob takes jobs of a session cluster and lets them go.
func (c *Cluster) serveJob(w http.ResponseWriter, r *http.Request, id string) {
	fail := func(status int, err error) { sayNo(w, status, err) }
	id = strings.ToLower(id)
	switch r.Method {
	case http.MethodPut:
		b, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxSpec))
		if err != nil {
			fail(http.StatusRequestEntityTooLarge, fmt.Errorf("read the job's spec: %w", err))
			return
		}
		if status, err := c.take(id, b); err != nil {
			fail(status, err)
			return
		}
		w.WriteHeader(http.StatusAccepted)
	case http.MethodDelete:
		ctx, cancel := context.WithTimeout(r.Context(), forgetWait)
		defer cancel()
		if err := c.forget(ctx, id); err != nil {
			fail(http.StatusServiceUnavailable, fmt.Errorf("end job %s: %w", id, err))
			return
		}
		w.WriteHeader(http.StatusAccepted)
	default:
		fail(http.StatusMethodNotAllowed, errors.New("a job is brought with PUT and taken away with DELETE"))
	}
}

func sayNo(w http.ResponseWriter, status int, err error) {
	w.Header().Set("Content-Type", "application/json; charset=UTF-8")
	w.WriteHeader(status)
	b, _ := json.Marshal(map[string][]string{"errors": {err.Error()}}) // strings
	_, _ = w.Write(b)
}

func (c *Cluster) take(id string, body []byte) (status int, err error) {
	var spec cluster.Spec
	if err := json.Unmarshal(body, &spec); err != nil {
		return http.StatusBadRequest, fmt.Errorf("read the job's spec: %w", err)
	}
	switch {
	case !c.config.Spec.IsSession() && (!c.config.Spec.Standby || spec.Ref != c.config.Spec.Ref):
		return http.StatusBadRequest, errors.New("this cluster has a job of its own and takes no other")
	case spec.FlinkJobID() != id:
		return http.StatusBadRequest, fmt.Errorf("the spec is of job %q, the path of job %s", spec.FlinkJobID(), id)
	case len(spec.Artifact.Dependencies) > 0 && c.config.Spec.IsSession():
		return http.StatusBadRequest, errors.New("a session cluster has one class path for all its jobs: put artifact.additionalDependencies into flink/jars below the data folder (weir flink jar), or use a deployment target")
	case len(spec.Files) > 0 && c.config.Fetch == nil:
		return http.StatusBadRequest, errors.New("this cluster fetches no files of jobs")
	case slices.ContainsFunc(spec.Files, func(f cluster.File) bool { return !filepath.IsLocal(f.To) }):
		return http.StatusBadRequest, errors.New("a file of the job is to lie outside of the job's folder")
	case spec.Session != c.config.Spec.Session:
		return http.StatusBadRequest, fmt.Errorf("the job is for session cluster %q, this is %s", spec.Session, c.config.Spec.Session)
	}
	if _, _, _, err := c.request(spec); err != nil {
		return http.StatusBadRequest, err
	}
	c.mu.Lock()
	if j := c.jobs[id]; j != nil {
		defer c.mu.Unlock()
		if j.removed {
			return http.StatusGone, fmt.Errorf("job %s was taken away and does not come back", id)
		}
		return http.StatusAccepted, nil
	}
	if c.ctx == nil {
		c.mu.Unlock()
		return http.StatusServiceUnavailable, errors.New("the cluster is not running yet")
	}
	c.jobs[id] = &job{spec: spec, since: time.Now()}
	c.mu.Unlock()
	c.config.Hide(spec.Hidden)
	c.bring(id)
	return http.StatusAccepted, nil
}
