package join

import (
	"slices"
	"unsafe"

	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/operator"
)

// changes collects what a batch gives and sends it by columns: those of the
// batch's side are gathered, those of the other side read from the state.
type changes struct {
	join  *join
	input int
	batch *data.Batch
	out   operator.Output
	all   [2][]int       // the columns of each side that are given
	types [2][]data.Type // of the rows given
	gaps  [2][]bool      // columns of each side that nobody reads
	given [2][]data.Type // types without them
	cols  []*data.Vector // scratch

	rows []int32          // of the batch; -1: NULLs
	recs []unsafe.Pointer // of the other side (of the left one in SEMI and ANTI joins); nil: NULLs
	ops  []data.Op
	pads bool // some rows are -1
}

func (c *changes) begin(j *join, input int, b *data.Batch, out operator.Output) {
	c.join, c.input, c.batch, c.out = j, input, b, out
	c.rows, c.recs, c.ops, c.pads = c.rows[:0], c.recs[:0], c.ops[:0], false
}

// add gives a row of the batch with a row of the other side, times times.
func (c *changes) add(row int32, rec unsafe.Pointer, op data.Op, times int64) error {
	for range times {
		c.rows, c.recs, c.ops = append(c.rows, row), append(c.recs, rec), append(c.ops, op)
		c.pads = c.pads || row < 0
		if len(c.rows) == data.BatchSize {
			if err := c.flush(); err != nil {
				return err
			}
		}
	}
	return nil
}

// addAll gives pairs, each as the change that its row of the batch is.
func (c *changes) addAll(p *pairs, rows []int32) error {
	for from := 0; from < len(p.at); {
		n := min(len(p.at)-from, data.BatchSize-len(c.rows))
		for _, at := range p.at[from : from+n] {
			c.rows = append(c.rows, rows[at])
		}
		c.recs = append(c.recs, p.rec[from:from+n]...)
		if c.batch.Ops != nil {
			for _, r := range c.rows[len(c.rows)-n:] {
				c.ops = append(c.ops, c.batch.Ops[r])
			}
		}
		if from += n; len(c.rows) == data.BatchSize {
			if err := c.flush(); err != nil {
				return err
			}
		}
	}
	return nil
}

func (c *changes) flush() error {
	n := len(c.rows)
	if n == 0 {
		return nil
	}
	o := data.NewBatch(len(c.join.types))
	o.N, o.IngestedAt = n, c.batch.IngestedAt
	for side := range 2 {
		if side == 1 && c.join.spec.Kind.LeftOnly() {
			break
		}
		if side == c.input {
			c.gathered(o, side)
		} else if err := c.kept(o, side); err != nil {
			o.Release()
			return err
		}
	}
	if c.join.spec.NoBefore != nil {
		for i, op := range c.ops {
			if op == data.UpdateBefore { // its +U comes later, if at all
				c.ops[i] = data.Delete
			}
		}
	}
	for _, op := range c.ops {
		if op != data.Insert {
			o.Ops = append(make([]data.Op, 0, n), c.ops...)
			break
		}
	}
	c.rows, c.recs, c.ops, c.pads = c.rows[:0], c.recs[:0], c.ops[:0], false
	return c.out.Emit(o)
}

// kept appends the columns of the other side.
func (c *changes) kept(o *data.Batch, side int) error {
	from := len(o.Cols)
	if err := c.join.store.sides[side].gather(o, c.recs, c.all[side], c.given[side]); err != nil {
		return err
	}
	if len(c.given[side]) == len(c.types[side]) {
		return nil
	}
	c.cols = append(c.cols[:0], o.Cols[from:]...)
	o.Cols = o.Cols[:from]
	at := 0
	for k, t := range c.types[side] {
		if c.gaps[side][k] {
			o.Cols = append(o.Cols, blank(t, len(c.recs)))
			continue
		}
		o.Cols = append(o.Cols, c.cols[at])
		at++
	}
	clear(c.cols)
	return nil
}

// blank is a column that nobody reads.
func blank(t data.Type, n int) *data.Vector {
	v := data.NewVector(t, n)
	clear(v.Views)
	return v
}

// leaveOut says which columns of the rows given nobody reads. Nested ones are
// given all the same.
func (c *changes) leaveOut(unread []int) {
	for side := range 2 {
		c.gaps[side] = make([]bool, len(c.types[side]))
		for k, t := range c.types[side] {
			at := k
			if side == 1 {
				at += len(c.types[0])
			}
			p := t.Phys()
			if c.gaps[side][k] = slices.Contains(unread, at) && p != data.PhysList && p != data.PhysRow; !c.gaps[side][k] {
				c.all[side], c.given[side] = append(c.all[side], k), append(c.given[side], t)
			}
		}
	}
}

// gathered appends the batch's columns.
func (c *changes) gathered(o *data.Batch, side int) {
	from := c.rows
	if c.pads {
		from = make([]int32, len(c.rows))
		someRow := int32(c.batch.Row(0))
		for i, r := range c.rows {
			if from[i] = r; r < 0 {
				from[i] = someRow // NULL comes over it
			}
		}
	}
	for k, col := range c.batch.Cols {
		if c.gaps[side][k] {
			o.Cols = append(o.Cols, blank(c.types[side][k], len(from)))
			continue
		}
		v := data.Gather(col, from)
		v.Type = c.types[side][k]
		if c.pads {
			for i, r := range c.rows {
				if r < 0 {
					v.SetNull(i)
				}
			}
		}
		o.Cols = append(o.Cols, v)
	}
}
