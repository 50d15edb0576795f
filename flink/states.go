package flink

// JobStatus is the state of a job as a whole.
type JobStatus string

// States of a job. Running is entered while tasks still restore their state:
// a job processes only when all its tasks run.
const (
	JobInitializing JobStatus = "INITIALIZING"
	JobCreated      JobStatus = "CREATED"
	JobRunning      JobStatus = "RUNNING"
	JobFailing      JobStatus = "FAILING"
	JobFailed       JobStatus = "FAILED"
	JobCancelling   JobStatus = "CANCELLING"
	JobCanceled     JobStatus = "CANCELED"
	JobFinished     JobStatus = "FINISHED"
	JobRestarting   JobStatus = "RESTARTING"
	JobSuspended    JobStatus = "SUSPENDED" // given up by this JobManager, another may resume it
	JobReconciling  JobStatus = "RECONCILING"
)

// JobStatuses lists all states of a job.
var JobStatuses = []JobStatus{
	JobInitializing, JobCreated, JobRunning, JobFailing, JobFailed, JobCancelling,
	JobCanceled, JobFinished, JobRestarting, JobSuspended, JobReconciling,
}

// Terminal says whether the job has ended for good.
func (s JobStatus) Terminal() bool {
	return s == JobFailed || s == JobCanceled || s == JobFinished
}

// TaskState is the state of one task. Note the spelling: a job is CANCELLING,
// a task is CANCELING.
type TaskState string

// States of a task.
const (
	TaskCreated      TaskState = "CREATED"
	TaskScheduled    TaskState = "SCHEDULED"
	TaskDeploying    TaskState = "DEPLOYING"
	TaskInitializing TaskState = "INITIALIZING"
	TaskRunning      TaskState = "RUNNING"
	TaskFinished     TaskState = "FINISHED"
	TaskCanceling    TaskState = "CANCELING"
	TaskCanceled     TaskState = "CANCELED"
	TaskFailed       TaskState = "FAILED"
	TaskReconciling  TaskState = "RECONCILING"
)

// TaskStates lists all states of a task.
var TaskStates = []TaskState{
	TaskCreated, TaskScheduled, TaskDeploying, TaskInitializing, TaskRunning,
	TaskFinished, TaskCanceling, TaskCanceled, TaskFailed, TaskReconciling,
}

// OperationState is how far an asynchronous operation is.
type OperationState string

// States of an operation. Flink says COMPLETED for a failed operation too and
// adds a cause; SavepointResult tells the two apart.
const (
	InProgress OperationState = "IN_PROGRESS"
	Completed  OperationState = "COMPLETED"
	Failed     OperationState = "FAILED"
)

// SavepointFormat is how the state in a savepoint is written.
type SavepointFormat string

// Formats of savepoints: canonical ones can be restored by any state backend.
const (
	Canonical SavepointFormat = "CANONICAL"
	Native    SavepointFormat = "NATIVE"
)
