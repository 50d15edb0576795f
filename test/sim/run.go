package sim

import (
	"fmt"
	"slices"
	"strings"
)

// Result is how a history went.
type Result struct {
	Violation     string // empty: none
	Steps, Passes int
	Events        int
	Rescales      int // of running jobs
	Trace         []string
}

// Play runs one history.
func Play(o Options, history func(w *World)) (r Result) {
	w := New(o)
	defer func() {
		if p := recover(); p != nil {
			v, ok := p.(violation)
			if !ok {
				panic(fmt.Sprintf("seed %d: %v", o.Seed, p))
			}
			r.Violation = string(v)
		}
		w.close()
		r.Steps, r.Passes, r.Events, r.Rescales, r.Trace = w.steps, w.passes, w.eventCount, w.rescales, w.trace
	}()
	history(w)
	return r
}

// Tail is the end of a trace, for printing.
func (r Result) Tail(lines int) string {
	from := max(len(r.Trace)-lines, 0)
	return strings.Join(slices.Clone(r.Trace[from:]), "\n")
}
