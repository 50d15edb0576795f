package runtime

import (
	"strings"
	"testing"
	"time"
)

// A task that hangs in a call is reported with its stack; the job goes on when
// it moves again.
func TestWatchdogReports(t *testing.T) {
	w := newWorld(t)
	hang := make(chan struct{})
	w.fuse = func() bool { <-hang; return false }
	w.bombs.Store(1)
	s := w.spec(keyed("bomb"), 2)
	s.Watchdog.After = 20 * time.Millisecond
	j := w.start(s)
	until(t, "a report", func() bool { return len(j.Info().Failures) > 0 })
	f := j.Info().Failures[0]
	if !strings.Contains(f.Message, "makes no progress for 20ms") || !strings.Contains(f.Message, "TestWatchdogReports") || !strings.HasPrefix(f.Task, "Source (") {
		t.Errorf("%s: %s", f.Task, f.Message)
	}
	close(hang)
	w.finish(j)
	w.check()
}

// With fail, a task that never returns does not keep the job from failing.
func TestWatchdogFails(t *testing.T) {
	w := newWorld(t)
	hang := make(chan struct{})
	defer close(hang)
	w.fuse = func() bool { <-hang; return false }
	w.bombs.Store(1)
	s := w.spec(keyed("bomb"), 1)
	s.Watchdog = Watchdog{After: 20 * time.Millisecond, Fail: true}
	s.Restart = Restart{Kind: FixedDelay}
	j := w.start(s)
	if err := j.Wait(t.Context()); err == nil || !strings.Contains(err.Error(), "is left behind") || !strings.Contains(err.Error(), "makes no progress") {
		t.Errorf("got %v", err)
	}
	if i := j.Info(); i.State != Failed || i.Restarts != 0 {
		t.Errorf("%s after %d restarts", i.State, i.Restarts)
	}
}

// Waiting for input, or for a slow sink, is not being stuck.
func TestWatchdogKnowsWaiting(t *testing.T) {
	w := newWorld(t)
	w.rows = 3000
	w.limit.Store(1000)
	w.pause.Store(int64(time.Millisecond))
	s := w.spec(keyed(), 2)
	s.Watchdog = Watchdog{After: 60 * time.Millisecond, Fail: true}
	j := w.start(s)
	until(t, "rows", func() bool { return j.Info().Vertices[1].Subtasks[0].RecordsIn > 0 })
	time.Sleep(150 * time.Millisecond) // nothing may happen in it
	w.limit.Store(0)
	w.finish(j)
	w.check()
	if f := j.Info().Failures; len(f) > 0 {
		t.Errorf("failures %+v", f)
	}
}
