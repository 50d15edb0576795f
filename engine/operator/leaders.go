package operator

import (
	"math"
	"slices"

	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/graph"
	"github.com/weir-streams/weir/engine/state"
)

// leaders is the operator of Leaders. It knows the greatest value of each window
// among rows that are surely counted in it: the watermark was, with some slack,
// before the end of their window when they came. It starts from nothing: but the
// event time reached must be known, as what counts rows knows it too.
type leaders struct {
	spec  graph.Leaders
	ctx   *Context
	wide  bool
	now   int64 // event time reached
	blind bool  // event time may be ahead of what the rows of this subtask say
	heads []head
	last  int // the head that was used last
	sel   []int32
}

// head is the leading value of a window. With Least values are mirrored.
type head struct{ end, best int64 }

// mostHeads is how many windows are known at a time; rows of others pass.
const mostHeads = 1024

// NewLeaders makes the operator of a Leaders.
func NewLeaders(op graph.Op, input []data.Column) (Operator, error) {
	l := &leaders{spec: *op.Leaders, now: data.MinWatermark}
	l.wide = input[l.spec.Value].Type.Phys() == data.PhysI64
	return l, nil
}

func (l *leaders) Open(c *Context) error { l.ctx = c; return nil }
func (l *leaders) Close() error          { return nil }

func (l *leaders) Watermark(wm int64, out Output) error {
	l.advance(wm)
	return out.Watermark(wm)
}

// advance forgets windows that no row can be matched with any more, but for late ones.
func (l *leaders) advance(wm int64) {
	l.now = max(l.now, wm)
	n := 0
	for n < len(l.heads) && l.heads[n].end < l.now-l.spec.Upper-l.spec.Size {
		n++
	}
	n = max(n, len(l.heads)-mostHeads)
	if n > 0 {
		l.heads, l.last = slices.Delete(l.heads, 0, n), 0
	}
}

// Idle hears that the stream begins or ends to be idle. While it was, event time
// went on without it.
func (l *leaders) Idle(on bool) {
	if !on {
		l.blind = true
	}
}

func (l *leaders) Process(_ int, b *data.Batch, out Output) error {
	defer b.Release()
	sel := l.sel[:0]
	if b.Sel != nil {
		for _, r := range b.Sel {
			if l.passes(b, int(r)) {
				sel = append(sel, r)
			}
		}
	} else {
		for r := range b.N {
			if l.passes(b, r) {
				sel = append(sel, int32(r))
			}
		}
	}
	l.sel = sel
	l.advance(l.now)
	if len(sel) == 0 {
		return nil
	}
	if len(sel) == b.Len() {
		return out.Emit(b.Share(b.Sel))
	}
	return out.Emit(data.Compact(b.Share(slices.Clone(sel))))
}

// passes judges a row, and counts it.
func (l *leaders) passes(b *data.Batch, r int) bool {
	if b.RowWatermarks != nil {
		l.now = max(l.now, b.RowWatermarks[r])
	}
	value, times := b.Cols[l.spec.Value], b.Cols[l.spec.Time]
	if times.IsNull(r) {
		return true
	}
	if value.IsNull(r) {
		return false // equal to nothing
	}
	var v int64
	if l.wide {
		v = value.I64[r]
	} else {
		v = int64(value.I32[r])
	}
	if l.spec.Least {
		v = ^v
	}
	t := times.I64[r]
	end := l.endAfter(t)
	h := l.find(end)
	if h != nil && v < h.best && end-t >= l.spec.Lower && end-t <= l.spec.Upper {
		return l.leadsElsewhere(t, end, v)
	}
	pass := h == nil || v >= h.best || l.leadsElsewhere(t, end, v)
	if (h == nil || v > h.best) && l.counted(end) {
		if h == nil {
			h = l.add(end)
		}
		h.best = v
	}
	return pass
}

// counted tells whether a row that comes now is surely not late for a window.
func (l *leaders) counted(end int64) bool {
	return !l.blind && (l.now < math.MinInt64/2 || end-1 > max(l.now, 0)+l.spec.Slack)
}

// leadsElsewhere tells whether a row may be the greatest of a window other than the
// one that it is in.
func (l *leaders) leadsElsewhere(t, own, v int64) bool {
	for end := l.endAfter(t + l.spec.Lower - 1); end <= t+l.spec.Upper; end += l.spec.Size {
		if end == own {
			continue
		}
		if h := l.find(end); h == nil || v >= h.best {
			return true
		}
	}
	return false
}

// endAfter is the first end of a window after t.
func (l *leaders) endAfter(t int64) int64 {
	m := (t - l.spec.Offset) % l.spec.Size
	if m < 0 {
		m += l.spec.Size
	}
	return t - m + l.spec.Size
}

func (l *leaders) find(end int64) *head {
	if l.last < len(l.heads) && l.heads[l.last].end == end {
		return &l.heads[l.last]
	}
	i, ok := l.place(end)
	if !ok {
		return nil
	}
	l.last = i
	return &l.heads[i]
}

func (l *leaders) place(end int64) (int, bool) {
	return slices.BinarySearchFunc(l.heads, end, func(h head, end int64) int {
		switch {
		case h.end < end:
			return -1
		case h.end > end:
			return 1
		}
		return 0
	})
}

func (l *leaders) add(end int64) *head {
	i, _ := l.place(end)
	l.heads = slices.Insert(l.heads, i, head{end: end})
	l.last = i
	return &l.heads[i]
}

// Snapshot keeps the event time reached.
func (l *leaders) Snapshot(w *state.Writer) error {
	w.List("reached", state.Union, [][]byte{Int64Item(l.now)})
	return nil
}

// Restore takes the furthest: what was late for others must not count here.
func (l *leaders) Restore(r *state.Reader) error {
	for _, item := range r.Items("reached") {
		at, err := Int64Of(item)
		if err != nil {
			return err
		}
		l.now = max(l.now, at)
	}
	return nil
}
