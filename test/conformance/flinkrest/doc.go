// Package flinkrest compares what our JobManagers answer with what a real
// Flink was recorded to answer: the status, the names of fields, the kinds of
// values. Values themselves are not compared.
//
// Every deliberate difference is listed with its reason; one that no longer
// occurs fails the test too.
package flinkrest
