// Package temporal joins rows with the version of a table that was in force at
// their time.
//
// The rule: which version a row meets depends on event time alone, never on
// which of the two came first.
package temporal

import (
	"cmp"
	"container/heap"
	"fmt"
	"slices"

	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/expr"
	"github.com/weir-streams/weir/engine/function"
	"github.com/weir-streams/weir/engine/graph"
	"github.com/weir-streams/weir/engine/operator"
)

// join is the operator.
type join struct {
	spec    graph.Temporal
	layouts [2]*operator.Layout
	filter  *expr.Filter
	types   []data.Type // of the rows given
	ctx     *operator.Context

	parts     *operator.Partitions[part]
	held      operator.Held
	watermark int64
	due       schedule

	rows  []int32
	row   []byte
	ready []pair
}

// part is a key: left rows that wait, in order of arrival, and versions by time.
type part struct {
	left  []item
	right []item
}

// item is a row with its time. A version that deletes has op Delete.
type item struct {
	at  int64
	op  data.Op
	row string
}

// pair is a left row and the version in force; "": there is none.
type pair struct {
	left, right string
	op          data.Op
}

// New makes the operator of a Temporal.
func New(op graph.Op, input [][]data.Column, functions *function.Set) (operator.Operator, error) {
	j := &join{spec: *op.Temporal, watermark: data.MinWatermark}
	if len(input) != 2 {
		return nil, fmt.Errorf("%s has %d inputs where a join has two", op.Name, len(input))
	}
	j.layouts = [2]*operator.Layout{operator.NewLayout(input[0], j.spec.LeftKeys), operator.NewLayout(input[1], j.spec.RightKeys)}
	for s, k := range []int{j.spec.LeftTime, j.spec.RightTime} {
		if t := input[s][k].Type; t.Phys() != data.PhysI64 {
			return nil, fmt.Errorf("%s joins by a time of type %s", op.Name, t)
		}
	}
	for _, c := range op.Schema {
		j.types = append(j.types, c.Type)
	}
	if j.spec.Condition != nil {
		var err error
		if j.filter, err = expr.CompileFilter(*j.spec.Condition, j.types, functions); err != nil {
			return nil, err
		}
	}
	return j, nil
}

func (j *join) Open(c *operator.Context) error {
	j.ctx = c
	j.held.Budget = c.Memory
	j.parts = operator.NewPartitions[part](c.Input[0], j.spec.LeftKeys, 0x74, c.Memory)
	return nil
}

func (j *join) Close() error {
	if j.parts != nil {
		j.parts.Free()
		j.held.Free()
	}
	return nil
}

func (j *join) Process(input int, b *data.Batch, _ operator.Output) error {
	defer b.Release()
	keys, time := j.spec.LeftKeys, j.spec.LeftTime
	if input == 1 {
		keys, time = j.spec.RightKeys, j.spec.RightTime
	}
	j.rows = operator.Rows(b, j.rows)
	found, err := j.parts.ResolveBy(b, keys, j.rows)
	if err != nil {
		return err
	}
	times := b.Cols[time]
	for i, r := range j.rows {
		if times.IsNull(int(r)) {
			return fmt.Errorf("the time of a row of a temporal join is NULL; filter such rows out before it")
		}
		op := b.Op(int(r))
		if input == 1 && op == data.UpdateBefore {
			continue // the version that follows ends it
		}
		j.row = j.layouts[input].Encode(j.row[:0], b.Cols, int(r))
		if err := j.put(found[i], input, item{times.I64[r], op, string(j.row)}); err != nil {
			return err
		}
	}
	j.ctx.Metrics.StateKeys.Store(int64(j.parts.Len()))
	j.ctx.Metrics.StateBytes.Store(j.held.Bytes() + j.parts.Bytes())
	return nil
}

func (j *join) put(p *operator.Partition[part], input int, x item) error {
	if err := j.held.Take(len(x.row)); err != nil {
		return err
	}
	heap.Push(&j.due, appointment{x.at, p})
	v := &p.Value
	if input == 0 {
		v.left = append(v.left, x)
		return nil
	}
	k, same := slices.BinarySearchFunc(v.right, x.at, func(y item, at int64) int { return cmp.Compare(y.at, at) })
	if same {
		j.held.Give(len(v.right[k].row))
		v.right[k] = x
		return nil
	}
	v.right = slices.Insert(v.right, k, x)
	return nil
}

func (j *join) Watermark(wm int64, out operator.Output) error {
	if wm > j.watermark {
		j.watermark = wm
		for len(j.due) > 0 && j.due[0].at <= wm {
			if err := j.fire(heap.Pop(&j.due).(appointment).of, wm, out); err != nil {
				return err
			}
		}
		if err := j.give(out); err != nil {
			return err
		}
		if err := j.parts.Tidy(); err != nil {
			return err
		}
	}
	return out.Watermark(wm)
}

// fire joins the left rows of a key up to a time, and forgets versions that no
// row can meet any more.
func (j *join) fire(p *operator.Partition[part], wm int64, out operator.Output) error {
	v := &p.Value
	rest := v.left[:0]
	for _, l := range v.left {
		if l.at > wm {
			rest = append(rest, l)
			continue
		}
		j.held.Give(len(l.row))
		k, same := slices.BinarySearchFunc(v.right, l.at, func(y item, at int64) int { return cmp.Compare(y.at, at) })
		if same {
			k++
		}
		x := pair{left: l.row, op: l.op}
		if k > 0 && v.right[k-1].op.Adds() && !j.null(l.row) {
			x.right = v.right[k-1].row
		}
		if x.right == "" && j.spec.Kind == graph.InnerJoin {
			continue
		}
		if j.ready = append(j.ready, x); len(j.ready) == data.BatchSize {
			if err := j.give(out); err != nil {
				return err
			}
		}
	}
	clear(v.left[len(rest):])
	v.left = rest
	n := 0
	for n+1 < len(v.right) && v.right[n+1].at <= wm {
		j.held.Give(len(v.right[n].row))
		n++
	}
	v.right = slices.Delete(v.right, 0, n)
	if len(v.left) == 0 && len(v.right) == 0 {
		j.parts.Drop(p)
	}
	return nil
}

// null tells whether a part of a row's key is NULL, which equals nothing.
func (j *join) null(row string) bool {
	rest := operator.Bytes(row)
	for i := range j.spec.LeftKeys {
		if rest[0] == 0 {
			return true
		}
		next, err := data.SkipValues(rest, []data.Type{j.layouts[0].Schema[i].Type})
		if err != nil {
			return false
		}
		rest = next
	}
	return false
}

// give sends the pairs that are ready.
func (j *join) give(out operator.Output) error {
	n := len(j.ready)
	if n == 0 {
		return nil
	}
	o := data.MakeBatch(j.types, n)
	left := len(j.layouts[0].Cols)
	for i, x := range j.ready {
		if _, err := j.layouts[0].Decode(x.left, o.Cols[:left], i); err != nil {
			o.Release()
			return err
		}
		if x.op != data.Insert && o.Ops == nil {
			o.Ops = make([]data.Op, n)
		}
		if x.right == "" {
			for _, c := range o.Cols[left:] {
				data.SetNullRow(c, i)
			}
			continue
		}
		if _, err := j.layouts[1].Decode(x.right, o.Cols[left:], i); err != nil {
			o.Release()
			return err
		}
	}
	if o.Ops != nil {
		for i, x := range j.ready {
			o.Ops[i] = x.op
		}
	}
	if j.filter != nil {
		again, err := j.judge(o)
		if err != nil {
			o.Release()
			return err
		}
		if again {
			o.Release()
			return j.give(out)
		}
	}
	clear(j.ready)
	j.ready = j.ready[:0]
	if o.Len() == 0 {
		o.Release()
		return nil
	}
	return out.Emit(o)
}

// judge applies the condition to the pairs: those it refuses are left out, or
// given again without their version.
func (j *join) judge(o *data.Batch) (again bool, err error) {
	sel, err := j.filter.Select(o, j.ctx.Env)
	if err != nil || sel == nil { // all pass
		return false, err
	}
	if j.spec.Kind == graph.InnerJoin {
		o.Sel = sel
		return false, nil
	}
	k := 0
	for i := range j.ready {
		if k < len(sel) && int(sel[k]) == i {
			k++
			continue
		}
		if j.ready[i].right != "" {
			j.ready[i].right, again = "", true
		}
	}
	return again, nil
}

// schedule is keys by the time of a row.
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
