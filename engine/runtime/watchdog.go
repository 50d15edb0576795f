package runtime

import (
	"bytes"
	"errors"
	"fmt"
	"runtime/pprof"
	"strings"
	"time"

	"github.com/weir-streams/weir/engine/runtime/exchange"
	"github.com/weir-streams/weir/engine/runtime/task"
)

// Watchdog watches tasks that do not move: neither waiting for input nor for
// those after them, and yet giving nothing for a long time.
type Watchdog struct {
	After time.Duration // 0: it does not watch
	// Fail fails the job. A task that does not end when it is asked to is left
	// behind, and the job is not started again beside it.
	Fail bool
}

// errStuck is the cause of a job that the watchdog failed.
var errStuck = errors.New("task makes no progress")

// watch is what the watchdog knows of one task.
type watch struct {
	seen     int64
	since    time.Time
	reported bool
}

// check returns the tasks that have just been stuck for too long.
func (d *deployed) check(watches []watch, after time.Duration, now time.Time) []int {
	var stuck []int
	for i, t := range d.tasks {
		w := &watches[i]
		if p := progress(t); p != w.seen || w.since.IsZero() || t.Meter.Waiting() != exchange.None {
			*w = watch{seen: p, since: now}
			continue
		}
		if !w.reported && now.Sub(w.since) >= after {
			w.reported = true
			stuck = append(stuck, i)
		}
	}
	return stuck
}

// progress is a number that changes when a task does anything to be seen.
func progress(t *task.Task) int64 {
	n := t.Steps() + t.Meter.Since()
	for i := range t.Nodes {
		m := t.Nodes[i].Context.Metrics
		n += m.RecordsIn.Load() + m.RecordsOut.Load()
	}
	return n
}

// stack is where the goroutine of a task is.
func (d *deployed) stack(job string, n int) string {
	var all bytes.Buffer
	if err := pprof.Lookup("goroutine").WriteTo(&all, 1); err != nil {
		return err.Error()
	}
	want := []string{
		fmt.Sprintf("%q:%q", LabelJob, job), fmt.Sprintf("%q:%q", LabelVertex, d.vertices[n]), fmt.Sprintf("%q:%q", LabelSubtask, fmt.Sprint(d.tasks[n].Subtask)),
	}
	for part := range strings.SplitSeq(all.String(), "\n\n") {
		found := strings.Contains(part, "task.(*Task).Run")
		for _, w := range want {
			found = found && strings.Contains(part, w)
		}
		if !found {
			continue
		}
		lines := strings.Split(strings.TrimSpace(part), "\n")
		var out []string
		for _, l := range lines {
			if rest, ok := strings.CutPrefix(l, "#\t"); ok {
				_, rest, _ = strings.Cut(rest, "\t") // after the address
				out = append(out, "\tat "+strings.Join(strings.Fields(rest), " "))
			}
		}
		return strings.Join(out, "\n")
	}
	return "its goroutine is not there"
}

// report records a stuck task.
func (j *Job) report(d *deployed, n int, after time.Duration) error {
	err := fmt.Errorf("%w for %s; it is here:\n%s", errStuck, after, d.stack(j.spec.ID, n))
	j.fail(d.names[n], err)
	j.log.Warn("task makes no progress", "task", d.names[n], "for", after)
	return err
}
