// Package jobmanager serves one job of the engine as Flink's JobManager REST
// API, so that whatever drives Flink drives the engine.
//
// Names, kinds and statuses are Flink's as recorded, and what Flink says in
// the same case is what we say. What only we can do has a path of its own,
// below /jobs/:id/weir/.
package jobmanager
