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
)

// maxPairs is how many candidates are collected before they are judged and given.
const maxPairs = 4 * data.BatchSize

// join is the operator. A batch is matched in steps: its keys are found, its
// rows put into or taken from its side, the candidates of the other side
// listed, judged by the condition, and turned into changes row by row.
type join struct {
	spec  graph.Join
	store store
	cond  *condition
	ctx   *operator.Context
	types []data.Type // of the rows given

	rows   []int32          // of the batch
	keys   []unsafe.Pointer // by position in rows: the key's record; nil: a key that equals nothing
	own    []unsafe.Pointer // by position: the row's record
	skip   []bool           // by position: takes back what is not there
	keyed  []int32          // scratch: rows with a key
	recs   []unsafe.Pointer // scratch
	hashes []uint64         // scratch: of whole rows
	pairs  pairs
	out    changes
}

// pairs are rows of the batch with candidates of the other side.
type pairs struct {
	at  []int32 // positions, ascending
	rec []unsafe.Pointer
}

// New makes the operator of a Join.
func New(op graph.Op, input [][]data.Column, functions *function.Set) (operator.Operator, error) {
	spec := *op.Join
	if spec.TTLMillis > 0 {
		return nil, fmt.Errorf("table.exec.state.ttl on %s is not supported by this engine yet; remove it or run on a Flink target", op.Name)
	}
	if len(input) != 2 {
		return nil, fmt.Errorf("%s has %d inputs where a join has two", op.Name, len(input))
	}
	j := &join{spec: spec}
	j.store.sides[0] = newSide("left", input[0], spec.LeftKeys, spec.Kind.KeepsLeft())
	j.store.sides[1] = newSide("right", input[1], spec.RightKeys, spec.Kind.KeepsRight())
	j.store.sides[0].counted = spec.Kind.KeepsLeft() || spec.Kind.LeftOnly()
	j.store.sides[1].counted = spec.Kind.KeepsRight()
	for i := range spec.LeftKeys {
		l, r := input[0][spec.LeftKeys[i]].Type, input[1][spec.RightKeys[i]].Type
		if l.Phys() != r.Phys() || l.Scale != r.Scale {
			return nil, fmt.Errorf("%s compares %s with %s", op.Name, l, r)
		}
	}
	for _, c := range op.Schema {
		j.types = append(j.types, c.Type)
	}
	if spec.Condition != nil {
		var err error
		if j.cond, err = newCondition(*spec.Condition, input, functions); err != nil {
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
	if err := j.resolve(me, b); err != nil {
		return err
	}
	j.keep(input, b)
	j.out.begin(j, input, b, out)
	if err := j.match(input, b); err != nil {
		return err
	}
	if err := j.out.flush(); err != nil {
		return err
	}
	if b.Ops != nil {
		j.store.sweep(input, j.keys, j.own)
		if err := j.store.compact(); err != nil {
			return err
		}
	}
	j.ctx.Metrics.StateKeys.Store(int64(j.store.keys.Len()))
	j.ctx.Metrics.StateBytes.Store(j.store.bytes())
	return nil
}

// resolve finds the records of the batch's keys and rows.
func (j *join) resolve(me *side, b *data.Batch) error {
	n := len(j.rows)
	if cap(j.keys) < n {
		size := max(n, data.BatchSize)
		j.keys, j.own, j.recs = make([]unsafe.Pointer, size), make([]unsafe.Pointer, size), make([]unsafe.Pointer, size)
		j.skip = make([]bool, size)
	}
	j.keys, j.own, j.skip = j.keys[:n], j.own[:n], j.skip[:n]
	clear(j.skip)
	keyed := j.withKey(me, b)
	recs := j.recs[:len(keyed)]
	if _, err := j.store.keys.Resolve(b, me.keys, keyed, recs); err != nil {
		return err
	}
	j.scatter(keyed, recs, j.keys)
	whole := *b // the same columns under the hashes of whole rows
	whole.Hashes = j.hashes
	data.HashKeys(&whole, me.order)
	j.hashes = whole.Hashes
	if _, err := me.rows.Resolve(&whole, me.order, keyed, recs); err != nil {
		return err
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
		}
	}
}

// match lists candidates, judges them and gives the changes, some rows at a time.
func (j *join) match(input int, b *data.Batch) error {
	other := 1 - input
	from := 0
	j.pairs.at, j.pairs.rec = j.pairs.at[:0], j.pairs.rec[:0]
	for i, key := range j.keys {
		if key != nil && !j.skip[i] {
			for rec := first(key, other); rec != nil; rec = next(rec) {
				j.pairs.at, j.pairs.rec = append(j.pairs.at, int32(i)), append(j.pairs.rec, rec)
			}
		}
		if len(j.pairs.at) >= maxPairs || i == len(j.keys)-1 {
			if err := j.step(input, b, from, i+1); err != nil {
				return err
			}
			from = i + 1
			j.pairs.at, j.pairs.rec = j.pairs.at[:0], j.pairs.rec[:0]
		}
	}
	return nil
}

// step gives the changes of the rows at positions [from, to).
func (j *join) step(input int, b *data.Batch, from, to int) error {
	if j.cond != nil && len(j.pairs.at) > 0 {
		if err := j.cond.judge(&j.pairs, j.rows, input, b, &j.store.sides[1-input], j.ctx.Env); err != nil {
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
	keepsOwn, keepsOther := j.store.sides[input].outer, j.store.sides[1-input].outer
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
		if own != nil && j.store.sides[input].counted && op.Adds() {
			*field(own, rowMatches) = 0
		}
		if keepsOwn {
			return j.out.add(r, nil, joined, 1)
		}
		return nil
	}
	total := int64(0)
	for _, rec := range matches {
		count := *field(rec, rowCount)
		total += count
		if keepsOther && op.Adds() {
			m := field(rec, rowMatches)
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
			if err := j.out.add(r, rec, joined, *field(rec, rowCount)); err != nil {
				return err
			}
		}
	}
	if op.Adds() {
		if j.store.sides[input].counted {
			*field(own, rowMatches) = total
		}
		return nil
	}
	if keepsOther {
		for _, rec := range matches {
			m := field(rec, rowMatches)
			if *m--; *m == 0 {
				if err := j.out.add(-1, rec, data.Insert, *field(rec, rowCount)); err != nil {
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
	if input == 0 {
		total := int64(0)
		for _, rec := range matches {
			total += *field(rec, rowCount)
		}
		if own != nil && op.Adds() {
			*field(own, rowMatches) = total
		}
		if anti == (total == 0) {
			return j.out.add(r, nil, op, 1)
		}
		return nil
	}
	for _, rec := range matches {
		m := field(rec, rowMatches)
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
		if err := j.out.add(-1, rec, change, *field(rec, rowCount)); err != nil {
			return err
		}
	}
	return nil
}
