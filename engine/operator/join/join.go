// Package join matches the rows of two streams by key: INNER, LEFT, RIGHT,
// FULL, SEMI and ANTI joins over inputs that may take rows back.
//
// The rule: both inputs are kept whole, so that whatever arrives, in whatever
// order, the changes given add up to the join of all rows that are there.
package join

import (
	"fmt"
	"unsafe"

	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/function"
	"github.com/weir-streams/weir/engine/graph"
	"github.com/weir-streams/weir/engine/operator"
	"github.com/weir-streams/weir/engine/state"
)

// maxPairs is how many candidates are collected before they are judged and given.
const maxPairs = 4 * data.BatchSize

// join is the operator. A batch is matched in steps: its keys are found, its
// rows put into or taken from its side, the candidates of the other side
// listed, judged by the condition, and turned into changes row by row.
type join struct {
	spec  graph.Join
	store store
	cond  *operator.Condition
	ctx   *operator.Context
	types []data.Type // of the rows given

	rows   []int32          // of the batch
	keys   []unsafe.Pointer // by position in rows: the key's record; nil: a key that equals nothing
	own    []unsafe.Pointer // by position: the row's record
	skip   []bool           // by position: takes back what is not there
	keyed  []int32          // scratch: rows with a key
	recs   []unsafe.Pointer // scratch
	found  []unsafe.Pointer // scratch
	hashes []uint64         // scratch: of whole rows
	first  []unsafe.Pointer // scratch: by position: the first candidate
	judged []int32          // scratch
	pairs  pairs
	best   *best // nil: all rows count
	out    changes

	touched uint64
}

// pairs are rows of the batch with candidates of the other side.
type pairs struct {
	at  []int32 // positions, ascending
	rec []unsafe.Pointer
}

// New makes the operator of a Join.
func New(op graph.Op, input [][]data.Column, functions *function.Set) (operator.Operator, error) {
	spec := *op.Join
	if len(input) != 2 {
		return nil, fmt.Errorf("%s has %d inputs where a join has two", op.Name, len(input))
	}
	j := &join{spec: spec}
	kind := spec.Kind
	j.store.sides = []side{
		newSide("left", input[0], spec.LeftKeys, kind.KeepsLeft(), kind.KeepsLeft() || kind.LeftOnly(), spec.LeftInserts, spec.LeftTTLMillis),
		newSide("right", input[1], spec.RightKeys, kind.KeepsRight(), kind.KeepsRight(), spec.RightInserts, spec.RightTTLMillis),
	}
	for i := range spec.LeftKeys {
		l, r := input[0][spec.LeftKeys[i]].Type, input[1][spec.RightKeys[i]].Type
		if l.Phys() != r.Phys() || l.Scale != r.Scale {
			return nil, fmt.Errorf("%s compares %s with %s", op.Name, l, r)
		}
	}
	for i, c := range op.Schema {
		j.types = append(j.types, c.Type)
		if i < len(input[0]) {
			j.out.types[0] = append(j.out.types[0], c.Type)
		} else {
			j.out.types[1] = append(j.out.types[1], c.Type)
		}
	}
	j.out.leaveOut(spec.Unread)
	if spec.Best != nil && kind == graph.InnerJoin && spec.LeftInserts && spec.RightInserts {
		j.best = newBest(spec)
	}
	if spec.Condition != nil {
		var err error
		if j.cond, err = operator.NewCondition(*spec.Condition, input, functions); err != nil {
			return nil, err
		}
	}
	return j, nil
}

func (j *join) Open(c *operator.Context) error {
	j.ctx = c
	j.store.open(c.Memory)
	return nil
}

func (j *join) Watermark(wm int64, out operator.Output) error { return out.Watermark(wm) }

func (j *join) Close() error {
	j.store.free()
	return nil
}

func (j *join) Process(input int, b *data.Batch, out operator.Output) error {
	defer b.Release()
	me := &j.store.sides[input]
	if b.Hashes == nil {
		data.HashKeys(b, me.keys)
	}
	j.rows = operator.Rows(b, j.rows)
	if me.inserts && b.Ops != nil {
		for _, r := range j.rows {
			if b.Ops[r] != data.Insert {
				return fmt.Errorf("the %s side of a join, which has inserts only, got a change %s", me.name, b.Ops[r])
			}
		}
	}
	limited := j.store.sides[0].ttl > 0 || j.store.sides[1].ttl > 0
	if limited {
		if err := j.store.tick(j.ctx.Env.Now); err != nil {
			return err
		}
	}
	if err := j.resolve(input, me, b); err != nil {
		return err
	}
	if !me.inserts {
		j.keep(input, b)
	}
	j.out.begin(j, input, b, out)
	if j.best != nil {
		j.best.begin()
	}
	if err := j.match(input, b); err != nil {
		return err
	}
	if err := j.out.flush(); err != nil {
		return err
	}
	if b.Ops != nil && !me.inserts {
		if err := j.store.sweep(input, j.keys, j.own); err != nil {
			return err
		}
	}
	if limited {
		if err := j.store.expire(); err != nil {
			return err
		}
	}
	if limited || b.Ops != nil && !me.inserts {
		if err := j.store.compact(); err != nil {
			return err
		}
	}
	j.ctx.Metrics.StateKeys.Store(int64(j.store.keys.Len()))
	j.ctx.Metrics.StateBytes.Store(j.store.bytes())
	return nil
}

// resolve finds the records of the batch's keys and rows. Rows of a log are put
// into it.
func (j *join) resolve(input int, me *side, b *data.Batch) error {
	n := len(j.rows)
	if cap(j.keys) < n {
		size := max(n, data.BatchSize)
		j.keys, j.own, j.recs = make([]unsafe.Pointer, size), make([]unsafe.Pointer, size), make([]unsafe.Pointer, size)
		j.found, j.skip = make([]unsafe.Pointer, size), make([]bool, size)
	}
	j.keys, j.own, j.skip = j.keys[:n], j.own[:n], j.skip[:n]
	clear(j.skip)
	keyed := j.withKey(me, b)
	found, recs := j.found[:len(keyed)], j.recs[:len(keyed)]
	if _, err := j.store.keys.Resolve(b, me.keys, keyed, found); err != nil {
		return err
	}
	j.scatter(keyed, found, j.keys)
	if me.inserts {
		if err := me.put(input, b.Cols, keyed, found, recs); err != nil {
			return err
		}
		j.scatter(keyed, recs, j.own)
		return nil
	}
	whole := *b // the same columns under the hashes of whole rows
	whole.Hashes = j.hashes
	data.HashKeys(&whole, me.order)
	j.hashes = whole.Hashes
	if _, err := me.rows.Resolve(&whole, me.order, keyed, recs); err != nil {
		return err
	}
	for i, rec := range recs {
		recs[i] = state.Value(rec)
	}
	j.scatter(keyed, recs, j.own)
	return nil
}

// withKey lists the rows whose key can equal another.
func (j *join) withKey(me *side, b *data.Batch) []int32 {
	nulls := false
	for i, k := range me.keys {
		nulls = nulls || b.Cols[k].Nulls != nil && !j.nullKey(i)
	}
	if !nulls {
		return j.rows
	}
	j.keyed = j.keyed[:0]
rows:
	for _, r := range j.rows {
		for i, k := range me.keys {
			if !j.nullKey(i) && b.Cols[k].IsNull(int(r)) {
				continue rows
			}
		}
		j.keyed = append(j.keyed, r)
	}
	return j.keyed
}

func (j *join) nullKey(i int) bool { return i < len(j.spec.NullKeys) && j.spec.NullKeys[i] }

// scatter puts the records of the rows with a key at their positions.
func (j *join) scatter(keyed []int32, recs, to []unsafe.Pointer) {
	if len(keyed) == len(j.rows) {
		copy(to, recs)
		return
	}
	k := 0
	for i, r := range j.rows {
		to[i] = nil
		if k < len(keyed) && keyed[k] == r {
			to[i] = recs[k]
			k++
		}
	}
}

// keep puts the rows into their side and takes out what is retracted. What is
// taken back without being there is left out.
func (j *join) keep(input int, b *data.Batch) {
	for i, rec := range j.own {
		if rec == nil {
			continue
		}
		j.store.sides[input].stamp(rec)
		count := field(rec, rowCount)
		switch {
		case b.Ops == nil || b.Ops[j.rows[i]].Adds():
			if *count == 0 && !linked(j.keys[i], rec, input) {
				link(j.keys[i], rec, input)
			}
			*count++
		case *count == 0:
			j.skip[i] = true
		default:
			*count--
			j.skip[i] = j.follows(input, b, i)
		}
	}
}

// follows tells whether the change at a position is the -U of the +U right behind
// it, which says enough.
func (j *join) follows(input int, b *data.Batch, i int) bool {
	if j.spec.NoBefore == nil || i+1 >= len(j.rows) {
		return false
	}
	was, is := int(j.rows[i]), int(j.rows[i+1])
	if b.Ops[was] != data.UpdateBefore || b.Ops[is] != data.UpdateAfter {
		return false
	}
	key := j.spec.NoBefore.Left
	if input == 1 {
		key = j.spec.NoBefore.Right
	}
	for _, k := range key {
		if !data.EqualAt(b.Cols[k], was, b.Cols[k], is) {
			return false
		}
	}
	return true
}

// match lists candidates, judges them and gives the changes, some rows at a time.
func (j *join) match(input int, b *data.Batch) error {
	other := &j.store.sides[1-input]
	plain := j.spec.Kind == graph.InnerJoin && other.inserts // every candidate is a row to give
	heads := j.heads(1 - input)
	from := 0
	p := &j.pairs
	p.at, p.rec = p.at[:0], p.rec[:0]
	for i, rec := range heads {
		for ; rec != nil; rec = other.after(rec) {
			p.at, p.rec = append(p.at, int32(i)), append(p.rec, rec)
			if plain && len(p.at) == maxPairs {
				if err := j.give(input, b); err != nil {
					return err
				}
			}
		}
		if plain || len(p.at) < maxPairs && i < len(heads)-1 {
			continue
		}
		if err := j.step(input, b, from, i+1); err != nil {
			return err
		}
		from = i + 1
		p.at, p.rec = p.at[:0], p.rec[:0]
	}
	if plain {
		return j.give(input, b)
	}
	return nil
}

// heads gives the first candidate of each row, nil for none. They are looked at
// together, so that the misses of independent rows overlap.
func (j *join) heads(other int) []unsafe.Pointer {
	if cap(j.first) < len(j.keys) {
		j.first = make([]unsafe.Pointer, max(len(j.keys), data.BatchSize))
	}
	heads := j.first[:len(j.keys)]
	for i, key := range j.keys {
		if heads[i] = nil; key != nil && !j.skip[i] {
			heads[i] = j.store.first(key, other)
		}
	}
	var sum uint64
	for _, rec := range heads {
		if rec != nil {
			sum += *(*uint64)(rec)
		}
	}
	j.touched = sum // keeps the loads alive
	return heads
}

// give gives the candidates of an inner join that the condition leaves.
func (j *join) give(input int, b *data.Batch) error {
	p := &j.pairs
	if len(p.at) == 0 {
		return nil
	}
	if j.cond != nil {
		if err := j.judge(input, b); err != nil {
			return err
		}
	}
	if j.best != nil {
		j.best.leave(j, input, b)
	}
	err := j.out.addAll(p, j.rows)
	p.at, p.rec = p.at[:0], p.rec[:0]
	return err
}

// step gives the changes of the rows at positions [from, to).
func (j *join) step(input int, b *data.Batch, from, to int) error {
	if j.cond != nil && len(j.pairs.at) > 0 {
		if err := j.judge(input, b); err != nil {
			return err
		}
	}
	at := 0
	for i := from; i < to; i++ {
		start := at
		for at < len(j.pairs.at) && int(j.pairs.at[at]) == i {
			at++
		}
		if j.skip[i] {
			continue
		}
		r := j.rows[i]
		var err error
		if j.spec.Kind.LeftOnly() {
			err = j.exists(input, r, b.Op(int(r)), j.own[i], j.pairs.rec[start:at])
		} else {
			err = j.combine(input, r, b.Op(int(r)), j.own[i], j.pairs.rec[start:at])
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// combine gives what row r of the batch changes in an inner or outer join, in
// Flink's order and with its kinds of change.
func (j *join) combine(input int, r int32, op data.Op, own unsafe.Pointer, matches []unsafe.Pointer) error {
	me, other := &j.store.sides[input], &j.store.sides[1-input]
	keepsOwn, keepsOther := me.outer, other.outer
	joined := op
	switch {
	case !op.Adds():
		if keepsOwn {
			joined = data.Delete
		}
	case keepsOwn || keepsOther:
		joined = data.Insert
	}
	if len(matches) == 0 {
		if own != nil && me.counted && op.Adds() {
			*me.matches(own) = 0
		}
		if keepsOwn {
			return j.out.add(r, nil, joined, 1)
		}
		return nil
	}
	total := int64(0)
	for _, rec := range matches {
		count := other.count(rec)
		total += count
		if keepsOther && op.Adds() {
			m, err := other.change(rec)
			if err != nil {
				return err
			}
			if *m == 0 {
				if err := j.out.add(-1, rec, data.Delete, count); err != nil {
					return err
				}
			}
			*m++
		}
		if keepsOwn && keepsOther && op.Adds() {
			continue // what is taken back comes before all that is given
		}
		if err := j.out.add(r, rec, joined, count); err != nil {
			return err
		}
	}
	if keepsOwn && keepsOther && op.Adds() {
		for _, rec := range matches {
			if err := j.out.add(r, rec, joined, other.count(rec)); err != nil {
				return err
			}
		}
	}
	if op.Adds() {
		if me.counted {
			*me.matches(own) = total
		}
		return nil
	}
	if keepsOther {
		for _, rec := range matches {
			m, err := other.change(rec)
			if err != nil {
				return err
			}
			if *m--; *m == 0 {
				if err := j.out.add(-1, rec, data.Insert, other.count(rec)); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// exists gives what row r of the batch changes in a semi or anti join.
func (j *join) exists(input int, r int32, op data.Op, own unsafe.Pointer, matches []unsafe.Pointer) error {
	anti := j.spec.Kind == graph.AntiJoin
	me, other := &j.store.sides[input], &j.store.sides[1-input]
	if input == 0 {
		total := int64(0)
		for _, rec := range matches {
			total += other.count(rec)
		}
		if own != nil && op.Adds() {
			*me.matches(own) = total
		}
		if anti == (total == 0) {
			return j.out.add(r, nil, op, 1)
		}
		return nil
	}
	for _, rec := range matches {
		m, err := other.change(rec)
		if err != nil {
			return err
		}
		change := op
		var turned bool
		if op.Adds() {
			turned = *m == 0
			*m++
			if anti {
				change = data.Delete
			}
		} else {
			*m--
			turned = *m == 0
			if anti {
				change = data.Insert
			}
		}
		if !turned {
			continue
		}
		if err := j.out.add(-1, rec, change, other.count(rec)); err != nil {
			return err
		}
	}
	return nil
}
