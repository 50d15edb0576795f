package checkpoint

import (
	"errors"
	"fmt"
	"log/slog"
	"path"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/weir-streams/weir/engine/storage"
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
	// foreign are the shared files of checkpoints that were there before, by number.
	foreign map[int64]map[string]bool
	keepAll bool // some of them could not be read

	store storage.Store // of the job's folder; nil: checkpoints are kept in memory
}

// NewHistory makes the history of a job that has not started yet. Checkpoints
// that lie in its folder already are left alone, and their numbers not used.
// What no checkpoint there refers to is left over from a crash, and removed.
func NewHistory(jobID, jobName string, maxParallelism int, cfg Config, log *slog.Logger) (*History, error) {
	cfg.Retained = max(1, cfg.Retained)
	h := &History{cfg: cfg, jobID: jobID, jobName: jobName, maxParallelism: maxParallelism, log: log, nextID: 1}
	h.stats.Enabled = cfg.Interval > 0
	h.stats.Interval, h.stats.Timeout = cfg.Interval, cfg.Timeout
	if cfg.Dir == "" {
		return h, nil
	}
	dir, err := storage.Clean(cfg.Dir)
	if err != nil {
		return nil, err
	}
	if h.store, err = cfg.open(storage.Join(dir, jobID)); err != nil {
		return nil, err
	}
	if err := h.look(); err != nil {
		return nil, fmt.Errorf("look for checkpoints: %w", err)
	}
	return h, nil
}

// look finds what lies in the job's folder.
func (h *History) look() error {
	names, err := h.store.List("")
	if err != nil {
		return err
	}
	h.foreign = map[int64]map[string]bool{}
	var unfinished []string
	for _, name := range names {
		name, isFolder := strings.CutSuffix(name, "/")
		number, isCheckpoint := strings.CutPrefix(name, prefix)
		id, err := strconv.ParseInt(number, 10, 64)
		if !isFolder || !isCheckpoint || err != nil {
			continue
		}
		h.nextID = max(h.nextID, id+1)
		switch m, err := openIn(h.store, name); {
		case err == nil:
			h.foreign[id] = m.files()
		case errors.Is(err, ErrMissing):
			unfinished = append(unfinished, name)
		default: // what it refers to is not known
			h.log.Warn("checkpoint cannot be read; files that it may need are kept", "checkpoint", id, "error", err)
			h.keepAll = true
		}
	}
	for _, name := range unfinished {
		h.log.Info("unfinished checkpoint removed", "folder", h.store.URI(name))
		if err := h.store.RemoveFolder(name); err != nil {
			h.log.Warn("unfinished checkpoint not removed", "folder", h.store.URI(name), "error", err)
		}
	}
	files, err := h.store.List(sharedFolder)
	if err != nil {
		return err
	}
	for _, f := range files {
		id, _, _ := strings.Cut(f, "-")
		n, err := strconv.ParseInt(id, 10, 64)
		if err != nil {
			continue // none of ours
		}
		h.nextID = max(h.nextID, n+1)
		if !h.keepAll && !h.needed(f) {
			h.removeShared(f)
		}
	}
	return nil
}

// needed tells whether a checkpoint that is kept refers to a shared file.
func (h *History) needed(file string) bool {
	for _, files := range h.foreign {
		if files[file] {
			return true
		}
	}
	for _, s := range h.completed {
		if m, ok := s.(*Manifest); ok && m.files()[file] {
			return true
		}
	}
	return false
}

func (h *History) removeShared(file string) {
	if err := h.store.Remove(path.Join(sharedFolder, file)); err != nil {
		h.log.Warn("file of checkpoints not removed", "file", file, "error", err)
	}
}

// files are the shared files that a checkpoint refers to.
func (s *Manifest) files() map[string]bool {
	files := map[string]bool{}
	for _, f := range s.m.Files {
		if f.Shared {
			files[f.Name] = true
		}
	}
	return files
}

// own tells whether a state is a checkpoint in the job's folder.
func (h *History) own(s State) (*Manifest, bool) {
	m, ok := s.(*Manifest)
	return m, ok && h.store != nil && !m.Savepoint() && m.store.URI(m.folder) == h.store.URI(prefix+strconv.FormatInt(m.ID(), 10))
}

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
	if m, ok := h.own(s); ok && len(h.completed) == 0 {
		h.completed = append(h.completed, m)
		delete(h.foreign, m.ID())
	}
}

// Condemn sets a damaged checkpoint aside, so that no start takes it, and returns
// the newest one that is left; nil if there is none.
func (h *History) Condemn(s State) (older State) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.completed = slices.DeleteFunc(slices.Clone(h.completed), func(o State) bool { return o == s })
	if m, ok := h.own(s); ok {
		if err := m.setAside(); err != nil {
			h.log.Warn("damaged checkpoint not set aside", "checkpoint", m.ID(), "error", err)
		}
	}
	if n := len(h.completed); n > 0 {
		return h.completed[n-1]
	}
	return nil
}

// setAside renames _metadata, which may be what is damaged.
func (s *Manifest) setAside() error {
	b, err := storage.ReadFile(s.store, path.Join(s.folder, MetadataFile))
	if err != nil {
		return err
	}
	f, err := s.store.Create(path.Join(s.folder, MetadataFile+".damaged"))
	if err != nil {
		return err
	}
	defer f.Abort()
	if _, err := f.Write(b); err != nil {
		return err
	}
	if err := f.Commit(); err != nil {
		return err
	}
	return s.store.Remove(path.Join(s.folder, MetadataFile))
}

// End removes the checkpoints of a job that has ended, unless they are to be kept.
func (h *History) End(finished, canceled bool) {
	keep := !finished && (h.cfg.Retention == RetainOnCancellation || h.cfg.Retention == DeleteOnCancellation && !canceled)
	if keep || h.cfg.Dir == "" {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	all := h.completed
	h.completed = nil
	for _, s := range all {
		h.discard(s)
	}
	if files, err := h.store.List(sharedFolder); err == nil && len(files) == 0 {
		_ = h.store.RemoveFolder(sharedFolder) // it does no harm
	}
	if err := h.store.RemoveFolder(""); err != nil {
		h.log.Debug("checkpoint folder kept", "error", err)
	}
}

// discard removes a checkpoint's files. Callers hold h.mu.
func (h *History) discard(s State) {
	if m, ok := s.(*Manifest); ok {
		if err := h.remove(m); err != nil {
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

// remove deletes a checkpoint: its _metadata first, so that a half deleted one
// does not open; then the files that no other refers to.
func (h *History) remove(m *Manifest) error {
	if err := m.store.Remove(path.Join(m.folder, MetadataFile)); err != nil {
		return err
	}
	if err := m.store.RemoveFolder(m.folder); err != nil {
		return err
	}
	for f := range m.files() {
		if !h.needed(f) {
			h.removeShared(f)
		}
	}
	return nil
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
		old := h.completed[0]
		h.completed = slices.Clone(h.completed[1:])
		h.discard(old)
	}
}

// forget takes back a checkpoint that was begun.
func (h *History) forget(id int64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.stats.Total--
	h.stats.InProgress--
	h.stats.History = slices.DeleteFunc(slices.Clone(h.stats.History), func(i Info) bool { return i.ID == id })
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
