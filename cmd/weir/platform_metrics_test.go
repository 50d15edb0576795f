package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http/httptest"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/weir-streams/weir/control"
	"github.com/weir-streams/weir/resource"
)

type listed[T any] []T

func (l listed[T]) List(context.Context, resource.Filter) ([]T, error) { return l, nil }

type manyJobs int

func (n manyJobs) Summary(string) []resource.RunningSummary {
	lag := 1500.0
	out := make([]resource.RunningSummary, n)
	for i := range out {
		out[i] = resource.RunningSummary{Name: fmt.Sprintf("d%04d", i), RecordsIn: float64(i), WatermarkLag: &lag}
	}
	return out
}

func TestPlatformMetrics(t *testing.T) {
	m := newPlatformMetrics(build{Version: "v1"})
	var d resource.Deployment
	d.Metadata.Namespace, d.Status.State = "default", "RUNNING"
	var n resource.Namespace
	n.Metadata.Name = "default"
	loop := control.NewLoop(slog.New(slog.DiscardHandler), nil, control.Options{})
	m.watch(loop, listed[resource.Deployment]{d, d}, listed[resource.Namespace]{n}, manyJobs(maxJobMetrics+7), slog.New(slog.DiscardHandler))
	m.passed(resource.KindJob, time.Millisecond, nil)
	m.passed(resource.KindJob, time.Millisecond, errors.New("no"))
	m.passed(resource.KindJob, time.Millisecond, control.ErrStale)
	m.requested("GET", "GET /x", "200", time.Millisecond)
	m.requested("HACK", "", "404", time.Millisecond)

	w := httptest.NewRecorder()
	m.handler().ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
	text := w.Body.String()
	for _, want := range []string{
		`weir_build_info{commit="",version="v1"} 1`, "weir_leader 0", "weir_control_due 0",
		`weir_control_passes_total{kind="Job",result="again"} 1`, `weir_control_passes_total{kind="Job",result="error"} 1`,
		`weir_http_requests_total{code="404",method="other",route="unknown"} 1`,
		`weir_deployments{namespace="default",state="RUNNING"} 2`, "weir_job_unlisted 7",
		`weir_job_watermark_lag_seconds{deployment="d0001",namespace="default"} 1.5`,
	} {
		if !strings.Contains(text, want) {
			t.Errorf("no %s", want)
		}
	}

	page, err := os.ReadFile("../../docs/reference/metrics.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range regexp.MustCompile(`(?m)^# TYPE (weir_\w+)`).FindAllStringSubmatch(text, -1) {
		if !strings.Contains(string(page), "`"+name[1]+"`") {
			t.Errorf("docs/reference/metrics.md does not tell of %s", name[1])
		}
	}
}
