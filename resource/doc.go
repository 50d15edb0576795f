// Package resource holds the nouns of the platform: Deployment, Job,
// Savepoint and their kin, as people write them and the API shows them.
//
// A resource is plain data with three parts: metadata (whose and which), spec
// (what is wanted; written by people) and status (what was seen; written by
// controllers). Field names and shapes follow Ververica Platform 2.x, so that
// its clients work unchanged. The package imports the standard library only
// and never calls the clock.
package resource
