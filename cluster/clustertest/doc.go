// Package clustertest holds what tests of and with launchers need: the suite
// that every launcher passes, and a fake launcher with faults on demand.
//
// The fake is as deterministic as package flinktest: no clock, no goroutines.
package clustertest
