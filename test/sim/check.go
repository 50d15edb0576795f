package sim

import (
	"encoding/json"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/weir-streams/weir/cluster"
	"github.com/weir-streams/weir/control"
	"github.com/weir-streams/weir/flink"
	"github.com/weir-streams/weir/resource"
)

// launch brings a cluster up, unless it is there or was there already.
func (w *World) launch(j resource.Job, spec cluster.Spec) error {
	c := w.byJob[j.Metadata.ID]
	if c != nil && !c.gone && (!c.standby || spec.Standby) {
		return nil
	}
	if was, is := j.Spec.FlinkConfiguration["sim.secret"], spec.Configuration["sim.secret"]; was != "" && (was != secretReference || is != secretValue) {
		w.fail("job %s has the secret as %q and is launched with %q", j.Metadata.ID, was, is)
	}
	for _, c := range w.clusters {
		if c.job.Metadata.DeploymentID != j.Metadata.DeploymentID || c.gone || c.standby || spec.Standby {
			continue
		}
		c.catchUp()
		w.fail("two clusters of one deployment: %s is launched while %s is %s", j.Metadata.ID, c.job.Metadata.ID, c.status)
	}
	if spec.Standby {
		for _, c := range w.clusters {
			if c.job.Metadata.DeploymentID == j.Metadata.DeploymentID && !c.gone && c.standby {
				w.fail("two clusters of one deployment wait for a job: %s is launched while %s does", j.Metadata.ID, c.job.Metadata.ID)
			}
		}
	}
	handed := c != nil && !c.gone
	if handed {
		w.tracef("cluster %s is given its job", short(j.Metadata.ID))
		w.clusters = slices.DeleteFunc(w.clusters, func(o *fakeCluster) bool { return o == c })
	}
	c = &fakeCluster{
		w: w, job: j, dir: spec.Configuration[control.KeyCheckpointDir],
		status: flink.JobInitializing, due: w.now.Add(w.between(0, 400*time.Millisecond)), last: w.now,
		every: w.between(300*time.Millisecond, 4*time.Second), restored: spec.SavepointLocation,
		session: spec.Session,
	}
	if !handed {
		c.silentUntil = w.now.Add(w.between(0, 200*time.Millisecond))
	}
	if c.standby = spec.Standby; c.standby {
		c.ready = w.now.Add(w.between(0, 3*time.Second))
		c.refuses = spec.Configuration["sim.broken"] == "refused" && w.chance(.8)
		w.clusters = append(w.clusters, c)
		w.byJob[j.Metadata.ID] = c
		w.tracef("cluster %s launched without its job", short(j.Metadata.ID))
		return nil
	}
	if spec.Configuration["sim.bound"] == "true" {
		c.bound = 5_000
	}
	c.rank = w.startRank(j)
	c.started = c.rank
	w.clusters = append(w.clusters, c)
	w.byJob[j.Metadata.ID] = c
	w.tracef("cluster %s launched from %q at %v", short(j.Metadata.ID), spec.SavepointLocation, c.rank)
	return nil
}

// startRank is the state a job begins with. An empty start, and one that goes
// back because a person's strategy says so, begin an epoch that is above all
// the job knew and below the next reset.
func (w *World) startRank(j resource.Job) rank {
	if r, ok := w.ranks[j.Metadata.ID]; ok {
		return r
	}
	return rank{}
}

// checkNewJob looks at every job that is created: is the state it starts from
// the newest that was known?
func (w *World) checkNewJob(j *resource.Job) {
	m := j.Metadata
	for _, other := range w.jobs.owned[m.DeploymentID] {
		if other.Metadata.ID != m.ID && !other.Status.State.Terminal() && control.OnStandby(*other) == control.OnStandby(*j) {
			w.fail("job %s is created while %s is %s", m.ID, other.Metadata.ID, other.Status.State)
		}
	}
	if control.OnStandby(*j) {
		return // it is looked at when it is to start
	}
	spec := w.specAt(m.DeploymentID, j.Spec.Generation)
	var from rank
	fromID := m.Annotations[control.AnnotationStartedFrom]
	if j.Spec.SavepointLocation != "" {
		s, ok := w.storage[j.Spec.SavepointLocation]
		switch {
		case ok:
			from = s.rank
		case w.disposed[j.Spec.SavepointLocation]:
			return // a person took it away meanwhile
		case w.lastResort(j.Spec.SavepointLocation):
			return // the new job will fail, and a person is needed: state is lost, but nobody pretends otherwise
		default:
			w.fail("job %s is to start from %s, which does not exist", m.ID, j.Spec.SavepointLocation)
		}
		if r, copied := w.ranks[fromID]; copied {
			from = r
		}
	}
	seen := control.NotedTime(m, control.AnnotationSeenUntil)
	known, what, any := rank{}, "", false
	top := 0.0
	learn := func(r rank, name string) {
		top = max(top, r.epoch)
		if !any || known.less(r) {
			known, what, any = r, name, true
		}
	}
	for _, p := range w.savepoints.owned[m.DeploymentID] {
		if !restorable(p) || p.Metadata.CreatedAt.After(seen) {
			continue
		}
		if r, copied := w.ranks[p.Metadata.ID]; copied {
			learn(r, "reset "+p.Metadata.ID)
			continue
		}
		if s, ok := w.storage[p.Spec.SavepointLocation]; ok && !w.amnesic(s.job) {
			if p.Metadata.Origin == resource.OriginRetainedCheckpoint && spec.RestoreStrategy.Kind == resource.RestoreLatestSavepoint {
				top = max(top, s.epoch)
				continue
			}
			learn(s.rank, "savepoint "+p.Metadata.ID)
		}
	}
	retainedCount := spec.RestoreStrategy.Kind == resource.RestoreLatestState
	for _, other := range w.jobs.owned[m.DeploymentID] {
		at := other.Status.LatestCheckpoint.Location
		if s, ok := w.storage[at]; ok && !w.disposed[at] && !w.amnesic(s.job) && retainedCount && other.Status.State != resource.JobFinished {
			learn(s.rank, "checkpoint "+at)
		}
	}
	// A stop that was completed must never be lost, whatever was told of it,
	// unless nobody could know.
	for at, s := range w.storage {
		if w.disposed[at] {
			continue
		}
		if c := w.byJob[s.job]; s.stop && c != nil && c.job.Metadata.DeploymentID == m.DeploymentID && !w.unlucky(s.job) && !w.amnesic(s.job) {
			learn(s.rank, "stopped with "+at)
		}
	}
	reset := any && w.openReset(m.DeploymentID, what)
	switch {
	case spec.RestoreStrategy.Kind == resource.RestoreNone && !reset:
		from = rank{epoch: above(top)}
	case any && from.less(known):
		w.fail("state goes back: job %s starts from %q %v, but %s %v was known (strategy %s)",
			m.ID, j.Spec.SavepointLocation, from, what, known, spec.RestoreStrategy.Kind)
	case from.epoch < top:
		from.epoch = above(top) // as its strategy says
	}
	w.ranks[m.ID] = from
	if w.trace != nil {
		w.tracef("job %s of %s generation %d created from %q %v", short(m.ID), short(m.DeploymentID), j.Spec.Generation, j.Spec.SavepointLocation, from)
	}
}

// amnesic tells whether the cluster of a job began again from where it was
// first started, losing state that only it could have kept.
func (w *World) amnesic(jobID string) bool {
	c := w.byJob[jobID]
	return c != nil && c.amnesia
}

// unlucky tells whether the cluster of a job took the outcome of its
// savepoints with it, with no storage to look into.
func (w *World) unlucky(jobID string) bool { return w.opts.Blind && w.byJob[jobID].unlucky }

// finishedUnseen tells whether a job read all its input, which removes its
// checkpoints, and its cluster died before it could say so.
func (w *World) finishedUnseen(jobID string) bool {
	c := w.byJob[jobID]
	return c.unlucky && c.status == flink.JobFinished
}

// lastResort tells whether a location is of a job whose cluster overwrote its
// own past, or died after we last heard of it and nobody can look what it
// left. Then the newest state known is one that is no more.
func (w *World) lastResort(location string) bool {
	for _, p := range w.savepoints.rows {
		if p.Spec.SavepointLocation == location && p.Metadata.Origin == resource.OriginRetainedCheckpoint && (w.amnesic(p.Metadata.JobID) || w.unlucky(p.Metadata.JobID) || w.finishedUnseen(p.Metadata.JobID)) {
			return true
		}
	}
	return false
}

// openReset tells whether what was known last is a reset from which no job ran.
func (w *World) openReset(deploymentID, what string) bool {
	id, is := strings.CutPrefix(what, "reset ")
	for _, j := range w.jobs.owned[deploymentID] {
		if j.Metadata.Annotations[control.AnnotationStartedFrom] == id && !j.Status.Started.StartedAt.IsZero() {
			return false
		}
	}
	return is
}

// above is an epoch over e and under the next whole one.
func above(e float64) float64 { return (e + math.Floor(e) + 1) / 2 }

func (w *World) specAt(deploymentID string, generation int) resource.DeploymentSpec {
	for _, r := range w.revisions[deploymentID] {
		if r.Generation == generation {
			var spec resource.DeploymentSpec
			if err := json.Unmarshal(r.Spec, &spec); err != nil {
				panic(err)
			}
			return spec
		}
	}
	w.fail("no revision %d of %s", generation, deploymentID)
	return resource.DeploymentSpec{}
}

func restorable(p *resource.Savepoint) bool {
	return p.Status.State == resource.SavepointCompleted && !p.Spec.Delete
}

// rankOf is the state that a savepoint has; false when it is nowhere.
func (w *World) rankOf(p *resource.Savepoint) (rank, bool) {
	if r, copied := w.ranks[p.Metadata.ID]; copied {
		return r, true
	}
	if s, ok := w.storage[p.Spec.SavepointLocation]; ok {
		return s.rank, true
	}
	return rank{}, false
}

// checkDiscard looks at every savepoint that is given up. The platform may
// give up none by itself that is the newest there is, nor one that a job which
// has not ended was started from.
func (w *World) checkDiscard(by string, before, after *resource.Savepoint) {
	if before.Spec.Delete || !after.Spec.Delete {
		return
	}
	w.disposed[before.Spec.SavepointLocation] = true
	for _, o := range w.savepoints.rows {
		if o != before && restorable(o) && o.Spec.SavepointLocation == before.Spec.SavepointLocation {
			delete(w.disposed, before.Spec.SavepointLocation)
		}
	}
	if by != control.By || !restorable(before) {
		return
	}
	for _, j := range w.jobs.owned[before.Metadata.DeploymentID] {
		if !j.Status.State.Terminal() && j.Metadata.Annotations[control.AnnotationStartedFrom] == before.Metadata.ID {
			w.fail("savepoint %s is given up while job %s, which was started from it, is %s", before.Metadata.ID, j.Metadata.ID, j.Status.State)
		}
	}
	mine, ok := w.rankOf(before)
	newer := 0
	for _, o := range w.savepoints.owned[before.Metadata.DeploymentID] {
		if r, there := w.rankOf(o); o != before && restorable(o) && there && !r.less(mine) {
			newer++
		}
	}
	if ok && newer == 0 && !w.amnesic(before.Metadata.JobID) {
		w.fail("savepoint %s (%s) %v is given up by the platform, and it is the newest state", before.Metadata.ID, before.Metadata.Origin, mine)
	}
}

// checkForget looks at every job that is forgotten: it has ended, is not the
// youngest, and no savepoint tells of it.
func (w *World) checkForget(j *resource.Job) {
	w.tracef("job %s is forgotten", short(j.Metadata.ID))
	all := w.jobs.owned[j.Metadata.DeploymentID]
	if !j.Status.State.Terminal() || all[len(all)-1] == j {
		w.fail("job %s is forgotten while it is %s", j.Metadata.ID, j.Status.State)
	}
	for _, p := range w.savepoints.owned[j.Metadata.DeploymentID] {
		if restorable(p) && (p.Metadata.JobID == j.Metadata.ID || j.Metadata.Annotations[control.AnnotationStartedFrom] == p.Metadata.ID) {
			w.fail("job %s is forgotten while savepoint %s tells of it", j.Metadata.ID, p.Metadata.ID)
		}
	}
}

// checkRemoval looks at every removal of data.
func (w *World) checkRemoval(dir string) {
	for _, p := range w.savepoints.rows {
		if restorable(p) && control.Within(dir, p.Spec.SavepointLocation) {
			w.fail("%s is removed, and savepoint %s is in it", dir, p.Metadata.ID)
		}
	}
	for _, j := range w.jobs.rows {
		if !j.Status.State.Terminal() && control.Within(dir, j.Spec.SavepointLocation) && !j.Status.Started.StartedAt.IsZero() {
			w.fail("%s is removed, and job %s was started from it", dir, j.Metadata.ID)
		}
	}
	for _, c := range w.clusters {
		if !c.gone && control.Within(dir, c.newest.Location) {
			w.fail("%s is removed, and the cluster of job %s has its checkpoints there", dir, c.job.Metadata.ID)
		}
	}
}

// checkTerminate looks at every removal of a cluster.
func (w *World) checkTerminate(c *fakeCluster) {
	if w.opts.IgnoreRemoval {
		return
	}
	for _, o := range c.ops {
		for _, p := range w.savepoints.owned[c.job.Metadata.DeploymentID] {
			if control.TriggerID(p.Metadata.ID) == o.ID && p.Status.State == resource.SavepointStarted {
				w.fail("the cluster of job %s is removed while savepoint %s on it is in flight", c.job.Metadata.ID, p.Metadata.ID)
			}
		}
	}
}

// checkStep looks at the store after every step.
func (w *World) checkStep() {
	for _, d := range w.deployments.rows {
		active := 0
		for _, j := range w.jobs.owned[d.Metadata.ID] {
			if !j.Status.State.Terminal() && !control.OnStandby(*j) {
				active++
			}
		}
		if active > 1 {
			w.fail("%d jobs of deployment %s are active", active, d.Metadata.Name)
		}
	}
}
