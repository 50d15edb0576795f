package join

import (
	"fmt"
	"unsafe"

	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/operator"
)

// changes collects what a batch gives and sends it by columns: those of the
// batch's side are gathered, those of the other side decoded from the state.
type changes struct {
	join  *join
	input int
	batch *data.Batch
	out   operator.Output

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

func (c *changes) flush() error {
	n := len(c.rows)
	if n == 0 {
		return nil
	}
	o := data.NewBatch(len(c.join.types))
	o.N, o.IngestedAt = n, c.batch.IngestedAt
	var err error
	leftOnly := c.join.spec.Kind.LeftOnly()
	if c.input == 0 {
		c.gathered(o, 0)
		if !leftOnly {
			err = c.stored(o, 1, len(o.Cols))
		}
	} else {
		err = c.stored(o, 0, 0)
		if !leftOnly && err == nil {
			c.gathered(o, len(o.Cols))
		}
	}
	if err != nil {
		o.Release()
		return err
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

// gathered appends the batch's columns, to be the output's from at on.
func (c *changes) gathered(o *data.Batch, at int) {
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
		v := data.Gather(col, from)
		v.Type = c.join.types[at+k]
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

// stored appends the columns of a side, from the state.
func (c *changes) stored(o *data.Batch, side, at int) error {
	s := &c.join.store.sides[side]
	for k := range s.columns {
		o.Cols = append(o.Cols, data.NewVector(c.join.types[at+k], o.N))
	}
	into := make([]*data.Vector, len(s.order))
	for i, k := range s.order {
		into[i] = o.Cols[at+k]
	}
	for i, rec := range c.recs {
		if rec == nil {
			for _, v := range into {
				data.SetNullRow(v, i)
			}
			continue
		}
		row := s.rows.KeyBytes(rec, s.scratch)
		if _, err := data.DecodeRow(row, into, i); err != nil {
			return fmt.Errorf("row of the %s side: %w", s.name, err)
		}
	}
	return nil
}
