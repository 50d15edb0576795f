package flinktest

import (
	"fmt"
	"maps"
	"net/http"
	"sync"
	"time"

	"github.com/weir-streams/weir/flink"
)

// Options describe a cluster and its job.
type Options struct {
	JobID         string // 32 hexadecimal digits
	Name          string
	Parallelism   int // at least 1
	Configuration map[string]string

	// Location is where the job's state comes from; empty starts at 0. One
	// that is not in Storage fails the job.
	Location string
	// Broken makes the job fail at its start with this message.
	Broken string

	Storage *Storage  // nil: its own
	Start   time.Time // of its time; zero is a fixed date
	Timing  Timing
	Choose  Chooser // nil: nothing goes wrong by itself

	// Rate is how far the counter goes in a second; 0 is 1000.
	Rate int64
	// Bound ends the job FINISHED when the counter reaches it; 0 never.
	Bound int64
	// HighAvailability lets a job recover from its newest checkpoint after a
	// failover; without, it begins again where it was first started from.
	HighAvailability bool
}

// Timing is how long things take. Zero is at once.
type Timing struct {
	Answer     time.Duration // from the start until requests are answered
	Initialize time.Duration // job INITIALIZING
	Deploy     time.Duration // job RUNNING, tasks not yet
	Restart    time.Duration // job RESTARTING
	Savepoint  time.Duration // writing a savepoint
	Cancel     time.Duration // job CANCELLING
	// Checkpoint is the interval; 0 takes execution.checkpointing.interval of
	// the configuration, and none when that is not set.
	Checkpoint time.Duration
	// Forget is how long results of operations are kept; 0 is five minutes.
	Forget time.Duration
}

// JobManager is one cluster with its job. It is safe for concurrent use.
type JobManager struct {
	mux *http.ServeMux

	mu     sync.Mutex
	opts   Options
	now    time.Time
	up     time.Time // answers from here on
	gone   bool
	shut   bool
	job    *job
	ops    map[opKey]*operation
	order  []opKey // ops in the order they were asked for
	late   []func()
	starts int // of the JobManager process
}

// New starts a cluster.
func New(o Options) *JobManager {
	if o.Parallelism < 1 {
		o.Parallelism = 1
	}
	if o.Storage == nil {
		o.Storage = NewStorage()
	}
	if o.Start.IsZero() {
		o.Start = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	}
	if o.Rate == 0 {
		o.Rate = 1000
	}
	if o.Timing.Forget == 0 {
		o.Timing.Forget = 5 * time.Minute
	}
	if o.Timing.Checkpoint == 0 {
		o.Timing.Checkpoint, _ = parseDuration(o.Configuration["execution.checkpointing.interval"])
	}
	if o.Name == "" {
		o.Name = o.Configuration["pipeline.name"]
	}
	o.Configuration = maps.Clone(o.Configuration)
	m := &JobManager{opts: o, now: o.Start}
	m.mux = m.routes()
	m.boot(o.Location, nil)
	return m
}

// boot is the start of the process, the first or a later one. With a job to
// recover, its numbering of checkpoints goes on.
func (m *JobManager) boot(location string, recover *job) {
	m.starts++
	m.up = m.now.Add(m.opts.Timing.Answer)
	m.ops = map[opKey]*operation{}
	m.order = nil
	m.late = nil
	m.job = newJob(m, location)
	if recover != nil {
		m.job.pointID, m.job.ownPoint = recover.pointID, recover.ownPoint
	}
	m.settle(m.now)
}

// Transport reaches a handler without a socket; lost connections are errors.
func Transport(h http.Handler) http.RoundTripper { return flink.InProcess(h) }

// Client returns a client of this cluster.
func (m *JobManager) Client() *flink.Client {
	return flink.NewClient(Transport(m), "http://flinktest")
}

// Advance lets time pass, and everything happen that is due by then.
func (m *JobManager) Advance(d time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	until := m.now.Add(max(d, 0))
	late := m.late
	m.late = nil
	if m.gone || m.shut {
		m.now = until
		return
	}
	for _, do := range late {
		do()
	}
	m.strike(m.choose(Point{Moment: AtAdvance}))
	m.settle(until)
	m.now = until
}

// Now is the cluster's time.
func (m *JobManager) Now() time.Time {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.now
}

// Status is the job's state, seen from inside.
func (m *JobManager) Status() flink.JobStatus {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.job.status
}

// Processing says whether all tasks run.
func (m *JobManager) Processing() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return !m.gone && m.job.processing()
}

// Position is how far the job's counter is.
func (m *JobManager) Position() int64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.job.position(m.now)
}

// StartPosition is the state the job was started with, by this process of the
// JobManager; it does not move when the job recovers.
func (m *JobManager) StartPosition() int64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.job.startPosition
}

// Gone says whether the cluster has vanished or was shut down.
func (m *JobManager) Gone() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.gone || m.shut
}

// Answering says whether requests get answers.
func (m *JobManager) Answering() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.answering()
}

func (m *JobManager) answering() bool {
	return !m.gone && !m.shut && !m.now.Before(m.up)
}

// Strike makes a fault happen now: FailJob, RestartJob, Failover or Vanish.
func (m *JobManager) Strike(f Fault) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.strike(f)
	m.settle(m.now)
}

func (m *JobManager) strike(f Fault) {
	switch f {
	case FailJob:
		m.job.fail(m.now, "java.lang.IllegalStateException: a task failed and may not be restarted")
	case RestartJob:
		m.job.restart(m.now, "java.lang.IllegalStateException: a task failed")
	case Failover:
		m.failover()
	case Vanish:
		m.gone = true
	}
}

// failover kills the process and starts it again with the same arguments. What
// it knew of operations is lost; a job that had ended runs again from its
// beginning, as Flink does by default.
func (m *JobManager) failover() {
	if m.gone || m.shut {
		return
	}
	if old := m.job; m.opts.HighAvailability && !old.status.Terminal() && old.checkpoint != "" {
		m.boot(old.checkpoint, old)
		return
	}
	m.boot(m.opts.Location, nil)
}

func (m *JobManager) choose(p Point) Fault {
	if m.opts.Choose == nil {
		return None
	}
	p.JobID = m.opts.JobID
	return m.opts.Choose(p)
}

// settle lets everything happen that is due until then, in the order of time.
func (m *JobManager) settle(until time.Time) {
	// Each event moves the job or an operation on; the bound is a guard
	// against an interval of checkpoints that is far too short for a jump.
	const most = 1_000_000
	for range most {
		at, do := m.next()
		if do == nil || at.After(until) {
			m.now = until
			return
		}
		if at.After(m.now) {
			m.now = at
		}
		do()
	}
	panic(fmt.Sprintf("flinktest: more than %d events until %s: is the checkpoint interval %s meant?", most, until, m.opts.Timing.Checkpoint))
}

// next is the earliest thing that will happen.
func (m *JobManager) next() (time.Time, func()) {
	var at time.Time
	var do func()
	consider := func(t time.Time, f func()) {
		if do == nil || t.Before(at) {
			at, do = t, f
		}
	}
	for _, key := range m.order {
		if op := m.ops[key]; op.result == nil {
			consider(op.due, func() { m.finish(op) })
		}
	}
	m.job.next(consider)
	return at, do
}
