package operator

import (
	"unsafe"

	"github.com/weir-streams/weir/engine/state"
)

// Agenda is records of state by the time at which they are to be looked at. It
// counts its memory against the budget; the collector does not look into it.
type Agenda struct {
	Budget *state.Budget
	heap   []appointment // the first in front
	held   int64
}

type appointment struct {
	at  int64
	rec uintptr
}

// Add enters a record, which may be entered several times.
func (a *Agenda) Add(at int64, rec unsafe.Pointer) error {
	if len(a.heap) == cap(a.heap) {
		size := max(256, cap(a.heap)+cap(a.heap)/2)
		more := int64(size)*int64(unsafe.Sizeof(appointment{})) - a.held
		if err := a.Budget.Take(more); err != nil {
			return err
		}
		a.held += more
		a.heap = append(make([]appointment, 0, size), a.heap...)
	}
	x := appointment{at, uintptr(rec)}
	a.heap = append(a.heap, x)
	i := len(a.heap) - 1
	for i > 0 {
		up := (i - 1) / 2
		if a.heap[up].at <= at {
			break
		}
		a.heap[i] = a.heap[up]
		i = up
	}
	a.heap[i] = x
	return nil
}

// First is the earliest time; false: there is none.
func (a *Agenda) First() (int64, bool) {
	if len(a.heap) == 0 {
		return 0, false
	}
	return a.heap[0].at, true
}

// Next takes the first record out if its time has come.
func (a *Agenda) Next(now int64) (at int64, rec unsafe.Pointer, ok bool) {
	if len(a.heap) == 0 || a.heap[0].at > now {
		return 0, nil, false
	}
	top := a.heap[0]
	n := len(a.heap) - 1
	x := a.heap[n]
	a.heap = a.heap[:n]
	i := 0
	for {
		c := 2*i + 1
		if c >= n {
			break
		}
		if c+1 < n && a.heap[c+1].at < a.heap[c].at {
			c++
		}
		if x.at <= a.heap[c].at {
			break
		}
		a.heap[i] = a.heap[c]
		i = c
	}
	if n > 0 {
		a.heap[i] = x
	}
	return top.at, *(*unsafe.Pointer)(unsafe.Pointer(&top.rec)), true
}

// Clear takes all out.
func (a *Agenda) Clear() { a.heap = a.heap[:0] }

// Bytes is the memory held.
func (a *Agenda) Bytes() int64 { return a.held }

// Free gives the memory back.
func (a *Agenda) Free() {
	a.Budget.Give(a.held)
	a.heap, a.held = nil, 0
}
