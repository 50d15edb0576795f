package rest

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httputil"
	"strings"

	"github.com/weir-streams/weir/resource"
	"github.com/weir-streams/weir/server/wire"
)

// proxyFlink passes a request on to the Flink REST API and UI of a job's
// cluster. Reading only: a job is stopped through its Deployment, or the
// controller would start it again.
func (a *API) proxyFlink(w http.ResponseWriter, r *http.Request) error {
	if err := readOnly(r); err != nil {
		return err
	}
	job, err := a.findJob(r)
	if err != nil {
		return err
	}
	if job.Status.State.Terminal() {
		return fmt.Errorf("job %s has ended (%s), and its cluster with it: %w", job.Metadata.ID, job.Status.State, resource.ErrNotFound)
	}
	if a.Clusters == nil {
		return &wire.Error{Status: http.StatusNotImplemented, Reason: "NotImplemented", Message: "this server cannot reach the clusters of jobs"}
	}
	transport, err := a.Clusters.Transport(r.Context(), job)
	if err != nil {
		return unreachable(job, err)
	}
	a.passOn(w, r, transport, func(err error) error { return unreachable(job, err) })
	return nil
}

// readOnly refuses the two changes that Flink offers as GET.
func readOnly(r *http.Request) error {
	if path := r.PathValue("path"); strings.HasSuffix(path, "/yarn-cancel") || strings.HasSuffix(path, "/yarn-stop") {
		return &wire.Error{
			Status: http.StatusForbidden, Reason: "ReadOnly",
			Message: "jobs cannot be cancelled through the Flink UI; change spec.state of the deployment instead",
		}
	}
	return nil
}

// passOn lets a cluster answer.
func (a *API) passOn(w http.ResponseWriter, r *http.Request, transport http.RoundTripper, unreachable func(error) error) {
	path := r.PathValue("path")
	proxy := &httputil.ReverseProxy{
		Transport:     transport,
		FlushInterval: -1, // as it comes
		Rewrite: func(p *httputil.ProxyRequest) {
			p.Out.URL.Scheme, p.Out.URL.Host, p.Out.Host = "http", "cluster", ""
			p.Out.URL.Path, p.Out.URL.RawPath = "/"+path, ""
			p.Out.Header.Del("Authorization") // ours, not the cluster's
			p.Out.Header.Del("Cookie")
		},
		ModifyResponse: func(res *http.Response) error {
			res.Header.Del("Set-Cookie")
			return nil
		},
		ErrorHandler: func(w http.ResponseWriter, r *http.Request, err error) {
			if !errors.Is(err, context.Canceled) {
				wire.Fail(w, r, unreachable(err))
			}
		},
		ErrorLog: slog.NewLogLogger(a.Log.Handler(), slog.LevelDebug),
	}
	proxy.ServeHTTP(w, r)
}

func unreachable(job resource.Job, err error) error {
	return &wire.Error{
		Status: http.StatusBadGateway, Reason: "ClusterUnreachable",
		Message: fmt.Sprintf("the cluster of job %s (%s) does not answer: %v", job.Metadata.ID, job.Status.State, err),
	}
}
