package task

import (
	"errors"
	"time"

	"github.com/weir-streams/weir/engine/checkpoint"
	"github.com/weir-streams/weir/engine/connector"
	"github.com/weir-streams/weir/engine/operator"
	"github.com/weir-streams/weir/engine/runtime/exchange"
	"github.com/weir-streams/weir/engine/state"
)

// snapshot is the answer to a barrier while operators still write to it.
type snapshot struct {
	ack     checkpoint.Ack
	begun   []begun // all operators that were told Begin
	at      int     // the one that writes now
	written bool
	busyTo  time.Time // the task works on its input until then
}

// begun is an operator whose snapshot was begun.
type begun struct {
	node *Node
	op   operator.Snapshotter
	w    *state.Writer
	out  *checkpoint.Stream // nil: what is written stays in memory
	part int                // in ack.Parts
}

// pass takes the snapshot and sends a barrier on. Operators whose state may be
// large only begin here. A snapshot that fails fails the checkpoint, not the task,
// but for output that could not be prepared.
func (t *Task) pass(m checkpoint.Barrier) error {
	from := time.Now()
	t.align.last = m.ID
	t.settle()
	t.endSnapshot(false)
	s := &snapshot{ack: checkpoint.Ack{Checkpoint: m.ID, Task: t.Index}}
	if !m.CommitOnly && !m.Last {
		t.begin(m, s)
	}
	stopped := time.Since(from)
	if err := t.tail.send(exchange.Element{Kind: exchange.Barrier, Barrier: m}); err != nil {
		return err
	}
	from = time.Now()
	if s.ack.Err == nil {
		t.write(m, s)
	}
	if m.Stop && m.ID > t.align.released {
		t.quiet = m.ID
	}
	stopped += time.Since(from)
	t.Stops.Add(stopped)
	s.ack.Stopped = stopped
	t.snap = s
	failure := s.ack.Err
	if s.ack.Err != nil || len(s.begun) == 0 {
		t.acknowledge()
	}
	if errors.Is(failure, operator.ErrUnprepared) {
		return failure
	}
	return nil
}

// begin tells operators whose state may be large.
func (t *Task) begin(m checkpoint.Barrier, s *snapshot) {
	for i := range t.ops {
		n := &t.ops[i]
		op, ok := n.Operator.(operator.Snapshotter)
		if !ok {
			continue
		}
		part := t.part(n)
		w, out := m.Writer(part, n.durable, t.Control.poke)
		part.Stream = out
		s.begun = append(s.begun, begun{n, op, w, out, len(s.ack.Parts)})
		s.ack.Parts = append(s.ack.Parts, part)
		if err := op.Begin(w); err != nil {
			s.ack.Err = wrap(n.Name, "snapshot", err)
			return
		}
	}
}

func (t *Task) part(n *Node) checkpoint.Part {
	return checkpoint.Part{UID: n.UID, Name: n.Name, Subtask: t.Subtask, Parallelism: t.Parallelism}
}

// write takes the state of all that do not begin and continue.
func (t *Task) write(m checkpoint.Barrier, s *snapshot) {
	for i := range t.Nodes {
		n := &t.Nodes[i]
		if m.Last && n.Source != nil {
			if l, ok := n.Source.(connector.Listener); ok {
				l.Checkpointed(m.ID)
			}
			continue
		}
		if _, ok := n.Operator.(operator.Committer); (m.CommitOnly || m.Last) && !ok {
			continue
		}
		part := t.part(n)
		w := state.Writer{Checkpoint: m.ID}
		var err error
		if n.Source != nil {
			err = writeSplits(&w, n.Source.Splits())
			if l, ok := n.Source.(connector.Listener); ok {
				l.Checkpointed(m.ID)
			}
		} else if _, ok := n.Operator.(operator.Snapshotter); ok {
			continue
		} else if o, ok := n.Operator.(operator.Stateful); ok {
			err = o.Snapshot(&w)
		} else {
			continue
		}
		if err != nil {
			s.ack.Err = wrap(n.Name, "snapshot", err)
			return
		}
		part.State = w.Snapshot
		s.ack.Parts = append(s.ack.Parts, part)
		if _, ok := n.Operator.(operator.Committer); ok {
			for _, l := range w.Snapshot.Lists {
				s.ack.Commits = s.ack.Commits || len(l.Items) > 0
			}
		}
	}
}

// slicing tells whether there is some snapshot that can be written now.
func (t *Task) slicing() bool {
	return t.snap != nil && !t.snap.written && !t.snap.begun[t.snap.at].out.Full()
}

// slice writes a little of a snapshot. While there is input, a task gives as
// much time to it as to its snapshot.
func (t *Task) slice(idle bool) {
	s := t.snap
	from := time.Now()
	if !idle && from.Before(s.busyTo) {
		return
	}
	b := &s.begun[s.at]
	done, err := b.op.Continue()
	if err == nil {
		err = b.out.Err()
	}
	if err != nil {
		s.ack.Err = wrap(b.node.Name, "snapshot", err)
		t.acknowledge()
		return
	}
	if done {
		b.w.Flush()
		s.ack.Parts[b.part].State = b.w.Snapshot
		if s.at++; s.at == len(s.begun) {
			t.acknowledge()
			return
		}
	}
	now := time.Now()
	s.busyTo = now.Add(now.Sub(from))
}

// acknowledge says that the snapshot is written, or that it failed.
func (t *Task) acknowledge() {
	t.snap.written = true
	if t.snap.ack.Err != nil {
		t.snap.ack.Parts = nil
	}
	t.Listener.Acknowledge(t.snap.ack)
	t.snap.ack.Parts = nil
}

// settle learns what became of checkpoints.
func (t *Task) settle() {
	c := t.Control
	c.mu.Lock()
	durable, aborted := c.durable, c.aborted
	c.mu.Unlock()
	if t.snap == nil {
		return
	}
	switch id := t.snap.ack.Checkpoint; {
	case durable >= id:
		t.endSnapshot(true)
	case aborted >= id:
		t.endSnapshot(false)
	}
}

// endSnapshot tells the operators that the snapshot is over, if there is one.
func (t *Task) endSnapshot(completed bool) {
	s := t.snap
	if s == nil {
		return
	}
	t.snap = nil
	completed = completed && s.ack.Err == nil
	for _, b := range s.begun {
		b.op.End(s.ack.Checkpoint, completed)
		if completed {
			b.node.durable = s.ack.Checkpoint
		}
	}
}
