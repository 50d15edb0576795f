package topn

import (
	"fmt"
	"unsafe"

	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/operator"
)

// changes collects what a batch gives and sends it by columns.
type changes struct {
	types []data.Type
	cols  []int
	at    int64 // IngestedAt of the batch
	out   operator.Output

	rows  []string
	ranks []int64
	ops   []data.Op
}

func (c *changes) begin(b *data.Batch, out operator.Output) {
	c.at, c.out = b.IngestedAt, out
	c.rows, c.ranks, c.ops = c.rows[:0], c.ranks[:0], c.ops[:0]
}

func (c *changes) add(e textRow, rank int64, op data.Op) error {
	c.rows, c.ranks, c.ops = append(c.rows, e.row), append(c.ranks, rank), append(c.ops, op)
	if len(c.rows) == data.BatchSize {
		return c.flush()
	}
	return nil
}

func (c *changes) flush() error {
	n := len(c.rows)
	if n == 0 {
		return nil
	}
	o := data.MakeBatch(c.types, n)
	o.IngestedAt = c.at
	into := make([]*data.Vector, len(c.cols))
	for i, k := range c.cols {
		into[i] = o.Cols[k]
	}
	for i, row := range c.rows {
		if _, err := data.DecodeRow(unsafe.Slice(unsafe.StringData(row), len(row)), into, i); err != nil {
			o.Release()
			return fmt.Errorf("row of a top-n: %w", err)
		}
	}
	if len(c.types) > len(c.cols) {
		copy(o.Cols[len(o.Cols)-1].I64, c.ranks)
	}
	o.Ops = append(make([]data.Op, 0, n), c.ops...)
	clear(c.rows)
	c.rows, c.ranks, c.ops = c.rows[:0], c.ranks[:0], c.ops[:0]
	return c.out.Emit(o)
}
