// Package temporal joins rows with the version of a table that was in force at
// their time.
//
// The rule: which version a row meets depends on event time alone, never on
// which of the two came first.
package temporal

import (
	"fmt"
	"math"
	"slices"
	"unsafe"

	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/function"
	"github.com/weir-streams/weir/engine/graph"
	"github.com/weir-streams/weir/engine/operator"
	"github.com/weir-streams/weir/engine/state"
)

// join is the operator. A key's record has a list by time of left rows that wait,
// and one of versions; the rows lie packed.
type join struct {
	spec  graph.Temporal
	keys  [2][]int
	times [2]int
	cond  *operator.Condition
	types [2][]data.Type // of the columns given
	ctx   *operator.Context

	table     *state.Table
	lists     *state.Lists
	rows      [2]*operator.RowStore
	watermark int64
	due       operator.Agenda

	// scratch
	picked  []int32
	keyed   []unsafe.Pointer
	waiting []state.Entry
	ready   [2][]unsafe.Pointer // left rows, and the versions in force: nil where there is none
	drops   [2][]uint64         // rows that go when these are given
	empty   []unsafe.Pointer    // keys without rows
}

const left, right = 0, 1

// A key's record: two lists, and when it is to be looked at.
const (
	keyDue   = 2 * state.SortedSize
	keyWidth = keyDue + 8
)

const never = math.MaxInt64

// A row's head: its key's record and what it says. A version that deletes has op
// Delete. A part of the key of a left row may be NULL, which equals nothing.
const (
	rowKey  = 0
	rowOp   = 8
	rowNull = 9
	rowHead = 16
)

func listOf(key unsafe.Pointer, side int) *state.Sorted {
	return (*state.Sorted)(unsafe.Add(state.Value(key), side*state.SortedSize))
}

func dueOf(key unsafe.Pointer) *int64 { return (*int64)(unsafe.Add(state.Value(key), keyDue)) }

func keyOf(row unsafe.Pointer) unsafe.Pointer { return *(*unsafe.Pointer)(unsafe.Add(row, rowKey)) }

// setKey writes a reference as a number: the collector neither follows nor minds it.
func setKey(row, key unsafe.Pointer) { *(*uintptr)(unsafe.Add(row, rowKey)) = uintptr(key) }

func opOf(row unsafe.Pointer) *data.Op { return (*data.Op)(unsafe.Add(row, rowOp)) }

func nullOf(row unsafe.Pointer) *bool { return (*bool)(unsafe.Add(row, rowNull)) }

// New makes the operator of a Temporal.
func New(op graph.Op, input [][]data.Column, functions *function.Set) (operator.Operator, error) {
	j := &join{spec: *op.Temporal, watermark: data.MinWatermark}
	if len(input) != 2 {
		return nil, fmt.Errorf("%s has %d inputs where a join has two", op.Name, len(input))
	}
	j.keys = [2][]int{j.spec.LeftKeys, j.spec.RightKeys}
	j.times = [2]int{j.spec.LeftTime, j.spec.RightTime}
	for s := range input {
		if t := input[s][j.times[s]].Type; t.Phys() != data.PhysI64 {
			return nil, fmt.Errorf("%s joins by a time of type %s", op.Name, t)
		}
		r := operator.NewRowStore(names[s], input[s], j.keys[s], rowHead, "at", "op")
		r.Hash = func(rec unsafe.Pointer) uint64 { return state.Hash(keyOf(rec)) }
		r.Extra = func(to []int64, rec unsafe.Pointer) { to[0], to[1] = j.timeOf(s, rec), int64(*opOf(rec)) }
		j.rows[s] = r
	}
	for i, c := range op.Schema {
		s := left
		if i >= len(input[left]) {
			s = right
		}
		j.types[s] = append(j.types[s], c.Type)
	}
	if j.spec.Condition != nil {
		var err error
		if j.cond, err = operator.NewCondition(*j.spec.Condition, input, functions); err != nil {
			return nil, err
		}
	}
	return j, nil
}

func (j *join) Open(c *operator.Context) error {
	j.ctx = c
	types := make([]data.Type, len(j.keys[left]))
	for i, k := range j.keys[left] {
		types[i] = c.Input[left][k].Type
	}
	j.table = state.NewTable(types, keyWidth, 0x74, c.Memory)
	j.lists = state.NewLists(c.Memory)
	j.due.Budget = c.Memory
	j.rows[left].Open(c)
	j.rows[right].Open(c)
	return nil
}

func (j *join) Close() error {
	if j.table != nil {
		j.table.Free()
		j.lists.Free()
		j.due.Free()
		j.rows[left].Close()
		j.rows[right].Close()
	}
	return nil
}

// timeOf is the time of a row.
func (j *join) timeOf(side int, rec unsafe.Pointer) int64 {
	r := j.rows[side]
	return r.Layout.I64(r.Row(rec), j.times[side])
}

func (j *join) Process(side int, b *data.Batch, _ operator.Output) error {
	defer b.Release()
	j.picked = operator.Rows(b, j.picked)
	times := b.Cols[j.times[side]]
	n := 0
	for _, r := range j.picked {
		if times.IsNull(int(r)) {
			return fmt.Errorf("the time of a row of a temporal join is NULL; filter such rows out before it")
		}
		if side == right && b.Op(int(r)) == data.UpdateBefore {
			continue // the version that follows ends it
		}
		j.picked[n] = r
		n++
	}
	j.picked = j.picked[:n]
	addrs, recs, err := j.rows[side].Keep(b.Cols, j.picked)
	if err != nil {
		return err
	}
	for i, r := range j.picked {
		*opOf(recs[i]) = b.Op(int(r))
	}
	if err := j.enter(side, b, j.picked, addrs, recs); err != nil {
		return err
	}
	return j.settle()
}

// enter puts rows of a batch that are kept into the lists of their keys.
func (j *join) enter(side int, b *data.Batch, rows []int32, addrs []uint64, recs []unsafe.Pointer) error {
	if b.Hashes == nil {
		data.HashKeys(b, j.keys[side])
	}
	if cap(j.keyed) < len(rows) {
		j.keyed = make([]unsafe.Pointer, max(len(rows), data.BatchSize))
	}
	keys := j.keyed[:len(rows)]
	if _, err := j.table.Resolve(b, j.keys[side], rows, keys); err != nil {
		return err
	}
	times := b.Cols[j.times[side]].I64
	for i, r := range rows {
		key, at := keys[i], times[r]
		setKey(recs[i], key)
		if side == left {
			for _, k := range j.keys[left] {
				if b.Cols[k].IsNull(int(r)) {
					*nullOf(recs[i]) = true
				}
			}
		}
		if listOf(key, left).Len()+listOf(key, right).Len() == 0 {
			*dueOf(key) = never
		}
		list := listOf(key, side)
		if side == right {
			place := j.lists.Find(list, at, false)
			if same, _ := j.lists.From(list, place); same != nil && same[0].At == at { // it takes its place
				old := same[0].Ref
				same[0].Ref = addrs[i]
				if err := j.rows[right].Drop(old); err != nil {
					return err
				}
				continue
			}
		}
		if err := j.lists.Insert(list, state.Entry{At: at, Ref: addrs[i]}); err != nil {
			return err
		}
		if err := j.appoint(key, at); err != nil {
			return err
		}
	}
	return nil
}

// appoint sees to it that a key is looked at by a time.
func (j *join) appoint(key unsafe.Pointer, at int64) error {
	if due := dueOf(key); at < *due {
		*due = at
		return j.due.Add(at, key)
	}
	return nil
}

func (j *join) Watermark(wm int64, out operator.Output) error {
	if wm > j.watermark {
		j.watermark = wm
		for {
			at, key, ok := j.due.Next(wm)
			if !ok {
				break
			}
			if state.Alive(key) && *dueOf(key) == at { // else it was looked at before
				if err := j.fire(key, wm, out); err != nil {
					return err
				}
			}
		}
		if err := j.give(out); err != nil {
			return err
		}
		for _, key := range j.empty {
			if err := j.table.Delete(key); err != nil {
				return err
			}
		}
		j.empty = j.empty[:0]
		if err := j.settle(); err != nil {
			return err
		}
	}
	return out.Watermark(wm)
}

// fire joins the left rows of a key up to a time, as they came, and forgets
// versions that no row can meet any more.
func (j *join) fire(key unsafe.Pointer, wm int64, out operator.Output) error {
	rows, versions := listOf(key, left), listOf(key, right)
	*dueOf(key) = never
	j.waiting = j.waiting[:0]
	stop := false
	for entries, next := j.lists.From(rows, state.Place{}); entries != nil && !stop; entries, next = j.lists.From(rows, next) {
		for _, e := range entries {
			if stop = e.At > wm; stop {
				break
			}
			j.waiting = append(j.waiting, e)
		}
	}
	j.lists.DropFirst(rows, len(j.waiting))
	from := j.rows[left]
	slices.SortFunc(j.waiting, func(a, b state.Entry) int { return int(state.Number(from.At(a.Ref)) - state.Number(from.At(b.Ref))) })
	for _, e := range j.waiting {
		rec := from.At(e.Ref)
		version, err := j.version(versions, e.At)
		if err != nil {
			return err
		}
		if *nullOf(rec) {
			version = nil
		}
		j.drops[left] = append(j.drops[left], e.Ref)
		if version == nil && j.spec.Kind == graph.InnerJoin {
			continue
		}
		j.ready[left], j.ready[right] = append(j.ready[left], rec), append(j.ready[right], version)
		if len(j.ready[left]) == data.BatchSize {
			if err := j.give(out); err != nil {
				return err
			}
		}
	}
	if err := j.expire(versions, wm, out); err != nil {
		return err
	}
	if rows.Len() > 0 {
		if err := j.appoint(key, j.lists.First(rows).At); err != nil {
			return err
		}
	}
	if entries, _ := j.lists.From(versions, j.lists.Find(versions, wm, true)); entries != nil {
		if err := j.appoint(key, entries[0].At); err != nil {
			return err
		}
	}
	if rows.Len()+versions.Len() == 0 {
		j.empty = append(j.empty, key)
	}
	return nil
}

// version is the row that is in force at a time, nil if there is none.
func (j *join) version(versions *state.Sorted, at int64) (unsafe.Pointer, error) {
	e, ok := j.lists.Before(versions, j.lists.Find(versions, at, true))
	if !ok {
		return nil, nil
	}
	if rec := j.rows[right].At(e.Ref); opOf(rec).Adds() {
		return rec, nil
	}
	return nil, nil
}

// expire forgets the versions before the one in force at a time.
func (j *join) expire(versions *state.Sorted, wm int64, out operator.Output) error {
	for {
		entries, next := j.lists.From(versions, state.Place{})
		n := 0
		for n < len(entries) {
			following := int64(0)
			if n+1 < len(entries) {
				following = entries[n+1].At
			} else if more, _ := j.lists.From(versions, next); more != nil {
				following = more[0].At
			} else {
				break
			}
			if following > wm {
				break
			}
			n++
		}
		if n == 0 {
			return nil
		}
		for _, e := range entries[:n] {
			j.drops[right] = append(j.drops[right], e.Ref) // rows that are ready may read it
		}
		j.lists.DropFirst(versions, n)
		if len(j.drops[right]) >= data.BatchSize {
			if err := j.give(out); err != nil {
				return err
			}
		}
	}
}

// give sends the pairs that are ready, and drops the rows that go with them.
func (j *join) give(out operator.Output) error {
	if len(j.ready[left]) > 0 {
		if err := j.judge(); err != nil {
			return err
		}
	}
	if n := len(j.ready[left]); n > 0 {
		o := data.NewBatch(len(j.types[left]) + len(j.types[right]))
		o.N = n
		for s, r := range j.rows {
			if err := r.Gather(o, j.ready[s], nil, j.types[s]); err != nil {
				o.Release()
				return err
			}
		}
		for i, rec := range j.ready[left] {
			if op := *opOf(rec); op != data.Insert {
				if o.Ops == nil {
					o.Ops = make([]data.Op, n)
				}
				o.Ops[i] = op
			}
		}
		if err := out.Emit(o); err != nil {
			return err
		}
	}
	for s, r := range j.rows {
		for _, addr := range j.drops[s] {
			if err := r.Drop(addr); err != nil {
				return err
			}
		}
		j.ready[s], j.drops[s] = j.ready[s][:0], j.drops[s][:0]
	}
	return nil
}

// judge applies the condition to the pairs: those it refuses are left out, or
// given without their version.
func (j *join) judge() error {
	if j.cond == nil {
		return nil
	}
	sel, err := j.cond.Judge(len(j.ready[left]), j.ctx.Env, func(o *data.Batch, side int, cols []int, types []data.Type) error {
		return j.rows[side].Gather(o, j.ready[side], cols, types)
	})
	if err != nil || sel == nil { // all pass
		return err
	}
	l, r := j.ready[left], j.ready[right]
	if j.spec.Kind == graph.InnerJoin {
		for i, k := range sel {
			l[i], r[i] = l[k], r[k]
		}
		j.ready[left], j.ready[right] = l[:len(sel)], r[:len(sel)]
		return nil
	}
	k := 0
	for i := range r {
		if k < len(sel) && int(sel[k]) == i {
			k++
		} else {
			r[i] = nil
		}
	}
	return nil
}

// settle gives memory back.
func (j *join) settle() error {
	for s, r := range j.rows {
		if err := r.Settle(func(from, to uint64, rec unsafe.Pointer) {
			j.lists.Redirect(listOf(keyOf(rec), s), j.timeOf(s, rec), from, to)
		}); err != nil {
			return err
		}
	}
	if j.table.NeedsCompaction() {
		if err := j.compact(); err != nil {
			return err
		}
	}
	j.ctx.Metrics.StateKeys.Store(int64(j.table.Len()))
	j.ctx.Metrics.StateBytes.Store(j.table.Bytes() + j.lists.Bytes() + j.rows[left].Bytes() + j.rows[right].Bytes() + j.due.Bytes())
	return nil
}

// compact moves the keys.
func (j *join) compact() error {
	j.due.Clear()
	var late error
	err := j.table.Compact(func(_, key unsafe.Pointer) {
		for s, r := range j.rows {
			list := listOf(key, s)
			for entries, next := j.lists.From(list, state.Place{}); entries != nil; entries, next = j.lists.From(list, next) {
				for _, e := range entries {
					setKey(r.At(e.Ref), key)
				}
			}
		}
		if *dueOf(key) != never {
			if err := j.due.Add(*dueOf(key), key); err != nil {
				late = err
			}
		}
	})
	if err != nil {
		return err
	}
	return late
}
