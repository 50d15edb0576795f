// Package nexmark runs the queries of the Nexmark benchmark over files of
// events, and holds their results against two others: a plain computation in
// Go over the rows, for every query, and what Apache Flink 2.3.0 recorded, where
// a folder with the recordings is named:
//
//	go test ./test/conformance/nexmark -v -args -nexmark FOLDER
//
// Without one the events are three thousand from the middle of the recorded
// ones, with midnight between them.
package nexmark
