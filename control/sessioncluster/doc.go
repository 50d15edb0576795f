// Package sessioncluster makes session clusters true: it brings one up, watches
// it, starts another when it is lost, and takes it down. It knows nothing of
// what the jobs on it do: packages deployment and job do.
//
// The rule not to break: every start is a new incarnation with an id of its
// own, and no start is begun before the one before it is proved gone. A job
// carries the incarnation it was launched on, so one that was lost with it can
// never be taken for one on the next.
//
// # Stopping
//
// A session cluster that is to stop waits for the jobs on it to end; which ones
// it waits for, its status says. Nobody starts on it meanwhile. One that does
// not answer is not waited for for ever: its jobs could not be ended in order
// anyway, and start from their newest checkpoints.
//
// # A lost cluster
//
// One that is lost is started again, at once the first time and after growing
// pauses when it happens again soon. After too many times in a row it is
// FAILED, and a person is needed: any change of the spec begins a new count.
package sessioncluster
