package flinktest

import (
	"fmt"
	"time"

	"github.com/weir-streams/weir/flink"
)

// history is how many checkpoints an answer lists.
const history = 10

// job is a counter that goes up while all tasks run.
type job struct {
	m          *JobManager
	status     flink.JobStatus
	entered    map[flink.JobStatus]time.Time
	modified   time.Time
	start, end time.Time
	tasks      flink.TaskState
	tasksSince time.Time
	attempt    int

	startPosition int64
	base          int64 // the counter at tasksSince
	stopped       int64 // the counter once tasks no longer run

	due        time.Time // of the next step of the job's life
	checkpoint string    // location of the newest, or of what it started from
	ownPoint   string    // the newest checkpoint of its own, deleted when the next is there
	nextPoint  time.Time
	pointID    int64

	counts     flink.CheckpointCounts
	points     []flink.CheckpointDetails // newest first
	latest     flink.LatestCheckpoints
	exceptions []flink.ExceptionEntry // newest first
}

func newJob(m *JobManager, location string) *job {
	j := &job{
		m:       m,
		entered: map[flink.JobStatus]time.Time{},
		start:   m.now,
		tasks:   flink.TaskCreated,
		due:     m.now.Add(m.opts.Timing.Initialize),
	}
	j.enter(m.now, flink.JobInitializing)
	if snap, found := m.opts.Storage.Get(location); found && location != "" {
		j.startPosition, j.stopped, j.checkpoint = snap.Position, snap.Position, location
		j.pointID = 1
		j.counts.Restored = 1
		j.latest.Restored = &flink.RestoredCheckpoint{
			ID: j.pointID, RestoreTimestamp: flink.MillisOf(m.now), Savepoint: !snap.Checkpoint, ExternalPath: location,
		}
	}
	return j
}

func (j *job) enter(now time.Time, s flink.JobStatus) {
	j.status = s
	j.entered[s] = now
	j.modified = now
	if s.Terminal() {
		j.end = now
	}
}

func (j *job) setTasks(now time.Time, s flink.TaskState) {
	if j.tasks == flink.TaskRunning && s != flink.TaskRunning {
		j.stopped = j.position(now)
	}
	if s == flink.TaskRunning {
		j.base = j.stopped
	}
	j.tasks, j.tasksSince, j.modified = s, now, now
}

func (j *job) processing() bool {
	return j.status == flink.JobRunning && j.tasks == flink.TaskRunning
}

func (j *job) position(now time.Time) int64 {
	if j.tasks != flink.TaskRunning {
		return j.stopped
	}
	p := j.base + int64(now.Sub(j.tasksSince)/time.Microsecond)*j.m.opts.Rate/1_000_000
	if b := j.m.opts.Bound; b > 0 && p > b {
		p = b
	}
	return p
}

// next offers what the job will do by itself.
func (j *job) next(consider func(time.Time, func())) {
	now := &j.m.now
	switch j.status {
	case flink.JobInitializing:
		consider(j.due, func() { j.initialized(*now) })
	case flink.JobRestarting:
		consider(j.due, func() { j.recovered(*now) })
	case flink.JobCancelling:
		consider(j.due, func() { j.canceled(*now) })
	case flink.JobRunning:
		if j.tasks != flink.TaskRunning {
			consider(j.due, func() {
				j.setTasks(*now, flink.TaskRunning)
				j.nextPoint = now.Add(j.m.opts.Timing.Checkpoint)
			})
			return
		}
		if j.m.opts.Timing.Checkpoint > 0 {
			consider(j.nextPoint, func() { j.takeCheckpoint(*now) })
		}
		if b := j.m.opts.Bound; b > 0 {
			left := time.Duration(max(b-j.base, 0)) * time.Second / time.Duration(j.m.opts.Rate)
			consider(j.tasksSince.Add(left), func() { j.finish(*now) })
		}
	}
}

func (j *job) initialized(now time.Time) {
	o := j.m.opts
	switch _, found := o.Storage.Get(j.checkpoint); {
	case o.Broken != "":
		j.failStart(now, o.Broken)
	case o.Location != "" && (j.checkpoint == "" || !found):
		j.failStart(now, "org.apache.flink.runtime.client.JobInitializationException: Could not start the JobMaster.\n"+
			"Caused by: java.io.FileNotFoundException: Cannot find checkpoint or savepoint file/directory '"+o.Location+"' on file system 'file'.")
	default:
		j.enter(now, flink.JobCreated)
		j.run(now)
	}
}

func (j *job) failStart(now time.Time, cause string) {
	j.note(now, cause)
	j.tasks = flink.TaskCanceled
	j.enter(now, flink.JobFailed)
}

func (j *job) run(now time.Time) {
	j.enter(now, flink.JobRunning)
	j.setTasks(now, flink.TaskInitializing)
	j.due = now.Add(j.m.opts.Timing.Deploy)
}

// restart is what happens when a task fails and the job may recover.
func (j *job) restart(now time.Time, cause string) {
	if j.status != flink.JobRunning {
		return
	}
	j.note(now, cause)
	j.setTasks(now, flink.TaskCanceled)
	j.enter(now, flink.JobRestarting)
	j.due = now.Add(j.m.opts.Timing.Restart)
}

func (j *job) recovered(now time.Time) {
	j.attempt++
	j.stopped = 0
	if j.checkpoint != "" {
		snap, found := j.m.opts.Storage.Get(j.checkpoint)
		if !found {
			j.failStart(now, "java.io.FileNotFoundException: Cannot find checkpoint or savepoint file/directory '"+j.checkpoint+"' on file system 'file'.")
			return
		}
		j.stopped = snap.Position
		j.counts.Restored++
		j.latest.Restored = &flink.RestoredCheckpoint{
			ID: j.pointID, RestoreTimestamp: flink.MillisOf(now), Savepoint: !snap.Checkpoint, ExternalPath: j.checkpoint,
		}
	}
	j.run(now)
}

func (j *job) fail(now time.Time, cause string) {
	if j.status.Terminal() {
		return
	}
	j.note(now, cause)
	j.setTasks(now, flink.TaskFailed)
	j.enter(now, flink.JobFailing)
	j.enter(now, flink.JobFailed)
	j.discard(!j.retains())
}

func (j *job) cancel(now time.Time) {
	if j.status.Terminal() || j.status == flink.JobCancelling {
		return
	}
	j.setTasks(now, flink.TaskCanceling)
	j.enter(now, flink.JobCancelling)
	j.due = now.Add(j.m.opts.Timing.Cancel)
}

func (j *job) canceled(now time.Time) {
	j.setTasks(now, flink.TaskCanceled)
	j.enter(now, flink.JobCanceled)
	j.discard(!j.retains())
}

// finish ends the job well: by its bound or by a stop. Flink deletes the
// checkpoints of a finished job even when told to retain them.
func (j *job) finish(now time.Time) {
	j.setTasks(now, flink.TaskFinished)
	j.enter(now, flink.JobFinished)
	j.discard(true)
}

func (j *job) retains() bool {
	switch j.m.opts.Configuration["execution.checkpointing.externalized-checkpoint-retention"] {
	case "RETAIN_ON_CANCELLATION":
		return true
	case "DELETE_ON_CANCELLATION":
		return j.status == flink.JobFailed
	}
	return false
}

func (j *job) discard(really bool) {
	if !really || j.ownPoint == "" {
		return
	}
	j.drop(j.ownPoint)
	j.ownPoint = ""
}

func (j *job) takeCheckpoint(now time.Time) {
	j.nextPoint = now.Add(j.m.opts.Timing.Checkpoint)
	dir := j.m.opts.Configuration["execution.checkpointing.dir"]
	if dir == "" {
		dir = "file:/flinktest/checkpoints"
	}
	id := j.pointID + 1
	at := fmt.Sprintf("%s/%s/chk-%d", flink.NormalLocation(dir), j.m.opts.JobID, id)
	j.record(now, now, at, "CHECKPOINT")
	if j.ownPoint != "" {
		j.drop(j.ownPoint)
	}
	j.checkpoint, j.ownPoint = at, at
}

// drop deletes the files of a checkpoint; answers show it as discarded.
func (j *job) drop(location string) {
	j.m.opts.Storage.Delete(location)
	yes := true
	mark := func(c *flink.CheckpointDetails) {
		if c != nil && c.ExternalPath != nil && *c.ExternalPath == location {
			c.Discarded = &yes
		}
	}
	mark(j.latest.Completed)
	for i := range j.points {
		mark(&j.points[i])
	}
}

// record writes a snapshot of the counter and lists it.
func (j *job) record(asked, now time.Time, location, kind string) {
	savepoint := kind != "CHECKPOINT"
	j.m.opts.Storage.Put(Snapshot{Location: location, JobID: j.m.opts.JobID, Position: j.position(now), Checkpoint: !savepoint})
	j.pointID++
	no := false
	n := 2 * j.m.opts.Parallelism
	c := flink.CheckpointDetails{
		Class: "completed", ID: j.pointID, Status: flink.Completed, Savepoint: savepoint, Type: kind,
		TriggerTimestamp: flink.MillisOf(asked), LatestAckTimestamp: flink.MillisOf(now),
		CheckpointedSize: 1000, StateSize: 1000, EndToEndDuration: flink.Millis(now.Sub(asked).Milliseconds()),
		Subtasks: n, AcknowledgedSubtasks: n, Tasks: map[string]flink.TaskCheckpoint{},
		ExternalPath: &location, Discarded: &no,
	}
	copied := c
	if savepoint {
		format := flink.Canonical
		c.SavepointFormat, copied.SavepointFormat = &format, &format
		j.latest.Savepoint = &copied
	} else {
		j.latest.Completed = &copied
	}
	j.counts.Total++
	j.counts.Completed++
	j.list(c)
}

// recordFailure lists a savepoint that did not work.
func (j *job) recordFailure(asked, now time.Time, kind, cause string) {
	j.pointID++
	format := flink.Canonical
	at := flink.MillisOf(now)
	c := flink.CheckpointDetails{
		Class: "failed", ID: j.pointID, Status: flink.Failed, Savepoint: true, SavepointFormat: &format, Type: kind,
		TriggerTimestamp: flink.MillisOf(asked), LatestAckTimestamp: -1, EndToEndDuration: flink.Millis(now.Sub(asked).Milliseconds()),
		Subtasks: 2 * j.m.opts.Parallelism, Tasks: map[string]flink.TaskCheckpoint{},
		FailureTimestamp: &at, FailureMessage: &cause,
	}
	copied := c
	j.latest.Failed = &copied
	j.counts.Total++
	j.counts.Failed++
	j.list(c)
}

func (j *job) list(c flink.CheckpointDetails) {
	j.points = append([]flink.CheckpointDetails{c}, j.points...)
	if len(j.points) > history {
		j.points = j.points[:history]
	}
}

func (j *job) note(now time.Time, cause string) {
	class := cause
	for i, c := range cause {
		if c == ':' || c == '\n' {
			class = cause[:i]
			break
		}
	}
	j.exceptions = append([]flink.ExceptionEntry{{
		Name: class, Stacktrace: cause, Timestamp: flink.MillisOf(now), FailureLabels: map[string]string{},
	}}, j.exceptions...)
	if len(j.exceptions) > 16 {
		j.exceptions = j.exceptions[:16]
	}
}
