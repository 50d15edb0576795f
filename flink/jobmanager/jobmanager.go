package jobmanager

import (
	"context"
	"net/http"
	"os"
	"runtime"
	"sync"
	"time"

	"github.com/weir-streams/weir/engine"
	"github.com/weir-streams/weir/flink"
)

// Job is what is served: a job of the engine. It is safe for concurrent use.
type Job interface {
	Info() engine.JobInfo
	Checkpoints() engine.Checkpoints
	// Savepoint writes a savepoint and says where; with Stop the job has ended
	// FINISHED when it returns without an error.
	Savepoint(ctx context.Context, r engine.SavepointRequest) (path string, err error)
	// Checkpoint takes a checkpoint now and gives its number.
	Checkpoint(ctx context.Context) (id int64, err error)
	// Cancel begins to end the job; it does not wait.
	Cancel()
	// Output gives at most limit of the last printed rows, those after a number.
	Output(after int64, limit int) []engine.OutputTable
}

// Config is what a JobManager serves.
type Config struct {
	// Job is the one job of an application cluster; nil when jobs are submitted.
	Job Job
	// Submit reads a job that a client brings, and makes this the JobManager of
	// a session cluster; nil: nobody can bring one.
	Submit Submit
	// Configuration of the cluster; values of keys that look secret are masked.
	Configuration map[string]string
	// LogFile is served as the log; empty when there is none.
	LogFile string
	// Shutdown is called once, on a goroutine of the JobManager's, when a
	// client asks the cluster to end; nil ignores it.
	Shutdown func()
}

// Version is the version of Flink whose API this is.
const Version = "2.3.0"

// Bounds of what is kept.
const (
	resultsKept   = 5 * time.Minute // after the operation ended, as Flink
	operationsMax = 1000            // in progress or kept, of one job
	maxBody       = 1 << 20
)

// JobManager is an http.Handler. Close it when the job is over.
type JobManager struct {
	config  Config
	mux     *http.ServeMux
	started time.Time
	host    string

	ctx    context.Context // of operations; ended by Close
	cancel context.CancelFunc
	wg     sync.WaitGroup
	once   sync.Once // Shutdown

	mu     sync.Mutex
	closed bool

	jobs       jobs
	operations operations
	flames     flames
}

// New serves a job. It starts nothing until asked.
func New(c Config) *JobManager {
	m := &JobManager{config: c, started: time.Now(), host: "localhost"}
	if c.Job != nil {
		m.jobs.add(&served{Job: c.Job, id: c.Job.Info().ID, configuration: c.Configuration})
	}
	if name, err := os.Hostname(); err == nil {
		m.host = name
	}
	// The context belongs to goroutines that outlive the request that began
	// them; Close ends and awaits them.
	m.ctx, m.cancel = context.WithCancel(context.Background())
	m.mux = m.routes()
	return m
}

// Close abandons what clients have asked for, waits for it to end, and answers
// no more: connections are dropped. The job is left as it is.
func (m *JobManager) Close() {
	m.mu.Lock()
	m.closed = true
	m.mu.Unlock()
	m.cancel()
	m.wg.Wait()
}

// spawn runs f on a goroutine that Close awaits; false when closed.
func (m *JobManager) spawn(f func()) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if !m.closed {
		m.wg.Go(f)
	}
	return !m.closed
}

func (m *JobManager) isClosed() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.closed
}

// Transport reaches the JobManager without a socket.
func (m *JobManager) Transport() http.RoundTripper { return flink.InProcess(m) }

// taskManager is the id of the one worker: this process.
const taskManager = "weir-engine"

// slots are shown, not enforced: as many as the jobs use, and one for each
// processor at least.
func slots(infos []engine.JobInfo) int { return max(usedSlots(infos), runtime.GOMAXPROCS(0)) }

func usedSlots(infos []engine.JobInfo) int {
	used := 0
	for _, info := range infos {
		used += parallelism(info)
	}
	return used
}

// parallelism is how many slots a job uses; none when it has ended.
func parallelism(info engine.JobInfo) int {
	most := 0
	if !info.State.Terminal() {
		for _, v := range info.Vertices {
			most = max(most, len(v.Subtasks))
		}
	}
	return most
}

func freeSlots(infos []engine.JobInfo) int { return slots(infos) - usedSlots(infos) }

func running(infos []engine.JobInfo) int {
	n := 0
	for _, info := range infos {
		if !info.State.Terminal() {
			n++
		}
	}
	return n
}

func runningTasks(infos []engine.JobInfo) int {
	n := 0
	for _, info := range infos {
		n += taskCounts(info).Running
	}
	return n
}
