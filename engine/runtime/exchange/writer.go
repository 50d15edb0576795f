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
	to    []uint16 // scratch: target of each row
	count []int32
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
		w.to = make([]uint16, data.BatchSize)
		w.count = make([]int32, len(targets)+1)
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
		data.HashKeys(b, w.keys)
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

// scatter gives each target the same columns and a selection of its own. The
// selections lie in one array, made by counting.
func (w *Writer) scatter(b *data.Batch) error {
	if cap(w.to) < b.N {
		w.to = make([]uint16, b.N)
	}
	to, owner, count, groups := w.to[:b.N], w.owner, w.count, w.groups
	clear(count)
	if b.Sel == nil {
		for i, h := range b.Hashes[:len(to)] {
			t := owner[data.KeyGroup(h, groups)]
			to[i] = t
			count[t+1]++
		}
	} else {
		for _, i := range b.Sel {
			t := owner[data.KeyGroup(b.Hashes[i], groups)]
			to[i] = t
			count[t+1]++
		}
	}
	for t := range w.targets {
		if int(count[t+1]) == b.Len() { // all to one: no selection needed
			return w.put(t, Element{Batch: b})
		}
	}
	for t := 1; t < len(count); t++ {
		count[t] += count[t-1]
	}
	all := make([]int32, b.Len())
	if b.Sel == nil {
		for i, t := range to {
			all[count[t]] = int32(i)
			count[t]++
		}
	} else {
		for _, i := range b.Sel {
			t := to[i]
			all[count[t]] = i
			count[t]++
		}
	}
	// Now count[t] is where the part of t ends.
	var err error
	from := int32(0)
	for t := range w.targets {
		end := count[t]
		if end > from && err == nil {
			err = w.put(t, Element{Batch: b.Share(all[from:end:end])})
		}
		from = end
	}
	b.Release()
	return err
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
