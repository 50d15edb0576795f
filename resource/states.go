package resource

// State is a state of a Deployment. The first three can be wanted; all can be seen.
type State string

// States of a Deployment.
const (
	StateRunning       State = "RUNNING"
	StateSuspended     State = "SUSPENDED"
	StateCancelled     State = "CANCELLED"
	StateTransitioning State = "TRANSITIONING"
	StateFailed        State = "FAILED"
	StateFinished      State = "FINISHED"
)

// JobState is the state of a Job resource; not that of the Flink job in it.
type JobState string

// States of a Job. Terminated, Finished and Failed are terminal.
const (
	JobStarting JobState = "STARTING" // cluster being provisioned, or job not yet running
	// JobStandby is a job whose cluster is brought up before its time: it runs
	// nothing until the job before it has ended, and then starts.
	JobStandby     JobState = "STANDBY"
	JobStarted     JobState = "STARTED"
	JobTerminating JobState = "TERMINATING"
	JobTerminated  JobState = "TERMINATED"
	JobFinished    JobState = "FINISHED"
	JobFailed      JobState = "FAILED"
)

// Terminal tells whether a job in this state can never run again.
func (s JobState) Terminal() bool {
	return s == JobTerminated || s == JobFinished || s == JobFailed
}

// SavepointState is the state of a Savepoint.
type SavepointState string

// States of a Savepoint.
const (
	SavepointStarted         SavepointState = "STARTED"
	SavepointCompleted       SavepointState = "COMPLETED"
	SavepointFailed          SavepointState = "FAILED"
	SavepointPendingDeletion SavepointState = "PENDING_DELETION"
	SavepointDeleting        SavepointState = "DELETING"
	SavepointFailedDeletion  SavepointState = "FAILED_DELETION"
)

// SavepointOrigin says why a savepoint exists.
type SavepointOrigin string

// Origins of a Savepoint.
const (
	OriginUserRequest        SavepointOrigin = "USER_REQUEST"
	OriginSuspend            SavepointOrigin = "SUSPEND"
	OriginSuspendAndUpgrade  SavepointOrigin = "SUSPEND_AND_UPGRADE"
	OriginCopied             SavepointOrigin = "COPIED"
	OriginRetainedCheckpoint SavepointOrigin = "RETAINED_CHECKPOINT"
	OriginSchedule           SavepointOrigin = "SCHEDULE" // weir's own: spec.savepoints.every
)

// SavepointType decides who may delete the data of a savepoint.
type SavepointType string

// Types of a Savepoint.
const (
	SavepointTypeUnknown     SavepointType = "UNKNOWN"
	SavepointTypeFull        SavepointType = "FULL"
	SavepointTypeIncremental SavepointType = "INCREMENTAL"
)

// UpgradeKind says what happens to the running job when the template changes.
type UpgradeKind string

// Upgrade strategies.
const (
	UpgradeStateful  UpgradeKind = "STATEFUL"  // stop with a savepoint, start from it
	UpgradeStateless UpgradeKind = "STATELESS" // stop, start by the restore strategy
	UpgradeNone      UpgradeKind = "NONE"      // the change waits for the next start
)

// RestoreKind says which state a new job starts from.
type RestoreKind string

// Restore strategies.
const (
	RestoreLatestState     RestoreKind = "LATEST_STATE"     // newest savepoint or retained checkpoint
	RestoreLatestSavepoint RestoreKind = "LATEST_SAVEPOINT" // newest savepoint
	RestoreNone            RestoreKind = "NONE"             // empty
)

// Annotations the platform writes, named as Ververica Platform names them.
const (
	// AnnotationSpecVersion counts the versions of what a running job depends
	// on: template and target. On a Job or Savepoint it is the version it is of.
	AnnotationSpecVersion        = "com.dataartisans.appmanager.controller.deployment.spec.version"
	AnnotationTransitioning      = "com.dataartisans.appmanager.controller.deployment.transitioning"
	AnnotationTransitioningSince = "com.dataartisans.appmanager.controller.deployment.transitioning.since"
)
