package telemetry

import (
	"context"
	"errors"
	"math"
	"strings"
	"time"

	"github.com/weir-streams/weir/flink"
)

// look is what was seen of a job at one moment. A number that its cluster does
// not tell is NaN.
type look struct {
	at        time.Time
	started   time.Time // when the job began
	state     flink.JobStatus
	restarts  int64
	operators []operator // in the order of the plan's vertices
	memory    float64    // bytes that its processes have in RAM
	cpuTime   float64    // nanoseconds its processes have computed
	pictures  checkpoints
	failures  []failure // newest first
}

// operator is one vertex of the job: a chain of operators with its tasks. Rates
// are sums over the tasks; shares are of the time.
type operator struct {
	id, name, description string
	status                flink.TaskState
	inputs                []string // ids of vertices
	feeds                 bool     // something reads what it gives
	parallelism           int
	recordsIn, recordsOut float64 // since the tasks began
	inRate, outRate       float64
	busy, held, idle      float64 // of the mean task
	busiest               float64 // of the busiest task
	// watermark is that of the slowest task and ahead that of the fastest, in
	// milliseconds; NaN: not told.
	watermark, ahead float64
	late, corrupt    float64
	state, keys      float64
	pending          float64
	links            []link
	splits           []split
}

func (o *operator) source() bool { return len(o.inputs) == 0 }

// link is one operator of a chain.
type link struct {
	name                  string
	recordsIn, recordsOut float64
}

// split is event time in one split of a source, such as a partition.
type split struct {
	name      string
	watermark float64
}

type checkpoints struct {
	known             bool
	completed, failed int64
	duration, size    float64 // milliseconds, bytes; of the newest completed one
	newest            time.Time
	failedSince       int // how many failed after the newest completed one
	failure           string
	failedAt          time.Time
	inProgressSince   time.Time
}

type failure struct {
	at            time.Time
	message, task string
}

// cluster is what is asked of a job's cluster.
type cluster interface {
	Job(ctx context.Context, jobID string) (flink.JobDetails, error)
	Checkpoints(ctx context.Context, jobID string) (flink.Checkpoints, error)
	Exceptions(ctx context.Context, jobID string) (flink.Exceptions, error)
	TaskMetrics(ctx context.Context, jobID, vertexID string, names ...string) (map[string]flink.Aggregate, error)
	TaskMetricNames(ctx context.Context, jobID, vertexID string) ([]string, error)
	JobMetrics(ctx context.Context, jobID string, names ...string) (map[string]flink.Number, error)
	TaskManagerMetrics(ctx context.Context, names ...string) (map[string]flink.Aggregate, error)
}

// Flink's names of what is measured, and ours.
const (
	metricIn        = "numRecordsIn"
	metricOut       = "numRecordsOut"
	metricInRate    = "numRecordsInPerSecond"
	metricOutRate   = "numRecordsOutPerSecond"
	metricBusy      = "busyTimeMsPerSecond"
	metricHeld      = "backPressuredTimeMsPerSecond"
	metricIdle      = "idleTimeMsPerSecond"
	metricWaterIn   = "currentInputWatermark"
	metricWaterOut  = "currentOutputWatermark"
	metricLate      = "numLateRecordsDropped"
	metricPending   = "pendingRecords"
	metricCorrupt   = "weir.corruptRecords"
	metricState     = "weir.stateBytes"
	metricKeys      = "weir.stateKeys"
	metricHeap      = "Status.JVM.Memory.Heap.Used"
	metricNonHeap   = "Status.JVM.Memory.NonHeap.Used"
	metricManaged   = "Status.Flink.Memory.Managed.Used"
	metricResident  = "weir.residentBytes"
	metricRestarts  = "numRestarts"
	metricCPU       = "Status.JVM.CPU.Time"
	metricOfSplit   = ".watermark.currentWatermark"
	splitOfOperator = ".split."
)

var ofTasks = []string{
	metricIn, metricOut, metricInRate, metricOutRate, metricBusy, metricHeld, metricIdle, metricWaterIn, metricWaterOut,
	metricLate, metricPending, metricCorrupt, metricState, metricKeys,
}

// maxNames bounds what is asked of a vertex beside the metrics of its tasks.
const maxNames = 160

// names are the metrics of the operators in each vertex's chain, which are
// found by asking once in a while.
type names struct {
	byVertex map[string][]string
	asked    time.Time
}

const askNames = time.Minute

// take looks at a job. It is an error if the cluster does not answer, or does
// not know the job.
func take(ctx context.Context, now time.Time, c cluster, jobID string, known *names) (*look, error) {
	job, err := c.Job(ctx, jobID)
	if err != nil {
		return nil, err
	}
	l := &look{at: now, state: job.State, started: job.StartTime.Time(), memory: math.NaN(), cpuTime: math.NaN()}
	running := job.State == flink.JobRunning
	if known.byVertex == nil || running && now.Sub(known.asked) > askNames {
		known.byVertex, known.asked = map[string][]string{}, now
	}
	inputs, feeds, descriptions := map[string][]string{}, map[string]bool{}, map[string]string{}
	for _, n := range job.Plan.Nodes {
		descriptions[n.ID] = n.Description
		for _, in := range n.Inputs {
			inputs[n.ID] = append(inputs[n.ID], in.ID)
			feeds[in.ID] = true
		}
	}
	for _, v := range job.Vertices {
		o := operator{
			id: v.ID, name: v.Name, description: descriptions[v.ID], status: v.Status, inputs: inputs[v.ID], feeds: feeds[v.ID],
			parallelism: max(v.Parallelism, 1),
			recordsIn:   float64(v.Metrics.ReadRecords), recordsOut: float64(v.Metrics.WriteRecords),
		}
		metrics := map[string]flink.Aggregate{}
		if running {
			if metrics, err = measure(ctx, c, jobID, v.ID, known); err != nil {
				return nil, err
			}
		}
		o.read(metrics)
		l.operators = append(l.operators, o)
	}
	if m, err := c.JobMetrics(ctx, jobID, metricRestarts); err == nil {
		l.restarts = int64(m[metricRestarts])
	}
	if err := l.takeCheckpoints(ctx, c, jobID); err != nil {
		return nil, err
	}
	if e, err := c.Exceptions(ctx, jobID); err != nil {
		return nil, err
	} else {
		for _, x := range e.History.Entries {
			l.failures = append(l.failures, failure{x.Timestamp.Time(), x.Message(), x.TaskName})
		}
	}
	if m, err := c.TaskManagerMetrics(ctx, metricResident, metricHeap, metricNonHeap, metricManaged, metricCPU); err == nil {
		l.memory = sum(m, metricResident)
		if math.IsNaN(l.memory) {
			l.memory = sum(m, metricHeap) + orZero(sum(m, metricNonHeap)) + orZero(sum(m, metricManaged))
		}
		l.cpuTime = sum(m, metricCPU)
	}
	return l, nil
}

func measure(ctx context.Context, c cluster, jobID, vertex string, known *names) (map[string]flink.Aggregate, error) {
	ofChain, asked := known.byVertex[vertex]
	if !asked {
		all, err := c.TaskMetricNames(ctx, jobID, vertex)
		if err != nil {
			return nil, err
		}
		for _, name := range all {
			if interesting(name) && len(ofChain) < maxNames {
				ofChain = append(ofChain, name)
			}
		}
		known.byVertex[vertex] = ofChain
	}
	return c.TaskMetrics(ctx, jobID, vertex, append(ofTasks[:len(ofTasks):len(ofTasks)], ofChain...)...)
}

// interesting tells whether a metric is one of an operator, or of a split, that
// is asked for.
func interesting(name string) bool {
	if strings.HasSuffix(name, metricOfSplit) {
		return strings.Contains(name, splitOfOperator) && !strings.Contains(name, ",")
	}
	of, metric, ok := cutLast(name, ".")
	return ok && of != "" && (metric == metricIn || metric == metricOut)
}

func cutLast(s, sep string) (before, after string, found bool) {
	i := strings.LastIndex(s, sep)
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+len(sep):], true
}

func (o *operator) read(m map[string]flink.Aggregate) {
	o.inRate, o.outRate = orZero(sum(m, metricInRate)), orZero(sum(m, metricOutRate))
	share := func(name string, of func(flink.Aggregate) flink.Number) float64 {
		a, ok := m[name]
		if !ok {
			return math.NaN()
		}
		return min(max(float64(of(a))/1000, 0), 1)
	}
	mean := func(a flink.Aggregate) flink.Number { return a.Avg }
	o.busy, o.held, o.idle = share(metricBusy, mean), share(metricHeld, mean), share(metricIdle, mean)
	o.busiest = share(metricBusy, func(a flink.Aggregate) flink.Number { return a.Max })
	o.watermark, o.ahead = mark(m, metricWaterOut)
	if math.IsNaN(o.watermark) {
		o.watermark, o.ahead = mark(m, metricWaterIn)
	}
	o.late, o.corrupt = orZero(sum(m, metricLate)), orZero(sum(m, metricCorrupt))
	o.state, o.keys = sum(m, metricState), sum(m, metricKeys)
	o.pending = sum(m, metricPending)
	// What tasks say themselves is newer than what the job says of them.
	if in := sum(m, metricIn); !math.IsNaN(in) && in > o.recordsIn {
		o.recordsIn = in
	}
	if out := sum(m, metricOut); !math.IsNaN(out) && out > o.recordsOut {
		o.recordsOut = out
	}
	at := map[string]int{}
	for name, a := range m {
		if of, found := strings.CutSuffix(name, metricOfSplit); found {
			if _, id, ok := strings.Cut(of, splitOfOperator); ok {
				o.splits = append(o.splits, split{id, float64(a.Min)})
			}
			continue
		}
		of, metric, ok := cutLast(name, ".")
		if !ok || metric != metricIn && metric != metricOut {
			continue
		}
		i, seen := at[of]
		if !seen {
			i = len(o.links)
			at[of] = i
			o.links = append(o.links, link{name: of})
		}
		if metric == metricIn {
			o.links[i].recordsIn = float64(a.Sum)
		} else {
			o.links[i].recordsOut = float64(a.Sum)
		}
	}
}

// given is how many records a sink got, and how many a second.
func (o *operator) given() (total, rate float64) {
	if o.recordsOut > 0 || o.outRate > 0 {
		return o.recordsOut, o.outRate
	}
	// Flink's sinks give nothing on: what reached the writer counts.
	for _, l := range o.links {
		if strings.Contains(l.name, "Writer") || strings.HasPrefix(l.name, "Sink") {
			total = max(total, l.recordsIn)
		}
	}
	if total > 0 {
		return total, o.inRate
	}
	return 0, 0
}

// taken is how many records a source read, and how many a second. Flink's
// sources count only what they give on.
func (o *operator) taken() (total, rate float64) {
	if o.recordsIn > 0 || o.inRate > 0 {
		return o.recordsIn, o.inRate
	}
	return o.recordsOut, o.outRate
}

func (l *look) takeCheckpoints(ctx context.Context, c cluster, jobID string) error {
	l.pictures = checkpoints{duration: math.NaN(), size: math.NaN()}
	all, err := c.Checkpoints(ctx, jobID)
	var refused *flink.Error
	if errors.As(err, &refused) {
		return nil // a job that takes none
	}
	if err != nil {
		return err
	}
	p := &l.pictures
	p.known, p.completed, p.failed = true, all.Counts.Completed, all.Counts.Failed
	if n := all.Latest.Completed; n != nil {
		p.duration, p.size = float64(n.EndToEndDuration), float64(n.StateSize)
		p.newest = n.LatestAckTimestamp.Time()
	}
	for _, h := range all.History { // newest first
		if h.Status == flink.Completed {
			break
		}
		if h.Status == flink.InProgress && p.inProgressSince.IsZero() {
			p.inProgressSince = h.TriggerTimestamp.Time()
		}
		if h.Status == flink.Failed {
			p.failedSince++
			if p.failure == "" && h.FailureMessage != nil {
				p.failure = *h.FailureMessage
				if h.FailureTimestamp != nil {
					p.failedAt = h.FailureTimestamp.Time()
				}
			}
		}
	}
	return nil
}

func sum(m map[string]flink.Aggregate, name string) float64 {
	if a, ok := m[name]; ok && !math.IsInf(float64(a.Sum), 0) {
		return float64(a.Sum)
	}
	return math.NaN()
}

// noWatermark is below every watermark: none has come yet. Flink says it with
// the least long; that of a stream that has ended is the greatest.
const noWatermark = -1 << 60

func mark(m map[string]flink.Aggregate, name string) (slowest, fastest float64) {
	a, ok := m[name]
	if !ok || math.IsNaN(float64(a.Min)) {
		return math.NaN(), math.NaN()
	}
	return float64(a.Min), float64(a.Max)
}

// told says whether a watermark is a time: it has come, and is not the last one.
func told(mark float64) bool { return mark > noWatermark && mark < 1<<60 }

func orZero(v float64) float64 {
	if math.IsNaN(v) {
		return 0
	}
	return v
}
