// Package flinktest is a JobManager that runs no data: one job whose only
// state is a counter, behind Flink's REST API, with every fault on demand.
//
// It has no clock and no goroutine of its own. Time passes in Advance alone,
// so the same calls give the same history.
package flinktest
