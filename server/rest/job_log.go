package rest

import (
	"context"
	"fmt"
	"io"
	"net/http"

	"github.com/weir-streams/weir/resource"
)

// Logs keeps the end of what the processes of ended jobs wrote.
type Logs interface {
	// Kept is the log of a job whose cluster is gone; the error wraps
	// resource.ErrNotFound when none is kept.
	Kept(ctx context.Context, job resource.Job) (io.ReadCloser, error)
}

// getJobLog gives the log of a job that has ended. That of a running one is
// its cluster's, through the Flink REST API.
func (a *API) getJobLog(w http.ResponseWriter, r *http.Request) error {
	job, err := a.findJob(r)
	if err != nil {
		return err
	}
	if !job.Status.State.Terminal() {
		return fmt.Errorf("a kept log of job %s, which has not ended (%s); its own is at /flink-ui/v1/namespaces/%s/jobs/%s/jobmanager/log: %w",
			job.Metadata.ID, job.Status.State, job.Metadata.Namespace, job.Metadata.ID, resource.ErrNotFound)
	}
	if a.Logs == nil {
		return fmt.Errorf("the log of job %s, which this server does not keep: %w", job.Metadata.ID, resource.ErrNotFound)
	}
	text, err := a.Logs.Kept(r.Context(), job)
	if err != nil {
		return err
	}
	defer text.Close()
	h := w.Header()
	h.Set("Content-Type", "text/plain; charset=utf-8")
	h.Set("X-Content-Type-Options", "nosniff")
	_, _ = io.Copy(w, text) // the caller went away, or has what could be read
	return nil
}
