package rest

import (
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/weir-streams/weir/resource"
	"github.com/weir-streams/weir/server/wire"
)

// maxPoints bounds a series.
const maxPoints = 2000

func (a *API) measures() error {
	if a.Telemetry == nil {
		return fmt.Errorf("measurements of jobs, which this server does not make: %w", resource.ErrNotFound)
	}
	return nil
}

// getSummary tells how the running deployments of a namespace do now.
func (a *API) getSummary(w http.ResponseWriter, r *http.Request) error {
	if err := a.measures(); err != nil {
		return err
	}
	namespace, err := a.namespace(r)
	if err != nil {
		return err
	}
	items := a.Telemetry.Summary(namespace)
	if items == nil {
		items = []resource.RunningSummary{}
	}
	wire.Write(w, r, http.StatusOK, resource.MetricsSummary{Kind: resource.KindMetricsSummary, At: time.Now().UnixMilli(), Items: items})
	return nil
}

// getMetrics gives the series of a deployment.
func (a *API) getMetrics(w http.ResponseWriter, r *http.Request) error {
	if err := a.measures(); err != nil {
		return err
	}
	d, err := a.findDeployment(r)
	if err != nil {
		return err
	}
	to, err := millis(r, "to", time.Now())
	if err != nil {
		return err
	}
	from, err := millis(r, "from", to.Add(-time.Hour))
	if err != nil {
		return err
	}
	if !from.Before(to) {
		return resource.Invalidf("from", "must be before to")
	}
	points := 300
	if text := r.URL.Query().Get("points"); text != "" {
		if points, err = strconv.Atoi(text); err != nil || points < 2 || points > maxPoints {
			return resource.Invalidf("points", "must be a number from 2 to %d, got %q", maxPoints, text)
		}
	}
	wire.Write(w, r, http.StatusOK, a.Telemetry.Metrics(d.Metadata.ID, from, to, points))
	return nil
}

func millis(r *http.Request, name string, otherwise time.Time) (time.Time, error) {
	text := r.URL.Query().Get(name)
	if text == "" {
		return otherwise, nil
	}
	ms, err := strconv.ParseInt(text, 10, 64)
	if err != nil || ms < 0 || ms > 1<<53 {
		return otherwise, resource.Invalidf(name, "must be a time in milliseconds since 1970, got %q", text)
	}
	return time.UnixMilli(ms), nil
}

// getDiagnosis asks the rules about a deployment.
func (a *API) getDiagnosis(w http.ResponseWriter, r *http.Request) error {
	if err := a.measures(); err != nil {
		return err
	}
	d, err := a.findDeployment(r)
	if err != nil {
		return err
	}
	jobs, err := a.Resources.Jobs.List(r.Context(), resource.Filter{Namespace: d.Metadata.Namespace, DeploymentID: d.Metadata.ID, Newest: 1})
	if err != nil {
		return err
	}
	var newest resource.Job
	if len(jobs) > 0 {
		newest = jobs[0]
	}
	wire.Write(w, r, http.StatusOK, a.Telemetry.Diagnosis(d, newest))
	return nil
}
