// Package gateway is SQL on the platform: it keeps the catalogs of namespaces,
// saved scripts and what is registered for SQL, carries out and checks
// statements, completes what is being typed, shows the first rows of a query,
// and says what a change of a script does to the state of its job.
//
// It is the one door of the server to the engine. The rule: nothing here runs
// for longer than its request, and everything a request may ask for has a
// bound, because statements come from anybody who may write in a namespace.
package gateway
