// Package soak runs queries that keep state side by side for a long time at half
// of what the machine can do, and watches what must not grow: memory, goroutines
// and open files.
package soak

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/weir-streams/weir/engine"
	"github.com/weir-streams/weir/test/bench/nexmark"
)

// Options say what to run.
type Options struct {
	Duration    time.Duration
	Queries     []string // none: q4, q5, q9 and q18
	Rate        int64    // events a second of each query; 0: half of what is measured first
	Parallelism int
	// Checkpoints is the time between them; TTL is how long state is kept, so that
	// it comes to an end of its growth: 0 for an eighth of Duration.
	Checkpoints, TTL time.Duration
	Config           map[string]string
	// Watch is told each sample; nil: nobody.
	Watch func(Sample)
}

// Sample is what was seen at one moment.
type Sample struct {
	After       time.Duration `json:"after"`
	Events      int64         `json:"events"` // read by all jobs
	RSS         int64         `json:"rss"`    // bytes
	Heap        int64         `json:"heap"`   // of Go, in use
	State       int64         `json:"state"`  // bytes, of all jobs
	Goroutines  int           `json:"goroutines"`
	Files       int           `json:"files"` // open
	Checkpoints int64         `json:"checkpoints"`
	Failed      int64         `json:"failedCheckpoints"`
	Restarts    int           `json:"restarts"`
}

// Result is how it went.
type Result struct {
	Rate    int64    `json:"rate"` // of each query
	Reached float64  `json:"reached"`
	Samples []Sample `json:"samples"`
	// Memory is the most resident memory of the last quarter of the time over that of
	// the second; 0: too few samples to tell.
	Memory float64 `json:"memory"`
	// Wrong says what grew or failed; empty: all was well.
	Wrong []string `json:"wrong"`
}

// Run runs the queries.
func Run(ctx context.Context, o Options) (Result, error) {
	if len(o.Queries) == 0 {
		o.Queries = []string{"q4", "q5", "q9", "q18"}
	}
	if o.TTL == 0 {
		o.TTL = max(o.Duration/8, time.Second)
	}
	r := Result{Rate: o.Rate}
	if r.Rate == 0 {
		most := min(max(o.Duration/10, 5*time.Second), 30*time.Second)
		j, err := start(ctx, o, 0)
		if err != nil {
			return r, err
		}
		wait(ctx, most)
		events := j.sample().Events
		j.stop()
		if r.Rate = int64(float64(events) / most.Seconds() / 2 / float64(len(o.Queries))); r.Rate == 0 {
			return r, errors.New("the jobs read nothing: there is no rate to halve")
		}
	}
	j, err := start(ctx, o, r.Rate)
	if err != nil {
		return r, err
	}
	defer j.stop()
	every := min(max(o.Duration/120, 200*time.Millisecond), 30*time.Second)
	for time.Since(j.began) < o.Duration && ctx.Err() == nil {
		wait(ctx, every)
		s := j.sample()
		r.Samples = append(r.Samples, s)
		if o.Watch != nil {
			o.Watch(s)
		}
		if err := j.broken(); err != nil {
			return r, err
		}
	}
	if err := ctx.Err(); err != nil {
		return r, err
	}
	r.judge(len(o.Queries))
	return r, nil
}

func wait(ctx context.Context, d time.Duration) {
	select {
	case <-time.After(d):
	case <-ctx.Done():
	}
}

// jobs are those that run side by side.
type jobs struct {
	began time.Time
	names []string
	jobs  []*engine.Job
	dir   string
}

func start(ctx context.Context, o Options, rate int64) (*jobs, error) {
	dir, err := os.MkdirTemp("", "weir-soak-")
	if err != nil {
		return nil, fmt.Errorf("folder of checkpoints: %w", err)
	}
	j := &jobs{began: time.Now(), names: o.Queries, dir: dir}
	e := engine.New(engine.Config{})
	source := "'connector' = 'nexmark', 'generator' = 'fast'"
	if rate > 0 { // event time goes as fast as the clock
		source += fmt.Sprintf(", 'scan.rate-limit' = '%d', 'first-event.rate' = '%d', 'next-event.rate' = '%d'", rate, rate, rate)
	}
	for i, q := range o.Queries {
		script, err := nexmark.Script(q, nexmark.Options{Source: source, Sink: "'connector' = 'blackhole'"})
		if err != nil {
			j.stop()
			return nil, err
		}
		config := map[string]string{
			"parallelism.default": strconv.Itoa(max(1, o.Parallelism)), "execution.checkpointing.dir": dir,
			"table.exec.state.ttl":                                 strconv.FormatInt(o.TTL.Milliseconds(), 10) + " ms",
			"table.exec.mini-batch.enabled":                        "true",
			"restart-strategy.type":                                "none",
			"execution.checkpointing.interval":                     strconv.FormatInt(max(o.Checkpoints, 0).Milliseconds(), 10) + " ms",
			"execution.checkpointing.min-pause":                    "100 ms",
			"execution.checkpointing.tolerable-failed-checkpoints": "1000000",
		}
		maps.Copy(config, o.Config)
		plan, err := e.Compile(script, config)
		if err != nil {
			j.stop()
			return nil, fmt.Errorf("%s: %w", q, err)
		}
		job, err := e.Start(ctx, engine.JobSpec{ID: fmt.Sprintf("%032x", i+1), Name: q, Graph: plan.Graph, Config: plan.Config})
		if err != nil {
			j.stop()
			return nil, fmt.Errorf("%s: %w", q, err)
		}
		j.jobs = append(j.jobs, job)
	}
	return j, nil
}

func (j *jobs) stop() {
	for _, job := range j.jobs {
		job.Cancel()
	}
	for _, job := range j.jobs {
		_ = job.Wait(context.Background()) // it was cancelled, or broken tells
	}
	_ = os.RemoveAll(j.dir)
}

// broken tells which job has ended.
func (j *jobs) broken() error {
	for i, job := range j.jobs {
		if info := job.Info(); info.State.Terminal() {
			why := ""
			if n := len(info.Failures); n > 0 {
				why = ": " + info.Failures[n-1].Message
			}
			return fmt.Errorf("%s is %s%s", j.names[i], info.State, why)
		}
	}
	return nil
}

func (j *jobs) sample() Sample {
	s := Sample{After: time.Since(j.began), Goroutines: runtime.NumGoroutine(), RSS: resident(), Files: openFiles()}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	s.Heap = int64(m.HeapInuse)
	for _, job := range j.jobs {
		info := job.Info()
		s.Restarts += info.Restarts
		for _, v := range info.Vertices {
			for _, t := range v.Subtasks {
				if len(v.Inputs) == 0 {
					s.Events += t.RecordsIn
				}
				s.State += t.StateBytes
			}
		}
		c := job.Checkpoints()
		s.Checkpoints += int64(c.Completed)
		s.Failed += int64(c.Failed)
	}
	return s
}

// resident is the memory of this process, in bytes; 0 where nobody tells.
func resident() int64 {
	text, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return 0
	}
	fields := strings.Fields(string(text))
	if len(fields) < 2 {
		return 0
	}
	pages, _ := strconv.ParseInt(fields[1], 10, 64)
	return pages * int64(os.Getpagesize())
}

func openFiles() int {
	names, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		return 0
	}
	return len(names)
}

// judge compares the last quarter of the time with the second: by then state
// has come to its full size, once and again. Memory may differ by a twentieth, and
// by 32 MiB, about what the Go heap swings by between two collections.
func (r *Result) judge(queries int) {
	n := len(r.Samples)
	if n < 8 {
		return
	}
	before, after := r.Samples[n/4:n/2], r.Samples[n-n/4:]
	highest := func(of []Sample, f func(Sample) int64) int64 {
		x := slices.MaxFunc(of, func(a, b Sample) int { return int(f(a) - f(b)) })
		return f(x)
	}
	grew := func(what string, most int64, f func(Sample) int64) {
		if was, is := highest(before, f), highest(after, f); is > most+was {
			r.Wrong = append(r.Wrong, fmt.Sprintf("%s grew from %d to %d", what, was, is))
		}
	}
	grew("goroutines", 16, func(s Sample) int64 { return int64(s.Goroutines) })
	grew("open files", 32, func(s Sample) int64 { return int64(s.Files) })
	was := highest(before, func(s Sample) int64 { return s.RSS })
	grew("memory", max(was/20, 32<<20), func(s Sample) int64 { return s.RSS })
	if was > 0 {
		r.Memory = float64(highest(after, func(s Sample) int64 { return s.RSS })) / float64(was)
	}
	last := r.Samples[n-1]
	if last.Restarts > 0 {
		r.Wrong = append(r.Wrong, fmt.Sprintf("%d restarts", last.Restarts))
	}
	if last.Failed > 0 {
		r.Wrong = append(r.Wrong, fmt.Sprintf("%d checkpoints failed", last.Failed))
	}
	r.Reached = float64(last.Events) / last.After.Seconds() / float64(r.Rate*int64(queries))
}
