// Package telemetry measures running jobs through the Flink REST API, whatever
// engine is behind it, keeps what it measured for a while, and concludes from it
// why a job gives no output.
//
// It only looks: nothing here starts, stops or writes anything, so every server
// may do it. What is kept is bounded (for a job, half an hour as measured and a
// day in steps of two minutes), lies in memory, and begins anew with the server.
package telemetry
