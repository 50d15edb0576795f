package flink

import "strings"

// Exceptions is GET /jobs/:id/exceptions: what went wrong, newest first. A job
// that restarts for ever shows here while its state says RUNNING.
type Exceptions struct {
	History   ExceptionHistory `json:"exceptionHistory"`
	RootCause string           `json:"root-exception,omitempty"` // only Flink 1.x
}

// ExceptionHistory is the list of failures that the cluster remembers.
type ExceptionHistory struct {
	Entries   []ExceptionEntry `json:"entries"`
	Truncated bool             `json:"truncated"`
}

// ExceptionEntry is one failure, of the job or of one of its tasks.
type ExceptionEntry struct {
	Name          string            `json:"exceptionName"`
	Stacktrace    string            `json:"stacktrace"`
	Timestamp     Millis            `json:"timestamp"`
	FailureLabels map[string]string `json:"failureLabels"`
	TaskName      string            `json:"taskName,omitempty"` // empty: the job itself
	Endpoint      string            `json:"endpoint,omitempty"`
	TaskManagerID string            `json:"taskManagerId,omitempty"`
	Concurrent    []ExceptionEntry  `json:"concurrentExceptions,omitempty"`
}

// Message is the failure in one line: the innermost cause that says something.
func (e ExceptionEntry) Message() string {
	for _, c := range e.Concurrent {
		if c.Stacktrace != "" {
			return Cause(c.Stacktrace)
		}
	}
	return Cause(e.Stacktrace)
}

// Explained is the newest failure in one line, and what to do about it; empty
// when there is none. Final tells that the job would fail in the same way again.
func (e Exceptions) Explained() (failure string, final bool) {
	failure = e.Latest()
	trace := e.RootCause
	if len(e.History.Entries) > 0 {
		trace = e.History.Entries[0].Stacktrace
	}
	do, final := Advice(trace)
	if do != "" && !strings.Contains(failure, do) { // it may have been said already
		failure += "; " + do
	}
	return failure, final
}

// Latest is the newest failure in one line, empty when there is none.
func (e Exceptions) Latest() string {
	if len(e.History.Entries) > 0 {
		return e.History.Entries[0].Message()
	}
	return Cause(e.RootCause)
}

// LabelRefused is the failure label, with the value "true", of a job that never
// ran because of its program or settings. Only our engine sets it.
const LabelRefused = "weir.refused"

// Refused tells whether the newest failure is one that trying again cannot mend.
func (e Exceptions) Refused() bool {
	return len(e.History.Entries) > 0 && e.History.Entries[0].FailureLabels[LabelRefused] == "true"
}

// Cause finds the line of a Java stack trace a person wants to read: the last
// "Caused by", or the first line, without the package of its class.
func Cause(stacktrace string) string {
	line, _, _ := strings.Cut(strings.TrimSpace(stacktrace), "\n")
	for rest := stacktrace; ; {
		i := strings.Index(rest, "Caused by: ")
		if i < 0 {
			break
		}
		rest = rest[i+len("Caused by: "):]
		line, _, _ = strings.Cut(rest, "\n")
	}
	line = strings.TrimSpace(line)
	class, message, found := strings.Cut(line, ": ")
	if !javaClass(class) {
		return line
	}
	class = class[strings.LastIndexByte(class, '.')+1:]
	if !found {
		return class
	}
	return class + ": " + message
}

// javaClass knows a class with its package: lower-case words, then one that is not.
func javaClass(s string) bool {
	parts := strings.Split(s, ".")
	for i, p := range parts {
		last := i == len(parts)-1
		if p == "" || strings.ContainsAny(p, " \t/\"'(") || last != (p[0] >= 'A' && p[0] <= 'Z') {
			return false
		}
	}
	return len(parts) > 1
}
