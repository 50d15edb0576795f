package checkpoint

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

// Tasks is what a coordinator commands. No method blocks.
type Tasks interface {
	Barrier(b Barrier) // to every source
	// Complete tells every task to publish what was prepared; build says whether
	// later checkpoints may build on this one.
	Complete(id int64, build bool)
	Abort(id int64)   // to every task: nothing builds on this one
	Release(id int64) // to every task: the stopping savepoint failed, go on
}

// Request asks for a checkpoint or savepoint.
type Request struct {
	Savepoint bool
	Dir       string // of a savepoint; empty: the configured one
	Stop      bool   // end the job when it is complete
	Drain     bool
	final     bool // the end of bounded input
}

type request struct {
	Request
	periodic bool       // nobody asked for it
	reply    chan reply // of capacity 1
}

type reply struct {
	info Info
	err  error
}

const (
	maxQueued  = 16
	maxWriters = 2 // parts written at the same time
)

// Coordinator takes the checkpoints of one attempt of a job, one at a time.
type Coordinator struct {
	h     *History
	tasks Tasks
	n     int // number of tasks

	requests  chan *request
	acks      chan Ack
	committed chan int64
	events    chan event
	ended     chan struct{}
	done      chan struct{}
	endOnce   sync.Once
	writers   chan struct{}
	wg        sync.WaitGroup

	queue    []*request
	pending  *pending
	final    bool
	commits  bool      // the end of the job has something to commit
	prepared bool      // some checkpoint of this attempt had
	nextAt   time.Time // of the next periodic checkpoint
	quiesced bool      // ended was seen
}

// pending is the checkpoint in progress.
type pending struct {
	info       Info
	req        *request
	barrier    Barrier
	draft      draft
	acked      []bool
	writing    int
	finishing  bool
	committing int // tasks that have not committed yet, when the job ends with it
	deadline   time.Time
}

// event is the end of some writing.
type event struct {
	id    int64
	state State // of a finished draft
	bytes int64
	last  bool
	err   error
}

// ErrNotRunning is the answer to requests when the attempt has ended.
var ErrNotRunning = errors.New("the job is not running")

// NewCoordinator makes the coordinator of one attempt with n tasks.
func NewCoordinator(h *History, tasks Tasks, n int) *Coordinator {
	return &Coordinator{
		h: h, tasks: tasks, n: n,
		requests: make(chan *request), acks: make(chan Ack), committed: make(chan int64), events: make(chan event),
		ended: make(chan struct{}), done: make(chan struct{}), writers: make(chan struct{}, maxWriters),
	}
}

// Request takes a checkpoint or savepoint and waits for its end. If ctx ends
// first the checkpoint goes on. With Stop it returns when the output of the job
// is committed too.
func (c *Coordinator) Request(ctx context.Context, r Request) (Info, error) {
	q := &request{Request: r, reply: make(chan reply, 1)}
	select {
	case c.requests <- q:
	case <-c.done:
		return Info{}, ErrNotRunning
	case <-ctx.Done():
		return Info{}, ctx.Err()
	}
	select {
	case a := <-q.reply:
		return a.info, a.err
	case <-ctx.Done():
		return Info{}, ctx.Err()
	}
}

// Acknowledge takes a task's answer to a barrier.
func (c *Coordinator) Acknowledge(a Ack) {
	select {
	case c.acks <- a:
	case <-c.done:
	}
}

// Committed takes a task's answer to Complete.
func (c *Coordinator) Committed(id int64) {
	select {
	case c.committed <- id:
	case <-c.done:
	}
}

// Ended says that all tasks are at the end of their input: one last checkpoint
// is taken and committed, then Run returns.
func (c *Coordinator) Ended() { c.endOnce.Do(func() { close(c.ended) }) }

// Run works until the job has ended well, with a last checkpoint or a stopping
// savepoint (nil), ctx ends, or a checkpoint failed that was one too many.
func (c *Coordinator) Run(ctx context.Context) (err error) {
	defer func() { c.shutdown(err) }()
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	if c.h.cfg.Interval > 0 {
		c.nextAt = time.Now().Add(c.h.cfg.Interval)
	}
	for {
		if err := c.start(time.Now()); err != nil {
			return err
		}
		timer.Reset(c.sleep(time.Now()))
		ended := c.ended
		if c.quiesced {
			ended = nil
		}
		var finished bool
		var err error
		select {
		case <-ctx.Done():
			return ctx.Err()
		case q := <-c.requests:
			c.enqueue(q)
		case a := <-c.acks:
			err = c.acknowledge(a)
		case e := <-c.events:
			finished, err = c.wrote(e)
		case id := <-c.committed:
			finished = c.hasCommitted(id)
		case <-ended:
			c.quiesced = true
			c.leave()
		case <-timer.C:
			if p := c.pending; p != nil && p.committing == 0 && !time.Now().Before(p.deadline) {
				err = c.fail(fmt.Errorf("expired: %d of %d tasks acknowledged within %s", p.info.Acknowledged, c.n, c.h.cfg.Timeout))
			}
		}
		if err != nil || finished {
			return err
		}
	}
}

func (c *Coordinator) enqueue(q *request) {
	stopping := c.pending != nil && c.pending.req.Stop
	for _, o := range c.queue {
		stopping = stopping || o.Stop
	}
	switch {
	case q.Stop && stopping:
		q.reply <- reply{err: errors.New("the job is being stopped with a savepoint already")}
	case len(c.queue) >= maxQueued:
		q.reply <- reply{err: fmt.Errorf("%d savepoints are waiting already", maxQueued)}
	default:
		c.queue = append(c.queue, q)
	}
}

func (c *Coordinator) sleep(now time.Time) time.Duration {
	d := time.Hour
	if p := c.pending; p != nil {
		if p.committing == 0 {
			d = p.deadline.Sub(now)
		}
	} else if !c.nextAt.IsZero() {
		d = c.nextAt.Sub(now)
	}
	return max(d, 0)
}

// start begins the next checkpoint if it is time for one.
func (c *Coordinator) start(now time.Time) error {
	for c.pending == nil {
		var q *request
		switch {
		case len(c.queue) > 0:
			q, c.queue = c.queue[0], c.queue[1:]
		case c.quiesced && (c.nextAt.IsZero() || !c.final || !now.Before(c.nextAt)):
			c.final = true // failed ones are tried again after an interval
			q = &request{Request: Request{final: true}, reply: make(chan reply, 1)}
		case !c.quiesced && !c.nextAt.IsZero() && !now.Before(c.nextAt):
			q = &request{periodic: true, reply: make(chan reply, 1)}
		default:
			return nil
		}
		if err := c.begin(q, now); err != nil {
			return err
		}
	}
	return nil
}

func (c *Coordinator) begin(q *request, now time.Time) error {
	p := &pending{req: q, acked: make([]bool, c.n), deadline: now.Add(c.h.cfg.Timeout)}
	p.info = c.h.begin(q.Request, c.n, now)
	p.barrier = Barrier{ID: p.info.ID, Stop: q.Stop || q.final, Drain: q.Drain, CommitOnly: q.final && c.h.cfg.Interval == 0}
	p.barrier.Last = q.final && !p.barrier.CommitOnly && !c.commits
	if p.barrier.CommitOnly {
		p.deadline = now.Add(1000 * time.Hour) // there is nothing to fall back to
	}
	c.pending = p
	d, err := c.h.draft(q.Request, p.info.ID, p.barrier.CommitOnly || p.barrier.Last)
	if err != nil {
		return c.fail(err)
	}
	p.draft = d
	p.barrier.draft, _ = d.(*folderDraft)
	c.tasks.Barrier(p.barrier)
	return nil
}

func (c *Coordinator) acknowledge(a Ack) error {
	p := c.pending
	if p == nil || a.Checkpoint != p.info.ID || p.draft == nil || p.acked[a.Task] {
		return nil // of one that was given up
	}
	if a.Err != nil {
		return c.fail(a.Err)
	}
	p.acked[a.Task] = true
	p.info.Acknowledged++
	c.h.update(p.info)
	c.prepared = c.prepared || a.Commits
	if p.barrier.Last && (c.commits || a.Commits) {
		if c.commits = true; p.info.Acknowledged == c.n {
			c.repeat()
		}
		return nil
	}
	p.writing++
	c.write(func() event {
		for _, part := range a.Parts {
			if err := p.draft.add(part); err != nil {
				return event{id: p.info.ID, err: err}
			}
		}
		return event{id: p.info.ID}
	})
	return nil
}

// repeat lets a checkpoint of everything follow the last one, which is not needed:
// nothing may be committed that could have to be written again.
func (c *Coordinator) repeat() {
	id := c.pending.info.ID
	c.final = false
	c.forget()
	c.tasks.Release(id)
}

// leave gives up a checkpoint that is under way at the end of the input, if only its
// turn had come and nothing waits to be committed by it: the job would end later, by
// the time it takes to write gigabytes that nobody reads.
func (c *Coordinator) leave() {
	if p := c.pending; p != nil && p.req.periodic && !p.finishing && !c.prepared && c.h.cfg.Interval > 0 {
		c.forget()
	}
}

// forget gives up the pending checkpoint, which is not needed.
func (c *Coordinator) forget() {
	p := c.pending
	c.pending = nil
	c.discard(p)
	c.tasks.Abort(p.info.ID)
	c.h.forget(p.info.ID)
}

// write runs f beside the coordinator.
func (c *Coordinator) write(f func() event) {
	c.wg.Go(func() {
		c.writers <- struct{}{}
		e := f()
		<-c.writers
		select {
		case c.events <- e:
		case <-c.done:
		}
	})
}

// wrote takes the end of some writing. It returns true when the job has ended.
func (c *Coordinator) wrote(e event) (bool, error) {
	p := c.pending
	if p == nil || e.id != p.info.ID {
		return false, nil
	}
	if e.err != nil {
		return false, c.fail(e.err)
	}
	if !e.last {
		p.writing--
		if p.writing == 0 && p.info.Acknowledged == c.n {
			p.finishing = true
			draft, info := p.draft, p.info
			c.write(func() event {
				s, bytes, err := draft.finish()
				return event{id: info.ID, state: s, bytes: bytes, last: true, err: err}
			})
		}
		return false, nil
	}
	p.info.Status, p.info.Completed, p.info.Path = Completed, time.Now(), e.state.Path()
	p.info.Bytes, p.info.Written = e.state.size(), e.bytes
	keep := e.state
	if p.barrier.CommitOnly || p.barrier.Last {
		keep = nil
	}
	c.h.complete(p.info, keep)
	if p.req.Stop || p.req.final {
		p.committing = c.n
		c.tasks.Complete(p.info.ID, false)
		return false, nil
	}
	if p.req.Savepoint {
		c.tasks.Abort(p.info.ID)
	} else {
		c.tasks.Complete(p.info.ID, true)
	}
	p.req.reply <- reply{info: p.info}
	c.pending = nil
	c.plan()
	return false, nil
}

// plan sets the time of the next periodic checkpoint, a whole number of
// intervals after the last, and not before the pause is over.
func (c *Coordinator) plan() {
	if c.h.cfg.Interval == 0 {
		return
	}
	now := time.Now()
	if !c.nextAt.After(now) {
		c.nextAt = c.nextAt.Add((now.Sub(c.nextAt)/c.h.cfg.Interval + 1) * c.h.cfg.Interval)
	}
	if pause := now.Add(c.h.cfg.MinPause); c.nextAt.Before(pause) {
		c.nextAt = pause
	}
}

func (c *Coordinator) hasCommitted(id int64) bool {
	p := c.pending
	if p == nil || id != p.info.ID || p.committing == 0 {
		return false
	}
	if p.committing--; p.committing > 0 {
		return false
	}
	p.req.reply <- reply{info: p.info}
	c.pending = nil
	return true
}

// fail gives the pending checkpoint up. It returns an error if the job cannot
// go on after that.
func (c *Coordinator) fail(cause error) error {
	p := c.pending
	c.pending = nil
	c.discard(p)
	p.info.Status, p.info.Completed, p.info.Failure = Failed, time.Now(), cause.Error()
	c.tasks.Abort(p.info.ID)
	if p.barrier.Stop {
		c.tasks.Release(p.info.ID)
	}
	err := c.h.fail(p.info, !p.req.Savepoint)
	p.req.reply <- reply{info: p.info, err: cause}
	c.plan()
	if p.req.Drain {
		err = fmt.Errorf("savepoint %d failed after the job was drained: %w", p.info.ID, cause)
	}
	if p.req.final && c.h.cfg.Interval == 0 {
		err = fmt.Errorf("commit the output: %w", cause)
	}
	return err
}

// discard gives a draft up, beside the coordinator: storage may be slow.
func (c *Coordinator) discard(p *pending) {
	if p.draft != nil {
		c.wg.Go(p.draft.discard)
	}
}

// shutdown ends the attempt's checkpoints. Writers are waited for.
func (c *Coordinator) shutdown(cause error) {
	close(c.done)
	if cause == nil {
		cause = ErrNotRunning
	}
	if p := c.pending; p != nil {
		c.pending = nil
		if p.committing > 0 {
			p.req.reply <- reply{info: p.info, err: fmt.Errorf("savepoint is complete at %s, but the job ended before its output was committed: %w", p.info.Path, cause)}
		} else {
			c.discard(p)
			p.info.Status, p.info.Completed, p.info.Failure = Failed, time.Now(), "the job ended or restarted before it was complete"
			_ = c.h.fail(p.info, false)
			p.req.reply <- reply{info: p.info, err: errors.New(p.info.Failure)}
		}
	}
	for _, q := range c.queue {
		q.reply <- reply{err: ErrNotRunning}
	}
	c.queue = nil
	c.wg.Wait()
}
