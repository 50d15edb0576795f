// Package aggregate is GROUP BY over an unbounded stream: it keeps each group's
// aggregates and gives the change that every row makes.
package aggregate

import (
	"slices"
	"unsafe"

	"github.com/weir-streams/weir/engine/accumulator"
	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/function"
	"github.com/weir-streams/weir/engine/graph"
	"github.com/weir-streams/weir/engine/operator"
	"github.com/weir-streams/weir/engine/state"
)

// group is the operator. Without mini-batch it gives the changes of each row in
// order, as Flink does; with it, one change for each group touched by a batch.
type group struct {
	spec   graph.GroupAggregate
	set    *accumulator.Set
	groups *accumulator.Groups
	ctx    *operator.Context
	types  []data.Type // of the rows given

	nested bool // a result holds lists
	latest bool // of a group that rows are added to, the result alone is sent, and always

	// scratch
	rows    []int32
	recs    []unsafe.Pointer
	counts  []int64
	changed []bool
	double  []int32
	touched []unsafe.Pointer
	keyRows []int32
	unknown []unsafe.Pointer
	epoch   uint32
}

// New makes the operator of a GroupAggregate.
func New(op graph.Op, input []data.Column, functions *function.Set) (operator.Operator, error) {
	spec := *op.GroupAggregate
	set, err := accumulator.NewSet(spec.Keys, spec.Aggs, input, functions)
	if err != nil {
		return nil, err
	}
	if spec.TTLMillis > 0 {
		set.Expire(spec.TTLMillis)
	}
	g := &group{spec: spec, set: set}
	for _, c := range op.Schema {
		g.types = append(g.types, c.Type)
	}
	for _, t := range g.types[len(spec.Keys):] {
		g.nested = g.nested || accumulator.Nested(t)
	}
	g.latest = !spec.UpdateBefore && (spec.TTLMillis > 0 || set.CountsRows())
	return g, nil
}

func (g *group) Open(c *operator.Context) error {
	g.ctx = c
	g.groups = g.set.NewGroups(c.Memory)
	if !g.set.Sides() && g.spec.TTLMillis == 0 { // nothing points at groups between batches
		g.groups.Table.Movable()
	}
	return nil
}

func (g *group) Watermark(wm int64, out operator.Output) error {
	if wm == data.MaxWatermark && g.spec.OfNothing && g.groups.Table.Len() == 0 {
		if err := g.ofNothing(out); err != nil {
			return err
		}
	}
	return out.Watermark(wm)
}

// ofNothing gives the aggregates of no rows, once.
func (g *group) ofNothing(out operator.Output) error {
	g.spec.OfNothing = false
	b := data.NewBatch(0)
	b.N = 1
	defer b.Release()
	data.HashKeys(b, nil)
	recs, err := g.resolve(b, []int32{0})
	if err != nil {
		return err
	}
	o, aggs := g.output(1)
	g.set.Results(g.groups, recs, aggs, 0, 1)
	g.set.Drop(g.groups, recs[0])
	return out.Emit(o)
}

func (g *group) Close() error {
	if g.groups != nil {
		g.groups.Free()
	}
	return nil
}

func (g *group) Process(_ int, b *data.Batch, out operator.Output) error {
	defer b.Release()
	if b.Hashes == nil {
		data.HashKeys(b, g.spec.Keys)
	}
	g.rows = operator.Rows(b, g.rows)
	step := len(g.rows)
	if !g.spec.MiniBatch {
		step = data.BatchSize / 2 // a row can make two changes
	}
	for from := 0; from < len(g.rows); from += step {
		rows := g.rows[from:min(from+step, len(g.rows))]
		var err error
		if g.spec.MiniBatch {
			err = g.fold(b, rows, out)
		} else {
			err = g.each(b, rows, out)
		}
		if err != nil {
			return err
		}
	}
	if g.spec.TTLMillis > 0 {
		if err := g.groups.Sweep(g.ctx.Env.Now); err != nil {
			return err
		}
	}
	if err := g.groups.Tidy(); err != nil {
		return err
	}
	g.ctx.Metrics.StateKeys.Store(int64(g.groups.Table.Len()))
	g.ctx.Metrics.StateBytes.Store(g.groups.Bytes())
	return nil
}

func (g *group) resolve(b *data.Batch, rows []int32) ([]unsafe.Pointer, error) {
	if cap(g.recs) < len(rows) {
		g.recs = make([]unsafe.Pointer, max(len(rows), data.BatchSize))
	}
	recs := g.recs[:len(rows)]
	_, err := g.groups.Table.Resolve(b, g.spec.Keys, rows, recs)
	if err == nil && g.spec.TTLMillis > 0 {
		g.groups.Renew(recs, g.ctx.Env.Now)
	}
	return recs, err
}

// each gives the changes of each row: rows 2i and 2i+1 of the output are the
// group before and after row i; a selection leaves out what is not a change.
func (g *group) each(b *data.Batch, rows []int32, out operator.Output) error {
	recs, err := g.resolve(b, rows)
	if err != nil {
		return err
	}
	rows, recs = g.known(b, rows, recs)
	n := len(rows)
	if n == 0 {
		return nil
	}
	o, aggs := g.output(2 * n)
	counts, changed := g.room(n)
	if err := g.set.Step(g.groups, recs, rows, b, aggs, counts); err != nil {
		abandon(o)
		return err
	}
	accumulator.Changed(aggs, n, changed)
	return g.finish(o, b, rows, recs, counts, changed, out)
}

func (g *group) room(n int) ([]int64, []bool) {
	if cap(g.counts) < 2*n {
		g.counts, g.changed = make([]int64, 2*n), make([]bool, n)
	}
	clear(g.changed[:n])
	return g.counts[:2*n], g.changed[:n]
}

// finish turns before-and-after rows into changes: rows 2i and 2i+1 of o are a
// group before and after; counts are the rows in it.
func (g *group) finish(o, b *data.Batch, keyRows []int32, recs []unsafe.Pointer, counts []int64, changed []bool, out operator.Output) error {
	n := len(keyRows)
	if cap(g.double) < 2*n {
		g.double = make([]int32, max(2*n, data.BatchSize))
	}
	double := g.double[:2*n]
	for i, r := range keyRows {
		double[2*i], double[2*i+1] = r, r
	}
	g.putKeys(o, b, double, recs, 2)
	g.dropEmpty(recs)
	o.Ops, o.Sel = make([]data.Op, 2*n), make([]int32, 0, 2*n)
	o.IngestedAt = b.IngestedAt
	for i := range n {
		before, after := counts[2*i], counts[2*i+1]
		switch {
		case after <= 0 && before <= 0:
		case before <= 0: // the group is new
			o.Ops[2*i+1] = data.Insert
			o.Sel = append(o.Sel, int32(2*i+1))
		case after <= 0: // its last row left
			o.Ops[2*i] = data.Delete
			o.Sel = append(o.Sel, int32(2*i))
		case changed[i] || g.spec.TTLMillis > 0: // state downstream is to live on as well
			o.Ops[2*i], o.Ops[2*i+1] = data.UpdateBefore, data.UpdateAfter
			if g.spec.UpdateBefore {
				o.Sel = append(o.Sel, int32(2*i))
			}
			o.Sel = append(o.Sel, int32(2*i+1))
		}
	}
	return g.emitChunks(o, out)
}

// known leaves out retractions of rows from groups that have none: as Flink does,
// they are ignored. Rows that an earlier row of the batch brought count. Groups
// that are there only because of such a retraction are dropped again.
func (g *group) known(b *data.Batch, rows []int32, recs []unsafe.Pointer) ([]int32, []unsafe.Pointer) {
	if b.Ops == nil {
		return rows, recs
	}
	// The groups' own counters follow the batch, and are then put back.
	n := 0
	g.unknown = g.unknown[:0]
	for i, rec := range recs {
		o := b.Ops[rows[i]]
		if !o.Adds() && accumulator.Rows(rec) <= 0 {
			g.unknown = append(g.unknown, rec)
			continue
		}
		accumulator.Count(rec, o)
		rows[n], recs[n] = rows[i], rec
		n++
	}
	rows, recs = rows[:n], recs[:n]
	for i, rec := range recs {
		accumulator.Uncount(rec, b.Ops[rows[i]])
	}
	if len(g.unknown) > 0 {
		g.epoch++
		for _, rec := range recs {
			*state.Mark(rec) = g.epoch
		}
		for _, rec := range g.unknown {
			if state.Alive(rec) && *state.Mark(rec) != g.epoch && accumulator.Rows(rec) <= 0 {
				g.set.Drop(g.groups, rec)
			}
		}
	}
	return rows, recs
}

// fold applies the whole batch, then gives one change for each group.
func (g *group) fold(b *data.Batch, rows []int32, out operator.Output) error {
	recs, err := g.resolve(b, rows)
	if err != nil {
		return err
	}
	rows, recs = g.known(b, rows, recs)
	if len(rows) == 0 {
		return nil
	}
	// The groups of the batch, each once, with a row that has its key.
	g.epoch++
	distinct, keyRows := g.touched[:0], g.keyRows[:0]
	for i, rec := range recs {
		if m := state.Mark(rec); *m != g.epoch {
			*m = g.epoch
			distinct = append(distinct, rec)
			keyRows = append(keyRows, rows[i])
		}
	}
	g.touched, g.keyRows = distinct, keyRows
	n := len(distinct)
	if g.latest && b.Ops == nil {
		return g.replace(b, rows, recs, out)
	}
	counts, changed := g.room(n)
	for i, rec := range distinct {
		counts[2*i] = accumulator.Rows(rec)
	}
	o, aggs := g.output(2 * n)
	before, err := g.results(distinct, aggs, 0)
	if err == nil {
		err = g.set.Update(g.groups, recs, rows, b)
	}
	var after []*data.Vector
	if err == nil {
		after, err = g.results(distinct, aggs, 1)
	}
	if err != nil {
		abandon(o)
		return err
	}
	interleave(before, after, aggs)
	for i, rec := range distinct {
		counts[2*i+1] = accumulator.Rows(rec)
	}
	accumulator.Changed(aggs, n, changed)
	return g.finish(o, b, keyRows, distinct, counts, changed, out)
}

// replace is the rest of fold where what the groups were before is not asked for:
// the batch takes nothing back, and each group it touches changes.
func (g *group) replace(b *data.Batch, rows []int32, recs []unsafe.Pointer, out operator.Output) error {
	n := len(g.touched)
	ops := make([]data.Op, n)
	for i, rec := range g.touched {
		if ops[i] = data.UpdateAfter; accumulator.Rows(rec) <= 0 {
			ops[i] = data.Insert
		}
	}
	if err := g.set.Update(g.groups, recs, rows, b); err != nil {
		return err
	}
	o, aggs := g.output(n)
	if err := g.set.Results(g.groups, g.touched, aggs, 0, 1); err != nil {
		abandon(o)
		return err
	}
	g.putKeys(o, b, g.keyRows, g.touched, 1)
	o.Ops, o.IngestedAt = ops, b.IngestedAt
	return out.Emit(o)
}

// results writes the results of groups to every second row of aggs. Results with
// lists, which must be written in order, come back in vectors of their own.
func (g *group) results(recs []unsafe.Pointer, aggs []*data.Vector, base int) ([]*data.Vector, error) {
	if !g.nested {
		return nil, g.set.Results(g.groups, recs, aggs, base, 2)
	}
	var own []*data.Vector
	for _, v := range aggs {
		own = append(own, data.NewVector(v.Type, len(recs)))
	}
	return own, g.set.Results(g.groups, recs, own, 0, 1)
}

// interleave makes before[i] and after[i] rows 2i and 2i+1 of aggs.
func interleave(before, after, aggs []*data.Vector) {
	for k := range before {
		for i := range before[k].N {
			aggs[k].SetValueAt(2*i, before[k].ValueAt(i))
			aggs[k].SetValueAt(2*i+1, after[k].ValueAt(i))
		}
		before[k].Release()
		after[k].Release()
	}
}

func (g *group) output(n int) (*data.Batch, []*data.Vector) {
	o := data.NewBatch(len(g.types))
	o.N = n
	for range g.spec.Keys {
		o.Cols = append(o.Cols, nil)
	}
	for _, t := range g.types[len(g.spec.Keys):] {
		o.Cols = append(o.Cols, data.NewVector(t, n))
	}
	return o, o.Cols[len(g.spec.Keys):]
}

// abandon releases an output that has no keys yet.
func abandon(o *data.Batch) {
	o.Cols = slices.DeleteFunc(o.Cols, func(v *data.Vector) bool { return v == nil })
	o.Release()
}

// putKeys gathers the keys of rows, of which each of the groups recs has as many as repeat.
func (g *group) putKeys(o *data.Batch, b *data.Batch, rows []int32, recs []unsafe.Pointer, repeat int) {
	for i, k := range g.spec.Keys {
		v := data.Gather(b.Cols[k], rows)
		if p := v.Type.Phys(); p == data.PhysList || p == data.PhysRow {
			data.Canonical(v)
		}
		v.Type = g.types[i]
		o.Cols[i] = v
	}
	g.set.PutKeys(g.groups, recs, o.Cols, repeat)
}

func (g *group) dropEmpty(recs []unsafe.Pointer) {
	for _, rec := range recs {
		if state.Alive(rec) && accumulator.Rows(rec) <= 0 {
			g.set.Drop(g.groups, rec)
		}
	}
}

// emitChunks keeps batches at their size: a fold can give twice its input.
func (g *group) emitChunks(o *data.Batch, out operator.Output) error {
	if len(o.Sel) == 0 {
		o.Release()
		return nil
	}
	if o.N <= data.BatchSize {
		return out.Emit(o)
	}
	sel := o.Sel
	for len(sel) > 0 {
		k := min(len(sel), data.BatchSize)
		if err := out.Emit(data.Compact(o.Share(sel[:k:k]))); err != nil {
			o.Release()
			return err
		}
		sel = sel[k:]
	}
	o.Release()
	return nil
}
