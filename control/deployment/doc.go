// Package deployment turns what a Deployment wants into jobs and savepoints to
// be, and what became of those into the Deployment's status. It never speaks
// to a cluster: packages job and savepoint do.
//
// The rule not to break: a job is created only while no other job of the
// deployment is active and no savepoint is in flight, and it starts from the
// newest state there is. It starts empty only when the restore strategy is
// NONE or when no state ever existed.
//
// Everything is decided anew at every pass from the deployment, its jobs and
// its savepoints. The counts of attempts are counts of failed jobs and
// savepoints that carry the current generation, so any accepted change of the
// spec begins a new count, and a restart of the platform forgets nothing. The
// id of a new job derives from the job before it: a job has one successor,
// whoever creates it and however often.
//
// # Which state is newest
//
// Snapshots of one job are in the order of their numbers within that job, for
// a savepoint may be recorded before an older retained checkpoint is. Jobs are
// in the order of their creation. A savepoint copied in by a person (COPIED)
// comes where it was created. One that is annotated
//
//	weir.io/reset: "true"
//
// comes after everything of all jobs that were made before it was seen. That
// is the whole mechanism of a reset ("time travel"): the API creates such a
// savepoint; a running job that does not know it yet is cancelled, without a
// savepoint, and its successor starts from it. Every job carries, in the
// annotation weir.io/savepoints-until, when the newest savepoint known at its
// making was created, so a reset is served once and never lost to a race. Under
// restore strategy NONE a reset starts from it all the same.
//
// # Roll-back
//
// When no job of a changed template or target ever ran and all attempts are
// used up (or the first was refused for good), template and target of the last
// generation that did run are written back as a new generation by "weir". The
// new job starts from the very same state, because the failed ones never moved
// it. The refused spec stays in the history. There is no circle: if the
// generation written back fails as well, it is itself the last one that ran,
// and the deployment is FAILED. Failures of the launcher rather than of the
// spec roll nothing back.
//
// # The next cluster
//
// Where a launcher can bring a cluster up before its job (control.Clusters.Warms),
// an upgrade does that first: the next job is created in state STANDBY, with the
// annotation weir.io/standby, while the one before goes on. Such a job runs
// nothing, counts as no job here, and is at most one. When its cluster is ready
// the old job is stopped, and when that has ended the next one gets the state to
// start from and becomes STARTING, on the cluster that is up. What is not ready
// in time, or fails, is done without; a program that the cluster says can never
// run is rolled back with nothing stopped for it. A cluster that was brought up
// for a wish that has changed is ended.
//
// # Edges
//
// A job that is not yet STARTED has not moved its state, so suspending or
// upgrading it cancels it instead of waiting for a savepoint. A deployment that
// names a session cluster waits until it is RUNNING, and says so; a job that was
// lost with its session cluster is no failed attempt of the deployment.
package deployment
