package exchange

import (
	"sync/atomic"
	"time"
)

// Wait is why a task does not work.
type Wait int32

// Reasons to wait.
const (
	None Wait = iota
	Idling
	BackPressured
)

// Meter accounts how a task spends its time. The task calls Start, Enter and
// Leave; anybody may call Times. The clock is read only where the task waits.
type Meter struct {
	start         atomic.Int64 // nanoseconds since epoch0
	end           atomic.Int64
	waiting       atomic.Int32
	since         atomic.Int64
	idle, blocked atomic.Int64
}

var epoch0 = time.Now()

func now() int64 { return int64(time.Since(epoch0)) + 1 }

// Start begins the account.
func (m *Meter) Start() { m.start.Store(now()) }

// Stop ends it.
func (m *Meter) Stop() {
	m.Leave()
	m.end.Store(now())
}

// Enter begins a wait.
func (m *Meter) Enter(w Wait) {
	m.since.Store(now())
	m.waiting.Store(int32(w))
}

// Leave ends a wait, if there is one.
func (m *Meter) Leave() {
	w := Wait(m.waiting.Swap(0))
	if w == None {
		return
	}
	d := now() - m.since.Load()
	if w == Idling {
		m.idle.Add(d)
	} else {
		m.blocked.Add(d)
	}
}

// Waiting is what the task waits for now.
func (m *Meter) Waiting() Wait { return Wait(m.waiting.Load()) }

// Since is a number that changes whenever a wait begins.
func (m *Meter) Since() int64 { return m.since.Load() }

// Times returns the time spent so far.
func (m *Meter) Times() (busy, backPressured, idle time.Duration) {
	start, end := m.start.Load(), m.end.Load()
	if start == 0 {
		return 0, 0, 0
	}
	if end == 0 {
		end = now()
	}
	i, b := m.idle.Load(), m.blocked.Load()
	if w := Wait(m.waiting.Load()); w != None {
		if d := end - m.since.Load(); d > 0 && w == Idling {
			i += d
		} else if d > 0 {
			b += d
		}
	}
	return time.Duration(max(0, end-start-i-b)), time.Duration(b), time.Duration(i)
}
