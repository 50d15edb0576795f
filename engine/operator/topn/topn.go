// Package topn keeps the first rows of each partition of a stream in an order:
// ORDER BY with LIMIT, and ROW_NUMBER() with an upper bound. A sorter beside it
// gives rows in the order of event time.
//
// The rule: the changes given for a row (or with ranks for an update) are the
// difference between what was to be seen before and after it, and nothing else.
package topn

import (
	"fmt"
	"unsafe"

	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/graph"
	"github.com/weir-streams/weir/engine/operator"
	"github.com/weir-streams/weir/engine/ordered"
	"github.com/weir-streams/weir/engine/packed"
	"github.com/weir-streams/weir/engine/state"
)

// topN is the operator. Partitions are found by a table; their rows lie packed in
// a heap, with entries in order. A batch is done row by row over entries alone:
// rows of the batch are kept when it is known which of them stay.
type topN struct {
	spec    graph.TopN
	columns []data.Column
	cols    []int // the columns as they lie in the row codec: keys, then the others
	types   []data.Type
	layout  *packed.Layout
	exact   bool // equal prefixes are equal rows of the order, unless NULL has them
	single  bool // a partition has one row
	folds   bool // changes are given for a batch, not for each row
	quiet   bool // no changes are given
	newest  bool // rows that are equal in the order are behind those that came later
	shifts  bool // changes are given rank by rank
	ctx     *operator.Context

	outTypes []data.Type

	keys  *state.Table
	heap  *state.Heap
	rowID int64 // of the last row kept
	ttl   int64 // milliseconds for which a partition lives that is not changed; 0: for ever
	swept uint64
	snapshots

	// of a batch
	batch    *data.Batch
	out      operator.Output
	rows     []int32
	recs     []unsafe.Pointer
	prefixes []uint64
	accepted []int32  // positions of rows that were put in
	dead     []uint64 // blocks that are free at its end
	eager    bool     // most partitions change: find them for writing
	changed  int
	before   []entry
	after    []entry
	folded   []fold
	earlier  []entry // of folded
	gives    gives

	// scratch
	missing    []int32
	place      []int32
	refs       []*uint64
	found      []unsafe.Pointer
	keyA, keyB []byte
	scratch    packed.Scratch
	picks      packed.Picks
}

// New makes the operator of a TopN.
func New(op graph.Op, input []data.Column) (operator.Operator, error) {
	spec := *op.TopN
	if spec.From < 1 || spec.To < spec.From {
		return nil, fmt.Errorf("%s gives the ranks %d to %d", op.Name, spec.From, spec.To)
	}
	for _, k := range spec.Order {
		if t := input[k.Column].Type; !ordered.Orderable(t) {
			return nil, fmt.Errorf("%s cannot order by %s, of type %s", op.Name, input[k.Column].Name, t)
		}
	}
	t := &topN{spec: spec, columns: input, folds: spec.MiniBatch && spec.To-spec.From < mostFolded, single: spec.To == 1 && !spec.Retracts && !spec.Improves, shifts: spec.Number || spec.From > 1, ttl: spec.TTLMillis}
	t.newest = spec.Latest && len(spec.Order) == 0
	isKey := make([]bool, len(input))
	for _, k := range spec.Keys {
		t.cols = append(t.cols, k)
		isKey[k] = true
	}
	var types []data.Type
	for i, c := range input {
		types = append(types, c.Type)
		if !isKey[i] {
			t.cols = append(t.cols, i)
		}
	}
	t.layout = packed.New(types)
	for _, k := range t.cols {
		t.types = append(t.types, input[k].Type)
	}
	for _, c := range op.Schema {
		t.outTypes = append(t.outTypes, c.Type)
	}
	if len(spec.Order) == 1 {
		p := input[spec.Order[0].Column].Type.Phys()
		t.exact = p == data.PhysI64 || p == data.PhysI32
	}
	if spec.Windowed {
		return newWindowed(op, input, t)
	}
	return t, nil
}

func (t *topN) Open(c *operator.Context) error {
	t.ctx = c
	t.keys = state.NewTable(t.types[:len(t.spec.Keys)], partitionWidth, 0x71, c.Memory)
	t.heap = state.NewHeap(c.Memory)
	return nil
}

func (t *topN) Watermark(wm int64, out operator.Output) error { return out.Watermark(wm) }

func (t *topN) Close() error {
	if t.keys != nil {
		t.keys.Free()
		t.heap.Free()
	}
	return nil
}

func (t *topN) Process(_ int, b *data.Batch, out operator.Output) error {
	defer b.Release()
	if b.Hashes == nil {
		data.HashKeys(b, t.spec.Keys)
	}
	t.batch, t.out = b, out
	t.rows = operator.Rows(b, t.rows)
	if err := t.resolve(b); err != nil {
		return err
	}
	t.setPrefixes(b)
	t.changed = 0
	err := t.changes(b)
	if err == nil && t.folds {
		err = t.unfold()
	}
	if err == nil {
		err = t.flush()
	}
	if err == nil {
		err = t.keep(b)
	}
	t.leave()
	if err != nil {
		return err
	}
	t.eager = 2*t.changed > len(t.rows)
	if b.Ops != nil || t.ttl > 0 {
		if err := t.sweep(); err != nil {
			return err
		}
	}
	t.ctx.Metrics.StateKeys.Store(int64(t.keys.Len()))
	t.ctx.Metrics.StateBytes.Store(t.heap.Bytes() + t.keys.Bytes())
	return nil
}

// leave ends with a batch.
func (t *topN) leave() {
	for _, block := range t.dead {
		t.heap.Drop(block)
	}
	t.dead, t.accepted = t.dead[:0], t.accepted[:0]
	t.batch, t.out = nil, nil
}

// resolve finds the records of the rows' partitions. Where most batches change few
// of them they are looked up first, so that a snapshot has what changed and no more.
func (t *topN) resolve(b *data.Batch) error {
	n := len(t.rows)
	if cap(t.recs) < n {
		size := max(n, data.BatchSize)
		t.recs, t.found = make([]unsafe.Pointer, size), make([]unsafe.Pointer, size)
	}
	t.recs = t.recs[:n]
	if t.eager {
		_, err := t.keys.Resolve(b, t.spec.Keys, t.rows, t.recs)
		return err
	}
	if err := t.keys.Lookup(b, t.spec.Keys, t.rows, t.recs); err != nil {
		return err
	}
	t.missing, t.place = t.missing[:0], t.place[:0]
	for i, rec := range t.recs {
		if rec == nil {
			t.missing, t.place = append(t.missing, t.rows[i]), append(t.place, int32(i))
		}
	}
	if len(t.missing) == 0 {
		return nil
	}
	found := t.found[:len(t.missing)]
	if _, err := t.keys.Resolve(b, t.spec.Keys, t.missing, found); err != nil {
		return err
	}
	for i, at := range t.place {
		t.recs[at] = found[i]
	}
	return nil
}

// changes applies the rows one by one.
func (t *topN) changes(b *data.Batch) error {
	for i := 0; i < len(t.rows); i++ {
		rec, r := t.recs[i], t.rows[i]
		var err error
		if t.ttl > 0 {
			if err = t.expire(rec); err != nil {
				return err
			}
		}
		switch op := b.Op(int(r)); {
		case t.single:
			if !op.Adds() {
				return fmt.Errorf("a top-n over inserts got a change %s", op)
			}
			err = t.best(rec, i)
		case t.spec.Improves && op == data.UpdateBefore && i+1 < len(t.rows) && t.recs[i+1] == rec && b.Op(int(t.rows[i+1])) == data.UpdateAfter:
			i++
			err = t.improve(rec, t.position(partitionOf(rec), r), i)
		case t.spec.RowKey != nil && op == data.UpdateAfter:
			err = t.improve(rec, t.keyed(partitionOf(rec), r), i)
		case op.Adds():
			err = t.add(rec, i, !t.folds)
		default:
			err = t.take(rec, r, !t.folds)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// best handles a row of a partition that has one row at most.
func (t *topN) best(rec unsafe.Pointer, i int) error {
	p, r := partitionOf(rec), t.rows[i]
	now := entry{t.prefixes[r], ofBatch | uint64(r)}
	if p.n == 0 {
		if err := t.touch(rec); err != nil {
			return err
		}
		p.n, p.prefix, p.block = 1, now.prefix, now.ref
		t.accepted = append(t.accepted, int32(i))
		if t.folds || t.quiet {
			return nil
		}
		return t.give(now, 1, data.Insert)
	}
	old := entry{p.prefix, p.block}
	if c := t.compare(old, r); c < 0 || c == 0 && !t.spec.Latest {
		return nil
	}
	if err := t.touch(rec); err != nil {
		return err
	}
	p.prefix, p.block = now.prefix, now.ref
	t.accepted = append(t.accepted, int32(i))
	t.drop(old)
	if t.folds || t.quiet {
		return nil
	}
	return t.replace(old, now)
}

// replace gives a row that takes the place of the only one.
func (t *topN) replace(old, now entry) error {
	out, in := data.Delete, data.Insert
	if t.spec.Number || t.spec.Replaces {
		out, in = data.UpdateBefore, data.UpdateAfter
	}
	if err := t.give(old, t.spec.From, out); err != nil {
		return err
	}
	return t.give(now, t.spec.From, in)
}

// drop frees what holds a row, at the end of the batch.
func (t *topN) drop(e entry) {
	if e.ref&ofBatch == 0 {
		t.dead = append(t.dead, e.ref)
	}
}

// touch says that a partition is about to change.
func (t *topN) touch(rec unsafe.Pointer) error {
	t.changed++
	if t.folds {
		t.fold(rec)
	}
	if t.ttl > 0 {
		partitionOf(rec).wrote = t.ctx.Env.Now
	}
	return t.keys.Touch(rec)
}

// expire forgets the rows of a partition that was not changed for too long.
func (t *topN) expire(rec unsafe.Pointer) error {
	p := partitionOf(rec)
	if p.n == 0 || t.ctx.Env.Now-p.wrote < t.ttl {
		return nil
	}
	if err := t.keys.Touch(rec); err != nil {
		return err
	}
	if t.single {
		t.drop(entry{ref: p.block})
		p.n, p.block = 0, 0
		return nil
	}
	for p.n > 0 {
		t.drop(t.remove(p, int(p.n-1)))
	}
	return nil
}

// add puts a row in and, with tell, gives what that changes.
func (t *topN) add(rec unsafe.Pointer, i int, tell bool) error {
	p, r, to := partitionOf(rec), t.rows[i], int(t.spec.To)
	if !t.spec.Retracts && int(p.n) >= to && t.compare(*t.at(p, to-1), r) <= 0 {
		return nil // the commonest: it is not among the first
	}
	if err := t.touch(rec); err != nil {
		return err
	}
	pos := t.find(p, r, !t.newest)
	e := entry{t.prefixes[r], ofBatch | uint64(r)}
	if err := t.insert(p, pos, e); err != nil {
		return err
	}
	t.accepted = append(t.accepted, int32(i))
	var dropped entry
	if int(p.n) > to {
		if dropped = *t.at(p, to); !t.spec.Retracts {
			t.remove(p, to)
			t.drop(dropped)
		}
	}
	if !tell {
		return nil
	}
	return t.entered(p, pos, e, dropped)
}

// take takes a row out and, with tell, gives what that changes. One that is not
// there is left alone.
func (t *topN) take(rec unsafe.Pointer, r int32, tell bool) error {
	p := partitionOf(rec)
	pos := t.position(p, r)
	if pos < 0 {
		return nil
	}
	if err := t.touch(rec); err != nil {
		return err
	}
	e := t.remove(p, pos)
	t.drop(e)
	if !tell {
		return nil
	}
	return t.left(p, pos, e)
}

// position finds a row of the batch among the entries; -1: it is not there.
func (t *topN) position(p *partition, r int32) int {
	for pos := t.find(p, r, false); pos < int(p.n); pos++ {
		e := *t.at(p, pos)
		if e.prefix != t.prefixes[r] || t.compare(e, r) != 0 {
			return -1
		}
		if t.isRow(e, r) {
			return pos
		}
	}
	return -1
}

// keyed finds the entry with the key of a row of the batch; -1: it is not there.
func (t *topN) keyed(p *partition, r int32) int {
	for pos := range int(p.n) {
		if t.sameKey(*t.at(p, pos), r) {
			return pos
		}
	}
	return -1
}

// keep packs the rows of the batch that are in a partition now.
func (t *topN) keep(b *data.Batch) error {
	rows, refs := t.missing[:0], t.refs[:0]
	for _, i := range t.accepted {
		p, r := partitionOf(t.recs[i]), t.rows[i]
		if ref := t.batchRef(p, r); ref != nil {
			rows, refs = append(rows, r), append(refs, ref)
		}
	}
	t.missing, t.refs = rows, refs
	if len(rows) == 0 {
		return nil
	}
	sizes, err := t.layout.Sizes(&t.scratch, b.Cols, rows)
	if err != nil {
		return err
	}
	found := t.found[:len(rows)]
	for k, n := range sizes {
		block, mem, err := t.heap.Alloc(rowHead + int(n))
		if err != nil {
			return err
		}
		t.rowID++
		*(*int64)(mem) = t.rowID
		found[k] = unsafe.Add(mem, rowHead)
		*refs[k] = block
	}
	t.layout.Write(&t.scratch, b.Cols, rows, found)
	return nil
}

// batchRef is where a partition refers to row r of the batch; nil: it does not any more.
func (t *topN) batchRef(p *partition, r int32) *uint64 {
	ref := ofBatch | uint64(r)
	if t.single {
		if p.block == ref {
			return &p.block
		}
		return nil
	}
	for pos := t.find(p, r, false); pos < int(p.n); pos++ {
		e := t.at(p, pos)
		if e.ref == ref {
			return &e.ref
		}
		if t.compare(*e, r) != 0 {
			return nil
		}
	}
	return nil
}

// sweep forgets partitions without rows.
func (t *topN) sweep() error {
	for _, rec := range t.recs {
		if state.Alive(rec) && partitionOf(rec).n == 0 {
			if err := t.keys.Delete(rec); err != nil {
				return err
			}
		}
	}
	if t.ttl > 0 {
		var err error
		if t.swept, err = t.keys.Walk(t.swept, sweepStep, func(rec unsafe.Pointer) error {
			if err := t.expire(rec); err != nil || partitionOf(rec).n > 0 {
				return err
			}
			return t.keys.Delete(rec)
		}); err != nil {
			return err
		}
		for _, block := range t.dead {
			t.heap.Drop(block)
		}
		t.dead = t.dead[:0]
	}
	if t.keys.NeedsCompaction() {
		t.swept = 0
		return t.keys.Compact(func(_, _ unsafe.Pointer) {})
	}
	return nil
}

// sweepStep is how many partitions are looked at after a batch for those that
// have lived too long.
const sweepStep = 256
