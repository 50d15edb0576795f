package runtime

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/weir-streams/weir/engine/checkpoint"
	"github.com/weir-streams/weir/engine/connector"
	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/graph"
	"github.com/weir-streams/weir/engine/operator"
)

// Subtasks of a source that own nothing, or have read all, hold no watermark back.
func TestIdleSourcesHoldNoWatermarkBack(t *testing.T) {
	w := newWorld(t)
	w.splits, w.bounded, w.rows = 1, false, 1000
	j := w.start(w.spec(&graph.Graph{Vertices: []graph.Vertex{
		vertex("Source", nil, "source", "stamp"),
		vertex("Next", edge(0, graph.Hash, 1), "pass"),
		vertex("Sink", edge(1, graph.Rebalance), "sink"),
	}}, 4))
	until(t, "the last watermark", func() bool {
		for _, s := range j.Info().Vertices[2].Subtasks {
			if s.Watermark != 999 {
				return false
			}
		}
		return true
	})
	j.Cancel()
	_ = j.Wait(t.Context())
}

// A source that has nothing at the start, and something later, is heard then.
func TestSourceThatBeginsIdleIsHeardLater(t *testing.T) {
	for _, parallelism := range []int{1, 3} {
		w := newWorld(t)
		w.splits, w.bounded, w.rows = 2, false, 1000
		w.hidden.Store(true)
		j := w.start(w.spec(&graph.Graph{Vertices: []graph.Vertex{
			vertex("Source", nil, "source", "stamp"),
			vertex("Next", edge(0, graph.Hash, 1), "pass"),
			vertex("Sink", edge(1, graph.Rebalance), "sink"),
		}}, parallelism))
		until(t, "running", func() bool { return j.Info().Vertices[2].Subtasks[0].State == TaskRunning })
		w.hidden.Store(false)
		until(t, "event time", func() bool {
			for _, s := range j.Info().Vertices[2].Subtasks {
				if s.Watermark < 999 {
					return false
				}
			}
			return true
		})
		j.Cancel()
		_ = j.Wait(t.Context())
	}
}

// An input that has ended does not end event time while another only pauses.
func TestEndOfOneInputWhileAnotherIsIdle(t *testing.T) {
	w, paused := newWorld(t), newWorld(t)
	w.splits, w.rows = 1, 100
	paused.splits, paused.bounded, paused.rows = 1, false, 1000
	paused.hidden.Store(true)
	g := &graph.Graph{Vertices: []graph.Vertex{
		vertex("Ends", nil, "source", "stamp"),
		vertex("Pauses", nil, "source", "stamp"),
		vertex("Union", []graph.Edge{{From: 0, Partitioning: graph.Hash, Keys: []int{1}}, {From: 1, Partitioning: graph.Hash, Keys: []int{1}}}, "pass"),
		vertex("Sink", edge(2, graph.Forward), "results"),
	}}
	for v, prefix := range []string{"fast-", "slow-", "u-", "s-"} {
		for o := range g.Vertices[v].Ops {
			g.Vertices[v].Ops[o].UID = prefix + g.Vertices[v].Ops[o].Name
		}
	}
	s := w.spec(g, 1)
	s.Build = two{w, paused}
	j := w.start(s)
	// The checkpoint passes behind the end of the first input.
	until(t, "the end of one input", func() bool { return j.Info().Vertices[0].Subtasks[0].Watermark == data.MaxWatermark })
	if _, err := j.Checkpoint(t.Context(), checkpoint.Request{}); err != nil {
		t.Fatal(err)
	}
	if wm := j.Info().Vertices[3].Subtasks[0].Watermark; wm != 99 {
		t.Errorf("event time is %d, want 99", wm)
	}
	paused.hidden.Store(false)
	until(t, "event time to go on", func() bool { return j.Info().Vertices[3].Subtasks[0].Watermark == 999 })
	j.Cancel()
	_ = j.Wait(t.Context())
}

// One input far ahead of another waits for nothing but its own queue: the
// slower one decides the time.
func TestSkewedInputs(t *testing.T) {
	w := newWorld(t)
	w.splits, w.rows = 1, 100_000
	slow := newWorld(t)
	slow.splits, slow.bounded, slow.rows, slow.batch = 1, false, 100_000, 1
	slow.limit.Store(10)
	g := &graph.Graph{Vertices: []graph.Vertex{
		vertex("Fast", nil, "source", "stamp"),
		vertex("Slow", nil, "source", "stamp"),
		vertex("Union", []graph.Edge{{From: 0, Partitioning: graph.Hash, Keys: []int{1}}, {From: 1, Partitioning: graph.Hash, Keys: []int{1}}}, "pass"),
		vertex("Sink", edge(2, graph.Forward), "results"),
	}}
	for v, prefix := range []string{"fast-", "slow-", "u-", "s-"} {
		for o := range g.Vertices[v].Ops {
			g.Vertices[v].Ops[o].UID = prefix + g.Vertices[v].Ops[o].Name
		}
	}
	s := w.spec(g, 1)
	s.Build = two{w, slow}
	j := w.start(s)
	until(t, "all rows of the fast one", func() bool { return j.Info().Vertices[0].Subtasks[0].Watermark == data.MaxWatermark })
	until(t, "the slow one's time", func() bool { return j.Info().Vertices[2].Subtasks[0].Watermark == 9 })
	// A checkpoint passes although one input has ended and the other says nothing.
	if _, err := j.Checkpoint(t.Context(), checkpoint.Request{}); err != nil {
		t.Fatal(err)
	}
	j.Cancel()
	_ = j.Wait(t.Context())
}

// two builds operators of uid slow-… in another world.
type two struct {
	*world
	slow *world
}

func TestProcessingTime(t *testing.T) {
	w := newWorld(t)
	w.bounded, w.rows = false, 10
	j := w.start(w.spec(&graph.Graph{Vertices: []graph.Vertex{
		vertex("Source", nil, "source"), vertex("Clock", edge(0, graph.Rebalance), "clock", "sink"),
	}}, 1))
	until(t, "ticks", func() bool { return w.ticks.Load() > 20 })
	j.Cancel()
	_ = j.Wait(t.Context())
	if s := j.Info().Vertices[1].Subtasks[0]; s.Idle < s.Busy {
		t.Errorf("a task with nothing to do was busy %s, idle %s", s.Busy, s.Idle)
	}
}

// A full disk fails checkpoints, not the job, up to the tolerated number.
func TestDiskFull(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "small")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := unix.Mount("tmpfs", dir, "tmpfs", 0, "size=16k"); errors.Is(err, unix.EPERM) {
		t.Skip("mounting a small disk needs root")
	} else if err != nil {
		t.Skip("no small disk: ", err)
	}
	t.Cleanup(func() { _ = unix.Unmount(dir, 0) })
	w := newWorld(t)
	w.keys = 5000
	w.limit.Store(4000)
	s := w.spec(keyed(), 1)
	s.Checkpoint = checkpoint.Config{Interval: time.Hour, Timeout: time.Minute, Dir: dir, Tolerable: 2}
	j := w.start(s)
	until(t, "rows", func() bool { return j.Info().Vertices[1].Subtasks[0].RecordsIn == 16000 })
	for range 2 {
		_, err := j.Checkpoint(t.Context(), checkpoint.Request{})
		if err == nil || !strings.Contains(err.Error(), "no space left on device") || !strings.Contains(err.Error(), dir) {
			t.Fatalf("got %v", err)
		}
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "*", "chk-*")); len(left) > 0 {
		t.Errorf("%v left", left)
	}
	if st := j.Info().State; st != Running {
		t.Fatalf("job is %s", st)
	}
	if _, err := j.Checkpoint(t.Context(), checkpoint.Request{}); err == nil {
		t.Fatal("a full disk took a checkpoint")
	}
	if err := j.Wait(t.Context()); err == nil || !strings.Contains(err.Error(), "3 in a row") {
		t.Fatalf("got %v", err)
	}
}

func (b two) Build(op *graph.Op, p Place) (operator.Operator, connector.Source, error) {
	if strings.HasPrefix(op.UID, "slow-") {
		return b.slow.Build(op, p)
	}
	return b.world.Build(op, p)
}
