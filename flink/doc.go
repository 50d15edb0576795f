// Package flink speaks Flink's JobManager REST API: its wire types and a
// client. Flink itself and our own engine (package jobmanager) answer it
// alike, so nothing above this package knows which of the two runs a job.
//
// Every field of an answer may be absent, every enumeration may grow: read
// leniently, and never take silence or an error for the absence of a job.
package flink
