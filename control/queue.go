package control

import (
	"container/heap"
	"context"
	"sync"
	"time"

	"github.com/weir-streams/weir/resource"
)

// task is one resource in the hands of its controller.
type task struct {
	controller int
	key        resource.Key
}

// entry is what the queue knows of a task.
type entry struct {
	task     task
	due      time.Time
	index    int // in the heap; -1 while running or asleep for good
	running  bool
	again    time.Time // asked for while running
	failures int
}

// queue holds each task once, gives it out when due and to one worker at a
// time. It is bounded by the number of resources, because repeats collapse.
type queue struct {
	wake chan struct{} // one worker that waits is told to look again

	mu      sync.Mutex
	entries map[task]*entry
	heap    dueHeap
}

func newQueue() *queue {
	return &queue{wake: make(chan struct{}, 1), entries: map[task]*entry{}}
}

// add asks for a task at the given time; the earliest wish counts.
func (q *queue) add(t task, due time.Time) {
	q.mu.Lock()
	defer q.mu.Unlock()
	e := q.entries[t]
	if e == nil {
		e = &entry{task: t, index: -1}
		q.entries[t] = e
	}
	switch {
	case e.running:
		if e.again.IsZero() || due.Before(e.again) {
			e.again = due
		}
		return
	case e.index < 0:
		e.due = due
		heap.Push(&q.heap, e)
	case due.Before(e.due):
		e.due = due
		heap.Fix(&q.heap, e.index)
	}
	q.signal()
}

// next waits for a task that is due; false when ctx has ended.
func (q *queue) next(ctx context.Context) (*entry, bool) {
	var timer *time.Timer
	defer func() {
		if timer != nil {
			timer.Stop()
		}
	}()
	for {
		if ctx.Err() != nil {
			return nil, false
		}
		e, wait := q.pop(time.Now())
		if e != nil {
			return e, true
		}
		if timer == nil {
			timer = time.NewTimer(wait)
		} else {
			timer.Reset(wait)
		}
		select {
		case <-ctx.Done():
		case <-q.wake:
		case <-timer.C:
		}
	}
}

func (q *queue) pop(now time.Time) (*entry, time.Duration) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.heap) == 0 {
		return nil, time.Hour
	}
	if wait := q.heap[0].due.Sub(now); wait > 0 {
		return nil, wait
	}
	e := heap.Pop(&q.heap).(*entry)
	e.running, e.again = true, time.Time{}
	if len(q.heap) > 0 {
		q.signal() // somebody must wait for the one that is next
	}
	return e, 0
}

// waiting counts the tasks that are due and that nobody works on.
func (q *queue) waiting(now time.Time) int {
	q.mu.Lock()
	defer q.mu.Unlock()
	n := 0
	for _, e := range q.heap {
		if !e.due.After(now) {
			n++
		}
	}
	return n
}

// done hands a task back. A zero due lets it sleep until it is added again.
func (q *queue) done(e *entry, due time.Time) {
	q.mu.Lock()
	defer q.mu.Unlock()
	e.running = false
	if !e.again.IsZero() && (due.IsZero() || e.again.Before(due)) {
		due = e.again
	}
	if due.IsZero() {
		delete(q.entries, e.task)
		return
	}
	e.due = due
	heap.Push(&q.heap, e)
	q.signal()
}

func (q *queue) signal() {
	select {
	case q.wake <- struct{}{}:
	default:
	}
}

type dueHeap []*entry

func (h dueHeap) Len() int           { return len(h) }
func (h dueHeap) Less(i, j int) bool { return h[i].due.Before(h[j].due) }
func (h dueHeap) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].index, h[j].index = i, j
}

func (h *dueHeap) Push(x any) {
	e := x.(*entry)
	e.index = len(*h)
	*h = append(*h, e)
}

func (h *dueHeap) Pop() any {
	old := *h
	e := old[len(old)-1]
	old[len(old)-1] = nil
	*h = old[:len(old)-1]
	e.index = -1
	return e
}
