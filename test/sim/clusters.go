package sim

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/weir-streams/weir/cluster"
	"github.com/weir-streams/weir/control"
	"github.com/weir-streams/weir/flink"
	"github.com/weir-streams/weir/resource"
)

// rank orders states: positions within an epoch; a person's choice of another
// state begins a new epoch.
type rank struct {
	epoch float64
	pos   int64
}

func (a rank) less(b rank) bool {
	if a.epoch != b.epoch {
		return a.epoch < b.epoch
	}
	return a.pos < b.pos
}

// snap is a complete checkpoint or savepoint on the disk.
type snap struct {
	rank
	id   int64
	job  string
	at   time.Time
	save bool // a savepoint
	stop bool // one that ended the job
}

// fakeCluster is a JobManager with one job.
type fakeCluster struct {
	w       *World
	job     resource.Job
	dir     string    // of checkpoints
	life    int       // of the JobManager process
	standby bool      // it waits for its job
	ready   time.Time // when it is ready for it
	refuses bool      // it will find that its job cannot run
	session string    // the start of a session cluster it is on; empty: its own cluster

	gone        bool
	broken      bool
	silentUntil time.Time
	status      flink.JobStatus
	processing  bool
	due         time.Time // of the next change of status
	rank                  // where the job is
	started     rank
	last        time.Time // up to when rank is true
	every       time.Duration
	nextPoint   time.Time
	lastID      int64
	own         []string // checkpoints kept, oldest first
	past        []resource.CheckpointRef
	saved       []control.SavepointSeen
	newest      resource.CheckpointRef
	restoredAt  time.Time
	restored    string
	failure     string
	bound       int64 // position at which the job has read all its input; 0 never
	amnesia     bool  // it began again from where it was first started
	began       bool  // it ran once
	again       bool  // it is to begin from where it was first started
	unlucky     bool  // it died, or forgot what it was asked for
	ops         []*op
	rescaled    int // the parallelism it was told to run at; 0: as it started
}

type op struct {
	control.Trigger
	due    time.Time
	result *flink.SavepointResult
}

func (c *fakeCluster) there() bool { return !c.gone }

// alive tells whether the job may process now or later.
func (c *fakeCluster) alive() bool { return !c.standby && !c.gone && !c.broken && !c.status.Terminal() }

// catchUp lets everything happen that is due by now.
func (c *fakeCluster) catchUp() {
	now := c.w.now
	if c.gone || c.broken || c.standby {
		return
	}
	for range 1000 {
		at, do := now.Add(1), func() {}
		consider := func(t time.Time, f func()) {
			if !t.After(now) && t.Before(at) {
				at, do = t, f
			}
		}
		switch c.status {
		case flink.JobInitializing, flink.JobRestarting:
			consider(c.due, c.begin)
		case flink.JobCancelling:
			consider(c.due, func() { c.become(flink.JobCanceled) })
		}
		if c.processing {
			if now.Sub(c.nextPoint) > 8*c.every {
				c.nextPoint = now.Add(-4 * c.every)
			}
			consider(c.nextPoint, c.checkpoint)
			if c.bound > 0 {
				consider(c.last.Add(time.Duration(max(c.bound-c.pos, 0))*time.Millisecond), func() { c.finish() })
			}
		}
		for _, o := range c.ops {
			if o.result == nil {
				consider(o.due, func() { c.save(o) })
			}
		}
		if at.After(now) {
			break
		}
		c.run(at)
		do()
	}
	c.run(now)
}

// run lets the job process up to t.
func (c *fakeCluster) run(t time.Time) {
	if c.processing && t.After(c.last) {
		c.pos += int64(t.Sub(c.last) / time.Millisecond)
		c.last = c.last.Add(t.Sub(c.last) / time.Millisecond * time.Millisecond)
		return
	}
	if t.After(c.last) {
		c.last = t
	}
}

// begin is the end of INITIALIZING or RESTARTING.
func (c *fakeCluster) begin() {
	from := c.restored
	if from != "" {
		s, ok := c.w.storage[from]
		if !ok {
			c.failure = "java.io.FileNotFoundException: Cannot find checkpoint or savepoint file/directory '" + from + "'"
			c.become(flink.JobFailed)
			return
		}
		// A job that recovers goes back to its last checkpoint, which may be older
		// than its last savepoint. That is Flink's doing and no step of ours:
		// what it saves from then on is newer all the same.
		if c.began && !c.again {
			s = &snap{rank: c.rank}
		}
		c.rank.pos = s.pos
		c.lastID = max(c.lastID, 1)
	} else if !c.began || c.again {
		c.rank.pos = 0
	}
	c.began, c.again = true, false
	if c.job.Spec.FlinkConfiguration["sim.broken"] == "true" {
		c.failure = "java.lang.IllegalStateException: Cannot map checkpoint/savepoint state for operator to the new program"
		c.become(flink.JobFailed)
		return
	}
	c.status, c.processing = flink.JobRunning, true
	c.last = c.due
	c.nextPoint = c.due.Add(c.every)
	c.restoredAt = c.due
}

func (c *fakeCluster) become(s flink.JobStatus) {
	c.status, c.processing = s, false
	for _, o := range c.ops {
		if o.result == nil {
			o.result = &flink.SavepointResult{State: flink.Failed, Failure: "the job is " + string(s)}
		}
	}
}

// finish ends the job well, which deletes its checkpoints.
func (c *fakeCluster) finish() {
	c.become(flink.JobFinished)
	for _, at := range c.own {
		delete(c.w.storage, at)
	}
	c.own, c.newest = nil, resource.CheckpointRef{}
}

func (c *fakeCluster) checkpoint() {
	at := c.nextPoint
	c.nextPoint = at.Add(c.every)
	c.lastID++
	where := fmt.Sprintf("%s/%s/life-%d/chk-%d", c.dir, control.TriggerID(c.job.Metadata.ID), c.life, c.lastID)
	c.newest = resource.CheckpointRef{ID: c.lastID, Location: where, CompletedAt: resource.At(at.Truncate(time.Millisecond))}
	c.w.storage[where] = &snap{rank: c.rank, id: c.lastID, job: c.job.Metadata.ID, at: at}
	c.own = append(c.own, where)
	c.past = append(c.past, c.newest)
	if len(c.past) > 10 {
		c.past = c.past[1:]
	}
	if len(c.own) > 3 {
		delete(c.w.storage, c.own[0])
		c.own = c.own[1:]
	}
}

const notRunning = "CheckpointException: Not all required tasks are currently running."

// save is the moment a savepoint is complete, or not.
func (c *fakeCluster) save(o *op) {
	switch {
	case !c.processing:
		o.result = &flink.SavepointResult{State: flink.Failed, Failure: notRunning}
		return
	case c.w.chance(c.w.faults.SavepointFails):
		o.result = &flink.SavepointResult{State: flink.Failed, Failure: "java.io.IOException: no space left on device"}
		return
	}
	c.lastID++
	where := fmt.Sprintf("%s/savepoint-%.6s-%d", o.Directory, control.TriggerID(c.job.Metadata.ID), c.life)
	c.w.storage[where] = &snap{rank: c.rank, id: c.lastID, job: c.job.Metadata.ID, at: o.due, save: true, stop: o.Stop}
	ref := resource.CheckpointRef{ID: c.lastID, Location: where, CompletedAt: resource.At(o.due.Truncate(time.Millisecond))}
	c.saved = append([]control.SavepointSeen{{CheckpointRef: ref, SizeBytes: 1000}}, c.saved...)
	if o.Stop && c.w.chance(c.w.faults.StopRevives) {
		c.w.storage[where].stop = false
		o.result = &flink.SavepointResult{State: flink.Failed, Failure: "StopWithSavepointStoppingException: A savepoint has been created at: " + where}
		c.restart()
		return
	}
	o.result = &flink.SavepointResult{State: flink.Completed, Location: where}
	if o.Stop {
		c.w.tracef("cluster %s stopped with %s at %d", short(c.job.Metadata.ID), where, c.pos)
		c.finish()
	}
}

// restart is what happens after a task failed.
func (c *fakeCluster) restart() {
	if c.status != flink.JobRunning {
		return
	}
	c.become(flink.JobRestarting)
	c.due = c.w.now.Add(c.w.between(0, 500*time.Millisecond))
	if c.newest.Location != "" {
		c.restored = c.newest.Location
	}
}

// failover kills the JobManager; it comes back, knowing its newest checkpoint
// only with high availability. A job that has ended is not run again.
func (c *fakeCluster) failover(ha bool) {
	c.ops, c.unlucky = nil, true
	c.life++
	c.past, c.saved = nil, nil
	if c.status.Terminal() {
		return
	}
	if ha {
		if c.newest.Location != "" {
			c.restored = c.newest.Location
		}
	} else {
		c.amnesia, c.again = true, true
		c.restored, c.lastID, c.own = c.job.Spec.SavepointLocation, 0, nil
	}
	c.newest = resource.CheckpointRef{}
	c.status, c.processing = flink.JobInitializing, false
	c.due = c.w.now.Add(c.w.between(0, 500*time.Millisecond))
	c.silentUntil = c.due
}

func (c *fakeCluster) sight(tasks bool) control.Sight {
	s := control.Sight{
		Presence: cluster.Present, Answers: true, Status: c.status, Failure: c.failure, Parallelism: cmp.Or(c.rescaled, c.job.Spec.Parallelism),
		Processing: c.processing && tasks,
		Points:     c.status != flink.JobInitializing,
		Newest:     c.newest,
		Past:       slices.Clone(c.past),
		Savepoints: slices.Clone(c.saved),
	}
	if !s.Points {
		return s
	}
	if n := len(c.past); n > 0 {
		s.NewestID = c.past[n-1].ID
	}
	if c.restored != "" && !c.restoredAt.IsZero() {
		s.Restored = resource.CheckpointRef{Location: c.restored, CompletedAt: resource.At(c.restoredAt)}
	}
	return s
}

// clusters is what controllers see of all clusters. Every request is a point
// where others come between, and may be lost on its way or on its way back.
type clusters struct{ w *World }

var errLost = errors.New("connection reset")

// ask performs a request that may get lost.
func (k clusters) ask(do func() error) error {
	k.w.pause()
	if k.w.chance(k.w.faults.RequestLost) {
		return errLost
	}
	err := do()
	if k.w.chance(k.w.faults.ReplyLost) {
		return errLost
	}
	return err
}

func (k clusters) Look(_ context.Context, j resource.Job, tasks bool) control.Sight {
	k.w.pause()
	c := k.w.byJob[j.Metadata.ID]
	if k.w.chance(k.w.faults.RequestLost) {
		return control.Sight{Message: errLost.Error()}
	}
	if s, ok := k.w.through(control.Ref(j)); !ok {
		return s
	}
	switch {
	case c == nil || c.gone:
		return control.Sight{Presence: cluster.Absent, Message: "no such cluster"}
	case c.broken:
		return control.Sight{Presence: cluster.Present, Broken: true, Message: "exited with status 1"}
	case k.w.now.Before(c.silentUntil):
		return control.Sight{Presence: cluster.Present, Message: "no answer"}
	}
	c.catchUp()
	if c.standby {
		seen := flink.Standby{Ready: !k.w.now.Before(c.ready)}
		if c.refuses && seen.Ready {
			seen.Refused = "the script does not compile"
		}
		return control.Sight{Presence: cluster.Present, Answers: true, Standby: &seen}
	}
	return c.sight(tasks)
}

// reach finds a cluster that answers.
func (k clusters) reach(j resource.Job) (*fakeCluster, error) {
	c := k.w.byJob[j.Metadata.ID]
	if s, ok := k.w.through(control.Ref(j)); !ok {
		if s.Presence == cluster.Absent {
			return nil, cluster.ErrGone
		}
		return nil, cluster.ErrUnreachable
	}
	switch {
	case c == nil || c.gone:
		return nil, cluster.ErrGone
	case c.broken || k.w.now.Before(c.silentUntil):
		return nil, cluster.ErrUnreachable
	}
	c.catchUp()
	return c, nil
}

func (k clusters) Launch(_ context.Context, j resource.Job, spec cluster.Spec) error {
	return k.ask(func() error {
		if k.w.chance(k.w.faults.LaunchFails) {
			return errors.New("fork: cannot allocate memory")
		}
		if spec.Configuration["sim.broken"] == "refused" && (!spec.Standby || k.w.chance(.5)) {
			return fmt.Errorf("%w: the script does not compile", cluster.ErrRefused)
		}
		if _, ok := k.w.through(spec.Ref); !ok {
			return cluster.ErrUnreachable
		}
		return k.w.launch(j, spec)
	})
}

func (k clusters) Cancel(_ context.Context, j resource.Job) error {
	return k.ask(func() error {
		c, err := k.reach(j)
		if err != nil {
			return err
		}
		if c.standby {
			return &flink.Error{Status: http.StatusNotFound, Messages: []string{"no such job"}}
		}
		if c.alive() && c.status != flink.JobCancelling {
			c.become(flink.JobCancelling)
			c.due = k.w.now.Add(k.w.between(0, 200*time.Millisecond))
		}
		return nil
	})
}

// Rescale restarts the tasks, or is refused, or nothing comes of it.
func (k clusters) Rescale(_ context.Context, j resource.Job, parallelism int) error {
	return k.ask(func() error {
		c, err := k.reach(j)
		if err != nil {
			return err
		}
		switch {
		case c.status.Terminal():
			return &flink.Error{Status: http.StatusNotFound, Messages: []string{"no such job"}}
		case c.job.Metadata.ID[0] == 'a': // some never can
			return &flink.Error{Status: http.StatusInternalServerError, Messages: []string{"the scheduler is not adaptive"}}
		case k.w.chance(.1): // no slots
		case c.rescaled != parallelism && c.processing:
			c.rescaled = parallelism
			c.restart()
			k.w.rescales++
		}
		return nil
	})
}

func (k clusters) Terminate(_ context.Context, j resource.Job) error {
	return k.ask(func() error {
		if s, ok := k.w.through(control.Ref(j)); !ok && s.Presence != cluster.Absent {
			return cluster.ErrUnreachable
		}
		if c := k.w.byJob[j.Metadata.ID]; c != nil && !c.gone {
			c.catchUp()
			k.w.checkTerminate(c)
			k.w.tracef("cluster %s removed, job %s at %d", short(j.Metadata.ID), c.status, c.pos)
			c.gone = true
		}
		return nil
	})
}

func (k clusters) Trigger(_ context.Context, j resource.Job, t control.Trigger) error {
	return k.ask(func() error {
		c, err := k.reach(j)
		if err != nil {
			return err
		}
		if c.standby {
			k.w.fail("a savepoint of job %s is asked for, which has not been brought yet", j.Metadata.ID)
		}
		for _, o := range c.ops {
			if o.ID == t.ID {
				return nil
			}
		}
		o := &op{Trigger: t, due: k.w.now.Add(k.w.between(0, 400*time.Millisecond))}
		c.ops = append(c.ops, o)
		refuse := func(o *op, why string) { o.result = &flink.SavepointResult{State: flink.Failed, Failure: why} }
		switch {
		case c.status.Terminal():
			refuse(o, "IllegalStateException: Job is not a streaming job.")
		case !c.processing:
			refuse(o, notRunning)
		default:
			for _, other := range c.ops {
				if other != o && other.Stop && other.result == nil {
					refuse(o, "Checkpoint Coordinator is suspending.")
					if o.Stop {
						refuse(other, "Checkpoint was declined (tasks not ready)")
						c.restart()
					}
				}
			}
		}
		return nil
	})
}

func (k clusters) Poll(_ context.Context, j resource.Job, id string) (flink.SavepointResult, error) {
	var out flink.SavepointResult
	err := k.ask(func() error {
		c, err := k.reach(j)
		if err != nil {
			return err
		}
		for _, o := range c.ops {
			if o.ID == id {
				out = flink.SavepointResult{State: flink.InProgress}
				if o.result != nil {
					out = *o.result
				}
				return nil
			}
		}
		return &flink.Error{Status: http.StatusNotFound, Messages: []string{"no such trigger"}}
	})
	return out, err
}

// disk is what can be found in storage.
type disk struct{ w *World }

func (d disk) NewestCheckpoint(_ context.Context, dir string) (resource.CheckpointRef, error) {
	d.w.pause()
	var ref resource.CheckpointRef
	for where, s := range d.w.storage {
		if !s.save && strings.HasPrefix(where, dir+"/") && s.id > ref.ID {
			ref = resource.CheckpointRef{ID: s.id, Location: where, CompletedAt: resource.At(s.at.Truncate(time.Millisecond))}
		}
	}
	return ref, nil
}

func (d disk) Savepoint(_ context.Context, dir string) (string, error) {
	d.w.pause()
	found := ""
	for where, s := range d.w.storage {
		if s.save && strings.HasPrefix(where, dir+"/") && (found == "" || where < found) {
			found = where
		}
	}
	return found, nil
}

func (d disk) Remove(_ context.Context, dir string) error {
	return clusters(d).ask(func() error {
		d.w.checkRemoval(dir)
		for where := range d.w.storage {
			if control.Within(dir, where) {
				delete(d.w.storage, where)
			}
		}
		return nil
	})
}

// Place says that clusters are seen from everywhere.
func (c clusters) Place(string) string { return "" }

// Tables says that clusters do not tell.
func (c clusters) Tables(context.Context, resource.Job) (sources, sinks []resource.TableInfo, err error) {
	return nil, nil, errLost
}
