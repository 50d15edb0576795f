package window

import (
	"math"
	"slices"
	"sort"

	"github.com/weir-streams/weir/engine/accumulator"
	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/graph"
	"github.com/weir-streams/weir/engine/operator"
	"github.com/weir-streams/weir/engine/state"
)

// snapshot is a snapshot that is being written.
type snapshot struct {
	panes   []*pane // those it has; the first are written
	written int
	dropped []*pane // that had to be dropped meanwhile
}

// sliceOf is how many groups are written between two batches.
const sliceOf = 2048

// Begin fixes the panes of this moment for a snapshot: a slice for each.
func (a *aggregate) Begin(w *state.Writer) error {
	a.endSnapshot(false)
	w.List("watermark", state.Union, [][]byte{operator.Int64Item(a.watermark)})
	begin := func(list []*pane, sliced bool) {
		for _, p := range list {
			p.groups.BeginWindow(w, p.end, sliced, !p.saved, a.ctx.MaxParallelism)
			a.snapshot.panes = append(a.snapshot.panes, p)
		}
	}
	begin(a.open, a.slice)
	begin(a.older, false)
	return nil
}

// Continue writes some groups.
func (a *aggregate) Continue() (bool, error) {
	s := &a.snapshot
	for left := sliceOf; s.written < len(s.panes); {
		if left <= 0 {
			return false, nil
		}
		n, done, err := s.panes[s.written].groups.Continue(left)
		if err != nil {
			return false, err
		}
		if left = n - 16; done { // a pane has a price as well
			s.written++
		}
	}
	return true, nil
}

// End says what became of the snapshot.
func (a *aggregate) End(_ int64, completed bool) { a.endSnapshot(completed) }

func (a *aggregate) endSnapshot(completed bool) {
	s := &a.snapshot
	for _, p := range s.panes {
		p.groups.End(completed)
		p.saved = p.saved || completed
	}
	for _, p := range s.dropped {
		p.groups.Free()
	}
	clear(s.panes)
	clear(s.dropped)
	*s = snapshot{panes: s.panes[:0], dropped: s.dropped[:0]}
}

// Resumed says that the panes restored need not be written again.
func (a *aggregate) Resumed(int64) {
	for _, list := range [][]*pane{a.open, a.older} {
		for _, p := range list {
			p.groups.Restored()
			p.saved = true
		}
	}
}

// drop gives back the memory of a pane, once no snapshot needs it.
func (a *aggregate) drop(p *pane) {
	s := &a.snapshot
	if slices.Contains(s.panes[s.written:], p) {
		s.dropped = append(s.dropped, p)
		return
	}
	p.groups.Free()
}

// Snapshot writes all panes.
func (a *aggregate) Snapshot(w *state.Writer) error {
	each := func(list []*pane) func(yield func(int64, *accumulator.Groups)) {
		return func(yield func(int64, *accumulator.Groups)) {
			for _, p := range list {
				yield(p.end, p.groups)
			}
		}
	}
	windows := a.open
	if a.slice {
		a.set.SnapshotSlices(w, a.ctx.MaxParallelism, each(a.open))
		windows = a.older
	}
	a.set.Snapshot(w, true, a.ctx.MaxParallelism, each(windows))
	w.List("watermark", state.Union, [][]byte{operator.Int64Item(a.watermark)})
	return nil
}

func (a *aggregate) Restore(r *state.Reader) error {
	// The smallest watermark of the former subtasks; a barrier finds them alike.
	for i, item := range r.Items("watermark") {
		wm, err := operator.Int64Of(item)
		if err != nil {
			return err
		}
		if i == 0 || wm < a.watermark {
			a.watermark = wm
		}
	}
	if a.slice {
		a.fired = a.lastFired(a.watermark)
		if err := a.set.RestoreSlices(r, func(end int64) *accumulator.Groups {
			return a.pane(end-a.unit, end, data.MinWatermark).groups
		}); err != nil {
			return err
		}
	}
	err := a.set.Restore(r, true, func(end int64) *accumulator.Groups {
		if a.slice {
			return a.olderWindow(end).groups
		}
		return a.pane(a.startOf(end), end, data.MinWatermark).groups
	})
	if err == nil && a.processingTime() && a.next != math.MaxInt64 {
		a.ctx.WakeAt(a.next)
	}
	return err
}

// olderWindow finds or opens a window of a savepoint in which windows did not
// share slices yet.
func (a *aggregate) olderWindow(end int64) *pane {
	i := sort.Search(len(a.older), func(i int) bool { return a.older[i].end >= end })
	if i == len(a.older) || a.older[i].end != end {
		a.older = slices.Insert(a.older, i, &pane{start: a.startOf(end), end: end, groups: a.set.NewGroups(a.ctx.Memory)})
		a.next = min(a.next, a.clock.instant(end)-1)
	}
	return a.older[i]
}

func (a *aggregate) startOf(end int64) int64 {
	w := a.spec.Window
	if w.Kind != graph.Cumulate {
		return end - w.Size
	}
	return end - 1 - mod(end-1-w.Offset, w.Size)
}
