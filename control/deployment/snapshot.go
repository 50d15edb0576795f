package deployment

import (
	"cmp"
	"slices"
	"time"

	"github.com/weir-streams/weir/control"
	"github.com/weir-streams/weir/resource"
)

// snapshot is all that a decision depends on, besides the time.
type snapshot struct {
	resource.Deployment
	jobs       []resource.Job       // in order of creation; the newest ones at least
	savepoints []resource.Savepoint // in order of creation; the completed ones that matter at least
	standbys   []resource.Job       // that keep, or kept, a cluster warm for a job that was never asked to run; not among jobs
	target     target               // where a new job would run; looked for when one is to be
	secrets    string               // why a new job could not be launched; empty if it could
	catalog    []string             // statements of the namespace's catalog, for a new job
	history    []resource.Revision  // oldest first; read only when the newest job has ended by itself
	config     Config
}

// target is where the deployment wants to run.
type target struct {
	name       string // of the DeploymentTarget
	launcher   string
	kubernetes resource.KubernetesTarget
	warms      bool   // the launcher can bring clusters up before their jobs
	rescales   bool   // the launcher's jobs can be told to run at another parallelism
	problem    string // why there is no such place; empty if there is
	session    session
}

func (s *snapshot) active() []resource.Job {
	var out []resource.Job
	for _, j := range s.jobs {
		if !j.Status.State.Terminal() {
			out = append(out, j)
		}
	}
	return out
}

// outdated tells whether j runs another template, or elsewhere, than is wanted.
func (s *snapshot) outdated(j resource.Job) bool { return j.Metadata.SpecVersion() != s.SpecVersion() }

// newest is the youngest job; the zero Job when there was none yet.
func (s *snapshot) newest() resource.Job {
	if len(s.jobs) == 0 {
		return resource.Job{}
	}
	return s.jobs[len(s.jobs)-1]
}

// lastGood is the youngest job that really ran.
func (s *snapshot) lastGood() (resource.Job, bool) {
	for _, j := range slices.Backward(s.jobs) {
		if ran(j) {
			return j, true
		}
	}
	return resource.Job{}, false
}

func ran(j resource.Job) bool { return !j.Status.Started.StartedAt.IsZero() }

// stops are the savepoints that end job j, in order of creation.
func (s *snapshot) stops(j resource.Job) []resource.Savepoint {
	var out []resource.Savepoint
	for _, p := range s.savepoints {
		if p.Metadata.JobID == j.Metadata.ID && p.Spec.StopJob {
			out = append(out, p)
		}
	}
	return out
}

// pending finds a savepoint whose end is not known.
func (s *snapshot) pending() (resource.Savepoint, bool) {
	for _, p := range s.savepoints {
		if p.Status.State == resource.SavepointStarted {
			return p, true
		}
	}
	return resource.Savepoint{}, false
}

// failedStarts counts the starts of this generation that failed one after the
// other, newest first. A job that ran and failed later is no failed start,
// unless spec.jobFailureExpirationTime is set: then every failure counts that
// was within that time of the last one, and older ones are forgotten.
func (s *snapshot) failedStarts() int {
	n := 0
	window := duration(s.Spec.JobFailureExpirationTime)
	for _, j := range slices.Backward(s.jobs) {
		switch {
		case j.Status.State != resource.JobFailed || j.Spec.Generation != s.Metadata.Generation,
			window <= 0 && ran(j),
			window > 0 && s.newest().Status.Failure.FailedAt.Sub(j.Status.Failure.FailedAt.Time) >= window:
			return n
		}
		if !lostWithSession(j) && !displaced(j) {
			n++
		}
	}
	return n
}

// displaced tells whether what a job ran on ended it, which is no fault of its
// own: it counts as no attempt, however far it came.
func displaced(j resource.Job) bool { return j.Status.Failure.Reason == control.ReasonDisplaced }

// crashForgotten is how long a job must run for its failure to be no reason to
// wait before the next start.
const crashForgotten = 10 * time.Minute

// crashes counts the jobs that ran a short while and failed, newest first, and
// those that were displaced before: somebody may do that for ever.
func (s *snapshot) crashes() int {
	n := 0
	for _, j := range slices.Backward(s.jobs) {
		if j.Status.State != resource.JobFailed || !ran(j) && !displaced(j) || ran(j) && j.Status.Failure.FailedAt.Sub(j.Status.Started.StartedAt.Time) >= crashForgotten {
			break
		}
		if !lostWithSession(j) {
			n++
		}
	}
	return n
}

// failedStops counts the failed attempts of this generation to end job j with
// a savepoint, newest first.
func (s *snapshot) failedStops(j resource.Job) (n int, last resource.Savepoint) {
	for _, p := range slices.Backward(s.stops(j)) {
		if p.Status.State != resource.SavepointFailed || control.NotedInt(p.Metadata, control.AnnotationGeneration) != int64(s.Metadata.Generation) {
			break
		}
		if n == 0 {
			last = p
		}
		n++
	}
	return n, last
}

// seenUntil is the creation of the newest savepoint that was known when j was made.
func seenUntil(j resource.Job) time.Time {
	if t := control.NotedTime(j.Metadata, control.AnnotationSeenUntil); !t.IsZero() {
		return t
	}
	return j.Metadata.CreatedAt.Time
}

func isReset(p resource.Savepoint) bool {
	return p.Metadata.Origin == resource.OriginCopied && p.Metadata.Annotations[control.AnnotationReset] == "true"
}

// resetFor finds the newest completed reset that j was made without.
func (s *snapshot) resetFor(j resource.Job) (resource.Savepoint, bool) {
	for _, p := range slices.Backward(s.savepoints) {
		if isReset(p) && restorable(p) {
			return p, p.Metadata.CreatedAt.After(seenUntil(j))
		}
	}
	return resource.Savepoint{}, false
}

// restorable tells whether a job may start from p: it is complete, and nobody
// has asked for its removal.
func restorable(p resource.Savepoint) bool {
	return p.Status.State == resource.SavepointCompleted && !p.Spec.Delete && p.Spec.SavepointLocation != ""
}

// states are the snapshots that can be started from, oldest first.
func (s *snapshot) states() []resource.Savepoint {
	index := map[string]int{}
	for i, j := range s.jobs {
		index[j.Metadata.ID] = i
	}
	type ranked struct {
		resource.Savepoint
		job   int  // index of the job whose time it is of
		reset bool // after all others of that job
		at    int  // place among those
	}
	var all []ranked
	byJob := map[string][]int{} // places in all
	for i, p := range s.savepoints {
		if !restorable(p) {
			continue
		}
		r := ranked{Savepoint: p, job: -1, at: i}
		switch j, known := index[p.Metadata.JobID]; {
		case p.Metadata.Origin == resource.OriginCopied || p.Metadata.JobID == "":
			r.reset = isReset(p)
			// It is of the time of the last job made without it.
			r.job = slices.IndexFunc(s.jobs, func(j resource.Job) bool { return !p.Metadata.CreatedAt.After(seenUntil(j)) }) - 1
			if r.job == -2 {
				r.job = len(s.jobs) - 1
			}
		case known:
			r.job = j
			byJob[p.Metadata.JobID] = append(byJob[p.Metadata.JobID], len(all))
		}
		all = append(all, r)
	}
	// The snapshots of one job keep the places they have together, but take
	// them in the order of their numbers.
	for _, places := range byJob {
		of := make([]ranked, len(places))
		ats := make([]int, len(places))
		for i, k := range places {
			of[i], ats[i] = all[k], all[k].at
		}
		slices.SortStableFunc(of, func(a, b ranked) int { return olderInJob(a.Savepoint, b.Savepoint) })
		for i, k := range places {
			all[k] = of[i]
			all[k].at = ats[i]
		}
	}
	slices.SortStableFunc(all, func(a, b ranked) int {
		return cmp.Or(cmp.Compare(a.job, b.job), compareBool(a.reset, b.reset), cmp.Compare(a.at, b.at))
	})
	out := make([]resource.Savepoint, len(all))
	for i, r := range all {
		out[i] = r.Savepoint
	}
	return out
}

// olderInJob orders two snapshots of one job: by their numbers, or by time
// when a number is not known.
func olderInJob(a, b resource.Savepoint) int {
	x, y := control.NotedInt(a.Metadata, control.AnnotationCheckpointID), control.NotedInt(b.Metadata, control.AnnotationCheckpointID)
	if x > 0 && y > 0 {
		return cmp.Compare(x, y)
	}
	return a.Status.CompletedAt.Compare(b.Status.CompletedAt.Time)
}

func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case b:
		return -1
	}
	return 1
}
