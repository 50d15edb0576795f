// Package process runs each cluster as a child process that outlives us: a
// directory with its spec, log and socket, and a process in a session of its
// own.
//
// The process holds a lock on a file of its directory from before it is born
// until it is dead, so that life and absence can be proved by anyone at any
// moment, also by a platform that was started later. Nothing is signalled,
// started or removed on weaker evidence.
package process
