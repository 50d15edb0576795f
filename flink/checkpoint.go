package flink

// Checkpoints is GET /jobs/:id/checkpoints.
type Checkpoints struct {
	Counts  CheckpointCounts    `json:"counts"`
	Summary CheckpointSummary   `json:"summary"`
	Latest  LatestCheckpoints   `json:"latest"`
	History []CheckpointDetails `json:"history"` // newest first, about ten
}

// CheckpointCounts counts checkpoints and savepoints since the job was started.
type CheckpointCounts struct {
	Restored   int64 `json:"restored"`
	Total      int64 `json:"total"`
	InProgress int64 `json:"in_progress"`
	Completed  int64 `json:"completed"`
	Failed     int64 `json:"failed"`
}

// CheckpointSummary has the spread of sizes (bytes) and durations (milliseconds).
type CheckpointSummary struct {
	CheckpointedSize  Spread `json:"checkpointed_size"`
	StateSize         Spread `json:"state_size"`
	EndToEndDuration  Spread `json:"end_to_end_duration"`
	AlignmentBuffered Spread `json:"alignment_buffered"`
	ProcessedData     Spread `json:"processed_data"`
	PersistedData     Spread `json:"persisted_data"`
}

// Spread describes many values; percentiles of none are NaN.
type Spread struct {
	Min  int64  `json:"min"`
	Max  int64  `json:"max"`
	Avg  int64  `json:"avg"`
	P50  Number `json:"p50"`
	P90  Number `json:"p90"`
	P95  Number `json:"p95"`
	P99  Number `json:"p99"`
	P999 Number `json:"p999"`
}

// LatestCheckpoints has the newest of each sort; nil when there is none.
// Completed is the newest checkpoint that is no savepoint.
type LatestCheckpoints struct {
	Completed *CheckpointDetails  `json:"completed"`
	Savepoint *CheckpointDetails  `json:"savepoint"`
	Failed    *CheckpointDetails  `json:"failed"`
	Restored  *RestoredCheckpoint `json:"restored"`
}

// RestoredCheckpoint proves which state a job started, or last recovered, from.
type RestoredCheckpoint struct {
	ID               int64  `json:"id"`
	RestoreTimestamp Millis `json:"restore_timestamp"`
	Savepoint        bool   `json:"is_savepoint"`
	ExternalPath     string `json:"external_path"`
}

// NotAddressable is the external path of a checkpoint that no other job can start from.
const NotAddressable = "<checkpoint-not-externally-addressable>"

// CheckpointDetails is one checkpoint or savepoint.
type CheckpointDetails struct {
	Class                string                    `json:"className"` // completed, failed, in_progress
	ID                   int64                     `json:"id"`
	Status               OperationState            `json:"status"`
	Savepoint            bool                      `json:"is_savepoint"`
	SavepointFormat      *SavepointFormat          `json:"savepointFormat"` // nil for checkpoints
	TriggerTimestamp     Millis                    `json:"trigger_timestamp"`
	LatestAckTimestamp   Millis                    `json:"latest_ack_timestamp"`
	CheckpointedSize     int64                     `json:"checkpointed_size"` // bytes written for it
	StateSize            int64                     `json:"state_size"`        // bytes it stands for
	EndToEndDuration     Millis                    `json:"end_to_end_duration"`
	AlignmentBuffered    int64                     `json:"alignment_buffered"`
	ProcessedData        int64                     `json:"processed_data"`
	PersistedData        int64                     `json:"persisted_data"`
	Subtasks             int                       `json:"num_subtasks"`
	AcknowledgedSubtasks int                       `json:"num_acknowledged_subtasks"`
	Type                 string                    `json:"checkpoint_type"` // CHECKPOINT, UNALIGNED_CHECKPOINT, SAVEPOINT, SYNC_SAVEPOINT
	Tasks                map[string]TaskCheckpoint `json:"tasks"`
	ExternalPath         *string                   `json:"external_path,omitempty"` // completed ones
	Discarded            *bool                     `json:"discarded,omitempty"`     // completed ones
	FailureTimestamp     *Millis                   `json:"failure_timestamp,omitempty"`
	FailureMessage       *string                   `json:"failure_message,omitempty"`
}

// Path is where the state lies, empty when nothing can be started from it: not
// completed, not addressable, or its files are gone.
func (c *CheckpointDetails) Path() string {
	if c == nil || c.ExternalPath == nil || *c.ExternalPath == NotAddressable {
		return ""
	}
	if c.Status != Completed || c.Discarded != nil && *c.Discarded {
		return ""
	}
	return *c.ExternalPath
}

// TaskCheckpoint is the share of one vertex in a checkpoint.
type TaskCheckpoint struct {
	ID                   int64          `json:"id"`
	Status               OperationState `json:"status"`
	LatestAckTimestamp   Millis         `json:"latest_ack_timestamp"`
	CheckpointedSize     int64          `json:"checkpointed_size"`
	StateSize            int64          `json:"state_size"`
	EndToEndDuration     Millis         `json:"end_to_end_duration"`
	AlignmentBuffered    int64          `json:"alignment_buffered"`
	ProcessedData        int64          `json:"processed_data"`
	PersistedData        int64          `json:"persisted_data"`
	Subtasks             int            `json:"num_subtasks"`
	AcknowledgedSubtasks int            `json:"num_acknowledged_subtasks"`
}

// CheckpointConfig is GET /jobs/:id/checkpoints/config; durations in milliseconds.
type CheckpointConfig struct {
	Mode                         string          `json:"mode"`
	Interval                     int64           `json:"interval"` // 9223372036854775807 when never
	Timeout                      int64           `json:"timeout"`
	MinPause                     int64           `json:"min_pause"`
	MaxConcurrent                int             `json:"max_concurrent"`
	Externalization              Externalization `json:"externalization"`
	StateBackend                 string          `json:"state_backend"`
	CheckpointStorage            string          `json:"checkpoint_storage"`
	Unaligned                    bool            `json:"unaligned_checkpoints"`
	TolerableFailed              int             `json:"tolerable_failed_checkpoints"`
	AlignedTimeout               int64           `json:"aligned_checkpoint_timeout"`
	AfterTasksFinish             bool            `json:"checkpoints_after_tasks_finish"`
	StateChangelog               bool            `json:"state_changelog_enabled"`
	ChangelogMaterializeInterval int64           `json:"changelog_periodic_materialization_interval"`
	ChangelogStorage             string          `json:"changelog_storage"`
}

// Externalization says whether checkpoints stay when a job is cancelled.
type Externalization struct {
	Enabled              bool `json:"enabled"`
	DeleteOnCancellation bool `json:"delete_on_cancellation"`
}
