// Package exchange moves batches between tasks: an inbox for each receiving
// subtask with a bounded queue for each sender, and writers that choose the
// receivers of each row.
//
// The rule: memory in flight is bounded by depth elements for each pair of
// sender and receiver, and a blocked sender always also waits for the end of
// the job.
package exchange

import (
	"errors"
	"sync"

	"github.com/weir-streams/weir/engine/checkpoint"
	"github.com/weir-streams/weir/engine/data"
)

// Kind is the sort of an element.
type Kind uint8

// What travels on an edge.
const (
	Rows      Kind = iota // Batch
	Watermark             // Time
	Barrier               // Barrier
	Idle                  // the sender holds no watermark back
	Active                // it does again
	End                   // no more rows; barriers may follow
)

// Element is one thing in a queue.
type Element struct {
	Kind    Kind
	Time    int64
	Batch   *data.Batch
	Barrier checkpoint.Barrier
}

// ErrStopped is what a sender gets when the job ends while it waits.
var ErrStopped = errors.New("the job is being stopped")

// DefaultDepth is how many elements a sender may have waiting at a receiver.
const DefaultDepth = 8

// Inbox is the receiving end of all channels of one subtask. It has one lock
// and a ring for each channel, rather than a Go channel for each: so that one
// channel can be blocked during barrier alignment while the others flow, the
// receiver waits for all at once without reflection, and takes them in turn,
// so that none starves. A hand-over costs about as much as one of a Go channel.
type Inbox struct {
	mu       sync.Mutex
	rings    []ring
	last     int // channel taken from last
	ready    int // elements in channels that are not blocked
	sleeping bool
	wake     chan struct{}
}

type ring struct {
	buf     []Element
	head, n int
	blocked bool
	waiting bool          // a sender wants space
	space   chan struct{} // told when there is some
}

// NewInbox returns an inbox of channels with a queue of depth elements each.
func NewInbox(channels, depth int) *Inbox {
	in := &Inbox{rings: make([]ring, channels), wake: make(chan struct{}, 1)}
	for i := range in.rings {
		in.rings[i] = ring{buf: make([]Element, depth), space: make(chan struct{}, 1)}
	}
	return in
}

// Channels is the number of channels.
func (in *Inbox) Channels() int { return len(in.rings) }

// Next takes the next element of any channel that is not blocked. If there is
// none it returns false, and Wake tells when to ask again.
func (in *Inbox) Next() (channel int, el Element, ok bool) {
	in.mu.Lock()
	if in.ready == 0 {
		in.sleeping = true
		in.mu.Unlock()
		return 0, Element{}, false
	}
	c := in.last
	for {
		if c++; c >= len(in.rings) {
			c = 0
		}
		if r := &in.rings[c]; r.n > 0 && !r.blocked {
			break
		}
	}
	in.last = c
	in.ready--
	r := &in.rings[c]
	el = r.buf[r.head]
	r.buf[r.head] = Element{}
	if r.head++; r.head == len(r.buf) {
		r.head = 0
	}
	r.n--
	// A sender is woken when half of its ring is free, not for each place.
	tell := r.waiting && r.n <= len(r.buf)/2
	if tell {
		r.waiting = false
	}
	in.mu.Unlock()
	if tell {
		select {
		case r.space <- struct{}{}:
		default:
		}
	}
	return c, el, true
}

// Wake receives after Next returned false, when there may be something; also
// without reason.
func (in *Inbox) Wake() <-chan struct{} { return in.wake }

// Poke wakes the receiver.
func (in *Inbox) Poke() {
	select {
	case in.wake <- struct{}{}:
	default:
	}
}

// Block holds a channel back; its elements stay in its queue. Only the
// receiver calls it.
func (in *Inbox) Block(channel int) {
	in.mu.Lock()
	defer in.mu.Unlock()
	if r := &in.rings[channel]; !r.blocked {
		r.blocked = true
		in.ready -= r.n
	}
}

// Unblock lets all channels flow. Only the receiver calls it.
func (in *Inbox) Unblock() {
	in.mu.Lock()
	defer in.mu.Unlock()
	for i := range in.rings {
		if r := &in.rings[i]; r.blocked {
			r.blocked = false
			in.ready += r.n
		}
	}
}

// put adds an element, waiting for space. Each channel has one sender.
func (in *Inbox) put(channel int, el Element, done <-chan struct{}, m *Meter) error {
	r := &in.rings[channel]
	for waited := false; ; waited = true {
		in.mu.Lock()
		if r.n < len(r.buf) {
			i := r.head + r.n
			if i >= len(r.buf) {
				i -= len(r.buf)
			}
			r.buf[i] = el
			r.n++
			wake := false
			if !r.blocked {
				in.ready++
				wake, in.sleeping = in.sleeping, false
			}
			in.mu.Unlock()
			if wake {
				in.Poke()
			}
			if waited {
				m.Leave()
			}
			return nil
		}
		r.waiting = true
		in.mu.Unlock()
		if !waited {
			m.Enter(BackPressured)
		}
		select {
		case <-r.space:
		case <-done:
			m.Leave()
			return ErrStopped
		}
	}
}
