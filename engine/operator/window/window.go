// Package window aggregates over time windows: each window's groups are kept in
// a table of its own, given once when time passes its end, and dropped whole.
package window

import (
	"fmt"
	"math"
	"slices"
	"sort"
	"unsafe"

	"github.com/weir-streams/weir/engine/accumulator"
	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/function"
	"github.com/weir-streams/weir/engine/graph"
	"github.com/weir-streams/weir/engine/operator"
)

// aggregate is the operator of a WindowAggregate. Windows are named by their
// end, on the wall clock for TIMESTAMP_LTZ. Where windows overlap and their
// aggregates can be joined, panes are slices of windows: see sliced.
type aggregate struct {
	spec  graph.WindowAggregate
	set   *accumulator.Set
	types []data.Type
	ctx   *operator.Context
	clock *clock
	unit  int64 // length of panes of which each row is in one; 0: panes are windows that overlap
	slice bool  // panes are parts of windows
	shift int64 // by which the time column is after the time of a row

	open      []*pane // by end, ascending
	watermark int64   // event time, as instants
	next      int64   // instant at which the first open window fires: its end - 1
	fired     int64   // sliced: end of the last window that was given
	older     []*pane // sliced: whole windows out of an older savepoint, by end
	snapshot  snapshot

	rows  []int32
	recs  []unsafe.Pointer
	given []unsafe.Pointer
	last  *pane // the pane of the row before
}

// pane is one open window, or a slice of windows.
type pane struct {
	start, end int64 // wall clock
	fireAt     int64 // instant at which it is given (the last window with it) and dropped
	groups     *accumulator.Groups
	rows       []int32 // of the batch at hand, not yet folded in
	saved      bool    // a completed snapshot has it
}

// New makes the operator of a WindowAggregate.
func New(op graph.Op, input []data.Column, functions *function.Set) (operator.Operator, error) {
	spec := *op.WindowAggregate
	w := spec.Window
	if w.Kind == graph.Session {
		return newSession(op, input, functions)
	}
	if err := checkWindow(w); err != nil {
		return nil, err
	}
	set, err := accumulator.NewSet(spec.Keys, spec.Aggs, input, functions)
	if err != nil {
		return nil, err
	}
	a := &aggregate{spec: spec, set: set, watermark: data.MinWatermark, next: math.MaxInt64, fired: math.MinInt64}
	switch {
	case w.Attached: // the end of a window is just after it
		a.unit, a.shift = w.Size, 1
	case w.Kind == graph.Tumble:
		a.unit = w.Size
	case w.TimeAttr != data.ProcTime && w.Slide <= w.Size && set.Merges():
		a.unit, a.slice = sliceLength(w), true
	}
	for _, c := range op.Schema {
		a.types = append(a.types, c.Type)
	}
	return a, nil
}

func checkWindow(w graph.Window) error {
	if w.Size <= 0 || w.Slide < 0 || w.Kind != graph.Tumble && w.Slide == 0 {
		return fmt.Errorf("%s window of size %d ms and step %d ms: both must be positive", w.Kind, w.Size, w.Slide)
	}
	if w.Kind != graph.Tumble && w.Size/w.Slide > 10_000 {
		return fmt.Errorf("%s window of size %d ms and step %d ms puts a row in more than 10000 windows", w.Kind, w.Size, w.Slide)
	}
	return nil
}

func (a *aggregate) processingTime() bool { return a.spec.Window.TimeAttr == data.ProcTime }

func (a *aggregate) Open(c *operator.Context) error {
	a.ctx = c
	if a.spec.Window.LTZ {
		a.clock = &clock{zone: c.Env.TimeZone.Location}
	}
	return nil
}

func (a *aggregate) Close() error {
	a.endSnapshot(false)
	for _, list := range [][]*pane{a.open, a.older} {
		for _, p := range list {
			p.groups.Free()
		}
	}
	a.open, a.older = nil, nil
	return nil
}

func (a *aggregate) Process(_ int, b *data.Batch, out operator.Output) error {
	defer b.Release()
	if b.Hashes == nil {
		data.HashKeys(b, a.spec.Keys)
	}
	a.rows = operator.Rows(b, a.rows)
	var err error
	switch {
	case a.processingTime():
		err = a.processNow(b, out)
	default:
		err = a.processTimed(b, out)
	}
	if err != nil {
		return err
	}
	var bytes, keys int64
	for _, p := range a.open {
		bytes += p.groups.Bytes()
		keys += int64(p.groups.Table.Len())
	}
	a.ctx.Metrics.StateBytes.Store(bytes)
	a.ctx.Metrics.StateKeys.Store(keys)
	return nil
}

func (a *aggregate) processNow(b *data.Batch, out operator.Output) error {
	now := a.ctx.Env.Now
	if err := a.fire(now, out); err != nil {
		return err
	}
	local := a.clock.local(now)
	eachWindow(a.spec.Window, local, func(start, end int64) {
		if p := a.pane(start, end, data.MinWatermark); p != nil {
			p.rows = append(p.rows, a.rows...)
		}
	})
	if err := a.fold(b); err != nil {
		return err
	}
	if a.next != math.MaxInt64 {
		a.ctx.WakeAt(a.next)
	}
	return nil
}

// processTimed adds rows to the panes of their event time. Lateness is judged by
// the watermark in force when a row came, where the batch tells, else by that
// before the batch; windows fire before the first row that came after their end.
func (a *aggregate) processTimed(b *data.Batch, out operator.Output) error {
	times, marks := b.Cols[a.spec.Window.TimeColumn], b.RowWatermarks
	wm := a.watermark
	for rows := a.rows; len(rows) > 0; {
		r := rows[0]
		if marks != nil {
			if wm = max(wm, marks[r]); wm >= a.next {
				if err := a.fold(b); err != nil {
					return err
				}
				if err := a.Watermark(wm, out); err != nil {
					return err
				}
			}
		}
		if times.Nulls != nil && times.IsNull(int(r)) {
			return fmt.Errorf("the time column of a window is NULL in a row; filter such rows out before the window")
		}
		n := 1
		t := times.I64[r] - a.shift
		if a.shift == 0 {
			t = a.clock.local(t)
		}
		if a.unit == 0 {
			a.assignOnTime(t, r, wm)
		} else if p := a.paneAt(t, wm); p == nil {
			a.ctx.Metrics.LateDropped.Add(1)
		} else {
			if (a.clock == nil || a.shift > 0) && times.Nulls == nil {
				n, wm = stretch(times.I64, marks, rows, p.start+a.shift, p.end-p.start, wm, a.next)
			}
			p.rows = append(p.rows, rows[:n]...)
		}
		rows = rows[n:]
	}
	return a.fold(b)
}

// stretch is how many of rows, of which the first is in it, are in the pane of the
// first and came before any window fires; and the watermark then.
func stretch(times, marks []int64, rows []int32, start, length, wm, next int64) (int, int64) {
	n := 1
	if marks == nil {
		for n < len(rows) && uint64(times[rows[n]]-start) < uint64(length) {
			n++
		}
		return n, wm
	}
	for n < len(rows) {
		r := rows[n]
		if marks[r] >= next || uint64(times[r]-start) >= uint64(length) {
			break
		}
		wm = max(wm, marks[r])
		n++
	}
	return n, wm
}

// paneAt is the pane of wall-clock time t, nil if the watermark has closed it.
func (a *aggregate) paneAt(t, wm int64) *pane {
	if p := a.last; p != nil && t >= p.start && t < p.end && p.fireAt > wm {
		return p
	}
	start := t - mod(t-a.spec.Window.Offset, a.unit)
	p := a.pane(start, start+a.unit, wm)
	a.last = p
	return p
}

// assignOnTime adds row r at wall-clock time t to its windows, leaving out those
// that the watermark has closed.
func (a *aggregate) assignOnTime(t int64, r int32, wm int64) {
	late := true
	eachWindow(a.spec.Window, t, func(start, end int64) {
		if p := a.pane(start, end, wm); p != nil {
			p.rows = append(p.rows, r)
			late = false
		}
	})
	if late {
		a.ctx.Metrics.LateDropped.Add(1)
	}
}

// eachWindow calls f for the windows that hold wall-clock time t.
func eachWindow(w graph.Window, t int64, f func(start, end int64)) {
	switch w.Kind {
	case graph.Tumble:
		start := t - mod(t-w.Offset, w.Size)
		f(start, start+w.Size)
	case graph.Hop:
		for start := t - mod(t-w.Offset, w.Slide); start > t-w.Size; start -= w.Slide {
			f(start, start+w.Size)
		}
	case graph.Cumulate:
		start := t - mod(t-w.Offset, w.Size)
		for end := t - mod(t-start, w.Slide) + w.Slide; ; end += w.Slide {
			f(start, min(end, start+w.Size))
			if end >= start+w.Size {
				return
			}
		}
	}
}

func mod(x, m int64) int64 {
	if x %= m; x < 0 {
		x += m
	}
	return x
}

// pane finds or opens a window; nil if the watermark has closed it. CUMULATE
// windows of one end have one start, so the end names a window.
func (a *aggregate) pane(start, end, wm int64) *pane {
	i := sort.Search(len(a.open), func(i int) bool { return a.open[i].end >= end })
	if i < len(a.open) && a.open[i].end == end {
		if a.open[i].fireAt <= wm {
			return nil
		}
		return a.open[i]
	}
	last := end
	if a.slice {
		last = a.lastWindow(start)
		a.fired = max(a.fired, a.lastFired(wm)) // those without rows have passed as well
	}
	fireAt := a.clock.instant(last) - 1
	if fireAt <= wm {
		return nil
	}
	p := &pane{start: start, end: end, fireAt: fireAt, groups: a.set.NewGroups(a.ctx.Memory)}
	a.open = slices.Insert(a.open, i, p)
	if a.slice {
		a.next = min(a.next, a.clock.instant(a.firstWindow(p))-1)
	} else {
		a.next = min(a.next, fireAt)
	}
	return p
}

// fold applies the rows that were assigned.
func (a *aggregate) fold(b *data.Batch) error {
	for _, p := range a.open {
		if len(p.rows) == 0 {
			if err := p.groups.Yield(); err != nil {
				return err
			}
			continue
		}
		if cap(a.recs) < len(p.rows) {
			a.recs = make([]unsafe.Pointer, max(len(p.rows), data.BatchSize))
		}
		recs := a.recs[:len(p.rows)]
		if _, err := p.groups.Table.Resolve(b, a.spec.Keys, p.rows, recs); err != nil {
			return err
		}
		if err := a.set.Update(p.groups, recs, p.rows, b); err != nil {
			return err
		}
		p.rows = p.rows[:0]
	}
	return nil
}

func (a *aggregate) Watermark(wm int64, out operator.Output) error {
	if wm <= a.watermark {
		return nil
	}
	a.watermark = wm
	if !a.processingTime() {
		if err := a.fire(wm, out); err != nil {
			return err
		}
	}
	return out.Watermark(wm)
}

// Tick fires windows of processing time.
func (a *aggregate) Tick(now int64, out operator.Output) error {
	if !a.processingTime() {
		return nil
	}
	if err := a.fire(now, out); err != nil {
		return err
	}
	if a.next != math.MaxInt64 {
		a.ctx.WakeAt(a.next)
	}
	return nil
}

// fire gives and drops every window that ends by time t (an instant).
func (a *aggregate) fire(t int64, out operator.Output) error {
	if t < a.next {
		return nil
	}
	a.last = nil
	if a.slice {
		return a.fireSliced(t, out)
	}
	n := 0
	for n < len(a.open) && a.open[n].fireAt <= t {
		n++
	}
	for _, p := range a.open[:n] {
		if err := a.give(p.groups, p.start, p.end, out); err != nil {
			return err
		}
		a.drop(p)
	}
	a.open = slices.Delete(a.open, 0, n)
	a.next = math.MaxInt64
	if len(a.open) > 0 {
		a.next = a.open[0].fireAt
	}
	return nil
}

// give emits the groups of a window, in the order in which they appeared.
func (a *aggregate) give(g *accumulator.Groups, start, end int64, out operator.Output) error {
	recs := a.given[:0]
	var err error
	flush := func() {
		if err == nil && len(recs) > 0 {
			err = a.emit(g, start, end, recs, out)
		}
		recs = recs[:0]
	}
	g.Table.Each(func(_ uint64, rec unsafe.Pointer) bool {
		if accumulator.Rows(rec) <= 0 {
			return true // every row was taken back
		}
		if recs = append(recs, rec); len(recs) == data.BatchSize {
			flush()
		}
		return err == nil
	})
	flush()
	a.given = recs[:0]
	return err
}

func (a *aggregate) emit(g *accumulator.Groups, start, end int64, recs []unsafe.Pointer, out operator.Output) error {
	o := data.MakeBatch(a.types, len(recs))
	keys := o.Cols[:len(a.spec.Keys)]
	var key []byte
	for i, rec := range recs {
		key = g.Table.Key(key[:0], rec)
		if _, err := data.DecodeRow(key, keys, i); err != nil {
			o.Release()
			return fmt.Errorf("window key: %w", err)
		}
	}
	a.set.PutKeys(g, recs, keys, 1)
	at := len(keys)
	if err := a.set.Results(g, recs, o.Cols[at:at+len(a.spec.Aggs)], 0, 1); err != nil {
		o.Release()
		return err
	}
	at += len(a.spec.Aggs)
	for i, w := range a.spec.Properties {
		putProperty(o.Cols[at+i], w, start, end, a.clock)
	}
	return out.Emit(o)
}

// putProperty fills a column with a window's start, end or time. Start and end
// are wall-clock times; the time attribute is the last millisecond, an instant
// where the window's column was one.
func putProperty(v *data.Vector, w graph.WindowProperty, start, end int64, c *clock) {
	x := property(v.Type, w, start, end, c)
	for i := range v.I64[:v.N] {
		v.I64[i] = x
	}
}

func property(t data.Type, w graph.WindowProperty, start, end int64, c *clock) int64 {
	switch w {
	case graph.WindowEnd:
		return end
	case graph.WindowTime:
		if c != nil && t.Kind == data.Timestamp {
			return end - 1
		}
		return c.instant(end - 1)
	}
	return start
}
