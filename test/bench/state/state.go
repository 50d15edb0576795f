// Package state measures what keyed state costs besides the work on it: a count,
// a sum and the greatest of a value by many keys run as a job, and what stops it,
// what a checkpoint writes, how it comes back, and what lies idle is measured.
package state

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"math/rand/v2"
	"os"
	"runtime"
	"runtime/metrics"
	"runtime/pprof"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/weir-streams/weir/engine"
	"github.com/weir-streams/weir/engine/connector"
	"github.com/weir-streams/weir/engine/data"
)

// Options say what to run.
type Options struct {
	Keys        int64
	Parallelism int
	Memory      string // of the state, such as 512mb; empty: no bound
	Config      map[string]string
	Profile     string // file for a profile of the processor time of the recovery; empty: none
}

// Row is one figure.
type Row struct {
	Name  string  `json:"name"`
	Value float64 `json:"value"`
	Unit  string  `json:"unit"`
	// Goal is what the figure should be at most, or at least where More is set; 0: there is none.
	Goal float64 `json:"goal,omitempty"`
	More bool    `json:"more,omitempty"`
}

const query = `CREATE TABLE updates (k BIGINT, v BIGINT) WITH ('connector' = 'updates');
CREATE TABLE hole WITH ('connector' = 'blackhole') AS SELECT k, COUNT(*), SUM(v), MAX(v) FROM updates GROUP BY k;`

// hotPart is how many keys there are for one hot one.
const hotPart = 20

// Run measures, and tells each figure as it is known.
func Run(ctx context.Context, o Options, tell func(Row)) error {
	if o.Keys < hotPart || o.Parallelism < 1 {
		return fmt.Errorf("at least %d keys and a parallelism of 1 are needed", hotPart)
	}
	dir, err := os.MkdirTemp("", "weir-bench-")
	if err != nil {
		return fmt.Errorf("folder of checkpoints: %w", err)
	}
	defer os.RemoveAll(dir)
	b := &bench{Options: o, dir: dir, tell: tell}
	if err := b.start(ctx, ""); err != nil {
		return err
	}
	path, err := b.first(ctx)
	b.stop(ctx)
	if err != nil {
		return err
	}
	return b.again(ctx, path)
}

type bench struct {
	Options
	dir  string
	tell func(Row)
	feed *feed
	job  *engine.Job
}

func (b *bench) start(ctx context.Context, from string) error {
	b.feed = &feed{}
	e := engine.New(engine.Config{Log: slog.New(slog.DiscardHandler)}).With([]*connector.Connector{b.feed.connector()}, nil)
	config := map[string]string{
		"parallelism.default": strconv.Itoa(b.Parallelism), "table.exec.mini-batch.enabled": "true",
		"execution.checkpointing.dir": b.dir, "execution.checkpointing.externalized-checkpoint-retention": "RETAIN_ON_CANCELLATION",
		"restart-strategy.type": "none",
	}
	if b.Memory != "" {
		config["state.backend.memory"] = b.Memory
	}
	maps.Copy(config, b.Config)
	plan, err := e.Compile(query, config)
	if err != nil {
		return err
	}
	id := "00000000000000000000000000000001"
	if from != "" {
		id = "00000000000000000000000000000002"
	}
	b.job, err = e.Start(ctx, engine.JobSpec{ID: id, Name: "state", Graph: plan.Graph, Config: plan.Config, SavepointPath: from})
	return err
}

func (b *bench) stop(ctx context.Context) {
	b.job.Cancel()
	_ = b.job.Wait(context.WithoutCancel(ctx)) // it was told to end
}

// first fills the state and measures it. It returns where the last checkpoint is.
func (b *bench) first(ctx context.Context) (string, error) {
	cpu, err := b.pass(ctx, b.Keys, func(i int64) int64 { return i })
	if err != nil {
		return "", err
	}
	b.tell(Row{Name: "new keys", Value: float64(b.Keys) / cpu / 1e6, Unit: "M/CPU s"})
	b.tell(Row{Name: "memory of a key", Value: float64(b.bytes()) / float64(b.Keys), Unit: "bytes", Goal: 64})
	if _, err := b.checkpoint(ctx, "whole checkpoint", 0); err != nil {
		return "", err
	}
	rng := rand.New(rand.NewPCG(1, 2))
	hot := b.Keys / hotPart
	if cpu, err = b.pass(ctx, 4*hot, func(int64) int64 { return rng.Int64N(hot) * hotPart }); err != nil {
		return "", err
	}
	b.tell(Row{Name: "updates of hot keys", Value: 4 * float64(hot) / cpu / 1e6, Unit: "M/CPU s"})
	path, err := b.checkpoint(ctx, "checkpoint of a twentieth", 200)
	if err != nil {
		return "", err
	}
	var stop time.Duration
	for _, v := range b.job.Info().Vertices {
		for _, t := range v.Subtasks {
			stop = max(stop, t.BarrierMax)
		}
	}
	b.tell(Row{Name: "longest stop at a barrier", Value: stop.Seconds() * 1000, Unit: "ms", Goal: 1})
	b.tell(Row{Name: "full collection of garbage", Value: collection(), Unit: "ms of CPU", Goal: 20})
	before, at := processor(), time.Now()
	select {
	case <-time.After(3 * time.Second):
	case <-ctx.Done():
		return "", ctx.Err()
	}
	b.tell(Row{Name: "idle job", Value: 100 * (processor() - before) / time.Since(at).Seconds(), Unit: "% of a core", Goal: 1})
	return path, nil
}

// again starts from a checkpoint.
func (b *bench) again(ctx context.Context, path string) error {
	if b.Profile != "" {
		f, err := os.Create(b.Profile)
		if err != nil {
			return fmt.Errorf("profile: %w", err)
		}
		defer f.Close()
		if err := pprof.StartCPUProfile(f); err != nil {
			return fmt.Errorf("profile: %w", err)
		}
		defer pprof.StopCPUProfile()
	}
	before, at := processor(), time.Now()
	if err := b.start(ctx, path); err != nil {
		return err
	}
	defer b.stop(ctx)
	// The first row is read when the state is there.
	if _, err := b.pass(ctx, 1, func(int64) int64 { return 0 }); err != nil {
		return err
	}
	b.tell(Row{Name: "recovery", Value: float64(b.Keys) / (processor() - before) / 1e6, Unit: "M keys/CPU s"})
	b.tell(Row{Name: "recovery", Value: float64(b.Keys) / time.Since(at).Seconds() / 1e6, Unit: "M keys/s", Goal: 5, More: true})
	return nil
}

// pass feeds n rows with the keys that next gives and waits until they are worked
// in. It returns the processor time of it, in seconds.
func (b *bench) pass(ctx context.Context, n int64, next func(i int64) int64) (float64, error) {
	before := processor()
	want := b.taken() + n
	b.feed.work.Store(&work{left: n, next: next})
	for b.taken() < want {
		if info := b.job.Info(); info.State.Terminal() {
			return 0, fmt.Errorf("the job is %s: %w", info.State, b.job.Wait(ctx))
		}
		select {
		case <-time.After(2 * time.Millisecond):
		case <-ctx.Done():
			return 0, ctx.Err()
		}
	}
	return processor() - before, nil
}

// taken is how many rows the aggregation has had.
func (b *bench) taken() (n int64) {
	for _, v := range b.job.Info().Vertices {
		for _, t := range v.Subtasks {
			for _, op := range t.Operators {
				if strings.Contains(op.Name, "Aggregate") && !strings.Contains(op.Name, "Local") {
					n += op.RecordsIn
				}
			}
		}
	}
	return n
}

func (b *bench) bytes() (n int64) {
	for _, v := range b.job.Info().Vertices {
		for _, t := range v.Subtasks {
			n += t.StateBytes
		}
	}
	return n
}

func (b *bench) checkpoint(ctx context.Context, name string, goal float64) (string, error) {
	before := processor()
	c, err := b.job.TriggerCheckpoint(ctx)
	if err != nil {
		return "", err
	}
	b.tell(Row{Name: name, Value: c.Completed.Sub(c.Triggered).Seconds() * 1000, Unit: "ms", Goal: goal})
	b.tell(Row{Name: name, Value: (processor() - before) * 1000, Unit: "ms of CPU"})
	b.tell(Row{Name: name, Value: float64(c.Written) / (1 << 20), Unit: "MiB written"})
	return c.Path, nil
}

// feed is a source that gives rows when there is work for it.
type feed struct{ work atomic.Pointer[work] }

type work struct {
	left, at int64
	next     func(i int64) int64
}

func (f *feed) connector() *connector.Connector {
	return &connector.Connector{
		Name: "updates", Doc: "Updates when they are asked for.",
		Source: func(s connector.SourceSpec) (connector.Source, error) {
			return &source{feed: f, spec: s}, nil
		},
	}
}

type source struct {
	feed *feed
	spec connector.SourceSpec
}

func (s *source) Poll(_ context.Context, b *data.Batch) (connector.Status, error) {
	w := s.feed.work.Load()
	if w == nil || w.left == 0 || s.spec.Subtask != 0 {
		return connector.Idle, nil
	}
	n := int(min(w.left, data.BatchSize))
	for i, o := range s.spec.Source.Output {
		v := b.Cols[i]
		v.Resize(n)
		for r := range n {
			if o.Column == 0 {
				v.I64[r] = w.next(w.at + int64(r))
			} else {
				v.I64[r] = int64(r) * 37
			}
		}
	}
	b.N = n
	w.left -= int64(n)
	w.at += int64(n)
	return connector.More, nil
}

func (s *source) Restore([]connector.Split) error { return nil }
func (s *source) Splits() []connector.Split       { return nil }
func (s *source) Close() error                    { return nil }

// processor is the processor time of this process, in seconds.
func processor() float64 {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano()).Seconds()
}

// collection is the processor time of a full collection of garbage, in milliseconds.
func collection() float64 {
	runtime.GC()
	used := []metrics.Sample{{Name: "/cpu/classes/gc/mark/assist:cpu-seconds"}, {Name: "/cpu/classes/gc/mark/dedicated:cpu-seconds"}, {Name: "/cpu/classes/gc/pause:cpu-seconds"}, {Name: "/cpu/classes/gc/mark/idle:cpu-seconds"}}
	sum := func() (s float64) {
		metrics.Read(used)
		for _, u := range used {
			s += u.Value.Float64()
		}
		return s
	}
	before := sum()
	runtime.GC()
	return (sum() - before) * 1000
}
