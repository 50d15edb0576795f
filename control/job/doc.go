// Package job looks after one run each: it launches the cluster of a Job,
// watches it, ends it, and removes it.
//
// The rule not to break: a cluster outlives every savepoint in flight on it,
// because only the cluster knows how that ended. A job is written TERMINATING
// before its savepoints are looked at for the last time, and package savepoint
// looks at the job after it has written that it asks; so one of the two sees
// the other, and no savepoint begins on a cluster that is being removed.
//
// A job has one cluster, launched once: when a launch was asked for and the
// cluster is proved absent, the job has failed, and its successor starts from
// the newest state known. Only a job whose cluster is proved gone is written
// TERMINATED, FINISHED or FAILED, so two jobs of a deployment never run at once.
// Before that, its newest checkpoint is recorded as a RETAINED_CHECKPOINT
// savepoint, unless a savepoint is newer or the job read all its input.
//
// A job in state STANDBY has a cluster and nothing that runs in it; the launch
// that brings the job comes when package deployment says STARTING.
//
// STARTED means that all tasks run and that the cluster says it restored what
// it was told to.
package job
