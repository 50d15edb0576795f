package engine

import (
	"context"
	"flag"
	"fmt"
	"syscall"
	"testing"
	"time"

	"github.com/weir-streams/weir/engine/checkpoint"
	"github.com/weir-streams/weir/engine/runtime/task"
)

var (
	barrierKeys   = flag.Int("barrier-keys", 1_000_000, "keys of the state in BenchmarkBarriers")
	barrierDeltas = flag.Int("barrier-deltas", 5, "incremental checkpoints in BenchmarkBarriers")
)

func processor() time.Duration {
	var r syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &r)
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}

// BenchmarkBarriers counts by many keys, fills the state, and takes checkpoints
// while rows of a few of the keys go on; then it starts again from the last.
func BenchmarkBarriers(b *testing.B) {
	for range b.N {
		dir := b.TempDir()
		keys := *barrierKeys
		script := fmt.Sprintf(`CREATE TABLE g (k BIGINT, v INT) WITH ('connector' = 'datagen', 'rows-per-second' = '100000000', 'fields.k.kind' = 'sequence', 'fields.k.start' = '1', 'fields.k.end' = '100000000000');
CREATE TABLE o (k BIGINT, c BIGINT, s BIGINT, m INT) WITH ('connector' = 'blackhole');
INSERT INTO o SELECT k, COUNT(*), SUM(v), MAX(v) FROM (SELECT CASE WHEN k <= %d THEN k ELSE MOD(k * 7919, %d) + 1 END AS k, v FROM g) GROUP BY k`, keys, keys/20)
		config := map[string]string{
			"parallelism.default": "2", "execution.checkpointing.dir": dir, "execution.checkpointing.num-retained": "2",
			"execution.checkpointing.interval": "1 h", "execution.checkpointing.externalized-checkpoint-retention": "RETAIN_ON_CANCELLATION",
			"execution.checkpointing.tolerable-failed-checkpoints": "1000",
		}
		e := New(Config{})
		p, err := e.Compile(script, config)
		if err != nil {
			b.Fatal(err)
		}
		j, err := e.Start(context.Background(), JobSpec{ID: jobID, Name: "bench", Graph: p.Graph, Config: p.Config})
		if err != nil {
			b.Fatal(err)
		}
		rows := func() (n int64) {
			for _, s := range j.Info().Vertices[0].Subtasks {
				n += s.RecordsOut
			}
			return n
		}
		for rows() < int64(keys)*11/10 {
			if st := j.Info().State; st.Terminal() {
				b.Fatal(j.Wait(context.Background()))
			}
			time.Sleep(10 * time.Millisecond)
		}
		rate := func(what string, f func()) {
			n, from, at := rows(), processor(), time.Now()
			f()
			b.ReportMetric(float64(rows()-n)/(processor()-from).Seconds()/1e6, "Mrows/cpu-s-"+what)
			b.Logf("%s: %s, %.2f s of the processor", what, time.Since(at).Round(time.Millisecond), (processor() - from).Seconds())
		}
		rate("alone", func() { time.Sleep(2 * time.Second) })
		take := func(what string) {
			rate(what, func() {
				i, err := j.job.Checkpoint(context.Background(), checkpoint.Request{})
				if err != nil {
					b.Fatal(err)
				}
				b.Logf("%s: %d bytes of %d in %s", what, i.Written, i.Bytes, i.Completed.Sub(i.Triggered).Round(time.Millisecond))
			})
		}
		control, stop := &task.Stops{}, make(chan struct{})
		go spin(control, stop)
		take("full")
		for range *barrierDeltas {
			take("delta")
		}
		close(stop)
		b.ReportMetric(float64(control.Quantile(.99).Microseconds()), "control-p99-us")
		b.ReportMetric(float64(control.Quantile(.5).Microseconds()), "control-p50-us")
		var p99, most time.Duration
		for _, v := range j.Info().Vertices {
			for _, s := range v.Subtasks {
				b.Logf("%s: %d barriers, 99 of 100 within %s, the longest %s", v.Name, s.Barriers, s.BarrierP99, s.BarrierMax)
				p99, most = max(p99, s.BarrierP99), max(most, s.BarrierMax)
			}
		}
		b.ReportMetric(float64(p99.Microseconds()), "barrier-p99-us")
		b.ReportMetric(float64(most.Microseconds()), "barrier-max-us")
		path := j.Checkpoints().LatestCompleted.Path
		j.Cancel()
		_ = j.Wait(context.Background())

		from, at := processor(), time.Now()
		again, err := e.Start(context.Background(), JobSpec{ID: jobID[1:] + "0", Name: "bench", Graph: p.Graph, Config: p.Config, SavepointPath: path})
		if err != nil {
			b.Fatal(err)
		}
		for again.Checkpoints().Restored == 0 || !running(again) {
			time.Sleep(time.Millisecond)
		}
		b.ReportMetric(float64(keys)/(processor()-from).Seconds()/1e6, "Mkeys-restored/cpu-s")
		b.ReportMetric(float64(keys)/time.Since(at).Seconds()/1e6, "Mkeys-restored/s")
		again.Cancel()
		_ = again.Wait(context.Background())
	}
}

// spin times a little work that never waits: what it takes beyond that is the
// machine, which gives its processors to others.
func spin(s *task.Stops, stop <-chan struct{}) {
	x := uint64(1)
	for {
		select {
		case <-stop:
			return
		case <-time.After(5 * time.Millisecond):
		}
		at := time.Now()
		for range 50_000 {
			x ^= x << 13
			x ^= x >> 7
			x ^= x << 17
		}
		s.Add(time.Since(at))
	}
}

func running(j *Job) bool {
	for _, v := range j.Info().Vertices {
		for _, s := range v.Subtasks {
			if s.State != "RUNNING" {
				return false
			}
		}
	}
	return true
}
