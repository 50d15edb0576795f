// Package interval joins rows whose event times are near each other, and forgets
// them when time has moved on.
//
// The rule: a row is kept exactly as long as a row that is not late can meet it,
// and one without a match is given with NULLs when none can come any more.
package interval

import (
	"container/heap"
	"fmt"
	"math"
	"slices"

	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/expr"
	"github.com/weir-streams/weir/engine/function"
	"github.com/weir-streams/weir/engine/graph"
	"github.com/weir-streams/weir/engine/operator"
)

// join is the operator.
type join struct {
	spec    graph.IntervalJoin
	layouts [2]*operator.Layout
	keys    [2][]int
	times   [2]int
	reach   [2]int64 // how long after a row's time rows of the other side can meet it
	keeps   [2]bool  // rows without a match are given
	filter  *expr.Filter
	types   []data.Type // of the rows given
	ctx     *operator.Context

	parts     *operator.Partitions[part]
	held      operator.Held
	watermark int64
	due       schedule

	rows   []int32
	row    []byte
	pairs  []pair
	lonely []pair // that cannot be kept, if they have no match
}

// part is the rows of a key by side, by time.
type part struct{ rows [2][]*item }

// item is a row.
type item struct {
	at      int64
	row     string
	matched bool
}

// pair is a candidate; one side may be nil.
type pair [2]*item

// New makes the operator of an IntervalJoin.
func New(op graph.Op, input [][]data.Column, functions *function.Set) (operator.Operator, error) {
	spec := *op.IntervalJoin
	if len(input) != 2 {
		return nil, fmt.Errorf("%s has %d inputs where a join has two", op.Name, len(input))
	}
	j := &join{
		spec: spec, keys: [2][]int{spec.LeftKeys, spec.RightKeys}, times: [2]int{spec.LeftTime, spec.RightTime}, watermark: data.MinWatermark,
		reach: [2]int64{-spec.Lower, spec.Upper}, keeps: [2]bool{spec.Kind.KeepsLeft(), spec.Kind.KeepsRight()},
	}
	for s := range input {
		j.layouts[s] = operator.NewLayout(input[s], j.keys[s])
		if t := input[s][j.times[s]].Type; t.Phys() != data.PhysI64 {
			return nil, fmt.Errorf("%s joins by a time of type %s", op.Name, t)
		}
	}
	for _, c := range op.Schema {
		j.types = append(j.types, c.Type)
	}
	if spec.Condition != nil {
		var err error
		if j.filter, err = expr.CompileFilter(*spec.Condition, j.types, functions); err != nil {
			return nil, err
		}
	}
	return j, nil
}

func (j *join) Open(c *operator.Context) error {
	j.ctx = c
	j.held.Budget = c.Memory
	j.parts = operator.NewPartitions[part](c.Input[0], j.spec.LeftKeys, 0x69, c.Memory)
	return nil
}

func (j *join) Close() error {
	if j.parts != nil {
		j.parts.Free()
		j.held.Free()
	}
	return nil
}

func (j *join) Process(side int, b *data.Batch, out operator.Output) error {
	defer b.Release()
	j.rows = operator.Rows(b, j.rows)
	found, err := j.parts.ResolveBy(b, j.keys[side], j.rows)
	if err != nil {
		return err
	}
	times := b.Cols[j.times[side]]
	for i, r := range j.rows {
		if times.IsNull(int(r)) {
			return fmt.Errorf("the time of a row of an interval join is NULL; filter such rows out before it")
		}
		x := &item{at: times.I64[r], row: string(j.layouts[side].Encode(j.row[:0], b.Cols, int(r)))}
		if err := j.match(side, found[i], x, j.hasNull(b, side, int(r)), out); err != nil {
			return err
		}
	}
	if err := j.flush(out); err != nil {
		return err
	}
	for _, p := range found { // of rows that could not be kept
		if len(p.Value.rows[0])+len(p.Value.rows[1]) == 0 {
			j.parts.Drop(p)
		}
	}
	j.ctx.Metrics.StateKeys.Store(int64(j.parts.Len()))
	j.ctx.Metrics.StateBytes.Store(j.held.Bytes() + j.parts.Bytes())
	return nil
}

// hasNull tells whether a row's key equals nothing.
func (j *join) hasNull(b *data.Batch, side, r int) bool {
	for _, k := range j.keys[side] {
		if b.Cols[k].IsNull(r) {
			return true
		}
	}
	return false
}

// match lists the rows of the other side that a row may meet, and keeps it.
func (j *join) match(side int, p *operator.Partition[part], x *item, alone bool, out operator.Output) error {
	other := p.Value.rows[1-side]
	from, to := x.at-j.reach[1-side], x.at+j.reach[side]
	k, _ := slices.BinarySearchFunc(other, from, func(y *item, at int64) int {
		if y.at < at {
			return -1
		}
		return 1
	})
	for ; k < len(other) && other[k].at <= to && !alone; k++ {
		c := pair{x, other[k]}
		if side == 1 {
			c = pair{other[k], x}
		}
		if j.pairs = append(j.pairs, c); len(j.pairs) == data.BatchSize {
			if err := j.judge(out); err != nil {
				return err
			}
		}
	}
	if alone || j.watermark >= to { // nothing can come that it could meet
		if j.keeps[side] {
			c := pair{}
			c[side] = x
			j.lonely = append(j.lonely, c)
		}
		return nil
	}
	return j.put(p, side, x)
}

func (j *join) put(p *operator.Partition[part], side int, x *item) error {
	if err := j.held.Take(len(x.row)); err != nil {
		return err
	}
	list := p.Value.rows[side]
	k := len(list)
	for k > 0 && list[k-1].at > x.at {
		k--
	}
	p.Value.rows[side] = slices.Insert(list, k, x)
	heap.Push(&j.due, appointment{x.at + j.reach[side] + 1, p})
	return nil
}

// flush gives what was collected.
func (j *join) flush(out operator.Output) error {
	if err := j.judge(out); err != nil {
		return err
	}
	for _, c := range j.lonely {
		if c[0] != nil && !c[0].matched || c[1] != nil && !c[1].matched {
			j.pairs = append(j.pairs, c)
		}
	}
	clear(j.lonely)
	j.lonely = j.lonely[:0]
	for len(j.pairs) > 0 {
		n := min(len(j.pairs), data.BatchSize)
		o, err := j.batch(j.pairs[:n])
		if err != nil {
			return err
		}
		j.pairs = j.pairs[n:]
		if err := out.Emit(o); err != nil {
			return err
		}
	}
	j.pairs = nil
	return nil
}

// judge gives the candidates for which the condition is TRUE.
func (j *join) judge(out operator.Output) error {
	if len(j.pairs) == 0 {
		return nil
	}
	o, err := j.batch(j.pairs)
	if err != nil {
		return err
	}
	if j.filter != nil {
		sel, err := j.filter.Select(o, j.ctx.Env)
		if err != nil {
			o.Release()
			return err
		}
		o.Sel = sel
	}
	for i := range o.Len() {
		c := j.pairs[o.Row(i)]
		c[0].matched, c[1].matched = true, true
	}
	clear(j.pairs)
	j.pairs = j.pairs[:0]
	if o.Len() == 0 {
		o.Release()
		return nil
	}
	return out.Emit(o)
}

func (j *join) batch(pairs []pair) (*data.Batch, error) {
	o := data.MakeBatch(j.types, len(pairs))
	left := len(j.layouts[0].Cols)
	sides := [2][]*data.Vector{o.Cols[:left], o.Cols[left:]}
	for i, c := range pairs {
		for s, x := range c {
			if x == nil {
				for _, v := range sides[s] {
					data.SetNullRow(v, i)
				}
				continue
			}
			if _, err := j.layouts[s].Decode(x.row, sides[s], i); err != nil {
				o.Release()
				return nil, err
			}
		}
	}
	return o, nil
}

// Watermark forgets rows, and sends time on as far as no row given later is late.
func (j *join) Watermark(wm int64, out operator.Output) error {
	if wm > j.watermark {
		j.watermark = wm
		for len(j.due) > 0 && j.due[0].at <= wm {
			j.expire(heap.Pop(&j.due).(appointment).of, wm)
		}
		if err := j.flush(out); err != nil {
			return err
		}
		if err := j.parts.Tidy(); err != nil {
			return err
		}
	}
	if wm != data.MaxWatermark && wm > math.MinInt64/2 {
		wm -= max(j.reach[0], j.reach[1], 0)
	}
	return out.Watermark(wm)
}

// expire forgets the rows of a key that nothing can meet any more.
func (j *join) expire(p *operator.Partition[part], wm int64) {
	for s := range p.Value.rows {
		list := p.Value.rows[s]
		n := 0
		for n < len(list) && list[n].at+j.reach[s] < wm {
			if j.keeps[s] && !list[n].matched {
				c := pair{}
				c[s] = list[n]
				j.lonely = append(j.lonely, c)
			}
			j.held.Give(len(list[n].row))
			n++
		}
		p.Value.rows[s] = slices.Delete(list, 0, n)
	}
	if len(p.Value.rows[0])+len(p.Value.rows[1]) == 0 {
		j.parts.Drop(p)
	}
}

// schedule is keys by the time at which a row of theirs is forgotten.
type schedule []appointment

type appointment struct {
	at int64
	of *operator.Partition[part]
}

func (s schedule) Len() int           { return len(s) }
func (s schedule) Less(i, j int) bool { return s[i].at < s[j].at }
func (s schedule) Swap(i, j int)      { s[i], s[j] = s[j], s[i] }

// Push is for package heap.
func (s *schedule) Push(x any) { *s = append(*s, x.(appointment)) }

// Pop is for package heap.
func (s *schedule) Pop() any {
	old := *s
	x := old[len(old)-1]
	*s = old[:len(old)-1]
	return x
}
