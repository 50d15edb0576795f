// Package data is what flows through the engine: SQL types, columnar batches
// with change kinds, the key hash and the row codec.
//
// The one rule: nothing here costs per row. No interface, map or pointer per
// value; a column is a slice, a string is a 16-byte view into a shared buffer.
package data
