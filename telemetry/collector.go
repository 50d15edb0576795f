package telemetry

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/weir-streams/weir/flink"
	"github.com/weir-streams/weir/resource"
)

const (
	// interval is how often a job is looked at, at least; each job adds perJob,
	// so that the work of a server that watches many stays bounded.
	interval = 5 * time.Second
	perJob   = 20 * time.Millisecond
	// patience is how long one look may take.
	patience = 4 * time.Second
	// atOnce is how many jobs are looked at together.
	atOnce = 4
	// looksKept is what rules see of the recent past of a job.
	looksKept = 36
	// forgetAfter is how long the numbers of a deployment without a job stay.
	forgetAfter = 24 * time.Hour
)

// Jobs is what the collector reads of jobs.
type Jobs interface {
	Get(ctx context.Context, id string) (resource.Job, error)
	List(ctx context.Context, f resource.Filter) ([]resource.Job, error)
}

// Needs are the things main introduces to the collector.
type Needs struct {
	Jobs Jobs
	// Client reaches the Flink REST API of a job's cluster.
	Client func(ctx context.Context, job resource.Job) (*flink.Client, error)
	// Changes delivers the keys of what changes until its context ends; the
	// zero Key means that some were lost.
	Changes func(context.Context) <-chan resource.Key
	// Every is how often each job is looked at; 0: every five seconds.
	Every time.Duration
	Log   *slog.Logger
}

// Collector looks at running jobs and keeps what it saw. Make it with New.
type Collector struct {
	Needs
	mu          sync.Mutex
	jobs        map[string]*watched // by the job's id; those that run
	deployments map[string]*kept    // by the deployment's id
}

// watched is one running job.
type watched struct {
	job     resource.Job
	names   names // used by one goroutine at a time
	looks   []*look
	first   *look // the first at which it ran
	failing time.Time
	trouble string // why the last look failed; since failing
}

// kept is what stays of a deployment from job to job.
type kept struct {
	namespace, name string
	window          *window
	jobID           string // that the newest numbers are of
	last            time.Time
}

// New makes a collector; nothing is measured before Run.
func New(n Needs) *Collector {
	if n.Every == 0 {
		n.Every = interval
	}
	return &Collector{Needs: n, jobs: map[string]*watched{}, deployments: map[string]*kept{}}
}

// Run measures until ctx ends.
func (c *Collector) Run(ctx context.Context) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop() // of the changes
	changes := c.Changes(ctx)
	behind := true // all jobs must be read again
	next := time.NewTimer(0)
	defer next.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case key, ok := <-changes:
			if !ok {
				return nil
			}
			if key == (resource.Key{}) || key.Kind == resource.KindJob && c.follow(ctx, key.ID) != nil {
				behind = true
			}
		case <-next.C:
			began := time.Now()
			if behind {
				behind = c.readAll(ctx) != nil // or the next round tries again
			}
			n := c.round(ctx)
			pause := max(c.Every, time.Duration(n)*perJob) - time.Since(began)
			next.Reset(max(pause, c.Every/5))
		}
	}
}

// follow looks at one job that changed.
func (c *Collector) follow(ctx context.Context, id string) error {
	j, err := c.Jobs.Get(ctx, id)
	if err != nil && !errors.Is(err, resource.ErrNotFound) {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.set(id, j)
	return nil
}

func (c *Collector) set(id string, j resource.Job) {
	// One that starts is watched too: why it does not get there shows in its failures.
	if j.Status.State != resource.JobStarted && j.Status.State != resource.JobStarting {
		delete(c.jobs, id)
		return
	}
	if w := c.jobs[id]; w != nil {
		w.job = j
	} else {
		c.jobs[id] = &watched{job: j}
	}
}

func (c *Collector) readAll(ctx context.Context) error {
	list, err := c.Jobs.List(ctx, resource.Filter{})
	if err != nil {
		c.Log.WarnContext(ctx, "jobs to measure cannot be listed; the next round tries again", "error", err)
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	there := map[string]bool{}
	for _, j := range list {
		there[j.Metadata.ID] = true
		c.set(j.Metadata.ID, j)
	}
	for id := range c.jobs {
		if !there[id] {
			delete(c.jobs, id)
		}
	}
	return nil
}

// round looks at all jobs once and tells how many there are.
func (c *Collector) round(ctx context.Context) int {
	c.mu.Lock()
	now := time.Now()
	due := make([]*watched, 0, len(c.jobs))
	for _, w := range c.jobs {
		due = append(due, w)
	}
	for id, k := range c.deployments {
		if now.Sub(k.last) > forgetAfter {
			delete(c.deployments, id)
		}
	}
	c.mu.Unlock()
	var g errgroup.Group
	g.SetLimit(atOnce)
	for _, w := range due {
		g.Go(func() error {
			c.look(ctx, w)
			return nil
		})
	}
	_ = g.Wait() // none gives an error
	return len(due)
}

// look measures one job.
func (c *Collector) look(ctx context.Context, w *watched) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	c.mu.Lock()
	job := w.job
	c.mu.Unlock()
	var l *look
	client, err := c.Client(ctx, job)
	if err == nil {
		l, err = take(ctx, time.Now(), client, strings.ReplaceAll(job.Metadata.ID, "-", ""), &w.names)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if err != nil {
		if w.failing.IsZero() {
			w.failing = time.Now()
		}
		w.trouble = err.Error()
		return
	}
	w.failing, w.trouble = time.Time{}, ""
	c.keep(w, l)
}

// keep takes over what a look saw.
func (c *Collector) keep(w *watched, l *look) {
	var before *look
	if n := len(w.looks); n > 0 {
		before = w.looks[n-1]
	}
	if w.first == nil && l.state == flink.JobRunning {
		w.first = l
	}
	w.looks = append(w.looks, l)
	if len(w.looks) > looksKept {
		w.looks = slices.Delete(w.looks, 0, 1)
	}
	if w.first == nil {
		return // its tasks have not begun
	}
	m := w.job.Metadata
	k := c.deployments[m.DeploymentID]
	if k == nil {
		k = &kept{namespace: m.Namespace, window: newWindow()}
		c.deployments[m.DeploymentID] = k
	}
	k.name, k.last = firstOf(m.DeploymentName, m.Name), l.at
	if k.jobID != m.ID {
		k.jobID = m.ID
		at := w.job.Status.Started.StartedAt.Time
		if at.IsZero() {
			at = l.at
		}
		text := fmt.Sprintf("job of revision %d", w.job.Spec.Generation)
		if from := w.job.Spec.SavepointLocation; from != "" {
			text += ", restored"
		}
		k.window.began(resource.MetricMark{At: at.UnixMilli(), Generation: w.job.Spec.Generation, JobID: m.ID, Text: text})
	}
	k.window.add(l, before)
}

// Summary is the newest measurement of each job of a namespace that runs.
func (c *Collector) Summary(namespace string) []resource.RunningSummary {
	c.mu.Lock()
	defer c.mu.Unlock()
	out := []resource.RunningSummary{}
	for id, w := range c.jobs {
		m := w.job.Metadata
		k := c.deployments[m.DeploymentID]
		if m.Namespace != namespace || w.job.Status.State != resource.JobStarted || len(w.looks) == 0 || k == nil {
			continue
		}
		s := w.looks[len(w.looks)-1].summary()
		s.DeploymentID, s.Name, s.JobID = m.DeploymentID, k.name, id
		s.History = k.window.fine.newest(0, 60)
		out = append(out, s)
	}
	slices.SortFunc(out, func(a, b resource.RunningSummary) int { return strings.Compare(a.Name+a.JobID, b.Name+b.JobID) })
	return out
}

// Metrics are the series of a deployment between two moments, in at most points
// points. A deployment that was never measured has none.
func (c *Collector) Metrics(deploymentID string, from, to time.Time, points int) resource.DeploymentMetrics {
	c.mu.Lock()
	defer c.mu.Unlock()
	k := c.deployments[deploymentID]
	if k == nil {
		k = &kept{window: newWindow()}
	}
	return k.window.metrics(from, to, points, c.Every)
}

// Diagnosis is what the rules find in a deployment; job is its newest one, with
// an empty id if it has none.
func (c *Collector) Diagnosis(d resource.Deployment, job resource.Job) resource.Diagnosis {
	c.mu.Lock()
	defer c.mu.Unlock()
	e := evidence{now: time.Now(), deployment: d, job: job, every: c.Every}
	if w := c.jobs[job.Metadata.ID]; w != nil {
		e.looks, e.first = slices.Clone(w.looks), w.first
		e.unreachable, e.unreachableSince = w.trouble, w.failing
	}
	if k := c.deployments[d.Metadata.ID]; k != nil && k.jobID == job.Metadata.ID {
		e.stateSizes = k.window.states()
	}
	return diagnose(e)
}

// states are the sizes of the state, oldest first, in coarse steps and then the
// newest one; since the newest job began.
func (w *window) states() (sizes []float64) {
	const state = 7
	var since int64
	if n := len(w.marks); n > 0 {
		since = w.marks[n-1].At
	}
	for i, at := range w.coarse.times {
		if v := float64(w.coarse.values[state][i]); at >= since && !math.IsNaN(v) {
			sizes = append(sizes, v)
		}
	}
	if n := len(w.fine.times); n > 0 {
		if v := float64(w.fine.values[state][n-1]); !math.IsNaN(v) {
			sizes = append(sizes, v)
		}
	}
	return sizes
}

func firstOf(texts ...string) string {
	for _, t := range texts {
		if t != "" {
			return t
		}
	}
	return ""
}
