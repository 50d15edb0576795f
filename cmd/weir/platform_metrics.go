package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/weir-streams/weir/auth"
	"github.com/weir-streams/weir/control"
	"github.com/weir-streams/weir/resource"
)

// platformMetrics is what Prometheus is told of this server and its jobs.
// docs/reference/metrics.md lists it.
type platformMetrics struct {
	registry *prometheus.Registry
	leader   prometheus.Gauge
	requests *prometheus.CounterVec
	answered *prometheus.HistogramVec
	passes   *prometheus.CounterVec
	pass     *prometheus.HistogramVec
}

func newPlatformMetrics(b build) *platformMetrics {
	m := &platformMetrics{
		registry: prometheus.NewRegistry(),
		leader: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "weir_leader", Help: "1 on the server that runs the controllers, 0 on those that stand by.",
		}),
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "weir_http_requests_total", Help: "Requests that were let in, by route and status.",
		}, []string{"method", "route", "code"}),
		answered: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "weir_http_request_duration_seconds", Help: "How long requests took; streams last as long as they are read.",
			Buckets: []float64{.005, .025, .1, .5, 2.5, 10, 60},
		}, []string{"method", "route"}),
		passes: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "weir_control_passes_total", Help: "Looks of controllers at a resource, by result: done, again (something changed meanwhile), error, gave-up.",
		}, []string{"kind", "result"}),
		pass: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "weir_control_pass_duration_seconds", Help: "How long a look at a resource took.",
			Buckets: []float64{.001, .005, .025, .1, .5, 2.5, 10, 60},
		}, []string{"kind"}),
	}
	info := prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "weir_build_info", Help: "1, with the version of this server.",
		ConstLabels: prometheus.Labels{"version": b.Version, "commit": b.Commit},
	})
	info.Set(1)
	m.registry.MustRegister(m.leader, m.requests, m.answered, m.passes, m.pass, info, // no two have one name
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

// passed is told of each pass of the control loop.
func (m *platformMetrics) passed(kind resource.Kind, took time.Duration, err error) {
	result := "done"
	switch {
	case err == nil:
	case control.IsTerminal(err):
		result = "gave-up"
	case errors.Is(err, control.ErrStale), errors.Is(err, resource.ErrConflict):
		result = "again"
	default:
		result = "error"
	}
	m.passes.WithLabelValues(string(kind), result).Inc()
	m.pass.WithLabelValues(string(kind)).Observe(took.Seconds())
}

// requested is told of each request.
func (m *platformMetrics) requested(method, route, status string, took time.Duration) {
	if route == "" {
		route = "unknown"
	}
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions:
	default:
		method = "other"
	}
	m.requests.WithLabelValues(method, route, status).Inc()
	m.answered.WithLabelValues(method, route).Observe(took.Seconds())
}

// leads wraps what the leader does.
func (m *platformMetrics) leads(lead func(context.Context) error) func(context.Context) error {
	return func(ctx context.Context) error {
		m.leader.Set(1)
		defer m.leader.Set(0)
		return lead(ctx)
	}
}

// watch adds what is counted when somebody asks.
func (m *platformMetrics) watch(loop *control.Loop, deployments lister[resource.Deployment], namespaces lister[resource.Namespace], jobs summaries, log *slog.Logger) {
	m.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "weir_control_due", Help: "Resources that wait for a worker of the control loop.",
	}, func() float64 { return float64(loop.Due()) }), &jobMetrics{deployments: deployments, namespaces: namespaces, jobs: jobs, log: log})
}

func (m *platformMetrics) handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{MaxRequestsInFlight: 4, Timeout: 20 * time.Second, EnableOpenMetrics: true})
}

// forAdmins serves metrics to those who may see all namespaces.
func forAdmins(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := auth.Allow(auth.From(r.Context()), auth.Read, auth.Resource{Kind: auth.Usage}); err != nil {
			http.Error(w, err.Error(), http.StatusForbidden)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// listenMetrics opens the address that has only metrics and probes.
func listenMetrics(ctx context.Context, address string) (net.Listener, error) {
	ln, err := (&net.ListenConfig{}).Listen(ctx, "tcp", address)
	if err != nil {
		return nil, fmt.Errorf("metrics-listen: %w", err)
	}
	return ln, nil
}

// serveMetrics serves metrics and probes until ctx ends. It closes ln.
func serveMetrics(ctx context.Context, ln net.Listener, metrics, probes http.Handler) error {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", metrics)
	mux.Handle("GET /healthz", probes)
	mux.Handle("GET /readyz", probes)
	srv := &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second, ReadTimeout: 30 * time.Second, WriteTimeout: time.Minute, IdleTimeout: 2 * time.Minute}
	stop := context.AfterFunc(ctx, func() { _ = srv.Close() })
	defer stop()
	if err := srv.Serve(ln); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve metrics: %w", err)
	}
	return nil
}

type lister[T any] interface {
	List(ctx context.Context, f resource.Filter) ([]T, error)
}

type summaries interface {
	Summary(namespace string) []resource.RunningSummary
}

// maxJobMetrics is of how many jobs there are series: what is over is counted.
const maxJobMetrics = 1000

// jobMetrics counts deployments, and has the newest measurements of their jobs.
type jobMetrics struct {
	deployments lister[resource.Deployment]
	namespaces  lister[resource.Namespace]
	jobs        summaries
	log         *slog.Logger

	mu     sync.Mutex
	counts map[[2]string]int // by namespace and state
	at     time.Time
}

// countsFor is how old the numbers of deployments may be: to count them all
// are read.
const countsFor = 5 * time.Second

var (
	deploymentLabels = []string{"namespace", "deployment"}
	descDeployments  = prometheus.NewDesc("weir_deployments", "Deployments by state.", []string{"namespace", "state"}, nil)
	descUnlisted     = prometheus.NewDesc("weir_job_unlisted", "Running jobs without series of their own, because there are too many.", nil, nil)
	descRecordsIn    = prometheus.NewDesc("weir_job_records_in_per_second", "Records that all sources read.", deploymentLabels, nil)
	descRecordsOut   = prometheus.NewDesc("weir_job_records_out_per_second", "Records that all sinks were given.", deploymentLabels, nil)
	descBusy         = prometheus.NewDesc("weir_job_busy_ratio", "The largest share of time that an operator is busy, 0 to 1.", deploymentLabels, nil)
	descPressed      = prometheus.NewDesc("weir_job_backpressured_ratio", "The largest share of time that an operator waits for a slower one, 0 to 1.", deploymentLabels, nil)
	descLag          = prometheus.NewDesc("weir_job_watermark_lag_seconds", "How far the slowest watermark is behind the clock.", deploymentLabels, nil)
	descPending      = prometheus.NewDesc("weir_job_pending_records", "Records that sources know they have yet to read.", deploymentLabels, nil)
	descDuration     = prometheus.NewDesc("weir_job_checkpoint_duration_seconds", "How long the newest completed checkpoint took.", deploymentLabels, nil)
	descSize         = prometheus.NewDesc("weir_job_checkpoint_size_bytes", "Size of the newest completed checkpoint.", deploymentLabels, nil)
	descRestarts     = prometheus.NewDesc("weir_job_restarts", "How often the job was restarted in its cluster.", deploymentLabels, nil)
)

// Describe lists the metrics.
func (*jobMetrics) Describe(out chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{
		descDeployments, descUnlisted, descRecordsIn, descRecordsOut, descBusy, descPressed, descLag, descPending, descDuration, descSize, descRestarts,
	} {
		out <- d
	}
}

// Collect gives the newest values. What cannot be read is left out, and logged.
func (c *jobMetrics) Collect(out chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	namespaces, err := c.namespaces.List(ctx, resource.Filter{})
	if err != nil {
		c.log.WarnContext(ctx, "metrics of jobs cannot be collected", "error", err)
		return
	}
	gauge := func(d *prometheus.Desc, v float64, labels ...string) {
		out <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...) // the labels are those of the description
	}
	listed, unlisted := 0, 0
	for _, n := range namespaces {
		seen := ""
		for _, s := range c.jobs.Summary(n.Metadata.Name) {
			if s.Name == seen { // the older of two jobs, on its way out
				continue
			}
			seen = s.Name
			if listed++; listed > maxJobMetrics {
				unlisted++
				continue
			}
			labels := []string{n.Metadata.Name, s.Name}
			optional := func(d *prometheus.Desc, v *float64, unit float64) {
				if v != nil {
					gauge(d, *v*unit, labels...)
				}
			}
			gauge(descRecordsIn, s.RecordsIn, labels...)
			gauge(descRecordsOut, s.RecordsOut, labels...)
			gauge(descBusy, s.Busy, labels...)
			gauge(descPressed, s.BackPressured, labels...)
			gauge(descRestarts, float64(s.Restarts), labels...)
			optional(descLag, s.WatermarkLag, 1e-3)
			optional(descPending, s.PendingRecords, 1)
			optional(descDuration, s.CheckpointDuration, 1e-3)
			optional(descSize, s.CheckpointSize, 1)
		}
	}
	gauge(descUnlisted, float64(unlisted))
	counts, err := c.count(ctx)
	if err != nil {
		c.log.WarnContext(ctx, "deployments cannot be counted", "error", err)
		return
	}
	for key, n := range counts {
		gauge(descDeployments, float64(n), key[0], key[1])
	}
}

func (c *jobMetrics) count(ctx context.Context) (map[[2]string]int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.counts != nil && time.Since(c.at) < countsFor {
		return c.counts, nil
	}
	all, err := c.deployments.List(ctx, resource.Filter{})
	if err != nil {
		return nil, err
	}
	counts := map[[2]string]int{}
	for _, d := range all {
		counts[[2]string{d.Metadata.Namespace, string(d.Status.State)}]++
	}
	c.counts, c.at = counts, time.Now()
	return counts, nil
}
