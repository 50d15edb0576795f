// Package e2e tries weir as people do: the real binary as a server on a port of
// this machine, its engine processes, real files, a real browser. Things are
// killed; nothing may be lost.
//
// Nothing here imports what it tests but the public client.
package e2e
