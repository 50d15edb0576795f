// Package rehearsal runs a job over rows given by hand and tells what it wrote:
// on one task; on three; stopped with a savepoint in the middle of the input and
// restored at another parallelism; failed after a checkpoint and recovered;
// failed after a chain of incremental checkpoints and recovered. What a job
// writes must not depend on the way it was run.
//
// The job is planned as it is, for the connectors that its tables name; then the
// tables are exchanged: sources for the rows given, sinks for a record of what
// comes. So nothing is asked and nothing is written outside. Nothing depends on
// time: a source stops at a gate until it is told to go on.
package rehearsal
