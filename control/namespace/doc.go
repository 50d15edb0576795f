// Package namespace empties and removes namespaces that are being deleted.
//
// What runs is stopped by its own controllers first: this one only writes that
// it is to stop, and removes nothing while anything may still run. Savepoints
// and checkpoints stay on disk; what is removed is written to the log, and the
// namespace itself goes last, so that until then everybody can see what a
// deletion waits for.
package namespace
