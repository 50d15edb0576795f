package task

import (
	"errors"
	"sync"
	"sync/atomic"

	"github.com/weir-streams/weir/engine/checkpoint"
	"github.com/weir-streams/weir/engine/connector"
	"github.com/weir-streams/weir/engine/operator"
)

// errExit is the good end of a task.
var errExit = errors.New("exit")

// Control is how others command a task. Commands do not queue up: of each sort
// only the newest counts, so nothing here can block or grow.
type Control struct {
	mu       sync.Mutex
	barrier  checkpoint.Barrier // for sources; ID 0: none
	complete int64
	durable  int64 // newest checkpoint that later ones may build on
	aborted  int64 // newest one that nothing may build on
	release  int64
	exit     bool

	set  atomic.Bool
	poke func()
	wake chan struct{} // of sources
}

// Barrier asks a source to send a barrier.
func (c *Control) Barrier(m checkpoint.Barrier) { c.tell(func() { c.barrier = m }) }

// Complete says that a checkpoint is durable: what was prepared is published.
// build tells whether later ones may build on it.
func (c *Control) Complete(id int64, build bool) {
	c.tell(func() {
		c.complete = max(c.complete, id)
		if build {
			c.durable = max(c.durable, id)
		} else {
			c.aborted = max(c.aborted, id)
		}
	})
}

// Abort says that a checkpoint was given up, or is a savepoint that is complete:
// nothing builds on it.
func (c *Control) Abort(id int64) { c.tell(func() { c.aborted = max(c.aborted, id) }) }

// Release says that a stopping savepoint has failed: the task goes on.
func (c *Control) Release(id int64) { c.tell(func() { c.release = max(c.release, id) }) }

// Exit ends the task without error.
func (c *Control) Exit() { c.tell(func() { c.exit = true }) }

func (c *Control) tell(f func()) {
	c.mu.Lock()
	f()
	c.set.Store(true)
	c.mu.Unlock()
	c.poke()
}

// obey carries out what was commanded.
func (t *Task) obey() error {
	c := t.Control
	c.mu.Lock()
	barrier, complete, release, exit := c.barrier, c.complete, c.release, c.exit
	c.barrier, c.complete = checkpoint.Barrier{}, 0
	c.set.Store(false)
	c.mu.Unlock()
	if exit {
		return errExit
	}
	t.settle()
	if release > t.align.released {
		t.align.released = release
		if t.quiet != 0 && t.quiet <= release {
			t.quiet = 0
		}
	}
	if complete != 0 {
		for i := range t.ops {
			if op, ok := t.ops[i].Operator.(operator.Committer); ok {
				if err := op.Commit(complete); err != nil {
					return wrap(t.ops[i].Name, "commit", err)
				}
			}
		}
		if t.source != nil {
			if l, ok := t.source.Source.(connector.Listener); ok {
				l.Completed(complete)
			}
		}
		t.Listener.Committed(t.Index, complete)
	}
	if barrier.ID != 0 && t.source != nil {
		if barrier.Drain && !t.ended {
			if err := t.endSource(); err != nil {
				return err
			}
		}
		return t.pass(barrier)
	}
	return nil
}
