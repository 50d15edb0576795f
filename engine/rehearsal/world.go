package rehearsal

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/graph"
)

// Feed is what a table is given.
type Feed struct {
	// Table is the name of the table, or its end: orders, shop.orders.
	Table string
	// Splits is how many parts the rows are dealt out to, in turn; each is read in
	// order. 0 is 1.
	Splits int
	// Rows are lines: values between bars (7 | amy | NULL | ”), those of ARRAY,
	// MAP and ROW as JSON; or all values as a JSON array of texts, nulls and nested
	// values. A line may begin with a change: +I, -U, +U or -D. The values are
	// those of the physical columns, then of the METADATA columns, in order.
	// Instants are in the time zone of the session.
	Rows []string
	// Fill makes Rows when it is known what the job reads; it may be nil.
	Fill func(a Asked) ([]string, error)
}

// Asked is what a job reads of a table.
type Asked struct {
	Table graph.Table
	// Columns are the physical columns, then those of METADATA: what a row of a
	// feed has.
	Columns []data.Column
	// Modes are the changes that the job expects. Upserts are Updates without
	// UpdateBefore.
	Modes graph.Modes
}

func (f *Feed) splits() int { return max(f.Splits, 1) }

// Changes tells whether the rows of the feed begin with a change.
func (f *Feed) Changes() bool {
	if len(f.Rows) == 0 {
		return false
	}
	_, _, is := cutChange(f.Rows[0])
	return is
}

// Change is one row that a job wrote.
type Change struct {
	Op    data.Op
	Cells []*string // as SQL clients show them; nil is NULL
}

// world is what the connectors of one run share: gates, the injected failure,
// and the rows committed by the sinks.
type world struct {
	mu     sync.Mutex
	feeds  map[string]*Feed
	gates  map[string]int // rows of a split that may be read; absent: all
	waits  map[string]int // splits that stand at their gate
	stage  int            // counts the times that gates were set
	moved  chan struct{}  // closed and replaced when anything above changes
	failAt int            // rows of any split after which a source fails once; -1: never
	failed bool

	committed map[string]bool // committables seen
	changes   map[string][]Change
}

var errInjected = errors.New("failure injected by the rehearsal")

func newWorld(feeds []*Feed) *world {
	w := &world{feeds: map[string]*Feed{}}
	w.reset()
	for _, f := range feeds {
		w.feeds[f.Table] = f
	}
	return w
}

// reset makes ready for another run.
func (w *world) reset() {
	w.gates, w.waits, w.moved = map[string]int{}, map[string]int{}, make(chan struct{})
	w.stage, w.failAt, w.failed = 0, -1, false
	w.committed, w.changes = map[string]bool{}, map[string][]Change{}
}

// halt puts a gate in every split, after some quarters of it.
func (w *world) halt(quarters int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for name, f := range w.feeds {
		w.gates[name] = len(f.Rows) / f.splits() * quarters / 4
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
				need[name] += f.splits()
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
func (w *world) allow(f *Feed, split, at int) (upTo int, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	upTo = splitLen(f, split)
	if gate, ok := w.gates[f.Table]; ok {
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

// commit publishes rows of a sink once.
func (w *world) commit(sink, id string, rows []Change) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.committed[id] {
		w.committed[id] = true
		w.changes[sink] = append(w.changes[sink], rows...)
	}
}

func (w *world) written(sink string) []Change {
	w.mu.Lock()
	defer w.mu.Unlock()
	return append([]Change(nil), w.changes[sink]...)
}

// splitLen is the number of rows of a split: rows are dealt out in turn.
func splitLen(f *Feed, split int) int {
	return (len(f.Rows) + f.splits() - 1 - split) / f.splits()
}
