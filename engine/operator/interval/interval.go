// Package interval joins rows whose event times are near each other, and forgets
// them when time has moved on.
//
// The rule: a row is kept exactly as long as a row that is not late can meet it,
// and one without a match is given with NULLs when none can come any more.
package interval

import (
	"fmt"
	"math"
	"unsafe"

	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/function"
	"github.com/weir-streams/weir/engine/graph"
	"github.com/weir-streams/weir/engine/operator"
	"github.com/weir-streams/weir/engine/state"
)

// join is the operator. A key's record has a list of rows by time for each side;
// the rows lie packed. What comes is matched by columns, a batch of pairs at a time.
type join struct {
	operator.TimedRows
	spec  graph.IntervalJoin
	reach [2]int64 // how long after a row's time rows of the other side can meet it
	keeps [2]bool  // rows without a match are given
	cond  *operator.Condition
	types [2][]data.Type // of the columns given
	ctx   *operator.Context

	watermark int64
	// late is the time at which rows came that are kept and came behind it, by address
	// and side, until the watermark has passed: where both inputs are of one source,
	// rows of the other batch may have come before them.
	late [2]map[uint64]int64

	batch
}

// batch is what is done with the batch at hand.
type batch struct {
	in      *data.Batch
	side    int // that it comes from
	rows    []int32
	recs    []unsafe.Pointer // of the keys
	matched []bool           // by position in rows
	kept    []int32          // those that are kept, positions in rows
	pairs   []pair
	own     []int32
	others  []unsafe.Pointer
	numbers []int32
	gone    [2]gone
	empty   []unsafe.Pointer // keys without rows
}

// gone is rows that go without a match.
type gone struct {
	recs  []unsafe.Pointer
	addrs []uint64
}

// pair is a candidate: a row of the batch and one that is kept.
type pair struct {
	own   int32  // position in rows
	other uint64 // address
}

// matchedOf tells of a row that is kept whether it had a match: 1.
func matchedOf(row unsafe.Pointer) *int64 { return (*int64)(operator.Own(row)) }

// New makes the operator of an IntervalJoin.
func New(op graph.Op, input [][]data.Column, functions *function.Set) (operator.Operator, error) {
	spec := *op.IntervalJoin
	rows, err := operator.NewTimedRows(op.Name, input, [2][]int{spec.LeftKeys, spec.RightKeys}, [2]int{spec.LeftTime, spec.RightTime},
		"matched", func(row unsafe.Pointer) int64 { return *matchedOf(row) })
	if err != nil {
		return nil, err
	}
	j := &join{
		TimedRows: rows, spec: spec, watermark: data.MinWatermark,
		late:  [2]map[uint64]int64{{}, {}},
		reach: [2]int64{-spec.Lower, spec.Upper}, keeps: [2]bool{spec.Kind.KeepsLeft(), spec.Kind.KeepsRight()},
	}
	for i, c := range op.Schema {
		s := 0
		if i >= len(input[0]) {
			s = 1
		}
		j.types[s] = append(j.types[s], c.Type)
	}
	if spec.Condition != nil {
		if j.cond, err = operator.NewCondition(*spec.Condition, input, functions); err != nil {
			return nil, err
		}
	}
	return j, nil
}

func (j *join) Open(c *operator.Context) error {
	j.ctx = c
	j.TimedRows.Open(c, 0x69)
	return nil
}

func (j *join) Process(side int, b *data.Batch, out operator.Output) error {
	defer b.Release()
	j.in, j.side = b, side
	defer func() { j.in = nil }()
	j.batch.rows = operator.Rows(b, j.batch.rows)
	rows := j.batch.rows
	if b.Hashes == nil {
		data.HashKeys(b, j.KeyCols[side])
	}
	if cap(j.recs) < len(rows) {
		n := max(len(rows), data.BatchSize)
		j.recs, j.matched = make([]unsafe.Pointer, n), make([]bool, n)
	}
	recs, matched := j.recs[:len(rows)], j.matched[:len(rows)]
	if _, err := j.Keys.Resolve(b, j.KeyCols[side], rows, recs); err != nil {
		return err
	}
	clear(matched)
	j.kept = j.kept[:0]
	times := b.Cols[j.TimeCols[side]]
	for i, r := range rows {
		if times.IsNull(int(r)) {
			return fmt.Errorf("the time of a row of an interval join is NULL; filter such rows out before it")
		}
		at, alone := times.I64[r], j.hasNull(b, side, int(r))
		if !alone {
			now := j.now(r)
			if err := j.match(recs[i], int32(i), at, now, out); err != nil {
				return err
			}
			if j.watermark < at+j.reach[side] { // else nothing can come that it could meet
				j.kept = append(j.kept, int32(i))
			}
		}
	}
	if err := j.judge(out); err != nil {
		return err
	}
	if err := j.keep(recs, matched); err != nil {
		return err
	}
	if err := j.alone(matched, out); err != nil {
		return err
	}
	return j.settle(recs)
}

// now is the watermark when a row of the batch came.
func (j *join) now(r int32) int64 {
	if j.in.RowWatermarks == nil {
		return j.watermark
	}
	return max(j.watermark, j.in.RowWatermarks[r])
}

// hasNull tells whether a row's key equals nothing.
func (j *join) hasNull(b *data.Batch, side, r int) bool {
	for _, k := range j.KeyCols[side] {
		if b.Cols[k].IsNull(r) {
			return true
		}
	}
	return false
}

// match lists the rows of the other side that a row may meet which comes when the
// watermark is now: those that nothing can meet then are as good as forgotten.
func (j *join) match(key unsafe.Pointer, i int32, at, now int64, out operator.Output) error {
	other := j.List(key, 1-j.side)
	if other.Len() == 0 {
		return nil
	}
	from, to := at-j.reach[1-j.side], at+j.reach[j.side]
	late := len(j.late[1-j.side]) > 0
	if now > math.MinInt64/2 && !late {
		from = max(from, now-j.reach[1-j.side])
	}
	entries, next := j.Lists.From(other, j.Lists.Find(other, from, false))
	for entries != nil {
		for _, e := range entries {
			if e.At > to {
				return nil
			}
			if late && !j.met(e, now, to) {
				continue
			}
			if j.pairs = append(j.pairs, pair{i, e.Ref}); len(j.pairs) == data.BatchSize {
				if err := j.judge(out); err != nil {
					return err
				}
			}
		}
		entries, next = j.Lists.From(other, next)
	}
	return nil
}

// met tells whether the one of two rows that came first was still kept when the
// other came: the row of the batch, which lasts until to, and one of the other side.
func (j *join) met(e state.Entry, now, to int64) bool {
	came, late := j.late[1-j.side][e.Ref]
	if late && came >= now && came <= to {
		return true
	}
	return (!late || came <= now) && now <= e.At+j.reach[1-j.side]
}

// judge gives the candidates for which the condition is TRUE.
func (j *join) judge(out operator.Output) error {
	if len(j.pairs) == 0 {
		return nil
	}
	other := j.Rows[1-j.side]
	j.own, j.others, j.numbers = j.own[:0], j.others[:0], j.numbers[:0]
	for _, p := range j.pairs {
		j.own, j.others, j.numbers = append(j.own, j.batch.rows[p.own]), append(j.others, other.At(p.other)), append(j.numbers, p.own)
	}
	if j.cond != nil {
		sel, err := j.cond.Judge(len(j.pairs), j.ctx.Env, func(o *data.Batch, side int, cols []int, types []data.Type) error {
			if side != j.side {
				return other.Gather(o, j.others, cols, types)
			}
			j.gather(o, j.own, cols, types)
			return nil
		})
		if err != nil {
			return err
		}
		if sel != nil {
			for i, k := range sel {
				j.own[i], j.others[i], j.numbers[i], j.pairs[i] = j.own[k], j.others[k], j.numbers[k], j.pairs[k]
			}
			n := len(sel)
			j.own, j.others, j.numbers, j.pairs = j.own[:n], j.others[:n], j.numbers[:n], j.pairs[:n]
		}
	}
	for i, p := range j.pairs {
		j.matched[p.own] = true
		if j.keeps[1-j.side] && *matchedOf(j.others[i]) == 0 {
			if err := other.Touch(p.other); err != nil {
				return err
			}
			*matchedOf(j.others[i]) = 1
		}
	}
	j.pairs = j.pairs[:0]
	return j.give(j.own, j.others, out)
}

// gather appends columns of rows of the batch.
func (j *join) gather(o *data.Batch, rows []int32, cols []int, types []data.Type) {
	for i, t := range types {
		k := i
		if cols != nil {
			k = cols[i]
		}
		v := data.Gather(j.in.Cols[k], rows)
		v.Type = t
		o.Cols = append(o.Cols, v)
	}
}

// give emits rows of the batch with rows of the other side, nil for NULLs.
func (j *join) give(own []int32, others []unsafe.Pointer, out operator.Output) error {
	if len(own) == 0 {
		return nil
	}
	o := data.NewBatch(len(j.types[0]) + len(j.types[1]))
	o.N = len(own)
	for s := range 2 {
		if s == j.side {
			j.gather(o, own, nil, j.types[s])
			continue
		}
		if err := j.Rows[s].Gather(o, others, nil, j.types[s]); err != nil {
			o.Release()
			return err
		}
	}
	return out.Emit(o)
}

// keep keeps the rows of the batch that can still meet others.
func (j *join) keep(keys []unsafe.Pointer, matched []bool) error {
	if len(j.kept) == 0 {
		return nil
	}
	j.own = j.own[:0]
	for _, i := range j.kept {
		j.own = append(j.own, j.batch.rows[i])
	}
	addrs, recs, err := j.Rows[j.side].Keep(j.in.Cols, j.own)
	if err != nil {
		return err
	}
	times := j.in.Cols[j.TimeCols[j.side]].I64
	for n, i := range j.kept {
		if matched[i] {
			*matchedOf(recs[n]) = 1
		}
		at := times[j.own[n]]
		if now := j.now(j.own[n]); now > at {
			j.late[j.side][addrs[n]] = now
		}
		if err := j.enter(j.side, keys[i], at, addrs[n], recs[n]); err != nil {
			return err
		}
	}
	return nil
}

// enter puts a row into its key's list.
func (j *join) enter(side int, key unsafe.Pointer, at int64, addr uint64, rec unsafe.Pointer) error {
	j.Belongs(rec, key)
	if err := j.Lists.Insert(j.List(key, side), state.Entry{At: at, Ref: addr}); err != nil {
		return err
	}
	return j.Appoint(key, at+j.reach[side]+1)
}

// alone gives the rows of the batch that had no match and are not kept.
func (j *join) alone(matched []bool, out operator.Output) error {
	if !j.keeps[j.side] {
		return nil
	}
	for _, i := range j.kept {
		matched[i] = true // its time has not come
	}
	j.own, j.others = j.own[:0], j.others[:0]
	for i, r := range j.batch.rows {
		if !matched[i] {
			j.own, j.others = append(j.own, r), append(j.others, nil)
		}
	}
	return j.give(j.own, j.others, out)
}

// settle forgets keys of which nothing was kept, and gives memory back.
func (j *join) settle(keys []unsafe.Pointer) error {
	for _, key := range keys {
		if state.Alive(key) && j.Empty(key) {
			if err := j.Keys.Delete(key); err != nil {
				return err
			}
		}
	}
	return j.Settle()
}

// Watermark forgets rows, and sends time on as far as no row given later is late.
func (j *join) Watermark(wm int64, out operator.Output) error {
	if wm > j.watermark {
		j.watermark = wm
		for s := range j.late {
			clear(j.late[s])
		}
		for key := j.Due(wm); key != nil; key = j.Due(wm) {
			if err := j.expire(key, wm, out); err != nil {
				return err
			}
		}
		for s := range 2 {
			if err := j.forget(s, out); err != nil {
				return err
			}
		}
		if err := j.settle(j.empty); err != nil {
			return err
		}
		j.empty = j.empty[:0]
	}
	if wm != data.MaxWatermark && wm > math.MinInt64/2 {
		wm -= max(j.reach[0], j.reach[1], 0)
	}
	return out.Watermark(wm)
}

// expire forgets the rows of a key that nothing can meet any more.
func (j *join) expire(key unsafe.Pointer, wm int64, out operator.Output) error {
	left := 0
	for s := range 2 {
		list, n := j.List(key, s), 0
		for list.Len() > 0 {
			entries, _ := j.Lists.From(list, state.Place{})
			for n = 0; n < len(entries) && entries[n].At+j.reach[s] < wm; n++ {
				addr := entries[n].Ref
				if j.keeps[s] {
					if rec := j.Rows[s].At(addr); *matchedOf(rec) == 0 {
						j.gone[s].recs = append(j.gone[s].recs, rec)
						j.gone[s].addrs = append(j.gone[s].addrs, addr)
						continue
					}
				}
				if err := j.Rows[s].Drop(addr); err != nil {
					return err
				}
			}
			whole := n == len(entries)
			if n > 0 {
				j.Lists.DropFirst(list, n)
			}
			if len(j.gone[s].recs) >= data.BatchSize {
				if err := j.forget(s, out); err != nil {
					return err
				}
			}
			if !whole {
				break
			}
		}
		if left += list.Len(); list.Len() > 0 {
			if err := j.Appoint(key, j.Lists.First(list).At+j.reach[s]+1); err != nil {
				return err
			}
		}
	}
	if left > 0 {
		return nil
	}
	j.empty = append(j.empty, key)
	return nil
}

// forget gives rows that had no match with NULLs, and drops them.
func (j *join) forget(side int, out operator.Output) error {
	g, r := &j.gone[side], j.Rows[side]
	for from := 0; from < len(g.recs); from += data.BatchSize {
		recs := g.recs[from:min(from+data.BatchSize, len(g.recs))]
		o := data.NewBatch(len(j.types[0]) + len(j.types[1]))
		o.N = len(recs)
		for s := range 2 {
			of := recs
			if s != side {
				of = j.others[:0]
				for range recs {
					of = append(of, nil)
				}
				j.others = of
			}
			if err := j.Rows[s].Gather(o, of, nil, j.types[s]); err != nil {
				o.Release()
				return err
			}
		}
		if err := out.Emit(o); err != nil {
			return err
		}
	}
	for _, addr := range g.addrs {
		if err := r.Drop(addr); err != nil {
			return err
		}
	}
	g.recs, g.addrs = g.recs[:0], g.addrs[:0]
	return nil
}
