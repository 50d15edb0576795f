package over

import (
	"math"
	"slices"

	"github.com/weir-streams/weir/engine/accumulator"
	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/operator"
)

// timed is OVER in the order of a time attribute. A row waits until the
// watermark has passed it; by processing time it is next as it comes. Late rows
// are dropped as Flink does: in frames that begin with the partition those not
// after the watermark, in others those not after the last row given of theirs.
type timed struct {
	frames
	parts     *operator.Partitions[part]
	groups    *accumulator.Groups
	watermark int64
	waiting   []*operator.Partition[part] // with pending rows

	rows []int32
	row  []byte
	due  []due
	todo steps
}

// part is a partition.
type part struct {
	place
	pending []item // that the watermark has not passed: by time, then as they came
	ready   []item // that it has passed, in order, to be given with the next watermark
	given   int    // of ready, in this firing
	frame   []item // rows folded in that will leave the frame
	seen    int64  // watermark when the last row came
	trigger int64  // last time that the watermark passed: of a row, or for clearing
	// A frame of an interval is cleared when the watermark passes clear, and the
	// partition then begins anew. clears are all such times that were ever set,
	// ascending; one that is not clear any more only counts as passed.
	clear   int64 // 0: none
	clears  []int64
	cleared bool  // since the last row of ready
	used    int64 // when the last row came, by the clock
}

// item is a row. With reset the frame was cleared before it.
type item struct {
	at    int64
	row   uint64 // where it lies in kept
	n     int32  // its place, when restored
	reset bool
}

// due is rows of one time of a partition: ready[from:to].
type due struct {
	at       int64
	of       *operator.Partition[part]
	from, to int
}

func (t *timed) Open(c *operator.Context) error {
	t.ctx = c
	t.kept.Open(c.Memory)
	t.parts = operator.NewPartitions[part](c.Input[0], t.spec.Keys, 0x6f, c.Memory)
	t.groups = t.set.NewGroups(c.Memory)
	return nil
}

func (t *timed) Close() error {
	if t.parts != nil {
		t.parts.Free()
		t.groups.Free()
		t.kept.Close()
	}
	return nil
}

func (t *timed) Process(_ int, b *data.Batch, out operator.Output) error {
	defer b.Release()
	t.rows = operator.Rows(b, t.rows)
	found, err := t.parts.Resolve(b, t.rows)
	if err != nil {
		return err
	}
	times := b.Cols[t.spec.Order[0].Column]
	late := int64(0)
	for i, r := range t.rows {
		p, wm, at := found[i], t.watermark, t.ctx.Env.Now
		t.parts.Touch(p)
		if t.stale(&p.Value.used) {
			if err := t.empty(p); err != nil {
				return err
			}
		}
		p.Value.used = t.ctx.Env.Now
		if t.spec.Time == data.EventTime {
			if b.RowWatermarks != nil {
				wm = max(wm, b.RowWatermarks[r])
			}
			if times.IsNull(int(r)) {
				late++
				continue
			}
			if at = times.I64[r]; t.isLate(&p.Value, at, wm) {
				late++
				continue
			}
		}
		t.row = t.layout.Encode(t.row[:0], b.Cols, int(r))
		if err := t.put(p, item{at: at}, t.row); err != nil {
			return err
		}
	}
	t.ctx.Metrics.LateDropped.Add(late)
	if t.spec.Time == data.ProcTime {
		err = t.fire(t.ctx.Env.Now, b.IngestedAt, found, out)
	}
	if err == nil && t.spec.TTLMillis > 0 {
		err = t.sweep(len(t.rows) + sweepMore)
	}
	t.ctx.Metrics.StateKeys.Store(int64(t.parts.Len()))
	t.kept.Settle(t.parts.Passing())
	t.ctx.Metrics.StateBytes.Store(t.kept.Bytes() + t.parts.Bytes() + t.groups.Bytes())
	return err
}

// empty forgets what a partition has, but for rows that wait.
func (t *timed) empty(x *operator.Partition[part]) error {
	p := &x.Value
	if len(p.pending)+len(p.ready) > 0 {
		return nil
	}
	for _, y := range p.frame {
		t.kept.Drop(y.row)
	}
	*p = part{seen: p.seen, used: p.used}
	rec, err := t.parts.Find(x, t.groups.Table)
	if err == nil && rec != nil {
		t.set.Drop(t.groups, rec)
	}
	return err
}

// sweep drops some partitions whose time to live is over.
func (t *timed) sweep(n int) error {
	err := t.parts.Sweep(n, func(x *operator.Partition[part]) error {
		if p := &x.Value; !t.stale(&p.used) || len(p.pending)+len(p.ready) > 0 {
			return nil
		}
		t.parts.Touch(x)
		if err := t.empty(x); err != nil {
			return err
		}
		t.parts.Drop(x)
		return nil
	})
	if err == nil {
		err = t.parts.Tidy()
	}
	return err
}

// isLate judges a row by the watermark in force when it came.
func (t *timed) isLate(p *part, at, wm int64) bool {
	if t.spec.Preceding < 0 {
		return at <= wm
	}
	t.advance(p, wm)
	if at <= p.trigger {
		return true
	}
	if !t.spec.Rows && (p.clear == 0 || p.clear < at+t.spec.Preceding+1) {
		p.clear = at + int64(float64(t.spec.Preceding)*1.5) + 1
		k, _ := slices.BinarySearch(p.clears, p.clear)
		p.clears = slices.Insert(p.clears, k, p.clear)
	}
	return false
}

// advance moves a partition's time on to wm.
func (t *timed) advance(p *part, wm int64) {
	if wm <= p.seen {
		return
	}
	p.seen = wm
	n := 0
	for {
		row := n < len(p.pending) && p.pending[n].at <= wm
		if len(p.clears) > 0 && p.clears[0] <= wm && (!row || p.clears[0] < p.pending[n].at) {
			if p.trigger = p.clears[0]; p.clear <= p.trigger {
				p.trigger, p.clear, p.cleared = 0, 0, true
			}
			p.clears = slices.Delete(p.clears, 0, 1)
			continue
		}
		if !row {
			break
		}
		x := p.pending[n]
		n++
		p.trigger, x.reset, p.cleared = x.at, p.cleared, false
		p.ready = append(p.ready, x)
	}
	p.pending = slices.Delete(p.pending, 0, n)
}

// due tells whether something comes to pass with a watermark.
func (p *part) due(wm int64) bool {
	return len(p.ready) > 0 || len(p.pending) > 0 && p.pending[0].at <= wm || len(p.clears) > 0 && p.clears[0] <= wm
}

func (t *timed) put(p *operator.Partition[part], x item, row []byte) error {
	var err error
	if x.row, err = t.kept.Put(row); err != nil {
		return err
	}
	v := &p.Value
	if len(v.pending)+len(v.ready) == 0 {
		t.waiting = append(t.waiting, p)
	}
	k := len(v.pending)
	for k > 0 && v.pending[k-1].at > x.at {
		k--
	}
	v.pending = slices.Insert(v.pending, k, x)
	return nil
}

func (t *timed) Watermark(wm int64, out operator.Output) error {
	t.watermark = max(t.watermark, wm)
	if t.spec.Time == data.EventTime {
		if err := t.fire(wm, 0, nil, out); err != nil {
			return err
		}
	}
	return out.Watermark(wm)
}

// fire gives the rows up to a time, by time; those that came just now, one of
// each partition of came, as they came.
func (t *timed) fire(upTo, ingested int64, came []*operator.Partition[part], out operator.Output) error {
	t.due = t.due[:0]
	if t.spec.Rows && came != nil {
		t.inTurn(upTo, came)
	}
	for _, p := range t.waiting {
		if p.Value.given > 0 {
			continue
		}
		if p.Value.due(upTo) {
			t.parts.Touch(p)
		}
		t.advance(&p.Value, upTo)
		list := p.Value.ready
		at := int64(math.MinInt64) // a row that came late after clearing does not go before those given before it
		for from := 0; from < len(list); {
			to := from + 1
			for to < len(list) && list[to].at == list[from].at && !list[to].reset {
				to++
			}
			at = max(at, list[from].at)
			t.due = append(t.due, due{at, p, from, to})
			from = to
		}
	}
	if len(t.due) == 0 {
		return nil
	}
	slices.SortStableFunc(t.due, func(a, b due) int {
		switch {
		case a.at < b.at:
			return -1
		case a.at > b.at:
			return 1
		}
		return 0
	})
	for _, d := range t.due {
		if err := t.fold(d); err != nil {
			return err
		}
		if len(t.todo.rows) >= maxSteps {
			if err := t.give(ingested, out); err != nil {
				return err
			}
		}
	}
	if err := t.give(ingested, out); err != nil {
		return err
	}
	t.forget()
	t.kept.Settle(t.parts.Passing())
	return nil
}

// inTurn makes the rows of came due one by one.
func (t *timed) inTurn(upTo int64, came []*operator.Partition[part]) {
	for _, p := range came {
		v := &p.Value
		t.advance(v, upTo)
		if v.given < len(v.ready) {
			t.due = append(t.due, due{v.ready[v.given].at, p, v.given, v.given + 1})
			v.given++
		}
	}
}

// fold lists the steps for rows of one time.
func (t *timed) fold(d due) error {
	p := &d.of.Value
	p.given = d.to
	first := len(t.todo.reads)
	if p.ready[d.from].reset {
		t.drop(p, len(p.frame))
	}
	if !t.spec.Rows {
		t.leave(p, p.ready[d.from].at)
	}
	for i, x := range p.ready[d.from:d.to] {
		if t.spec.Rows && t.spec.Preceding >= 0 && int64(len(p.frame)) > t.spec.Preceding {
			t.drop(p, 1)
		}
		row := t.kept.Get(x.row)
		k := t.todo.add(row, data.Insert)
		if t.spec.Preceding >= 0 {
			p.frame = append(p.frame, x)
		}
		p.advance(i > 0)
		if err := t.remember(&p.place, row); err != nil {
			return err
		}
		t.todo.reads = append(t.todo.reads, read{row: k, after: k, rank: p.rank, dense: p.dense})
		if t.spec.Rows {
			t.todo.reads[len(t.todo.reads)-1].lagged = t.looked(&p.place)
		}
	}
	if t.spec.Rows {
		return nil
	}
	reads, last, looked := t.todo.reads[first:], len(t.todo.rows)-1, t.looked(&p.place)
	for i := range reads {
		reads[i].after, reads[i].lagged = last, looked
	}
	return nil
}

// leave folds out what is too old for a frame of a row at a time.
func (t *timed) leave(p *part, at int64) {
	if t.spec.Preceding < 0 {
		return
	}
	n := 0
	for n < len(p.frame) && at-p.frame[n].at > t.spec.Preceding {
		n++
	}
	t.drop(p, n)
}

func (t *timed) drop(p *part, n int) {
	for _, x := range p.frame[:n] {
		t.todo.add(t.kept.Get(x.row), data.Delete)
		t.kept.Drop(x.row)
	}
	p.frame = slices.Delete(p.frame, 0, n)
}

// forget takes out the rows that were given.
func (t *timed) forget() {
	t.waiting = slices.DeleteFunc(t.waiting, func(x *operator.Partition[part]) bool {
		p := &x.Value
		if t.spec.Preceding < 0 {
			for _, i := range p.ready[:p.given] {
				t.kept.Drop(i.row)
			}
		}
		p.ready, p.given = slices.Delete(p.ready, 0, p.given), 0
		return len(p.pending)+len(p.ready) == 0
	})
}

// give runs the steps and sends what they read.
func (t *timed) give(ingested int64, out operator.Output) error {
	if len(t.todo.rows) == 0 {
		return nil
	}
	o, results, err := t.run(t.groups, &t.todo)
	if err != nil {
		return err
	}
	t.todo.reset()
	o.Cols = append(o.Cols, results...)
	for i, c := range o.Cols {
		c.Type = t.types[i]
	}
	o.IngestedAt = ingested
	return operator.EmitChunks(o, out)
}
