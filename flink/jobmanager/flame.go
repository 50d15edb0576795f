package jobmanager

import (
	"bytes"
	"cmp"
	"fmt"
	"net/http"
	"path"
	"runtime/pprof"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/google/pprof/profile"

	"github.com/weir-streams/weir/engine"
	"github.com/weir-streams/weir/flink"
)

// A flame graph shows where the tasks of a vertex are: on the processor, as the
// profiler of the Go runtime sees it, or waiting, as repeated pictures of all
// goroutines show. Goroutines carry the job, vertex and subtask they work for.
//
// Nothing is sampled until somebody asks. The first answer says that samples are
// being taken, as Flink's does; they are kept for a while for all who ask.

const (
	flameWindow  = 3 * time.Second // how long samples are taken
	flameEvery   = 100 * time.Millisecond
	flameFresh   = 10 * time.Second // how long they are good for
	flameWaiting = -1               // Flink's endTimestamp while samples are being taken
	flameOff     = -2
	flameOver    = -3
)

// flames are the newest samples of the process.
type flames struct {
	mu      sync.Mutex
	taking  bool
	at      time.Time
	samples []flameSample
	failure string // why there are none
}

// flameSample is a stack, outermost frame first, with the time spent in it.
type flameSample struct {
	job, vertex, subtask string
	waiting              bool
	millis               int64
	stack                []string
}

func (m *JobManager) flameGraph(r request) (any, error) {
	if r.job.configuration["rest.flamegraph.enabled"] == "false" {
		return object{"endTimestamp": flameOff}, nil
	}
	kind := strings.ToUpper(cmp.Or(r.URL.Query().Get("type"), "FULL"))
	if kind != "FULL" && kind != "ON_CPU" && kind != "OFF_CPU" {
		return nil, badParameter("type", r.URL.Query().Get("type"))
	}
	subtask := r.URL.Query().Get("subtaskindex")
	if subtask != "" {
		n, err := strconv.Atoi(subtask)
		if err != nil || n < 0 {
			return nil, badParameter("subtaskindex", subtask)
		}
		if n >= len(r.vertex.Subtasks) {
			return nil, failure{http.StatusNotFound, restException + "Invalid subtask index for vertex " + r.vertex.ID}
		}
		subtask = strconv.Itoa(n)
	}
	if r.info.State.Terminal() {
		return object{"endTimestamp": flameOver}, nil
	}
	samples, at, err := m.flames.take(m)
	if err != nil {
		return nil, err
	}
	if at.IsZero() {
		return object{"endTimestamp": flameWaiting}, nil
	}
	root := &flame{Name: "root"}
	for _, s := range samples {
		if s.job != r.info.ID || s.vertex != r.vertex.ID || subtask != "" && s.subtask != subtask ||
			kind == "ON_CPU" && s.waiting || kind == "OFF_CPU" && !s.waiting {
			continue
		}
		root.add(s)
	}
	root.sort()
	return object{"endTimestamp": flink.MillisOf(at), "data": root}, nil
}

// take gives the newest samples and begins to take new ones if those are old; at
// is zero while there are none.
func (f *flames) take(m *JobManager) (samples []flameSample, at time.Time, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.taking && time.Since(f.at) > flameFresh {
		f.taking = m.spawn(func() { f.sample(m) })
	}
	if f.failure != "" && !f.taking {
		return nil, time.Time{}, failure{http.StatusServiceUnavailable, restException + f.failure}
	}
	return f.samples, f.at, nil
}

// sample takes samples for flameWindow.
func (f *flames) sample(m *JobManager) {
	samples, err := sampleProcess(m.ctx.Done())
	f.mu.Lock()
	defer f.mu.Unlock()
	f.taking = false
	f.failure = ""
	if err != nil {
		f.failure = "No samples could be taken: " + err.Error()
		return
	}
	f.samples, f.at = samples, time.Now()
}

func sampleProcess(done <-chan struct{}) ([]flameSample, error) {
	var cpu bytes.Buffer
	// There is one such profiler in a process; another may be using it.
	if err := pprof.StartCPUProfile(&cpu); err != nil {
		return nil, err
	}
	var samples []flameSample
	tick := time.NewTicker(flameEvery)
	defer tick.Stop()
	end := time.NewTimer(flameWindow)
	defer end.Stop()
	for going := true; going; {
		select {
		case <-tick.C:
			var b bytes.Buffer
			if err := pprof.Lookup("goroutine").WriteTo(&b, 0); err != nil {
				pprof.StopCPUProfile()
				return nil, fmt.Errorf("goroutines: %w", err)
			}
			waiting, err := readStacks(&b, true)
			if err != nil {
				pprof.StopCPUProfile()
				return nil, err
			}
			samples = append(samples, waiting...)
		case <-end.C:
			going = false
		case <-done:
			going = false
		}
	}
	pprof.StopCPUProfile()
	working, err := readStacks(&cpu, false)
	return append(samples, working...), err
}

// readStacks reads a profile. Of goroutines only those count that wait: where
// the others are is what the profile of the processor tells.
func readStacks(b *bytes.Buffer, goroutines bool) ([]flameSample, error) {
	p, err := profile.Parse(b)
	if err != nil {
		return nil, fmt.Errorf("profile: %w", err)
	}
	var samples []flameSample
	for _, s := range p.Sample {
		f := flameSample{job: label(s, engine.LabelJob), vertex: label(s, engine.LabelVertex), subtask: label(s, engine.LabelSubtask), waiting: goroutines}
		if f.vertex == "" || len(s.Value) == 0 {
			continue
		}
		if goroutines {
			f.millis = s.Value[0] * flameEvery.Milliseconds()
			if !parked(s) {
				continue
			}
		} else {
			f.millis = s.Value[len(s.Value)-1] / int64(time.Millisecond)
		}
		for _, l := range slices.Backward(s.Location) {
			for _, line := range slices.Backward(l.Line) {
				if name := frame(line); name != "" {
					f.stack = append(f.stack, name)
				}
			}
		}
		samples = append(samples, f)
	}
	return samples, nil
}

func label(s *profile.Sample, key string) string {
	if v := s.Label[key]; len(v) > 0 {
		return v[0]
	}
	return ""
}

// parked tells whether a goroutine waits: for another, for time, or for the system.
func parked(s *profile.Sample) bool {
	for _, l := range s.Location[:min(2, len(s.Location))] {
		for _, line := range l.Line {
			switch name := line.Function.Name; {
			case name == "runtime.gopark", strings.HasPrefix(name, "syscall."), strings.HasPrefix(name, "internal/runtime/syscall."):
				return true
			}
		}
	}
	return false
}

// frame is "aggregate.(*group).fold:123"; frames of the scheduler have none.
func frame(l profile.Line) string {
	if l.Function == nil || strings.HasPrefix(l.Function.Name, "runtime/pprof.") || l.Function.Name == "runtime.goexit" {
		return ""
	}
	return path.Base(l.Function.Name) + ":" + strconv.FormatInt(l.Line, 10)
}

// flame is a frame with what it called. Values are milliseconds.
type flame struct {
	Name     string   `json:"name"`
	Value    int64    `json:"value"`
	Children []*flame `json:"children"`
}

func (f *flame) add(s flameSample) {
	f.Value += s.millis
	for _, name := range s.stack {
		i := slices.IndexFunc(f.Children, func(c *flame) bool { return c.Name == name })
		if i < 0 {
			i = len(f.Children)
			f.Children = append(f.Children, &flame{Name: name})
		}
		f = f.Children[i]
		f.Value += s.millis
	}
}

func (f *flame) sort() {
	if f.Children == nil {
		f.Children = []*flame{}
	}
	slices.SortFunc(f.Children, func(a, b *flame) int { return cmp.Compare(b.Value, a.Value) })
	for _, c := range f.Children {
		c.sort()
	}
}
