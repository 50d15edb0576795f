package operator

import (
	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/expr"
	"github.com/weir-streams/weir/engine/function"
	"github.com/weir-streams/weir/engine/graph"
)

// calc filters, then projects.
type calc struct {
	program   *expr.Calc
	ctx       *Context
	columns   int
	clock     bool
	watermark int64
}

// NewCalc makes the operator of a Calc.
func NewCalc(op graph.Op, input []data.Column, functions *function.Set) (Operator, error) {
	types := typesOf(input)
	c := &calc{columns: len(op.Calc.Project), clock: op.Calc.Clock, watermark: data.MinWatermark}
	if c.clock {
		types = append(types, clockType)
	}
	var err error
	if c.program, err = expr.CompileCalc(op.Calc.Filter, op.Calc.Project, types, functions); err != nil {
		return nil, err
	}
	return c, nil
}

func typesOf(columns []data.Column) []data.Type {
	types := make([]data.Type, len(columns))
	for i, c := range columns {
		types[i] = c.Type
	}
	return types
}

func (c *calc) Open(ctx *Context) error { c.ctx = ctx; return nil }
func (c *calc) Close() error            { return nil }

func (c *calc) Watermark(wm int64, out Output) error {
	c.watermark = wm
	return out.Watermark(wm)
}

var clockType = data.Type{Kind: data.Timestamp, Precision: 3, Nullable: true}

// now is the watermark in force at each row.
func (c *calc) now(b *data.Batch) *data.Vector {
	v := data.NewVector(clockType, b.N)
	for r := range b.N {
		wm := c.watermark
		if b.RowWatermarks != nil {
			wm = max(wm, b.RowWatermarks[r])
		}
		if v.I64[r] = wm; wm == data.MinWatermark {
			data.SetNullRow(v, r)
		}
	}
	return v
}

func (c *calc) Process(_ int, b *data.Batch, out Output) error {
	defer b.Release()
	in := *b // the selection below is this operator's own
	if c.clock {
		v := c.now(b)
		defer v.Release()
		in.Cols = append(b.Cols[:len(b.Cols):len(b.Cols)], v)
	}
	o := data.NewBatch(c.columns)
	o.Cols = o.Cols[:c.columns]
	sel, none, err := c.program.Run(&in, c.ctx.Env, o.Cols)
	if err != nil || none {
		o.Cols = o.Cols[:0]
		o.Release()
		return err
	}
	in.Sel = sel
	o.N, o.Sel, o.Ops, o.RowWatermarks, o.IngestedAt = in.N, in.Sel, in.Ops, in.RowWatermarks, in.IngestedAt
	o.Split, o.Splits = in.Split, in.Splits
	if o.Sel != nil && len(o.Sel)*8 < o.N {
		o = data.Compact(o) // few rows are left: carry only those
	}
	return out.Emit(o)
}
