package rest

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/http"
	"net/http/httputil"
	"path"
	"strings"
	"time"

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
	name := r.PathValue("path")
	proxy := &httputil.ReverseProxy{
		Transport:     transport,
		FlushInterval: -1, // as it comes
		Rewrite: func(p *httputil.ProxyRequest) {
			p.Out.URL.Scheme, p.Out.URL.Host, p.Out.Host = "http", "cluster", ""
			p.Out.URL.Path, p.Out.URL.RawPath = "/"+name, ""
			p.Out.Header.Del("Authorization") // ours, not the cluster's
			p.Out.Header.Del("Cookie")
		},
		ModifyResponse: func(res *http.Response) error {
			res.Header.Del("Set-Cookie")
			if res.StatusCode == http.StatusNotFound && ofWebUI(name) {
				return errNoWebUI
			}
			return nil
		},
		ErrorHandler: func(w http.ResponseWriter, r *http.Request, err error) {
			switch {
			case errors.Is(err, errNoWebUI):
				a.webUI(w, r, name)
			case !errors.Is(err, context.Canceled):
				wire.Fail(w, r, unreachable(err))
			}
		},
		ErrorLog: slog.NewLogLogger(a.Log.Handler(), slog.LevelDebug),
	}
	proxy.ServeHTTP(w, r)
}

// errNoWebUI is why a file of the web UI does not come from the cluster: it is
// one of our engine, which has Flink's REST API only.
var errNoWebUI = errors.New("the cluster has no web UI")

// ofWebUI tells whether a path is one of the files of Flink's web UI.
func ofWebUI(name string) bool {
	return name == "" || strings.HasPrefix(name, "assets/") || !strings.Contains(name, "/") && path.Ext(name) != ""
}

// webUI serves a file of Flink's web UI from an installation of Flink.
func (a *API) webUI(w http.ResponseWriter, r *http.Request, name string) {
	name = path.Clean(cmp.Or(name, "index.html"))
	content, err := []byte(nil), fs.ErrNotExist
	if a.FlinkWebUI != nil && fs.ValidPath(name) {
		content, err = fs.ReadFile(a.FlinkWebUI, name)
	}
	if err != nil {
		said := &wire.Error{Status: http.StatusNotFound, Reason: "NotFound", Message: "Flink's web UI has no such file"}
		if name == "index.html" {
			said.Message = "there is no web UI of Flink's on this machine: weir flink install 2.3.0 fetches it. The engine answers Flink's REST API here, such as jobs/overview"
		}
		wire.Fail(w, r, said)
		return
	}
	w.Header().Set("Cache-Control", "no-cache")
	http.ServeContent(w, r, name, time.Time{}, bytes.NewReader(content))
}

func unreachable(job resource.Job, err error) error {
	return &wire.Error{
		Status: http.StatusBadGateway, Reason: "ClusterUnreachable",
		Message: fmt.Sprintf("the cluster of job %s (%s) does not answer: %v", job.Metadata.ID, job.Status.State, err),
	}
}
