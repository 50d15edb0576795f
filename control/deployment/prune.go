package deployment

import (
	"slices"

	"github.com/weir-streams/weir/control"
)

// pruneBatch is how many jobs over the limit are read, and go, at a time.
const pruneBatch = 16

// listed is how many of the youngest jobs are read: all that a decision needs,
// and some over the limit, if there is one.
func (c Config) listed() int { return max(window, c.JobHistory+pruneBatch) }

// pruneJobs forgets the oldest of the jobs that have ended and are over the
// limit, unless something still tells of them: a savepoint that was taken of
// the job, or that it was started from, or that it is the last one that ran,
// by which we know that there was state.
func (d *decision) pruneJobs() {
	if d.config.JobHistory <= 0 || len(d.jobs) <= d.config.JobHistory {
		return
	}
	told := map[string]bool{d.newest().Metadata.ID: true}
	if good, found := d.lastGood(); found {
		told[good.Metadata.ID] = true
	}
	known := map[string]bool{}
	for _, p := range d.savepoints {
		told[p.Metadata.JobID], known[p.Metadata.ID] = true, true
	}
	over := d.jobs[:len(d.jobs)-d.config.JobHistory]
	for _, j := range over[:min(len(over), pruneBatch)] {
		if j.Status.State.Terminal() && !told[j.Metadata.ID] && !known[j.Metadata.Annotations[control.AnnotationStartedFrom]] {
			d.forget = append(d.forget, j.Metadata.ID)
		}
	}
	slices.Sort(d.forget)
}
