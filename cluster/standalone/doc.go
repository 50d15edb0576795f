// Package standalone brings up a cluster of Apache Flink on this machine: a
// JobManager and TaskManagers as children of the process that calls it, each
// started as java itself, without Flink's scripts.
//
// The caller is the cluster's process: it holds the lock on the cluster's folder
// and answers at its socket. The children hold the lock as well and are killed
// when their parent ends, so the cluster is gone exactly when the lock is free.
// A JobManager that ends takes the cluster with it, unless Flink's own high
// availability is on: without that a new one would know nothing of the job, and
// what a job goes on from is for the platform to decide.
package standalone
