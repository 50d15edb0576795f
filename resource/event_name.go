package resource

// Names of events. Clients of Ververica Platform look for FAIL in them.
const (
	// transition bookkeeping
	EventStateTransitionIsNeeded     EventName = "STATE_TRANSITION_IS_NEEDED"
	EventUsingAnUpgradeStrategy      EventName = "USING_AN_UPGRADE_STRATEGY"
	EventStateTransitionIsCompleted  EventName = "STATE_TRANSITION_IS_COMPLETED"
	EventTransitionedToFinishedState EventName = "TRANSITIONED_TO_FINISHED_STATE"
	EventGeneralFailure              EventName = "GENERAL_FAILURE"

	// start
	EventCreatingANewJob                        EventName = "CREATING_A_NEW_JOB"
	EventFailedCreatingANewJob                  EventName = "FAILED_CREATING_A_NEW_JOB"
	EventSpinningUpAClusterForAJob              EventName = "SPINNING_UP_A_CLUSTER_FOR_A_JOB"
	EventAwaitingForAClusterToSpinUp            EventName = "AWAITING_FOR_A_CLUSTER_TO_SPIN_UP"
	EventFailedToCreateClusterForJob            EventName = "FAILED_TO_CREATE_CLUSTER_FOR_JOB"
	EventAwaitingAJobToStart                    EventName = "AWAITING_A_JOB_TO_START"
	EventJobSuccessfullyStarted                 EventName = "JOB_SUCCESSFULLY_STARTED"
	EventTooManyFailedJobCreationAttempts       EventName = "TOO_MANY_FAILED_JOB_CREATION_ATTEMPTS"
	EventResourceQuotaExceeded                  EventName = "RESOURCE_QUOTA_EXCEEDED"
	EventReferencedDeploymentTargetDoesNotExist EventName = "REFERENCED_DEPLOYMENT_TARGET_DOES_NOT_EXIST"

	// stop
	EventFoundAJobToTerminate                       EventName = "FOUND_A_JOB_TO_TERMINATE"
	EventFoundAnOldJobAndWillTerminateIt            EventName = "FOUND_AN_OLD_JOB_AND_WILL_TERMINATE_IT"
	EventFoundAStoppedJobAndWillTerminateIt         EventName = "FOUND_A_STOPPED_JOB_AND_WILL_TERMINATE_IT"
	EventFoundAJobToWaitForItsTermination           EventName = "FOUND_A_JOB_TO_WAIT_FOR_ITS_TERMINATION"
	EventAwaitingAJobToTerminate                    EventName = "AWAITING_A_JOB_TO_TERMINATE"
	EventAwaitForAClusterToTeardown                 EventName = "AWAIT_FOR_A_CLUSTER_TO_TEARDOWN"
	EventTerminatingAJobDueToAnUnrecoverableFailure EventName = "TERMINATING_A_JOB_DUE_TO_AN_UNRECOVERABLE_FAILURE"
	EventJobSuccessfullyFinished                    EventName = "JOB_SUCCESSFULLY_FINISHED"
	EventMultipleNonTerminalJobs                    EventName = "MULTIPLE_NON_TERMINAL_JOBS"

	// suspend
	EventCreatingASavepointBeforeSuspension                 EventName = "CREATING_A_SAVEPOINT_BEFORE_SUSPENSION"
	EventAwaitingSavepointCompletionToTransitionToSuspended EventName = "AWAITING_SAVEPOINT_COMPLETION_TO_TRANSITION_TO_SUSPENDED"
	EventFoundACompletedSavepointReadyForSuspension         EventName = "FOUND_A_COMPLETED_SAVEPOINT_READY_FOR_SUSPENSION"
	EventCouldNotFindAJobToSuspend                          EventName = "COULD_NOT_FIND_A_JOB_TO_SUSPEND"
	EventTooManyFailedSuspensionAttempts                    EventName = "TOO_MANY_FAILED_SUSPENSION_ATTEMPTS"
	EventJobIsNotConfiguredWithSavepointSupport             EventName = "JOB_IS_NOT_CONFIGURED_WITH_SAVEPOINT_SUPPORT"

	// savepoint
	EventNeedToTriggerASavepoint                                 EventName = "NEED_TO_TRIGGER_A_SAVEPOINT"
	EventSuccessfullyTriggeredASavepoint                         EventName = "SUCCESSFULLY_TRIGGERED_A_SAVEPOINT"
	EventRecoverableFailureWhileTriggeringASavepoint             EventName = "RECOVERABLE_FAILURE_WHILE_TRIGGERING_A_SAVEPOINT"
	EventAnUnRecoverableFailureWhileTriggeringASavepoint         EventName = "AN_UN_RECOVERABLE_FAILURE_WHILE_TRIGGERING_A_SAVEPOINT"
	EventAwaitingForASavepointToComplete                         EventName = "AWAITING_FOR_A_SAVEPOINT_TO_COMPLETE"
	EventRecoverableFailureWhileCheckingASavepointStatus         EventName = "RECOVERABLE_FAILURE_WHILE_CHECKING_A_SAVEPOINT_STATUS"
	EventAnUnrecoverableFailureWhileTakingASavepoint             EventName = "AN_UNRECOVERABLE_FAILURE_WHILE_TAKING_A_SAVEPOINT"
	EventTransitionedToCompleted                                 EventName = "TRANSITIONED_TO_COMPLETED"
	EventTransitioningToFailedStateBecauseOfAMissingJob          EventName = "TRANSITIONING_TO_FAILED_STATE_BECAUSE_OF_A_MISSING_JOB"
	EventTransitioningToFailedStateBecauseJobNotStarted          EventName = "TRANSITIONING_TO_FAILED_STATE_BECAUSE_JOB_NOT_STARTED"
	EventTransitioningToFailedStateBecauseSavepointFailedInFlink EventName = "TRANSITIONING_TO_FAILED_STATE_BECAUSE_SAVEPOINT_FAILED_IN_FLINK"

	// savepoint deletion
	EventTriggeredSavepointDeletion   EventName = "TRIGGERED_SAVEPOINT_DELETION"
	EventSuccessfullyDeletedSavepoint EventName = "SUCCESSFULLY_DELETED_SAVEPOINT"
	EventFailedToDeleteSavepoint      EventName = "FAILED_TO_DELETE_SAVEPOINT"

	// session cluster
	EventSpinningUpAClusterForASessionCluster                  EventName = "SPINNING_UP_A_CLUSTER_FOR_A_SESSION_CLUSTER"
	EventSessionClusterSuccessfullyStarted                     EventName = "SESSION_CLUSTER_SUCCESSFULLY_STARTED"
	EventSessionClusterSuccessfullyStopped                     EventName = "SESSION_CLUSTER_SUCCESSFULLY_STOPPED"
	EventFailedToStopSessionCluster                            EventName = "FAILED_TO_STOP_SESSION_CLUSTER"
	EventTerminatingASessionClusterDueToAnUnrecoverableFailure EventName = "TERMINATING_A_SESSION_CLUSTER_DUE_TO_AN_UNRECOVERABLE_FAILURE"

	// other
	EventExternal EventName = "EXTERNAL"

	// weir's own: an upgrade could not start and was undone
	EventRolledBack EventName = "ROLLED_BACK_TO_THE_LAST_GOOD_SPEC"
)
