// Package state is what operators remember: keyed tables off the heap, and the
// form in which state is written at a barrier and read back.
//
// The canonical form is rows by operator, state name and key group under a
// declared schema; it does not depend on how a table lies in memory, so a
// savepoint survives rescaling and new versions of the engine.
package state
