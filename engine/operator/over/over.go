// Package over computes functions over each row's frame: the rows before it in
// the order of its partition.
//
// The rule: a row's results depend on the rows of its partition and their
// order, never on how the rows were cut into batches.
package over

import (
	"fmt"
	"slices"
	"unsafe"

	"github.com/weir-streams/weir/engine/accumulator"
	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/function"
	"github.com/weir-streams/weir/engine/graph"
	"github.com/weir-streams/weir/engine/operator"
	"github.com/weir-streams/weir/engine/ordered"
)

// sweepMore is how many partitions are looked at for each batch besides one for
// each row, to find those whose time to live is over.
const sweepMore = 64

// stale tells whether a partition used last at a time is not kept any longer. A
// time of 0 is not known: from now on it counts.
func (f *frames) stale(used *int64) bool {
	now := f.ctx.Env.Now
	if *used == 0 {
		*used = now
	}
	return f.spec.TTLMillis > 0 && now-*used >= f.spec.TTLMillis
}

// maxSteps is how many rows are folded in before their results are given.
const maxSteps = data.BatchSize / 2

// frames is what both operators share: it folds rows into the frames of their
// partitions and reads results.
type frames struct {
	spec   graph.Over
	name   string
	layout *operator.Layout
	set    *accumulator.Set
	aggs   []graph.AggCall
	types  []data.Type // of the rows given
	lags   []lag       // by partition values kept
	// retracts tells that aggregates in an order other than time take rows back.
	retracts bool
	ctx      *operator.Context
	kept     operator.Kept
}

// lag is a column whose last values are kept, for LAG.
type lag struct {
	arg  int
	most int64 // the greatest offset
}

// New makes the operator of an Over.
func New(op graph.Op, input []data.Column, functions *function.Set) (operator.Operator, error) {
	f := frames{spec: *op.Over, name: op.Name, layout: operator.NewLayout(input, op.Over.Keys)}
	for _, k := range f.spec.Order {
		if t := input[k.Column].Type; !ordered.Orderable(t) {
			return nil, fmt.Errorf("%s cannot order by %s, of type %s", op.Name, input[k.Column].Name, t)
		}
	}
	for _, c := range f.spec.Calls {
		switch {
		case c.Agg != nil:
			f.aggs = append(f.aggs, *c.Agg)
		case c.Func == "LAG":
			if c.Offset < 0 && f.spec.Frame == nil {
				return nil, fmt.Errorf("%s looks back %d rows", op.Name, c.Offset)
			}
			f.addLag(c)
		case f.spec.Frame != nil && slices.Contains(atOnce, c.Func):
		case c.Func != "RANK" && c.Func != "DENSE_RANK":
			return nil, fmt.Errorf("%s does not know %s", op.Name, c.Func)
		}
	}
	var err error
	if f.spec.Time == data.NoTimeAttr { // rows may be folded out again, if the aggregates can
		aggs := slices.Clone(f.aggs)
		for i := range aggs {
			aggs[i].Retracts = true
		}
		if f.set, err = accumulator.NewSet(f.spec.Keys, aggs, input, functions); err == nil {
			f.retracts = true
		}
	}
	if f.set == nil {
		if f.set, err = accumulator.NewSet(f.spec.Keys, f.aggs, input, functions); err != nil {
			return nil, err
		}
	}
	for _, c := range op.Schema {
		f.types = append(f.types, c.Type)
	}
	if f.spec.Frame != nil {
		return newWhole(f, op, input)
	}
	if f.spec.Time == data.NoTimeAttr {
		return &free{frames: f}, nil
	}
	if len(f.spec.Order) != 1 {
		return nil, fmt.Errorf("%s orders by %d times", op.Name, len(f.spec.Order))
	}
	if t := input[f.spec.Order[0].Column].Type; t.Phys() != data.PhysI64 && f.spec.Time == data.EventTime {
		return nil, fmt.Errorf("%s orders by a time of type %s", op.Name, t)
	}
	return &timed{frames: f, watermark: data.MinWatermark}, nil
}

// atOnce are functions of whole partitions alone.
var atOnce = []string{"LEAD", "ROW_NUMBER", "NTILE", "PERCENT_RANK", "CUME_DIST"}

func (f *frames) addLag(c graph.OverCall) {
	for i := range f.lags {
		if f.lags[i].arg == c.Arg {
			f.lags[i].most = max(f.lags[i].most, c.Offset)
			return
		}
	}
	f.lags = append(f.lags, lag{arg: c.Arg, most: c.Offset})
}

// place is how far a partition has come, for the functions that look at the
// whole of it.
type place struct {
	rows, rank, dense int64
	last              [][]string // by lag: the last values, encoded
}

// advance moves on over rows that are equal in the order, or over one of them.
func (p *place) advance(tie bool) {
	p.rows++
	if !tie {
		p.rank = p.rows
		p.dense++
	}
}

// steps are rows to be folded in and out, and whose results are to be read.
type steps struct {
	rows  []string
	ops   []data.Op
	reads []read
}

// read is the result of a row, at the state after a step.
type read struct {
	row, after  int
	rank, dense int64
	lagged      []string // by call that is a LAG; "": the default
}

func (s *steps) add(row string, op data.Op) int {
	s.rows, s.ops = append(s.rows, row), append(s.ops, op)
	return len(s.rows) - 1
}

func (s *steps) reset() {
	clear(s.rows)
	clear(s.reads)
	s.rows, s.ops, s.reads = s.rows[:0], s.ops[:0], s.reads[:0]
}

// looked reads the values that LAGs give now.
func (f *frames) looked(p *place) []string {
	var out []string
	for _, c := range f.spec.Calls {
		if c.Func != "LAG" {
			continue
		}
		v := ""
		for i, l := range f.lags {
			if k := len(p.last[i]) - 1 - int(c.Offset); l.arg == c.Arg && k >= 0 {
				v = p.last[i][k]
			}
		}
		out = append(out, v)
	}
	return out
}

// remember keeps a row's values for later LAGs. The row is in the layout.
func (f *frames) remember(p *place, row string) error {
	if len(f.lags) == 0 {
		return nil
	}
	if p.last == nil {
		p.last = make([][]string, len(f.lags))
	}
	for i, l := range f.lags {
		v, err := f.value(row, l.arg)
		if err != nil {
			return err
		}
		if p.last[i] = append(p.last[i], v); int64(len(p.last[i])) > l.most+1 {
			p.last[i] = append(p.last[i][:0], p.last[i][1:]...)
		}
	}
	return nil
}

// value is the encoded value of a column in an encoded row.
func (f *frames) value(row string, column int) (string, error) {
	rest := operator.Bytes(row)
	for i, k := range f.layout.Cols {
		next, err := data.SkipValues(rest, []data.Type{f.layout.Schema[i].Type})
		if err != nil {
			return "", fmt.Errorf("a row kept in state: %w", err)
		}
		if k == column {
			return string(rest[:len(rest)-len(next)]), nil
		}
		rest = next
	}
	return "", fmt.Errorf("column %d is not kept", column)
}

// run takes the steps and gives the results read: a vector for each call, and
// the rows themselves.
func (f *frames) run(g *accumulator.Groups, s *steps) (rows *data.Batch, results []*data.Vector, err error) {
	n := len(s.rows)
	b := f.layout.Batch(n)
	defer b.Release()
	for i, row := range s.rows {
		if _, err := f.layout.Decode(row, b.Cols, i); err != nil {
			return nil, nil, err
		}
	}
	b.Ops = s.ops
	var aggs []*data.Vector
	if len(f.aggs) > 0 {
		data.HashKeys(b, f.spec.Keys)
		all := operator.Rows(b, nil)
		recs := make([]unsafe.Pointer, n)
		if _, err := g.Table.Resolve(b, f.spec.Keys, all, recs); err != nil {
			return nil, nil, err
		}
		for _, a := range f.aggs {
			aggs = append(aggs, data.NewVector(a.Type, 2*n))
		}
		if err := f.set.Step(g, recs, all, b, aggs, make([]int64, 2*n)); err != nil {
			return nil, nil, err
		}
		if err := g.Tidy(); err != nil {
			return nil, nil, err
		}
	}
	at, own := make([]int32, len(s.reads)), make([]int32, len(s.reads))
	for i, r := range s.reads {
		own[i], at[i] = int32(r.row), int32(2*r.after+1)
	}
	rows = data.NewBatch(len(f.types))
	for _, c := range b.Cols {
		rows.Cols = append(rows.Cols, data.Gather(c, own))
	}
	rows.N = len(own)
	a, l := 0, 0
	for _, c := range f.spec.Calls {
		switch {
		case c.Agg != nil:
			v := data.Gather(aggs[a], at)
			v.Type = c.Type
			results = append(results, v)
			a++
		case c.Func == "LAG":
			v, err := f.lagged(c, s.reads, l, rows)
			if err != nil {
				return nil, nil, err
			}
			results = append(results, v)
			l++
		default:
			v := data.NewVector(c.Type, len(s.reads))
			for i, r := range s.reads {
				if v.I64[i] = r.rank; c.Func == "DENSE_RANK" {
					v.I64[i] = r.dense
				}
			}
			results = append(results, v)
		}
	}
	for _, v := range aggs {
		v.Release()
	}
	return rows, results, nil
}

func (f *frames) lagged(c graph.OverCall, reads []read, l int, rows *data.Batch) (*data.Vector, error) {
	v := data.NewVector(c.Type.WithNull(true), len(reads))
	var scratch []byte
	for i, r := range reads {
		p := operator.Bytes(r.lagged[l])
		if len(p) == 0 {
			if c.Default < 0 {
				data.SetNullRow(v, i)
				continue
			}
			scratch = data.EncodeValue(scratch[:0], rows.Cols[c.Default], i)
			p = scratch
		}
		if _, err := data.DecodeValue(p, v, i); err != nil {
			return nil, fmt.Errorf("a value kept for LAG: %w", err)
		}
	}
	v.Type = c.Type
	return v, nil
}
