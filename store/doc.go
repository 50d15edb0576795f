// Package store keeps resources in SQLite or Postgres: one table of JSON
// documents with a few index columns, a history of specs, a lease, and a feed
// of changed keys.
//
// What Create, Update and Delete returned without error is on disk. Writes are
// compare-and-swap on resourceVersion, so no update is ever lost. The feed
// carries keys only and comes after the write: losing a key costs latency,
// never correctness, and a reader always reads the resource itself.
package store
