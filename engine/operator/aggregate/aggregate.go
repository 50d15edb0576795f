// Package aggregate is GROUP BY over an unbounded stream: it keeps each group's
// aggregates and gives the change that every row makes.
package aggregate

import (
	"fmt"
	"unsafe"

	"github.com/weir-streams/weir/engine/accumulator"
	"github.com/weir-streams/weir/engine/data"
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

	rows    []int32
	recs    []unsafe.Pointer
	counts  []int64
	changed []bool
	epoch   uint32
}

// New makes the operator of a GroupAggregate.
func New(op graph.Op, input []data.Column) (operator.Operator, error) {
	spec := *op.GroupAggregate
	if spec.TTLMillis > 0 {
		return nil, fmt.Errorf("table.exec.state.ttl on %s is not supported by this engine yet; remove it or run on a Flink target", op.Name)
	}
	set, err := accumulator.NewSet(spec.Keys, spec.Aggs, input)
	if err != nil {
		return nil, err
	}
	g := &group{spec: spec, set: set}
	for _, c := range op.Schema {
		g.types = append(g.types, c.Type)
	}
	return g, nil
}

func (g *group) Open(c *operator.Context) error {
	g.ctx = c
	g.groups = g.set.NewGroups(c.Memory)
	return nil
}

func (g *group) Watermark(wm int64, out operator.Output) error { return out.Watermark(wm) }

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
	return recs, err
}

// each gives the changes of each row: rows 2i and 2i+1 of the output are the
// group before and after row i; a selection leaves out what is not a change.
func (g *group) each(b *data.Batch, rows []int32, out operator.Output) error {
	if b.Ops != nil {
		rows = g.known(b, rows)
	}
	n := len(rows)
	if n == 0 {
		return nil
	}
	recs, err := g.resolve(b, rows)
	if err != nil {
		return err
	}
	o, aggs := g.output(2 * n)
	if cap(g.counts) < 2*n {
		g.counts, g.changed = make([]int64, 2*n), make([]bool, n)
	}
	counts, changed := g.counts[:2*n], g.changed[:n]
	clear(changed)
	if err := g.set.Step(g.groups, recs, rows, b, aggs, counts); err != nil {
		o.Release()
		return err
	}
	accumulator.Changed(aggs, n, changed)
	g.dropEmpty(recs)
	return g.finish(o, b, rows, counts, changed, out)
}

// finish turns before-and-after rows into changes: rows 2i and 2i+1 of o are a
// group before and after; counts are the rows in it.
func (g *group) finish(o, b *data.Batch, keyRows []int32, counts []int64, changed []bool, out operator.Output) error {
	n := len(keyRows)
	double := make([]int32, 2*n)
	for i, r := range keyRows {
		double[2*i], double[2*i+1] = r, r
	}
	g.putKeys(o, b, double)
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
		case changed[i]:
			o.Ops[2*i], o.Ops[2*i+1] = data.UpdateBefore, data.UpdateAfter
			if g.spec.UpdateBefore {
				o.Sel = append(o.Sel, int32(2*i))
			}
			o.Sel = append(o.Sel, int32(2*i+1))
		}
	}
	return g.emitChunks(o, out)
}

// known leaves out retractions of groups that do not exist: as Flink does, they
// are ignored. Groups that exist only because of an earlier row of the batch count.
func (g *group) known(b *data.Batch, rows []int32) []int32 {
	for i, r := range rows {
		if b.Ops[r].Adds() {
			continue
		}
		return append(rows[:i:i], g.filterKnown(b, rows[:i], rows[i:])...)
	}
	return rows
}

func (g *group) filterKnown(b *data.Batch, before, rows []int32) []int32 {
	balance := map[string]int64{}
	var key []byte
	count := func(r int32) (int64, string) {
		key = data.EncodeRow(key[:0], b.Cols, g.spec.Keys, int(r))
		n, seen := balance[string(key)]
		if !seen {
			if rec, _, _ := g.groups.Table.Find(b.Hashes[r], append(key, 0)[:len(key)], false); rec != nil {
				n = accumulator.Rows(rec)
			}
		}
		return n, string(key)
	}
	for _, r := range before {
		n, k := count(r)
		balance[k] = n + 1
	}
	keep := make([]int32, 0, len(rows))
	for _, r := range rows {
		n, k := count(r)
		switch {
		case b.Ops[r].Adds():
			n++
		case n <= 0:
			continue
		default:
			n--
		}
		balance[k] = n
		keep = append(keep, r)
	}
	return keep
}

// fold applies the whole batch, then gives one change for each group.
func (g *group) fold(b *data.Batch, rows []int32, out operator.Output) error {
	if b.Ops != nil {
		rows = g.known(b, rows)
	}
	if len(rows) == 0 {
		return nil
	}
	recs, err := g.resolve(b, rows)
	if err != nil {
		return err
	}
	// The groups of the batch, each once, with a row that has its key.
	g.epoch++
	distinct := make([]unsafe.Pointer, 0, len(rows))
	keyRows := make([]int32, 0, len(rows))
	for i, rec := range recs {
		if m := state.Mark(rec); *m != g.epoch {
			*m = g.epoch
			distinct = append(distinct, rec)
			keyRows = append(keyRows, rows[i])
		}
	}
	n := len(distinct)
	counts := make([]int64, 2*n)
	for i, rec := range distinct {
		counts[2*i] = accumulator.Rows(rec)
	}
	o, aggs := g.output(2 * n)
	g.set.Results(g.groups, distinct, aggs, 0, 2)
	if err := g.set.Update(g.groups, recs, rows, b); err != nil {
		o.Release()
		return err
	}
	g.set.Results(g.groups, distinct, aggs, 1, 2)
	for i, rec := range distinct {
		counts[2*i+1] = accumulator.Rows(rec)
	}
	changed := make([]bool, n)
	accumulator.Changed(aggs, n, changed)
	g.dropEmpty(recs)
	return g.finish(o, b, keyRows, counts, changed, out)
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

func (g *group) putKeys(o *data.Batch, b *data.Batch, rows []int32) {
	for i, k := range g.spec.Keys {
		v := data.Gather(b.Cols[k], rows)
		v.Type = g.types[i]
		o.Cols[i] = v
	}
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

func (g *group) Snapshot(w *state.Writer) error {
	g.set.Snapshot(w, false, g.ctx.MaxParallelism, func(yield func(int64, *accumulator.Groups)) { yield(0, g.groups) })
	return nil
}

func (g *group) Restore(r *state.Reader) error {
	return g.set.Restore(r, false, func(int64) *accumulator.Groups { return g.groups })
}
