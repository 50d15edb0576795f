package exchange

import (
	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/graph"
)

// Target is a place in the inbox of a receiver.
type Target struct {
	Inbox   *Inbox
	Channel int
}

// Writer is the sending end of one edge at one subtask.
type Writer struct {
	kind    graph.Partitioning
	keys    []int
	groups  int // key groups
	targets []Target
	done    <-chan struct{}
	meter   *Meter

	turn  int      // REBALANCE
	owner []uint16 // key group -> target, if there is more than one
	dealt []int32  // scratch: rows of each target, room for each
	room  int
	count []int
}

// NewWriter returns the writer of subtask from of the sender. done ends waits.
func NewWriter(e graph.Edge, from, maxParallelism int, targets []Target, done <-chan struct{}, m *Meter) *Writer {
	w := &Writer{kind: e.Partitioning, keys: e.Keys, groups: maxParallelism, targets: targets, done: done, meter: m}
	switch {
	case e.Partitioning == graph.Forward:
		w.targets = targets[from : from+1]
	case e.Partitioning == graph.Rebalance:
		w.turn = from % len(targets)
	case e.Partitioning == graph.Hash && len(targets) > 1:
		w.owner = make([]uint16, maxParallelism)
		for g := range w.owner {
			w.owner[g] = uint16(data.GroupOwner(g, len(targets), maxParallelism))
		}
		w.count = make([]int, len(targets))
	}
	return w
}

// Rows sends a batch and takes it over.
func (w *Writer) Rows(b *data.Batch) error {
	if b.Len() == 0 {
		b.Release()
		return nil
	}
	// Hashes are shared with other holders of the columns, and of other keys.
	b.Hashes = nil
	switch w.kind {
	case graph.Hash:
		data.PooledHashes(b, w.keys)
		if len(w.targets) == 1 {
			return w.put(0, Element{Batch: b})
		}
		return w.scatter(b)
	case graph.Rebalance:
		t := w.turn
		if w.turn++; w.turn == len(w.targets) {
			w.turn = 0
		}
		return w.put(t, Element{Batch: b})
	case graph.Broadcast:
		for t := range w.targets[1:] {
			if err := w.put(t+1, Element{Batch: b.Share(b.Sel)}); err != nil {
				b.Release()
				return err
			}
		}
	}
	return w.put(0, Element{Batch: b})
}

// scatter gives each target the same columns and a selection of its own. Rows
// are dealt out to scratch arrays, one for each target; the selections are then
// cut from one new array.
func (w *Writer) scatter(b *data.Batch) error {
	if w.room < b.N {
		w.room = b.N
		w.dealt = make([]int32, w.room*len(w.targets))
	}
	dealt, owner, count, groups, room := w.dealt, w.owner, w.count, w.groups, w.room
	clear(count)
	switch {
	case len(count) == 2:
		w.halve(b)
	case b.Sel == nil:
		for i, h := range b.Hashes[:b.N] {
			t := int(owner[data.KeyGroup(h, groups)])
			n := count[t]
			dealt[t*room+n] = int32(i)
			count[t] = n + 1
		}
	default:
		for _, i := range b.Sel {
			t := int(owner[data.KeyGroup(b.Hashes[i], groups)])
			n := count[t]
			dealt[t*room+n] = i
			count[t] = n + 1
		}
	}
	all := make([]int32, 0, b.Len())
	for t, n := range count {
		if n == 0 {
			continue
		}
		if n == b.Len() { // all to one: no selection needed
			return w.put(t, Element{Batch: b})
		}
		from := len(all)
		all = append(all, dealt[t*room:t*room+n]...)
		if err := w.put(t, Element{Batch: b.Share(all[from:len(all):len(all)])}); err != nil {
			b.Release()
			return err
		}
	}
	b.Release()
	return nil
}

// halve deals rows out to two targets: every row is written for both, and only
// the place of the one it belongs to moves on, so that nothing depends on memory
// just written.
func (w *Writer) halve(b *data.Batch) {
	first, second := w.dealt[:w.room], w.dealt[w.room:2*w.room]
	owner, groups := w.owner, w.groups
	n, m := 0, 0
	if b.Sel == nil {
		for i, h := range b.Hashes[:b.N] {
			t := int(owner[data.KeyGroup(h, groups)])
			first[n], second[m] = int32(i), int32(i)
			n, m = n+1-t, m+t
		}
	} else {
		for _, i := range b.Sel {
			t := int(owner[data.KeyGroup(b.Hashes[i], groups)])
			first[n], second[m] = i, i
			n, m = n+1-t, m+t
		}
	}
	w.count[0], w.count[1] = n, m
}

func (w *Writer) put(t int, el Element) error {
	err := w.targets[t].Inbox.put(w.targets[t].Channel, el, w.done, w.meter)
	if err != nil && el.Batch != nil {
		el.Batch.Release()
	}
	return err
}

// Send sends anything but rows, to all targets.
func (w *Writer) Send(el Element) error {
	for t := range w.targets {
		if err := w.put(t, el); err != nil {
			return err
		}
	}
	return nil
}
