// Package embedded runs each cluster in this process: an engine's job, with
// its JobManager reached without a socket. What `weir run`, tests and small
// installations use; a wild query can take the process down with it.
//
// Clusters end with their launcher. Nothing is found again after a restart.
package embedded
