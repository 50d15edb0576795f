// Package audit writes down every request that changes something, or wanted
// to: who asked for what, how it was answered, which fields changed.
//
// The entry is written before the answer is sent, so that what a caller was
// told to be done is in the log. The values of secrets never get here: what
// handlers note has been through resource.Diff.
package audit
