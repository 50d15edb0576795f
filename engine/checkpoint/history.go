package checkpoint

import (
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"
)

const (
	keptInfos = 10
	prefix    = "chk-"
)

// History is what a job knows of its checkpoints, through all its attempts: it
// counts them, keeps the newest completed ones, and removes old ones.
type History struct {
	cfg            Config
	jobID, jobName string
	maxParallelism int
	log            *slog.Logger

	mu        sync.Mutex
	nextID    int64
	stats     Stats
	completed []State // oldest first, at most cfg.Retained
	failures  int     // in a row
}

// NewHistory makes the history of a job that has not started yet. Checkpoints
// that lie in its folder already are left alone, and their numbers not used.
func NewHistory(jobID, jobName string, maxParallelism int, cfg Config, log *slog.Logger) (*History, error) {
	cfg.Retained = max(1, cfg.Retained)
	h := &History{cfg: cfg, jobID: jobID, jobName: jobName, maxParallelism: maxParallelism, log: log, nextID: 1}
	h.stats.Enabled = cfg.Interval > 0
	h.stats.Interval, h.stats.Timeout = cfg.Interval, cfg.Timeout
	if cfg.Dir == "" {
		return h, nil
	}
	entries, err := os.ReadDir(h.dir())
	if err != nil && !os.IsNotExist(err) {
		return nil, fmt.Errorf("look for checkpoints: %w", err)
	}
	for _, e := range entries {
		if n, err := strconv.ParseInt(strings.TrimPrefix(e.Name(), prefix), 10, 64); err == nil {
			h.nextID = max(h.nextID, n+1)
		}
	}
	return h, nil
}

func (h *History) dir() string { return filepath.Join(h.cfg.Dir, h.jobID) }

// Stats is a picture of this moment.
func (h *History) Stats() Stats {
	h.mu.Lock()
	defer h.mu.Unlock()
	s := h.stats
	s.History = append([]Info(nil), s.History...)
	return s
}

// Latest is the newest completed checkpoint of this job; nil without one.
func (h *History) Latest() State {
	h.mu.Lock()
	defer h.mu.Unlock()
	if n := len(h.completed); n > 0 {
		return h.completed[n-1]
	}
	return nil
}

// Restored records what an attempt began from. A checkpoint of this job's own
// folder is from now on kept and removed as one made by this process.
func (h *History) Restored(s State, at time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.nextID = max(h.nextID, s.ID()+1)
	h.stats.Restored++
	h.stats.RestoredFrom = &RestoredInfo{ID: s.ID(), Savepoint: s.Savepoint(), Path: s.Path(), At: at}
	if len(h.completed) == 0 && h.cfg.Dir != "" && !s.Savepoint() && filepath.Dir(s.path()) == h.dir() {
		h.completed = append(h.completed, s)
	}
}

// End removes the checkpoints of a job that has ended, unless they are to be kept.
func (h *History) End(finished, canceled bool) {
	keep := !finished && (h.cfg.Retention == RetainOnCancellation || h.cfg.Retention == DeleteOnCancellation && !canceled)
	if keep || h.cfg.Dir == "" {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, s := range h.completed {
		h.discard(s)
	}
	h.completed = nil
	if err := os.Remove(h.dir()); err != nil && !os.IsNotExist(err) {
		h.log.Debug("checkpoint folder kept", "error", err)
	}
}

// discard removes a checkpoint's files. Callers hold h.mu.
func (h *History) discard(s State) {
	if s.path() != "" {
		if err := remove(s.path()); err != nil {
			h.log.Warn("old checkpoint not removed", "checkpoint", s.ID(), "error", err)
			return
		}
	}
	mark := func(i *Info) {
		if i != nil && i.ID == s.ID() {
			i.Discarded = true
		}
	}
	for i := range h.stats.History {
		mark(&h.stats.History[i])
	}
	mark(h.stats.LatestCompleted)
}

// begin records a new checkpoint.
func (h *History) begin(r Request, tasks int, now time.Time) Info {
	h.mu.Lock()
	defer h.mu.Unlock()
	i := Info{ID: h.nextID, Savepoint: r.Savepoint, Sync: r.Stop, Status: InProgress, Triggered: now, Subtasks: tasks}
	h.nextID++
	h.stats.Total++
	h.stats.InProgress++
	h.stats.History = append([]Info{i}, h.stats.History[:min(len(h.stats.History), keptInfos-1)]...)
	return i
}

// update records how far a checkpoint is.
func (h *History) update(i Info) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for k := range h.stats.History {
		if h.stats.History[k].ID == i.ID {
			h.stats.History[k] = i
		}
	}
}

// complete records a completed checkpoint and removes those that it replaces.
func (h *History) complete(i Info, s State) {
	h.update(i)
	h.mu.Lock()
	defer h.mu.Unlock()
	h.stats.InProgress--
	h.stats.Completed++
	h.failures = 0
	if i.Savepoint {
		h.stats.LatestSavepoint = &i
		return
	}
	h.stats.LatestCompleted = &i
	if s == nil {
		return
	}
	h.completed = append(h.completed, s)
	for len(h.completed) > h.cfg.Retained {
		h.discard(h.completed[0])
		h.completed = h.completed[1:]
	}
}

// fail records a failed checkpoint and returns an error if it was one too many.
func (h *History) fail(i Info, counts bool) error {
	h.update(i)
	h.mu.Lock()
	defer h.mu.Unlock()
	h.stats.InProgress--
	h.stats.Failed++
	h.stats.LatestFailed = &i
	if !counts {
		return nil
	}
	h.failures++
	if h.failures > h.cfg.Tolerable {
		n := h.failures
		h.failures = 0
		return fmt.Errorf("checkpoint %d failed: %s (%d in a row, execution.checkpointing.tolerable-failed-checkpoints is %d)", i.ID, i.Failure, n, h.cfg.Tolerable)
	}
	return nil
}
