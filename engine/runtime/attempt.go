package runtime

import (
	"context"
	"fmt"
	"runtime/pprof"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/weir-streams/weir/engine/checkpoint"
)

// attempt is one run of all tasks. It is what the tasks and the coordinator
// of checkpoints speak to.
type attempt struct {
	*deployed
	n           int
	states      []taskStatus
	ready       atomic.Int64
	ended       atomic.Int64
	allReady    chan struct{}
	coordinator *checkpoint.Coordinator
}

type taskStatus struct {
	mu         sync.Mutex
	state      TaskState
	start, end time.Time
}

func (s *taskStatus) enter(state TaskState) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.state == TaskFinished || s.state == TaskFailed || s.state == TaskCanceled {
		return
	}
	s.state = state
	switch state {
	case TaskDeploying:
		s.start = time.Now()
	case TaskFinished, TaskFailed, TaskCanceled:
		s.end = time.Now()
	}
}

func (s *taskStatus) get() TaskState {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.state
}

// Ready, Ended, Acknowledge and Committed are what tasks say.

func (a *attempt) Ready(task int) {
	a.states[task].enter(TaskRunning)
	if a.ready.Add(1) == int64(len(a.tasks)) {
		close(a.allReady)
	}
}

func (a *attempt) Ended(task int) {
	if a.ended.Add(1) == int64(len(a.tasks)) {
		a.coordinator.Ended()
	}
}

func (a *attempt) Acknowledge(ack checkpoint.Ack) { a.coordinator.Acknowledge(ack) }

func (a *attempt) Committed(_ int, id int64) { a.coordinator.Committed(id) }

// Barrier, Complete and Release are what the coordinator says.

func (a *attempt) Barrier(b checkpoint.Barrier) {
	for _, t := range a.sources {
		t.Control.Barrier(b)
	}
}

func (a *attempt) Complete(id int64, build bool) {
	for _, t := range a.tasks {
		t.Control.Complete(id, build)
	}
}

func (a *attempt) Abort(id int64) {
	for _, t := range a.tasks {
		t.Control.Abort(id)
	}
}

func (a *attempt) Release(id int64) {
	for _, t := range a.tasks {
		t.Control.Release(id)
	}
}

// patience is how long a task may take to end before that is logged.
const patience = 30 * time.Second

// exit is the end of one goroutine of an attempt.
type exit struct {
	task int // -1: the coordinator
	err  error
}

// try runs all tasks once, from restore (nil: from nothing), until the job
// ends (nil) or something fails. All goroutines have ended when it returns.
func (j *Job) try(n int, restore checkpoint.State) error {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	if n == 0 {
		j.enter(Created)
	}
	a := &attempt{n: n, allReady: make(chan struct{})}
	d, err := j.deploy(ctx, n, restore, a)
	if err != nil {
		j.fail("", err)
		return &finalError{err}
	}
	a.deployed = d
	defer func() {
		if err := d.memory.Close(); err != nil {
			j.log.Warn("state on disk", "error", err)
		}
	}()
	a.states = make([]taskStatus, len(d.tasks))
	a.coordinator = checkpoint.NewCoordinator(j.history, a, len(d.tasks))
	j.mu.Lock()
	j.attempt = a
	j.mu.Unlock()
	if restore != nil {
		j.history.Restored(restore, time.Now())
	}
	j.enter(Running)

	exits := make(chan exit, len(d.tasks)+1)
	start := make(chan struct{})
	for i, t := range d.tasks {
		a.states[i].enter(TaskDeploying)
		go func() {
			a.states[i].enter(TaskInitializing)
			pprof.Do(ctx, d.labels(j.spec.ID, i), func(ctx context.Context) { exits <- exit{i, t.Run(ctx, start)} })
		}()
	}
	running, coordinating, finished, failure := len(d.tasks), false, false, error(nil)
	ready, canceled := a.allReady, j.canceled
	stuck := time.NewTimer(patience)
	defer stuck.Stop()
	end := func(err error) { // the first reason counts
		if failure == nil {
			failure = err
			j.withdraw()
			cancel()
			stuck.Reset(patience)
			for i := range a.states {
				a.states[i].enter(TaskCanceling)
			}
		}
	}
	var look <-chan time.Time
	watches := make([]watch, len(d.tasks))
	if dog := j.spec.Watchdog.After; dog > 0 {
		ticker := time.NewTicker(max(dog/4, time.Millisecond))
		defer ticker.Stop()
		look = ticker.C
	}
	for running > 0 || coordinating {
		select {
		case now := <-look:
			for _, n := range d.check(watches, j.spec.Watchdog.After, now) {
				if st := a.states[n].get(); st == TaskFinished || st == TaskFailed || st == TaskCanceled {
					continue
				}
				switch {
				case failure == nil:
					if err := j.report(d, n, j.spec.Watchdog.After); j.spec.Watchdog.Fail {
						watches[n] = watch{} // it is given as long again to end
						end(&taskError{d.names[n], err})
					}
				case coordinating:
					watches[n] = watch{}
				case j.spec.Watchdog.Fail:
					return &finalError{fmt.Errorf("task %s does not end and is left behind: %w", d.names[n], failure)}
				}
			}
		case <-ready:
			ready = nil
			if failure != nil {
				continue
			}
			coordinating = true
			go func() { exits <- exit{-1, a.coordinator.Run(ctx)} }()
			j.mu.Lock()
			j.coordinator = a.coordinator
			j.mu.Unlock()
			d.settle()
			if restore != nil {
				restore.Release()
			}
			close(start)
		case <-canceled:
			canceled = nil
			if finished {
				continue // too late: all is committed
			}
			j.enter(Cancelling)
			end(ErrCanceled)
		case <-stuck.C:
			for i := range a.states {
				if st := a.states[i].get(); failure != nil && st == TaskCanceling {
					j.log.Warn("task does not end", "task", d.names[i], "waited", patience)
				}
			}
		case e := <-exits:
			switch {
			case e.task < 0:
				coordinating = false
				if e.err == nil { // finished: the tasks have nothing left to do
					finished = true
					j.withdraw()
					for _, t := range d.tasks {
						t.Control.Exit()
					}
				} else if failure == nil {
					j.fail("", e.err)
					end(e.err)
				}
			case e.err == nil:
				running--
				a.states[e.task].enter(TaskFinished)
			case failure != nil:
				running--
				a.states[e.task].enter(TaskCanceled)
			default:
				running--
				a.states[e.task].enter(TaskFailed)
				j.fail(d.names[e.task], e.err)
				end(&taskError{d.names[e.task], e.err})
			}
		}
	}
	return failure
}

// withdraw takes no more requests for checkpoints.
func (j *Job) withdraw() {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.coordinator = nil
}

type taskError struct {
	task string
	err  error
}

// Error names the task. A task of one operator is called as that is, which
// the error names already: once is enough.
func (e *taskError) Error() string {
	text := e.err.Error()
	if i := strings.LastIndex(e.task, " ("); i > 0 {
		text = strings.TrimPrefix(text, e.task[:i]+": ")
	}
	return e.task + ": " + text
}
func (e *taskError) Unwrap() error { return e.err }
