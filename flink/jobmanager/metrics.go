package jobmanager

import (
	"maps"
	"math"
	"net/http"
	"os"
	"runtime"
	"runtime/metrics"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/weir-streams/weir/engine"
	"github.com/weir-streams/weir/engine/data"
)

// rate is what one task does in a second.
type rate struct {
	recordsIn, recordsOut, bytesIn, bytesOut float64
	busy, backPressured, idle                float64 // shares of the time, 0 to 1
	operators                                []rate  // of the chain
}

// rates compares pictures of the job that are at least a second apart. There
// is no sampling in the background: whoever asks makes the next picture.
type rates struct {
	mu        sync.Mutex
	old, last picture
}

type picture struct {
	at    time.Time
	tasks map[string][]engine.SubtaskInfo // by vertex
}

func (r *rates) of(info engine.JobInfo, vertex string) []rate {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := time.Now()
	if r.last.at.IsZero() || now.Sub(r.last.at) >= time.Second {
		p := picture{at: now, tasks: map[string][]engine.SubtaskInfo{}}
		for _, v := range info.Vertices {
			p.tasks[v.ID] = v.Subtasks
		}
		r.old, r.last = r.last, p
	}
	tasks := r.last.tasks[vertex]
	before := r.old.tasks[vertex]
	out := make([]rate, len(tasks))
	for i, t := range tasks {
		var b engine.SubtaskInfo
		since := t.Start
		if i < len(before) && before[i].Attempt == t.Attempt && !before[i].Start.IsZero() {
			b, since = before[i], r.old.at
		}
		until := r.last.at
		if !t.End.IsZero() && t.End.Before(until) {
			until = t.End
		}
		seconds := until.Sub(since).Seconds()
		if since.IsZero() || seconds <= 0 {
			continue
		}
		share := func(d time.Duration) float64 { return min(max(d.Seconds()/seconds, 0), 1) }
		out[i] = rate{
			recordsIn: float64(t.RecordsIn-b.RecordsIn) / seconds, recordsOut: float64(t.RecordsOut-b.RecordsOut) / seconds,
			bytesIn: float64(t.BytesIn-b.BytesIn) / seconds, bytesOut: float64(t.BytesOut-b.BytesOut) / seconds,
			busy: share(t.Busy - b.Busy), backPressured: share(t.BackPressured - b.BackPressured), idle: share(t.Idle - b.Idle),
		}
		for k, o := range t.Operators {
			var b engine.OperatorInfo
			if i < len(before) && k < len(before[i].Operators) && since.Equal(r.old.at) {
				b = before[i].Operators[k]
			}
			out[i].operators = append(out[i].operators, rate{
				recordsIn: float64(o.RecordsIn-b.RecordsIn) / seconds, recordsOut: float64(o.RecordsOut-b.RecordsOut) / seconds,
				bytesIn: float64(o.BytesIn-b.BytesIn) / seconds, bytesOut: float64(o.BytesOut-b.BytesOut) / seconds,
			})
		}
	}
	return out
}

// subtaskMetrics are Flink's metrics of a task, as far as the engine has them,
// and ours under weir.*.
func subtaskMetrics(r request) map[string]float64 {
	return taskMetrics(r.vertex.Subtasks[r.task], rateOf(r, *r.vertex, r.task))
}

func rateOf(r request, v engine.VertexInfo, i int) rate {
	if all := r.job.rates.of(r.info, v.ID); i < len(all) {
		return all[i]
	}
	return rate{}
}

func taskMetrics(t engine.SubtaskInfo, r rate) map[string]float64 {
	mark, markOut := float64(t.Watermark), float64(max(t.Watermark, t.OutputWatermark))
	all := map[string]float64{
		"numRecordsIn": float64(t.RecordsIn), "numRecordsOut": float64(t.RecordsOut),
		"numRecordsInPerSecond": r.recordsIn, "numRecordsOutPerSecond": r.recordsOut,
		"numBytesIn": float64(t.BytesIn), "numBytesOut": float64(t.BytesOut),
		"numBytesInPerSecond": r.bytesIn, "numBytesOutPerSecond": r.bytesOut,
		"busyTimeMsPerSecond": 1000 * r.busy, "backPressuredTimeMsPerSecond": 1000 * r.backPressured, "idleTimeMsPerSecond": 1000 * r.idle,
		"accumulateBusyTimeMs": float64(t.Busy.Milliseconds()), "accumulateBackPressuredTimeMs": float64(t.BackPressured.Milliseconds()),
		"accumulateIdleTimeMs":  float64(t.Idle.Milliseconds()),
		"currentInputWatermark": mark, "currentOutputWatermark": markOut,
		"softBackPressuredTimeMsPerSecond": 1000 * r.backPressured, "hardBackPressuredTimeMsPerSecond": 0,
		"isBackPressured":       flag(r.backPressured > .5),
		"numLateRecordsDropped": float64(t.LateDropped),
		"weir.corruptRecords":   float64(t.Corrupt), "weir.stateBytes": float64(t.StateBytes), "weir.stateKeys": float64(t.StateKeys),
		"weir.barriers": float64(t.Barriers), "weir.barrierStopP99Micros": float64(t.BarrierP99.Microseconds()), "weir.barrierStopMaxMicros": float64(t.BarrierMax.Microseconds()),
	}
	for i, o := range t.Operators {
		name := operatorName(o)
		if _, taken := all[name+".numRecordsOut"]; taken {
			name += "_" + strconv.Itoa(i)
		}
		var s rate
		if i < len(r.operators) {
			s = r.operators[i]
		}
		given := t.OutputWatermark // what it gave on is what the next one got
		if i+1 < len(t.Operators) {
			given = t.Operators[i+1].Watermark
		}
		for metric, v := range operatorMetrics(o, s, max(o.Watermark, given)) {
			all[name+"."+metric] = v
		}
	}
	return all
}

func flag(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

// operatorName is the name of an operator within the names of metrics: what is
// not a letter, a digit, a bracket or a dash is an underscore, as Flink has it.
func operatorName(o engine.OperatorInfo) string {
	return strings.Map(func(c rune) rune {
		if c == '[' || c == ']' || c == '-' || c == '(' || c == ')' || c > 127 || '0' <= c && c <= '9' || 'A' <= c && c <= 'Z' || 'a' <= c && c <= 'z' {
			return c
		}
		return '_'
	}, o.Name)
}

func operatorMetrics(o engine.OperatorInfo, r rate, given int64) map[string]float64 {
	all := map[string]float64{
		"numRecordsIn": float64(o.RecordsIn), "numRecordsInPerSecond": r.recordsIn, "numRecordsOut": float64(o.RecordsOut), "numRecordsOutPerSecond": r.recordsOut,
		"numBytesIn": float64(o.BytesIn), "numBytesInPerSecond": r.bytesIn, "numBytesOut": float64(o.BytesOut), "numBytesOutPerSecond": r.bytesOut,
		"currentOutputWatermark": float64(given),
	}
	for _, s := range o.Splits {
		if s.Ended || s.Idle {
			continue // it holds nothing back
		}
		all["split."+strings.ReplaceAll(s.ID, ",", "_")+".watermark.currentWatermark"] = float64(s.Watermark)
	}
	if o.Source {
		all["numRecordsInErrors"] = float64(o.Corrupt)
	} else {
		all["currentInputWatermark"] = float64(o.Watermark)
		all["numLateRecordsDropped"] = float64(o.LateDropped)
		all["weir.stateBytes"], all["weir.stateKeys"] = float64(o.StateBytes), float64(o.StateKeys)
		if o.StateTTLMillis >= 0 {
			all["weir.stateTtlMillis"] = float64(o.StateTTLMillis)
		}
	}
	return all
}

func (m *JobManager) vertexMetrics(r request) (any, error) {
	all := map[string]float64{}
	shares := r.job.rates.of(r.info, r.vertex.ID)
	for i, t := range r.vertex.Subtasks {
		var s rate
		if i < len(shares) {
			s = shares[i]
		}
		for name, v := range taskMetrics(t, s) {
			all[strconv.Itoa(i)+"."+name] = v
		}
	}
	return plain(r, all), nil
}

func (m *JobManager) subtasksMetrics(r request) (any, error) {
	selected, err := selection(r.URL.Query().Get("subtasks"), len(r.vertex.Subtasks))
	if err != nil {
		return nil, err
	}
	shares := r.job.rates.of(r.info, r.vertex.ID)
	var sets []map[string]float64
	for i, t := range r.vertex.Subtasks {
		if !selected(i) {
			continue
		}
		var s rate
		if i < len(shares) {
			s = shares[i]
		}
		sets = append(sets, taskMetrics(t, s))
	}
	return aggregated(r, sets)
}

// selection reads lists of numbers and ranges: "0-3,7".
func selection(s string, n int) (func(int) bool, error) {
	if s == "" {
		return func(int) bool { return true }, nil
	}
	chosen := make([]bool, n)
	for part := range strings.SplitSeq(s, ",") {
		low, high, ranged := strings.Cut(strings.TrimSpace(part), "-")
		from, err := strconv.Atoi(low)
		to := from
		if err == nil && ranged {
			to, err = strconv.Atoi(high)
		}
		if err != nil || from < 0 || to < from {
			return nil, badParameter("subtasks", s)
		}
		for i := from; i <= to && i < n; i++ {
			chosen[i] = true
		}
	}
	return func(i int) bool { return chosen[i] }, nil
}

func jobMetrics(job *served, info engine.JobInfo) map[string]float64 {
	if info.State.Terminal() {
		return map[string]float64{} // Flink drops the metrics of a job that has ended
	}
	ck := job.Checkpoints()
	_, _, uptime := lifetime(info.Start, info.End)
	since := func(s engine.JobState) float64 {
		if at := info.Timestamps[s]; info.State == s && !at.IsZero() {
			return float64(time.Since(at).Milliseconds())
		}
		return 0
	}
	all := map[string]float64{
		"numRestarts": float64(info.Restarts), "fullRestarts": float64(info.Restarts), "uptime": float64(uptime),
		"downtime": since(engine.Restarting), "runningTime": since(engine.Running), "restartingTime": since(engine.Restarting),
		"initializingTime": since(engine.Initializing), "failingTime": since(engine.Failing), "cancellingTime": since(engine.Cancelling),
		"createdTime": since(engine.Created), "totalNumberOfCheckpoints": float64(ck.Total),
		"numberOfInProgressCheckpoints": float64(ck.InProgress), "numberOfCompletedCheckpoints": float64(ck.Completed),
		"numberOfFailedCheckpoints": float64(ck.Failed), "lastCheckpointRestoreTimestamp": -1,
	}
	if c := ck.LatestCompleted; c != nil {
		all["lastCheckpointSize"], all["lastCheckpointFullSize"] = float64(c.Bytes), float64(c.Bytes)
		all["lastCheckpointDuration"] = float64(c.Completed.Sub(c.Triggered).Milliseconds())
		all["lastCheckpointCompletedTimestamp"] = float64(c.Completed.UnixMilli())
		all["lastCompletedCheckpointId"] = float64(c.ID)
	}
	if f := ck.RestoredFrom; f != nil {
		all["lastCheckpointRestoreTimestamp"] = float64(f.At.UnixMilli())
	}
	return all
}

// processMetrics are of this process, under the names Flink has for a JVM.
func (m *JobManager) processMetrics(infos []engine.JobInfo) map[string]float64 {
	var mem runtime.MemStats
	runtime.ReadMemStats(&mem)
	all := map[string]float64{
		"Status.JVM.Memory.Heap.Used": float64(mem.HeapAlloc), "Status.JVM.Memory.Heap.Committed": float64(mem.HeapSys),
		"Status.JVM.Memory.Heap.Max": float64(mem.Sys), "Status.JVM.Threads.Count": float64(runtime.NumGoroutine()),
		"Status.JVM.GarbageCollector.All.Count": float64(mem.NumGC),
		"Status.JVM.GarbageCollector.All.Time":  float64(mem.PauseTotalNs / 1e6),
		"numRunningJobs":                        float64(running(infos)), "taskSlotsTotal": float64(slots(infos)),
		"numRegisteredTaskManagers": 1, "taskSlotsAvailable": float64(freeSlots(infos)),
		"weir.residentBytes": resident(),
		"weir.uptimeMs":      float64(time.Since(m.started).Milliseconds()),
	}
	sample := []metrics.Sample{{Name: "/cpu/classes/user:cpu-seconds"}}
	metrics.Read(sample)
	if sample[0].Value.Kind() == metrics.KindFloat64 {
		all["Status.JVM.CPU.Time"] = math.Round(sample[0].Value.Float64() * 1e9)
	}
	return all
}

// resident is the memory of this process that lies in RAM, in bytes; NaN where
// that cannot be read.
func resident() float64 {
	text, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return math.NaN()
	}
	fields := strings.Fields(string(text))
	if len(fields) < 2 {
		return math.NaN()
	}
	pages, err := strconv.ParseInt(fields[1], 10, 64)
	if err != nil {
		return math.NaN()
	}
	return float64(pages) * float64(os.Getpagesize())
}

// plain answers with names, or with the values that were asked for. A name
// that is not known is left out, as Flink does.
func plain(r request, all map[string]float64) any {
	out := []object{}
	get := r.URL.Query().Get("get")
	if get == "" {
		for _, name := range slices.Sorted(maps.Keys(all)) {
			out = append(out, object{"id": name})
		}
		return out
	}
	for name := range strings.SplitSeq(get, ",") {
		if v, ok := all[name]; ok {
			out = append(out, object{"id": name, "value": number(name, v)})
		}
	}
	return out
}

// number prints counters whole and rates with a fraction, as Java does.
func number(name string, v float64) string {
	if strings.HasSuffix(name, "PerSecond") {
		s := strconv.FormatFloat(v, 'f', -1, 64)
		if !strings.Contains(s, ".") {
			s += ".0"
		}
		return s
	}
	if strings.HasSuffix(name, "Watermark") && v <= data.MinWatermark {
		return strconv.FormatInt(data.MinWatermark, 10)
	}
	if v >= math.MaxInt64 {
		return strconv.FormatInt(math.MaxInt64, 10)
	}
	return strconv.FormatFloat(v, 'f', -1, 64)
}

// aggregated answers over several sets of the same metrics.
func aggregated(r request, sets []map[string]float64) (any, error) {
	q := r.URL.Query()
	out := []object{}
	if q.Get("get") == "" {
		names := map[string]bool{}
		for _, set := range sets {
			for name := range set {
				names[name] = true
			}
		}
		for _, name := range slices.Sorted(maps.Keys(names)) {
			out = append(out, object{"id": name})
		}
		return out, nil
	}
	kinds := []string{"min", "max", "avg", "sum", "skew"}
	if s := q.Get("agg"); s != "" {
		kinds = strings.Split(strings.ToLower(s), ",")
	}
	for name := range strings.SplitSeq(q.Get("get"), ",") {
		var values []float64
		for _, set := range sets {
			if v, ok := set[name]; ok {
				values = append(values, v)
			}
		}
		if len(values) == 0 {
			continue
		}
		o := object{"id": name}
		for _, kind := range kinds {
			v, ok := combine(kind, values)
			if !ok {
				return nil, failure{http.StatusBadRequest, restException + "Could not parse the aggregation " + strconv.Quote(kind) + "; use min, max, avg, sum or skew."}
			}
			o[kind] = v
		}
		out = append(out, o)
	}
	return out, nil
}

func combine(kind string, values []float64) (float64, bool) {
	var sum float64
	for _, v := range values {
		sum += v
	}
	avg := sum / float64(len(values))
	switch kind {
	case "min":
		return slices.Min(values), true
	case "max":
		return slices.Max(values), true
	case "sum":
		return sum, true
	case "avg":
		return avg, true
	case "skew":
		// How far the tasks are from sharing evenly, in percent.
		if avg == 0 || len(values) == 1 {
			return 0, true
		}
		var away float64
		for _, v := range values {
			away += math.Abs(v - avg)
		}
		return 100 * away / (2 * sum * (1 - 1/float64(len(values)))), true
	}
	return 0, false
}
