package enginetest

import (
	"context"
	"errors"
	"fmt"
	"sync"
)

// feed is an input table: its columns and its rows as the script writes them.
type feed struct {
	name    string
	columns string // as in CREATE TABLE
	updates bool
	splits  int
	rows    []string
}

// world is what the test connectors of one run share: gates, the injected
// failure, and the rows committed by the sink.
type world struct {
	mu     sync.Mutex
	feeds  map[string]*feed
	gates  map[string]int // rows of a split that may be read; absent: all
	waits  map[string]int // splits that stand at their gate
	stage  int            // counts the times that gates were set
	moved  chan struct{}  // closed and replaced when anything above changes
	failAt int            // rows of any split after which a source fails once; -1: never
	failed bool

	committed map[string]bool // committables seen
	changes   []change
}

// change is one row of a result.
type change struct {
	op  byte // index into ops
	row string
}

var ops = [...]string{"+I", "-U", "+U", "-D"}

var errInjected = errors.New("failure injected by the test")

func newWorld(feeds []*feed) *world {
	w := &world{
		feeds: map[string]*feed{}, gates: map[string]int{}, waits: map[string]int{},
		moved: make(chan struct{}), failAt: -1, committed: map[string]bool{},
	}
	for _, f := range feeds {
		w.feeds[f.name] = f
	}
	return w
}

// halt puts a gate in every split, after some quarters of it.
func (w *world) halt(quarters int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for name, f := range w.feeds {
		w.gates[name] = len(f.rows) / f.splits * quarters / 4
	}
	w.stage++
	clear(w.waits)
	w.wake()
}

// release opens all gates; with fail, the sources fail once before the end of
// their input.
func (w *world) release(fail bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if fail {
		for name, f := range w.feeds {
			at := (w.gates[name] + splitLen(f, 0)) / 2
			if w.failAt < 0 || at < w.failAt {
				w.failAt = at
			}
		}
	}
	w.gates = map[string]int{}
	w.wake()
}

func (w *world) wake() {
	close(w.moved)
	w.moved = make(chan struct{})
}

// halted waits until every split of the feeds in use stands at its gate. A feed
// that is read twice is named twice.
func (w *world) halted(ctx context.Context, used []string) error {
	for {
		w.mu.Lock()
		missing := ""
		need := map[string]int{}
		for _, name := range used {
			if f := w.feeds[name]; f != nil {
				need[name] += f.splits
				if w.waits[name] < need[name] {
					missing = name
				}
			}
		}
		moved := w.moved
		w.mu.Unlock()
		if missing == "" {
			return nil
		}
		select {
		case <-moved:
		case <-ctx.Done():
			return fmt.Errorf("wait for feed %s to reach its gate: %w", missing, context.Cause(ctx))
		}
	}
}

// allow says how many of the rows of a split may be read from at, and whether
// the source must fail now.
func (w *world) allow(f *feed, split, at int) (upTo int, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	upTo = splitLen(f, split)
	if gate, ok := w.gates[f.name]; ok {
		upTo = min(upTo, gate)
	}
	if w.failAt >= 0 && !w.failed {
		if at >= w.failAt {
			w.failed = true
			return 0, errInjected
		}
		upTo = min(upTo, w.failAt)
	}
	return upTo, nil
}

// arrive says that a source stands at its gate. It returns at which, to be said
// once for each.
func (w *world) arrive(name string, said int) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	if said != w.stage {
		w.waits[name]++
		w.wake()
	}
	return w.stage
}

// commit publishes rows once.
func (w *world) commit(id string, rows []change) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.committed[id] {
		w.committed[id] = true
		w.changes = append(w.changes, rows...)
	}
}

func (w *world) result() []change {
	w.mu.Lock()
	defer w.mu.Unlock()
	return append([]change(nil), w.changes...)
}

// splitLen is the number of rows of a split: rows are dealt out in turn.
func splitLen(f *feed, split int) int {
	return (len(f.rows) + f.splits - 1 - split) / f.splits
}
