package window

import (
	"math"
	"slices"
	"sort"

	"github.com/weir-streams/weir/engine/accumulator"
	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/graph"
	"github.com/weir-streams/weir/engine/operator"
)

// Windows that overlap share slices: a row is folded into the one slice it is in,
// and a window is put together from its slices when it fires. A slice is dropped
// with the last window that has it. Slices of a CUMULATE window are joined as
// their windows fire, since all later ones have all of them.

// sliceLength is the longest that divides both a window and its step.
func sliceLength(w graph.Window) int64 {
	a, b := w.Size, w.Slide
	for b != 0 {
		a, b = b, a%b
	}
	return a
}

// lastWindow is the end of the last window with the slice that begins at start.
func (a *aggregate) lastWindow(start int64) int64 {
	w := a.spec.Window
	if w.Kind == graph.Cumulate {
		return start - mod(start-w.Offset, w.Size) + w.Size
	}
	return start - mod(start-w.Offset, w.Slide) + w.Size
}

// firstWindow is the end of the first window with a slice that is not given yet.
func (a *aggregate) firstWindow(p *pane) int64 {
	w := a.spec.Window
	from := p.start
	if w.Kind == graph.Cumulate {
		base := p.start - mod(p.start-w.Offset, w.Size)
		if a.fired >= p.end {
			from = a.fired
		}
		return min(from-mod(from-base, w.Slide)+w.Slide, base+w.Size)
	}
	// The first whose end is not before the slice's.
	end := p.end + mod(w.Offset+w.Size-p.end, w.Slide)
	if a.fired >= end {
		end = a.fired + w.Slide
	}
	return end
}

// lastFired is the end of the last window that a watermark has passed.
func (a *aggregate) lastFired(wm int64) int64 {
	w := a.spec.Window
	if wm == data.MinWatermark || wm > math.MaxInt64/2 {
		return math.MinInt64
	}
	// Window ends are wall-clock times; a change of the clock moves them by a day at most.
	const day = 86_400_000
	t := wm + 1
	if a.clock != nil {
		t += day
	}
	for {
		end := t - mod(t-w.Offset-w.Size, w.Slide)
		if w.Kind == graph.Cumulate {
			base := t - mod(t-w.Offset, w.Size)
			end = t - mod(t-base, w.Slide)
		}
		if a.clock.instant(end)-1 <= wm {
			return end
		}
		t = end - 1
	}
}

// fireSliced gives every window that ends by time t and drops its last slices.
func (a *aggregate) fireSliced(t int64, out operator.Output) error {
	for {
		end, ok := a.nextWindow()
		if !ok {
			a.next = math.MaxInt64
			return nil
		}
		if a.next = a.clock.instant(end) - 1; a.next > t {
			return nil
		}
		if err := a.giveWindow(end, out); err != nil {
			return err
		}
		a.fired = end
		a.open = slices.DeleteFunc(a.open, func(p *pane) bool { return a.dropUpTo(p, a.lastWindow(p.start), end) })
		a.older = slices.DeleteFunc(a.older, func(p *pane) bool { return a.dropUpTo(p, p.end, end) })
	}
}

// dropUpTo drops a pane that no window after end has.
func (a *aggregate) dropUpTo(p *pane, last, end int64) bool {
	if last <= end {
		a.drop(p)
	}
	return last <= end
}

// nextWindow is the end of the first window that holds something.
func (a *aggregate) nextWindow() (end int64, ok bool) {
	for _, p := range a.open {
		if e := a.firstWindow(p); !ok || e < end {
			end, ok = e, true
		}
	}
	if len(a.older) > 0 && (!ok || a.older[0].end < end) {
		end, ok = a.older[0].end, true
	}
	return end, ok
}

func (a *aggregate) giveWindow(end int64, out operator.Output) error {
	start := a.startOf(end)
	from := sort.Search(len(a.open), func(i int) bool { return a.open[i].start >= start })
	to := from
	var parts []*accumulator.Groups
	for ; to < len(a.open) && a.open[to].end <= end; to++ {
		parts = append(parts, a.open[to].groups)
	}
	if len(a.older) > 0 && a.older[0].end == end {
		parts = append(parts, a.older[0].groups)
	}
	switch {
	case len(parts) == 1:
		return a.give(parts[0], start, end, out)
	case a.spec.Window.Kind == graph.Cumulate && len(a.older) == 0:
		// Later windows have these slices all together.
		for _, p := range a.open[from+1 : to] {
			if err := parts[0].Merge(p.groups); err != nil {
				return err
			}
			a.drop(p)
		}
		a.open = slices.Delete(a.open, from+1, to)
		return a.give(parts[0], start, end, out)
	}
	g := a.set.NewGroups(a.ctx.Memory)
	defer g.Free()
	n := 0
	for _, p := range parts {
		n += p.Table.Len()
	}
	if err := g.Table.Reserve(n); err != nil {
		return err
	}
	for _, p := range parts {
		if err := g.Merge(p); err != nil {
			return err
		}
		if err := p.Yield(); err != nil {
			return err
		}
	}
	return a.give(g, start, end, out)
}
