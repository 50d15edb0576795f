// Package savepoint takes savepoints: it turns a Savepoint resource into a
// request to the job's cluster and records how that ended.
//
// A cluster outlives every savepoint in flight on it, because only the
// cluster knows the outcome. Package job waits for us: we write that we ask,
// then look at the job, and ask only if it is not being ended.
//
// The trigger id is the savepoint's own id and the directory is its own too.
// So asking again, after a lost reply or a restart of ours, finds the first
// request instead of starting a second; and where the cluster has forgotten,
// what lies in the directory can only be this savepoint.
package savepoint
