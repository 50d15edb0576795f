package flinktest

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"time"

	"github.com/weir-streams/weir/flink"
)

type opKey struct{ job, trigger string }

// operation is a savepoint or a stop that was asked for.
type operation struct {
	stop, cancel bool
	directory    string
	trigger      string
	asked, due   time.Time
	ended        time.Time
	result       *flink.Operation // nil while in progress
}

// trigger begins an operation, or finds the one with the same id: savepoints
// and stops share one space of ids.
func (m *JobManager) trigger(jobID, id string, op operation) {
	m.forget()
	key := opKey{jobID, id}
	if _, known := m.ops[key]; known {
		return
	}
	op.trigger, op.asked, op.due = id, m.now, m.now.Add(m.opts.Timing.Savepoint)
	m.ops[key] = &op
	m.order = append(m.order, key)
	j := m.job
	switch {
	case jobID != m.opts.JobID:
		m.fail(&op, "org.apache.flink.runtime.messages.FlinkJobNotFoundException: Could not find Flink job ("+jobID+")")
	case j.status.Terminal():
		m.fail(&op, "java.lang.IllegalStateException: Job "+jobID+" is not a streaming job.")
	case !j.processing():
		m.fail(&op, notRunning)
	default:
		m.collide(&op)
	}
	m.settle(m.now)
}

const notRunning = "org.apache.flink.runtime.checkpoint.CheckpointException: Checkpoint triggering task Source: counter (1/1) of job is not being executed at the moment. Aborting checkpoint. Failure reason: Not all required tasks are currently running."

// collide knows what a stop in progress does to others: a second stop fails
// both and the job restarts; a savepoint is refused.
func (m *JobManager) collide(op *operation) {
	for _, other := range m.ops {
		if other == op || !other.stop || other.result != nil {
			continue
		}
		m.fail(op, "org.apache.flink.runtime.checkpoint.CheckpointException: Checkpoint Coordinator is suspending.")
		if op.stop {
			m.fail(other, "org.apache.flink.runtime.checkpoint.CheckpointException: Checkpoint was declined (tasks not ready)")
			m.job.restart(m.now, "org.apache.flink.util.FlinkException: two stops with savepoint at once")
		}
		return
	}
}

func (m *JobManager) fail(op *operation, cause string) {
	class, _, _ := cut(cause)
	op.result = &flink.Operation{FailureCause: &flink.FailureCause{Class: class, StackTrace: cause, SerializedThrowable: ""}}
	op.ended = m.now
}

// finish writes the savepoint that is due.
func (m *JobManager) finish(op *operation) {
	j := m.job
	kind := "SAVEPOINT"
	if op.stop {
		kind = "SYNC_SAVEPOINT"
	}
	if !j.processing() {
		m.fail(op, notRunning)
		j.recordFailure(op.asked, m.now, kind, notRunning)
		return
	}
	location := fmt.Sprintf("%s/savepoint-%.6s-%s", flink.NormalLocation(op.directory), m.opts.JobID, m.suffix(op))
	switch m.choose(Point{Moment: AtSavepoint, Stop: op.stop}) {
	case FailBeforeFiles:
		cause := "org.apache.flink.runtime.checkpoint.CheckpointException: Asynchronous task checkpoint failed. Caused by the storage: no space left on device"
		m.fail(op, cause)
		j.recordFailure(op.asked, m.now, kind, cause)
		return
	case FailAfterFiles:
		j.record(op.asked, m.now, location, kind)
		if op.stop {
			m.fail(op, "org.apache.flink.runtime.scheduler.stopwithsavepoint.StopWithSavepointStoppingException: A savepoint has been created at: "+
				location+", but the corresponding job "+m.opts.JobID+" failed during stopping. The savepoint is consistent, but might have uncommitted transactions.")
			j.restart(m.now, "org.apache.flink.util.FlinkException: inconsistent execution state after stopping with savepoint")
			return
		}
		m.fail(op, "org.apache.flink.runtime.checkpoint.CheckpointException: Could not finalize the pending checkpoint after its files were written to "+location)
		return
	}
	j.record(op.asked, m.now, location, kind)
	op.result = &flink.Operation{Location: location}
	op.ended = m.now
	switch {
	case op.stop:
		j.finish(m.now)
	case op.cancel:
		j.cancel(m.now)
	}
}

// suffix tells apart the savepoints that one trigger id makes in several
// lives of the JobManager.
func (m *JobManager) suffix(op *operation) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s %d %d", op.trigger, m.starts, op.asked.UnixNano()))
	return hex.EncodeToString(sum[:6])
}

// forget drops results that are too old.
func (m *JobManager) forget() {
	kept := m.order[:0]
	for _, key := range m.order {
		op := m.ops[key]
		if op.result != nil && m.now.Sub(op.ended) > m.opts.Timing.Forget {
			delete(m.ops, key)
			continue
		}
		kept = append(kept, key)
	}
	m.order = kept
}

func cut(cause string) (class, rest string, found bool) {
	for i, c := range cause {
		if c == ':' || c == '\n' {
			return cause[:i], cause[i+1:], true
		}
	}
	return cause, "", false
}
