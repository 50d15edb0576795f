package jobmanager

import (
	"math"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/weir-streams/weir/engine"
	"github.com/weir-streams/weir/flink"
)

func (m *JobManager) checkpoints(r request) (any, error) {
	ck := r.job.Checkpoints()
	c := flink.Checkpoints{
		Counts: flink.CheckpointCounts{
			Restored: ck.Restored, Total: ck.Total, InProgress: ck.InProgress, Completed: ck.Completed, Failed: ck.Failed,
		},
		Summary: summarise(ck.History),
		Latest: flink.LatestCheckpoints{
			Completed: optional(ck.LatestCompleted), Savepoint: optional(ck.LatestSavepoint), Failed: optional(ck.LatestFailed),
		},
		History: []flink.CheckpointDetails{},
	}
	if f := ck.RestoredFrom; f != nil {
		c.Latest.Restored = &flink.RestoredCheckpoint{
			ID: f.ID, RestoreTimestamp: flink.MillisOf(f.At), Savepoint: f.Savepoint, ExternalPath: f.Path,
		}
	}
	for _, info := range ck.History {
		c.History = append(c.History, checkpointDetails(info))
	}
	return c, nil
}

func optional(info *engine.CheckpointInfo) *flink.CheckpointDetails {
	if info == nil {
		return nil
	}
	d := checkpointDetails(*info)
	return &d
}

func checkpointDetails(info engine.CheckpointInfo) flink.CheckpointDetails {
	d := flink.CheckpointDetails{
		Class: strings.ToLower(info.Status), ID: info.ID, Status: flink.OperationState(info.Status), Savepoint: info.Savepoint,
		TriggerTimestamp: flink.MillisOf(info.Triggered), LatestAckTimestamp: -1, Type: "CHECKPOINT",
		CheckpointedSize: info.Written, StateSize: info.Bytes, Subtasks: info.Subtasks, AcknowledgedSubtasks: info.Acknowledged,
		Tasks: map[string]flink.TaskCheckpoint{},
	}
	if info.Savepoint {
		format := flink.Canonical
		d.SavepointFormat = &format
		d.Type = "SAVEPOINT"
		if info.Sync {
			d.Type = "SYNC_SAVEPOINT"
		}
	}
	if !info.Completed.IsZero() {
		d.EndToEndDuration = flink.Millis(max(info.Completed.Sub(info.Triggered).Milliseconds(), 0))
	}
	switch d.Status {
	case flink.Completed:
		d.LatestAckTimestamp = flink.MillisOf(info.Completed)
		path := info.Path
		if path == "" {
			path = flink.NotAddressable
		}
		d.ExternalPath, d.Discarded = &path, &info.Discarded
	case flink.Failed:
		at := flink.MillisOf(info.Completed)
		d.FailureTimestamp, d.FailureMessage = &at, &info.Failure
	}
	return d
}

// summarise describes the completed checkpoints that are still listed.
func summarise(history []engine.CheckpointInfo) flink.CheckpointSummary {
	var sizes, durations []int64
	for _, c := range history {
		if c.Status == string(flink.Completed) {
			sizes = append(sizes, c.Bytes)
			durations = append(durations, c.Completed.Sub(c.Triggered).Milliseconds())
		}
	}
	none := spread(make([]int64, len(sizes)))
	return flink.CheckpointSummary{
		CheckpointedSize: spread(sizes), StateSize: spread(sizes), EndToEndDuration: spread(durations),
		AlignmentBuffered: flink.Spread{}, ProcessedData: none, PersistedData: none,
	}
}

func spread(values []int64) flink.Spread {
	if len(values) == 0 {
		nan := flink.Number(math.NaN())
		return flink.Spread{P50: nan, P90: nan, P95: nan, P99: nan, P999: nan}
	}
	slices.Sort(values)
	var sum int64
	for _, v := range values {
		sum += v
	}
	at := func(p float64) flink.Number {
		// The nearest rank: what is shown is a value that was seen.
		return flink.Number(values[min(int(p*float64(len(values))), len(values)-1)])
	}
	return flink.Spread{
		Min: values[0], Max: values[len(values)-1], Avg: sum / int64(len(values)),
		P50: at(.5), P90: at(.9), P95: at(.95), P99: at(.99), P999: at(.999),
	}
}

func (m *JobManager) checkpointConfig(r request) (any, error) {
	ck := r.job.Checkpoints()
	interval := ck.Interval.Milliseconds()
	if !ck.Enabled || interval <= 0 {
		interval = math.MaxInt64
	}
	retained := r.job.configuration["execution.checkpointing.externalized-checkpoint-retention"]
	mode := "exactly_once"
	if strings.EqualFold(r.job.configuration["execution.checkpointing.mode"], "AT_LEAST_ONCE") {
		mode = "at_least_once"
	}
	return flink.CheckpointConfig{
		Mode: mode, Interval: interval, Timeout: ck.Timeout.Milliseconds(), MaxConcurrent: 1,
		Externalization: flink.Externalization{
			Enabled:              retained == "RETAIN_ON_CANCELLATION" || retained == "DELETE_ON_CANCELLATION",
			DeleteOnCancellation: retained != "RETAIN_ON_CANCELLATION",
		},
		StateBackend: "WeirStateBackend", CheckpointStorage: "FileSystemCheckpointStorage",
		AfterTasksFinish: true, ChangelogMaterializeInterval: 600_000, ChangelogStorage: "memory",
	}, nil
}

func (m *JobManager) checkpointDetails(r request) (any, error) {
	info, err := m.findCheckpoint(r)
	if err != nil {
		return nil, err
	}
	return checkpointDetails(info), nil
}

// checkpointSubtasks has the counts of one vertex; the engine keeps sizes and
// times of a checkpoint as a whole.
func (m *JobManager) checkpointSubtasks(r request) (any, error) {
	info, err := m.findCheckpoint(r)
	if err != nil {
		return nil, err
	}
	d := checkpointDetails(info)
	n := len(r.vertex.Subtasks)
	none := spread(nil)
	subtasks := []object{}
	for i := range n {
		if d.Status == flink.Completed {
			subtasks = append(subtasks, object{
				"className": "completed", "index": i, "ack_timestamp": d.LatestAckTimestamp, "end_to_end_duration": d.EndToEndDuration,
				"checkpointed_size": 0, "state_size": 0, "checkpoint": object{"sync": 0, "async": 0},
				"alignment":   object{"buffered": 0, "processed": 0, "persisted": 0, "duration": 0},
				"start_delay": 0, "unaligned_checkpoint": false, "aborted": false, "status": "completed",
			})
			continue
		}
		subtasks = append(subtasks, object{"className": "pending", "index": i, "status": "pending_or_failed"})
	}
	acknowledged := 0
	if d.Status == flink.Completed {
		acknowledged = n
	}
	return object{
		"id": d.ID, "status": d.Status, "latest_ack_timestamp": d.LatestAckTimestamp, "checkpointed_size": 0, "state_size": 0,
		"end_to_end_duration": d.EndToEndDuration, "alignment_buffered": 0, "processed_data": 0, "persisted_data": 0,
		"num_subtasks": n, "num_acknowledged_subtasks": acknowledged,
		"summary": object{
			"checkpointed_size": none, "state_size": none, "end_to_end_duration": none,
			"checkpoint_duration": object{"sync": none, "async": none},
			"alignment":           object{"buffered": flink.Spread{}, "processed": none, "persisted": none, "duration": none},
			"start_delay":         none,
		},
		"subtasks": subtasks,
	}, nil
}

func (m *JobManager) findCheckpoint(r request) (engine.CheckpointInfo, error) {
	id, err := strconv.ParseInt(r.PathValue("checkpoint"), 10, 64)
	if err != nil {
		return engine.CheckpointInfo{}, badParameter("checkpointid", r.PathValue("checkpoint"))
	}
	ck := r.job.Checkpoints()
	for _, info := range ck.History {
		if info.ID == id {
			return info, nil
		}
	}
	for _, info := range []*engine.CheckpointInfo{ck.LatestCompleted, ck.LatestSavepoint, ck.LatestFailed} {
		if info != nil && info.ID == id {
			return *info, nil
		}
	}
	return engine.CheckpointInfo{}, failure{http.StatusNotFound, restException + "Could not find checkpointing statistics for checkpoint " + strconv.FormatInt(id, 10) + "."}
}
