// Package temporal joins rows with the version of a table that was in force at
// their time.
//
// The rule: which version a row meets depends on event time alone, never on
// which of the two came first.
package temporal

import (
	"fmt"
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
	operator.TimedRows
	spec  graph.Temporal
	cond  *operator.Condition
	types [2][]data.Type // of the columns given
	ctx   *operator.Context

	watermark int64

	// scratch
	picked  []int32
	keyed   []unsafe.Pointer
	waiting []state.Entry
	ready   [2][]unsafe.Pointer // left rows, and the versions in force: nil where there is none
	drops   [2][]uint64         // rows that go when these are given
	empty   []unsafe.Pointer    // keys without rows
}

const left, right = 0, 1

// A row says what it changes; a version that deletes has op Delete. A part of the
// key of a left row may be NULL, which equals nothing.
func opOf(row unsafe.Pointer) *data.Op { return (*data.Op)(operator.Own(row)) }

func nullOf(row unsafe.Pointer) *bool { return (*bool)(unsafe.Add(operator.Own(row), 1)) }

// New makes the operator of a Temporal.
func New(op graph.Op, input [][]data.Column, functions *function.Set) (operator.Operator, error) {
	spec := *op.Temporal
	rows, err := operator.NewTimedRows(op.Name, input, [2][]int{spec.LeftKeys, spec.RightKeys}, [2]int{spec.LeftTime, spec.RightTime},
		"op", func(row unsafe.Pointer) int64 { return int64(*opOf(row)) })
	if err != nil {
		return nil, err
	}
	j := &join{TimedRows: rows, spec: spec, watermark: data.MinWatermark}
	for i, c := range op.Schema {
		s := left
		if i >= len(input[left]) {
			s = right
		}
		j.types[s] = append(j.types[s], c.Type)
	}
	if j.spec.Condition != nil {
		if j.cond, err = operator.NewCondition(*j.spec.Condition, input, functions); err != nil {
			return nil, err
		}
	}
	return j, nil
}

func (j *join) Open(c *operator.Context) error {
	j.ctx = c
	j.TimedRows.Open(c, 0x74)
	return nil
}

func (j *join) Process(side int, b *data.Batch, _ operator.Output) error {
	defer b.Release()
	j.picked = operator.Rows(b, j.picked)
	times := b.Cols[j.TimeCols[side]]
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
	addrs, recs, err := j.Rows[side].Keep(b.Cols, j.picked)
	if err != nil {
		return err
	}
	for i, r := range j.picked {
		*opOf(recs[i]) = b.Op(int(r))
	}
	if err := j.enter(side, b, j.picked, addrs, recs); err != nil {
		return err
	}
	return j.Settle()
}

// enter puts rows of a batch that are kept into the lists of their keys.
func (j *join) enter(side int, b *data.Batch, rows []int32, addrs []uint64, recs []unsafe.Pointer) error {
	if b.Hashes == nil {
		data.HashKeys(b, j.KeyCols[side])
	}
	if cap(j.keyed) < len(rows) {
		j.keyed = make([]unsafe.Pointer, max(len(rows), data.BatchSize))
	}
	keys := j.keyed[:len(rows)]
	if _, err := j.Keys.Resolve(b, j.KeyCols[side], rows, keys); err != nil {
		return err
	}
	times := b.Cols[j.TimeCols[side]].I64
	for i, r := range rows {
		key, at := keys[i], times[r]
		j.Belongs(recs[i], key)
		if side == left {
			for _, k := range j.KeyCols[left] {
				if b.Cols[k].IsNull(int(r)) {
					*nullOf(recs[i]) = true
				}
			}
		}
		list := j.List(key, side)
		if side == right {
			place := j.Lists.Find(list, at, false)
			if same, _ := j.Lists.From(list, place); same != nil && same[0].At == at { // it takes its place
				old := same[0].Ref
				same[0].Ref = addrs[i]
				if err := j.Rows[right].Drop(old); err != nil {
					return err
				}
				continue
			}
		}
		if err := j.Lists.Insert(list, state.Entry{At: at, Ref: addrs[i]}); err != nil {
			return err
		}
		if err := j.Appoint(key, at); err != nil {
			return err
		}
	}
	return nil
}

func (j *join) Watermark(wm int64, out operator.Output) error {
	if wm > j.watermark {
		j.watermark = wm
		for key := j.Due(wm); key != nil; key = j.Due(wm) {
			if err := j.fire(key, wm, out); err != nil {
				return err
			}
		}
		if err := j.give(out); err != nil {
			return err
		}
		for _, key := range j.empty {
			if err := j.Keys.Delete(key); err != nil {
				return err
			}
		}
		j.empty = j.empty[:0]
		if err := j.Settle(); err != nil {
			return err
		}
	}
	return out.Watermark(wm)
}

// fire joins the left rows of a key up to a time, as they came, and forgets
// versions that no row can meet any more.
func (j *join) fire(key unsafe.Pointer, wm int64, out operator.Output) error {
	rows, versions := j.List(key, left), j.List(key, right)
	j.waiting = j.waiting[:0]
	stop := false
	for entries, next := j.Lists.From(rows, state.Place{}); entries != nil && !stop; entries, next = j.Lists.From(rows, next) {
		for _, e := range entries {
			if stop = e.At > wm; stop {
				break
			}
			j.waiting = append(j.waiting, e)
		}
	}
	j.Lists.DropFirst(rows, len(j.waiting))
	from := j.Rows[left]
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
		if err := j.Appoint(key, j.Lists.First(rows).At); err != nil {
			return err
		}
	}
	if entries, _ := j.Lists.From(versions, j.Lists.Find(versions, wm, true)); entries != nil {
		if err := j.Appoint(key, entries[0].At); err != nil {
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
	e, ok := j.Lists.Before(versions, j.Lists.Find(versions, at, true))
	if !ok {
		return nil, nil
	}
	if rec := j.Rows[right].At(e.Ref); opOf(rec).Adds() {
		return rec, nil
	}
	return nil, nil
}

// expire forgets the versions before the one in force at a time.
func (j *join) expire(versions *state.Sorted, wm int64, out operator.Output) error {
	for {
		entries, next := j.Lists.From(versions, state.Place{})
		n := 0
		for n < len(entries) {
			following := int64(0)
			if n+1 < len(entries) {
				following = entries[n+1].At
			} else if more, _ := j.Lists.From(versions, next); more != nil {
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
		j.Lists.DropFirst(versions, n)
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
		for s, r := range j.Rows {
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
	for s, r := range j.Rows {
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
		return j.Rows[side].Gather(o, j.ready[side], cols, types)
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
