// Package operatortest holds operators that take snapshots in slices to what a
// snapshot is: the state of one moment, however it is written.
package operatortest

import (
	"fmt"
	"strings"
	"testing"

	"github.com/weir-streams/weir/engine/operator"
	"github.com/weir-streams/weir/engine/state"
)

// Chain takes snapshots of an operator at random moments, whole and incremental
// ones, some of which are given up, and compares what they amount to with what
// the operator held when they began. Step is to be called between batches.
type Chain struct {
	Op  operator.Snapshotter
	Rnd func(n int) int // a number below n

	id     int64
	chain  []state.Snapshot // completed, each building on those before
	writer *state.Writer
	want   map[string]int
	done   bool
	// Taken counts completed snapshots, Incremental those of them that build on others.
	Taken, Incremental int
}

// Rows are the rows of a snapshot, by state and key group.
func Rows(s state.Snapshot) map[string]int {
	out := map[string]int{}
	for _, k := range s.Keyed {
		for g, rows := range k.Groups {
			if err := state.EachOf(rows, func(row []byte) error {
				out[fmt.Sprintf("%s/%d: %x", k.Name, g, row)]++
				return nil
			}); err != nil {
				panic(err)
			}
		}
	}
	return out
}

// Whole is all an operator holds now. No snapshot may be under way.
func Whole(t testing.TB, op operator.Stateful) state.Snapshot {
	t.Helper()
	w := &state.Writer{}
	if err := op.Snapshot(w); err != nil {
		t.Fatal(err)
	}
	return w.Snapshot
}

// Step goes on with the snapshot under way, or begins one.
func (c *Chain) Step(t testing.TB) {
	t.Helper()
	if c.writer == nil {
		if c.Rnd(3) == 0 {
			c.begin(t)
		}
		return
	}
	for range c.Rnd(3) {
		if !c.done {
			c.goOn(t)
		}
	}
	switch {
	case c.Rnd(12) == 0:
		c.end(t, false)
	case c.done && c.Rnd(2) == 0:
		c.end(t, true)
	}
}

// Finish completes the snapshot under way and one of this moment, and returns
// what it and those before amount to.
func (c *Chain) Finish(t testing.TB) state.Snapshot {
	t.Helper()
	for again := c.writer != nil; ; again = false {
		if c.writer == nil {
			c.begin(t)
		}
		for !c.done {
			c.goOn(t)
		}
		if c.end(t, true); !again {
			return c.merged(t)
		}
	}
}

func (c *Chain) begin(t testing.TB) {
	t.Helper()
	c.want = Rows(Whole(t, c.Op))
	c.id++
	c.writer = &state.Writer{Checkpoint: c.id, Incremental: len(c.chain) > 0 && c.Rnd(6) > 0}
	c.done = false
	if err := c.Op.Begin(c.writer); err != nil {
		t.Fatal(err)
	}
}

func (c *Chain) goOn(t testing.TB) {
	t.Helper()
	var err error
	if c.done, err = c.Op.Continue(); err != nil {
		t.Fatal(err)
	}
}

func (c *Chain) end(t testing.TB, completed bool) {
	t.Helper()
	if completed {
		if !c.writer.Incremental {
			c.chain = nil
		} else {
			c.Incremental++
		}
		c.chain = append(c.chain, c.writer.Snapshot)
		c.Taken++
		if diff := difference(c.want, Rows(c.merged(t))); diff != "" {
			t.Fatalf("snapshot %d (incremental: %t) is not what was there when it began:\n%s", c.id, c.writer.Incremental, diff)
		}
	}
	c.Op.End(c.id, completed)
	c.writer = nil
}

func (c *Chain) merged(t testing.TB) state.Snapshot {
	t.Helper()
	s, err := state.Merge(c.chain...)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func difference(want, got map[string]int) string {
	var b strings.Builder
	for row, n := range want {
		if got[row] != n {
			fmt.Fprintf(&b, "%d times, want %d: %s\n", got[row], n, row)
		}
	}
	for row, n := range got {
		if want[row] == 0 {
			fmt.Fprintf(&b, "%d times, want none: %s\n", n, row)
		}
	}
	return b.String()
}
