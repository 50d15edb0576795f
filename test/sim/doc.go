// Package sim simulates all controllers together: one seed is one history.
//
// The world is deterministic and has no goroutines of its own: a pass of a
// controller is a coroutine that stops before every look at, or change of, the
// store and the clusters, so passes of different resources interleave there as
// the seed has it, see what has become old, and are cut short there when the
// platform "restarts". The clock is virtual. Clusters are small models of a
// JobManager with one job, whose state is a position that only grows while it
// processes; so it can be seen when state goes back.
//
// After every step the invariants hold, whatever went wrong:
//
//   - at most one job of a deployment runs;
//   - a job starts from a state at least as new as the newest that was known,
//     unless a person asked for another;
//   - a cluster is kept while a savepoint on it is in flight;
//   - when nothing goes wrong any more, everything settles as wanted.
package sim
