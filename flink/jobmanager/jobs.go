package jobmanager

import (
	"slices"
	"sync"

	"github.com/weir-streams/weir/engine"
)

// served is a job with what is kept to serve it.
type served struct {
	Job
	id            string
	configuration map[string]string
	rates         rates
}

// refused tells whether the job failed because of its program, for good.
func (s *served) refused() bool {
	job := s.Job
	if b, ok := job.(*brought); ok {
		job = b.started()
	}
	_, never := job.(*Failed)
	return never
}

// jobs are those that are served, in the order in which they came.
type jobs struct {
	mu      sync.Mutex
	list    []*served
	byID    map[string]*served
	closed  bool
	removed map[string]bool // ids that are never served again
	oldest  []string        // of removed, oldest first
}

func (j *jobs) find(id string) *served {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.byID[id]
}

func (j *jobs) all() []*served {
	j.mu.Lock()
	defer j.mu.Unlock()
	return slices.Clone(j.list)
}

// infos are pictures of all jobs.
func (j *jobs) infos() []engine.JobInfo {
	all := j.all()
	infos := make([]engine.JobInfo, len(all))
	for i, s := range all {
		infos[i] = s.Info()
	}
	return infos
}

// metrics are those of each job.
func (j *jobs) metrics() []map[string]float64 {
	var sets []map[string]float64
	for _, s := range j.all() {
		sets = append(sets, jobMetrics(s, s.Info()))
	}
	return sets
}

func (j *jobs) add(s *served) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.addLocked(s)
}

func (j *jobs) addLocked(s *served) {
	if j.byID == nil {
		j.byID = map[string]*served{}
	}
	j.byID[s.id] = s
	j.list = append(j.list, s)
}

// arrival is what became of a job that was to be added.
type arrival int

const (
	added arrival = iota
	knownAlready
	removedBefore
	tooMany
	closing
)

// arrive adds a job unless its id is known, or was ever removed.
func (j *jobs) arrive(s *served) arrival {
	j.mu.Lock()
	defer j.mu.Unlock()
	switch {
	case j.byID[s.id] != nil:
		return knownAlready
	case j.removed[s.id]:
		return removedBefore
	case j.closed:
		return closing
	case len(j.list) >= jobsMax:
		return tooMany
	}
	j.addLocked(s)
	return added
}

// close lets no job arrive any more.
func (j *jobs) close() {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.closed = true
}

// ban makes sure that a job of this id is never added from now on: one that
// comes late, after nobody wants it any more, must not run.
func (j *jobs) ban(id string) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.removed[id] {
		return
	}
	if j.removed == nil {
		j.removed = map[string]bool{}
	}
	j.removed[id] = true
	j.oldest = append(j.oldest, id)
	if len(j.oldest) > removedMax {
		delete(j.removed, j.oldest[0])
		j.oldest = slices.Delete(j.oldest, 0, 1)
	}
}

func (j *jobs) drop(id string) {
	j.mu.Lock()
	defer j.mu.Unlock()
	delete(j.byID, id)
	j.list = slices.DeleteFunc(j.list, func(s *served) bool { return s.id == id })
}
