package window

import (
	"slices"
	"unsafe"
)

// timers are moments at which records are to be looked at. Those of the far
// future lie in buckets, in no order; those of the bucket at hand in a heap.
type timers struct {
	width int64   // of a bucket
	near  []timer // a heap by time: all before edge
	edge  int64
	far   map[int64][]timer // by time / width
	order []int64           // numbers of the buckets, a descending list
	free  [][]timer         // room of buckets that are no more
}

type timer struct {
	at  int64
	rec unsafe.Pointer
}

func newTimers(width int64) timers {
	return timers{width: max(width, 1), edge: -1 << 63, far: map[int64][]timer{}}
}

func (q *timers) bucketOf(at int64) int64 { return (at - mod(at, q.width)) / q.width }

func (q *timers) push(at int64, rec unsafe.Pointer) {
	if at < q.edge {
		q.pushNear(timer{at, rec})
		return
	}
	n := q.bucketOf(at)
	list, ok := q.far[n]
	if !ok {
		i, _ := slices.BinarySearchFunc(q.order, n, func(a, b int64) int { return cmpTimes(b, a) })
		q.order = slices.Insert(q.order, i, n)
		if k := len(q.free); k > 0 {
			list, q.free = q.free[k-1], q.free[:k-1]
		}
	}
	q.far[n] = append(list, timer{at, rec})
}

func cmpTimes(a, b int64) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// due tells whether a timer may be at or before t.
func (q *timers) due(t int64) bool {
	if len(q.near) > 0 {
		return q.near[0].at <= t
	}
	return len(q.order) > 0 && q.order[len(q.order)-1]*q.width <= t
}

// earliest is a time before which no timer is; ok is false if there is none at all.
func (q *timers) earliest() (at int64, ok bool) {
	if len(q.near) > 0 {
		return q.near[0].at, true
	}
	if n := len(q.order); n > 0 {
		first := q.far[q.order[n-1]]
		at = first[0].at
		for _, x := range first {
			at = min(at, x.at)
		}
		return at, true
	}
	return 0, false
}

// pop takes the first timer if it is at or before t.
func (q *timers) pop(t int64) (timer, bool) {
	for len(q.near) == 0 {
		k := len(q.order) - 1
		if k < 0 || q.order[k]*q.width > t {
			return timer{}, false
		}
		n := q.order[k]
		q.order = q.order[:k]
		list := q.far[n]
		delete(q.far, n)
		q.edge = (n + 1) * q.width
		for _, x := range list {
			q.pushNear(x)
		}
		q.free = append(q.free, list[:0])
	}
	if q.near[0].at > t {
		return timer{}, false
	}
	return q.popNear(), true
}

func (q *timers) reset() {
	clear(q.far)
	q.near, q.order, q.edge = q.near[:0], q.order[:0], -1<<63
}

func (q *timers) pushNear(e timer) {
	q.near = append(q.near, e)
	for i := len(q.near) - 1; i > 0; {
		up := (i - 1) / 2
		if q.near[up].at <= q.near[i].at {
			return
		}
		q.near[up], q.near[i] = q.near[i], q.near[up]
		i = up
	}
}

func (q *timers) popNear() timer {
	top := q.near[0]
	n := len(q.near) - 1
	q.near[0] = q.near[n]
	q.near = q.near[:n]
	for i := 0; ; {
		c := 2*i + 1
		if c >= n {
			return top
		}
		if c+1 < n && q.near[c+1].at < q.near[c].at {
			c++
		}
		if q.near[i].at <= q.near[c].at {
			return top
		}
		q.near[i], q.near[c] = q.near[c], q.near[i]
		i = c
	}
}
