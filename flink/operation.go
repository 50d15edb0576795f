package flink

// SavepointRequest asks for a savepoint of a job that goes on.
type SavepointRequest struct {
	// TriggerID is chosen by the caller (32 hexadecimal digits) and makes
	// asking again harmless while the same JobManager lives. It shares one
	// space with stops; after a failure a new one is needed.
	TriggerID       string          `json:"triggerId,omitempty"`
	TargetDirectory string          `json:"target-directory,omitempty"`
	Format          SavepointFormat `json:"formatType,omitempty"`
	CancelJob       bool            `json:"cancel-job"`
}

// StopRequest asks for a savepoint after which the job ends FINISHED.
type StopRequest struct {
	TriggerID       string          `json:"triggerId,omitempty"` // as in SavepointRequest
	TargetDirectory string          `json:"targetDirectory,omitempty"`
	Format          SavepointFormat `json:"formatType,omitempty"`
	// Drain fires all windows and timers first: only to end a job for ever.
	Drain bool `json:"drain"`
}

// SavepointResult is how a savepoint or a stop went.
type SavepointResult struct {
	State    OperationState // InProgress, Completed or Failed
	Location string         // set when Completed
	Failure  string         // set when Failed: a stack trace or a sentence
}

// TriggerResponse answers a POST that starts an operation.
type TriggerResponse struct {
	RequestID string `json:"request-id"`
}

// OperationResponse answers a poll for an operation.
type OperationResponse struct {
	Status    StatusID   `json:"status"`
	Operation *Operation `json:"operation"`
}

// StatusID is a state in an envelope.
type StatusID struct {
	ID OperationState `json:"id"`
}

// Operation is the outcome of a savepoint, a stop or a checkpoint.
type Operation struct {
	Location     string        `json:"location,omitempty"`
	FailureCause *FailureCause `json:"failure-cause,omitempty"`
	CheckpointID *int64        `json:"checkpointId,omitempty"`
	// CheckpointFailure is FailureCause of a checkpoint, which Flink spells differently.
	CheckpointFailure *FailureCause `json:"failureCause,omitempty"`
}

// FailureCause is an exception on its way through REST.
type FailureCause struct {
	Class               string `json:"class"`
	StackTrace          string `json:"stack-trace"`
	SerializedThrowable string `json:"serialized-throwable"` // Java serialisation in base64
}

// ExecutionResult is GET /jobs/:id/execution-result.
type ExecutionResult struct {
	Status StatusID   `json:"status"`
	Result *JobResult `json:"job-execution-result,omitempty"`
}

// JobResult is how a job ended.
type JobResult struct {
	ID                 string         `json:"id"`
	Name               string         `json:"name"`
	ApplicationStatus  string         `json:"application-status"` // SUCCEEDED, FAILED, CANCELED, UNKNOWN
	AccumulatorResults map[string]any `json:"accumulator-results"`
	NetRuntime         Millis         `json:"net-runtime"`
	FailureCause       *FailureCause  `json:"failure-cause,omitempty"`
	ApplicationID      string         `json:"application-id"`
	StartTime          Millis         `json:"start-time"`
	EndTime            Millis         `json:"end-time"`
}
