package over

import (
	"encoding/binary"
	"fmt"
	"math"
	"slices"
	"strconv"

	"github.com/weir-streams/weir/engine/accumulator"
	"github.com/weir-streams/weir/engine/data"
	"github.com/weir-streams/weir/engine/operator"
	"github.com/weir-streams/weir/engine/ordered"
	"github.com/weir-streams/weir/engine/state"
)

// The canonical form by time: the rows that wait and those in frames, in order,
// each with its time; how far each partition has come; the aggregates. In
// another order: the rows in order, with the results given.

const (
	pendingState = "pending"
	frameState   = "frame"
	placeState   = "place"
	lastState    = "last"
	clearState   = "clear"
	rowsState    = "rows"
)

var bigint = data.Of(data.BigInt).NotNull()

func (f *frames) keySchema() []data.Column {
	return f.layout.Schema[:len(f.spec.Keys):len(f.spec.Keys)]
}

func (f *frames) with(names ...string) []data.Column {
	out := f.keySchema()
	for _, n := range names {
		out = append(out, data.Column{Name: n, Type: bigint})
	}
	return out
}

func (f *frames) timedSchema() []data.Column {
	return append(f.layout.Schema[:len(f.layout.Schema):len(f.layout.Schema)], data.Column{Name: "at", Type: bigint}, data.Column{Name: "reset", Type: bigint})
}

func (f *frames) lagSchema(i int) []data.Column {
	for k, c := range f.layout.Cols {
		if c == f.lags[i].arg {
			return append(f.keySchema(), f.layout.Schema[k])
		}
	}
	return nil
}

func (t *timed) Snapshot(w *state.Writer) error {
	pending := w.Keyed(pendingState, len(t.spec.Keys), 0, t.timedSchema())
	frame := w.Keyed(frameState, len(t.spec.Keys), 0, t.timedSchema())
	places := w.Keyed(placeState, len(t.spec.Keys), 0, t.with("rows", "rank", "dense", "trigger", "clear", "cleared"))
	clears := w.Keyed(clearState, len(t.spec.Keys), 0, t.with("at"))
	lasts := make([]*state.KeyedWriter, len(t.lags))
	for i := range t.lags {
		lasts[i] = w.Keyed(lastState+strconv.Itoa(i), len(t.spec.Keys), 0, t.lagSchema(i))
	}
	var row []byte
	t.parts.Each(t.ctx.MaxParallelism, func(group int, x *operator.Partition[part]) {
		p := &x.Value
		for _, list := range [][]item{p.ready, p.pending} {
			for _, i := range list {
				pending.Append(group, appendInts(append(row[:0], i.row...), i.at, number(i.reset)))
			}
		}
		for _, i := range p.frame {
			frame.Append(group, appendInts(append(row[:0], i.row...), i.at, 0))
		}
		row = appendInts(t.parts.Key(row[:0], x), p.rows, p.rank, p.dense, p.trigger, p.clear, number(p.cleared))
		places.Append(group, row)
		for _, at := range p.clears {
			clears.Append(group, appendInts(t.parts.Key(row[:0], x), at))
		}
		for k := range p.last {
			for _, v := range p.last[k] {
				row = append(t.parts.Key(row[:0], x), v...)
				lasts[k].Append(group, row)
			}
		}
	})
	w.List("watermark", state.Union, [][]byte{operator.Int64Item(t.watermark)})
	t.set.Snapshot(w, false, t.ctx.MaxParallelism, func(yield func(int64, *accumulator.Groups)) { yield(0, t.groups) })
	return nil
}

func number(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

func appendInts(row []byte, list ...int64) []byte {
	for _, x := range list {
		row = binary.AppendVarint(append(row, 1), x)
	}
	return row
}

// Restore reads what Snapshot wrote. The watermark is the least there was:
// rows that come now may have been behind any of them.
func (t *timed) Restore(r *state.Reader) error {
	least := int64(math.MaxInt64)
	for _, item := range r.Items("watermark") {
		wm, err := operator.Int64Of(item)
		if err != nil {
			return err
		}
		least = min(least, wm)
	}
	if least != math.MaxInt64 {
		t.watermark = least
	}
	read := func(name string, keep func(p *operator.Partition[part], x item) error) error {
		return t.each(r, name, t.timedSchema(), func(b *data.Batch, row []byte, p *operator.Partition[part]) error {
			rest, err := data.SkipValues(row, typesOf(t.layout.Schema))
			if err != nil {
				return err
			}
			c := b.Cols[len(b.Cols)-2:]
			return keep(p, item{at: c[0].I64[0], row: string(row[:len(row)-len(rest)]), reset: c[1].I64[0] != 0})
		})
	}
	if err := read(pendingState, t.put); err != nil {
		return err
	}
	err := read(frameState, func(p *operator.Partition[part], x item) error {
		p.Value.frame = append(p.Value.frame, x)
		return t.held.Take(len(x.row))
	})
	if err != nil {
		return err
	}
	n := len(t.spec.Keys)
	err = t.each(r, placeState, t.with("rows", "rank", "dense", "trigger", "clear", "cleared"), func(b *data.Batch, _ []byte, x *operator.Partition[part]) error {
		p, c := &x.Value, b.Cols[n:]
		p.rows, p.rank, p.dense = c[0].I64[0], c[1].I64[0], c[2].I64[0]
		p.trigger, p.clear, p.cleared = c[3].I64[0], c[4].I64[0], c[5].I64[0] != 0
		p.seen = t.watermark
		return nil
	})
	if err == nil {
		err = t.each(r, clearState, t.with("at"), func(b *data.Batch, _ []byte, x *operator.Partition[part]) error {
			x.Value.clears = append(x.Value.clears, b.Cols[n].I64[0])
			return nil
		})
	}
	for i := 0; i < len(t.lags) && err == nil; i++ {
		err = t.each(r, lastState+strconv.Itoa(i), t.lagSchema(i), func(b *data.Batch, _ []byte, x *operator.Partition[part]) error {
			p := &x.Value
			if p.last == nil {
				p.last = make([][]string, len(t.lags))
			}
			p.last[i] = append(p.last[i], string(data.EncodeValue(nil, b.Cols[n], 0)))
			return nil
		})
	}
	if err != nil {
		return err
	}
	return t.set.Restore(r, false, func(int64) *accumulator.Groups { return t.groups })
}

func typesOf(columns []data.Column) []data.Type {
	out := make([]data.Type, len(columns))
	for i, c := range columns {
		out[i] = c.Type
	}
	return out
}

// each gives the rows of a keyed state with their partitions.
func (t *timed) each(r *state.Reader, name string, schema []data.Column, f func(b *data.Batch, row []byte, p *operator.Partition[part]) error) error {
	return operator.EachKept(r, name, schema, len(t.spec.Keys), t.parts, f)
}

func (f *free) schema() []data.Column {
	out := f.layout.Schema[:len(f.layout.Schema):len(f.layout.Schema)]
	for i, c := range f.spec.Calls {
		out = append(out, data.Column{Name: fmt.Sprintf("result%d", i), Type: c.Type})
	}
	return out
}

func (f *free) Snapshot(w *state.Writer) error {
	to := w.Keyed(rowsState, len(f.spec.Keys), 0, f.schema())
	f.parts.Each(f.ctx.MaxParallelism, func(group int, x *operator.Partition[table]) {
		for _, r := range x.Value.rows {
			to.Append(group, []byte(r.row+r.result))
		}
	})
	return nil
}

func (f *free) Restore(r *state.Reader) error {
	order := slices.Clone(f.spec.Order) // over the columns as they lie in state
	for i := range order {
		order[i].Column = slices.Index(f.layout.Cols, order[i].Column)
	}
	return operator.EachKept(r, rowsState, f.schema(), len(f.spec.Keys), f.parts, func(b *data.Batch, row []byte, x *operator.Partition[table]) error {
		rest, err := data.SkipValues(row, typesOf(f.layout.Schema))
		if err != nil {
			return err
		}
		n := len(row) - len(rest)
		f.key = ordered.AppendKey(f.key[:0], b.Cols, order, 0)
		return f.insert(&x.Value, ranked{key: string(f.key), row: string(row[:n]), result: string(row[n:])})
	})
}
