// Package task runs one subtask: a chain of operators in one goroutine, fed by
// a source or an inbox, with watermarks merged over its channels, barriers
// aligned, timers and commands taken between batches.
//
// The rule: everything an operator sees comes from this one goroutine, so
// operators hold no locks. Others speak to a task through its Control only.
package task

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"sync/atomic"
	"time"

	"github.com/weir-streams/weir/engine/checkpoint"
	"github.com/weir-streams/weir/engine/connector"
	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/function"
	"github.com/weir-streams/weir/engine/operator"
	"github.com/weir-streams/weir/engine/runtime/exchange"
)

// Node is one operator of a chain. Exactly the first may be a source.
type Node struct {
	Name, UID string
	Operator  operator.Operator // nil for a source
	Source    connector.Source
	Context   *operator.Context // its WakeAt is set by New

	durable int64 // newest checkpoint that a Snapshotter's next one may build on
}

// Listener hears what a task has to say. Its methods do not block.
type Listener interface {
	Ready(task int)                       // opened and restored
	Ended(task int)                       // all input was read and all output given
	Acknowledge(a checkpoint.Ack)         // at a barrier
	Committed(task int, checkpoint int64) // Complete was carried out
}

// Config is what a task is made with.
type Config struct {
	Index                int // number within the job
	Subtask, Parallelism int
	Nodes                []Node
	Inbox                *exchange.Inbox // nil if the first node is a source
	Inputs               []int           // input of the first operator for each channel of Inbox
	From                 []int           // number of the subtask that each channel comes from
	Outputs              []*exchange.Writer
	Env                  *function.Env
	Meter                *exchange.Meter
	Listener             Listener
	// Restore is the state to begin with; nil: none.
	Restore checkpoint.State
	// Resume tells that Restore is the latest checkpoint of this very job, on which
	// the next one may build.
	Resume bool
}

// Task is one subtask.
type Task struct {
	Config
	Control   *Control
	source    *Node // nil without
	ops       []Node
	outs      []operator.Output // of ops
	head      operator.Output   // what the source emits to
	tail      *tail
	watermark atomic.Int64
	Stops     Stops // by barriers
	steps     atomic.Int64

	merge       merge
	align       alignment
	snap        *snapshot // of the newest barrier, until it is known what became of it
	endings     int       // channels that ended
	ended       bool
	idle        bool  // the source said so
	askAgain    int64 // when to ask it for unread splits
	types       []data.Type
	first       *data.Batch // what the source gave before the start
	firstStatus connector.Status
	arrivals    <-chan struct{} // the source has something; nil: it does not say so
	quiet       int64           // id of the stopping savepoint after which nothing happens; 0: none

	wakes  []int64 // wish of each of ops
	wakeAt int64   // the earliest; 0: none
	clock  int64   // milliseconds, read once for each element
	timer  *time.Timer
	fed    int64 // when the source last gave rows, in milliseconds since 1970
}

// New makes a task.
func New(c Config) *Task {
	t := &Task{Config: c, ops: c.Nodes}
	t.watermark.Store(data.MinWatermark)
	wake := make(chan struct{}, 1)
	poke := func() {
		select {
		case wake <- struct{}{}:
		default:
		}
	}
	if c.Inbox != nil {
		poke = c.Inbox.Poke
		t.merge = newMerge(c.Inbox.Channels())
		t.merge.from = c.From
		t.align.seen = make([]bool, c.Inbox.Channels())
	}
	t.Control = &Control{poke: poke, wake: wake}
	if len(c.Nodes) > 0 && c.Nodes[0].Source != nil {
		t.source, t.ops = &c.Nodes[0], c.Nodes[1:]
	}
	if t.source != nil {
		if a, ok := t.source.Source.(connector.Awaitable); ok {
			t.arrivals = a.Arrivals()
		}
	}
	t.tail = newTail(c)
	t.outs = make([]operator.Output, len(t.ops))
	t.wakes = make([]int64, len(t.ops))
	var out operator.Output = t.tail
	for i := len(t.ops) - 1; i >= 0; i-- {
		t.outs[i] = out
		var before *operator.Metrics
		if i > 0 {
			before = t.ops[i-1].Context.Metrics
		} else if t.source != nil {
			before = t.source.Context.Metrics
		}
		out = &link{before: before, op: t.ops[i].Operator, metrics: t.ops[i].Context.Metrics, out: out}
		t.ops[i].Context.WakeAt = func(at int64) { t.wish(i, at) }
		if t.source != nil {
			t.ops[i].Context.Vacant = t.Vacant
			if s, ok := t.source.Source.(connector.Tracker); ok {
				t.ops[i].Context.Splits = s.Tracked()
			}
		}
	}
	t.head = out
	return t
}

// Watermark is the event time reached, for people.
func (t *Task) Watermark() int64 {
	if t.source != nil {
		return t.tail.watermark.Load()
	}
	return t.watermark.Load()
}

// OutputWatermark is the event time that the end of the chain has given on; data.MinWatermark
// if it ends in a sink, or has given none.
func (t *Task) OutputWatermark() int64 { return t.tail.watermark.Load() }

// Traffic returns rows and approximate bytes that went in and out of the chain.
func (t *Task) Traffic() (rowsIn, rowsOut, bytesIn, bytesOut int64) {
	first, last := t.Nodes[0].Context.Metrics, t.Nodes[len(t.Nodes)-1].Context.Metrics
	rowsIn, bytesIn = first.RecordsIn.Load(), first.BytesIn.Load()
	if t.source != nil && rowsIn == 0 {
		rowsIn = first.RecordsOut.Load()
	}
	return rowsIn, last.RecordsOut.Load(), bytesIn, last.BytesOut.Load()
}

// Run opens, restores, waits for start, and works until the input is at its end
// and Control.Exit was called, or ctx ends. It closes the operators.
func (t *Task) Run(ctx context.Context, start <-chan struct{}) (err error) {
	opened := 0
	defer func() {
		if r := recover(); r != nil {
			err = panicked(r)
		}
		if cerr := t.close(opened); cerr != nil && err == nil {
			err = cerr
		}
		t.Meter.Stop()
	}()
	debug.SetPanicOnFault(true) // state in a mapped file may be unreadable: that fails the task alone
	t.timer = time.NewTimer(time.Hour)
	defer t.timer.Stop()
	t.tick0()
	for i := range t.Nodes {
		opened = i + 1
		t.Nodes[i].Context.Running = ctx
		if err := t.open(&t.Nodes[i]); err != nil {
			return fmt.Errorf("%s: %w", t.Nodes[i].Name, err)
		}
	}
	if t.source != nil {
		if err := t.look(ctx); err != nil {
			return err
		}
	}
	t.Listener.Ready(t.Index)
	select {
	case <-start:
	case <-ctx.Done():
		return ctx.Err()
	}
	t.Meter.Start()
	if t.source != nil {
		err = t.runSource(ctx)
	} else {
		err = t.runInbox(ctx)
	}
	if errors.Is(err, errExit) {
		return nil
	}
	return err
}

// panicked says what happened. A fault at an address is state that could not be
// read from its file.
func panicked(r any) error {
	if f, ok := r.(interface{ Addr() uintptr }); ok {
		return fmt.Errorf("memory at %#x cannot be read: the disk of state.backend.local-dir has failed, or is full: %v\n%s", f.Addr(), r, debug.Stack())
	}
	return fmt.Errorf("panic: %v\n%s", r, debug.Stack())
}

func (t *Task) open(n *Node) error {
	if n.Operator != nil {
		if err := n.Operator.Open(n.Context); err != nil {
			return err
		}
	}
	if t.Restore == nil {
		return nil
	}
	r, err := t.Restore.Reader(n.UID, t.Subtask, t.Parallelism)
	if err != nil || r == nil {
		return err
	}
	if n.Source != nil {
		splits, err := readSplits(r)
		if err != nil {
			return err
		}
		return n.Source.Restore(splits)
	}
	s, ok := n.Operator.(operator.Stateful)
	if !ok {
		return nil
	}
	if err := s.Restore(r); err != nil {
		return fmt.Errorf("restore: %w", err)
	}
	if op, ok := n.Operator.(operator.Resumer); ok && t.Resume {
		op.Resumed(r.Checkpoint)
		n.durable = r.Checkpoint
	}
	return nil
}

// close closes the nodes that were opened. A panic of one does not keep the
// others open.
func (t *Task) close(opened int) (err error) {
	for i := range t.Nodes[:opened] {
		func() {
			n := &t.Nodes[i]
			defer func() {
				if r := recover(); r != nil {
					err = errors.Join(err, fmt.Errorf("%s: close: panic: %v", n.Name, r))
				}
			}()
			var cerr error
			if n.Source != nil {
				cerr = n.Source.Close()
			} else {
				cerr = n.Operator.Close()
			}
			if cerr != nil {
				err = errors.Join(err, fmt.Errorf("%s: close: %w", n.Name, cerr))
			}
		}()
	}
	return err
}

// runInbox is the life of a task with inputs.
func (t *Task) runInbox(ctx context.Context) error {
	for {
		if t.Control.set.Load() {
			if err := t.obey(); err != nil {
				return err
			}
		}
		t.tick0()
		if t.wakeAt != 0 && t.wakeAt <= t.clock && t.quiet == 0 {
			if err := t.tick(); err != nil {
				return err
			}
		}
		channel, el, ok := t.Inbox.Next()
		if t.slicing() {
			t.slice(!ok)
		}
		if !ok {
			if t.slicing() {
				if err := ctx.Err(); err != nil {
					return err
				}
				continue
			}
			if err := t.wait(ctx, t.Inbox.Wake(), 0); err != nil {
				return err
			}
			continue
		}
		if err := t.receive(channel, el); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		default:
		}
	}
}

func (t *Task) receive(channel int, el exchange.Element) error {
	switch el.Kind {
	case exchange.Rows:
		b := el.Batch
		t.merge.clamp(channel, b)
		n := int64(b.Len())
		m := t.ops[0].Context.Metrics
		m.RecordsIn.Add(n)
		m.BytesIn.Add(n * t.tail.width(b))
		return t.ops[0].Operator.Process(t.Inputs[channel], b, t.outs[0])
	case exchange.Watermark:
		wm, ok, allIdle := t.merge.advance(channel, el.Time)
		if ok {
			if err := t.advance(wm); err != nil {
				return err
			}
		}
		if allIdle {
			return t.setIdle(true)
		}
	case exchange.Idle:
		wm, ok, allIdle := t.merge.setIdle(channel)
		if ok {
			if err := t.advance(wm); err != nil {
				return err
			}
		}
		if allIdle {
			return t.setIdle(true)
		}
	case exchange.Active:
		if t.merge.setActive(channel) {
			return t.setIdle(false)
		}
	case exchange.End:
		if t.endings++; t.endings == t.Inbox.Channels() {
			return t.finish()
		}
	case exchange.Barrier:
		return t.barrier(channel, el.Barrier)
	}
	return nil
}

func (t *Task) setIdle(on bool) error {
	if o, ok := t.ops[0].Operator.(operator.Idling); ok {
		o.Idle(on)
	}
	return idle(t.outs[0], on)
}

func (t *Task) advance(wm int64) error {
	t.watermark.Store(wm)
	t.ops[0].Context.Metrics.Watermark.Store(wm)
	return t.ops[0].Operator.Watermark(wm, t.outs[0])
}

// finish ends the chain: its input has ended.
func (t *Task) finish() error {
	for i := range t.ops {
		if f, ok := t.ops[i].Operator.(operator.Finisher); ok {
			if err := f.Finish(t.outs[i]); err != nil {
				return fmt.Errorf("%s: %w", t.ops[i].Name, err)
			}
		}
	}
	if err := t.tail.send(exchange.Element{Kind: exchange.End}); err != nil {
		return err
	}
	t.ended = true
	t.Listener.Ended(t.Index)
	return nil
}

// wait sleeps until wake, a timer, at most limit (0: for ever), or the end.
func (t *Task) wait(ctx context.Context, wake <-chan struct{}, limit time.Duration) error {
	var timer <-chan time.Time
	d := limit
	if t.wakeAt != 0 && t.quiet == 0 {
		u := time.Until(time.UnixMilli(t.wakeAt))
		if u <= 0 {
			return nil
		}
		if d == 0 || u < d {
			d = u
		}
	}
	if d > 0 {
		t.timer.Reset(d)
		timer = t.timer.C
	}
	t.Meter.Enter(exchange.Idling)
	defer t.Meter.Leave()
	select {
	case <-wake:
	case <-t.arrivals:
	case <-timer:
	case <-ctx.Done():
		return ctx.Err()
	}
	return nil
}

// Steps counts the rounds of the task: others see that it moves.
func (t *Task) Steps() int64 { return t.steps.Load() }

// tick0 reads the clock.
func (t *Task) tick0() {
	t.steps.Add(1)
	t.clock = time.Now().UnixMilli()
	t.Env.Now = t.clock
}

func (t *Task) wish(op int, at int64) {
	if at <= 0 {
		at = 1
	}
	if w := t.wakes[op]; w == 0 || at < w {
		t.wakes[op] = at
	}
	if t.wakeAt == 0 || at < t.wakeAt {
		t.wakeAt = at
	}
}

// tick gives a Tick to all operators whose time has come.
func (t *Task) tick() error {
	for i, at := range t.wakes {
		if at == 0 || at > t.clock {
			continue
		}
		t.wakes[i] = 0
		if op, ok := t.ops[i].Operator.(operator.Timed); ok {
			if err := op.Tick(t.clock, t.outs[i]); err != nil {
				return fmt.Errorf("%s: %w", t.ops[i].Name, err)
			}
		}
	}
	t.wakeAt = 0
	for _, at := range t.wakes {
		if at != 0 && (t.wakeAt == 0 || at < t.wakeAt) {
			t.wakeAt = at
		}
	}
	return nil
}
